/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of a Slurm cluster: jobs wait until there are enough for an array,
 * are packed into its tasks, and end as the tasks' files tell. Slurm itself is
 * only asked whether a task is still there.
 */
#include "slurm_pool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_run.h"
#include "project_path.h"
#include "slurm_command.h"
#include "slurm_files.h"
#include "steady_clock.h"

enum { MOST_JOBS = 8192 };

static const double task_seconds = 60;   /* to be filled by the jobs of one task */
static const double submit_seconds = 10; /* between submissions while there is work underway */
static const double list_seconds = 5;    /* between questions to Slurm */
static const double look_seconds = 0.3;  /* between looks at the files */

static struct slurm_pool *slurm_of(struct job_pool *pool)
{
    return (struct slurm_pool *)pool;
}

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk: out of memory\n");
    return -1;
}

int slurm_list_add(struct slurm_job ***list, size_t *count, struct slurm_job *job)
{
    struct slurm_job **grown = realloc(*list, (*count + 1) * sizeof(struct slurm_job *));

    if (grown == NULL)
        return out_of_memory();
    *list = grown;
    grown[(*count)++] = job;
    return 0;
}

void slurm_job_free(struct slurm_job *job)
{
    if (job == NULL)
        return;
    json_decref(job->order);
    free(job);
}

static int slurm_start(struct job_pool *pool, const struct job *job)
{
    struct slurm_pool *slurm = slurm_of(pool);
    struct slurm_job *added = NULL;
    int failed = 0;

    if (job->name != NULL)
        HASH_FIND_STR(slurm->found, job->name, added);
    if (added != NULL) {
        HASH_DEL(slurm->found, added);
        added->findable = false;
        if (added->state == SLURM_ENDED)
            failed = slurm_list_add(&slurm->ended, &slurm->ended_count, added);
    } else {
        added = calloc(1, sizeof(*added));
        if (added != NULL)
            added->order = slurm_job_pack(job);
        if (added == NULL || added->order == NULL) {
            fprintf(stderr, "%s: out of memory, or a name that is not UTF-8\n", job->log);
            free(added);
            return -1;
        }
        added->name = json_string_value(json_object_get(added->order, "name"));
        added->expected_seconds = job->expected_seconds > 0 ? job->expected_seconds : 1;
        failed = slurm_list_add(&slurm->waiting, &slurm->waiting_count, added);
        if (failed)
            slurm_job_free(added);
    }
    if (failed)
        return -1;
    added->wanted = true;
    added->end.owner = job->owner;
    pool->running++;
    return 0;
}

/* ---- Submitting ---- */

static double expected_of_waiting(const struct slurm_pool *slurm)
{
    double seconds = 0;

    for (size_t i = 0; i < slurm->waiting_count; i++)
        seconds += slurm->waiting[i]->expected_seconds;
    return seconds;
}

/* Into how many tasks: long enough to be worth their start, and no processor without one. */
static size_t tasks_for(const struct slurm_pool *slurm, double seconds)
{
    double by_length = seconds / task_seconds;
    size_t count = slurm->pool.width;

    if (by_length > (double)count)
        count = (size_t)by_length + 1;
    return count < slurm->waiting_count ? count : slurm->waiting_count;
}

/* The next task, in order from the waiting jobs: `first` on, until it has its share. */
static int fill_task(struct slurm_pool *slurm, struct submission *submission, size_t *first, double share)
{
    struct slurm_task *task = &submission->tasks[submission->count];
    json_t *jobs = json_array();
    double seconds = 0;

    *task = (struct slurm_task){0};
    while (*first < slurm->waiting_count && (task->count == 0 || seconds < share)) {
        struct slurm_job *job = slurm->waiting[*first];

        if (json_array_append(jobs, job->order) != 0 || slurm_list_add(&task->jobs, &task->count, job) != 0) {
            json_decref(jobs);
            return out_of_memory();
        }
        seconds += job->expected_seconds;
        ++*first;
    }
    task->left = task->count;
    return slurm_jobs_write(submission->directory, submission->count++, jobs);
}

/* What Slurm starts; it runs where sbatch was called, which the nodes must have too. */
static int write_script(const struct slurm_pool *slurm, const struct submission *submission, const char *path)
{
    FILE *script = fopen(path, "w");

    if (script != NULL) {
        fputs("#!/bin/sh\nexec ", script);
        print_shell_word(script, slurm->program);
        fputs(" task ", script);
        print_shell_word(script, submission->directory);
        fputs(" \"$SLURM_ARRAY_TASK_ID\" >", script);
        print_shell_word(script, submission->directory);
        fputs("/\"$SLURM_ARRAY_TASK_ID\".log 2>&1\n", script);
        if (fclose(script) == 0)
            return 0;
    }
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    return -1;
}

