/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk code-coverage: what the tools counted, merged and reported. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "code_coverage.h"
#include "commands.h"
#include "options.h"

enum { WANTED_SHARE = 9500 }; /* of the RTL's lines, in hundredths of a percent */

struct arguments {
    const char *directory;
    struct setting_list files;
};

static const struct argp_option option_table[] = {
    {"output", 'o', "DIR", 0, "directory of the reports (default: build/code-coverage)", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'o':
        if (arg[0] == '\0')
            argp_error(state, "-o: the name is empty");
        arguments->directory = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (!setting_list_add(&arguments->files, arg))
            argp_failure(state, EXIT_INTERNAL, 0, "out of memory");
        return 0;
    case ARGP_KEY_END:
        if (arguments->files.count == 0)
            argp_error(state, "which files?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool has_ending(const char *path, const char *ending)
{
    size_t length = strlen(path), wanted = strlen(ending);

    return length >= wanted && strcmp(path + length - wanted, ending) == 0;
}

static int read_files(struct code_points *points, const struct setting_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        const char *path = files->settings[i];
        int failed = has_ending(path, ".json") ? code_points_add_gcov(points, path)
                                               : code_points_add_verilator(points, path);

        if (failed)
            return -1;
    }
    return 0;
}

static int write_report(const struct code_coverage *coverage, const char *directory, const char *name,
                        int (*write)(const struct code_coverage *coverage, const char *path))
{
    char *path;
    int failed;

    if (asprintf(&path, "%s/%s", directory, name) < 0)
        return -1;
    failed = write(coverage, path);
    free(path);
    return failed;
}

static int write_reports(const struct code_coverage *coverage, const char *directory)
{
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        return -1;
    }
    return write_report(coverage, directory, "report.txt", code_coverage_text) ||
                   write_report(coverage, directory, "report.json", code_coverage_json) ||
                   write_report(coverage, directory, "report.html", code_coverage_html)
               ? -1
               : 0;
}

/* What is short of what is asked for. */
static int judge(const struct code_coverage *coverage, const char *directory)
{
    static const char *const names[] = {[CODE_RTL] = "RTL", [CODE_MODEL] = "C model"};
    bool short_of = code_coverage_stale_waivers(coverage) > 0;

    for (unsigned language = 0; language < CODE_LANGUAGES; language++) {
        const struct code_totals *totals = &coverage->totals[language];
        size_t open = totals->lines - totals->lines_run - totals->lines_waived;
        unsigned share = code_coverage_share(totals->lines_run, totals->lines);

        if (coverage->file_count[language] == 0)
            continue;
        printf("%s: %zu of %zu lines ran (%u.%02u %%), %zu more are explained, %zu are not\n",
               names[language], totals->lines_run, totals->lines, share / 100, share % 100,
               totals->lines_waived, open);
        short_of |= open > 0 || (language == CODE_RTL && share < WANTED_SHARE);
    }
    printf("report: %s/report.html\n", directory);
    return short_of ? EXIT_MISMATCH : EXIT_AGREED;
}

int cmd_code_coverage(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "FILE...",
        .doc = "Merge and report what Verilator (*.dat) and gcov (*.json) counted: docs/code-coverage.md. "
               "Runs from the project's root; `make code-coverage` does all of it."
               "\vExit codes: 0 all lines ran or are explained, and 95 % of the RTL's ran; 1 not so, or a "
               "waiver is stale; 2 bad usage or input; 3 internal error.",
    };
    struct arguments arguments = {.directory = "build/code-coverage"};
    struct code_points *points = code_points_create();
    struct code_coverage coverage = {0};
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (points == NULL)
        code = EXIT_INTERNAL;
    else if (read_files(points, &arguments.files) == 0 && code_coverage_make(&coverage, points) == 0)
        code = write_reports(&coverage, arguments.directory) != 0 ? EXIT_USAGE
                                                                  : judge(&coverage, arguments.directory);
    code_coverage_free(&coverage);
    code_points_destroy(points);
    setting_list_free(&arguments.files);
    return code;
}
