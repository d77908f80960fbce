/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_write.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "job_pool.h"
#include "output_file.h"
#include "shrink_labels.h"

enum { MAX_ARGUMENTS = 4096, TEXT_BYTES = 96, LABELLED_ITEMS = 2000 };

/* A command line that is being put together; every word is its own. */
struct words {
    char *word[MAX_ARGUMENTS + 1];
    int count;
    bool full;
};

static void add_word(struct words *words, const char *word)
{
    char *copy = words->count < MAX_ARGUMENTS ? strdup(word) : NULL;

    if (copy != NULL)
        words->word[words->count++] = copy;
    else
        words->full = true;
}

static void add_pair(struct words *words, const char *option, const char *value)
{
    add_word(words, option);
    add_word(words, value);
}

static void add_setting(struct words *words, const char *key, uint32_t value)
{
    char text[TEXT_BYTES];

    snprintf(text, sizeof(text), "%s=%" PRIu32, key, value);
    add_pair(words, "-s", text);
}

static void add_number(struct words *words, const char *option, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    add_pair(words, option, text);
}

static void free_words(struct words *words)
{
    for (int i = 0; i < words->count; i++)
        free(words->word[i]);
    free(words);
}

/* What any run of this hardware has. */
static void add_hardware(struct words *words, const struct run_options *options)
{
    static const char *const engines[] = {
        [ENGINE_LOCKSTEP] = "lockstep", [ENGINE_MODEL] = "model", [ENGINE_RTL] = "rtl"};

    add_word(words, "run");
    add_pair(words, "-c", options->config);
    for (size_t i = 0; i < options->settings.count; i++)
        add_pair(words, "-s", options->settings.settings[i]);
    if (options->engine != ENGINE_LOCKSTEP)
        add_pair(words, "--engine", engines[options->engine]);
    if (options->judge == JUDGE_ON)
        add_word(words, "--judge");
    if (options->judge == JUDGE_OFF)
        add_word(words, "--no-judge");
}

static void add_original(struct words *words, const struct run_options *options)
{
    add_hardware(words, options);
    if (options->random)
        add_word(words, "--random");
    if (options->script != NULL)
        add_pair(words, "--script", options->script);
    if (options->trace != NULL)
        add_pair(words, "--trace", options->trace);
    if (options->image != NULL)
        add_pair(words, "--image", options->image);
    add_number(words, "--seed", options->seed);
    if (options->cycles != 0)
        add_number(words, "--cycles", options->cycles);
    if (options->accesses != 0)
        add_number(words, "--accesses", options->accesses);
}

static void add_shrunk(struct words *words, const struct shrink_result *result, const struct shrink_case *c,
                       const char *script)
{
    add_hardware(words, result->options);
    if (c->bench.memory.jitter != result->bench->memory.jitter)
        add_setting(words, "memory.jitter", c->bench.memory.jitter);
    if (c->bench.memory.backpressure != result->bench->memory.backpressure)
        add_setting(words, "memory.backpressure", c->bench.memory.backpressure);
    if (c->bench.memory.bus_errors != result->bench->memory.bus_errors)
        add_setting(words, "memory.bus_errors", c->bench.memory.bus_errors);
    if (shrink_case_is_noisy(c) && c->seed != RUN_DEFAULT_SEED)
        add_number(words, "--seed", c->seed);
    add_pair(words, "--script", script);
}

static char *line_of(const struct shrink_result *result, const struct words *words)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);

    if (out == NULL)
        return NULL;
    fputs(result->variables, out);
    print_shell_word(out, program_invocation_name);
    for (int i = 0; i < words->count; i++) {
        putc(' ', out);
        print_shell_word(out, words->word[i]);
    }
    if (fclose(out) != 0 || words->full) {
        free(line);
        return NULL;
    }
    return line;
}

static char *command_line(const struct shrink_result *result, const struct shrink_case *c, bool original)
{
    struct words *words = calloc(1, sizeof(*words));
    char *line = NULL;

    if (words == NULL)
        return NULL;
    if (original)
        add_original(words, result->options);
    else
        add_shrunk(words, result, c, result->path);
    line = line_of(result, words);
    free_words(words);
    return line;
}

/* ---- The run of the script that is to be left ---- */

/* Names of files beside the script that go again. */
struct files {
    char *script, *json, *results, *log;
};

