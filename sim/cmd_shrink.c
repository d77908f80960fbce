/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk shrink: from a run that fails to a small script that fails likewise. */
#include <argp.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_run.h"
#include "commands.h"
#include "record.h"
#include "rtl.h"
#include "shrink_reduce.h"
#include "shrink_trials.h"
#include "shrink_window.h"
#include "shrink_write.h"

enum {
    OPTION_SECONDS = 512,
    MAX_JOBS = 4096,
    FIRST_WINDOW = 32,       /* events of the shortest end of the run that is tried */
    WINDOW_GROWTH = 4,       /* and how much longer the next is */
    LARGEST_WINDOW = 300000, /* more would not fit into a script */
    MAX_WINDOWS = 12,
};

struct arguments {
    struct run_options run;
    const char *output;
    unsigned jobs;
    uint64_t seconds;
};

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Shrinking:", -1},
    {"output", 'o', "FILE", 0, "the script to be written (default: shrunk.tw)", -1},
    {"jobs", 'j', "N", 0, "runs at a time (default: the processors)", -1},
    {"seconds", OPTION_SECONDS, "N", 0, "end after about so long with what there is (default: no bound)", -1},
    {0},
};

static void check_arguments(struct argp_state *state, const struct arguments *arguments)
{
    const struct run_options *run = &arguments->run;

    if (run->stats != NULL || run->json != NULL || run->results != NULL || run->wave.path != NULL ||
        run->debug.flags != 0)
        argp_error(state, "--stats, --json, --results, --wave and --debug are for twinwalk run");
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'o':
        arguments->output = option_output(state, arg);
        return 0;
    case 'j':
        arguments->jobs = option_jobs(state, arg);
        return 0;
    case OPTION_SECONDS:
        if (!parse_count(arg, &arguments->seconds))
            argp_error(state, "--seconds: '%s' is not a number", arg);
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->run;
        return 0;
    case ARGP_KEY_END:
        check_arguments(state, arguments);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct shrink {
    const struct arguments *arguments;
    struct bench_options bench;
    struct bench_failure failure;
    struct record *record;
    struct trials *trials;
    struct shrink_case best;
    size_t starts[MAX_WINDOWS]; /* of the ends of the run that are tried */
    size_t events[3];           /* accesses, operations and writes of the run */
};

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk shrink: out of memory\n");
    return EXIT_INTERNAL;
}

/* ---- The run ---- */

/* From here on every run of this process and its children uses one build of the RTL, which stays loaded. */
static int fix_rtl(const struct shrink *shrink)
{
    char *library;

    if (shrink->bench.engine == ENGINE_MODEL)
        return EXIT_AGREED;
    library = rtl_library(shrink->bench.params, false);
    if (library == NULL)
        return EXIT_INTERNAL;
    setenv("TWINWALK_RTL", library, 1);
    dlopen(library, RTLD_NOW | RTLD_LOCAL);
    free(library);
    return EXIT_AGREED;
}

static void count_events(struct shrink *shrink)
{
    static const enum record_kind kinds[] = {RECORD_ACCESS, RECORD_OP, RECORD_WRITE};

    for (size_t i = 0; i < record_count(shrink->record); i++)
        for (size_t k = 0; k < 3; k++)
            shrink->events[k] += record_at(shrink->record, i)->kind == kinds[k];
}

/* Does the run and records it. EXIT_AGREED: it failed, so that there is something to shrink. */
static int record_run(struct shrink *shrink)
{
    struct bench_options options = shrink->bench;
    int code;

    options.record = shrink->record;
    options.failure = &shrink->failure;
    options.quiet = true;
    code = bench_run(&options);
    if (shrink->failure.kind == NULL) {
        if (code != EXIT_AGREED)
            return code;
        fprintf(stderr, "twinwalk shrink: the run does not fail, so there is nothing to shrink\n");
        return EXIT_USAGE;
    }
    if (strcmp(shrink->failure.kind, "expectation") == 0 || strcmp(shrink->failure.kind, "stuck") == 0) {
        fprintf(stderr, "twinwalk shrink: the run fails by what its script expects, not by what the MMU "
                        "does: only mismatches, illegal answers, hangs and broken protocol can be shrunk\n");
        return EXIT_USAGE;
    }
    count_events(shrink);
    return EXIT_AGREED;
}

/* ---- From the run to a case ---- */

/* Two candidates for each end of the run: without what is random in the memory, and with it. */
static bool make_window(void *self, size_t index, struct shrink_case *candidate)
{
    struct shrink *shrink = self;

    *candidate = (struct shrink_case){.bench = *shrink->bench.bench, .seed = shrink->bench.seed};
    if (index % 2 == 0) {
        if (!shrink_case_is_noisy(candidate))
            return true;
        candidate->bench.memory.jitter = 0;
        candidate->bench.memory.backpressure = 0;
        candidate->bench.memory.bus_errors = 0;
    }
    return shrink_window(candidate, shrink->record, shrink->starts[index / 2]);
}

