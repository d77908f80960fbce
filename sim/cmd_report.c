/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk report: a page and charts of what a sweep found. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "report.h"

enum { OPTION_NO_CHARTS = 256 };

struct arguments {
    const char *directory, *output, *benefit;
    bool no_charts;
};

static const struct argp_option option_table[] = {
    {"benefit", 'b', "METRIC", 0, "what the charts are about (default: cycles_per_access)", 0},
    {"output", 'o', "FILE", 0, "the page (default: DIR/report.html)", 0},
    {"no-charts", OPTION_NO_CHARTS, NULL, 0, "only the page, no charts as SVG and PNG (which need gnuplot)",
     0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'b':
        arguments->benefit = arg;
        return 0;
    case 'o':
        arguments->output = arg;
        return 0;
    case OPTION_NO_CHARTS:
        arguments->no_charts = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->directory)
            argp_error(state, "too many arguments");
        arguments->directory = arg;
        return 0;
    case ARGP_KEY_END:
        if (!arguments->directory)
            argp_error(state, "which directory?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .options = option_table,
    .parser = parse_option,
    .args_doc = "DIR",
    .doc = "Makes a page out of what a sweep left in DIR, DIR/report.html, which needs neither a network nor "
           "any other file, and charts in DIR/charts (docs/report.md).",
};

static int write_all(const struct report *report, const char *page, const char *charts)
{
    if (!report_write_page(report, page))
        return EXIT_USAGE;
    printf("%s\n", page);
    if (!charts)
        return EXIT_AGREED;
    int drawn = report_write_charts(report, charts);
    if (drawn == 0)
        printf("%s\n", charts);
    return drawn < 0 ? EXIT_USAGE : EXIT_AGREED;
}

int cmd_report(int argc, char **argv)
{
    struct arguments arguments = {0};
    char *results = NULL, *page = NULL, *charts = NULL;
    struct report report = {0};
    int code = EXIT_USAGE;

    if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_USAGE;
    if (asprintf(&results, "%s/results.json", arguments.directory) < 0 ||
        asprintf(&page, "%s/report.html", arguments.directory) < 0 ||
        asprintf(&charts, "%s/charts", arguments.directory) < 0) {
        fprintf(stderr, "twinwalk report: out of memory\n");
        return EXIT_INTERNAL;
    }
    if (report_read(&report, results, arguments.benefit))
        code = write_all(&report, arguments.output ? arguments.output : page,
                         arguments.no_charts ? NULL : charts);
    report_free(&report);
    free(results);
    free(page);
    free(charts);
    return code;
}
