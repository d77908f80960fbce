/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk sweep: a sweep, its points, and what came of them. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "regress_report.h"
#include "steady_clock.h"
#include "sweep_run.h"
#include "work_directory.h"

enum { OPTION_METRICS = 256, OPTION_POINTS };

struct arguments {
    struct work_options work;
    bool points;
};

static const struct argp_option option_table[] = {
    {"points", OPTION_POINTS, NULL, 0, "print the points and do nothing", 2},
    {"metrics", OPTION_METRICS, NULL, 0, "print what a sweep can list as metrics", 2},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    (void)arg;
    switch (key) {
    case OPTION_METRICS:
        sweep_metrics_print(stdout);
        exit(fflush(stdout) == 0 ? EXIT_AGREED : EXIT_INTERNAL);
    case OPTION_POINTS:
        arguments->points = true;
        return 0;
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->work;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the user's files are to blame for, or what is not as it should be. */
static void count_kind(struct sweep_totals *totals, const char *kind)
{
    bool input = strcmp(kind, "input") == 0 || strcmp(kind, "config") == 0;

    totals->bad_input |= input;
    totals->broken |= kind[0] != '\0' && !input;
}

struct sweep_totals sweep_totals(const struct sweep_results *results)
{
    struct sweep_totals totals = {.points = results->points->count, .runs = results->run_count};

    for (size_t i = 0; i < results->points->count; i++)
        totals.invalid += results->points->points[i].error != NULL;
    for (size_t i = 0; i < results->run_count; i++) {
        const struct sweep_run *run = &results->runs[i];
        const char *kind = run->model.kind;

        if (run->model.state != EVALUATION_DONE)
            continue;
        totals.done++;
        totals.earlier += run->model.earlier;
        totals.failed += kind[0] != '\0';
        totals.retried += run->model.attempts > 1;
        count_kind(&totals, kind);
        if (!run->model.earlier && kind[0] == '\0') {
            totals.accesses += run->model.metrics[sweep_metric_find("accesses")];
            totals.seconds += run->model.cpu_seconds;
        }
        if (!run->verified || run->lockstep.state != EVALUATION_DONE)
            continue;
        totals.verified++;
        totals.agreeing += run->lockstep.kind[0] == '\0';
        if (result_kind_verdict(run->lockstep.kind) == VERDICT_FAILED)
            totals.differing++;
        else
            count_kind(&totals, run->lockstep.kind);
    }
    for (size_t i = 0; i < results->cost_count; i++) {
        totals.externals += results->costs[i].values.state == EVALUATION_DONE;
        totals.externals_failed += results->costs[i].values.kind[0] != '\0';
        count_kind(&totals, results->costs[i].values.kind);
    }
    return totals;
}

static void print_points(const struct sweep *sweep, const struct sweep_points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        const struct sweep_point *point = &points->points[i];

        printf("%zu", i);
        for (size_t axis = 0; axis < sweep->axis_count; axis++)
            for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
                printf(" %s=%s", sweep->axes[axis].keys.words[key],
                       sweep_point_value(sweep, point, axis, key));
        printf(point->error != NULL ? ": %s\n" : "\n", point->error);
    }
}

enum { MOST_GROUPS = 10 };

/* What failed in the same way: a thousand points with one mistake are told once. */
struct failures {
    struct failure {
        const struct evaluation *first;
        char what[80];
        char *command; /* that repeats the first; NULL: there is none */
        size_t count;
    } groups[MOST_GROUPS];
    size_t count, more;
};

/* The group that it belongs to when it is the first of one, else NULL. */
static struct failure *add_failure(struct failures *failures, const struct evaluation *evaluation)
{
    for (size_t i = 0; i < failures->count; i++) {
        struct failure *group = &failures->groups[i];

        if (strcmp(group->first->kind, evaluation->kind) != 0 ||
            strcmp(group->first->message, evaluation->message) != 0)
            continue;
        group->count++;
        return NULL;
    }
    if (failures->count == MOST_GROUPS) {
        failures->more++;
        return NULL;
    }
    failures->groups[failures->count] = (struct failure){.first = evaluation, .count = 1};
    return &failures->groups[failures->count++];
}

static void add_failed_run(struct failures *failures, const struct sweep_results *results,
                           const struct sweep_run *run)
{
    bool lockstep = run->model.kind[0] == '\0';
    const struct evaluation *evaluation = lockstep ? &run->lockstep : &run->model;
    struct failure *group;

    if (evaluation->state != EVALUATION_DONE || evaluation->kind[0] == '\0' || (lockstep && !run->verified))
        return;
    group = add_failure(failures, evaluation);
    if (group == NULL)
        return;
    snprintf(group->what, sizeof(group->what), "%s%s", lockstep ? "in lockstep, " : "", evaluation->kind);
    group->command = sweep_command(results, run, lockstep ? "lockstep" : "model");
}

static void print_failures(const struct sweep_results *results)
{
    struct failures failures = {0};

    for (size_t i = 0; i < results->run_count; i++)
        add_failed_run(&failures, results, &results->runs[i]);
    for (size_t i = 0; i < results->cost_count; i++) {
        const struct sweep_cost *cost = &results->costs[i];
        struct failure *group = cost->values.kind[0] != '\0' ? add_failure(&failures, &cost->values) : NULL;

        if (group != NULL)
            snprintf(group->what, sizeof(group->what), "%.50s of point %zu",
                     results->sweep->externals[cost->external].name, results->runs[cost->run].point);
    }
    for (size_t i = 0; i < failures.count; i++) {
        const struct failure *group = &failures.groups[i];

        printf("\n%zu x %s: %s\n", group->count, group->what, group->first->message);
        if (group->command != NULL)
            printf("  to reproduce: %s\n", group->command);
        free(group->command);
    }
    if (failures.more > 0)
        printf("\n%zu more: see column message of results.csv\n", failures.more);
    if (failures.count > 0)
        putchar('\n');
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_summary(const struct sweep_results *results, const struct sweep_totals *totals,
                          double seconds, const char *directory)
{
    char points[32], runs[32], done[32], text[32];

    printf("%s point%s, ", count_text(totals->points, points), plural(totals->points));
    if (totals->done < totals->runs)
        printf("%s of ", count_text(totals->done, done));
    printf("%s run%s%s, %zu failed, %s\n", count_text(totals->runs, runs), plural(totals->runs),
           totals->done < totals->runs ? " done" : "", totals->failed, duration_text(seconds, text));
    if (results->points->left_out > 0)
        printf("%s combination%s left out by constraints\n", count_text(results->points->left_out, text),
               plural(results->points->left_out));
    if (totals->earlier > 0)
        printf("%zu of the results %s there already\n", totals->earlier,
               totals->earlier == 1 ? "was" : "were");
    if (totals->retried > 0)
        printf("%zu run%s done twice, as something killed the first\n", totals->retried,
               plural(totals->retried));
    if (totals->seconds > 0)
        printf("%.3f million accesses/s of each processor\n", totals->accesses / totals->seconds / 1e6);
    if (totals->verified > 0)
        printf("%zu of %zu run%s in lockstep with the RTL of their point gave the same statistics\n",
               totals->agreeing, totals->verified, plural(totals->verified));
    if (totals->externals > 0)
        printf("%zu evaluation%s by other programs, %zu failed\n", totals->externals,
               plural(totals->externals), totals->externals_failed);
    print_failures(results);
    printf("results: %s/results.db, results.csv, results.json\n", directory);
}

static void free_results(struct sweep_results *results)
{
    for (size_t i = 0; i < results->run_count && results->runs != NULL; i++) {
        json_decref(results->runs[i].model.data);
        free(results->runs[i].model.metrics);
        json_decref(results->runs[i].lockstep.data);
    }
    for (size_t i = 0; i < results->cost_count; i++)
        json_decref(results->costs[i].values.data);
    free(results->runs);
    free(results->costs);
    free(results->cost_of);
}

/* As of a regression: a difference says more than a run that broke, and that more than bad input. */
static int exit_code(const struct sweep_totals *totals, enum sweep_end end)
{
    if (end != SWEEP_DONE)
        return EXIT_INTERNAL;
    if (totals->differing > 0)
        return EXIT_MISMATCH;
    if (totals->broken)
        return EXIT_INTERNAL;
    return totals->bad_input ? EXIT_USAGE : EXIT_AGREED;
}

static int run_sweep(const struct work_options *work, const struct sweep *sweep,
                     const struct sweep_points *points, struct job_pool *pool)
{
    const struct sweep_options options = {
        .directory = work->directory,
        .pool = pool,
        .progress = isatty(STDERR_FILENO),
    };
    struct sweep_results results = {
        .sweep = sweep, .points = points, .path = work->file, .program = program_invocation_name};
    double start = steady_seconds();
    enum sweep_end end = sweep_run(&options, &results);
    struct sweep_totals totals = sweep_totals(&results);

    if (end != SWEEP_FAILED)
        print_summary(&results, &totals, steady_seconds() - start, work->directory);
    if (end == SWEEP_INTERRUPTED)
        fprintf(stderr, "twinwalk sweep: interrupted; the same command goes on from here\n");
    free_results(&results);
    return exit_code(&totals, end);
}

static int do_sweep(const struct work_options *work, const struct sweep *sweep,
                    const struct sweep_points *points)
{
    int lock = work_directory_open(work->directory, "logs", "sweep"), code = EXIT_USAGE;
    struct job_pool *pool;

    if (lock < 0)
        return EXIT_USAGE;
    pool = work_pool_create(work);
    if (pool != NULL)
        code = run_sweep(work, sweep, points, pool);
    job_pool_destroy(pool);
    close(lock);
    return code;
}

int cmd_sweep(int argc, char **argv)
{
    static const struct argp_child children[] = {{.argp = &work_options_argp}, {0}};
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .children = children,
        .args_doc = "SWEEP.yaml",
        .doc =
            "Run the C model at all points of a sweep (docs/sweeps.md). What is known already is kept: an "
            "interrupted sweep goes on where it was."
            "\vExit codes: 0 all points are there, 1 a run differs in lockstep with the RTL, 2 bad usage, "
            "sweep, configuration or input, 3 interrupted, a run crashed twice, or another program failed.",
    };
    struct arguments arguments = {0};
    char *directory = NULL;
    struct sweep sweep;
    struct sweep_points points;
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (arguments.work.directory == NULL)
        arguments.work.directory = directory = work_default_directory("build/sweep", arguments.work.file);
    if (arguments.work.directory == NULL)
        return EXIT_INTERNAL;
    if (sweep_open(&sweep, arguments.work.file) == 0) {
        if (sweep_points_make(&points, &sweep) == 0) {
            if (arguments.points)
                print_points(&sweep, &points);
            code = arguments.points ? EXIT_AGREED : do_sweep(&arguments.work, &sweep, &points);
            sweep_points_free(&points);
        }
        sweep_close(&sweep);
    }
    free(directory);
    return code;
}
