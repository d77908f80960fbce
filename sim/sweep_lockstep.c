/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that are done again in lockstep with the RTL of their point. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regress_outcome.h"
#include "sweep_state.h"

static void add_bound(char **argv, size_t *count, char *option, char text[24], uint64_t bound)
{
    if (bound == 0)
        return;
    snprintf(text, 24, "%llu", (unsigned long long)bound);
    argv[(*count)++] = option;
    argv[(*count)++] = text;
}

static int start_lockstep(struct sweep_state *state, size_t number)
{
    struct sweep_run *run = &state->results->runs[number];
    const struct sweep_point *point = &state->results->points->points[run->point];
    const struct sweep_workload *workload = &state->sweep->workloads[run->workload];
    struct sweep_job *job = sweep_create_job(state, JOB_LOCKSTEP, 1);
    char *json = job != NULL ? sweep_file(job->path, "json") : NULL;
    struct word_list set = {0};
    char seed[24], cycles[24], accesses[24];
    char **argv;
    size_t count = 0;
    int started;

    if (json == NULL || !sweep_point_settings(state->sweep, point, workload, &set)) {
        sweep_free_job(job);
        free(json);
        return sweep_out_of_memory();
    }
    argv = calloc(2 * set.count + 20, sizeof(*argv));
    if (argv == NULL) {
        sweep_free_job(job);
        free(json);
        word_list_free(&set);
        return sweep_out_of_memory();
    }
    job->runs[job->count++] = number;
    argv[count++] = state->program;
    argv[count++] = "run";
    argv[count++] = "-q";
    argv[count++] = "-c";
    argv[count++] = (char *)point->config;
    for (size_t i = 0; i < set.count; i++) {
        argv[count++] = "-s";
        argv[count++] = set.words[i];
    }
    argv[count++] = workload->trace != NULL ? "--trace" : "--random";
    if (workload->trace != NULL)
        argv[count++] = workload->trace;
    if (workload->image != NULL) {
        argv[count++] = "--image";
        argv[count++] = workload->image;
    }
    add_bound(argv, &count, "--seed", seed, workload->seed);
    add_bound(argv, &count, "--cycles", cycles, workload->cycles);
    add_bound(argv, &count, "--accesses", accesses, workload->accesses);
    argv[count++] = "--json";
    argv[count++] = json;
    run->lockstep.state = EVALUATION_UNDERWAY;
    run->lockstep.attempts++;
    state->lockstep.wanted--;
    started =
        sweep_start_job(state, job, argv, json, state->sweep->limit_minutes * 60,
                        state->lockstep.runs > 0 ? sweep_mean(&state->lockstep) : SWEEP_LOCKSTEP_SECONDS);
    free(argv);
    free(json);
    word_list_free(&set);
    return started;
}

int sweep_start_lockstep(struct sweep_state *state)
{
    const struct sweep_results *results = state->results;

    for (size_t i = 0; i < results->run_count && state->lockstep.wanted > 0; i++) {
        const struct sweep_run *run = &results->runs[i];

        if (run->verified && run->lockstep.state == EVALUATION_WANTED && run->model.state == EVALUATION_DONE)
            return start_lockstep(state, i);
    }
    return 0;
}

/* As a regression sees it. */
static void evaluation_of_job(struct evaluation *evaluation, const struct sweep_job *job,
                              const struct job_end *end)
{
    char *json = sweep_file(job->path, "json"), *log = sweep_file(job->path, "log");
    struct run_result result = {0};

    if (json != NULL && log != NULL)
        result_of_job(&result, end, json, log);
    snprintf(evaluation->kind, sizeof(evaluation->kind), "%s", result.kind);
    snprintf(evaluation->message, sizeof(evaluation->message), "%s", result.signature);
    evaluation->seconds = end->seconds;
    evaluation->cpu_seconds = end->cpu_seconds;
    evaluation->memory_kib = end->memory_kib;
    free(json);
    free(log);
}

int sweep_end_lockstep(struct sweep_state *state, struct sweep_job *job, const struct job_end *end)
{
    struct sweep_run *run = &state->results->runs[job->runs[0]];
    struct evaluation *lockstep = &run->lockstep;
    json_t *statistics = sweep_load_json(job), *model = sweep_db_statistics(state->db, run->model.key);
    int failed;

    evaluation_of_job(lockstep, job, end);
    if (lockstep->kind[0] == '\0' &&
        !statistics_agree(model, statistics, lockstep->message, sizeof(lockstep->message)))
        snprintf(lockstep->kind, sizeof(lockstep->kind), "differs");
    json_decref(statistics);
    json_decref(model);
    sweep_remove_file(job->path, "json");
    sweep_keep_log(state, job, lockstep);
    failed = sweep_settle(state, lockstep, "lockstep");
    state->lockstep.wanted += lockstep->state == EVALUATION_WANTED;
    if (lockstep->state == EVALUATION_DONE) {
        state->lockstep.runs++;
        state->lockstep.seconds += lockstep->seconds;
    }
    return failed;
}
