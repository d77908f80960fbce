/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cycle after acceptance: every port's access is looked up in its L1 TLB
 * and answered, or enters the miss queue at the clock edge. The C twin of
 * rtl/lookup_stage.sv.
 */
#ifndef TWINWALK_LOOKUP_STAGE_H
#define TWINWALK_LOOKUP_STAGE_H

#include "mmu_state.h"

/* A fill of an L1 TLB: what the L2 TLB or a walk found. */
struct l1_fill {
    bool valid, fetch;
    uint64_t tag, data;
};

/* The accesses accepted at this clock edge become those looked up. */
void lookup_stage_accept(struct mmu *mmu, const struct mmu_in *in);

/* Looks up: answers go to mmu->out, the rest to mmu->miss. Nothing changes but memos. */
void lookup_stage_look_up(struct mmu *mmu);

/* The L1 TLBs' clock edge without an invalidation: hits are marked, *fill is filled. */
void lookup_stage_clock(struct mmu *mmu, const struct l1_fill *fill);

/* The L1 TLBs' clock edge of an invalidation; hits are marked. */
void lookup_stage_invalidate(struct mmu *mmu, const struct invalidation *inv);

/* lookup_stage_clock with no fill where every lookup was answered, and its statistics. */
void lookup_stage_mark_hits(struct mmu *mmu);

/* Statistics of the lookups, at their clock edge. */
void lookup_stage_count(struct mmu *mmu);

/* Entries of the L1 TLBs or control registers changed: memos are void. */
void lookup_stage_forget(struct mmu *mmu);

#endif
