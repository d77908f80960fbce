/* SPDX-License-Identifier: Apache-2.0 */
/* The runner and collector of a sweep, in one thread. */
#include "sweep_run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "project_path.h"
#include "regress_digest.h"
#include "regress_outcome.h"
#include "steady_clock.h"
#include "sweep_state.h"

enum { BATCHES_EACH = 4 }; /* at most so many jobs for each place of the pool: estimates become better */

static const double progress_seconds = 0.5;

int sweep_out_of_memory(void)
{
    fprintf(stderr, "twinwalk sweep: out of memory\n");
    return -1;
}

/* ---- What there is to do ---- */

/* The digest of a text and three digests. */
static void make_key(char key[DIGEST_TEXT_BYTES], const char *what, const uint8_t *a, const uint8_t *b,
                     const uint8_t *c)
{
    struct digest *digest = digest_begin();
    uint8_t result[DIGEST_BYTES];

    digest_text(digest, what);
    digest_bytes(digest, a, DIGEST_BYTES);
    digest_bytes(digest, b, DIGEST_BYTES);
    digest_bytes(digest, c, DIGEST_BYTES);
    digest_finish(digest, result);
    digest_print(key, result);
}

/* An evaluation's state as the database has it. -1 after a message. */
static int look_up(struct sweep_state *state, struct evaluation *evaluation)
{
    const struct evaluation wanted = *evaluation;
    int found = sweep_db_find(state->db, evaluation);

    /* What failed by what was around it (a limit, a lacking file or tool) may not do so again. */
    if (found > 0 && (kind_may_be_retried(evaluation->kind) || strcmp(evaluation->kind, "input") == 0)) {
        json_decref(evaluation->data);
        *evaluation = wanted;
    }
    return found < 0 ? -1 : 0;
}

/* Of the configuration with what the workload sets: all its values, and the MMU's parameters alone. */
static int digest_of_run(struct sweep_state *state, const struct sweep_run *run, uint8_t values[DIGEST_BYTES],
                         uint8_t hardware[DIGEST_BYTES], char **error)
{
    const struct sweep_point *point = &state->results->points->points[run->point];
    const struct sweep_workload *workload = &state->sweep->workloads[run->workload];
    struct config config;

    *error = NULL;
    memcpy(values, point->values, DIGEST_BYTES);
    memcpy(hardware, point->hardware, DIGEST_BYTES);
    if (workload->set.count == 0)
        return 0;
    if (sweep_point_config(&config, state->sweep, point, workload, true, error) != 0)
        return -1;
    sweep_config_digests(&config, values, hardware);
    config_close(&config);
    return 0;
}

static int prepare_run(struct sweep_state *state, struct sweep_run *run)
{
    const struct sweep_point *point = &state->results->points->points[run->point];
    const struct sweep_workload *workload = &state->sweep->workloads[run->workload];
    uint8_t values[DIGEST_BYTES], hardware[DIGEST_BYTES];
    char *error = NULL;
    int failed = 0;

    if (point->error != NULL || digest_of_run(state, run, values, hardware, &error) != 0) {
        snprintf(run->model.kind, sizeof(run->model.kind), "config");
        snprintf(run->model.message, sizeof(run->model.message), "%s",
                 point->error != NULL ? point->error : error);
        run->model.state = EVALUATION_DONE;
    } else {
        make_key(run->model.key, "model", state->program_digest, values, workload->digest);
        make_key(run->lockstep.key, "lockstep", state->rtl_digest, values, workload->digest);
        failed = look_up(state, &run->model);
        if (!failed && !evaluation_take_metrics(&run->model))
            failed = sweep_out_of_memory();
    }
    free(error);
    if (run->model.state == EVALUATION_WANTED)
        state->paces[run->workload].wanted++;
    else
        state->done++;
    state->failed += run->model.state == EVALUATION_DONE && run->model.kind[0] != '\0';
    return failed;
}

static int prepare_runs(struct sweep_state *state)
{
    struct sweep_results *results = state->results;
    size_t workloads = state->sweep->workload_count;

    results->run_count = results->points->count * workloads;
    results->runs = calloc(results->run_count + 1, sizeof(*results->runs));
    if (results->runs == NULL)
        return sweep_out_of_memory();
    for (size_t i = 0; i < results->run_count; i++) {
        results->runs[i].point = i / workloads;
        results->runs[i].workload = i % workloads;
        if (prepare_run(state, &results->runs[i]) != 0)
            return -1;
    }
    return 0;
}

/* By the digest of seed and key, so that the choice is the same each time and has no pattern. */
struct draw {
    char order[DIGEST_TEXT_BYTES];
    struct sweep_run *run;
};

static int compare_draws(const void *a, const void *b)
{
    return strcmp(((const struct draw *)a)->order, ((const struct draw *)b)->order);
}

