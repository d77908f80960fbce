/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's series one after the other make stages: series in a row with the
 * same RTL. The mutants that are alive at the beginning of a stage are built
 * into that RTL, a chunk to a build, and run against the stage's series. A
 * build in which no mutant acts runs with each chunk: it must pass.
 */
#include "mutate_campaign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "commands.h"
#include "progress.h"
#include "project_path.h"
#include "regress_command.h"
#include "regress_outcome.h"
#include "steady_clock.h"

enum { BRIEF_SERIES = 2 }; /* that a mutant which is thought to pass is run through */

static const double progress_seconds = 0.5;

int mutate_out_of_memory(void)
{
    fprintf(stderr, "twinwalk mutate: out of memory\n");
    return -1;
}

size_t mutate_add_words(char **argv, size_t used, const char *const *words)
{
    while (*words != NULL)
        argv[used++] = (char *)*words++;
    return used;
}

struct work *mutate_free_work(struct campaign *campaign)
{
    struct work *work = campaign->work;

    while (work->used)
        work++;
    memset(work, 0, sizeof(*work));
    return work;
}

bool mutate_series_of(const struct series *series, enum half half)
{
    enum half own = HALF_LOCKSTEP;

    for (size_t i = 0; i + 1 < series->options_count; i++)
        if (strcmp(series->options[i], "--engine") == 0 && strcmp(series->options[i + 1], "rtl") == 0)
            own = HALF_JUDGE;
    return series->needs_rtl && own == half;
}

/* ---- Results that are known ---- */

/* The key of a run with that mutant: nothing but its own text makes it differ from the sound run. */
static void key_of(const struct campaign *campaign, const struct mutant *mutant, const struct series *series,
                   uint64_t seed, char key[RUN_KEY_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    char text[2 * DIGEST_BYTES + MUTANT_ID_BYTES + 1];
    XXH128_canonical_t canonical;

    memset(text, 0, sizeof(text));
    memcpy(text, campaign->program_digest, DIGEST_BYTES);
    if (mutant != NULL)
        memcpy(text + DIGEST_BYTES, mutant->id, MUTANT_ID_BYTES);
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(text, sizeof(text)));
    memcpy(digest, canonical.digest, DIGEST_BYTES);
    run_key(key, digest, series, seed);
}

static void end_target(struct campaign *campaign, struct target *target, enum fate fate)
{
    target->ended = true;
    campaign->targets_ended++;
    campaign->chunks[target->chunk].ended++;
    if (target->mutant == NULL)
        return;
    target->outcome->fate = fate;
    campaign->caught += fate == FATE_CAUGHT;
}

/* What one run says about its target. -1: the sound RTL failed, or the run could not be done. */
static int apply(struct campaign *campaign, struct target *target, const struct run_result *result)
{
    const struct series *series = &campaign->options->plan->series[target->series];

    if (strcmp(result->kind, "input") == 0 || strcmp(result->kind, "internal") == 0 ||
        (target->mutant == NULL && result->kind[0] != '\0')) {
        fprintf(stderr, "twinwalk mutate: %s of %s%s%s: %s: %s\n", series->stimulus, series->config,
                target->mutant != NULL ? ", mutant " : ", no mutant",
                target->mutant != NULL ? target->mutant->id : "", result->kind, result->signature);
        return -1;
    }
    if (result->kind[0] != '\0') {
        struct mutant_outcome *outcome = target->outcome;

        outcome->series = series;
        outcome->seed = target->seed;
        memcpy(outcome->kind, result->kind, sizeof(outcome->kind));
        memcpy(outcome->signature, result->signature, sizeof(outcome->signature));
        outcome->cycle = result->cycle;
        end_target(campaign, target, strcmp(result->kind, "build") == 0 ? FATE_INVALID : FATE_CAUGHT);
        return 0;
    }
    if (target->seed++ < series->last_seed)
        return 0;
    if (++target->series == campaign->end_series || (target->mutant != NULL && target->outcome->brief &&
                                                     target->series == campaign->first_series + BRIEF_SERIES))
        end_target(campaign, target, FATE_ALIVE);
    else
        target->seed = campaign->options->plan->series[target->series].first_seed;
    return 0;
}

