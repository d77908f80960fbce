/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs, over the processors of this machine or over a Slurm cluster. A job is a
 * command line, or a function, that leaves its results in files (or in shared
 * memory); the pool knows nothing of them. One thread starts the jobs and waits for their ends.
 */
#ifndef TWINWALK_JOB_POOL_H
#define TWINWALK_JOB_POOL_H

#include <stdbool.h>

struct job_pool;

struct job {
    char *const *argv;       /* argv[0] is the path of the program; NULL at the end */
    int (*run)(void *owner); /* in place of a program, in a pool of processes of this machine: called in the
                                job's process, returns its exit code */
    const char *log;         /* file for stdout and stderr together */
    const char *results;     /* a file that is removed before it starts; NULL: none */
    double seconds;          /* killed after so long; 0: never */
    double expected_seconds; /* a guess, for those pools that put several jobs into one task; 0: none */
    const char *name;        /* a word, the same for no two jobs that do not do the same; NULL: none */
    void *owner;             /* given back with the job's end */
};

struct job_end {
    void *owner;
    int status;         /* as of waitpid; of no meaning when lost */
    double seconds;     /* wall-clock time of the job */
    double cpu_seconds; /* of its processor, in user and system mode, with its children */
    long memory_kib;    /* the largest resident set of one of its processes */
    bool timed_out;
    char lost[80]; /* why nothing is known of its end, as when its node died; "": not lost */
};

enum job_event { JOB_ENDED, JOB_NOTHING, JOB_INTERRUPTED, JOB_FAILED };

/*
 * A pool of at most `size` processes of this machine at a time. From here until
 * job_pool_destroy SIGINT, SIGTERM and SIGHUP end no longer this process but
 * the next job_pool_wait. Each job is in a process group of its own; it is
 * killed when this process dies. A program that cannot be run ends with status
 * 127. NULL: out of memory.
 */
struct job_pool *job_pool_create(unsigned size);

struct slurm_options {
    const char *directory; /* on a file system that all nodes share; gets the directory slurm/ */
    unsigned tasks;        /* at most so many at a time; 0: as many as the cluster has processors */
};

/*
 * A pool whose jobs are packed into the tasks of Slurm job arrays, see
 * docs/regression.md; signals as above. What a pool on the same directory left,
 * as its process was killed, is taken over: a job with the name of one that
 * waits, runs or has ended there is not done again. Those without a name have
 * ended when this returns. NULL after a message: there is no Slurm.
 */
struct job_pool *slurm_pool_create(const struct slurm_options *options);

/* Kills the jobs that run with all their children, waits for them and frees the pool. NULL: nothing. */
void job_pool_destroy(struct job_pool *pool);

/* How many jobs there may be at a time, and how many of these can run at a time. */
unsigned job_pool_size(const struct job_pool *pool);
unsigned job_pool_width(const struct job_pool *pool);

/* How many more jobs may be started now. */
unsigned job_pool_free(const struct job_pool *pool);

/*
 * Starts a job, or notes it to be started at the next job_pool_wait; nothing of
 * *job but the owner is used after that. -1 after a message on stderr when it
 * cannot be.
 */
int job_pool_start(struct job_pool *pool, const struct job *job);

/*
 * Waits at most `seconds`, 0 for not at all, for the end of a job.
 * JOB_INTERRUPTED: a signal asks this process to end. JOB_FAILED after a
 * message: the pool cannot go on.
 */
enum job_event job_pool_wait(struct job_pool *pool, double seconds, struct job_end *end);

#endif
