/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scheduler and collector, in one thread. The first run that needs an RTL
 * build starts a job that does nothing but build it; runs of other builds go on
 * meanwhile.
 */
#include "regress_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "output_file.h"
#include "progress.h"
#include "project_path.h"
#include "regress_command.h"
#include "regress_coverage.h"
#include "regress_outcome.h"
#include "regress_state.h"
#include "steady_clock.h"

enum { MAX_ATTEMPTS = 2 };

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk regress: out of memory\n");
    return -1;
}

/* ---- Starting ---- */

static struct work *free_work(struct regress *regress)
{
    struct work *work = regress->work;

    while (work->used)
        work++;
    memset(work, 0, sizeof(*work));
    return work;
}

/* json: the file of its results, or NULL. */
static int start_job(struct regress *regress, struct work *work, char **argv, const char *json,
                     double seconds)
{
    const struct run_result *result = &work->result;
    char name[RUN_KEY_BYTES + 16];
    char *log = regress_log_path(regress->options->directory, work->result.key, "log");
    int failed = -1;

    snprintf(name, sizeof(name), "%s.%u", result->key, result->attempts);
    if (argv == NULL || log == NULL)
        out_of_memory();
    else
        failed = job_pool_start(regress->options->pool,
                                &(struct job){
                                    .argv = argv,
                                    .log = log,
                                    .results = json,
                                    .seconds = seconds,
                                    .expected_seconds = regress_expected_seconds(regress, result->series),
                                    .name = work->is_build ? NULL : name,
                                    .owner = work,
                                });
    work->used = !failed;
    free(log);
    free(argv);
    return failed;
}

/* One cycle of the RTL: all that takes time is the build. */
static int start_build(struct regress *regress, const struct series *series)
{
    static const char *const more[] = {"-q", "--engine", "rtl", "--random", "--cycles", "1", NULL};
    struct work *work = free_work(regress);

    work->is_build = true;
    work->result.series = series;
    snprintf(work->result.key, sizeof(work->result.key), "build-%u", series->rtl);
    regress->builds[series->rtl] = BUILD_RUNNING;
    return start_job(regress, work, regress_arguments(regress->program, series, series->config_options, more),
                     NULL, 0);
}

/*
 * The file of results of an attempt, to be freed. Each has its own: a first one
 * may still be at work where Slurm has lost sight of it.
 */
static char *results_path(const struct regress *regress, const struct run_result *result, unsigned attempt)
{
    char ending[16];

    snprintf(ending, sizeof(ending), "%u.json", attempt);
    return regress_log_path(regress->options->directory, result->key, ending);
}

static int start_attempt(struct regress *regress, struct work *work)
{
    const struct series *series = work->result.series;
    bool covered = regress->options->coverage && regress_coverage_possible(series);
    char *json = results_path(regress, &work->result, ++work->result.attempts);
    char *coverage = regress_coverage_path(regress->options->directory, work->result.key);
    char seed[24];
    int failed;

    if (json == NULL || coverage == NULL) {
        free(coverage);
        free(json);
        return out_of_memory();
    }
    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)work->result.seed);
    failed = start_job(regress, work,
                       regress_arguments(regress->program, series, series->options_count,
                                         (const char *[]){"--seed", seed, "-q", "--json", json,
                                                          covered ? "--coverage" : NULL, coverage, NULL}),
                       json, series->limit_minutes * 60);
    free(coverage);
    free(json);
    return failed;
}

/* A result that is known without a run, or with its run. */
static int add_result(struct regress *regress, const struct run_result *result)
{
    struct run_result *added = result_list_add(regress->results);

    if (added == NULL)
        return out_of_memory();
    *added = *result;
    added->command = regress_command(regress->options->program, result->series, result->seed);
    if (added->command == NULL)
        return out_of_memory();
    if (result->kind[0] != '\0')
        regress->failed++;
    if (result->attempts > 1)
        regress->retried++;
    return 0;
}

static struct progress *progress_of(struct regress *regress, const struct series *series)
{
    return &regress->progress[series - regress->plan->series];
}

static bool minutes_are_over(const struct series *series, const struct progress *progress)
{
    return series->minutes > 0 && progress->seconds >= series->minutes * 60;
}

