/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the model, in batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "commands.h"
#include "line_tail.h"
#include "sweep_batch.h"
#include "sweep_state.h"

enum {
    FIRST_RUNS = 4, /* of a batch, as long as none of its workload has ended */
    MOST_RUNS = 10000,
};

static const double batch_seconds = 10; /* to be filled by the runs of one batch */

/* How many runs of a workload the next batch is to have. */
static size_t batch_size(const struct sweep_state *state, const struct sweep_pace *pace)
{
    size_t width = job_pool_width(state->options->pool), share = (pace->wanted + width - 1) / width;
    double by_length = pace->runs > 0 ? batch_seconds / (sweep_mean(pace) + 1e-6) : FIRST_RUNS;
    size_t count = by_length < 1 ? 1 : by_length > MOST_RUNS ? MOST_RUNS : (size_t)by_length;

    return count < share ? count : share;
}

/* The next runs of a workload that are wanted go into the job and into the list of its order. */
static int take_runs(struct sweep_state *state, size_t workload, struct sweep_job *job, size_t count,
                     json_t *list)
{
    struct sweep_results *results = state->results;
    struct sweep_pace *pace = &state->paces[workload];
    size_t workloads = state->sweep->workload_count;

    for (size_t point = pace->next; point < results->points->count && job->count < count; point++) {
        struct sweep_run *run = &results->runs[point * workloads + workload];

        if (run->model.state == EVALUATION_WANTED) {
            json_t *entry = sweep_batch_run(run->model.key, state->sweep, &results->points->points[point],
                                            &state->sweep->workloads[workload]);

            if (json_array_append_new(list, entry) != 0)
                return sweep_out_of_memory();
            job->runs[job->count++] = point * workloads + workload;
            run->model.state = EVALUATION_UNDERWAY;
            pace->wanted--;
        }
        pace->next = point + 1;
    }
    return 0;
}

static int start_batch(struct sweep_state *state, size_t workload)
{
    size_t count = batch_size(state, &state->paces[workload]);
    struct sweep_job *job = sweep_create_job(state, JOB_BATCH, count);
    json_t *list = json_array();
    double expected;

    if (job == NULL || take_runs(state, workload, job, count, list) != 0 ||
        sweep_batch_write(job->path, state->sweep, &state->sweep->workloads[workload], list) != 0) {
        sweep_free_job(job);
        return -1;
    }
    expected = (double)job->count * sweep_mean(&state->paces[workload]);
    return sweep_start_job(state, job, (char *[]){state->program, "points", job->path, NULL}, NULL, 0,
                           expected > 0 ? expected : batch_seconds);
}

int sweep_start_batch(struct sweep_state *state)
{
    for (size_t workload = 0; workload < state->sweep->workload_count; workload++)
        if (state->paces[workload].wanted > 0)
            return start_batch(state, workload);
    return 0;
}

static int settle_run(struct sweep_state *state, struct sweep_run *run)
{
    struct sweep_pace *pace = &state->paces[run->workload];

    if (sweep_settle(state, &run->model, "model") != 0)
        return -1;
    if (!evaluation_take_metrics(&run->model))
        return sweep_out_of_memory();
    if (run->model.state == EVALUATION_WANTED) {
        pace->wanted++;
        if (run->point < pace->next)
            pace->next = run->point;
        return 0;
    }
    pace->seconds += run->model.seconds;
    pace->runs++;
    state->done++;
    state->failed += run->model.kind[0] != '\0';
    if (run->verified && run->model.kind[0] != '\0') {
        /* There is nothing to compare with. */
        run->verified = false;
        state->lockstep.wanted -= run->lockstep.state == EVALUATION_WANTED;
    }
    return 0;
}

struct reading {
    struct sweep_state *state;
    struct sweep_job *job;
};

static int take_line(void *self, char *text)
{
    const struct reading *reading = self;
    json_t *line = json_loads(text, 0, NULL);
    const char *begun = json_string_value(json_object_get(line, "begin"));
    const char *done = json_string_value(json_object_get(line, "run"));
    int failed = 0;

    for (size_t i = 0; i < reading->job->count; i++) {
        struct sweep_run *run = &reading->state->results->runs[reading->job->runs[i]];

        if (run->model.state != EVALUATION_UNDERWAY)
            continue;
        if (begun != NULL && strcmp(begun, run->model.key) == 0) {
            run->model.attempts++;
            run->model.begun = true;
            break;
        }
        if (done != NULL && strcmp(done, run->model.key) == 0) {
            run->model.begun = false;
            evaluation_of_line(&run->model, line);
            failed = settle_run(reading->state, run);
            break;
        }
    }
    json_decref(line);
    return failed;
}

static int read_batch(struct sweep_state *state, struct sweep_job *job)
{
    struct reading reading = {state, job};
    char *path = sweep_file(job->path, "out");
    int failed = path != NULL ? line_tail_read(path, &job->read, take_line, &reading) : sweep_out_of_memory();

    free(path);
    return failed;
}

int sweep_read_batches(struct sweep_state *state)
{
    for (struct sweep_job *job = state->jobs; job != NULL; job = job->next)
        if (job->type == JOB_BATCH && read_batch(state, job) != 0)
            return -1;
    return 0;
}

/* Runs that the job did not come to, or did not come to the end of. */
int sweep_end_batch(struct sweep_state *state, struct sweep_job *job, const struct job_end *end)
{
    bool no_input = end->lost[0] == '\0' && WIFEXITED(end->status) && WEXITSTATUS(end->status) == EXIT_USAGE;
    char line[200], why[256];
    int failed = read_batch(state, job);

    sweep_first_line(job->path, "log", line, sizeof(line));
    if (end->lost[0] != '\0')
        snprintf(why, sizeof(why), "%s", end->lost);
    else if (WIFSIGNALED(end->status))
        snprintf(why, sizeof(why), "its worker was killed by signal %d", WTERMSIG(end->status));
    else
        snprintf(why, sizeof(why), "%s", line[0] != '\0' ? line : "its worker ended too early");
    for (size_t i = 0; i < job->count && !failed; i++) {
        struct sweep_run *run = &state->results->runs[job->runs[i]];

        if (run->model.state != EVALUATION_UNDERWAY)
            continue;
        run->model.losses += !run->model.begun;
        run->model.begun = false;
        snprintf(run->model.kind, sizeof(run->model.kind), "%s", no_input ? "input" : "crash");
        snprintf(run->model.message, sizeof(run->model.message), "%s", why);
        failed = settle_run(state, run);
    }
    for (size_t i = 0; i < 5; i++)
        sweep_remove_file(job->path, (const char *[]){"json", "out", "err", "run.json", "log"}[i]);
    return failed;
}
