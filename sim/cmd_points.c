/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twinwalk points: the runs of a batch (sweep_batch.h). The trace is decoded
 * once; each run is a fork of the process that has it, so that one that crashes
 * takes no other with it.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "commands.h"
#include "config.h"
#include "small_file.h"
#include "steady_clock.h"
#include "sweep_batch.h"
#include "trace_memory.h"

/* A longer trace is read anew by each run: 1 GiB of accesses. */
static const uint64_t most_decoded = 1u << 26;

struct batch {
    const char *path;
    char *order, *messages, *results; /* files */
    int out;
    json_t *root;
    const json_t *workload;
    struct trace_memory *trace; /* NULL: random, or too long */
    uint64_t counted,
        told; /* accesses of a run of a long trace, and the instructions that it tells of them */
};

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* One line, whole: the collector reads at any time. */
static int say(const struct batch *batch, json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
    char *whole = NULL;
    int length = text != NULL ? asprintf(&whole, "%s\n", text) : -1;
    int failed = length > 0 && write(batch->out, whole, (size_t)length) == length ? 0 : -1;

    if (failed)
        fprintf(stderr, "%s.out: %s\n", batch->path, text != NULL ? strerror(errno) : "out of memory");
    if (length >= 0)
        free(whole);
    free(text);
    json_decref(line);
    return failed;
}

/* ---- In the process of one run ---- */

static int run_bench(const struct batch *batch, const struct config *config)
{
    struct bench_options bench = bench_defaults(&config->mmu, &config->bench, ENGINE_MODEL);

    if (batch->trace != NULL) {
        bench.open_stimulus = trace_memory_open;
        bench.open_self = batch->trace;
    }
    bench.trace = text_of(batch->workload, "trace");
    bench.random = json_is_true(json_object_get(batch->workload, "random"));
    bench.image = text_of(batch->workload, "image");
    bench.seed = count_of(batch->workload, "seed");
    bench.cycles = count_of(batch->workload, "cycles");
    bench.accesses = count_of(batch->workload, "accesses");
    bench.json = batch->results;
    bench.quiet = true;
    return bench_run(&bench);
}

static _Noreturn void become_run(const struct batch *batch, const json_t *run, pid_t parent)
{
    const json_t *set = json_object_get(run, "set");
    size_t count = json_array_size(set);
    const char **settings = calloc(count + 1, sizeof(*settings));
    int messages = open(batch->messages, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    struct config config;
    int code = EXIT_USAGE;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || settings == NULL || messages < 0 || dup2(messages, STDERR_FILENO) < 0)
        _exit(EXIT_INTERNAL);
    alarm((unsigned)(json_number_value(json_object_get(batch->root, "limit")) + 0.999));
    for (size_t i = 0; i < count; i++)
        settings[i] = json_string_value(json_array_get(set, i));
    if (config_open(&config, text_of(run, "config"), settings, count) == 0)
        code = run_bench(batch, &config);
    fflush(stderr);
    _exit(code);
}

/* ---- Around it ---- */

