/* SPDX-License-Identifier: Apache-2.0 */
/* What a random stimulus (random_open) has done so far; for tests of it. */
#ifndef TWINWALK_RANDOM_STIMULUS_H
#define TWINWALK_RANDOM_STIMULUS_H

#include <stdint.h>

#include "random_tables.h"
#include "stimulus.h"

/* How the addresses of a phase follow each other. */
enum random_phase {
    PHASE_QUIET,   /* no accesses */
    PHASE_BURST,   /* to a few pages: hits, merges */
    PHASE_STRIDE,  /* page after page: misses, walk-cache hits */
    PHASE_WIDE,    /* to any page */
    PHASE_CHANGED, /* to pages that software has just changed */
    PHASE_COUNT
};

struct random_counts {
    uint64_t accesses;
    uint64_t phases[PHASE_COUNT];
    uint64_t changes[CHANGE_COUNT];
};

/* `stimulus` is one made by random_open. */
struct random_counts random_counts(const struct stimulus *stimulus);

#endif
