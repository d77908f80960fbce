/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functional coverage: watches the C model, cycle by cycle, and counts which
 * points of coverage.def it comes to. It changes nothing. In lockstep the
 * model's state is the RTL's, so a point counts for both.
 */
#ifndef TWINWALK_COVERAGE_H
#define TWINWALK_COVERAGE_H

#include "coverage_table.h"
#include "mmu.h"

struct coverage;

/* For a model of these parameters, in reset. NULL when memory is short. */
struct coverage *coverage_create(const struct mmu_params *params);
void coverage_destroy(struct coverage *coverage);

/* In each cycle, when its inputs are known and before mmu_step or mmu_skip. */
void coverage_before(struct coverage *coverage, const struct mmu *mmu, const struct mmu_in *in,
                     uint64_t cycle);

/* After the mmu_step of that cycle; not after mmu_skip. */
void coverage_after(struct coverage *coverage, const struct mmu *mmu);

/* What is known of each point: how often it was hit, and in which cycle first. */
struct coverage_hits {
    union {
        uint32_t count[COVERAGE_POINTS]; /* stays at UINT32_MAX */
        struct coverage_points of;       /* the same by groups */
    };
    uint64_t first[COVERAGE_POINTS];
};

const struct coverage_hits *coverage_hits(const struct coverage *coverage);

#endif
