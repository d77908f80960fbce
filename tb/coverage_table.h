/* SPDX-License-Identifier: Apache-2.0 */
/* The points of functional coverage, as coverage.def lists them. See docs/coverage.md. */
#ifndef TWINWALK_COVERAGE_TABLE_H
#define TWINWALK_COVERAGE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "params.h"

/* COVER_<dimension>_<value>, and COVER_<dimension>_COUNT of them. */
#define COVER_DIMENSION(dimension, meaning) enum {
#define COVER_VALUE(dimension, value)       COVER_##dimension##_##value,
#define COVER_DIMENSION_END(dimension)                                                                       \
    COVER_##dimension##_COUNT                                                                                \
    }                                                                                                        \
    ;
#include "coverage.def"

enum coverage_group {
#define COVER_GROUP1(name, a, text)                COVERAGE_##name,
#define COVER_GROUP2(name, a, b, text)             COVERAGE_##name,
#define COVER_GROUP3(name, a, b, c, text)          COVERAGE_##name,
#define COVER_GROUP4(name, a, b, c, d, text)       COVERAGE_##name,
#define COVER_GROUP5(name, a, b, c, d, e, text)    COVERAGE_##name,
#define COVER_GROUP6(name, a, b, c, d, e, f, text) COVERAGE_##name,
#include "coverage.def"
    COVERAGE_GROUPS
};

/* A number for each point, group by group; the last dimension varies fastest. */
struct coverage_points {
#define COVER_SIZE(dimension)             COVER_##dimension##_COUNT
#define COVER_GROUP1(name, a, text)       uint32_t name[COVER_SIZE(a)];
#define COVER_GROUP2(name, a, b, text)    uint32_t name[COVER_SIZE(a) * COVER_SIZE(b)];
#define COVER_GROUP3(name, a, b, c, text) uint32_t name[COVER_SIZE(a) * COVER_SIZE(b) * COVER_SIZE(c)];
#define COVER_GROUP4(name, a, b, c, d, text)                                                                 \
    uint32_t name[COVER_SIZE(a) * COVER_SIZE(b) * COVER_SIZE(c) * COVER_SIZE(d)];
#define COVER_GROUP5(name, a, b, c, d, e, text)                                                              \
    uint32_t name[COVER_SIZE(a) * COVER_SIZE(b) * COVER_SIZE(c) * COVER_SIZE(d) * COVER_SIZE(e)];
#define COVER_GROUP6(name, a, b, c, d, e, f, text)                                                           \
    uint32_t                                                                                                 \
        name[COVER_SIZE(a) * COVER_SIZE(b) * COVER_SIZE(c) * COVER_SIZE(d) * COVER_SIZE(e) * COVER_SIZE(f)];
#include "coverage.def"
};

enum {
    COVERAGE_POINTS = sizeof(struct coverage_points) / sizeof(uint32_t),
    COVERAGE_MAX_DIMENSIONS = 6,
    COVERAGE_NAME_BYTES = 160, /* enough for any point's name */
};

struct coverage_dimension {
    const char *name, *meaning;
    const char *const *values;
    unsigned count;
};

struct coverage_group_info {
    const char *name, *text;
    const struct coverage_dimension *dimensions[COVERAGE_MAX_DIMENSIONS];
    unsigned dimension_count;
    unsigned first, count; /* among all points */
};

const struct coverage_group_info *coverage_group(unsigned group);
int coverage_find_group(const char *name); /* -1: there is none */

/* The group that a point is in, and its value in each dimension. */
unsigned coverage_group_of(unsigned point);
void coverage_values(unsigned point, unsigned values[COVERAGE_MAX_DIMENSIONS]);

/* "value/value/..." of a point, without its group; buffer of COVERAGE_NAME_BYTES. */
const char *coverage_point_name(unsigned point, char *buffer);

/* The point of a group with that name, or -1. */
int coverage_find_point(unsigned group, const char *name);

/*
 * Whether a point's values are among those of a pattern (coverage.def). A
 * pattern that is wrong matches nothing; coverage_pattern_error says what is
 * wrong with it, NULL: nothing.
 */
bool coverage_matches(unsigned point, const char *pattern);
const char *coverage_pattern_error(unsigned group, const char *pattern);

/* Why no stimulus can reach the point; NULL: nothing says so. */
const char *coverage_unreachable(unsigned point);

/* What the point needs that a configuration does not have; NULL: nothing is missing. */
const char *coverage_missing(unsigned point, const struct mmu_params *params);

/* Rules of the table, for checks and documents; false behind the last. */
struct coverage_rule {
    unsigned group;
    const char *pattern, *text;
};
bool coverage_unreachable_rule(unsigned index, struct coverage_rule *rule);
bool coverage_needs_rule(unsigned index, struct coverage_rule *rule);

/* What of a configuration the conditions of coverage.def ask for; arrays as in dimension `array`. */
unsigned coverage_array_ways(const struct mmu_params *p, unsigned array);
unsigned coverage_array_policy(const struct mmu_params *p, unsigned array);
unsigned coverage_first_way(unsigned way_value);
bool coverage_store_exists(const struct mmu_params *p, unsigned store);
bool coverage_tlb_holds(const struct mmu_params *p, unsigned tlb, unsigned size);
bool coverage_holds_sizes(const struct mmu_params *p, unsigned tlb, unsigned sizes);

#endif
