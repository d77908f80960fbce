/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: lookups in the L1 and L2 TLBs, and rights wherever they are checked. */
#include "coverage_sampler.h"

void coverage_sample_rights(struct coverage *c, unsigned place, uint64_t data, unsigned attr,
                            const struct translation_context *context)
{
    unsigned kind = attr & ATTR_KIND, who = coverage_who(attr);
    uint32_t mode = context->mode;
    bool us = data & DATA_US, wp = mode & MODE_WP;

    if (kind == ACCESS_FETCH) {
        cover_rights_fetch(c, place, us, !!(data & DATA_NX),
                           who == COVER_who_user ? COVER_fetch_who_user : COVER_fetch_who_supervisor,
                           !!(mode & MODE_SMEP), !!(mode & MODE_NXE));
        return;
    }
    if (kind == ACCESS_WRITE)
        cover_rights_write(c, place, us, !!(data & DATA_RW), who, wp);
    if (who != COVER_who_user)
        cover_rights_smap(
            c, place, us, !!(mode & MODE_SMAP), !!(attr & ATTR_AC),
            (kind == ACCESS_WRITE ? COVER_smap_access_write_supervisor : COVER_smap_access_read_supervisor) +
                (who == COVER_who_implicit));
    uint32_t keys = us ? context->pkru : context->pkrs;
    unsigned key = (unsigned)(data >> DATA_PKEY_SHIFT) & 0xf;
    cover_rights_key(c, place, us, !!(mode & (us ? MODE_PKE : MODE_PKS)), keys >> (2 * key) & 3,
                     coverage_access(attr), wp);
}

/* Other arrays of the same L1 TLB may have the page at another size. */
static void sample_other_sizes(struct coverage *c, unsigned first, unsigned hit_array, unsigned size,
                               uint64_t vpn, unsigned pcid)
{
    for (unsigned i = first; i < first + L1_ARRAYS; i++) {
        const struct tlb_array *a = c->arrays[i].array;
        int entry = a && i != hit_array ? tlb_array_search(a, vpn, pcid) : TLB_MISS;
        if (entry == TLB_MISS)
            continue;
        unsigned other = x86_tag_size(a->tag[entry]);
        unsigned small = size < other ? size : other, large = size < other ? other : size;
        if (small != large)
            cover_multi_size(c, coverage_store_of(first), small + large - 1, COVER_alias_event_hit);
    }
}

static void sample_hit(struct coverage *c, const struct mmu *mmu, unsigned port, bool fetch)
{
    const struct access_req *req = &mmu->lookup[port];
    const struct tlb_array *a = mmu->hit_array[port];
    uint32_t entry = (uint32_t)mmu->hit[port].entry;
    unsigned first = fetch ? COVER_array_l1i_4k : COVER_array_l1d_4k;
    unsigned array = first + (unsigned)mmu->hit[port].array;
    unsigned size = x86_tag_size(a->tag[entry]);
    bool skip_l2 = mmu->skip_l2 >> port & 1, from_root = mmu->from_root >> port & 1;

    cover_tlb_hit(c, fetch ? COVER_tlb_l1i : COVER_tlb_l1d, size,
                  from_root ? COVER_verdict_denied
                  : skip_l2 ? COVER_verdict_not_dirty
                            : COVER_verdict_answers);
    coverage_sample_rights(c, COVER_place_l1, a->data[entry], req->attr, &mmu->context);
    coverage_sample_hit_entry(c, mmu, array, entry);
    sample_other_sizes(c, first, array, size, x86_vpn(req->va), mmu->context.pcid);
}

static void sample_non_canonical(struct coverage *c, const struct mmu *mmu, unsigned port)
{
    const struct access_req *req = &mmu->lookup[port];
    bool five = mmu->context.mode & MODE_LA57;
    unsigned top = five ? 56 : 47, count = 64 - top, odd = COVER_odd_bit_above;
    uint64_t high = req->va >> top;
    if ((unsigned)__builtin_popcountll(high) > count / 2)
        high = ~high & ((1ull << count) - 1);
    unsigned bit = top + (unsigned)__builtin_ctzll(high);
    if (bit == top)
        odd = COVER_odd_bit_first;
    else if (bit == 63)
        odd = COVER_odd_bit_top;
    else if (bit < 56)
        odd = COVER_odd_bit_below_56;
    cover_non_canonical(c, five ? COVER_levels_5 : COVER_levels_4, odd, req->attr & ATTR_KIND);
}

