/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of twinwalk explain. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_run.h"
#include "commands.h"
#include "explain.h"
#include "explain_wave.h"

enum { OPTION_ACCESS = 256, OPTION_VA, OPTION_CYCLE, OPTION_HISTORY };

enum { DEFAULT_HISTORY = 100000 };

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "What is to be told; without any, why the run fails:", 1},
    {"access", OPTION_ACCESS, "N", 0, "the life of access N, counted from 0 in the order of acceptance", 1},
    {"va", OPTION_VA, "ADDRESS", 0, "everything about the page at that linear address", 1},
    {"cycle", OPTION_CYCLE, "C", 0,
     "what happens around cycle C, and the lives of the accesses under way in it", 1},
    {NULL, 0, NULL, 0, "With:", 2},
    {"history", OPTION_HISTORY, "CYCLES", 0,
     "know who filled an entry up to so many cycles back (default: 100k); more takes longer", 2},
    {0},
};

struct command_line {
    struct explain_request request;
    struct run_arguments run;
};

static void choose(struct argp_state *state, struct explain_request *request, enum explain_what what,
                   const char *arg, const char *name)
{
    if (request->what != EXPLAIN_FAILURE)
        argp_error(state, "give one of --access, --va and --cycle");
    request->what = what;
    request->number = option_count(state, name, arg);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct command_line *line = state->input;

    switch (key) {
    case OPTION_ACCESS:
        choose(state, &line->request, EXPLAIN_ACCESS, arg, "access");
        return 0;
    case OPTION_VA:
        choose(state, &line->request, EXPLAIN_PAGE, arg, "va");
        return 0;
    case OPTION_CYCLE:
        choose(state, &line->request, EXPLAIN_CYCLE, arg, "cycle");
        return 0;
    case OPTION_HISTORY:
        line->request.history = option_count(state, "history", arg);
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

/* How many words an option of this command takes, such as "--access 5" or "--access=5"; 0: it is none. */
static int own_words(const char *word)
{
    for (const struct argp_option *option = option_table; option->name != NULL || option->doc != NULL;
         option++) {
        size_t length = option->name != NULL ? strlen(option->name) : 0;
        if (length == 0 || strncmp(word, "--", 2) != 0 || strncmp(word + 2, option->name, length) != 0)
            continue;
        if (word[2 + length] == '=')
            return 1;
        if (word[2 + length] == '\0')
            return 2;
    }
    return 0;
}

/*
 * Options of this command that come behind the run or wave are put before it:
 * argp would take --access for an abbreviation of --accesses there.
 */
static void own_options_first(int argc, char **argv)
{
    int place = 1;

    for (int i = 1; i < argc && argv[i] != NULL && strcmp(argv[i], "--") != 0;) {
        int words = own_words(argv[i]);
        char *moved[2] = {argv[i], words == 2 ? argv[i + 1] : NULL};
        if (words == 0 || (words == 2 && moved[1] == NULL)) {
            i++;
            continue;
        }
        memmove(argv + place + words, argv + place, (size_t)(i - place) * sizeof(*argv));
        memcpy(argv + place, moved, (size_t)words * sizeof(*argv));
        place += words;
        i += words;
    }
}

/* A file in place of a run. */
static bool is_wave(const struct run_arguments *run)
{
    return run->count == 1 && run->words[0][0] != '-' && strcmp(run->words[0], "run") != 0;
}

/* An input of the run that cannot be read twice; NULL: none. */
static const char *pipe_among(const struct run_options *options)
{
    const char *const inputs[] = {options->script, options->trace, options->image};

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++)
        if (!can_be_read_again(inputs[i]))
            return inputs[i];
    return NULL;
}

int cmd_explain(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "WAVE.fst\n[--] run RUN-OPTION...",
        .doc =
            "Do a run again and tell in words what happened: to an access, to a page, around a cycle, or on "
            "the way to its failure."
            "\vExit codes: 0 told, and the run is right up to its end, or the wave shows no failure; 1 told, "
            "and "
            "the run fails or the wave shows a failure, whatever was asked; 2 bad usage, configuration or "
            "input, no such access or cycle, or nothing fails where no question says what to tell; 3 "
            "internal "
            "error.",
    };
    static char title[] = "twinwalk explain run";
    struct command_line line = {.request = {.history = DEFAULT_HISTORY}};
    struct run_options options;
    struct config config;

    own_options_first(argc, argv);
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line);
    if (is_wave(&line.run))
        return explain_wave(line.run.words[0], &line.request, stdout);
    run_arguments_parse(&line.run, title, &options);
    int code = EXIT_USAGE;
    if (options.engine == ENGINE_RTL)
        fprintf(stderr, "twinwalk explain: the C model tells what happens: use --engine lockstep or model\n");
    else if (pipe_among(&options) != NULL)
        fprintf(stderr,
                "twinwalk explain: the run is done again, but %s is not a file that can be read again\n",
                pipe_among(&options));
    else if (config_open(&config, options.config, options.settings.settings, options.settings.count) == 0) {
        struct bench_options bench = run_bench_options(&options, &config);
        bench.judge = options.judge != JUDGE_OFF;
        bench.stats = bench.json = bench.results = NULL;
        bench.wave = NULL;
        bench.quiet = true;
        code = explain(&bench, &line.request, stdout);
        config_close(&config);
    }
    setting_list_free(&options.settings);
    return code;
}
