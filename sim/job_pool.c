/* SPDX-License-Identifier: Apache-2.0 */
/* What all pools have in common. */
#include "job_pool.h"

#include <errno.h>
#include <time.h>

#include "job_pool_private.h"

void job_pool_begin(struct job_pool *pool, const struct job_pool_operations *operations, unsigned size)
{
    pool->operations = operations;
    pool->size = size;
    pool->width = size;
    sigemptyset(&pool->waited);
    sigaddset(&pool->waited, SIGCHLD);
    sigaddset(&pool->waited, SIGINT);
    sigaddset(&pool->waited, SIGTERM);
    sigaddset(&pool->waited, SIGHUP);
    sigprocmask(SIG_BLOCK, &pool->waited, &pool->before);
}

void job_pool_end(struct job_pool *pool)
{
    const struct timespec at_once = {0};

    /* What came while the jobs were being ended is answered by ending, which the caller is about to do. */
    while (sigtimedwait(&pool->waited, NULL, &at_once) > 0)
        ;
    sigprocmask(SIG_SETMASK, &pool->before, NULL);
}

bool job_pool_sleep(struct job_pool *pool, double seconds)
{
    struct timespec timeout = {0};
    int signal;

    if (seconds > 0)
        timeout = (struct timespec){.tv_sec = (time_t)seconds,
                                    .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    signal = sigtimedwait(&pool->waited, NULL, &timeout);
    if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
        pool->interrupted = true;
    return signal >= 0 || errno != EAGAIN;
}

void job_pool_destroy(struct job_pool *pool)
{
    if (pool != NULL)
        pool->operations->destroy(pool);
}

unsigned job_pool_size(const struct job_pool *pool)
{
    return pool->size;
}

unsigned job_pool_width(const struct job_pool *pool)
{
    return pool->width;
}

unsigned job_pool_free(const struct job_pool *pool)
{
    return pool->size - pool->running;
}

int job_pool_start(struct job_pool *pool, const struct job *job)
{
    return pool->operations->start(pool, job);
}

enum job_event job_pool_wait(struct job_pool *pool, double seconds, struct job_end *end)
{
    return pool->operations->wait(pool, seconds, end);
}
