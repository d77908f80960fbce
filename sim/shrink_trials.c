/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_trials.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <uthash.h>
#include <xxhash.h>

#include "job_pool.h"
#include "progress.h"
#include "steady_clock.h"

enum { TRIAL_SECONDS = 120 };

static const double progress_seconds = 0.3;

/* What a trial leaves, in memory that it shares with the program. */
struct outcome {
    bool ended;
    char kind[16];
    char signature[sizeof(((struct bench_failure *)NULL)->signature)];
};

struct slot {
    struct trials *trials;
    struct shrink_case candidate;
    struct outcome *outcome;
    char *path;
    uint64_t digest;
    size_t index;
    bool used;
};

/* A candidate that did not fail as wanted. */
struct tried {
    uint64_t digest;
    UT_hash_handle hh;
};

struct trials {
    struct trials_options options;
    struct job_pool *pool;
    struct slot *slots;
    struct outcome *outcomes;
    char *directory;
    struct tried *tried;
    size_t count;
    bool interrupted;
    double start, shown;
    const char *what;
    size_t statements;
};

static void say_memory(void)
{
    fprintf(stderr, "twinwalk shrink: out of memory\n");
}

static int make_directory(struct trials *trials)
{
    const char *parent = getenv("TMPDIR");

    if (asprintf(&trials->directory, "%s/twinwalk-shrink-XXXXXX", parent != NULL ? parent : "/tmp") < 0) {
        trials->directory = NULL;
        say_memory();
        return -1;
    }
    if (mkdtemp(trials->directory) == NULL) {
        fprintf(stderr, "%s: %s\n", trials->directory, strerror(errno));
        return -1;
    }
    return 0;
}