static bool name_files(struct files *files, const char *path)
{
    return asprintf(&files->script, "%s.%d.tw", path, (int)getpid()) >= 0 &&
           asprintf(&files->json, "%s.%d.json", path, (int)getpid()) >= 0 &&
           asprintf(&files->results, "%s.%d.jsonl", path, (int)getpid()) >= 0 &&
           asprintf(&files->log, "%s.%d.log", path, (int)getpid()) >= 0;
}

static void remove_files(struct files *files)
{
    char *const paths[] = {files->script, files->json, files->results, files->log};

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (paths[i] != NULL)
            unlink(paths[i]);
        free(paths[i]);
    }
}

static int run_words(struct words *words, const char *log)
{
    struct job_pool *pool = job_pool_create(1);
    struct job_end end = {0};
    int failed = -1;

    if (pool != NULL &&
        job_pool_start(pool, &(struct job){.argv = words->word, .log = log, .seconds = 600}) == 0) {
        enum job_event event;

        do
            event = job_pool_wait(pool, 1, &end);
        while (event == JOB_NOTHING);
        if (event == JOB_ENDED && WIFEXITED(end.status) && WEXITSTATUS(end.status) == EXIT_MISMATCH)
            failed = 0;
    }
    job_pool_destroy(pool);
    return failed;
}

static bool same_failure(const char *json, const struct bench_failure *wanted, json_int_t *cycle)
{
    json_t *root = json_load_file(json, 0, NULL);
    const json_t *failure = json_object_get(root, "failure");
    const char *kind = json_string_value(json_object_get(failure, "kind"));
    const char *signature = json_string_value(json_object_get(failure, "signature"));
    bool same = kind != NULL && signature != NULL && strcmp(kind, wanted->kind) == 0 &&
                strcmp(signature, wanted->signature) == 0;

    *cycle = json_integer_value(json_object_get(failure, "cycle"));
    json_decref(root);
    return same;
}