/* What changes from cycle to cycle, of lookups that are the same again, too. */
static void sample_answered(struct coverage *c, const struct mmu *mmu, unsigned port, bool fetch)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    unsigned size = mmu->out.resp[port].size;
    uint8_t *last = &c->last_size[COVER_size_place_l1][port];
    if (*last)
        cover_size_after_size(c, COVER_size_place_l1, *last - 1u, size);
    *last = (uint8_t)(size + 1);
    if (mmu->quiet)
        return;
    bool fault_waiting = mmu->page_walker.result_valid && mmu->page_walker.result_fault == FAULT_PAGE;
    cover_hit_during(c, coverage_control_state(&mmu->control, fault_waiting), size,
                     fetch ? COVER_l1_l1i : COVER_l1_l1d);
    const uint32_t states[COVER_hit_state_COUNT] = {
        [COVER_hit_state_pend] = mq->pend,     [COVER_hit_state_merged] = mq->merged,
        [COVER_hit_state_lookup] = mq->lookup, [COVER_hit_state_walk_pend] = mq->walk_pend,
        [COVER_hit_state_walk] = mq->walk,     [COVER_hit_state_answer] = mq->answer,
    };
    for (unsigned i = 0; i < COVER_hit_state_COUNT; i++)
        if (states[i] & mq->port[port])
            cover_hit_under_miss(c, port, i);
}

static bool seen_lately(struct coverage *c, const struct mmu *mmu, unsigned port)
{
    const struct access_req *req = &mmu->lookup[port];
    uint64_t key = req->va >> 12 << 5 | (req->attr & ATTR_MASK);
    unsigned at = (unsigned)((key >> 5 ^ key >> 9 ^ key) % COVERAGE_SEEN);
    if (c->seen[port][at].key == key && c->seen[port][at].generation == mmu->generation)
        return true;
    c->seen[port][at].key = key;
    c->seen[port][at].generation = mmu->generation;
    return false;
}

static void sample_miss(struct coverage *c, const struct mmu *mmu, unsigned port, bool fetch)
{
    unsigned first = fetch ? COVER_array_l1i_4k : COVER_array_l1d_4k;
    for (unsigned i = first; i < first + L1_ARRAYS; i++)
        if (c->arrays[i].array)
            coverage_sample_near(c, mmu, i, x86_vpn(mmu->lookup[port].va));
}

/* Two data ports that hit in one set in one cycle. */
static void sample_marks(struct coverage *c, const struct mmu *mmu)
{
    for (unsigned one = 1; one < mmu->ports; one++)
        for (unsigned two = one + 1; two < mmu->ports; two++) {
            const struct tlb_array *a = mmu->hit_array[one];
            if (!(mmu->lookup_valid >> one & mmu->lookup_valid >> two & 1) || !a || a != mmu->hit_array[two])
                continue;
            uint32_t x = (uint32_t)mmu->hit[one].entry, y = (uint32_t)mmu->hit[two].entry;
            unsigned array = (unsigned)mmu->hit[one].array;
            if (x == y)
                cover_marks(c, array, COVER_marks_two_hits_one_way);
            else if (tlb_array_set(a, x) == tlb_array_set(a, y))
                cover_marks(c, array, COVER_marks_two_hits_two_ways);
        }
}

void coverage_sample_lookups(struct coverage *c, const struct mmu *mmu)
{
    unsigned count = (unsigned)__builtin_popcount(mmu->lookup_valid);
    cover_lookup_mix(c, count - 1, (unsigned)__builtin_popcount(mmu->miss));
    if (mmu->lookup_valid >> 1 && count > 1)
        sample_marks(c, mmu);
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = coverage_lowest(left);
        bool fetch = port == MMU_PORT_FETCH, answered = mmu->out.resp_valid >> port & 1;
        if (mmu->hit_array[port]) {
            if (answered)
                sample_answered(c, mmu, port, fetch);
            if (!seen_lately(c, mmu, port))
                sample_hit(c, mmu, port, fetch);
        } else if (mmu->miss >> port & 1) {
            sample_miss(c, mmu, port, fetch);
        } else if (mmu->out.resp[port].fault == FAULT_NON_CANONICAL) {
            sample_non_canonical(c, mmu, port);
        }
    }
}

