/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of tasks: their files, Slurm's list of them, those that are lost. */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line_tail.h"
#include "progress.h"
#include "slurm_command.h"
#include "slurm_files.h"
#include "slurm_pool.h"
#include "steady_clock.h"

enum {
    MOST_LOSSES = 3,       /* of tasks that had not begun a job, before that counts as lost itself */
    MISSED_TO_BE_GONE = 2, /* lists without a task: its file may become visible late */
};

static const double patience_seconds = 30; /* after which it is said why nothing runs */
static const double cancel_seconds = 20;   /* for tasks to end that were cancelled */

void slurm_notice(const char *format, ...)
{
    va_list args;

    if (isatty(STDERR_FILENO))
        progress_clear();
    fputs("twinwalk: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

struct submission *slurm_add_submission(struct slurm_pool *slurm, char *directory)
{
    struct submission *grown =
        realloc(slurm->submissions, (slurm->submission_count + 1) * sizeof(*slurm->submissions));

    if (grown == NULL) {
        fprintf(stderr, "twinwalk: out of memory\n");
        free(directory);
        return NULL;
    }
    slurm->submissions = grown;
    grown[slurm->submission_count] =
        (struct submission){.directory = directory, .name = strrchr(directory, '/') + 1};
    return &grown[slurm->submission_count++];
}

/* ---- The tasks' files ---- */

/* A job has ended or is lost: it leaves its task. */
static int end_job(struct slurm_pool *slurm, struct submission *submission, struct slurm_task *task,
                   size_t number)
{
    struct slurm_job *job = task->jobs[number];

    task->jobs[number] = NULL;
    if (--task->left == 0)
        submission->left--;
    job->state = SLURM_ENDED;
    slurm->progressed = steady_seconds();
    if (job->wanted)
        return slurm_list_add(&slurm->ended, &slurm->ended_count, job);
    if (!job->findable)
        slurm_job_free(job);
    return 0;
}

/* A job that did not end leaves its task, and nothing remembers it. */
static void forget_job(struct slurm_pool *slurm, struct submission *submission, struct slurm_task *task,
                       size_t number)
{
    struct slurm_job *job = task->jobs[number];

    if (job->findable)
        HASH_DEL(slurm->found, job);
    slurm_job_free(job);
    task->jobs[number] = NULL;
    if (--task->left == 0)
        submission->left--;
}

struct reading {
    struct slurm_pool *slurm;
    struct submission *submission;
    struct slurm_task *task;
};

static int take_line(void *self, char *line)
{
    const struct reading *reading = self;
    struct slurm_task *task = reading->task;
    struct job_end end = {0};
    size_t number;

    if (slurm_end_parse(line, &number, &end)) {
        if (number >= task->count || task->jobs[number] == NULL)
            return 0;
        end.owner = task->jobs[number]->end.owner;
        task->jobs[number]->end = end;
        return end_job(reading->slurm, reading->submission, task, number);
    }
    if (sscanf(line, "begin %zu", &number) == 1 && number < task->count && task->jobs[number] != NULL)
        task->jobs[number]->state = SLURM_BEGUN;
    return 0;
}

static int read_task(struct slurm_pool *slurm, struct submission *submission, unsigned index)
{
    struct reading reading = {slurm, submission, &submission->tasks[index]};
    char *path = slurm_file(submission->directory, index, "out");
    int failed = path != NULL ? line_tail_read(path, &reading.task->read, take_line, &reading) : -1;

    free(path);
    return failed;
}

static void remove_files(const struct submission *submission)
{
    DIR *directory = opendir(submission->directory);
    const struct dirent *entry;

    while (directory != NULL && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory != NULL)
        closedir(directory);
    rmdir(submission->directory);
}

static void free_submission(struct submission *submission)
{
    for (unsigned i = 0; i < submission->count; i++) {
        for (size_t job = 0; job < submission->tasks[i].count; job++)
            slurm_job_free(submission->tasks[i].jobs[job]);
        free(submission->tasks[i].jobs);
    }
    free(submission->tasks);
    free(submission->directory);
}

/* Those of which nothing is left to come. */
static void remove_done(struct slurm_pool *slurm)
{
    size_t kept = 0;

    for (size_t i = 0; i < slurm->submission_count; i++) {
        if (slurm->submissions[i].left > 0) {
            slurm->submissions[kept++] = slurm->submissions[i];
            continue;
        }
        remove_files(&slurm->submissions[i]);
        free_submission(&slurm->submissions[i]);
    }
    slurm->submission_count = kept;
}

int slurm_look(struct slurm_pool *slurm)
{
    for (size_t i = 0; i < slurm->submission_count; i++) {
        struct submission *submission = &slurm->submissions[i];

        for (unsigned task = 0; task < submission->count; task++)
            if (submission->tasks[task].left > 0 && read_task(slurm, submission, task) != 0)
                return -1;
    }
    remove_done(slurm);
    return 0;
}

/* ---- Slurm's list ---- */

struct listing {
    struct slurm_pool *slurm;
    bool running;
    char reason[80]; /* of one that waits */
};

static void note_listed(void *context, const struct slurm_listed *listed)
{
    struct listing *listing = context;
    struct slurm_pool *slurm = listing->slurm;

    for (size_t i = 0; i < slurm->submission_count; i++) {
        struct submission *submission = &slurm->submissions[i];

        if (strcmp(submission->name, listed->name) != 0 || listed->index >= submission->count)
            continue;
        submission->id = listed->id;
        snprintf(submission->tasks[listed->index].state, sizeof(submission->tasks[0].state), "%s",
                 listed->state);
        submission->tasks[listed->index].listed = !listed->over;
        if (strcmp(listed->state, "PENDING") != 0)
            listing->running |= !listed->over;
        else
            snprintf(listing->reason, sizeof(listing->reason), "%s", listed->reason);
        return;
    }
}

/* The jobs that it had begun end as lost, the others are for another task. */
static int lose_task(struct slurm_pool *slurm, struct submission *submission, unsigned index)
{
    struct slurm_task *task = &submission->tasks[index];
    char *order = slurm_file(submission->directory, index, "json");
    int failed = 0;

    /* Should it run on where Slurm has lost sight of it, it ends when it finds its file gone. */
    if (order != NULL)
        unlink(order);
    free(order);
    for (size_t i = 0; i < task->count && !failed; i++) {
        struct slurm_job *job = task->jobs[i];

        if (job == NULL)
            continue;
        if (!job->wanted) {
            forget_job(slurm, submission, task, i);
            continue;
        }
        if (job->state == SLURM_BEGUN || ++job->losses >= MOST_LOSSES) {
            snprintf(job->end.lost, sizeof(job->end.lost), "%s: %s",
                     job->state == SLURM_BEGUN ? "its Slurm task was lost"
                                               : "Slurm tasks end without beginning it",
                     task->state[0] != '\0' ? task->state : "not in the queue");
            failed = end_job(slurm, submission, task, i);
            continue;
        }
        task->jobs[i] = NULL;
        if (--task->left == 0)
            submission->left--;
        failed = slurm_list_add(&slurm->waiting, &slurm->waiting_count, job);
    }
    return failed;
}

static void say_why_nothing_runs(struct slurm_pool *slurm, const struct listing *listing)
{
    if (listing->running || listing->reason[0] == '\0') {
        slurm->progressed = steady_seconds();
        return;
    }
    if (steady_seconds() < slurm->progressed + patience_seconds ||
        strcmp(slurm->reason, listing->reason) == 0)
        return;
    memcpy(slurm->reason, listing->reason, sizeof(slurm->reason));
    slurm_notice("Slurm starts no task: %s", slurm->reason);
}

/* Marks the tasks that Slurm has. false: it does not answer. */
static bool list_tasks(struct slurm_pool *slurm, struct listing *listing)
{
    for (size_t i = 0; i < slurm->submission_count; i++)
        for (unsigned task = 0; task < slurm->submissions[i].count; task++)
            slurm->submissions[i].tasks[task].listed = false;
    *listing = (struct listing){.slurm = slurm};
    return slurm_list(&slurm->pool, note_listed, listing);
}

int slurm_ask(struct slurm_pool *slurm)
{
    struct listing listing;
    bool answers = list_tasks(slurm, &listing);

    if (answers == slurm->silent)
        slurm_notice(answers ? "Slurm answers again" : "Slurm does not answer; waiting for it");
    slurm->silent = !answers;
    if (!answers)
        return 0;
    say_why_nothing_runs(slurm, &listing);
    for (size_t i = 0; i < slurm->submission_count; i++) {
        struct submission *submission = &slurm->submissions[i];

        for (unsigned index = 0; index < submission->count; index++) {
            struct slurm_task *task = &submission->tasks[index];

            if (task->left == 0)
                continue;
            task->missed = task->listed ? 0 : task->missed + 1;
            if (task->missed >= MISSED_TO_BE_GONE &&
                (read_task(slurm, submission, index) != 0 ||
                 (task->left > 0 && lose_task(slurm, submission, index) != 0)))
                return -1;
        }
    }
    remove_done(slurm);
    return 0;
}

/* ---- Tasks that nobody waits for ---- */

/* Whether Slurm has tasks of submissions of which nothing is left to come. */
static bool unwanted_are_listed(struct slurm_pool *slurm)
{
    struct listing listing;
    bool any = false;

    if (!list_tasks(slurm, &listing))
        return false;
    for (size_t i = 0; i < slurm->submission_count; i++)
        for (unsigned task = 0; task < slurm->submissions[i].count && slurm->submissions[i].left == 0; task++)
            any |= slurm->submissions[i].tasks[task].listed;
    return any;
}

static void cancel_unwanted(struct slurm_pool *slurm)
{
    const char **argv = calloc(slurm->submission_count + 2, sizeof(*argv));
    char(*ids)[16] = calloc(slurm->submission_count + 1, sizeof(*ids)), *output = NULL;
    size_t count = 0;

    if (argv != NULL && ids != NULL) {
        argv[count++] = "scancel";
        for (size_t i = 0; i < slurm->submission_count; i++) {
            if (slurm->submissions[i].id == 0 || slurm->submissions[i].left > 0)
                continue;
            snprintf(ids[i], sizeof(ids[i]), "%u", slurm->submissions[i].id);
            argv[count++] = ids[i];
        }
        if (count > 1 && slurm_command(&slurm->pool, argv, &output) != 0)
            slurm_notice("scancel: %s", output != NULL ? output : "out of memory");
    }
    free(output);
    free(ids);
    free(argv);
}

/* Ends them; none works any more when this returns, or Slurm does not get it done. */
static void end_unwanted(struct slurm_pool *slurm)
{
    double until = steady_seconds() + cancel_seconds;

    if (!unwanted_are_listed(slurm))
        return;
    cancel_unwanted(slurm);
    while (steady_seconds() < until && unwanted_are_listed(slurm))
        job_pool_sleep(&slurm->pool, 0.5);
}

/* ---- Earlier processes ---- */

/* The tasks of a submission as its files have them; the jobs can be found by their names. */
static int load_submission(struct submission *submission)
{
    json_t *jobs;

    while ((jobs = slurm_jobs_read(submission->directory, submission->count)) != NULL) {
        struct slurm_task *grown =
            realloc(submission->tasks, (submission->count + 1) * sizeof(*submission->tasks));
        struct slurm_task *task;

        if (grown == NULL) {
            json_decref(jobs);
            return -1;
        }
        submission->tasks = grown;
        task = &grown[submission->count++];
        *task = (struct slurm_task){0};
        for (size_t i = 0; i < json_array_size(jobs); i++) {
            struct slurm_job *job = calloc(1, sizeof(*job));

            if (job == NULL || slurm_list_add(&task->jobs, &task->count, job) != 0) {
                free(job);
                json_decref(jobs);
                return -1;
            }
            job->order = json_incref(json_array_get(jobs, i));
            job->name = json_string_value(json_object_get(job->order, "name"));
        }
        task->left = task->count;
        json_decref(jobs);
    }
    submission->left = submission->count;
    return 0;
}

/* Its jobs can be found by their names from here on. */
static void offer_jobs(struct slurm_pool *slurm, const struct slurm_task *task)
{
    for (size_t i = 0; i < task->count; i++) {
        struct slurm_job *job = task->jobs[i], *same = NULL;

        if (job->name == NULL || job->name[0] == '\0')
            continue;
        HASH_FIND_STR(slurm->found, job->name, same);
        job->findable = same == NULL;
        if (job->findable)
            HASH_ADD_KEYPTR(hh, slurm->found, job->name, strlen(job->name), job);
    }
}

static int take_over_tasks(struct slurm_pool *slurm, struct submission *submission)
{
    for (unsigned index = 0; index < submission->count; index++) {
        struct slurm_task *task = &submission->tasks[index];

        offer_jobs(slurm, task);
        if (read_task(slurm, submission, index) != 0)
            return -1;
        /* What a task that is gone did not come to is done anew when it is asked for; what has no name never
         * is. */
        for (size_t i = 0; i < task->count; i++)
            if (task->jobs[i] != NULL && (!task->listed || !task->jobs[i]->findable))
                forget_job(slurm, submission, task, i);
    }
    return 0;
}

int slurm_take_over(struct slurm_pool *slurm)
{
    DIR *directory = opendir(slurm->directory);
    const struct dirent *entry;
    struct listing listing;
    int failed = 0;

    while (directory != NULL && !failed && (entry = readdir(directory)) != NULL) {
        struct submission *submission;
        char *path;

        if (strncmp(entry->d_name, "twinwalk-", strlen("twinwalk-")) != 0)
            continue;
        submission = asprintf(&path, "%s/%s", slurm->directory, entry->d_name) < 0
                         ? NULL
                         : slurm_add_submission(slurm, path);
        failed = submission == NULL || load_submission(submission) != 0;
    }
    if (directory != NULL)
        closedir(directory);
    if (failed || slurm->submission_count == 0)
        return failed ? -1 : 0;
    if (!list_tasks(slurm, &listing)) {
        fprintf(stderr, "twinwalk: Slurm does not answer\n");
        return -1;
    }
    for (size_t i = 0; i < slurm->submission_count && !failed; i++)
        failed = take_over_tasks(slurm, &slurm->submissions[i]);
    if (!failed)
        end_unwanted(slurm);
    remove_done(slurm);
    return failed;
}

/* ---- The end ---- */

void slurm_give_up(struct slurm_pool *slurm)
{
    struct slurm_job *job, *next;

    remove_done(slurm);
    for (size_t i = 0; i < slurm->submission_count; i++)
        slurm->submissions[i].left = 0;
    end_unwanted(slurm);
    HASH_ITER(hh, slurm->found, job, next)
    {
        HASH_DEL(slurm->found, job);
        /* The others are still those of a task. */
        if (job->state == SLURM_ENDED)
            slurm_job_free(job);
    }
    remove_done(slurm);
    free(slurm->submissions);
    rmdir(slurm->directory != NULL ? slurm->directory : "");
}
