/* SPDX-License-Identifier: Apache-2.0 */
/* Private to regress_run.c and regress_progress.c: how far a regression is. */
#ifndef TWINWALK_REGRESS_STATE_H
#define TWINWALK_REGRESS_STATE_H

#include <limits.h>

#include "regress_run.h"

enum build_state { BUILD_WANTED, BUILD_RUNNING, BUILD_DONE, BUILD_BROKEN };

/* How far a series is. */
struct progress {
    uint64_t next_seed;
    unsigned running;
    double seconds; /* that its runs have taken */
    bool ended;
};

/* What runs in one job. */
struct work {
    bool used, is_build;
    struct run_result result;
};

struct regress {
    const struct regress_options *options;
    const struct plan *plan;
    struct result_list *results;
    size_t stored; /* results from the first that the database has */
    struct result_db *db;
    struct progress *progress; /* of each series */
    enum build_state *builds;  /* of each RTL build */
    struct work *work;         /* one for each job at a time */
    uint8_t program_digest[DIGEST_BYTES];
    char *program;
    size_t retried, failed;
    double start, shown;
    /* Of runs of this session, for estimates: cycles by their bounds, seconds one after the other. */
    double done_cycles, done_seconds;
};

/* Between two waits for the end of a run, so that the progress line moves. */
static const double regress_progress_seconds = 0.5;

/* What a run counts for in estimates, and how long one may take. */
double regress_expected_cycles(const struct series *series);
double regress_expected_seconds(const struct regress *regress, const struct series *series);

/* With minutes for a bound: no more runs at a time than are needed to fill what is left of them. */
bool regress_has_enough_underway(const struct regress *regress, const struct series *series);

/* The line that tells how far it is, if it is wanted and due. */
void regress_show_progress(struct regress *regress);

#endif
