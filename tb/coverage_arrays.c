/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: fills and replacement, and how near tags come to each other. */
#include "coverage_sampler.h"

#include <stdlib.h>

void coverage_attach(struct coverage *c, const struct mmu *mmu)
{
    const struct tlb_array *arrays[COVERAGE_ARRAYS];
    for (unsigned i = 0; i < L1_ARRAYS; i++) {
        arrays[COVER_array_l1i_4k + i] = &mmu->l1i.array[i];
        arrays[COVER_array_l1d_4k + i] = &mmu->l1d.array[i];
        arrays[COVER_array_l2_4k + i] = &mmu->l2.array[i];
        arrays[COVER_array_l2i_4k + i] = &mmu->l2i.array[i];
    }
    for (unsigned i = 0; i < WALK_CACHES; i++)
        arrays[COVER_array_pde + i] = &mmu->walk_cache.array[i];
    for (unsigned i = 0; i < COVERAGE_ARRAYS; i++) {
        if (!arrays[i]->ways)
            continue;
        c->arrays[i].array = arrays[i];
        c->arrays[i].epochs = calloc((size_t)arrays[i]->sets * arrays[i]->ways, sizeof(uint32_t));
        if (!c->arrays[i].epochs)
            c->arrays[i].array = NULL;
    }
    c->epoch_pcid = mmu->context.pcid;
    c->attached = true;
}

unsigned coverage_store_of(unsigned array)
{
    return array < COVER_array_pde ? array / 3 : COVER_store_pde + array - COVER_array_pde;
}

unsigned coverage_way_value(unsigned way)
{
    if (way < 16)
        return way;
    return way < 32 ? COVER_way_16_to_31 : way < 64 ? COVER_way_32_to_63 : COVER_way_64_up;
}

static uint64_t sum(const uint64_t counts[3])
{
    return counts[0] + counts[1] + counts[2];
}

static uint64_t entries_of(const struct tlb_array *a)
{
    return (uint64_t)a->count[0] + a->count[1] + a->count[2];
}

/* The arrays that the clock edge may fill, a bit each. */
static uint32_t arrays_to_fill(const struct coverage *c, const struct mmu *mmu)
{
    const uint32_t three = 7, walk_caches = 15;
    unsigned id = c->looking_up ? (unsigned)c->looked_up : c->walker.result_id;
    bool fetch = (mmu->miss_queue.attr[id] & ATTR_KIND) == ACCESS_FETCH;
    uint32_t arrays = c->responding ? walk_caches << COVER_array_pde : 0;
    if (c->looking_up || c->finishing)
        arrays |= three << (fetch ? COVER_array_l1i_4k : COVER_array_l1d_4k);
    if (c->finishing)
        arrays |= three << (fetch && mmu->split ? COVER_array_l2i_4k : COVER_array_l2_4k);
    return arrays;
}

void coverage_sample_fills_before(struct coverage *c, const struct mmu *mmu)
{
    c->to_fill = arrays_to_fill(c, mmu);
    for (uint32_t left = c->to_fill; left; left &= left - 1) {
        struct coverage_array *shadow = &c->arrays[coverage_lowest(left)];
        const struct tlb_array *a = shadow->array;
        if (!a)
            continue;
        shadow->lfsr = a->lfsr;
        shadow->evictions = sum(a->evictions);
        shadow->entries = entries_of(a);
    }
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        c->hits[port] = c->lookup_valid >> port & 1 ? mmu->hit[port] : (struct l1_hit){TLB_MISS, TLB_MISS};
}

static void sample_l1_fill(struct coverage *c, unsigned array, uint32_t entry)
{
    const struct tlb_array *a = c->arrays[array].array;
    c->filled = true;
    c->filled_cycle = c->cycle;
    c->filled_tag = a->tag[entry];
    if (c->broadcast && c->broadcast_cycle + 1 == c->cycle && c->broadcast_kind < COVER_overtaking_COUNT) {
        const struct invalidation *inv = &c->broadcast_inv;
        bool same = x86_invalidates(inv->flags, inv->vpn, inv->pcid, a->tag[entry], 0);
        cover_overtaken_refill(c, c->broadcast_kind, COVER_refill_after,
                               same ? COVER_match_same : COVER_match_other);
    }
}

/* A hit of a data port in the set that is filled in the same cycle. */
static void sample_hit_and_fill(struct coverage *c, unsigned array, uint32_t entry)
{
    const struct tlb_array *a = c->arrays[array].array;
    for (unsigned port = 1; port < MMU_MAX_PORTS; port++)
        if (c->hits[port].array == (int)(array - COVER_array_l1d_4k) &&
            tlb_array_set(a, (uint32_t)c->hits[port].entry) == tlb_array_set(a, entry))
            cover_marks(c, array - COVER_array_l1d_4k, COVER_marks_hit_and_fill);
}

