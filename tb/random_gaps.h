/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long something is away that has the same chance in every cycle: one
 * table look-up instead of a die in each cycle.
 */
#ifndef TWINWALK_RANDOM_GAPS_H
#define TWINWALK_RANDOM_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "random_source.h"

enum { RANDOM_GAP_BITS = 10, RANDOM_GAPS = 1 << RANDOM_GAP_BITS };

struct random_gaps {
    bool never;
    uint16_t cycles[RANDOM_GAPS]; /* ascending; every index is equally likely */
};

/* per_mille: the chance per cycle, 0..1000. */
void random_gaps_set(struct random_gaps *gaps, uint32_t per_mille);

/*
 * Cycles to wait, 0: none. `draw` is a random number of which the low
 * RANDOM_GAP_BITS bits count; more are taken from `source` where needed.
 * UINT64_MAX / 2 with a chance of 0.
 */
static inline uint64_t random_gap(const struct random_gaps *gaps, struct random_source *source, uint64_t draw)
{
    uint64_t sum = 0;
    if (gaps->never)
        return UINT64_MAX / 2;
    for (;;) {
        unsigned i = draw & (RANDOM_GAPS - 1);
        sum += gaps->cycles[i];
        if (i < RANDOM_GAPS - 1)
            return sum;
        draw = random_u64(source); /* beyond the table the wait starts anew: the chance has no memory */
    }
}

#endif
