/* SPDX-License-Identifier: Apache-2.0 */
/* Carries out a plan: starts the runs, collects their results. */
#ifndef TWINWALK_REGRESS_RUN_H
#define TWINWALK_REGRESS_RUN_H

#include <stdbool.h>

#include "job_pool.h"
#include "regress_plan.h"
#include "regress_result.h"

struct regress_options {
    const struct plan *plan;
    const char *directory; /* existing; gets the database and, in logs/, what failing runs say */
    const char *program;   /* as the user calls it, for the commands that repeat a run */
    struct job_pool *pool; /* for the runs; with none in it */
    bool coverage;         /* functional coverage of each run, in logs/ of the directory */
    bool progress;         /* a line on stderr that tells how far it is */
};

enum regress_end { REGRESS_DONE, REGRESS_INTERRUPTED, REGRESS_FAILED };

/*
 * Does all runs of the plan whose results the database does not have, and adds
 * the results of all to the list: also of those done earlier, and what there is
 * when interrupted. REGRESS_FAILED after a message: the regression itself could
 * not go on.
 */
enum regress_end regress_run(const struct regress_options *options, struct result_list *results);

#endif
