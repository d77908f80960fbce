/* SPDX-License-Identifier: Apache-2.0 */
/* What the model counts (table: stats.def). */
#ifndef TWINWALK_STATS_H
#define TWINWALK_STATS_H

#include <stdint.h>

enum { STAT_BUCKETS = 16 };

struct mmu_stats {
#define STAT(section, name, description)           uint64_t section##_##name;
#define STAT_SIZES(section, name, description)     uint64_t section##_##name[3];
#define STAT_LEVELS(section, name, description)    uint64_t section##_##name[4];
#define STAT_HISTOGRAM(section, name, description) uint64_t section##_##name[STAT_BUCKETS];
#include "stats.def"
};

/* Counts one value in a histogram. */
static inline void stat_sample(uint64_t *histogram, uint64_t value)
{
    unsigned bucket = value ? 64 - (unsigned)__builtin_clzll(value) : 0;
    histogram[bucket < STAT_BUCKETS ? bucket : STAT_BUCKETS - 1]++;
}

#endif
