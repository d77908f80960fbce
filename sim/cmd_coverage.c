/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk coverage: merges files of functional coverage and reports what they say. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "coverage_close.h"
#include "coverage_reference.h"
#include "coverage_report.h"
#include "options.h"

enum { OPTION_HTML = 256, OPTION_JSON, OPTION_CHECK, OPTION_HOLES };

struct arguments {
    const char *output; /* merge */
    const char *html, *json;
    bool check;
    unsigned holes; /* shown of each group */
    char **files;
    int file_count;
};

static const struct argp_option merge_options[] = {
    {"output", 'o', "FILE", 0, "where the merged coverage goes (required)", 0},
    {0},
};

static const struct argp_option report_options[] = {
    {"html", OPTION_HTML, "FILE", 0, "write a page", 0},
    {"json", OPTION_JSON, "FILE", 0, "write everything as JSON", 0},
    {"holes", OPTION_HOLES, "N", 0, "holes printed of each group (default: 10)", 0},
    {"check", OPTION_CHECK, NULL, 0, "print a line for each group, and exit with 1 if there is a hole", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    uint64_t count;

    switch (key) {
    case 'o':
        arguments->output = arg;
        return 0;
    case OPTION_HTML:
        arguments->html = arg;
        return 0;
    case OPTION_JSON:
        arguments->json = arg;
        return 0;
    case OPTION_CHECK:
        arguments->check = true;
        return 0;
    case OPTION_HOLES:
        if (!parse_count(arg, &count) || count > COVERAGE_POINTS)
            argp_error(state, "--holes: '%s' is not a number up to %d", arg, COVERAGE_POINTS);
        arguments->holes = (unsigned)count;
        return 0;
    case ARGP_KEY_ARGS:
        arguments->files = state->argv + state->next;
        arguments->file_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which files?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* All files in one. NULL after a message. */
static struct coverage_data *read_all(const struct arguments *arguments)
{
    struct coverage_data *all = coverage_data_create();
    const char *error = all != NULL ? NULL : "out of memory";

    for (int i = 0; i < arguments->file_count && error == NULL; i++) {
        struct coverage_data *data = coverage_data_read(arguments->files[i]);

        if (data == NULL) {
            coverage_data_destroy(all);
            return NULL;
        }
        error = coverage_data_merge(all, data);
        coverage_data_destroy(data);
        if (error != NULL)
            fprintf(stderr, "%s: %s\n", arguments->files[i], error);
    }
    if (error == NULL)
        return all;
    coverage_data_destroy(all);
    return NULL;
}

static int merge(int argc, char **argv)
{
    static const struct argp argp = {
        .options = merge_options,
        .parser = parse_option,
        .args_doc = "FILE...",
        .doc = "Merge coverage of runs, as twinwalk run --coverage and this command write it.",
    };
    struct arguments arguments = {0};
    struct coverage_data *data;
    char first[2 * COVERAGE_NAME_BYTES];
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.output == NULL) {
        fprintf(stderr, "twinwalk coverage merge: where to? (-o FILE)\n");
        return EXIT_USAGE;
    }
    data = read_all(&arguments);
    if (data != NULL && coverage_data_write(data, arguments.output) == 0)
        code = coverage_contradictions(data, first, sizeof(first)) > 0 ? EXIT_MISMATCH : EXIT_AGREED;
    coverage_data_destroy(data);
    return code;
}

static int print_report(const struct arguments *arguments, const struct coverage_report *report)
{
    int failed = 0;

    if (arguments->html != NULL)
        failed |= coverage_report_html(report, NULL, arguments->html);
    if (arguments->json != NULL)
        failed |= coverage_report_json(report, arguments->json);
    if (failed != 0)
        return EXIT_USAGE;
    if (arguments->check)
        coverage_report_check(report, stdout);
    else
        coverage_report_text(report, arguments->holes, stdout);
    if (report->all.contradictions > 0)
        return EXIT_MISMATCH;
    return arguments->check && report->all.holes > 0 ? EXIT_MISMATCH : EXIT_AGREED;
}

static int report(int argc, char **argv)
{
    static const struct argp argp = {
        .options = report_options,
        .parser = parse_option,
        .args_doc = "FILE...",
        .doc =
            "Merge coverage of runs and say what is not covered, and what is."
            "\vExit codes: 0; 1 a point is hit that cannot be, or with --check a hole; 2 bad usage or input.",
    };
    struct arguments arguments = {.holes = 10};
    struct coverage_data *data;
    struct coverage_report *made;
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    data = read_all(&arguments);
    if (data == NULL)
        return EXIT_USAGE;
    made = coverage_report_create(data);
    if (made != NULL)
        code = print_report(&arguments, made);
    free(made);
    coverage_data_destroy(data);
    return code;
}

static int reference(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "twinwalk coverage points: takes no arguments\n");
        return EXIT_USAGE;
    }
    coverage_reference_print(stdout);
    return EXIT_AGREED;
}

static const struct {
    const char *name;
    char *title;
    const char *help;
    int (*run)(int argc, char **argv);
} actions[] = {
    {"merge", "twinwalk coverage merge", "merge files of coverage into one", merge},
    {"report", "twinwalk coverage report", "say what is covered, holes first", report},
    {"close", "twinwalk coverage close", "do random runs that are steered towards the holes", coverage_close},
    {"points", "twinwalk coverage points", "print the table of groups, as Markdown", reference},
};

static void print_usage(FILE *out)
{
    fputs("Usage: twinwalk coverage ACTION [OPTION...]\n"
          "Functional coverage (docs/coverage.md).\n\nActions; each has --help:\n",
          out);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        fprintf(out, "  %-8s %s\n", actions[i].name, actions[i].help);
}

int cmd_coverage(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
        print_usage(stdout);
        return EXIT_AGREED;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(argv[1], actions[i].name) == 0) {
            argv[1] = actions[i].title;
            return actions[i].run(argc - 1, argv + 1);
        }
    if (argc > 1)
        fprintf(stderr, "twinwalk coverage: '%s' is not an action; see twinwalk coverage --help\n", argv[1]);
    else
        print_usage(stderr);
    return EXIT_USAGE;
}
