/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the pools: what each has to provide, and what all have in common. */
#ifndef TWINWALK_JOB_POOL_PRIVATE_H
#define TWINWALK_JOB_POOL_PRIVATE_H

#include <signal.h>

#include "job_pool.h"

struct job_pool_operations {
    int (*start)(struct job_pool *pool, const struct job *job);
    enum job_event (*wait)(struct job_pool *pool, double seconds, struct job_end *end);
    void (*destroy)(struct job_pool *pool); /* before job_pool_end */
};

/* The first member of each pool. */
struct job_pool {
    const struct job_pool_operations *operations;
    sigset_t waited, before; /* signals waited for; the mask before the pool */
    unsigned size, width, running;
    bool interrupted;
};

/* Blocks the signals that are waited for. */
void job_pool_begin(struct job_pool *pool, const struct job_pool_operations *operations, unsigned size);
void job_pool_end(struct job_pool *pool);

/* Sleeps until a signal comes, a child ends or the time is over; sets `interrupted`. false: it is over. */
bool job_pool_sleep(struct job_pool *pool, double seconds);

#endif
