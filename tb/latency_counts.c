/* SPDX-License-Identifier: Apache-2.0 */
#include "latency_counts.h"

#include <math.h>

double latency_counts_mean(const struct latency_counts *counts)
{
    return counts->total > 0 ? (double)counts->sum / (double)counts->total : 0;
}

/* The largest latency of a range. */
static uint64_t last_of(unsigned range)
{
    unsigned power, step;

    if (range < LATENCY_EXACT)
        return range;
    power = 6 + (range - LATENCY_EXACT) / LATENCY_STEPS;
    step = (range - LATENCY_EXACT) % LATENCY_STEPS;
    return ((uint64_t)(LATENCY_STEPS + step + 1) << (power - 5)) - 1;
}

uint64_t latency_counts_at(const struct latency_counts *counts, double share)
{
    uint64_t wanted = (uint64_t)ceil(share * (double)counts->total), seen = 0;

    for (unsigned range = 0; range < LATENCY_RANGES; range++) {
        seen += counts->counts[range];
        if (seen >= wanted && seen > 0)
            return range < LATENCY_RANGES - 1 && last_of(range) < counts->max ? last_of(range) : counts->max;
    }
    return 0;
}
