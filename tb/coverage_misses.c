/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: the miss queue, merging, answers. */
#include "coverage_sampler.h"

/* Why a port takes nothing, a bit for each value of dimension `not_ready`. */
static unsigned reasons_of(const struct mmu *mmu, unsigned port)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    unsigned looking_up = (unsigned)__builtin_popcount(mmu->lookup_valid), reasons = 0;
    if (mmu->control.blocking)
        reasons |= 1u << COVER_not_ready_blocking;
    if (mmu->entries - mmu->used < looking_up + mmu->ports)
        reasons |= 1u << COVER_not_ready_queue;
    if (mq->answer & mq->port[port])
        reasons |= 1u << COVER_not_ready_answer;
    if (port == MMU_PORT_FETCH && mq->fetch_busy)
        reasons |= 1u << COVER_not_ready_fetch_queued;
    if (port == MMU_PORT_FETCH && (mmu->miss & 1u << MMU_PORT_FETCH))
        reasons |= 1u << COVER_not_ready_fetch_missing;
    return reasons;
}

void coverage_sample_queue_before(struct coverage *c, const struct mmu *mmu)
{
    uint8_t not_ready = (uint8_t)(((1u << mmu->ports) - 1) & ~mmu->out.req_ready);
    for (unsigned port = 0; port < mmu->ports; port++) {
        unsigned reasons = not_ready >> port & 1 ? reasons_of(mmu, port) : 0;
        /* Once, however long it lasts. */
        for (unsigned left = reasons & ~c->not_ready[port]; left; left &= left - 1)
            cover_not_ready(c, coverage_lowest(left), port);
        c->not_ready[port] = (uint8_t)reasons;
    }
}

/* Value of dimension `leader_state` of an entry before the clock edge. */
static unsigned leader_state(const struct miss_queue *before, unsigned id)
{
    if (before->lookup >> id & 1)
        return COVER_leader_state_lookup;
    return before->walk_pend >> id & 1 ? COVER_leader_state_walk_pend : COVER_leader_state_walk;
}

static void sample_merge(struct coverage *c, const struct miss_queue *now, unsigned id)
{
    unsigned leader = now->leader[id];
    unsigned kind = now->attr[id] & ATTR_KIND, leader_kind = now->attr[leader] & ATTR_KIND;
    unsigned pair = kind == ACCESS_WRITE          ? COVER_pair_write_write
                    : leader_kind == ACCESS_WRITE ? COVER_pair_write_read
                                                  : COVER_pair_read_read;
    cover_merge(c, leader_state(&c->queue, leader), pair, coverage_who(now->attr[id]));
}

/* Entries for the same page that the issued one did not join. */
static void sample_refusals(struct coverage *c, unsigned id)
{
    const struct miss_queue *before = &c->queue;
    for (uint32_t left = before->lookup | before->walk_pend | before->walk; left; left &= left - 1) {
        unsigned other = coverage_lowest(left), state = leader_state(before, other);
        unsigned attr = before->attr[id], other_attr = before->attr[other];
        unsigned kind = attr & ATTR_KIND, other_kind = other_attr & ATTR_KIND;
        if (x86_vpn(before->va[other]) != x86_vpn(before->va[id]))
            continue;
        if ((int)other == c->looked_up)
            cover_merge_refused(c, state, COVER_merge_refused_by_leaving);
        if ((attr ^ other_attr) & ATTR_USER)
            cover_merge_refused(c, state, COVER_merge_refused_by_user);
        if ((attr ^ other_attr) & ATTR_IMPLICIT)
            cover_merge_refused(c, state, COVER_merge_refused_by_implicit);
        if ((attr ^ other_attr) & ATTR_AC)
            cover_merge_refused(c, state, COVER_merge_refused_by_ac);
        if (kind == ACCESS_WRITE && other_kind == ACCESS_READ)
            cover_merge_refused(c, state, COVER_merge_refused_by_read_write);
        if ((kind == ACCESS_FETCH) != (other_kind == ACCESS_FETCH))
            cover_merge_refused(c, state, COVER_merge_refused_by_fetch);
    }
}

