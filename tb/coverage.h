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

const struct coverage_points *coverage_points(const struct coverage *coverage);

#endif
