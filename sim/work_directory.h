/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a regression, sweep, campaign or closing; the options and pool of the first two. */
#ifndef TWINWALK_WORK_DIRECTORY_H
#define TWINWALK_WORK_DIRECTORY_H

#include <argp.h>
#include <stdbool.h>

struct work_options {
    const char *file;      /* the plan or sweep; NULL: not given yet */
    const char *directory; /* NULL: not given */
    unsigned jobs;         /* 0: not given */
    bool slurm;
};

/* Options -j, --slurm and -o, and the one argument; for children of an argp. Its input is a struct
 * work_options. */
extern const struct argp work_options_argp;

/* BASE/ and the file's name without ending, to be freed; NULL: out of memory. */
char *work_default_directory(const char *base, const char *file);

/*
 * Makes the directory, those above it and `inner` in it, and locks it: two
 * at work there would be in each other's way. Returns a file to be closed, with
 * which the lock goes; -1 after a message. `what` is at work there.
 */
int work_directory_open(const char *directory, const char *inner, const char *what);

struct job_pool;

/* The pool that the options ask for. NULL after a message. */
struct job_pool *work_pool_create(const struct work_options *options);

#endif