/* Of what `sbatch --parsable` says: a line "ID" or "ID;CLUSTER", maybe with warnings beside it. */
static bool read_id(char *output, unsigned *id)
{
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        int length = 0;

        if (sscanf(line, "%u%n", id, &length) == 1 && (line[length] == '\0' || line[length] == ';'))
            return true;
    }
    return false;
}

/* 0: submitted; 1: Slurm does not answer; -1 after a message: it refuses. */
static int call_sbatch(struct slurm_pool *slurm, struct submission *submission)
{
    char name[64], array[64], *script, *output;
    int length, result = 0;

    if (asprintf(&script, "%s/script", submission->directory) < 0)
        return out_of_memory();
    if (write_script(slurm, submission, script) != 0) {
        free(script);
        return -1;
    }
    snprintf(name, sizeof(name), "--job-name=%s", submission->name);
    length = snprintf(array, sizeof(array), "--array=0-%u", submission->count - 1);
    if (submission->at_once > 0)
        snprintf(array + length, sizeof(array) - (size_t)length, "%%%u", submission->at_once);
    const char *const argv[] = {"sbatch",
                                "--parsable",
                                name,
                                array,
                                "--ntasks=1",
                                "--no-requeue",
                                "--output=/dev/null",
                                "--error=/dev/null",
                                script,
                                NULL};
    if (slurm_command(&slurm->pool, argv, &output) != 0 || output == NULL ||
        !read_id(output, &submission->id)) {
        result = slurm_answers(&slurm->pool) ? -1 : 1;
        if (result < 0)
            fprintf(stderr, "twinwalk: Slurm refuses the tasks: %s",
                    output != NULL ? output : "out of memory\n");
    }
    free(output);
    free(script);
    return result;
}

static struct submission *begin_submission(struct slurm_pool *slurm, size_t tasks)
{
    struct submission *submission;
    char *directory;

    if (asprintf(&directory, "%s/twinwalk-XXXXXX", slurm->directory) < 0) {
        out_of_memory();
        return NULL;
    }
    if (mkdtemp(directory) == NULL) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        free(directory);
        return NULL;
    }
    submission = slurm_add_submission(slurm, directory);
    if (submission != NULL) {
        submission->tasks = calloc(tasks, sizeof(*submission->tasks));
        if (submission->tasks == NULL)
            out_of_memory();
    }
    return submission != NULL && submission->tasks != NULL ? submission : NULL;
}

/* The jobs of a submission that was not made go on waiting. */
static void withdraw(struct submission *submission)
{
    for (unsigned i = 0; i < submission->count; i++)
        submission->tasks[i].count = 0;
    submission->left = 0;
}

/* How many tasks may be submitted to run beside those that are. */
static unsigned places(const struct slurm_pool *slurm)
{
    unsigned places = slurm->options.tasks;

    if (places == 0)
        return UINT_MAX;
    for (size_t i = 0; i < slurm->submission_count; i++) {
        const struct submission *submission = &slurm->submissions[i];
        unsigned taken = submission->left < submission->at_once ? submission->left : submission->at_once;

        places -= taken < places ? taken : places;
    }
    return places;
}

/* Fills an array from the waiting jobs, `first` on, and submits it; as call_sbatch. */
static int submit_array(struct slurm_pool *slurm, size_t *first, double share)
{
    struct submission *submission = begin_submission(slurm, slurm->array_limit);
    size_t next = *first;
    int result = 0;

    if (submission == NULL)
        return -1;
    while (next < slurm->waiting_count && submission->count < slurm->array_limit && result == 0)
        result = fill_task(slurm, submission, &next, share);
    if (slurm->options.tasks > 0)
        submission->at_once = places(slurm);
    submission->left = submission->count;
    if (result == 0)
        result = call_sbatch(slurm, submission);
    if (result == 0)
        *first = next;
    else
        withdraw(submission);
    return result;
}