/* With minutes for a bound, input that will be as bad with the next seed would be tried again and again. */
static void count_seconds(struct regress *regress, const struct run_result *result)
{
    struct progress *progress = progress_of(regress, result->series);

    progress->seconds += result->seconds;
    if (result->series->minutes > 0 && result_verdict(result) == VERDICT_INPUT)
        progress->ended = true;
}

/* The series cannot run: one result stands for all its runs, so that none is passed over in silence. */
static int give_up_series(struct regress *regress, const struct series *series)
{
    struct progress *progress = progress_of(regress, series);
    struct run_result result = {.series = series, .seed = progress->next_seed, .kind = "build"};

    run_key(result.key, regress->program_digest, series, result.seed);
    snprintf(result.signature, sizeof(result.signature),
             "the RTL of %s does not build: no run of this series", series->config);
    progress->ended = true;
    return add_result(regress, &result);
}

/* The next run of a series: taken from the database (returns 0) or started (1). */
static int next_run(struct regress *regress, const struct series *series)
{
    struct progress *progress = progress_of(regress, series);
    struct run_result result = {.series = series, .seed = progress->next_seed};
    struct work *work;
    int found;

    run_key(result.key, regress->program_digest, series, result.seed);
    found = result_db_find(regress->db, &result);
    if (found < 0)
        return -1;
    if (found && regress->options->coverage && result.kind[0] == '\0' && regress_coverage_possible(series))
        found = regress_coverage_kept(regress->options->directory, &result);
    /* A build may succeed another time. */
    if (found && strcmp(result.kind, "build") != 0) {
        if (progress->next_seed++ == series->last_seed)
            progress->ended = true;
        count_seconds(regress, &result);
        return add_result(regress, &result);
    }
    /* Only now: what was underway when they were over is in the database too. */
    if (minutes_are_over(series, progress)) {
        progress->ended = true;
        return 0;
    }
    if (series->needs_rtl && regress->builds[series->rtl] == BUILD_BROKEN)
        return give_up_series(regress, series);
    if (series->needs_rtl && regress->builds[series->rtl] == BUILD_WANTED)
        return start_build(regress, series) != 0 ? -1 : 1;
    if (progress->next_seed++ == series->last_seed)
        progress->ended = true;
    memset(&result.kind, 0, sizeof(result.kind));
    result.earlier = false;
    work = free_work(regress);
    work->result = result;
    work->result.attempts = 0;
    progress->running++;
    return start_attempt(regress, work) != 0 ? -1 : 1;
}

