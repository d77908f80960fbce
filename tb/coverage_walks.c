/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: walks, their responses and ends, the memory channel. */
#include "coverage_sampler.h"

/* A response to a walk that goes on, and what its entry says. */
struct response_view {
    unsigned walker, level, attr;
    bool was_exchange;
    uint64_t entry;
    unsigned kind;   /* x86_entry_kind */
    uint64_t rights; /* data word of the leaf, or rights of the path */
    unsigned denied; /* x86_denied of a leaf */
};

static uint64_t frame_bits(const struct translation_context *context)
{
    return ((1ull << 52) - 1) & ~((1ull << context->maxphyaddr) - 1);
}

/* Bits 13 to 29 or 20 of a large page's entry, which its alignment leaves 0. */
static uint64_t alignment_bits(uint64_t entry, unsigned level, bool leaf)
{
    if (!leaf || level == 1)
        return 0;
    return entry & (level == 2 ? 0x1fe000 : 0x3fffe000);
}

static uint64_t reserved_bits(const struct response_view *r, const struct translation_context *context,
                              uint64_t by_cause[COVER_reserved_COUNT])
{
    bool ps = r->level >= 4 || (r->level == 3 && !context->gib_pages);
    by_cause[COVER_reserved_frame] = r->entry & frame_bits(context);
    by_cause[COVER_reserved_nx] = context->mode & MODE_NXE ? 0 : r->entry & ENTRY_NX;
    by_cause[COVER_reserved_ps] = ps ? r->entry & ENTRY_PS : 0;
    by_cause[COVER_reserved_alignment] = alignment_bits(r->entry, r->level, r->kind & ENTRY_IS_LEAF);
    return by_cause[0] | by_cause[1] | by_cause[2] | by_cause[3];
}

/* Value of dimension `bit` of a reserved bit, or its COUNT. */
static unsigned bit_value(unsigned bit)
{
    if (bit == 7)
        return COVER_bit_ps;
    if (bit == 63)
        return COVER_bit_nx;
    if (bit >= 13 && bit <= 29)
        return COVER_bit_13 + bit - 13;
    return bit >= 40 ? COVER_bit_40 + bit - 40 : COVER_bit_COUNT;
}

static void sample_reserved(struct coverage *c, const struct response_view *r,
                            const struct translation_context *context)
{
    uint64_t by_cause[COVER_reserved_COUNT], all = reserved_bits(r, context, by_cause);
    bool leaf = r->kind & ENTRY_IS_LEAF;
    for (unsigned cause = 0; cause < COVER_reserved_COUNT; cause++)
        if (by_cause[cause])
            cover_fault_reserved(c, r->level - 1, leaf ? COVER_entry_kind_leaf : COVER_entry_kind_table,
                                 cause, coverage_access(r->attr));
    if (!(all & (all - 1))) {
        unsigned bit = bit_value((unsigned)__builtin_ctzll(all));
        if (bit < COVER_bit_COUNT)
            cover_reserved_bit(c, r->level - 1, bit);
    }
    cover_update_refused(c, leaf ? COVER_refused_reserved_leaf : COVER_refused_reserved_table, r->level - 1,
                         r->entry & ENTRY_A ? COVER_accessed_set : COVER_accessed_clear);
}

