/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of twinwalk debug. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd_run.h"
#include "commands.h"
#include "debugger.h"

enum { OPTION_COMMANDS = 256 };

static const struct argp_option option_table[] = {
    {"commands", OPTION_COMMANDS, "FILE", 0, "read commands from a file, not from standard input", 1},
    {0},
};

struct command_line {
    const char *commands; /* NULL: standard input */
    struct run_arguments run;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct command_line *line = state->input;

    switch (key) {
    case OPTION_COMMANDS:
        if (line->commands != NULL)
            argp_error(state, "--commands is given twice");
        line->commands = arg;
        return 0;
    case ARGP_KEY_ARG:
        run_arguments_take(&line->run, state);
        return 0;
    case ARGP_KEY_END:
        run_arguments_require(&line->run, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int debug(const struct run_options *options, const struct config *config, const char *commands)
{
    struct bench_options bench = run_bench_options(options, config);
    struct debugger_input input = {.commands = stdin, .name = "standard input"};

    bench.quiet = true;
    bench.stats = bench.json = bench.results = NULL;
    bench.wave = NULL;
    if (options->engine == ENGINE_RTL) {
        fprintf(stderr, "twinwalk debug: the C model is looked at: use --engine lockstep or model\n");
        return EXIT_USAGE;
    }
    if (commands != NULL) {
        input.name = commands;
        input.commands = fopen(commands, "r");
        if (input.commands == NULL) {
            fprintf(stderr, "%s: %s\n", commands, strerror(errno));
            return EXIT_USAGE;
        }
    }
    input.interactive = commands == NULL && isatty(STDIN_FILENO);
    int code = debugger_run(&bench, &input);
    if (commands != NULL)
        fclose(input.commands);
    return code;
}

int cmd_debug(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "[--] run RUN-OPTION...",
        .doc =
            "Go through a run step by step and look at everything in it; 'help' lists the commands."
            "\vCommands come from the terminal, or one a line from a pipe or file, where the first wrong one "
            "ends it. Exit codes: 0 the run was right as far as it went; 1 it fails; 2 bad usage, "
            "configuration, input or command; 3 internal error.",
    };
    static char title[] = "twinwalk debug run";
    struct command_line line = {.commands = NULL};
    struct run_options options;
    struct config config;

    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line);
    run_arguments_parse(&line.run, title, &options);
    int code = EXIT_USAGE;
    if (config_open(&config, options.config, options.settings.settings, options.settings.count) == 0) {
        code = debug(&options, &config, line.commands);
        config_close(&config);
    }
    setting_list_free(&options.settings);
    return code;
}
