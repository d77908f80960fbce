/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: what an invalidation overtakes, and how far that is. */
#include "coverage_sampler.h"

/* Value of dimension `overtaking`, or its COUNT: a register write, which has nothing under way. */
static unsigned overtaking_kind(const struct coverage *c, const struct control *control)
{
    if (control->dropping)
        return COVER_overtaking_drop;
    switch (c->op) {
    case COVER_op_invlpg:
    case COVER_op_address:
    case COVER_op_address_other:
    case COVER_op_context:
    case COVER_op_context_other:
    case COVER_op_all:
    case COVER_op_nonglobal:
        return c->op - COVER_op_invlpg + COVER_overtaking_invlpg;
    default:
        return COVER_overtaking_COUNT;
    }
}

static void sample_states(struct coverage *c, const struct mmu *mmu, unsigned kind, uint32_t entries)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;
    uint32_t with_result = w->result_valid ? 1u << w->result_id : 0;
    const uint32_t states[] = {
        [COVER_entry_found_pend] = mq->pend,
        [COVER_entry_found_merged] = mq->merged,
        [COVER_entry_found_lookup] = mq->lookup,
        [COVER_entry_found_walk_pend] = mq->walk_pend,
        [COVER_entry_found_walk] = mq->walk & ~with_result,
        [COVER_entry_found_answer] = mq->answer,
    };
    for (unsigned i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (states[i] & entries)
            cover_overtaken_access(c, kind, i);
    if (with_result & entries)
        cover_overtaken_access(c, kind,
                               w->result_fault == FAULT_NONE   ? COVER_entry_found_result_translation
                               : w->result_fault == FAULT_PAGE ? COVER_entry_found_result_page_fault
                                                               : COVER_entry_found_result_machine_check);
}

static void sample_pipeline(struct coverage *c, const struct miss_queue *mq, unsigned kind, uint32_t entries)
{
    for (unsigned stage = 0; stage < mq->latency; stage++) {
        unsigned id = mq->pipe_id >> (ENTRY_ID_BITS * stage) & (MISS_QUEUE_MAX - 1);
        unsigned left = mq->latency - 1u - stage;
        if ((mq->pipe_valid >> stage & 1) && (entries >> id & 1))
            cover_overtaken_lookup(c, kind, coverage_capped(left, COVER_cycles_left_COUNT - 1));
    }
}

static unsigned moment_of(const struct coverage *c, const struct page_walker *w, const struct mmu_in *in,
                          unsigned walker)
{
    if (w->request >> walker & 1)
        return COVER_moment_wanted;
    if (w->memory_valid && w->memory.tag == walker)
        return c->taking ? COVER_moment_taken : COVER_moment_offered;
    if (in->mem_resp_valid && in->mem_resp.tag == walker)
        return COVER_moment_response;
    uint64_t since = c->cycle - c->walks[walker].taken;
    return since <= 3 ? COVER_moment_memory_1 + (unsigned)since - 1 : COVER_moment_memory_later;
}

static void sample_walks(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in, unsigned kind,
                         uint32_t entries)
{
    const struct page_walker *w = &mmu->page_walker;
    bool disturbs = kind != COVER_overtaking_address_other && kind != COVER_overtaking_context_other;
    unsigned given_up = 0;
    bool exchanging = false;
    for (uint8_t left = w->request | w->wait; left; left &= (uint8_t)(left - 1)) {
        unsigned i = coverage_lowest(left);
        bool exchange = w->exchange >> i & 1;
        if (!(entries >> w->entry_id[i] & 1))
            continue;
        cover_overtaken_walk(c, kind, w->level[i] - 1u, exchange, moment_of(c, w, in, i));
        given_up++;
        exchanging |= exchange && w->wait >> i & 1;
    }
    if (given_up && disturbs)
        cover_overtaken_walks(c, kind, coverage_capped(given_up, COVER_walks_given_up_COUNT) - 1, exchanging);
}

/* The invalidation would drop a translation with that tag. */
static unsigned match_of(const struct invalidation *inv, uint64_t tag)
{
    return x86_invalidates(inv->flags, inv->vpn, inv->pcid, tag, 0) ? COVER_match_same : COVER_match_other;
}

static void sample_refills(struct coverage *c, const struct mmu *mmu, const struct invalidation *inv,
                           unsigned kind)
{
    const struct page_walker *w = &mmu->page_walker;
    unsigned array;
    uint32_t entry;
    if (c->looked_up != NO_ENTRY && coverage_find_l2(c, mmu, (unsigned)c->looked_up, &array, &entry)) {
        const struct tlb_array *a = c->arrays[array].array;
        if (miss_queue_l2_verdict(&mmu->miss_queue, &mmu->context, (unsigned)c->looked_up, true,
                                  a->data[entry]) == L2_ANSWERS)
            cover_overtaken_refill(c, kind, COVER_refill_l2_hit, match_of(inv, a->tag[entry]));
    }
    if (w->result_valid && w->result_fault == FAULT_NONE)
        cover_overtaken_refill(c, kind, COVER_refill_result, match_of(inv, w->result_tag));
    if (c->filled && c->filled_cycle + 1 == c->cycle)
        cover_overtaken_refill(c, kind, COVER_refill_before, match_of(inv, c->filled_tag));
}

void coverage_sample_overtaken(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    uint64_t fault_va = mq->va[mmu->page_walker.result_id];
    struct invalidation inv = control_invalidation(&mmu->control, fault_va);
    unsigned kind = overtaking_kind(c, &mmu->control);

    coverage_sample_drops(c, mmu, &inv);
    c->broadcast = true;
    c->broadcast_cycle = c->cycle;
    c->broadcast_kind = (uint8_t)kind;
    c->broadcast_inv = inv;
    if (kind == COVER_overtaking_COUNT)
        return;
    uint32_t entries = miss_queue_valid(mq);
    if (kind == COVER_overtaking_drop)
        entries = miss_queue_same_gib(mq, fault_va) & ~(1u << mmu->page_walker.result_id);
    sample_states(c, mmu, kind, entries);
    sample_pipeline(c, mq, kind, entries);
    sample_walks(c, mmu, in, kind, entries);
    sample_refills(c, mmu, &inv, kind);
}