static void sample_fill(struct coverage *c, unsigned array)
{
    struct coverage_array *shadow = &c->arrays[array];
    const struct tlb_array *a = shadow->array;
    /* Of an L1 TLB the hint may be that of a lookup since. */
    uint32_t entry =
        array <= COVER_array_l1d_1g ? (uint32_t)tlb_array_search(a, c->fill_vpn, c->epoch_pcid) : a->hint;
    if (sum(a->evictions) != shadow->evictions) {
        cover_fill_way(c, array, COVER_fill_place_victim);
        cover_replaced_way(c, array, coverage_way_value(entry - tlb_array_set(a, entry) * a->ways));
        cover_victim_policy(c, array, a->replacement.policy);
    } else {
        cover_fill_way(c, array,
                       entries_of(a) > shadow->entries ? COVER_fill_place_invalid
                                                       : COVER_fill_place_overlapping);
    }
    shadow->epochs[entry] = c->epoch;
    if (array <= COVER_array_l1d_1g)
        sample_l1_fill(c, array, entry);
    if (array >= COVER_array_l1d_4k && array <= COVER_array_l1d_1g)
        sample_hit_and_fill(c, array, entry);
}

void coverage_sample_fills_after(struct coverage *c, const struct mmu *mmu)
{
    const struct page_walker *w = &mmu->page_walker;
    uint8_t active = c->walker.request | c->walker.wait | c->walker.drain;
    uint8_t started = w->request & (uint8_t)~active & w->from_cache;
    for (uint32_t left = c->to_fill; left; left &= left - 1) {
        unsigned i = coverage_lowest(left);
        const struct tlb_array *a = c->arrays[i].array;
        if (!a || a->lfsr == c->arrays[i].lfsr)
            continue;
        sample_fill(c, i);
        /* A walk that begins in a walk cache reads the level below. */
        if (i >= COVER_array_pde && started && w->level[coverage_lowest(started)] - 1u == i - COVER_array_pde)
            cover_walk_cache_use_and_fill(c, i - COVER_array_pde);
    }
}

void coverage_sample_hit_entry(struct coverage *c, const struct mmu *mmu, unsigned array, uint32_t entry)
{
    const struct coverage_array *shadow = &c->arrays[array];
    uint64_t tag = shadow->array->tag[entry];
    if (!(tag & TAG_GLOBAL))
        cover_kept_entry(c, coverage_store_of(array),
                         shadow->epochs[entry] == c->epoch ? COVER_stay_in_this_stay
                                                           : COVER_stay_in_an_earlier_stay);
    else
        cover_global_hit(c, coverage_store_of(array), x86_tag_size(tag),
                         (tag & TAG_PCID) >> TAG_PCID_SHIFT == mmu->context.pcid
                             ? COVER_filled_in_same_pcid
                             : COVER_filled_in_other_pcid);
}

/* The entries of one set against an address, for entries of that grain. */
static void near_in_set(struct coverage *c, const struct mmu *mmu, unsigned array, uint32_t set,
                        unsigned grain, uint64_t vpn)
{
    const struct tlb_array *a = c->arrays[array].array;
    unsigned sign = mmu->context.mode & MODE_LA57 ? 44 : 35, store = coverage_store_of(array);
    uint64_t lowest = 1ull << (9 * grain + a->set_bits), top = TAG_VPN & ~((1ull << sign) - 1);
    for (uint32_t entry = set * a->ways; entry < (set + 1) * a->ways; entry++) {
        uint64_t tag = a->tag[entry];
        uint64_t difference = (tag ^ vpn) & TAG_VPN & ~x86_offset_mask(grain);
        if ((difference & (difference - 1)) && (difference & ~top))
            continue; /* most of them */
        if (!tlb_array_valid(a, entry) || (a->grain >= GRAIN_OWN && x86_tag_size(tag) != grain))
            continue;
        bool other_pcid = !(tag & TAG_GLOBAL) && (tag & TAG_PCID) >> TAG_PCID_SHIFT != mmu->context.pcid;
        if (!difference && other_pcid)
            cover_near_miss(c, store, COVER_differs_pcid);
        if (!difference || other_pcid)
            continue;
        if (!(difference & ~top))
            cover_near_miss(c, store, COVER_differs_top_bits);
        else if (difference == lowest)
            cover_near_miss(c, store, COVER_differs_lowest_bit);
        else
            cover_near_miss(c, store, COVER_differs_middle_bit);
    }
}

void coverage_sample_near(struct coverage *c, const struct mmu *mmu, unsigned array, uint64_t vpn)
{
    const struct tlb_array *a = c->arrays[array].array;
    unsigned first = a->grain < GRAIN_OWN ? a->grain : PAGE_4K;
    unsigned last = a->grain < GRAIN_OWN ? a->grain : a->grain == GRAIN_OWN ? PAGE_1G : PAGE_2M;
    for (unsigned grain = first; grain <= last; grain++) {
        uint32_t set = a->grain == GRAIN_OWN ? 0 : (uint32_t)(vpn >> (9 * grain)) & (a->sets - 1);
        near_in_set(c, mmu, array, set, grain, vpn);
    }
}
