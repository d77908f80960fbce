/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes the directory, those above it, and logs/ in it. */
static int make_directory(const char *directory)
{
    char *path;
    int failed = 0;

    if (asprintf(&path, "%s/logs", directory) < 0)
        return -1;
    for (char *slash = strchr(path + 1, '/'); !failed; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
            failed = -1;
        }
        if (slash == NULL)
            break;
        *slash = '/';
    }
    free(path);
    return failed;
}

/* Two of them in one directory would be in each other's way. The lock goes with the process. */
static int lock_directory(const char *directory)
{
    char *path;
    int lock;

    if (asprintf(&path, "%s/lock", directory) < 0)
        return -1;
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "%s: another regression or campaign is at work there\n", directory);
        close(lock);
        lock = -1;
    }
    free(path);
    return lock;
}

int regress_directory_open(const char *directory)
{
    return make_directory(directory) == 0 ? lock_directory(directory) : -1;
}
