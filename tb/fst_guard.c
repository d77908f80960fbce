/* SPDX-License-Identifier: Apache-2.0 */
#include "fst_guard.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

enum { EXIT_DAMAGED = 2 };
/* Processor time after which it is no longer believed to end: reading takes a second for some ten megabytes.
 */
enum { PATIENCE_SECONDS = 10, BYTES_A_SECOND = 1000000 };

static char message[PATH_MAX + 32];
static volatile sig_atomic_t guarded;
static struct {
    int number;
    struct sigaction before;
} signals[] = {
    {.number = SIGSEGV}, {.number = SIGBUS}, {.number = SIGFPE}, {.number = SIGABRT}, {.number = SIGVTALRM}};

enum { SIGNALS = sizeof(signals) / sizeof(signals[0]) };

static void give_up(int number)
{
    (void)number;
    ssize_t written = write(STDERR_FILENO, message, strlen(message));
    (void)written;
    _exit(EXIT_DAMAGED);
}

static void at_exit(void)
{
    if (guarded)
        give_up(0);
}

static void set_timer(time_t seconds)
{
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){.it_value = {.tv_sec = seconds}}, NULL);
}

void fst_guard_begin(const char *path)
{
    static bool registered;
    struct sigaction action = {.sa_handler = give_up};
    struct stat status;

    if (!registered)
        registered = atexit(at_exit) == 0;
    snprintf(message, sizeof(message), "%s: is damaged\n", path);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaction(signals[i].number, &action, &signals[i].before);
    set_timer(PATIENCE_SECONDS + (stat(path, &status) == 0 ? status.st_size / BYTES_A_SECOND : 0));
    guarded = true;
}

void fst_guard_end(void)
{
    guarded = false;
    set_timer(0);
    for (unsigned i = 0; i < SIGNALS; i++)
        sigaction(signals[i].number, &signals[i].before, NULL);
}

static bool read_length(FILE *file, uint64_t *length)
{
    *length = 0;
    for (unsigned i = 0; i < 8; i++) {
        int byte = getc(file);
        if (byte == EOF)
            return false;
        *length = *length << 8 | (unsigned)byte;
    }
    return true;
}

/* Why it is none, or NULL. Each block is a byte with its type, its length behind that byte, its contents. */
static const char *fault_of(FILE *file)
{
    enum {
        HEADER = 0,
        HEADER_LENGTH = 329,
        GEOMETRY = 3,
        HIERARCHY = 4,
        HIERARCHY_LZ4 = 6,
        HIERARCHY_LZ4_TWICE
    };
    bool geometry = false, hierarchy = false;
    uint64_t length, at = 0;
    off_t size;

    if (fseeko(file, 0, SEEK_END) || (size = ftello(file)) < 0 || fseeko(file, 0, SEEK_SET))
        return strerror(errno);
    while (at < (uint64_t)size) {
        int type = getc(file);
        bool known = type != EOF && read_length(file, &length);
        if (at == 0 && (!known || type != HEADER || length != HEADER_LENGTH))
            return "is not an FST file";
        if (!known || length < 8 || length > (uint64_t)size - at - 1)
            return "is not a whole FST file";
        geometry |= type == GEOMETRY;
        hierarchy |= type == HIERARCHY || type == HIERARCHY_LZ4 || type == HIERARCHY_LZ4_TWICE;
        at += 1 + length;
        if (fseeko(file, (off_t)at, SEEK_SET))
            return strerror(errno);
    }
    return size == 0 ? "is empty" : geometry && hierarchy ? NULL : "is not a whole FST file";
}

int fst_check(const char *path, const char *name)
{
    struct stat status;
    FILE *file = fopen(path, "r"); /* works for a directory too */
    const char *fault = !file                                                          ? strerror(errno)
                        : fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode) ? strerror(EISDIR)
                                                                                       : fault_of(file);

    if (fault)
        fprintf(stderr, "%s: %s\n", name, fault);
    if (file)
        fclose(file);
    return fault ? -1 : 0;
}