/* Starts what can be started, in the order of the plan. */
static int start_runs(struct regress *regress)
{
    for (size_t i = 0; i < regress->plan->series_count; i++) {
        const struct series *series = &regress->plan->series[i];

        while (!regress->progress[i].ended && job_pool_free(regress->options->pool) > 0) {
            if (series->needs_rtl && regress->builds[series->rtl] == BUILD_RUNNING)
                break;
            if (regress_has_enough_underway(regress, series))
                break;
            if (next_run(regress, series) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- Collecting ---- */

static int end_of_build(struct regress *regress, struct work *work, const struct job_end *end)
{
    /* Bad input is for the runs themselves to report: it comes before the RTL is looked for. */
    bool built = WIFEXITED(end->status) && WEXITSTATUS(end->status) != EXIT_INTERNAL;
    char *log = regress_log_path(regress->options->directory, work->result.key, "log");

    regress->builds[work->result.series->rtl] = built ? BUILD_DONE : BUILD_BROKEN;
    work->used = false;
    if (log == NULL)
        return out_of_memory();
    if (built)
        unlink(log);
    else
        fprintf(stderr, "twinwalk regress: the RTL of %s does not build, see %s\n",
                work->result.series->config, log);
    free(log);
    return 0;
}

static int end_of_run(struct regress *regress, struct work *work, const struct job_end *end)
{
    struct run_result *result = &work->result;
    struct progress *progress = progress_of(regress, result->series);
    char *json = results_path(regress, result, result->attempts);
    char *log = regress_log_path(regress->options->directory, result->key, "log");
    char *first = regress_log_path(regress->options->directory, result->key, "first.log");
    int failed = 0;

    if (json == NULL || log == NULL || first == NULL) {
        failed = out_of_memory();
        goto done;
    }
    result_of_job(result, end, json, log);
    if (kind_may_be_retried(result->kind) && result->attempts < MAX_ATTEMPTS) {
        rename(log, first);
        failed = start_attempt(regress, work);
        goto done;
    }
    work->used = false;
    progress->running--;
    count_seconds(regress, result);
    regress->done_cycles += regress_expected_cycles(result->series);
    regress->done_seconds += result->seconds;
    failed = add_result(regress, result);
done:
    free(first);
    free(log);
    free(json);
    return failed;
}

/* Of a run that the database has, only what is for people is kept. */
static int remove_files(const struct regress *regress, const struct run_result *result)
{
    char *log = regress_log_path(regress->options->directory, result->key, "log");

    if (log == NULL)
        return out_of_memory();
    if (result->kind[0] == '\0')
        unlink(log);
    free(log);
    for (unsigned attempt = 1; attempt <= result->attempts; attempt++) {
        char *json = results_path(regress, result, attempt);

        if (json == NULL)
            return out_of_memory();
        output_file_remove(json);
        free(json);
    }
    return 0;
}

static int store_results(struct regress *regress)
{
    struct result_list *results = regress->results;
    int failed =
        result_db_store(regress->db, results->results + regress->stored, results->count - regress->stored);

    for (; regress->stored < results->count && !failed; regress->stored++)
        if (!results->results[regress->stored].earlier)
            failed = remove_files(regress, &results->results[regress->stored]);
    return failed;
}

/* Waits for one end and takes all others that are there already: one transaction for all. */
static enum job_event collect(struct regress *regress, int *failed)
{
    struct job_end end;
    enum job_event event = job_pool_wait(regress->options->pool, regress_progress_seconds, &end);

    *failed = 0;
    while (event == JOB_ENDED && !*failed) {
        struct work *work = end.owner;

        *failed = (work->is_build ? end_of_build : end_of_run)(regress, work, &end);
        if (!*failed)
            event = job_pool_wait(regress->options->pool, 0, &end);
    }
    if (!*failed)
        *failed = store_results(regress);
    return event;
}

/* ---- All of it ---- */

static enum regress_end run_all(struct regress *regress)
{
    for (;;) {
        enum job_event event;
        int failed;

        if (start_runs(regress) != 0)
            return REGRESS_FAILED;
        if (job_pool_free(regress->options->pool) == job_pool_size(regress->options->pool))
            return store_results(regress) != 0 ? REGRESS_FAILED : REGRESS_DONE;
        regress_show_progress(regress);
        event = collect(regress, &failed);
        if (failed || event == JOB_FAILED)
            return REGRESS_FAILED;
        if (event == JOB_INTERRUPTED)
            return REGRESS_INTERRUPTED;
    }
}

static int prepare(struct regress *regress)
{
    const struct plan *plan = regress->plan;
    char *path;

    regress->program = program_path();
    if (regress->program == NULL)
        return -1;
    if (digest_of_program(regress->program_digest) != 0)
        return -1;
    regress->progress = calloc(plan->series_count, sizeof(*regress->progress));
    regress->builds = calloc(plan->rtl_count + 1, sizeof(*regress->builds));
    regress->work = calloc(job_pool_size(regress->options->pool), sizeof(*regress->work));
    if (regress->progress == NULL || regress->builds == NULL || regress->work == NULL)
        return out_of_memory();
    for (size_t i = 0; i < plan->series_count; i++)
        regress->progress[i].next_seed = plan->series[i].first_seed;
    if (getenv("TWINWALK_RTL") != NULL)
        for (unsigned i = 0; i < plan->rtl_count; i++)
            regress->builds[i] = BUILD_DONE;
    if (asprintf(&path, "%s/results.db", regress->options->directory) < 0)
        return out_of_memory();
    regress->db = result_db_open(path);
    free(path);
    return regress->db != NULL ? 0 : -1;
}

enum regress_end regress_run(const struct regress_options *options, struct result_list *results)
{
    struct regress regress = {
        .options = options, .plan = options->plan, .results = results, .start = steady_seconds()};
    enum regress_end end = prepare(&regress) != 0 ? REGRESS_FAILED : run_all(&regress);

    if (options->progress)
        progress_clear();
    result_db_close(regress.db);
    free(regress.progress);
    free(regress.builds);
    free(regress.work);
    free(regress.program);
    return end;
}