/* Follows what the database knows. 1: the next run is not there; 0: the target has ended; -1: failed. */
static int follow(struct campaign *campaign, struct target *target)
{
    while (!target->ended) {
        struct run_result result = {.series = &campaign->options->plan->series[target->series]};
        int found;

        key_of(campaign, target->mutant, result.series, target->seed, result.key);
        found = result_db_find(campaign->db, &result);
        if (found <= 0)
            return found < 0 ? -1 : 1;
        if (apply(campaign, target, &result) != 0)
            return -1;
    }
    return 0;
}

/* With the line for a shell that does it again: the RTL with the mutant for good, and the run with that. */
static int store(struct campaign *campaign, const struct mutant *mutant, struct run_result *result)
{
    char *run = regress_command(program_invocation_name, result->series, result->seed);
    int failed = -1;

    if (run != NULL && mutant != NULL &&
        asprintf(&result->command, "%s mutate --patch %s -o build/mutant && RTL_DIR=build/mutant %s",
                 program_invocation_name, mutant->id, run) >= 0) {
        failed = result_db_store(campaign->db, result, 1);
        free(result->command);
    } else if (run != NULL && mutant == NULL) {
        result->command = run;
        failed = result_db_store(campaign->db, result, 1);
    } else {
        mutate_out_of_memory();
    }
    result->command = NULL;
    free(run);
    return failed;
}

int mutate_not_buildable(struct campaign *campaign, struct target *target)
{
    struct run_result result = {.series = &campaign->options->plan->series[target->series],
                                .seed = target->seed,
                                .kind = "build",
                                .signature = "the RTL does not build with it"};

    key_of(campaign, target->mutant, result.series, result.seed, result.key);
    return store(campaign, target->mutant, &result) != 0 || apply(campaign, target, &result) != 0 ? -1 : 0;
}

/* ---- Runs ---- */

static int start_run(struct campaign *campaign, struct target *target)
{
    const struct series *series = &campaign->options->plan->series[target->series];
    struct work *work = mutate_free_work(campaign);
    char seed[24], *rtl = NULL, *number = NULL, *json, *log;
    char **argv = calloc(14 + series->options_count, sizeof(*argv));
    size_t used;
    int failed = -1;

    work->target = target;
    work->chunk = target->chunk;
    work->result = (struct run_result){.series = series, .seed = target->seed, .attempts = 1};
    key_of(campaign, target->mutant, series, target->seed, work->result.key);
    json = regress_log_path(campaign->options->directory, work->result.key, "json");
    log = regress_log_path(campaign->options->directory, work->result.key, "log");
    if (argv == NULL || json == NULL || log == NULL ||
        asprintf(&rtl, "TWINWALK_RTL=%s", campaign->chunks[target->chunk].library) < 0 ||
        asprintf(&number, "TWINWALK_MUTANT=%u", target->number) < 0) {
        mutate_out_of_memory();
        goto done;
    }
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)target->seed);
    used = mutate_add_words(
        argv, 0, (const char *const[]){"/usr/bin/env", rtl, number, campaign->program, "run", NULL});
    for (size_t i = 0; i < series->options_count; i++)
        argv[used++] = series->options[i];
    mutate_add_words(argv, used, (const char *const[]){"--seed", seed, "-q", "--json", json, NULL});
    failed = job_pool_start(
        campaign->pool,
        &(struct job){.argv = argv, .log = log, .seconds = series->limit_minutes * 60, .owner = work});
    work->used = target->running = !failed;
done:
    free(json);
    free(log);
    free(rtl);
    free(number);
    free(argv);
    return failed;
}