/* The first line of what a run said. */
static void first_message(const struct batch *batch, char *text, size_t size)
{
    first_line_of(batch->messages, text, size);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~') /* JSON takes UTF-8 alone */
            *c = '?';
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

/* Waits for a run's end, and ends it when the order is gone. -1: that. */
static int await_run(const struct batch *batch, pid_t pid, int *status, struct rusage *used)
{
    const struct timespec second = {.tv_sec = 1};
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    while (wait4(pid, status, WNOHANG, used) != pid) {
        if (access(batch->order, F_OK) != 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return -1;
        }
        sigtimedwait(&child, NULL, &second);
    }
    return 0;
}

/*
 * Instructions of a run: the trace tells those of all of it; of a part that a bound
 * left there are as many as fetches. 0: the workload does not tell.
 */
static uint64_t instructions_of(struct batch *batch, const json_t *statistics)
{
    const char *trace = text_of(batch->workload, "trace");
    uint64_t accesses = count_of(json_object_get(statistics, "bench"), "accesses");
    uint64_t told;

    if (trace == NULL || statistics == NULL)
        return 0;
    if (batch->trace == NULL && batch->counted != accesses) {
        batch->counted = accesses;
        batch->told = trace_file_instructions(trace, accesses);
    }
    told = batch->trace != NULL ? trace_memory_instructions(batch->trace, accesses) : batch->told;
    return told > 0 ? told : count_of(json_object_get(statistics, "mmu"), "fetches");
}

/* -1: the batch is to end. */
static int do_run(struct batch *batch, const json_t *run)
{
    double start = steady_seconds();
    const char *key = text_of(run, "run");
    pid_t parent = getpid(), pid;
    struct rusage used;
    char message[256];
    json_t *statistics, *line;
    int status;

    if (access(batch->order, F_OK) != 0 || say(batch, json_pack("{s:s}", "begin", key)) != 0)
        return -1;
    unlink(batch->results);
    pid = fork();
    if (pid == 0)
        become_run(batch, run, parent);
    if (pid < 0 || await_run(batch, pid, &status, &used) != 0)
        return -1;
    statistics = json_load_file(batch->results, 0, NULL);
    first_message(batch, message, sizeof(message));
    line = json_pack("{s:s, s:i, s:f, s:f, s:I, s:s, s:I, s:o*}", "run", key, "status", status, "seconds",
                     steady_seconds() - start, "cpu_seconds",
                     seconds_of(used.ru_utime) + seconds_of(used.ru_stime), "memory_kib",
                     (json_int_t)used.ru_maxrss, "message", message, "instructions",
                     (json_int_t)instructions_of(batch, statistics), "statistics", statistics);
    return line != NULL ? say(batch, line) : -1;
}

static int do_runs(struct batch *batch)
{
    const json_t *runs = json_object_get(batch->root, "runs");
    const char *trace = text_of(batch->workload, "trace");
    uint64_t accesses = count_of(batch->workload, "accesses");
    bool too_large = false;
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    if (trace != NULL)
        batch->trace =
            trace_memory_load(trace, accesses > 0 ? accesses : UINT64_MAX, most_decoded, &too_large);
    if (trace != NULL && batch->trace == NULL && !too_large)
        return EXIT_USAGE;
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (do_run(batch, json_array_get(runs, i)) != 0)
            return EXIT_INTERNAL;
    return EXIT_AGREED;
}

static int open_batch(struct batch *batch)
{
    char *out;

    if (asprintf(&batch->order, "%s.json", batch->path) < 0 ||
        asprintf(&batch->messages, "%s.err", batch->path) < 0 ||
        asprintf(&batch->results, "%s.run.json", batch->path) < 0 ||
        asprintf(&out, "%s.out", batch->path) < 0) {
        fprintf(stderr, "twinwalk points: out of memory\n");
        return EXIT_INTERNAL;
    }
    batch->root = json_load_file(batch->order, 0, NULL);
    batch->workload = json_object_get(batch->root, "workload");
    if (batch->workload == NULL) {
        fprintf(stderr, "twinwalk points: %s: no list of runs\n", batch->order);
        free(out);
        return EXIT_USAGE;
    }
    batch->out = open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (batch->out < 0)
        fprintf(stderr, "%s: %s\n", out, strerror(errno));
    free(out);
    return batch->out < 0 ? EXIT_INTERNAL : EXIT_AGREED;
}

static error_t parse_argument(int key, char *arg, struct argp_state *state)
{
    struct batch *batch = state->input;

    if (key == ARGP_KEY_ARG && batch->path == NULL)
        batch->path = arg;
    else if (key == ARGP_KEY_ARG || (key == ARGP_KEY_END && batch->path == NULL))
        argp_error(state, "give one PATH");
    else
        return ARGP_ERR_UNKNOWN;
    return 0;
}

int cmd_points(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_argument,
        .args_doc = "PATH",
        .doc = "Do the runs of a batch, PATH.json. `twinwalk sweep` starts it (docs/sweeps.md).",
    };
    struct batch batch = {.out = -1};
    int code;

    argp_parse(&argp, argc, argv, 0, NULL, &batch);
    code = open_batch(&batch);
    if (code == EXIT_AGREED)
        code = do_runs(&batch);
    if (batch.out >= 0 && close(batch.out) != 0)
        code = EXIT_INTERNAL;
    if (batch.messages != NULL)
        unlink(batch.messages);
    if (batch.results != NULL)
        unlink(batch.results);
    trace_memory_free(batch.trace);
    json_decref(batch.root);
    free(batch.order);
    free(batch.messages);
    free(batch.results);
    return code;
}