/* Each reason by itself, after SDM 4.6. */
static void sample_denied(struct coverage *c, const struct response_view *r,
                          const struct translation_context *context)
{
    unsigned kind = r->attr & ATTR_KIND, size = r->level - 1, access = coverage_access(r->attr);
    bool user = r->attr & ATTR_USER, us = r->rights & DATA_US, write = kind == ACCESS_WRITE;
    bool fetch = kind == ACCESS_FETCH, wp = user || (context->mode & MODE_WP);
    bool open = (r->attr & ATTR_AC) && !(r->attr & ATTR_IMPLICIT);
    uint32_t keys =
        us ? (context->mode & MODE_PKE ? context->pkru : 0) : (context->mode & MODE_PKS ? context->pkrs : 0);
    unsigned key = keys >> (2 * ((r->rights >> DATA_PKEY_SHIFT) & 0xf)) & 3;
    const bool reasons[COVER_denied_COUNT] = {
        [COVER_denied_supervisor_page] = user && !us,
        [COVER_denied_smap] = !user && us && !fetch && (context->mode & MODE_SMAP) && !open,
        [COVER_denied_smep] = !user && us && fetch && (context->mode & MODE_SMEP),
        [COVER_denied_read_only] = write && !(r->rights & DATA_RW) && wp,
        [COVER_denied_nx] = fetch && (r->rights & DATA_NX),
        [COVER_denied_key_access] = !fetch && (key & 1),
        [COVER_denied_key_write] = write && (key & 2) && wp,
    };
    for (unsigned reason = 0; reason < COVER_denied_COUNT; reason++)
        if (reasons[reason])
            cover_fault_denied(c, reason, size, access);
    cover_update_refused(c, COVER_refused_denied, size,
                         r->entry & ENTRY_A ? COVER_accessed_set : COVER_accessed_clear);
}

static unsigned code_access(unsigned attr)
{
    return (attr & ATTR_KIND) * 2 + !(attr & ATTR_USER);
}

/* The response ends the walk with a page fault. */
static void sample_fault(struct coverage *c, const struct response_view *r,
                         const struct translation_context *context)
{
    unsigned class = COVER_fault_class_protection, end = COVER_end_denied;
    if (!(r->kind & ENTRY_IS_PRESENT)) {
        class = COVER_fault_class_not_present;
        end = COVER_end_not_present;
        cover_fault_not_present(c, r->level - 1, coverage_access(r->attr));
    } else if (r->kind & ENTRY_IS_RESERVED) {
        class = COVER_fault_class_reserved;
        end = COVER_end_reserved;
        sample_reserved(c, r, context);
    } else {
        if (r->denied & DENIED_BY_KEY)
            class = COVER_fault_class_key;
        sample_denied(c, r, context);
    }
    cover_error_code(c, class, code_access(r->attr), !!(context->mode & MODE_NXE),
                     !!(context->mode & MODE_SMEP));
    c->walks[r->walker].fault = (uint8_t)end;
}

static void sample_exchange(struct coverage *c, const struct page_walker *w, const struct response_view *r,
                            unsigned end, const struct translation_context *context)
{
    uint64_t set = w->desired[r->walker] ^ w->expected[r->walker];
    unsigned kind = x86_entry_kind(w->desired[r->walker], r->level, context->mode, context->maxphyaddr,
                                   context->gib_pages);
    unsigned bits = COVER_ad_bits_a_of_table;
    if (kind & ENTRY_IS_LEAF)
        bits = set == ENTRY_A   ? COVER_ad_bits_a_of_leaf
               : set == ENTRY_D ? COVER_ad_bits_d_of_leaf
                                : COVER_ad_bits_a_and_d_of_leaf;
    cover_exchange(c, r->level - 1, bits, end, r->attr & ATTR_KIND);
}

/* What take_response in page_walker.c makes of it. */
static void sample_response(struct coverage *c, const struct mmu *mmu, const struct mem_resp *resp)
{
    const struct page_walker *w = &mmu->page_walker;
    const struct translation_context *context = &mmu->context;
    unsigned i = resp->tag;
    struct response_view r = {
        .walker = i, .level = w->level[i], .attr = w->attr[i], .was_exchange = w->exchange >> i & 1};
    bool from_cache = w->from_cache >> i & 1;

    if (resp->error) {
        cover_bus_error(c, r.level - 1, r.was_exchange ? COVER_request_exchange : COVER_request_read,
                        from_cache ? COVER_from_walk_cache : COVER_from_root, r.attr & ATTR_KIND);
        if (r.was_exchange)
            sample_exchange(c, w, &r, COVER_exchange_end_error, context);
        return;
    }
    if (r.was_exchange)
        sample_exchange(c, w, &r, resp->exchanged ? COVER_exchange_end_won : COVER_exchange_end_lost,
                        context);
    if (r.was_exchange && !resp->exchanged) {
        c->walks[i].again = COVER_again_lost;
        return;
    }
    r.entry = r.was_exchange ? w->desired[i] : resp->data;
    r.kind = x86_entry_kind(r.entry, r.level, context->mode, context->maxphyaddr, context->gib_pages);
    bool leaf = r.kind & ENTRY_IS_LEAF;
    bool usable = (r.kind & ENTRY_IS_PRESENT) && !(r.kind & ENTRY_IS_RESERVED);
    r.rights = x86_accumulate(w->table[i] & DATA_RIGHTS, r.entry, context->mode);
    if (leaf) {
        r.rights = x86_leaf_data(r.entry, r.level, r.rights);
        r.denied = x86_denied(r.rights, r.attr, context->mode, context->pkru, context->pkrs);
    }
    if (usable && (r.entry & ENTRY_G))
        cover_global_bit(c, r.level - 1, leaf ? COVER_entry_kind_leaf : COVER_entry_kind_table,
                         !!(context->mode & MODE_PGE));
    if (usable && leaf)
        coverage_sample_rights(c, COVER_place_walk, r.rights, r.attr, context);
    if (usable && !r.denied)
        return;
    if (from_cache)
        c->walks[i].again = COVER_again_confirming;
    else
        sample_fault(c, &r, context);
}

