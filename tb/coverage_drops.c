/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: what invalidations find in the arrays, drop and keep. */
#include "coverage_sampler.h"

/* Value of dimension `flush`. */
static unsigned flush_kind(const struct coverage *c, const struct control *control)
{
    if (control->dropping)
        return COVER_flush_drop;
    switch (c->op) {
    case COVER_op_cr0_paging_off:
        return COVER_flush_cr0_paging_off;
    case COVER_op_cr3:
        return COVER_flush_cr3;
    case COVER_op_cr4_flush:
        return COVER_flush_cr4_flush;
    case COVER_op_cr4_smep:
        return COVER_flush_cr4_smep;
    case COVER_op_efer_nxe:
        return COVER_flush_efer_nxe;
    default:
        return c->op - COVER_op_invlpg + COVER_flush_invlpg;
    }
}

/* What an invalidation did to one TLB. */
struct drops {
    unsigned fragments[COVER_size_COUNT]; /* entries dropped, by the size of their page */
};

static unsigned effect_of(uint64_t tag, unsigned current, bool dropped)
{
    unsigned drops = tag & TAG_GLOBAL                                ? COVER_effect_drops_global
                     : (tag & TAG_PCID) >> TAG_PCID_SHIFT == current ? COVER_effect_drops_current
                                                                     : COVER_effect_drops_other_pcid;
    return dropped ? drops : drops - COVER_effect_drops_current + COVER_effect_keeps_current;
}

/* Value of dimension `page_flush`, or its COUNT. */
static unsigned page_flush_of(unsigned flush)
{
    switch (flush) {
    case COVER_flush_invlpg:
        return COVER_page_flush_invlpg;
    case COVER_flush_address:
        return COVER_page_flush_address;
    case COVER_flush_address_other:
        return COVER_page_flush_address_other;
    case COVER_flush_drop:
        return COVER_page_flush_drop;
    default:
        return COVER_page_flush_COUNT;
    }
}

static void sample_dropped(struct coverage *c, unsigned array, uint32_t entry, unsigned flush, uint64_t vpn,
                           struct drops *drops)
{
    const struct tlb_array *a = c->arrays[array].array;
    unsigned page_flush = page_flush_of(flush), size = x86_tag_size(a->tag[entry]);
    cover_dropped_way(c, array, coverage_way_value(entry - tlb_array_set(a, entry) * a->ways));
    if (array >= COVER_array_pde || page_flush == COVER_page_flush_COUNT)
        return;
    drops[coverage_store_of(array)].fragments[size]++;
    bool as_cached = (a->tag[entry] & TAG_VPN) == vpn || size == PAGE_4K;
    cover_inv_page(c, page_flush, coverage_store_of(array), size,
                   as_cached ? COVER_part_as_cached : COVER_part_elsewhere);
}

/* An entry that the invalidation looks at: what becomes of it, a bit of dimension `effect`. */
static uint32_t sample_entry(struct coverage *c, unsigned array, uint32_t entry,
                             const struct invalidation *inv, unsigned flush, unsigned current,
                             struct drops *drops)
{
    const struct tlb_array *a = c->arrays[array].array;
    bool walk_cache = array >= COVER_array_pde;
    uint64_t tag = a->tag[entry];
    bool dropped = x86_invalidates(walk_cache ? inv->walk_flags : inv->flags, inv->vpn, inv->pcid, tag,
                                   walk_cache ? a->grain : 0);
    if (dropped)
        sample_dropped(c, array, entry, flush, inv->vpn, drops);
    return 1u << effect_of(tag, current, dropped);
}

enum { SETS_OF_FLUSH = 8, WHOLE_FLUSHES = 64 };

/* Entries of larger pages: they may lie in any set. */
static bool has_fragments(const struct tlb_array *a)
{
    return (a->grain < GRAIN_1G && a->count[PAGE_1G]) || (a->grain == GRAIN_4K && a->count[PAGE_2M]);
}

/*
 * The sets that an invalidation is watched in; returns how many. By address
 * they are those that it looks at, or all of an L1 array with fragments; of a
 * flush of an L2 TLB some, other ones each time, or all while it is one of the
 * first of its kind.
 */
