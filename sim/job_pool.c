/* SPDX-License-Identifier: Apache-2.0 */
#include "job_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct slot {
    pid_t pid; /* 0: free */
    double start, seconds;
    bool timed_out;
    void *owner;
};

struct job_pool {
    sigset_t waited, before; /* signals waited for; the mask before the pool */
    unsigned size, running;
    bool interrupted;
    struct slot slots[];
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

struct job_pool *job_pool_create(unsigned size)
{
    struct job_pool *pool = calloc(1, sizeof(*pool) + size * sizeof(pool->slots[0]));

    if (pool == NULL)
        return NULL;
    pool->size = size;
    sigemptyset(&pool->waited);
    sigaddset(&pool->waited, SIGCHLD);
    sigaddset(&pool->waited, SIGINT);
    sigaddset(&pool->waited, SIGTERM);
    sigaddset(&pool->waited, SIGHUP);
    sigprocmask(SIG_BLOCK, &pool->waited, &pool->before);
    return pool;
}

void job_pool_destroy(struct job_pool *pool)
{
    const struct timespec at_once = {0};

    if (pool == NULL)
        return;
    for (unsigned i = 0; i < pool->size; i++)
        if (pool->slots[i].pid != 0)
            kill(-pool->slots[i].pid, SIGKILL);
    for (unsigned i = 0; i < pool->size; i++)
        if (pool->slots[i].pid != 0)
            waitpid(pool->slots[i].pid, NULL, 0);
    /* What came while the jobs were being ended is answered by ending, which the caller is about to do. */
    while (sigtimedwait(&pool->waited, NULL, &at_once) > 0)
        ;
    sigprocmask(SIG_SETMASK, &pool->before, NULL);
    free(pool);
}

unsigned job_pool_free(const struct job_pool *pool)
{
    return pool->size - pool->running;
}

static _Noreturn void become_job(const struct job_pool *pool, const struct job *job, pid_t parent)
{
    int log = open(job->log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    int input = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(127);
    if (log < 0 || input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0)
        _exit(127);
    close(log);
    close(input);
    sigprocmask(SIG_SETMASK, &pool->before, NULL);
    execv(job->argv[0], job->argv);
    dprintf(STDERR_FILENO, "%s: %s\n", job->argv[0], strerror(errno));
    _exit(127);
}

int job_pool_start(struct job_pool *pool, const struct job *job)
{
    struct slot *slot = pool->slots;
    pid_t parent = getpid();

    while (slot->pid != 0)
        slot++;
    *slot = (struct slot){.start = now(), .seconds = job->seconds, .owner = job->owner};
    slot->pid = fork();
    if (slot->pid == 0)
        become_job(pool, job, parent);
    if (slot->pid < 0) {
        fprintf(stderr, "%s: %s\n", job->argv[0], strerror(errno));
        slot->pid = 0;
        return -1;
    }
    setpgid(slot->pid, slot->pid); /* here too: it may have to be killed before it has come so far */
    pool->running++;
    return 0;
}

static bool reap(struct job_pool *pool, struct job_end *end)
{
    for (unsigned i = 0; i < pool->size; i++) {
        struct slot *slot = &pool->slots[i];
        int status;

        if (slot->pid == 0 || waitpid(slot->pid, &status, WNOHANG) != slot->pid)
            continue;
        /* A job that died may have left children. */
        kill(-slot->pid, SIGKILL);
        *end = (struct job_end){.owner = slot->owner,
                                .status = status,
                                .seconds = now() - slot->start,
                                .timed_out = slot->timed_out};
        slot->pid = 0;
        pool->running--;
        return true;
    }
    return false;
}

/* Kills the jobs whose time is over; returns when the next one's is, at most `until`. */
static double end_late_jobs(struct job_pool *pool, double until)
{
    double time = now();

    for (unsigned i = 0; i < pool->size; i++) {
        struct slot *slot = &pool->slots[i];

        if (slot->pid == 0 || slot->seconds <= 0 || slot->timed_out)
            continue;
        if (time >= slot->start + slot->seconds) {
            slot->timed_out = true;
            kill(-slot->pid, SIGKILL);
        } else if (slot->start + slot->seconds < until) {
            until = slot->start + slot->seconds;
        }
    }
    return until;
}

enum job_event job_pool_wait(struct job_pool *pool, double seconds, struct job_end *end)
{
    double deadline = now() + seconds;

    while (!pool->interrupted) {
        double left = end_late_jobs(pool, deadline) - now();
        struct timespec timeout = {0};
        int signal;

        if (reap(pool, end))
            return JOB_ENDED;
        if (left > 0)
            timeout = (struct timespec){.tv_sec = (time_t)left,
                                        .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
        signal = sigtimedwait(&pool->waited, NULL, &timeout);
        if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP)
            pool->interrupted = true;
        else if (signal < 0 && errno == EAGAIN && now() >= deadline)
            return JOB_NOTHING;
    }
    return JOB_INTERRUPTED;
}
