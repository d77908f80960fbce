/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk regress: a plan, its runs, and the reports about them. */
#include <argp.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "regress_coverage.h"
#include "regress_report.h"
#include "regress_run.h"
#include "regress_shrink.h"
#include "steady_clock.h"
#include "work_directory.h"

enum { SHRINK_SECONDS = 60, MAX_SHRINK_SECONDS = 86400 };
enum { OPTION_SHRINK = 256, OPTION_COVERAGE, OPTION_NO_WAVES };

struct arguments {
    struct work_options work;
    unsigned shrink_seconds;
    bool coverage;
    bool no_waves;
};

static const struct argp_option option_table[] = {
    {"shrink-seconds", OPTION_SHRINK, "N", 0,
     "shrink one run of each group of failures, each for about so long (default: 60; 0: not)", 2},
    {"no-waves", OPTION_NO_WAVES, NULL, 0, "leave no waves of the scripts that come of it", 2},
    {"coverage", OPTION_COVERAGE, NULL, 0, "merge and report the functional coverage of all runs that pass",
     2},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    uint64_t count;

    switch (key) {
    case OPTION_SHRINK:
        if (!parse_count(arg, &count) || count > MAX_SHRINK_SECONDS)
            argp_error(state, "--shrink-seconds: '%s' is not a number from 0 to %d", arg, MAX_SHRINK_SECONDS);
        arguments->shrink_seconds = (unsigned)count;
        return 0;
    case OPTION_NO_WAVES:
        arguments->no_waves = true;
        return 0;
    case OPTION_COVERAGE:
        arguments->coverage = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->work;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_report(const struct regress_report *report, const char *name,
                        int (*write)(const struct regress_report *report, const char *path))
{
    char *path;
    int failed;

    if (asprintf(&path, "%s/%s", report->directory, name) < 0)
        return -1;
    failed = write(report, path);
    free(path);
    return failed;
}

/* A failure says more than a run that broke, and that more than bad input. */
static int exit_code(const struct result_list *results)
{
    bool seen[VERDICT_BROKEN + 1] = {false};

    for (size_t i = 0; i < results->count; i++)
        seen[result_verdict(&results->results[i])] = true;
    if (seen[VERDICT_FAILED])
        return EXIT_MISMATCH;
    if (seen[VERDICT_BROKEN])
        return EXIT_INTERNAL;
    return seen[VERDICT_INPUT] ? EXIT_USAGE : EXIT_AGREED;
}

static int run_plan(const struct arguments *arguments, const struct plan *plan, struct job_pool *pool)
{
    const struct regress_options options = {
        .plan = plan,
        .directory = arguments->work.directory,
        .program = program_invocation_name,
        .pool = pool,
        .coverage = arguments->coverage,
        .progress = isatty(STDERR_FILENO),
    };
    struct result_list results = {0};
    double start = steady_seconds();
    enum regress_end end = regress_run(&options, &results);

    if (end == REGRESS_DONE && arguments->shrink_seconds > 0 &&
        regress_shrink(&options, &results, arguments->shrink_seconds, !arguments->no_waves) != 0)
        end = REGRESS_INTERRUPTED;

    struct regress_coverage coverage;
    bool covered = end == REGRESS_DONE && arguments->coverage;
    if (covered && regress_coverage_collect(arguments->work.directory, &results, &coverage) != 0)
        end = REGRESS_FAILED;
    const struct regress_report report = {
        .plan_path = arguments->work.file,
        .directory = arguments->work.directory,
        .results = &results,
        .interrupted = end != REGRESS_DONE,
        .seconds = steady_seconds() - start,
        .jobs = job_pool_width(pool),
        .coverage = covered && end == REGRESS_DONE ? &coverage : NULL,
    };
    int code = end == REGRESS_DONE ? exit_code(&results) : EXIT_INTERNAL;

    if (write_report(&report, "junit.xml", regress_report_junit) != 0 ||
        write_report(&report, "report.html", regress_report_html) != 0)
        code = EXIT_INTERNAL;
    regress_report_text(&report, stdout);
    if (end == REGRESS_INTERRUPTED)
        fprintf(stderr, "twinwalk regress: interrupted; the same command goes on from here\n");
    result_list_free(&results);
    return code;
}

/* KEY.ATTEMPT.json, maybe with what a temporary file's name has behind it. */
static bool is_result(const char *name)
{
    const char *ending = strstr(name, ".json");

    return ending != NULL && ending - name > 2 && isdigit((unsigned char)ending[-1]) && ending[-2] == '.';
}

/* Results that were complete, but not taken, when an interrupt came: no job is left that could write more. */
static void remove_untaken(const char *directory)
{
    char *path;
    DIR *logs;

    if (asprintf(&path, "%s/logs", directory) < 0)
        return;
    logs = opendir(path);
    for (struct dirent *entry; logs != NULL && (entry = readdir(logs)) != NULL;)
        if (is_result(entry->d_name))
            unlinkat(dirfd(logs), entry->d_name, 0);
    if (logs != NULL)
        closedir(logs);
    free(path);
}

int cmd_regress(int argc, char **argv)
{
    static const struct argp_child children[] = {{.argp = &work_options_argp}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .children = children,
        .args_doc = "PLAN.yaml",
        .doc = "Do all runs of a plan (docs/regression.md). Results that are there already are kept: an "
               "interrupted regression goes on where it was."
               "\vExit codes: 0 all runs passed, 1 a mismatch or a failed expectation, 2 bad usage, plan or "
               "input, 3 interrupted, or a run crashed twice.",
    };
    struct arguments arguments = {.shrink_seconds = SHRINK_SECONDS};
    struct work_options *work = &arguments.work;
    struct job_pool *pool;
    char *directory = NULL;
    struct plan plan;
    int lock, code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (work->directory == NULL)
        work->directory = directory = work_default_directory("build/regress", work->file);
    if (work->directory == NULL)
        return EXIT_INTERNAL;
    if (plan_open(&plan, work->file) == 0) {
        lock = work_directory_open(work->directory, "logs", "regression");
        if (lock >= 0) {
            pool = work_pool_create(work);
            code = pool != NULL ? run_plan(&arguments, &plan, pool) : EXIT_USAGE;
            job_pool_destroy(pool);
            remove_untaken(work->directory);
            close(lock);
        }
        plan_close(&plan);
    }
    free(directory);
    return code;
}
