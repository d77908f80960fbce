/* SPDX-License-Identifier: Apache-2.0 */
#include "l2_tlb.h"

int l2_tlb_init(struct l2_tlb *l2, const struct l2_geometry *geometry)
{
    int failed = 0;
    l2->shared_2m = geometry->shared_2m;
    for (unsigned i = 0; i < L2_ARRAYS; i++) {
        bool absent = i == PAGE_2M && geometry->shared_2m;
        failed |= tlb_array_init(&l2->array[i], geometry->sets[i], absent ? 0 : geometry->ways[i],
                                 i == PAGE_4K && geometry->shared_2m ? GRAIN_4K_2M : (enum granularity)i,
                                 geometry->policy);
    }
    return failed;
}

void l2_tlb_free(struct l2_tlb *l2)
{
    for (unsigned i = 0; i < L2_ARRAYS; i++)
        tlb_array_free(&l2->array[i]);
}

bool l2_tlb_lookup(struct l2_tlb *l2, uint64_t vpn, unsigned pcid, uint64_t *tag, uint64_t *data)
{
    for (unsigned i = 0; i < L2_ARRAYS; i++) {
        struct tlb_array *a = &l2->array[i];
        int entry = tlb_array_lookup(a, vpn, pcid);
        if (entry == TLB_MISS)
            continue;
        *tag = a->tag[entry];
        *data = a->data[entry];
        tlb_array_digest(a, (uint64_t)entry << 2);
        tlb_array_touch(a, (uint32_t)entry);
        return true;
    }
    return false;
}

void l2_tlb_fill(struct l2_tlb *l2, uint64_t tag, uint64_t data)
{
    unsigned size = x86_tag_size(tag);
    struct tlb_array *a = &l2->array[size == PAGE_2M && l2->shared_2m ? PAGE_4K : size];
    tlb_array_clock(a, NULL, 0, true, tag, data);
}

void l2_tlb_invalidate(struct l2_tlb *l2, unsigned flags, uint64_t vpn, unsigned pcid)
{
    if (l2->array[PAGE_1G].ways)
        tlb_array_invalidate(&l2->array[PAGE_1G], flags, vpn, pcid);
    if (!(flags & INV_ADDRESS))
        return;
    tlb_array_invalidate_address(&l2->array[PAGE_4K], flags, vpn, pcid);
    if (l2->array[PAGE_2M].ways)
        tlb_array_invalidate_address(&l2->array[PAGE_2M], flags, vpn, pcid);
}

void l2_tlb_sweep(struct l2_tlb *l2, uint32_t set, unsigned flags, unsigned pcid)
{
    for (unsigned i = PAGE_4K; i <= PAGE_2M; i++)
        if (l2->array[i].ways)
            tlb_array_invalidate_set(&l2->array[i], set, flags, 0, pcid);
}

uint32_t l2_tlb_sweep_cycles(const struct l2_tlb *l2)
{
    uint32_t sets = l2->array[PAGE_4K].sets;
    return l2->array[PAGE_2M].ways && l2->array[PAGE_2M].sets > sets ? l2->array[PAGE_2M].sets : sets;
}