bool coverage_find_l2(const struct coverage *c, const struct mmu *mmu, unsigned id, unsigned *array,
                      uint32_t *entry)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    bool instruction = mmu->split && (mq->attr[id] & ATTR_KIND) == ACCESS_FETCH;
    unsigned first = instruction ? COVER_array_l2i_4k : COVER_array_l2_4k;
    for (unsigned i = first; i < first + L2_ARRAYS; i++) {
        const struct tlb_array *a = c->arrays[i].array;
        int found = a ? tlb_array_search(a, x86_vpn(mq->va[id]), mmu->context.pcid) : TLB_MISS;
        if (found == TLB_MISS)
            continue;
        *array = i;
        *entry = (uint32_t)found;
        return true;
    }
    return false;
}

/* The page may be there at a larger size too. */
static void sample_larger(struct coverage *c, const struct mmu *mmu, unsigned array, unsigned size,
                          uint64_t vpn)
{
    unsigned first = array >= COVER_array_l2i_4k ? COVER_array_l2i_4k : COVER_array_l2_4k;
    for (unsigned larger = size + 1; larger <= PAGE_1G; larger++) {
        const struct tlb_array *own = c->arrays[first + larger].array;
        const struct tlb_array *a = own ? own : larger == PAGE_2M ? c->arrays[first].array : NULL;
        if (!a || (!own && a->grain != GRAIN_4K_2M))
            continue;
        /* In a shared array the search stops at the smaller page: look for the larger one by hand. */
        uint32_t set = own && larger == PAGE_1G ? 0 : (uint32_t)(vpn >> (9 * larger)) & (a->sets - 1);
        for (uint32_t entry = set * a->ways; entry < (set + 1) * a->ways; entry++) {
            uint64_t tag = a->tag[entry], key = vpn | (uint64_t)mmu->context.pcid << TAG_PCID_SHIFT;
            uint64_t compared = TAG_VPN | (tag & TAG_GLOBAL ? 0 : TAG_PCID);
            if (tlb_array_valid(a, entry) && x86_tag_size(tag) == larger &&
                !((tag ^ key) & compared & ~x86_offset_mask(larger)))
                cover_multi_size(c, coverage_store_of(array), size + larger - 1, COVER_alias_event_hit);
        }
    }
}

void coverage_sample_l2(struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    unsigned id = (unsigned)c->looked_up, array;
    uint64_t vpn = x86_vpn(mq->va[id]);
    bool instruction = mmu->split && (mq->attr[id] & ATTR_KIND) == ACCESS_FETCH;
    uint32_t entry;
    if (!coverage_find_l2(c, mmu, id, &array, &entry)) {
        unsigned first = instruction ? COVER_array_l2i_4k : COVER_array_l2_4k;
        for (unsigned i = first; i < first + L2_ARRAYS; i++)
            if (c->arrays[i].array)
                coverage_sample_near(c, mmu, i, vpn);
        return;
    }
    const struct tlb_array *a = c->arrays[array].array;
    unsigned size = x86_tag_size(a->tag[entry]);
    enum l2_verdict verdict = miss_queue_l2_verdict(mq, &mmu->context, id, true, a->data[entry]);
    cover_tlb_hit(c, instruction ? COVER_tlb_l2i : COVER_tlb_l2, size,
                  verdict == L2_ANSWERS     ? COVER_verdict_answers
                  : verdict == L2_NOT_DIRTY ? COVER_verdict_not_dirty
                                            : COVER_verdict_denied);
    coverage_sample_rights(c, COVER_place_l2, a->data[entry], mq->attr[id], &mmu->context);
    coverage_sample_hit_entry(c, mmu, array, entry);
    sample_larger(c, mmu, array, size, vpn);
    if (verdict == L2_ANSWERS) {
        uint8_t *last = &c->last_size[COVER_size_place_l2][0];
        if (*last)
            cover_size_after_size(c, COVER_size_place_l2, *last - 1u, size);
        *last = (uint8_t)(size + 1);
    }
}