static unsigned sets_of(const struct coverage *c, const struct tlb_array *a, unsigned array,
                        const struct invalidation *inv, uint32_t sets[SETS_OF_FLUSH])
{
    bool both = a->grain == GRAIN_4K_2M;
    if (!(inv->flags & INV_ADDRESS)) {
        for (uint32_t i = 0; i < SETS_OF_FLUSH; i++)
            sets[i] = (c->broadcasts * SETS_OF_FLUSH + i) & (a->sets - 1);
        return a->sets < SETS_OF_FLUSH ? a->sets : SETS_OF_FLUSH;
    }
    if (array < COVER_array_l2_4k && (a->grain == GRAIN_OWN || has_fragments(a)))
        return 0;
    sets[0] = (uint32_t)(inv->vpn >> (9 * (both ? PAGE_4K : a->grain))) & (a->sets - 1);
    sets[1] = (uint32_t)(inv->vpn >> (9 * PAGE_2M)) & (a->sets - 1);
    return both && sets[0] != sets[1] ? 2 : 1;
}

static void sample_array(struct coverage *c, unsigned array, const struct invalidation *inv, unsigned flush,
                         unsigned current, struct drops *drops)
{
    const struct tlb_array *a = c->arrays[array].array;
    unsigned store = array >= COVER_array_pde ? COVER_structure_walk_cache : coverage_store_of(array);
    bool large = array >= COVER_array_l2_4k && array < COVER_array_pde && c->flushes[flush] == WHOLE_FLUSHES;
    uint32_t effects = 0, sets[SETS_OF_FLUSH];
    unsigned count = large || ((inv->flags & INV_ADDRESS) && array < COVER_array_pde)
                         ? sets_of(c, a, array, inv, sets)
                         : 0;
    for (unsigned s = 0; s < count; s++)
        for (uint32_t entry = sets[s] * a->ways; entry < (sets[s] + 1) * a->ways; entry++)
            if (tlb_array_valid(a, entry))
                effects |= sample_entry(c, array, entry, inv, flush, current, drops);
    for (uint32_t word = 0; !count && word <= (a->sets * a->ways - 1) / 64; word++)
        for (uint64_t left = a->valid[word]; left; left &= left - 1)
            effects |= sample_entry(c, array, word * 64 + (uint32_t)__builtin_ctzll(left), inv, flush,
                                    current, drops);
    for (; effects; effects &= effects - 1)
        cover_inv_effect(c, flush, store, coverage_lowest(effects));
}

static void sample_sizes(struct coverage *c, unsigned page_flush, const struct drops *drops)
{
    for (unsigned tlb = 0; tlb < COVER_tlb_COUNT; tlb++) {
        const unsigned *count = drops[tlb].fragments;
        for (unsigned small = PAGE_4K; small < PAGE_1G; small++)
            for (unsigned large = small + 1; large <= PAGE_1G; large++)
                if (count[small] && count[large] && coverage_holds_sizes(c->params, tlb, small + large - 1))
                    cover_multi_size(c, tlb, small + large - 1, COVER_alias_event_dropped);
        if (tlb > COVER_tlb_l1d)
            continue;
        for (unsigned size = PAGE_2M; size <= PAGE_1G; size++)
            if (count[size] > 1)
                cover_inv_fragments(c, page_flush, tlb, size - PAGE_2M);
    }
}

void coverage_sample_drops(struct coverage *c, const struct mmu *mmu, const struct invalidation *inv)
{
    struct drops drops[COVER_tlb_COUNT] = {0};
    unsigned flush = flush_kind(c, &mmu->control);
    c->broadcasts++;
    c->flushes[flush] += c->flushes[flush] < WHOLE_FLUSHES;
    for (unsigned array = 0; array < COVERAGE_ARRAYS; array++)
        if (c->arrays[array].array)
            sample_array(c, array, inv, flush, mmu->context.pcid, drops);
    if (page_flush_of(flush) < COVER_page_flush_COUNT)
        sample_sizes(c, page_flush_of(flush), drops);
}

void coverage_sample_sweep(struct coverage *c, const struct mmu *mmu)
{
    static const uint8_t arrays[COVER_swept_COUNT] = {COVER_array_l2_4k, COVER_array_l2_2m,
                                                      COVER_array_l2i_4k, COVER_array_l2i_2m};
    const struct control *control = &mmu->control;
    for (unsigned i = 0; i < COVER_swept_COUNT; i++) {
        const struct tlb_array *a = c->arrays[arrays[i]].array;
        uint32_t set = control->sweep_set;
        if (!a || set >= a->sets)
            continue;
        for (uint32_t entry = set * a->ways; entry < (set + 1) * a->ways; entry++)
            if (tlb_array_valid(a, entry) &&
                x86_invalidates(control->flags, 0, control->pcid, a->tag[entry], 0)) {
                cover_sweep_set(c, i,
                                set == 0             ? COVER_set_first
                                : set == a->sets - 1 ? COVER_set_last
                                                     : COVER_set_middle);
                break;
            }
    }
}
