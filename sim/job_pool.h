/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs over the processors of this machine. A job is a command line that leaves
 * its results in files; the pool knows nothing of them. One thread starts the
 * jobs and waits for their ends.
 */
#ifndef TWINWALK_JOB_POOL_H
#define TWINWALK_JOB_POOL_H

#include <stdbool.h>

struct job_pool;

struct job {
    char *const *argv; /* argv[0] is the path of the program; NULL at the end */
    const char *log;   /* file for stdout and stderr together */
    double seconds;    /* killed after so long; 0: never */
    void *owner;       /* given back with the job's end */
};

struct job_end {
    void *owner;
    int status;     /* as of waitpid */
    double seconds; /* wall-clock time of the job */
    bool timed_out;
};

enum job_event { JOB_ENDED, JOB_NOTHING, JOB_INTERRUPTED };

/*
 * A pool of at most `size` jobs at a time. From here until job_pool_destroy
 * SIGINT, SIGTERM and SIGHUP end no longer this process but the next
 * job_pool_wait. NULL: out of memory.
 */
struct job_pool *job_pool_create(unsigned size);

/* Kills the jobs that run with all their children, waits for them and frees the pool. NULL: nothing. */
void job_pool_destroy(struct job_pool *pool);

/* How many more jobs may be started now. */
unsigned job_pool_free(const struct job_pool *pool);

/*
 * Starts a job in a process group of its own; it is killed when this process
 * dies. -1 after a message on stderr when no process could be made. A program
 * that cannot be run ends with status 127.
 */
int job_pool_start(struct job_pool *pool, const struct job *job);

/*
 * Waits at most `seconds`, 0 for not at all, for the end of a job.
 * JOB_INTERRUPTED: a signal asks this process to end.
 */
enum job_event job_pool_wait(struct job_pool *pool, double seconds, struct job_end *end);

#endif
