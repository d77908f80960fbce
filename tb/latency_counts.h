/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts of latencies in cycles: each below 64 by itself, those above in ranges
 * of at most 1/32 of their value. Sum and largest are exact.
 */
#ifndef TWINWALK_LATENCY_COUNTS_H
#define TWINWALK_LATENCY_COUNTS_H

#include <stdint.h>

enum {
    LATENCY_EXACT = 64,  /* 0..63 */
    LATENCY_STEPS = 32,  /* ranges in each power of two above */
    LATENCY_POWERS = 26, /* 2^6..2^31; the last range is open */
    LATENCY_RANGES = LATENCY_EXACT + LATENCY_POWERS * LATENCY_STEPS,
};

struct latency_counts {
    uint64_t total, sum, max;
    uint64_t counts[LATENCY_RANGES];
};

static inline unsigned latency_range(uint64_t latency)
{
    unsigned power, range;

    if (latency < LATENCY_EXACT)
        return (unsigned)latency;
    power = 63 - (unsigned)__builtin_clzll(latency);
    range = LATENCY_EXACT + (power - 6) * LATENCY_STEPS +
            (unsigned)(latency >> (power - 5) & (LATENCY_STEPS - 1));
    return range < LATENCY_RANGES ? range : LATENCY_RANGES - 1;
}

static inline void latency_counts_add(struct latency_counts *counts, uint64_t latency, uint64_t times)
{
    counts->total += times;
    counts->sum += latency * times;
    if (times > 0 && latency > counts->max)
        counts->max = latency;
    counts->counts[latency_range(latency)] += times;
}

/* 0 when there are none. */
double latency_counts_mean(const struct latency_counts *counts);

/*
 * The least latency that at least `share` (0 to 1) of them do not exceed, or up
 * to 1/32 more; 0 when there are none.
 */
uint64_t latency_counts_at(const struct latency_counts *counts, double share);

#endif
