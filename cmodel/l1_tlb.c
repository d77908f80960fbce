/* SPDX-License-Identifier: Apache-2.0 */
#include "l1_tlb.h"

int l1_tlb_init(struct l1_tlb *l1, const struct l1_geometry *geometry)
{
    int failed = 0;
    for (unsigned i = 0; i < L1_ARRAYS; i++) {
        bool exists = i == 0 || !geometry->unified;
        failed |= tlb_array_init(&l1->array[i], geometry->unified ? 1 : geometry->sets[i],
                                 exists ? geometry->ways[i] : 0,
                                 geometry->unified ? GRAIN_OWN : (enum granularity)i, geometry->policy);
    }
    return failed;
}

void l1_tlb_free(struct l1_tlb *l1)
{
    for (unsigned i = 0; i < L1_ARRAYS; i++)
        tlb_array_free(&l1->array[i]);
}

/* The array that keeps pages of that size, whole or in fragments. */
static unsigned array_for(const struct l1_tlb *l1, unsigned size)
{
    while (size > 0 && l1->array[size].ways == 0)
        size--;
    return size;
}

static void clock_array(struct l1_tlb *l1, unsigned i, const struct l1_hit *hits, unsigned ports, bool fill,
                        uint64_t tag, uint64_t data)
{
    int found[MMU_MAX_PORTS];
    bool any = fill;
    for (unsigned port = 0; port < ports; port++) {
        found[port] = hits[port].array == (int)i ? hits[port].entry : TLB_MISS;
        any |= found[port] != TLB_MISS;
    }
    if (any)
        tlb_array_clock(&l1->array[i], found, ports, fill, tag, data);
}

void l1_tlb_clock(struct l1_tlb *l1, const struct l1_hit *hits, unsigned ports, bool fill, uint64_t tag,
                  uint64_t data)
{
    unsigned target = array_for(l1, x86_tag_size(tag));
    for (unsigned i = 0; i < L1_ARRAYS; i++)
        clock_array(l1, i, hits, ports, fill && i == target, tag, data);
}

void l1_tlb_invalidate(struct l1_tlb *l1, const struct l1_hit *hits, unsigned ports, unsigned flags,
                       uint64_t vpn, unsigned pcid)
{
    for (unsigned i = 0; i < L1_ARRAYS; i++) {
        clock_array(l1, i, hits, ports, false, 0, 0);
        if (l1->array[i].ways)
            tlb_array_invalidate(&l1->array[i], flags, vpn, pcid);
    }
}