static int choose_verified(struct sweep_state *state)
{
    struct sweep_results *results = state->results;
    struct draw *draws = calloc(results->run_count + 1, sizeof(*draws));
    size_t count = 0, wanted;
    int failed = 0;

    if (draws == NULL)
        return sweep_out_of_memory();
    for (size_t i = 0; i < results->run_count; i++) {
        struct sweep_run *run = &results->runs[i];
        uint8_t seed[DIGEST_BYTES] = {0};

        if (strcmp(run->model.kind, "config") == 0)
            continue;
        memcpy(seed, &state->sweep->seed, sizeof(state->sweep->seed));
        /* Not with the key itself, in which the program is: another build would choose others. */
        make_key(draws[count].order, "draw", seed, results->points->points[run->point].values,
                 state->sweep->workloads[run->workload].digest);
        draws[count++].run = run;
    }
    qsort(draws, count, sizeof(*draws), compare_draws);
    wanted = (size_t)ceil(state->sweep->verify * (double)count);
    for (size_t i = 0; i < wanted && i < count && !failed; i++) {
        struct sweep_run *run = draws[i].run;

        run->verified = run->model.state == EVALUATION_WANTED || run->model.kind[0] == '\0';
        if (!run->verified)
            continue;
        failed = look_up(state, &run->lockstep);
        state->lockstep.wanted += run->lockstep.state == EVALUATION_WANTED;
    }
    free(draws);
    return failed;
}

/* One evaluation for all runs with the same hardware, or the same values. */
static int prepare_cost(struct sweep_state *state, struct sweep_cost **known, size_t number, size_t external)
{
    struct sweep_results *results = state->results;
    const struct sweep_external *what = &state->sweep->externals[external];
    const struct sweep_run *run = &results->runs[number];
    struct digest *digest;
    struct sweep_cost *cost;
    char key[DIGEST_TEXT_BYTES], *error;
    uint8_t values[DIGEST_BYTES], hardware[DIGEST_BYTES], result[DIGEST_BYTES];

    results->cost_of[number * state->sweep->external_count + external] = SWEEP_NO_COST;
    if (strcmp(run->model.kind, "config") == 0 || digest_of_run(state, run, values, hardware, &error) != 0)
        return 0;
    digest = digest_begin();
    digest_text(digest, "external");
    digest_text(digest, what->command);
    digest_bytes(digest, what->hardware ? hardware : values, DIGEST_BYTES);
    digest_finish(digest, result);
    digest_print(key, result);
    HASH_FIND_STR(*known, key, cost);
    if (cost != NULL) {
        results->cost_of[number * state->sweep->external_count + external] = (size_t)(cost - results->costs);
        return 0;
    }
    results->cost_of[number * state->sweep->external_count + external] = results->cost_count;
    cost = &results->costs[results->cost_count++];
    *cost = (struct sweep_cost){.external = external, .run = number};
    memcpy(cost->values.key, key, sizeof(key));
    HASH_ADD_KEYPTR(hh, *known, cost->values.key, strlen(cost->values.key), cost);
    if (look_up(state, &cost->values) != 0)
        return -1;
    state->external.wanted += cost->values.state == EVALUATION_WANTED;
    return 0;
}

static int prepare_costs(struct sweep_state *state)
{
    struct sweep_results *results = state->results;
    size_t most = results->run_count * state->sweep->external_count;
    struct sweep_cost *known = NULL;
    int failed = 0;

    results->costs = calloc(most + 1, sizeof(*results->costs));
    results->cost_of = calloc(most + 1, sizeof(*results->cost_of));
    if (results->costs == NULL || results->cost_of == NULL)
        return sweep_out_of_memory();
    for (size_t run = 0; run < results->run_count && !failed; run++)
        for (size_t external = 0; external < state->sweep->external_count && !failed; external++)
            failed = prepare_cost(state, &known, run, external);
    HASH_CLEAR(hh, known);
    return failed;
}

static int store(struct sweep_state *state)
{
    int failed = state->storing ? sweep_db_commit(state->db) : 0;

    state->storing = false;
    return failed;
}

/* ---- Progress ---- */

/* Jobs of a kind that are not done. */
static size_t jobs_left(const struct sweep_state *state, enum sweep_job_type type,
                        const struct sweep_pace *pace)
{
    size_t count = pace->wanted;

    for (const struct sweep_job *job = state->jobs; job != NULL; job = job->next)
        count += job->type == type;
    return count;
}

/* Seconds that the rest may take, or -1: nothing is known. */
static double seconds_left(const struct sweep_state *state)
{
    double seconds = 0, mean = 0, runs = 0;

    for (size_t i = 0; i < state->sweep->workload_count; i++) {
        mean += state->paces[i].seconds;
        runs += (double)state->paces[i].runs;
    }
    if (runs > 0)
        mean /= runs;
    for (size_t i = 0; i < state->results->run_count; i++) {
        const struct sweep_run *run = &state->results->runs[i];
        const struct sweep_pace *pace = &state->paces[run->workload];

        if (run->model.state == EVALUATION_DONE)
            continue;
        if (runs <= 0)
            return -1;
        seconds += pace->runs > 0 ? sweep_mean(pace) : mean;
    }
    seconds += (double)jobs_left(state, JOB_LOCKSTEP, &state->lockstep) *
               (state->lockstep.runs > 0 ? sweep_mean(&state->lockstep) : SWEEP_LOCKSTEP_SECONDS);
    seconds += (double)jobs_left(state, JOB_EXTERNAL, &state->external) * sweep_mean(&state->external);
    return seconds / job_pool_width(state->options->pool);
}