static size_t list_windows(struct shrink *shrink)
{
    size_t count = 0;

    for (size_t events = FIRST_WINDOW; count < MAX_WINDOWS && events <= LARGEST_WINDOW;
         events *= WINDOW_GROWTH) {
        shrink->starts[count] = shrink_window_start(shrink->record, events);
        if (shrink->starts[count++] == 0)
            break;
    }
    return count;
}

static int find_window(struct shrink *shrink)
{
    size_t windows = list_windows(shrink);
    long found;

    trials_say(shrink->trials, "looking for the beginning", 0);
    found = trials_first(shrink->trials, 2 * windows, make_window, shrink);
    if (found == TRIALS_BROKEN)
        return EXIT_INTERNAL;
    if (found == TRIALS_NONE) {
        trials_quiet(shrink->trials);
        fprintf(stderr, trials_ended(shrink->trials)
                            ? "twinwalk shrink: ended before there was a script that fails likewise\n"
                            : "twinwalk shrink: the end of the run, as a script, does not fail likewise\n");
        return EXIT_INTERNAL;
    }
    return make_window(shrink, (size_t)found, &shrink->best) ? EXIT_AGREED : out_of_memory();
}

/* ---- The result ---- */

static int write_result(struct shrink *shrink, const char *variables, const struct config *config)
{
    const struct shrink_result result = {
        .options = &shrink->arguments->run,
        .bench = &config->bench,
        .failure = &shrink->failure,
        .variables = variables,
        .path = shrink->arguments->output,
        .complete = !trials_ended(shrink->trials),
    };
    bool interrupted = trials_interrupted(shrink->trials);
    size_t runs = trials_count(shrink->trials), statements;
    char *command = NULL;

    trials_destroy(shrink->trials);
    shrink->trials = NULL;
    statements = shrink_write(&result, &shrink->best, &command);
    if (statements > 0) {
        printf("%s: %s\n", shrink->failure.kind, shrink->failure.signature);
        printf("the run: cycle %" PRIu64 ", %zu accesses, %zu operations, %zu page-table writes\n",
               shrink->failure.cycle, shrink->events[0], shrink->events[1], shrink->events[2]);
        printf("%s: %zu statements, by %zu runs%s\n", result.path, statements, runs,
               result.complete ? "" : ", the time was over before all was tried");
        printf("to run it: %s\n", command);
    }
    free(command);
    if (interrupted || statements == 0)
        return EXIT_INTERNAL;
    return EXIT_AGREED;
}

static int shrink_run(struct shrink *shrink, const struct config *config, const char *variables)
{
    int code = fix_rtl(shrink);

    shrink->record = record_create();
    if (shrink->record == NULL)
        return out_of_memory();
    if (code == EXIT_AGREED)
        code = record_run(shrink);
    if (code != EXIT_AGREED)
        return code;
    const struct trials_options options = {
        .run = &shrink->bench,
        .wanted = &shrink->failure,
        .jobs = shrink->arguments->jobs,
        .seconds = (double)shrink->arguments->seconds,
        .progress = isatty(STDERR_FILENO) && !shrink->arguments->run.quiet,
    };
    shrink->trials = trials_create(&options);
    if (shrink->trials == NULL)
        return EXIT_INTERNAL;
    /* Trials are runs of scripts. */
    shrink->bench.random = false;
    shrink->bench.trace = shrink->bench.image = NULL;
    shrink->bench.cycles = shrink->bench.accesses = 0;
    shrink->bench.progress = false;
    shrink->bench.quiet = true;
    code = find_window(shrink);
    if (code != EXIT_AGREED)
        return code;
    if (shrink_reduce(&shrink->best, shrink->trials) != 0)
        return EXIT_INTERNAL;
    return write_result(shrink, variables, config);
}

int cmd_shrink(int argc, char **argv)
{
    static const struct argp_child children[] = {{&run_options_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .children = children,
        .doc =
            "Turn a run that fails into a small script that fails likewise (docs/shrinking.md). The run is "
            "given by the options of twinwalk run."
            "\vExit codes: 0 the script is written, 2 bad usage, configuration or input, or a run that does "
            "not fail, 3 internal error or interrupted.",
    };
    struct arguments arguments = {
        .run = run_options_defaults(),
        .output = "shrunk.tw",
        .jobs = processors(),
    };
    struct shrink shrink = {.arguments = &arguments};
    struct config config;
    char *variables;
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    variables = arguments.run.engine == ENGINE_MODEL ? strdup("") : rtl_variables();
    if (variables == NULL)
        return out_of_memory();
    if (config_open(&config, arguments.run.config, arguments.run.settings.settings,
                    arguments.run.settings.count) == 0) {
        shrink.bench = run_bench_options(&arguments.run, &config);
        code = shrink_run(&shrink, &config, variables);
        config_close(&config);
    }
    trials_destroy(shrink.trials);
    shrink_case_free(&shrink.best);
    record_destroy(shrink.record);
    setting_list_free(&arguments.run.settings);
    free(variables);
    return code;
}
