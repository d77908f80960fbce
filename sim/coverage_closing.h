/* SPDX-License-Identifier: Apache-2.0 */
/* Runs after each other until nothing is left to cover, steered towards the holes or not. */
#ifndef TWINWALK_COVERAGE_CLOSING_H
#define TWINWALK_COVERAGE_CLOSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "coverage_data.h"

/* How far it was after each run. */
struct closing_step {
    uint64_t cycles; /* of all runs so far */
    unsigned hit;    /* points that can be hit and are */
};

struct closing_curve {
    struct closing_step *steps; /* the first is before any run */
    size_t count;
    unsigned reachable; /* points that can be hit */
};

struct closing_options {
    const char *const *configs; /* as for -c */
    size_t config_count;
    const char *engine;
    const char *directory; /* existing with logs/ in it, for the files of runs */
    uint64_t cycles;       /* of each run */
    uint64_t budget;       /* cycles of all runs */
    uint64_t seed;
    unsigned jobs;
    bool steer;
    bool progress; /* a line on stderr */
};

enum closing_end { CLOSING_DONE, CLOSING_BUDGET, CLOSING_INTERRUPTED, CLOSING_FAILED };

/*
 * Does runs and merges what they cover into `data`. The outcome depends on
 * options and data alone, not on how many jobs there are at a time.
 * CLOSING_FAILED after a message: a run did not pass, or there is no memory.
 */
enum closing_end closing_run(const struct closing_options *options, struct coverage_data *data,
                             struct closing_curve *curve);

void closing_curve_free(struct closing_curve *curve);

/* "closed after 12 runs ..." or how many holes are left. */
void closing_curve_print(const struct closing_curve *curve, FILE *out);

#endif