static void sample_drained(struct coverage *c, const struct mmu *mmu, const struct mem_resp *resp)
{
    const struct page_walker *w = &mmu->page_walker;
    const struct control *control = &mmu->control;
    bool exchange = w->exchange >> resp->tag & 1;
    unsigned drained = exchange ? COVER_drained_exchange_lost : COVER_drained_read;
    if (resp->error)
        drained = exchange ? COVER_drained_exchange_error : COVER_drained_read_error;
    else if (exchange && resp->exchanged)
        drained = COVER_drained_exchange_won;
    cover_drained_walk(c, drained, w->request | w->wait ? COVER_meanwhile_others : COVER_meanwhile_none,
                       control->state != CONTROL_IDLE ? COVER_operating_yes : COVER_operating_no);
}

static void sample_channel(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct page_walker *w = &mmu->page_walker;
    if (w->memory_valid && !c->taking) {
        cover_channel(c, w->memory.exchange ? COVER_channel_exchange_refused : COVER_channel_request_refused);
        if (c->cycle - c->request_offered >= 8)
            cover_channel(c, COVER_channel_request_refused_long);
    }
    if (c->taking && c->responding)
        cover_channel(c, COVER_channel_response_with_request);
    if (!in->mem_resp_valid)
        return;
    if (w->result_valid)
        cover_channel(c, COVER_channel_held_by_result);
    if (mmu->control.state == CONTROL_BROADCAST)
        cover_channel(c, COVER_channel_held_by_broadcast);
    for (uint8_t left = w->wait | w->drain; left && c->responding; left &= (uint8_t)(left - 1)) {
        unsigned other = coverage_lowest(left);
        bool in_memory = !(w->memory_valid && w->memory.tag == other);
        if (in_memory && c->walks[other].taken < c->walks[c->responder].taken)
            cover_channel(c, COVER_channel_out_of_order);
    }
}

/* A walk begins at this clock edge: what the walk caches have for it, deepest first. */
void coverage_sample_walk_caches(struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;
    bool may_start = mq->walk_pend && page_walker_idle(w) && !page_walker_draining_exchange(w) &&
                     mmu->control.state != CONTROL_BROADCAST;
    int id = may_start ? miss_queue_walk_candidate(mq) : NO_ENTRY;
    if (id == NO_ENTRY || mq->from_root >> id & 1)
        return;
    uint64_t vpn = x86_vpn(mq->va[id]);
    for (unsigned i = 0; i < x86_levels(mmu->context.mode) - 1; i++) {
        const struct tlb_array *a = c->arrays[COVER_array_pde + i].array;
        int entry = a ? tlb_array_search(a, vpn, mmu->context.pcid) : TLB_MISS;
        if (entry != TLB_MISS) {
            coverage_sample_hit_entry(c, mmu, COVER_array_pde + i, (uint32_t)entry);
            return;
        }
        if (a)
            coverage_sample_near(c, mmu, COVER_array_pde + i, vpn);
    }
}

