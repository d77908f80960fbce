/* SPDX-License-Identifier: Apache-2.0 */
/* The campaign: mutants against the runs of a plan, one after the other, until a run catches them. */
#ifndef TWINWALK_MUTATE_RUN_H
#define TWINWALK_MUTATE_RUN_H

#include <stdbool.h>

#include "mutant.h"
#include "regress_plan.h"

/* Who looks: the runs of the plan with engine lockstep, and those with engine rtl. */
enum half { HALF_LOCKSTEP, HALF_JUDGE, HALVES };

enum fate {
    FATE_OPEN,    /* not run, or not to the end */
    FATE_ALIVE,   /* all runs passed */
    FATE_CAUGHT,  /* a run failed */
    FATE_INVALID, /* the RTL with it does not build */
};

struct mutant_outcome {
    bool brief; /* set by the caller: thought to pass, so that its first two series are enough */
    enum fate fate;
    const struct series *series; /* caught: of the run */
    uint64_t seed;
    char kind[16]; /* caught: as of a regression's failure */
    char signature[200];
    uint64_t cycle;
};

struct mutate_options {
    const struct plan *plan;
    const char *directory;
    unsigned jobs, chunk; /* at a time; mutants in one build at most */
    bool progress;
};

enum mutate_end { MUTATE_DONE, MUTATE_INTERRUPTED, MUTATE_FAILED };

/*
 * Runs `count` mutants of the list against one half of the plan; outcomes[i] is
 * of mutants[i]. What the directory's database has is not run again.
 */
enum mutate_end mutate_run(const struct mutate_options *options, const struct mutant_list *list,
                           const struct mutant *const *mutants, size_t count, enum half half,
                           struct mutant_outcome *outcomes);

/* Whether the plan's series belongs to that half. */
bool mutate_series_of(const struct series *series, enum half half);

#endif