static int print_plain(const struct shrink_case *c, const char *path)
{
    FILE *out = fopen(path, "we");

    if (out != NULL)
        shrink_case_print(c, NULL, out);
    if (out == NULL || fclose(out) != 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    return 0;
}

/* Runs the script by the program as anybody would; -1 after a message when it does not fail as it should. */
static int prove(const struct shrink_result *result, const struct shrink_case *c, const struct files *files,
                 json_int_t *cycle)
{
    struct words *words = calloc(1, sizeof(*words));
    int failed = -1;

    if (words == NULL || print_plain(c, files->script) != 0) {
        free(words);
        return -1;
    }
    add_word(words, "/proc/self/exe");
    add_shrunk(words, result, c, files->script);
    add_word(words, "-q");
    add_pair(words, "--json", files->json);
    add_pair(words, "--results", files->results);
    if (!words->full && run_words(words, files->log) == 0 &&
        same_failure(files->json, result->failure, cycle))
        failed = 0;
    else
        fprintf(stderr, "twinwalk shrink: the script that was found does not fail by itself as it should\n");
    free_words(words);
    return failed;
}

/* ---- Comments ---- */

struct answers {
    char **text; /* by index of the access; NULL: none */
    size_t count;
};

static void answer_text(const json_t *result, char *text, size_t size)
{
    const char *fault = json_string_value(json_object_get(result, "fault"));
    const char *pa = json_string_value(json_object_get(result, "pa"));
    const char *source = json_string_value(json_object_get(result, "source"));
    const char *page = json_string_value(json_object_get(result, "size"));
    long long issue = json_integer_value(json_object_get(result, "issue"));
    long long answer = json_integer_value(json_object_get(result, "answer"));
    const json_t *code = json_object_get(result, "code");

    if (fault != NULL && code != NULL)
        snprintf(text, size, "cycle %lld to %lld: %s fault, code 0x%02llx", issue, answer, fault,
                 (unsigned long long)json_integer_value(code));
    else if (fault != NULL)
        snprintf(text, size, "cycle %lld to %lld: %s fault", issue, answer, fault);
    else
        snprintf(text, size, "cycle %lld to %lld: %s, %s, from %s", issue, answer, pa != NULL ? pa : "?",
                 page != NULL ? page : "?", source != NULL ? source : "?");
}

/* The answers of the run that proved the script. What cannot be read is left out: it is for comments only. */
static void read_answers(struct answers *answers, const struct shrink_case *c, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0;

    answers->count = c->count;
    answers->text = calloc(c->count + 1, sizeof(*answers->text));
    while (file != NULL && answers->text != NULL && getline(&line, &size, file) > 0) {
        json_t *result = json_loads(line, 0, NULL);
        json_int_t index = json_integer_value(json_object_get(result, "index"));
        char text[TEXT_BYTES];

        if (result != NULL && index >= 0 && (size_t)index < answers->count && answers->text[index] == NULL) {
            answer_text(result, text, sizeof(text));
            answers->text[index] = strdup(text);
        }
        json_decref(result);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

static void free_answers(struct answers *answers)
{
    for (size_t i = 0; answers->text != NULL && i < answers->count; i++)
        free(answers->text[i]);
    free(answers->text);
}

struct comments {
    const struct shrink_case *c;
    struct shrink_labels *labels; /* NULL: too many statements for that */
    const size_t *order;          /* of each item that is an access: its place among those accepted */
    struct answers answers;
};

static const char *note(void *self, size_t index)
{
    const struct comments *comments = self;
    const struct shrink_item *item = &comments->c->items[index];

    switch ((enum shrink_kind)item->kind) {
    case SHRINK_INITIAL:
    case SHRINK_WRITE:
    case SHRINK_POISON:
        return comments->labels != NULL ? shrink_label(comments->labels, item->address) : NULL;
    case SHRINK_ACCESS:
        return comments->answers.text != NULL ? comments->answers.text[comments->order[index]] : NULL;
    default:
        return NULL;
    }
}

/*
 * Accesses are numbered as they are accepted: those of a cycle, which follow
 * each other without a gap, by their ports.
 */
static void number_accesses(const struct shrink_case *c, size_t *order)
{
    size_t next = 0;

    for (size_t i = 0; i < c->count;) {
        size_t end = i + 1;
        unsigned ports;

        if (c->items[i].kind != SHRINK_ACCESS) {
            i++;
            continue;
        }
        ports = 1u << c->items[i].port;
        while (end < c->count && c->items[end].kind == SHRINK_ACCESS &&
               (c->items[end].gap == GAP_NONE ||
                (c->items[end].gap == GAP_AT && c->items[end].cycle == c->items[i].cycle)) &&
               !(ports >> c->items[end].port & 1))
            ports |= 1u << c->items[end++].port;
        for (size_t k = i; k < end; k++) {
            order[k] = next;
            for (size_t other = i; other < end; other++)
                order[k] += c->items[other].port < c->items[k].port;
        }
        next += end - i;
        i = end;
    }
}

static size_t print_commented(const struct shrink_result *result, const struct shrink_case *c,
                              const struct comments *comments, const char *command, json_int_t cycle,
                              FILE *out)
{
    char *original = command_line(result, c, true);
    const struct shrink_notes notes = {.note = note, .self = (void *)comments};
    size_t count;

    fprintf(out, "# %s: %s\n", result->failure->kind, result->failure->signature);
    fprintf(out, "# in cycle %lld of:\n#   %s\n", (long long)cycle, command);
    fprintf(out, "# Made by twinwalk shrink from cycle %" PRIu64 " of:\n#   %s\n", result->failure->cycle,
            original != NULL ? original : "?");
    if (!result->complete)
        fputs("# The time was over before all was tried: it may become smaller.\n", out);
    putc('\n', out);
    count = shrink_case_print(c, &notes, out);
    free(original);
    return count;
}

static size_t write_commented(const struct shrink_result *result, const struct shrink_case *c,
                              const char *command, const struct files *files, json_int_t cycle)
{
    size_t *order = calloc(c->count + 1, sizeof(*order)), count = 0;
    struct comments comments = {.c = c, .order = order};
    struct output_file file;

    if (order == NULL || output_file_open(&file, result->path) != 0) {
        free(order);
        return 0;
    }
    number_accesses(c, order);
    if (c->count <= LABELLED_ITEMS)
        comments.labels = shrink_labels_create(c);
    read_answers(&comments.answers, c, files->results);
    count = print_commented(result, c, &comments, command, cycle, file.stream);
    if (output_file_commit(&file) != 0)
        count = 0;
    shrink_labels_destroy(comments.labels);
    free_answers(&comments.answers);
    free(order);
    return count;
}

size_t shrink_write(const struct shrink_result *result, const struct shrink_case *c, char **command)
{
    struct files files = {0};
    size_t count = 0;
    json_int_t cycle;

    *command = command_line(result, c, false);
    if (*command == NULL || !name_files(&files, result->path))
        fprintf(stderr, "twinwalk shrink: out of memory\n");
    else if (prove(result, c, &files, &cycle) == 0)
        count = write_commented(result, c, *command, &files, cycle);
    remove_files(&files);
    return count;
}
