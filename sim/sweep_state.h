/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the sweep's runner: what is underway. */
#ifndef TWINWALK_SWEEP_STATE_H
#define TWINWALK_SWEEP_STATE_H

#include "job_pool.h"
#include "sweep_result.h"
#include "sweep_run.h"

enum { SWEEP_LOCKSTEP_SECONDS = 60 }; /* expected of the first; most goes into the build of the RTL */

enum sweep_job_type { JOB_BATCH, JOB_LOCKSTEP, JOB_EXTERNAL };

struct sweep_job {
    enum sweep_job_type type;
    char *path;   /* of its files, without ending */
    size_t *runs; /* of a batch; else one: the run, or the cost */
    size_t count;
    long read; /* bytes of a batch's results that have been taken in */
    struct sweep_job *next;
};

/* How long the runs of a workload have taken. */
struct sweep_pace {
    double seconds;
    size_t runs, wanted; /* done in this session; not begun */
    size_t next;         /* all runs before it have been begun */
};

struct sweep_state {
    const struct sweep_options *options;
    const struct sweep *sweep;
    struct sweep_results *results;
    struct sweep_db *db;
    bool storing; /* a transaction is open */
    struct sweep_job *jobs;
    unsigned job_count, job_number;
    unsigned long session; /* part of the names of jobs: workers of an earlier process may still be there */
    struct sweep_pace *paces; /* of each workload */
    struct sweep_pace lockstep, external;
    uint8_t program_digest[DIGEST_BYTES], rtl_digest[DIGEST_BYTES];
    char *program;
    size_t done, failed, retried;
    double shown;
};

/* ---- Common to all jobs ---- */

int sweep_out_of_memory(void);

/* PATH.ENDING, to be freed; NULL: out of memory. */
char *sweep_file(const char *path, const char *ending);
void sweep_remove_file(const char *path, const char *ending);

/* The first line of PATH.ENDING, or "". */
void sweep_first_line(const char *path, const char *ending, char *line, size_t size);

/* What a job said: kept as DIR/logs/KEY.log when the evaluation failed. */
void sweep_keep_log(const struct sweep_state *state, const struct sweep_job *job,
                    const struct evaluation *evaluation);

/* PATH.json of a job; NULL: there is none. */
json_t *sweep_load_json(const struct sweep_job *job);

/* A job with room for so many runs. NULL after a message. */
struct sweep_job *sweep_create_job(struct sweep_state *state, enum sweep_job_type type, size_t room);
void sweep_free_job(struct sweep_job *job);

/* Hands it to the pool, or frees it. 1, or -1 after a message. `results` is a file that is removed before. */
int sweep_start_job(struct sweep_state *state, struct sweep_job *job, char *const *argv, const char *results,
                    double limit, double expected);

/* Of a run; 0: not known yet. */
double sweep_mean(const struct sweep_pace *pace);

/*
 * An evaluation is done and goes to the database; or it crashed, and is wanted
 * once more. What comes from inputs that were changed meanwhile is a failure.
 * -1 after a message.
 */
int sweep_settle(struct sweep_state *state, struct evaluation *evaluation, const char *what);

/*
 * What earlier processes left in DIR/work goes to the database, and is removed.
 * -1 after a message.
 */
int sweep_take_leftovers(struct sweep_state *state);

/* ---- Each kind of job ---- */

/* Starts what comes next, or returns 0 when there is nothing. 1: started; -1 after a message. */
int sweep_start_batch(struct sweep_state *state);
int sweep_start_lockstep(struct sweep_state *state);
int sweep_start_external(struct sweep_state *state);

/* Takes in what the batches have written. -1 after a message. */
int sweep_read_batches(struct sweep_state *state);

/* A job has ended; it is freed. -1 after a message. */
int sweep_end_job(struct sweep_state *state, struct sweep_job *job, const struct job_end *end);
int sweep_end_batch(struct sweep_state *state, struct sweep_job *job, const struct job_end *end);
int sweep_end_lockstep(struct sweep_state *state, struct sweep_job *job, const struct job_end *end);
int sweep_end_external(struct sweep_state *state, struct sweep_job *job, const struct job_end *end);

/* Fills in an evaluation from a line of a batch. */
void evaluation_of_line(struct evaluation *evaluation, const json_t *line);

/*
 * Compares the statistics of a lockstep run with the model's own, but for what is measured on
 * the host and what only a judge counts. false: *message says which differs.
 */
bool statistics_agree(const json_t *model, const json_t *lockstep, char *message, size_t size);

#endif