static void show_progress(struct sweep_state *state)
{
    size_t lockstep = jobs_left(state, JOB_LOCKSTEP, &state->lockstep);
    size_t external = jobs_left(state, JOB_EXTERNAL, &state->external);
    double left;

    if (!state->options->progress || steady_seconds() - state->shown < progress_seconds)
        return;
    state->shown = steady_seconds();
    fprintf(stderr, "\r%zu of %zu runs", state->done, state->results->run_count);
    if (state->failed > 0)
        fprintf(stderr, ", %zu failed", state->failed);
    if (state->retried > 0)
        fprintf(stderr, ", %zu retried", state->retried);
    if (lockstep > 0)
        fprintf(stderr, ", %zu to do in lockstep", lockstep);
    if (external > 0)
        fprintf(stderr, ", %zu external", external);
    left = seconds_left(state);
    if (left >= 0)
        fprintf(stderr, ", ETA %ld:%02ld", (long)left / 60, (long)left % 60);
    fputs("    ", stderr);
    fflush(stderr);
}

/* ---- All of it ---- */

/* External evaluations first, as they may take long; then the model; lockstep last, where it can begin. */
static int start_jobs(struct sweep_state *state)
{
    unsigned most = BATCHES_EACH * job_pool_width(state->options->pool);
    int started = 1;

    while (started == 1 && job_pool_free(state->options->pool) > 0 && state->job_count < most) {
        started = sweep_start_external(state);
        if (started == 0)
            started = sweep_start_batch(state);
        if (started == 0)
            started = sweep_start_lockstep(state);
    }
    return started < 0 ? -1 : 0;
}

static enum job_event collect(struct sweep_state *state, int *failed)
{
    struct job_end end;
    enum job_event event = job_pool_wait(state->options->pool, progress_seconds, &end);

    *failed = sweep_read_batches(state);
    while (event == JOB_ENDED && !*failed) {
        *failed = sweep_end_job(state, end.owner, &end);
        if (!*failed)
            event = job_pool_wait(state->options->pool, 0, &end);
    }
    if (!*failed)
        *failed = store(state);
    return event;
}

static enum sweep_end work(struct sweep_state *state)
{
    for (;;) {
        enum job_event event;
        int failed;

        if (start_jobs(state) != 0)
            return SWEEP_FAILED;
        if (state->job_count == 0)
            return SWEEP_DONE;
        show_progress(state);
        event = collect(state, &failed);
        if (failed || event == JOB_FAILED)
            return SWEEP_FAILED;
        if (event == JOB_INTERRUPTED)
            return SWEEP_INTERRUPTED;
    }
}

static int prepare(struct sweep_state *state)
{
    char *path;

    state->program = program_path();
    if (state->program == NULL)
        return -1;
    if (digest_of_executable(state->program_digest) != 0 ||
        (state->sweep->verify > 0 && digest_of_program(state->rtl_digest) != 0))
        return -1;
    state->paces = calloc(state->sweep->workload_count, sizeof(*state->paces));
    if (state->paces == NULL || asprintf(&path, "%s/results.db", state->options->directory) < 0)
        return sweep_out_of_memory();
    state->db = sweep_db_open(path);
    free(path);
    if (state->db == NULL || sweep_take_leftovers(state) != 0 || store(state) != 0)
        return -1;
    return prepare_runs(state) != 0 || choose_verified(state) != 0 || prepare_costs(state) != 0 ? -1 : 0;
}

/* Written also of a part of the results: what is missing says so. */
static int write_results(const struct sweep_state *state)
{
    char *csv, *json;
    int failed;

    if (asprintf(&csv, "%s/results.csv", state->options->directory) < 0)
        return sweep_out_of_memory();
    if (asprintf(&json, "%s/results.json", state->options->directory) < 0) {
        free(csv);
        return sweep_out_of_memory();
    }
    failed = sweep_db_write_tables(state->db, state->results) | sweep_write_csv(state->results, csv) |
             sweep_write_json(state->results, state->db, json);
    free(csv);
    free(json);
    return failed;
}

enum sweep_end sweep_run(const struct sweep_options *options, struct sweep_results *results)
{
    struct sweep_state state = {
        .options = options,
        .sweep = results->sweep,
        .results = results,
        .session = (unsigned long)time(NULL) << 16 | (unsigned long)(getpid() & 0xffff),
    };
    bool prepared = prepare(&state) == 0;
    enum sweep_end end = prepared ? work(&state) : SWEEP_FAILED;

    if (options->progress)
        progress_clear();
    if (prepared && (store(&state) != 0 || write_results(&state) != 0))
        end = SWEEP_FAILED;
    while (state.jobs != NULL) {
        struct sweep_job *job = state.jobs;

        state.jobs = job->next;
        sweep_free_job(job);
    }
    sweep_db_close(state.db);
    free(state.paces);
    free(state.program);
    return end;
}