static int end_of_run(struct campaign *campaign, struct work *work, const struct job_end *end)
{
    struct target *target = work->target;
    char *json = regress_log_path(campaign->options->directory, work->result.key, "json");
    char *log = regress_log_path(campaign->options->directory, work->result.key, "log");
    int failed = -1;

    work->used = target->running = false;
    if (json == NULL || log == NULL) {
        mutate_out_of_memory();
    } else {
        result_of_job(&work->result, end, json, log);
        unlink(json);
        unlink(log);
        failed =
            apply(campaign, target, &work->result) != 0 || store(campaign, target->mutant, &work->result) != 0
                ? -1
                : 0;
    }
    free(json);
    free(log);
    return failed;
}

/* ---- A stage ---- */

/* Starts the next run of a chunk. 1: none is left to start; -1: failed. */
static int start_of_chunk(struct campaign *campaign, struct chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++) {
        struct target *target = &chunk->targets[i];
        int known;

        if (target->ended || target->running)
            continue;
        known = follow(campaign, target);
        if (known < 0)
            return -1;
        if (known == 1)
            return start_run(campaign, target);
    }
    return 1;
}

/* Starts what can be started: runs of chunks that are built, and one build beside them. */
static int start_jobs(struct campaign *campaign)
{
    while (job_pool_free(campaign->pool) > 0) {
        int started = 1;

        for (size_t i = 0; i < campaign->chunks_count && started == 1; i++) {
            struct chunk *chunk = &campaign->chunks[i];

            if (chunk->state == CHUNK_READY && chunk->ended < chunk->count)
                started = start_of_chunk(campaign, chunk);
            else if (chunk->state == CHUNK_WANTED && campaign->builds == 0)
                started = mutate_start_build(campaign, i);
        }
        if (started == 1)
            return 0;
        if (started < 0)
            return -1;
    }
    return 0;
}

static void show_progress(struct campaign *campaign)
{
    double elapsed = steady_seconds() - campaign->stage_start;

    if (!campaign->options->progress || steady_seconds() - campaign->shown < progress_seconds)
        return;
    campaign->shown = steady_seconds();
    fprintf(stderr, "\rstage %u of %u: %zu of %zu done, %zu caught", campaign->stage, campaign->stages,
            campaign->targets_ended, campaign->targets, campaign->caught);
    if (campaign->targets_ended > 0) {
        double left =
            elapsed / (double)campaign->targets_ended * (double)(campaign->targets - campaign->targets_ended);

        fprintf(stderr, ", ETA of the stage %d:%02d", (int)(left / 60), (int)left % 60);
    }
    fputs("    ", stderr);
    fflush(stderr);
}

static enum mutate_end run_chunks(struct campaign *campaign)
{
    for (;;) {
        struct job_end end;
        enum job_event event;
        struct work *work;

        if (start_jobs(campaign) != 0)
            return MUTATE_FAILED;
        if (job_pool_free(campaign->pool) == campaign->options->jobs)
            return MUTATE_DONE;
        show_progress(campaign);
        event = job_pool_wait(campaign->pool, progress_seconds, &end);
        if (event == JOB_INTERRUPTED)
            return MUTATE_INTERRUPTED;
        if (event == JOB_FAILED)
            return MUTATE_FAILED;
        if (event != JOB_ENDED)
            continue;
        work = end.owner;
        if ((work->target == NULL ? mutate_end_of_build : end_of_run)(campaign, work, &end) != 0)
            return MUTATE_FAILED;
    }
}

static enum mutate_end run_stage(struct campaign *campaign)
{
    struct target *targets = calloc(campaign->count + 1, sizeof(*targets));
    uint64_t seed = campaign->options->plan->series[campaign->first_series].first_seed;
    enum mutate_end end = MUTATE_DONE;
    size_t count = 0, builds;