/* Submits what waits, in as many arrays as Slurm's limit asks for. -1 after a message. */
static int submit(struct slurm_pool *slurm)
{
    double seconds = expected_of_waiting(slurm);
    size_t first = 0, tasks = tasks_for(slurm, seconds);
    /* A little less, or rounding would leave a task over. */
    double share = seconds / (double)tasks * 0.999;
    int result = 0;

    while (first < slurm->waiting_count && places(slurm) > 0 && result == 0)
        result = submit_array(slurm, &first, share);
    memmove(slurm->waiting, slurm->waiting + first,
            (slurm->waiting_count - first) * sizeof(struct slurm_job *));
    slurm->waiting_count -= first;
    slurm->submitted = steady_seconds();
    if (result > 0 && !slurm->silent)
        slurm_notice("Slurm does not answer; waiting for it");
    slurm->silent = result > 0;
    return result < 0 ? -1 : 0;
}

static bool work_is_underway(const struct slurm_pool *slurm)
{
    for (size_t i = 0; i < slurm->submission_count; i++)
        if (slurm->submissions[i].left > 0)
            return true;
    return false;
}

/* ---- Waiting ---- */

/* Does what is due. -1 after a message. */
static int attend(struct slurm_pool *slurm)
{
    double time = steady_seconds();

    if (slurm->waiting_count > 0 &&
        ((!slurm->silent && !work_is_underway(slurm)) || time >= slurm->submitted + submit_seconds) &&
        submit(slurm) != 0)
        return -1;
    time = steady_seconds();
    if (time >= slurm->looked + look_seconds + 10 * slurm->look_seconds) {
        if (slurm_look(slurm) != 0)
            return -1;
        slurm->looked = steady_seconds();
        slurm->look_seconds = slurm->looked - time;
    }
    if (work_is_underway(slurm) && time >= slurm->listed + list_seconds) {
        if (slurm_ask(slurm) != 0)
            return -1;
        slurm->listed = steady_seconds();
    }
    return 0;
}

static bool hand_out(struct slurm_pool *slurm, struct job_end *end)
{
    struct slurm_job *job;

    if (slurm->ended_count == 0)
        return false;
    job = slurm->ended[--slurm->ended_count];
    *end = job->end;
    slurm_job_free(job);
    slurm->pool.running--;
    return true;
}

static enum job_event slurm_wait(struct job_pool *pool, double seconds, struct job_end *end)
{
    struct slurm_pool *slurm = slurm_of(pool);
    double deadline = steady_seconds() + seconds;

    while (!pool->interrupted) {
        double left;

        if (hand_out(slurm, end))
            return JOB_ENDED;
        if (attend(slurm) != 0)
            return JOB_FAILED;
        if (slurm->ended_count > 0)
            continue;
        left = deadline - steady_seconds();
        if (left <= 0)
            return JOB_NOTHING;
        job_pool_sleep(pool, left < look_seconds ? left : look_seconds);
    }
    return JOB_INTERRUPTED;
}

/* ---- Beginning and end ---- */

static void slurm_destroy(struct job_pool *pool)
{
    struct slurm_pool *slurm = slurm_of(pool);

    slurm_give_up(slurm);
    for (size_t i = 0; i < slurm->waiting_count; i++)
        slurm_job_free(slurm->waiting[i]);
    for (size_t i = 0; i < slurm->ended_count; i++)
        slurm_job_free(slurm->ended[i]);
    free(slurm->waiting);
    free(slurm->ended);
    free(slurm->directory);
    free(slurm->program);
    job_pool_end(pool);
    free(slurm);
}

static int prepare(struct slurm_pool *slurm)
{
    int processors;

    /* The tasks are done by the same program. */
    slurm->program = program_path();
    if (slurm->program == NULL)
        return -1;
    if (asprintf(&slurm->directory, "%s/slurm", slurm->options.directory) < 0)
        return out_of_memory();
    if (mkdir(slurm->directory, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", slurm->directory, strerror(errno));
        return -1;
    }
    processors = slurm_processors(&slurm->pool);
    if (processors < 0)
        return -1;
    slurm->pool.width = slurm->options.tasks > 0 ? slurm->options.tasks : (unsigned)processors;
    slurm->array_limit = slurm_array_limit(&slurm->pool);
    return slurm_take_over(slurm);
}

struct job_pool *slurm_pool_create(const struct slurm_options *options)
{
    static const struct job_pool_operations operations = {
        .start = slurm_start, .wait = slurm_wait, .destroy = slurm_destroy};
    struct slurm_pool *slurm = calloc(1, sizeof(*slurm));

    if (slurm == NULL) {
        out_of_memory();
        return NULL;
    }
    slurm->options = *options;
    slurm->progressed = steady_seconds();
    job_pool_begin(&slurm->pool, &operations, MOST_JOBS);
    if (prepare(slurm) == 0)
        return &slurm->pool;
    slurm_destroy(&slurm->pool);
    return NULL;
}