static bool make_slots(struct trials *trials)
{
    const unsigned jobs = trials->options.jobs;

    trials->slots = calloc(jobs, sizeof(*trials->slots));
    trials->outcomes = mmap(NULL, jobs * sizeof(*trials->outcomes), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (trials->slots == NULL || trials->outcomes == MAP_FAILED)
        return false;
    for (unsigned i = 0; i < jobs; i++) {
        struct slot *slot = &trials->slots[i];

        slot->trials = trials;
        slot->outcome = &trials->outcomes[i];
        if (asprintf(&slot->path, "%s/%u.tw", trials->directory, i) < 0) {
            slot->path = NULL;
            return false;
        }
    }
    return true;
}

struct trials *trials_create(const struct trials_options *options)
{
    struct trials *trials = calloc(1, sizeof(*trials));

    if (trials == NULL) {
        say_memory();
        return NULL;
    }
    trials->options = *options;
    trials->start = steady_seconds();
    trials->what = "";
    /* From here on an interrupt is noticed by the pool: no directory is left behind. */
    trials->pool = job_pool_create(options->jobs);
    if (make_directory(trials) != 0) {
        job_pool_destroy(trials->pool);
        free(trials->directory);
        free(trials);
        return NULL;
    }
    if (!make_slots(trials) || trials->pool == NULL) {
        say_memory();
        trials_destroy(trials);
        return NULL;
    }
    return trials;
}

void trials_destroy(struct trials *trials)
{
    if (trials == NULL)
        return;
    trials_quiet(trials);
    job_pool_destroy(trials->pool);
    for (unsigned i = 0; trials->slots != NULL && i < trials->options.jobs; i++) {
        if (trials->slots[i].path != NULL)
            unlink(trials->slots[i].path);
        free(trials->slots[i].path);
        shrink_case_free(&trials->slots[i].candidate);
    }
    rmdir(trials->directory);
    free(trials->directory);
    if (trials->outcomes != NULL && trials->outcomes != MAP_FAILED)
        munmap(trials->outcomes, trials->options.jobs * sizeof(*trials->outcomes));
    struct tried *tried = trials->tried;

    HASH_CLEAR(hh, trials->tried);
    while (tried != NULL) {
        struct tried *next = tried->hh.next;

        free(tried);
        tried = next;
    }
    free(trials->slots);
    free(trials);
}

bool trials_interrupted(const struct trials *trials)
{
    return trials->interrupted;
}

bool trials_ended(const struct trials *trials)
{
    return trials->interrupted ||
           (trials->options.seconds > 0 && steady_seconds() - trials->start >= trials->options.seconds);
}

size_t trials_count(const struct trials *trials)
{
    return trials->count;
}

static void show_progress(struct trials *trials)
{
    if (!trials->options.progress || steady_seconds() - trials->shown < progress_seconds)
        return;
    trials->shown = steady_seconds();
    fprintf(stderr, "\r%zu statements, %zu runs tried, %.0f s: %-32s", trials->statements, trials->count,
            steady_seconds() - trials->start, trials->what);
    fflush(stderr);
}

void trials_say(struct trials *trials, const char *what, size_t statements)
{
    trials->what = what;
    trials->statements = statements;
    show_progress(trials);
}

void trials_quiet(struct trials *trials)
{
    if (trials->options.progress && trials->shown > 0)
        progress_clear();
    trials->shown = 0;
}

/* In the trial's own process. */
static int run_trial(void *owner)
{
    struct slot *slot = owner;
    struct bench_options options = *slot->trials->options.run;
    struct bench_failure failure = {0};
    int code;

    options.script = slot->path;
    options.bench = &slot->candidate.bench;
    options.seed = slot->candidate.seed;
    options.failure = &failure;
    code = bench_run(&options);
    if (failure.kind != NULL) {
        snprintf(slot->outcome->kind, sizeof(slot->outcome->kind), "%s", failure.kind);
        snprintf(slot->outcome->signature, sizeof(slot->outcome->signature), "%s", failure.signature);
    }
    slot->outcome->ended = true;
    return code;
}

static bool fails_as_wanted(const struct slot *slot, const struct job_end *end)
{
    const struct bench_failure *wanted = slot->trials->options.wanted;

    return WIFEXITED(end->status) && slot->outcome->ended && strcmp(slot->outcome->kind, wanted->kind) == 0 &&
           strcmp(slot->outcome->signature, wanted->signature) == 0;
}

static struct slot *free_slot(struct trials *trials)
{
    struct slot *slot = trials->slots;

    while (slot->used)
        slot++;
    return slot;
}

static uint64_t digest_of(const struct shrink_case *candidate, const char *text, size_t size)
{
    XXH64_hash_t digest = XXH3_64bits_withSeed(&candidate->bench, sizeof(candidate->bench), candidate->seed);

    return XXH3_64bits_withSeed(text, size, digest);
}

static bool is_tried(const struct trials *trials, uint64_t digest)
{
    struct tried *tried;

    HASH_FIND(hh, trials->tried, &digest, sizeof(digest), tried);
    return tried != NULL;
}

static bool note_tried(struct trials *trials, uint64_t digest)
{
    struct tried *tried = malloc(sizeof(*tried));

    if (tried == NULL)
        return false;
    tried->digest = digest;
    HASH_ADD(hh, trials->tried, digest, sizeof(tried->digest), tried);
    return true;
}

static bool write_text(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(text, 1, size, file) == size;

    if (file == NULL || (fclose(file) != 0) || !written) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

/* Starts the trial of a slot's candidate, unless it has been tried. false after a message. */
static bool start_trial(struct trials *trials, struct slot *slot)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bool started = true;

    if (out == NULL) {
        say_memory();
        return false;
    }
    shrink_case_print(&slot->candidate, NULL, out);
    if (fclose(out) != 0) {
        say_memory();
        free(text);
        return false;
    }
    slot->digest = digest_of(&slot->candidate, text, size);
    if (!is_tried(trials, slot->digest)) {
        memset(slot->outcome, 0, sizeof(*slot->outcome));
        started = write_text(slot->path, text, size) &&
                  job_pool_start(trials->pool, &(struct job){.run = run_trial,
                                                             .log = "/dev/null",
                                                             .seconds = TRIAL_SECONDS,
                                                             .owner = slot}) == 0;
        slot->used = started;
        trials->count += started;
    }
    free(text);
    return started;
}

/* One candidate into a free slot and on its way, if there is one. */
static bool next_trial(struct trials *trials, size_t index,
                       bool (*make)(void *self, size_t index, struct shrink_case *candidate), void *self)
{
    struct slot *slot = free_slot(trials);

    shrink_case_free(&slot->candidate);
    slot->index = index;
    if (!make(self, index, &slot->candidate)) {
        say_memory();
        return false;
    }
    return slot->candidate.count == 0 || start_trial(trials, slot);
}

long trials_first(struct trials *trials, size_t count,
                  bool (*make)(void *self, size_t index, struct shrink_case *candidate), void *self)
{
    size_t next = 0, found = SIZE_MAX;
    bool broken = false;

    for (;;) {
        struct job_end end;
        enum job_event event;

        while (!broken && next < count && found == SIZE_MAX && job_pool_free(trials->pool) > 0 &&
               !trials_ended(trials))
            broken = !next_trial(trials, next++, make, self);
        if (job_pool_free(trials->pool) == trials->options.jobs)
            break;
        show_progress(trials);
        event = job_pool_wait(trials->pool, progress_seconds, &end);
        if (event == JOB_INTERRUPTED) {
            trials->interrupted = true;
            return found == SIZE_MAX ? TRIALS_NONE : (long)found;
        }
        if (event == JOB_ENDED) {
            struct slot *slot = end.owner;

            slot->used = false;
            if (!fails_as_wanted(slot, &end))
                broken |= !note_tried(trials, slot->digest);
            else if (slot->index < found)
                found = slot->index;
        }
    }
    if (broken)
        return TRIALS_BROKEN;
    return found == SIZE_MAX ? TRIALS_NONE : (long)found;
}
