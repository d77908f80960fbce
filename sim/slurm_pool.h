/* SPDX-License-Identifier: Apache-2.0 */
/* Private to slurm_pool.c and slurm_tasks.c: the jobs of the pool and where they are. */
#ifndef TWINWALK_SLURM_POOL_H
#define TWINWALK_SLURM_POOL_H

#include <jansson.h>
#include <stddef.h>
#include <uthash.h>

#include "job_pool_private.h"

enum slurm_job_state { SLURM_WAITING, SLURM_BEGUN, SLURM_ENDED };

struct slurm_job {
    json_t *order;    /* as in the task's file */
    const char *name; /* in it */
    double expected_seconds;
    enum slurm_job_state state;
    unsigned losses; /* of tasks that had not come to it */
    bool wanted;     /* the pool's user waits for it; else found, and not asked for yet */
    bool findable;   /* among those found */
    struct job_end end;
    UT_hash_handle hh; /* of those found, by name */
};

struct slurm_task {
    struct slurm_job **jobs; /* NULL where it is back with the pool */
    size_t count, left;      /* left: not ended */
    long read;               /* bytes of the task's file that have been taken in */
    bool listed;
    unsigned missed; /* how many times, one after the other, the list has not had it */
    char state[24];
};

/* One job array. */
struct submission {
    char *directory;
    const char *name; /* of the array: the last part of the directory */
    unsigned id;      /* 0: not known yet */
    struct slurm_task *tasks;
    unsigned count;
    unsigned left;    /* tasks that have jobs that did not end */
    unsigned at_once; /* how many of them may run at a time; 0: all */
};

struct slurm_pool {
    struct job_pool pool;
    struct slurm_options options;
    char *directory; /* for the submissions' */
    char *program;   /* absolute */
    unsigned array_limit;
    struct submission *submissions;
    size_t submission_count;
    struct slurm_job **waiting; /* to be submitted */
    size_t waiting_count;
    struct slurm_job **ended; /* to be handed out, the last first */
    size_t ended_count;
    struct slurm_job *found;                      /* of an earlier process and not asked for yet, by name */
    double submitted, looked, listed, progressed; /* when */
    double look_seconds;                          /* how long looking took */
    bool silent;                                  /* Slurm does not answer, which has been said */
    char reason[80];                              /* for which tasks wait, as it has been said */
};

/* Puts a job at the end of a list. -1 after a message. */
int slurm_list_add(struct slurm_job ***list, size_t *count, struct slurm_job *job);

void slurm_job_free(struct slurm_job *job);

/* Takes in what the tasks have written. -1 after a message. */
int slurm_look(struct slurm_pool *slurm);

/*
 * Asks Slurm for the tasks. The jobs of those that are gone end as lost, or
 * wait again when they had not begun. -1 after a message.
 */
int slurm_ask(struct slurm_pool *slurm);

/* Takes over what an earlier process has left in the directory. -1 after a message. */
int slurm_take_over(struct slurm_pool *slurm);

/* Gives up all submissions: cancels what Slurm still has of them and removes their files. */
void slurm_give_up(struct slurm_pool *slurm);

/* Adds an empty submission; the name is taken over. NULL: out of memory. */
struct submission *slurm_add_submission(struct slurm_pool *slurm, char *directory);

/* Says something on stderr, in place of a progress line. */
__attribute__((format(printf, 1, 2))) void slurm_notice(const char *format, ...);

#endif
