/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a trace out of the log of a program that runs under
 * `valgrind --tool=lackey --trace-mem=yes --trace-syscalls=yes`: the mappings that
 * it started with come from /proc, those that it makes later from its system
 * calls, and its stack grows as it is used.
 */
#ifndef TWINWALK_CAPTURE_H
#define TWINWALK_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct capture {
    pid_t pid;                                       /* of the program */
    int log;                                         /* a pipe, whose other end the program has alone */
    const char *output;                              /* path of the trace */
    uint64_t skip;                                   /* as many accesses are left out first */
    uint64_t accesses;                               /* no more are written; UINT64_MAX: no bound */
    const volatile sig_atomic_t *stop;               /* the trace is to end here, once this is not 0 */
    void (*progress)(const struct capture *capture); /* called now and then, unless NULL */

    /* what came of it */
    uint64_t seen, written;
    uint64_t outside; /* accesses written that no mapping covers */
    char became[128]; /* what execve() put in the program's place, "": nothing; it is not traced */
    bool complete;    /* the bound was reached: the program may run still */
};

/* false after a message on stderr; there is no trace then. */
bool capture_run(struct capture *capture);

#endif
