/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshots.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEPT = 2 };

/* A snapshot sleeps in reading from `pipe`, whose other end only this process has: at our end it reads no
 * order. */
struct snapshot {
    pid_t process;
    int pipe;
};

struct snapshots {
    struct snapshot kept[KEPT]; /* the oldest first */
    unsigned count;
    bool refused;
};

struct snapshots *snapshots_create(void)
{
    return calloc(1, sizeof(struct snapshots));
}

static int wait_for(pid_t process)
{
    int status;
    pid_t ended;
    do
        ended = waitpid(process, &status, 0);
    while (ended < 0 && errno == EINTR);
    return ended == process && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void end(const struct snapshot *snapshot)
{
    close(snapshot->pipe);
    kill(snapshot->process, SIGKILL);
    wait_for(snapshot->process);
}

void snapshots_destroy(struct snapshots *snapshots)
{
    if (!snapshots)
        return;
    for (unsigned i = 0; i < snapshots->count; i++)
        end(&snapshots->kept[i]);
    free(snapshots);
}

static bool read_order(int pipe, char *order, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(pipe, order + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

/* In the snapshot. */
static void sleep_until_woken(struct snapshots *snapshots, pid_t parent, const int *ends, void *order,
                              size_t size)
{
    for (unsigned i = 0; i < snapshots->count; i++)
        close(snapshots->kept[i].pipe);
    snapshots->count = 0;
    close(ends[1]);
    /* When it is at work our end must be its end too; it then gets the time to remove what it was writing. */
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || !read_order(ends[0], order, size))
        _exit(0);
    close(ends[0]);
}

bool snapshots_take(struct snapshots *snapshots, void *order, size_t size)
{
    int ends[2];
    pid_t parent = getpid(), process = -1;

    if (snapshots->refused)
        return false;
    if (snapshots->count == KEPT) {
        end(&snapshots->kept[0]);
        memmove(snapshots->kept, snapshots->kept + 1, (KEPT - 1) * sizeof(*snapshots->kept));
        snapshots->count--;
    }
    if (pipe2(ends, O_CLOEXEC) == 0) {
        process = fork();
        if (process == 0) {
            sleep_until_woken(snapshots, parent, ends, order, size);
            return true;
        }
        close(ends[0]);
        if (process < 0)
            close(ends[1]);
    }
    if (process < 0) {
        fprintf(stderr, "twinwalk: no more snapshots of the run: %s\n", strerror(errno));
        snapshots->refused = true;
        return false;
    }
    snapshots->kept[snapshots->count++] = (struct snapshot){.process = process, .pipe = ends[1]};
    return false;
}

int snapshots_wake(struct snapshots *snapshots, const void *order, size_t size)
{
    struct snapshot oldest = snapshots->kept[0];

    if (snapshots->count == 0)
        return -1;
    for (unsigned i = 1; i < snapshots->count; i++)
        end(&snapshots->kept[i]);
    snapshots->count = 0;
    /* One that was killed by somebody must not take this process along. */
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    bool told = write(oldest.pipe, order, size) == (ssize_t)size;
    signal(SIGPIPE, before);
    close(oldest.pipe);
    int status = wait_for(oldest.process);
    return told ? status : -1;
}
