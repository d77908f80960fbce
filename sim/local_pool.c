/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of this machine's processes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job_pool_private.h"
#include "output_file.h"
#include "steady_clock.h"

struct slot {
    pid_t pid; /* 0: free */
    double start, seconds;
    bool timed_out;
    void *owner;
};

struct local_pool {
    struct job_pool pool;
    struct slot slots[];
};

static struct local_pool *local_of(struct job_pool *pool)
{
    return (struct local_pool *)pool;
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
    if (job->run != NULL)
        _exit(job->run(job->owner));
    execv(job->argv[0], job->argv);
    dprintf(STDERR_FILENO, "%s: %s\n", job->argv[0], strerror(errno));
    _exit(127);
}

static int local_start(struct job_pool *pool, const struct job *job)
{
    struct slot *slot = local_of(pool)->slots;
    pid_t parent = getpid();

    while (slot->pid != 0)
        slot++;
    *slot = (struct slot){.start = steady_seconds(), .seconds = job->seconds, .owner = job->owner};
    if (job->results != NULL)
        output_file_remove(job->results);
    slot->pid = fork();
    if (slot->pid == 0)
        become_job(pool, job, parent);
    if (slot->pid < 0) {
        fprintf(stderr, "%s: %s\n", job->run != NULL ? "fork" : job->argv[0], strerror(errno));
        slot->pid = 0;
        return -1;
    }
    setpgid(slot->pid, slot->pid); /* here too: it may have to be killed before it has come so far */
    pool->running++;
    return 0;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static bool reap(struct job_pool *pool, struct job_end *end)
{
    for (unsigned i = 0; i < pool->size; i++) {
        struct slot *slot = &local_of(pool)->slots[i];
        siginfo_t ended = {0};
        struct rusage used;
        int status;

        if (slot->pid == 0 || waitid(P_PID, (id_t)slot->pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            ended.si_pid == 0)
            continue;
        /* A job that died may have left children; until it is waited for, its id is not another's. */
        kill(-slot->pid, SIGKILL);
        if (wait4(slot->pid, &status, 0, &used) != slot->pid)
            continue;
        *end = (struct job_end){.owner = slot->owner,
                                .status = status,
                                .seconds = steady_seconds() - slot->start,
                                .cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime),
                                .memory_kib = used.ru_maxrss,
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
    double time = steady_seconds();

    for (unsigned i = 0; i < pool->size; i++) {
        struct slot *slot = &local_of(pool)->slots[i];

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

static enum job_event local_wait(struct job_pool *pool, double seconds, struct job_end *end)
{
    double deadline = steady_seconds() + seconds;

    while (!pool->interrupted) {
        double left = end_late_jobs(pool, deadline) - steady_seconds();

        if (reap(pool, end))
            return JOB_ENDED;
        if (!job_pool_sleep(pool, left) && steady_seconds() >= deadline)
            return JOB_NOTHING;
    }
    return JOB_INTERRUPTED;
}

static void local_destroy(struct job_pool *pool)
{
    struct slot *slots = local_of(pool)->slots;

    for (unsigned i = 0; i < pool->size; i++)
        if (slots[i].pid != 0)
            kill(-slots[i].pid, SIGKILL);
    for (unsigned i = 0; i < pool->size; i++)
        if (slots[i].pid != 0)
            waitpid(slots[i].pid, NULL, 0);
    job_pool_end(pool);
    free(local_of(pool));
}

struct job_pool *job_pool_create(unsigned size)
{
    static const struct job_pool_operations operations = {
        .start = local_start, .wait = local_wait, .destroy = local_destroy};
    struct local_pool *local = calloc(1, sizeof(*local) + size * sizeof(local->slots[0]));

    if (local == NULL)
        return NULL;
    job_pool_begin(&local->pool, &operations, size);
    return &local->pool;
}
