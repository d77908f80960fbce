/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An L2 TLB, or the half of a split one: an array for 4 KiB pages that may
 * hold 2 MiB pages too, or one of its own for those, and a fully associative
 * one for 1 GiB pages. The C twin of rtl/l2_tlb.sv. The pipeline in front of
 * it is miss_queue's; the arrays are read in the lookup's last cycle.
 *
 * Pages of a size without an array are not kept. An invalidation by address
 * takes one cycle, any other one sweeps a set of each array per cycle.
 */
#ifndef TWINWALK_L2_TLB_H
#define TWINWALK_L2_TLB_H

#include "tlb_array.h"

enum { L2_ARRAYS = 3 };

struct l2_tlb {
    struct tlb_array array[L2_ARRAYS]; /* by page size; shared: the first has both 4 KiB and 2 MiB */
    bool shared_2m;
};

struct l2_geometry {
    bool shared_2m;
    uint32_t sets[L2_ARRAYS], ways[L2_ARRAYS]; /* sets[2] is 1 */
    enum replacement_policy policy;
};

/* Returns -1 when memory is short. */
int l2_tlb_init(struct l2_tlb *l2, const struct l2_geometry *geometry);
void l2_tlb_free(struct l2_tlb *l2);

/*
 * A lookup in its last cycle and the mark it leaves at the clock edge.
 * true: hit, with *tag and *data of the entry.
 */
bool l2_tlb_lookup(struct l2_tlb *l2, uint64_t vpn, unsigned pcid, uint64_t *tag, uint64_t *data);

/* The clock edge of a fill. */
void l2_tlb_fill(struct l2_tlb *l2, uint64_t tag, uint64_t data);

/*
 * The clock edge of an invalidation's first cycle: the 1 GiB array as a whole,
 * and with INV_ADDRESS the sets that can hold the page.
 */
void l2_tlb_invalidate(struct l2_tlb *l2, unsigned flags, uint64_t vpn, unsigned pcid);

/* The clock edge of a sweep's cycle. */
void l2_tlb_sweep(struct l2_tlb *l2, uint32_t set, unsigned flags, unsigned pcid);

/* Cycles of a sweep: the sets of the larger array. */
uint32_t l2_tlb_sweep_cycles(const struct l2_tlb *l2);

#endif
