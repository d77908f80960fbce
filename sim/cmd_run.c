/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk run: from options and configuration to one run of the bench. */
#include "cmd_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "config.h"
#include "coverage_names.h"
#include "progress.h"
#include "stack_engine.h"

enum { STACK_PROGRESS = 2000000 }; /* accesses from one progress line to the next */

struct bench_options run_bench_options(const struct run_options *options, const struct config *config)
{
    struct bench_options bench = bench_defaults(&config->mmu, &config->bench, options->engine);

    bench.script = options->script;
    bench.trace = options->trace;
    bench.random = options->random;
    bench.image = options->image;
    bench.seed = options->seed;
    bench.cycles = options->cycles;
    bench.accesses = options->accesses;
    bench.stats = options->stats;
    bench.json = options->json;
    bench.results = options->results;
    bench.progress = !options->quiet && isatty(STDERR_FILENO);
    bench.quiet = options->quiet;
    if (options->judge != JUDGE_AS_USUAL)
        bench.judge = options->judge == JUDGE_ON;
    if (options->wave.path != NULL)
        bench.wave = &options->wave;
    return bench;
}

/* Until the log begins, nobody need look into the model. */
static void begin_log(void *self, struct bench_loop *loop)
{
    const struct debug_options *debug = self;

    loop->visit = loop->cycle < debug->from ? debug->from : UINT64_MAX;
    if (loop->visit == UINT64_MAX && bench_loop_observe(loop) != 0) {
        snprintf(loop->message, sizeof(loop->message), "out of memory");
        loop->outcome = OUTCOME_STUCK;
    }
}

/* A run whose coverage is written, with names for what is covered. */
static int run_covered(const struct run_options *options, const struct config *config,
                       struct bench_options *bench)
{
    char *command = coverage_run_command(options), *name = coverage_config_name(options, config);
    int code = EXIT_INTERNAL;

    if (command == NULL || name == NULL) {
        fprintf(stderr, "twinwalk run: out of memory\n");
    } else {
        bench->coverage = options->coverage;
        bench->coverage_command = command;
        bench->config_name = name;
        code = bench_run(bench);
    }
    free(command);
    free(name);
    return code;
}

/* One run, with what --debug asks for. */
static int run_bench(const struct run_options *options, const struct config *config, const char *reproduce)
{
    struct bench_options bench = run_bench_options(options, config);
    struct debug_log *log = NULL;

    bench.reproduce = reproduce;
    if (options->debug.flags != 0) {
        log = debug_log_open(&options->debug);
        if (log == NULL)
            return EXIT_USAGE;
        bench.listener = (struct event_listener){.self = log, .event = debug_log_event};
        bench.visitor = (struct bench_visitor){.self = (void *)&options->debug, .visit = begin_log};
    }
    int code = options->coverage != NULL ? run_covered(options, config, &bench) : bench_run(&bench);
    if (log != NULL && debug_log_close(log) != 0)
        code = EXIT_USAGE;
    return code;
}

static void show_stack_progress(const struct stack_run *run)
{
    static uint64_t shown;
    if (run->done - shown < STACK_PROGRESS)
        return;
    shown = run->done;
    fprintf(stderr, "\r%.1f million accesses   ", (double)run->done / 1e6);
}

static int run_stack(const struct run_options *options, const struct config *config)
{
    struct stack_run run = {
        .params = &config->mmu,
        .bench = &config->bench,
        .trace = options->trace,
        .accesses = options->accesses,
        .seed = options->seed,
        .progress = !options->quiet && isatty(STDERR_FILENO) ? show_stack_progress : NULL,
    };
    int code = stack_run(&run);

    if (run.progress)
        progress_clear();
    if (code == EXIT_AGREED && options->csv && stack_report_csv(&run, options->csv) != 0)
        code = EXIT_USAGE;
    if (code == EXIT_AGREED && options->json && stack_report_json(&run, options->json) != 0)
        code = EXIT_USAGE;
    if (code == EXIT_AGREED && !options->quiet)
        stack_report_text(&run, stdout);
    stack_run_free(&run);
    return code;
}

int cmd_run(int argc, char **argv)
{
    /* argp moves arguments about, so the line is taken down first. */
    char *reproduce = run_command_line(program_invocation_name, argc, argv);
    struct run_options options;
    struct config config;
    int code;

    run_options_parse(&options, argc, argv);
    if (reproduce == NULL) {
        fprintf(stderr, "twinwalk run: out of memory\n");
        code = EXIT_INTERNAL;
    } else if (config_open(&config, options.config, options.settings.settings, options.settings.count) != 0) {
        code = EXIT_USAGE;
    } else {
        code = options.stack ? run_stack(&options, &config) : run_bench(&options, &config, reproduce);
        config_close(&config);
    }
    setting_list_free(&options.settings);
    free(reproduce);
    return code;
}
