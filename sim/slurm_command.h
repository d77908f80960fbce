/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the Slurm pool: Slurm's commands, run and read. */
#ifndef TWINWALK_SLURM_COMMAND_H
#define TWINWALK_SLURM_COMMAND_H

#include <stdbool.h>

#include "job_pool_private.h"

/*
 * Runs a command found in PATH and waits for its end, out of reach of the
 * terminal's Ctrl-C. *output: what it printed, errors too, to be freed, also
 * when it failed; NULL: out of memory. Returns its exit status, 127 when it
 * could not be run, -1 when it was killed.
 */
int slurm_command(const struct job_pool *pool, const char *const *argv, char **output);

/* Processors of the nodes that are up. -1 after a message: no Slurm, or no such node. */
int slurm_processors(const struct job_pool *pool);

/* Tasks that one array may have. */
unsigned slurm_array_limit(const struct job_pool *pool);

/* Whether the controller can be reached. */
bool slurm_answers(const struct job_pool *pool);

/* One task as squeue lists it; the strings last until the visitor returns. */
struct slurm_listed {
    const char *name;   /* of the job array */
    unsigned id, index; /* of the array, and of the task in it */
    const char *state;  /* PENDING, RUNNING, COMPLETED, ... */
    const char *reason; /* why it does not run */
    bool over;          /* the state is a last one */
};

/* Calls `visit` for all tasks of this user, also for those that ended lately. false: Slurm does not answer.
 */
bool slurm_list(const struct job_pool *pool, void (*visit)(void *context, const struct slurm_listed *listed),
                void *context);

#endif