static unsigned followers(const struct miss_queue *mq, unsigned leader)
{
    unsigned count = 0;
    for (uint32_t left = mq->merged; left; left &= left - 1)
        count += mq->leader[coverage_lowest(left)] == leader;
    return count;
}

static void sample_served(struct coverage *c, unsigned leader, unsigned by, unsigned outcome)
{
    unsigned count = followers(&c->queue, leader);
    if (count)
        cover_merged_served(c, by, outcome, coverage_capped(count, COVER_followers_COUNT) - 1);
}

static void sample_completions(struct coverage *c, const struct miss_queue *now)
{
    const struct page_walker *w = &c->walker;
    bool dropping = c->control.state == CONTROL_BROADCAST && c->control.dropping;
    if (c->looking_up && now->answer >> c->looked_up & 1)
        sample_served(c, (unsigned)c->looked_up, COVER_answered_by_l2, COVER_outcome_translation);
    if (c->finishing)
        sample_served(c, w->result_id, COVER_answered_by_walk,
                      w->result_fault == FAULT_NONE ? COVER_outcome_translation
                                                    : COVER_outcome_machine_check);
    else if (dropping)
        sample_served(c, w->result_id, COVER_answered_by_walk, COVER_outcome_page_fault);
}

static void sample_full(struct coverage *c, const struct mmu *mmu, bool issued)
{
    unsigned free = mmu->entries - c->used;
    if (free >= COVER_queue_left_COUNT)
        return;
    bool broadcasting = c->control.state == CONTROL_BROADCAST;
    if (issued)
        cover_queue_full(c, free, COVER_queue_event_issue);
    if (c->looking_up)
        cover_queue_full(c, free, COVER_queue_event_lookup_ends);
    if (c->finishing)
        cover_queue_full(c, free, COVER_queue_event_walk_ends);
    if (mmu->answer_valid)
        cover_queue_full(c, free, COVER_queue_event_answer);
    if (broadcasting)
        cover_queue_full(c, free, c->control.dropping ? COVER_queue_event_drop : COVER_queue_event_broadcast);
}

static void sample_answers(struct coverage *c, const struct mmu *mmu)
{
    unsigned count = (unsigned)__builtin_popcount(mmu->answer_valid);
    if (count)
        cover_answers(c, count - 1, mmu->answer_valid & c->answer_valid ? COVER_burst_one : COVER_burst_none);
}

/* Entries that a broadcast sent back, from another state than PEND. */
static void sample_sent_back(struct coverage *c, const struct miss_queue *now)
{
    const struct miss_queue *before = &c->queue;
    uint32_t under_way = miss_queue_valid(before) & ~before->pend;
    unsigned by = c->control.dropping ? COVER_sent_by_drop : COVER_sent_by_operation;
    for (uint32_t left = under_way & now->pend; left; left &= left - 1) {
        uint8_t *sent = &c->sent[coverage_lowest(left)][by];
        if (*sent < COVER_sent_back_COUNT)
            ++*sent;
        cover_sent_back(c, by, *sent - 1u);
    }
}

void coverage_sample_queue_after(struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *now = &mmu->miss_queue, *before = &c->queue;
    bool broadcasting = c->control.state == CONTROL_BROADCAST;
    uint32_t issued = broadcasting ? 0 : before->pend & ~now->pend;

    if (issued) {
        unsigned id = coverage_lowest(issued);
        if (now->merged >> id & 1)
            sample_merge(c, now, id);
        else
            sample_refusals(c, id);
    }
    sample_completions(c, now);
    sample_full(c, mmu, issued);
    sample_answers(c, mmu);
    if (broadcasting)
        sample_sent_back(c, now);
    if (c->miss) {
        unsigned count = (unsigned)__builtin_popcount(c->miss), free = mmu->entries - mmu->used;
        cover_misses_at_once(c, count - 1, coverage_capped(free, COVER_queue_left_COUNT - 1));
        for (uint32_t left = miss_queue_valid(now) & ~miss_queue_valid(before); left; left &= left - 1)
            c->sent[coverage_lowest(left)][0] = c->sent[coverage_lowest(left)][1] = 0;
    }
}
