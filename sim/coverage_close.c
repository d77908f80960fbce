/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_close.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "coverage_closing.h"
#include "coverage_report.h"
#include "options.h"
#include "work_directory.h"

enum {
    OPTION_CYCLES = 256,
    OPTION_BUDGET,
    OPTION_SEED,
    OPTION_NO_STEER,
    OPTION_COMPARE,
    OPTION_ENGINE,
    OPTION_START
};
enum { MAX_CONFIGS = 16 };

struct arguments {
    struct closing_options closing;
    const char *configs[MAX_CONFIGS];
    const char *start; /* coverage to begin with; NULL: none */
    bool compare;
};

static const char *const usual[] = {"tiny", "default", "sapphire_rapids", "zen4"};

static const struct argp_option option_table[] = {
    {"config", 'c', "CONFIG", 0,
     "a configuration; may be repeated (default: tiny, default, sapphire_rapids and zen4)", 0},
    {"engine", OPTION_ENGINE, "ENGINE", 0, "lockstep (the default), or model: the C model alone, judged", 0},
    {"start", OPTION_START, "FILE", 0, "coverage that is there already", 0},
    {"cycles", OPTION_CYCLES, "N", 0, "cycles of each run (default: 500k)", 0},
    {"budget", OPTION_BUDGET, "N", 0, "cycles of all runs (default: 500M)", 0},
    {"seed", OPTION_SEED, "N", 0, "seed of the choices, and of the first run (default: 1)", 0},
    {"no-steer", OPTION_NO_STEER, NULL, 0, "all runs with the default weights", 0},
    {"compare", OPTION_COMPARE, NULL, 0,
     "afterwards the same without steering, to see what steering is worth", 0},
    {"jobs", 'j', "N", 0, "runs at a time (default: the processors)", 0},
    {"output", 'o', "DIR", 0, "directory of the results (default: build/closing)", 0},
    {0},
};

static uint64_t count_of(struct argp_state *state, const char *name, const char *arg)
{
    uint64_t count = 0;

    if (!parse_count(arg, &count) || count == 0)
        argp_error(state, "%s: '%s' is not a number above 0", name, arg);
    return count;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct closing_options *closing = &arguments->closing;

    switch (key) {
    case 'c':
        if (closing->config_count == MAX_CONFIGS)
            argp_error(state, "-c: more than %d configurations", MAX_CONFIGS);
        arguments->configs[closing->config_count++] = arg;
        return 0;
    case 'j':
        closing->jobs = option_jobs(state, arg);
        return 0;
    case 'o':
        closing->directory = option_output(state, arg);
        return 0;
    case OPTION_ENGINE:
        if (strcmp(arg, "lockstep") != 0 && strcmp(arg, "model") != 0)
            argp_error(state, "--engine: '%s' is neither lockstep nor model", arg);
        closing->engine = arg;
        return 0;
    case OPTION_START:
        arguments->start = arg;
        return 0;
    case OPTION_CYCLES:
        closing->cycles = count_of(state, "--cycles", arg);
        return 0;
    case OPTION_BUDGET:
        closing->budget = count_of(state, "--budget", arg);
        return 0;
    case OPTION_SEED:
        closing->seed = count_of(state, "--seed", arg);
        return 0;
    case OPTION_NO_STEER:
        closing->steer = false;
        return 0;
    case OPTION_COMPARE:
        arguments->compare = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is no option", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static struct coverage_data *open_data(const struct arguments *arguments)
{
    return arguments->start != NULL ? coverage_data_read(arguments->start) : coverage_data_create();
}

/* Closes with these options; what is covered then, NULL: it failed. */
static struct coverage_data *closed(const struct arguments *arguments, struct closing_curve *curve, int *code)
{
    static const int codes[] = {EXIT_AGREED, EXIT_MISMATCH, EXIT_INTERNAL, EXIT_INTERNAL};
    struct coverage_data *data = open_data(arguments);
    enum closing_end end;

    *code = EXIT_USAGE;
    if (data == NULL)
        return NULL;
    end = closing_run(&arguments->closing, data, curve);
    *code = codes[end];
    if (end == CLOSING_DONE || end == CLOSING_BUDGET)
        return data;
    coverage_data_destroy(data);
    return NULL;
}

static int write_files(const struct arguments *arguments, const struct coverage_data *data,
                       const struct closing_curve curves[2])
{
    struct coverage_report *report = coverage_report_create(data);
    char *json = NULL, *html = NULL;
    int failed = -1;

    if (report != NULL && asprintf(&json, "%s/coverage.json", arguments->closing.directory) >= 0 &&
        asprintf(&html, "%s/coverage.html", arguments->closing.directory) >= 0) {
        failed = coverage_data_write(data, json) | coverage_report_html(report, curves, html);
        coverage_report_text(report, 10, stdout);
        printf("\nreport: %s\n", html);
    }
    free(report);
    free(json);
    free(html);
    return failed;
}

static int close_and_report(struct arguments *arguments)
{
    struct closing_curve curves[2] = {0};
    bool steered = arguments->closing.steer;
    int code, other;
    struct coverage_data *data = closed(arguments, &curves[!steered], &code), *plain;

    if (data == NULL) {
        closing_curve_free(&curves[!steered]);
        return code;
    }
    if (arguments->compare && steered) {
        arguments->closing.steer = false;
        plain = closed(arguments, &curves[1], &other);
        if (plain == NULL)
            code = other;
        coverage_data_destroy(plain);
    }
    for (unsigned i = 0; i < 2; i++)
        if (curves[i].count > 0) {
            printf("%s: ", i == 0 ? "steered" : "not steered");
            closing_curve_print(&curves[i], stdout);
        }
    if (write_files(arguments, data, curves) != 0)
        code = EXIT_INTERNAL;
    for (unsigned i = 0; i < 2; i++)
        closing_curve_free(&curves[i]);
    coverage_data_destroy(data);
    return code;
}

int coverage_close(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc =
            "Do random runs until every point that can be hit is hit, with weights that steer towards those "
            "that are not (docs/coverage.md)."
            "\vExit codes: 0 closed, 1 holes are left, 2 bad usage or input, 3 a run failed, or interrupted.",
    };
    struct arguments arguments = {.closing = {.engine = "lockstep",
                                              .directory = "build/closing",
                                              .cycles = 500000,
                                              .budget = 500000000,
                                              .seed = 1,
                                              .jobs = processors(),
                                              .steer = true,
                                              .progress = isatty(STDERR_FILENO)}};

    int lock, code;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    arguments.closing.configs = arguments.configs;
    if (arguments.closing.config_count == 0) {
        arguments.closing.configs = usual;
        arguments.closing.config_count = sizeof(usual) / sizeof(usual[0]);
    }
    lock = work_directory_open(arguments.closing.directory, "logs", "closing");
    if (lock < 0)
        return EXIT_USAGE;
    code = close_and_report(&arguments);
    close(lock);
    return code;
}
