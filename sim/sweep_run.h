/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out a sweep: finds out what is not known yet, has it computed, collects. */
#ifndef TWINWALK_SWEEP_RUN_H
#define TWINWALK_SWEEP_RUN_H

#include "job_pool.h"
#include "sweep_result.h"

struct sweep_options {
    const char *directory; /* existing, with logs/ in it; gets results.db, results.csv, results.json */
    struct job_pool *pool; /* with no job in it */
    bool progress;         /* a line on stderr that tells how far it is */
};

enum sweep_end { SWEEP_DONE, SWEEP_INTERRUPTED, SWEEP_FAILED };

/* What came of it, for the summary and the exit code. */
struct sweep_totals {
    size_t points, runs, done, earlier, failed, invalid, retried;
    size_t verified, agreeing, differing; /* in lockstep; differing: a mismatch, or other statistics */
    size_t externals, externals_failed;   /* evaluations by other programs that are done */
    bool broken, bad_input;               /* any crashed twice; any had bad input or no configuration */
    double accesses, seconds;             /* of this session's runs, one after the other */
};

/* SWEEP_FAILED after a message: the sweep itself could not go on. */
enum sweep_end sweep_run(const struct sweep_options *options, struct sweep_results *results);

struct sweep_totals sweep_totals(const struct sweep_results *results);

#endif
