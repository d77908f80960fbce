/* SPDX-License-Identifier: Apache-2.0 */
/* What all jobs of a sweep have in common. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output_file.h"
#include "regress_command.h"
#include "regress_outcome.h"
#include "small_file.h"
#include "sweep_state.h"

enum { MOST_ATTEMPTS = 2, MOST_LOSSES = 3 };

char *sweep_file(const char *path, const char *ending)
{
    char *name;

    return asprintf(&name, "%s.%s", path, ending) < 0 ? NULL : name;
}

void sweep_remove_file(const char *path, const char *ending)
{
    char *name = sweep_file(path, ending);

    if (name != NULL)
        output_file_remove(name);
    free(name);
}

void sweep_free_job(struct sweep_job *job)
{
    if (job == NULL)
        return;
    free(job->path);
    free(job->runs);
    free(job);
}

struct sweep_job *sweep_create_job(struct sweep_state *state, enum sweep_job_type type, size_t room)
{
    struct sweep_job *job = calloc(1, sizeof(*job));

    if (job != NULL) {
        job->type = type;
        job->runs = calloc(room, sizeof(*job->runs));
        if (asprintf(&job->path, "%s/work/%lx-%u", state->options->directory, state->session,
                     state->job_number++) < 0)
            job->path = NULL;
    }
    if (job != NULL && job->runs != NULL && job->path != NULL)
        return job;
    sweep_free_job(job);
    sweep_out_of_memory();
    return NULL;
}

int sweep_start_job(struct sweep_state *state, struct sweep_job *job, char *const *argv, const char *results,
                    double limit, double expected)
{
    char *log = sweep_file(job->path, "log");
    int failed = log == NULL ? sweep_out_of_memory()
                             : job_pool_start(state->options->pool, &(struct job){
                                                                        .argv = argv,
                                                                        .log = log,
                                                                        .results = results,
                                                                        .seconds = limit,
                                                                        .expected_seconds = expected,
                                                                        .owner = job,
                                                                    });

    free(log);
    if (failed) {
        sweep_free_job(job);
        return -1;
    }
    job->next = state->jobs;
    state->jobs = job;
    state->job_count++;
    return 1;
}

double sweep_mean(const struct sweep_pace *pace)
{
    return pace->runs > 0 ? pace->seconds / (double)pace->runs : 0;
}

/* It would be kept under the digest of what the inputs were. */
static void check_inputs(const struct sweep_state *state, struct evaluation *evaluation)
{
    if (input_stamps_hold(&state->sweep->inputs, evaluation->message, sizeof(evaluation->message)))
        return;
    snprintf(evaluation->kind, sizeof(evaluation->kind), "input");
    json_decref(evaluation->data);
    evaluation->data = NULL;
}

int sweep_settle(struct sweep_state *state, struct evaluation *evaluation, const char *what)
{
    check_inputs(state, evaluation);
    if (kind_may_be_retried(evaluation->kind) && evaluation->attempts < MOST_ATTEMPTS &&
        evaluation->losses < MOST_LOSSES) {
        evaluation->state = EVALUATION_WANTED;
        state->retried++;
        return 0;
    }
    evaluation->state = EVALUATION_DONE;
    if (!state->storing && sweep_db_begin(state->db) != 0)
        return -1;
    state->storing = true;
    return sweep_db_store(state->db, evaluation, what);
}

void sweep_first_line(const char *path, const char *ending, char *line, size_t size)
{
    char *name = sweep_file(path, ending);

    line[0] = '\0';
    if (name != NULL)
        first_line_of(name, line, size);
    free(name);
}

void sweep_keep_log(const struct sweep_state *state, const struct sweep_job *job,
                    const struct evaluation *evaluation)
{
    char *log = sweep_file(job->path, "log"), *kept = NULL;

    if (evaluation->kind[0] == '\0')
        sweep_remove_file(job->path, "log");
    else
        kept = regress_log_path(state->options->directory, evaluation->key, "log");
    if (log != NULL && kept != NULL)
        rename(log, kept);
    free(log);
    free(kept);
}

json_t *sweep_load_json(const struct sweep_job *job)
{
    char *path = sweep_file(job->path, "json");
    json_t *root = path != NULL ? json_load_file(path, 0, NULL) : NULL;

    free(path);
    return root;
}

int sweep_end_job(struct sweep_state *state, struct sweep_job *job, const struct job_end *end)
{
    struct sweep_job **link = &state->jobs;
    int failed;

    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    state->job_count--;
    if (job->type == JOB_BATCH)
        failed = sweep_end_batch(state, job, end);
    else
        failed = (job->type == JOB_LOCKSTEP ? sweep_end_lockstep : sweep_end_external)(state, job, end);
    sweep_free_job(job);
    return failed;
}
