/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk regress: a plan, its runs, and the reports about them. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "regress_directory.h"
#include "regress_report.h"
#include "regress_run.h"
#include "regress_shrink.h"
#include "steady_clock.h"

enum { MAX_JOBS = 4096, SHRINK_SECONDS = 60, MAX_SHRINK_SECONDS = 86400 };
enum { OPTION_SLURM = 256, OPTION_SHRINK };

struct arguments {
    const char *plan, *directory;
    unsigned jobs; /* 0: not given */
    bool slurm;
    unsigned shrink_seconds;
};

static const struct argp_option option_table[] = {
    {"jobs", 'j', "N", 0, "runs at a time (default: the processors, of this machine or of the cluster)", 0},
    {"slurm", OPTION_SLURM, NULL, 0, "do the runs as Slurm job arrays; DIR must be on a shared file system",
     0},
    {"output", 'o', "DIR", 0, "directory of the results (default: build/regress/ and the plan's name)", 0},
    {"shrink-seconds", OPTION_SHRINK, "N", 0,
     "shrink one run of each group of failures, each for about so long (default: 60; 0: not)", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    uint64_t count;

    switch (key) {
    case 'j':
        if (!parse_count(arg, &count) || count == 0 || count > MAX_JOBS)
            argp_error(state, "-j: '%s' is not a number from 1 to %d", arg, MAX_JOBS);
        arguments->jobs = (unsigned)count;
        return 0;
    case OPTION_SLURM:
        arguments->slurm = true;
        return 0;
    case 'o':
        if (arg[0] == '\0')
            argp_error(state, "-o: the name is empty");
        arguments->directory = arg;
        return 0;
    case OPTION_SHRINK:
        if (!parse_count(arg, &count) || count > MAX_SHRINK_SECONDS)
            argp_error(state, "--shrink-seconds: '%s' is not a number from 0 to %d", arg, MAX_SHRINK_SECONDS);
        arguments->shrink_seconds = (unsigned)count;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->plan != NULL)
            argp_error(state, "one plan at a time");
        arguments->plan = arg;
        return 0;
    case ARGP_KEY_END:
        if (arguments->plan == NULL)
            argp_error(state, "which plan?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The directory by the plan's name, to be freed. */
static char *default_directory(const char *plan)
{
    const char *slash = strrchr(plan, '/'), *name = slash != NULL ? slash + 1 : plan;
    const char *dot = strrchr(name, '.');
    char *directory;
    int length = dot != NULL && dot > name ? (int)(dot - name) : (int)strlen(name);

    return asprintf(&directory, "build/regress/%.*s", length, name) < 0 ? NULL : directory;
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

static struct job_pool *create_pool(const struct arguments *arguments)
{
    const struct slurm_options slurm = {
        .directory = arguments->directory,
        .tasks = arguments->jobs,
    };
    struct job_pool *pool;

    if (arguments->slurm)
        return slurm_pool_create(&slurm);
    pool = job_pool_create(arguments->jobs > 0 ? arguments->jobs : (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    if (pool == NULL)
        fprintf(stderr, "twinwalk regress: out of memory\n");
    return pool;
}

static int run_plan(const struct arguments *arguments, const struct plan *plan, struct job_pool *pool)
{
    const struct regress_options options = {
        .plan = plan,
        .directory = arguments->directory,
        .program = program_invocation_name,
        .pool = pool,
        .progress = isatty(STDERR_FILENO),
    };
    struct result_list results = {0};
    double start = steady_seconds();
    enum regress_end end = regress_run(&options, &results);

    if (end == REGRESS_DONE && arguments->shrink_seconds > 0 &&
        regress_shrink(&options, &results, arguments->shrink_seconds) != 0)
        end = REGRESS_INTERRUPTED;

    const struct regress_report report = {
        .plan_path = arguments->plan,
        .directory = arguments->directory,
        .results = &results,
        .interrupted = end != REGRESS_DONE,
        .seconds = steady_seconds() - start,
        .jobs = job_pool_width(pool),
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

int cmd_regress(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "PLAN.yaml",
        .doc = "Do all runs of a plan (docs/regression.md). Results that are there already are kept: an "
               "interrupted regression goes on where it was."
               "\vExit codes: 0 all runs passed, 1 a mismatch or a failed expectation, 2 bad usage, plan or "
               "input, 3 interrupted, or a run crashed twice.",
    };
    struct arguments arguments = {.shrink_seconds = SHRINK_SECONDS};
    struct job_pool *pool;
    char *directory = NULL;
    struct plan plan;
    int lock, code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.directory == NULL)
        arguments.directory = directory = default_directory(arguments.plan);
    if (arguments.directory == NULL)
        return EXIT_INTERNAL;
    if (plan_open(&plan, arguments.plan) == 0) {
        lock = regress_directory_open(arguments.directory);
        if (lock >= 0) {
            pool = create_pool(&arguments);
            code = pool != NULL ? run_plan(&arguments, &plan, pool) : EXIT_USAGE;
            job_pool_destroy(pool);
            close(lock);
        }
        plan_close(&plan);
    }
    free(directory);
    return code;
}