    if (targets == NULL)
        return mutate_out_of_memory(), MUTATE_FAILED;
    campaign->stage_start = steady_seconds();
    campaign->stage++;
    campaign->targets = campaign->targets_ended = 0;
    /* A chunk for those that need no run: it is never built. */
    if (mutate_add_chunk(campaign, targets, 0) != 0)
        end = MUTATE_FAILED;
    for (size_t i = 0; i < campaign->count && end == MUTATE_DONE; i++) {
        struct target target = {.mutant = campaign->mutants[i],
                                .outcome = &campaign->outcomes[i],
                                .series = campaign->first_series,
                                .seed = seed};
        int known;

        if ((target.outcome->fate != FATE_OPEN && target.outcome->fate != FATE_ALIVE) ||
            (target.outcome->brief && campaign->stage > 1))
            continue;
        target.outcome->fate = FATE_OPEN;
        known = follow(campaign, &target);
        if (known < 0)
            end = MUTATE_FAILED;
        if (known == 1)
            targets[count++] = target;
    }
    if (end == MUTATE_DONE) {
        campaign->chunks[0].state = CHUNK_READY;
        campaign->chunks[0].ended = campaign->chunks[0].count;
    }
    campaign->targets = campaign->targets_ended = 0;
    builds = (count + campaign->options->chunk - 1) / campaign->options->chunk;
    for (size_t i = 0; i < builds && end == MUTATE_DONE; i++) {
        size_t from = count * i / builds, to = count * (i + 1) / builds;

        if (mutate_add_chunk(campaign, targets + from, to - from) != 0)
            end = MUTATE_FAILED;
        campaign->targets += to - from;
    }
    free(targets);
    if (end == MUTATE_DONE)
        end = run_chunks(campaign);
    mutate_free_chunks(campaign);
    return end;
}

static bool same_stage(const struct plan *plan, size_t a, size_t b)
{
    return plan->series[a].rtl == plan->series[b].rtl;
}

/* The next stage after the present one; false: there is none. */
static bool next_stage(struct campaign *campaign, enum half half)
{
    const struct plan *plan = campaign->options->plan;
    size_t at = campaign->end_series;

    while (at < plan->series_count && !mutate_series_of(&plan->series[at], half))
        at++;
    campaign->first_series = at;
    while (at < plan->series_count && mutate_series_of(&plan->series[at], half) &&
           same_stage(plan, campaign->first_series, at))
        at++;
    campaign->end_series = at;
    return campaign->first_series < at;
}

static int prepare(struct campaign *campaign)
{
    char *path;

    campaign->program = program_path();
    if (campaign->program == NULL)
        return -1;
    campaign->root = project_root();
    if (campaign->root == NULL) {
        fprintf(stderr, "twinwalk mutate: mutants are built only beside the project's files\n");
        return -1;
    }
    if (digest_of_program(campaign->program_digest) != 0)
        return -1;
    if (asprintf(&path, "%s/results.db", campaign->options->directory) < 0)
        return mutate_out_of_memory();
    campaign->db = result_db_open(path);
    free(path);
    campaign->work = calloc(campaign->options->jobs, sizeof(*campaign->work));
    campaign->pool = campaign->db != NULL ? job_pool_create(campaign->options->jobs) : NULL;
    return campaign->db == NULL                               ? -1
           : campaign->pool == NULL || campaign->work == NULL ? mutate_out_of_memory()
                                                              : 0;
}

enum mutate_end mutate_run(const struct mutate_options *options, const struct mutant_list *list,
                           const struct mutant *const *mutants, size_t count, enum half half,
                           struct mutant_outcome *outcomes)
{
    struct campaign campaign = {
        .options = options, .list = list, .mutants = mutants, .count = count, .outcomes = outcomes};
    enum mutate_end end = MUTATE_DONE;

    while (next_stage(&campaign, half))
        campaign.stages++;
    campaign.end_series = 0;
    if (prepare(&campaign) != 0)
        end = MUTATE_FAILED;
    while (end == MUTATE_DONE && next_stage(&campaign, half))
        end = run_stage(&campaign);
    if (options->progress)
        progress_clear();
    job_pool_destroy(campaign.pool);
    result_db_close(campaign.db);
    free(campaign.work);
    free(campaign.program);
    free(campaign.root);
    return end;
}