void coverage_sample_memory(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct page_walker *w = &mmu->page_walker;
    sample_channel(c, mmu, in);
    if (c->responding && w->drain >> c->responder & 1)
        sample_drained(c, mmu, &in->mem_resp);
    else if (c->responding)
        sample_response(c, mmu, &in->mem_resp);
    if (c->taking)
        c->walks[w->memory.tag].taken = c->cycle;
}

static void sample_concurrent(struct coverage *c, const struct page_walker *w, unsigned started)
{
    unsigned access = coverage_access(w->attr[started]);
    for (uint8_t left = (w->request | w->wait) & (uint8_t) ~(1u << started); left;
         left &= (uint8_t)(left - 1)) {
        unsigned other = coverage_lowest(left);
        cover_concurrent(c, access, coverage_access(w->attr[other]),
                         x86_vpn(w->va[other]) == x86_vpn(w->va[started]) ? COVER_same_page_same
                                                                          : COVER_same_page_other);
    }
}

static void sample_start(struct coverage *c, const struct mmu *mmu, unsigned i)
{
    const struct page_walker *w = &mmu->page_walker;
    struct coverage_walk *walk = &c->walks[i];
    unsigned access = coverage_access(w->attr[i]), start = COVER_start_root;
    if (w->from_cache >> i & 1)
        start = COVER_start_pde - (w->level[i] - 1u);
    else if (mmu->miss_queue.from_root >> w->entry_id[i] & 1)
        start = COVER_start_confirming;
    cover_walk_start(c, start, mmu->context.mode & MODE_LA57 ? COVER_levels_5 : COVER_levels_4,
                     w->attr[i] & ATTR_KIND);
    unsigned busy = (unsigned)__builtin_popcount(w->request | w->wait);
    cover_walkers_busy(c, coverage_capped(busy, COVER_walkers_busy_COUNT) - 1,
                       mmu->miss_queue.walk_pend ? COVER_more_wait_yes : COVER_more_wait_no);
    if (walk->walked)
        cover_walker_reuse(c, walk->access, access);
    sample_concurrent(c, w, i);
    walk->start = (uint8_t)start;
    walk->again = COVER_again_no;
    walk->access = (uint8_t)access;
    walk->walked = true;
}

static void sample_end(struct coverage *c, const struct mmu *mmu)
{
    const struct page_walker *w = &mmu->page_walker;
    const struct coverage_walk *walk = &c->walks[c->responder];
    unsigned end = walk->fault, outcome = COVER_outcome_page_fault;
    if (w->result_fault == FAULT_NONE) {
        uint8_t *last = &c->last_size[COVER_size_place_walk][0];
        end = COVER_end_4k + x86_tag_size(w->result_tag);
        outcome = COVER_outcome_translation;
        if (*last)
            cover_size_after_size(c, COVER_size_place_walk, *last - 1u, end - COVER_end_4k);
        *last = (uint8_t)(end - COVER_end_4k + 1);
    } else if (w->result_fault == FAULT_MACHINE_CHECK) {
        end = COVER_end_machine_check;
        outcome = COVER_outcome_machine_check;
    }
    cover_walk_end(c, walk->start, walk->again, end);
    if (walk->start == COVER_start_confirming)
        cover_confirmation(c, mmu->miss_queue.skip_l2 >> w->result_id & 1 ? COVER_denier_l1 : COVER_denier_l2,
                           outcome);
    else if (walk->again == COVER_again_confirming)
        cover_confirmation(c, COVER_denier_walk_cache, outcome);
}

void coverage_sample_walks_after(struct coverage *c, const struct mmu *mmu)
{
    const struct page_walker *w = &mmu->page_walker;
    uint8_t active = c->walker.request | c->walker.wait | c->walker.drain;
    uint8_t started = w->request & (uint8_t)~active;
    if (started)
        sample_start(c, mmu, coverage_lowest(started));
    if (w->result_valid && !c->walker.result_valid)
        sample_end(c, mmu);
    if (w->memory_valid && (!c->walker.memory_valid || c->taking)) {
        c->request_offered = c->cycle + 1;
        if (c->taking)
            cover_channel(c, COVER_channel_request_after_request);
    }
}
