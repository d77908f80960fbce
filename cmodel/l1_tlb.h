/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An L1 TLB: an array per page size, or one for all. The C twin of
 * rtl/l1_tlb.sv. Combinational lookup on every port; a page of a size without
 * an array of its own is kept as fragments in the next smaller one. Where two
 * arrays hit (a page was split or promoted without an invalidation), the
 * smaller page answers and is marked as used.
 */
#ifndef TWINWALK_L1_TLB_H
#define TWINWALK_L1_TLB_H

#include "tlb_array.h"

enum { L1_ARRAYS = 3 };

struct l1_tlb {
    struct tlb_array array[L1_ARRAYS]; /* by page size; unified: only the first */
};

/* What one port found. */
struct l1_hit {
    int8_t array;  /* 0..2, or TLB_MISS */
    int32_t entry; /* in that array */
};

/* The geometry of one L1 TLB as in params.def's sections l1i and l1d. */
struct l1_geometry {
    bool unified;
    uint32_t sets[L1_ARRAYS], ways[L1_ARRAYS];
    enum replacement_policy policy;
};

/* Returns -1 when memory is short. */
int l1_tlb_init(struct l1_tlb *l1, const struct l1_geometry *geometry);
void l1_tlb_free(struct l1_tlb *l1);

static inline struct l1_hit l1_tlb_lookup(struct l1_tlb *l1, uint64_t vpn, unsigned pcid)
{
    for (unsigned i = 0; i < L1_ARRAYS; i++) {
        int entry = tlb_array_lookup(&l1->array[i], vpn, pcid);
        if (entry != TLB_MISS)
            return (struct l1_hit){(int8_t)i, entry};
    }
    return (struct l1_hit){TLB_MISS, TLB_MISS};
}

/* The clock edge without an invalidation: marks what `ports` lookups found, fills. */
void l1_tlb_clock(struct l1_tlb *l1, const struct l1_hit *hits, unsigned ports, bool fill, uint64_t tag,
                  uint64_t data);

/* The clock edge of an invalidation; the marks of that cycle's lookups come with it. */
void l1_tlb_invalidate(struct l1_tlb *l1, const struct l1_hit *hits, unsigned ports, unsigned flags,
                       uint64_t vpn, unsigned pcid);

#endif
