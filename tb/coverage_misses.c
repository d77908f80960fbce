/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: the miss queue, merging, answers. */
#include "coverage_sampler.h"

/* Ports that answers wait for. */
static uint8_t answering_ports(const struct mmu *mmu)
{
    uint8_t ports = 0;
    for (unsigned port = 0; mmu->miss_queue.answer && port < mmu->ports; port++)
        ports |= (uint8_t)((mmu->miss_queue.answer & mmu->miss_queue.port[port] ? 1u : 0u) << port);
    return ports;
}

/* Why ports take nothing, each reason once, however long it lasts. */
void coverage_sample_queue_before(struct coverage *c, const struct mmu *mmu)
{
    const unsigned fetch = 1u << MMU_PORT_FETCH;
    unsigned not_ready = ((1u << mmu->ports) - 1) & ~mmu->out.req_ready;
    unsigned looking_up = (unsigned)__builtin_popcount(mmu->lookup_valid);
    bool overflow = mmu->entries - mmu->used < looking_up + mmu->ports;
    /* MMU_MAX_PORTS bits for each reason */
    uint32_t now = (mmu->control.blocking ? not_ready : 0) << (MMU_MAX_PORTS * COVER_not_ready_blocking) |
                   (overflow ? not_ready : 0) << (MMU_MAX_PORTS * COVER_not_ready_queue) |
                   (answering_ports(mmu) & not_ready) << (MMU_MAX_PORTS * COVER_not_ready_answer) |
                   (mmu->miss_queue.fetch_busy ? fetch : 0)
                       << (MMU_MAX_PORTS * COVER_not_ready_fetch_queued) |
                   (mmu->miss & fetch) << (MMU_MAX_PORTS * COVER_not_ready_fetch_missing);
    for (uint32_t left = now & ~c->not_ready; left; left &= left - 1)
        cover_not_ready(c, coverage_lowest(left) / MMU_MAX_PORTS, coverage_lowest(left) % MMU_MAX_PORTS);
    c->not_ready = now;
}

/* Value of dimension `leader_state` of an entry before the clock edge. */
static unsigned leader_state(const struct coverage *c, unsigned id)
{
    if (c->queue.lookup >> id & 1)
        return COVER_leader_state_lookup;
    return c->queue.walk_pend >> id & 1 ? COVER_leader_state_walk_pend : COVER_leader_state_walk;
}

static void sample_merge(struct coverage *c, const struct miss_queue *now, unsigned id)
{
    unsigned leader = now->leader[id];
    unsigned kind = now->attr[id] & ATTR_KIND, leader_kind = now->attr[leader] & ATTR_KIND;
    unsigned pair = kind == ACCESS_WRITE          ? COVER_pair_write_write
                    : leader_kind == ACCESS_WRITE ? COVER_pair_write_read
                                                  : COVER_pair_read_read;
    cover_merge(c, leader_state(c, leader), pair, coverage_who(now->attr[id]));
}

/* Entries for the same page that the issued one did not join. */
static void sample_refusals(struct coverage *c, const struct miss_queue *now, unsigned id)
{
    for (uint32_t left = c->queue.lookup | c->queue.walk_pend | c->queue.walk; left; left &= left - 1) {
        unsigned other = coverage_lowest(left), state = leader_state(c, other);
        unsigned attr = now->attr[id], other_attr = now->attr[other];
        unsigned kind = attr & ATTR_KIND, other_kind = other_attr & ATTR_KIND;
        if (x86_vpn(now->va[other]) != x86_vpn(now->va[id]))
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

static unsigned followers(const struct coverage *c, const struct miss_queue *now, unsigned leader)
{
    unsigned count = 0;
    for (uint32_t left = c->queue.merged; left; left &= left - 1)
        count += now->leader[coverage_lowest(left)] == leader;
    return count;
}

static void sample_served(struct coverage *c, const struct miss_queue *now, unsigned leader, unsigned by,
                          unsigned outcome)
{
    unsigned count = followers(c, now, leader);
    if (count)
        cover_merged_served(c, by, outcome, coverage_capped(count, COVER_followers_COUNT) - 1);
}

static void sample_completions(struct coverage *c, const struct miss_queue *now)
{
    bool dropping = c->control.state == CONTROL_BROADCAST && c->control.dropping;
    if (c->looking_up && now->answer >> c->looked_up & 1)
        sample_served(c, now, (unsigned)c->looked_up, COVER_answered_by_l2, COVER_outcome_translation);
    if (c->finishing)
        sample_served(c, now, c->walker.result_id, COVER_answered_by_walk,
                      c->walker.result_fault == FAULT_NONE ? COVER_outcome_translation
                                                           : COVER_outcome_machine_check);
    else if (dropping)
        sample_served(c, now, c->walker.result_id, COVER_answered_by_walk, COVER_outcome_page_fault);
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
    if (mmu->miss_queue.answer_valid)
        cover_queue_full(c, free, COVER_queue_event_answer);
    if (broadcasting)
        cover_queue_full(c, free, c->control.dropping ? COVER_queue_event_drop : COVER_queue_event_broadcast);
}

static void sample_answers(struct coverage *c, const struct mmu *mmu)
{
    unsigned count = (unsigned)__builtin_popcount(mmu->miss_queue.answer_valid);
    if (count)
        cover_answers(c, count - 1,
                      mmu->miss_queue.answer_valid & c->answer_valid ? COVER_burst_one : COVER_burst_none);
}

/* Entries that a broadcast sent back, from another state than PEND. */
static void sample_sent_back(struct coverage *c, const struct miss_queue *now)
{
    uint32_t under_way =
        c->queue.merged | c->queue.lookup | c->queue.walk_pend | c->queue.walk | c->queue.answer;
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
    const struct miss_queue *now = &mmu->miss_queue;
    bool broadcasting = c->control.state == CONTROL_BROADCAST;
    uint32_t issued = broadcasting ? 0 : c->queue.pend & ~now->pend;

    if (issued) {
        unsigned id = coverage_lowest(issued);
        if (now->merged >> id & 1)
            sample_merge(c, now, id);
        else
            sample_refusals(c, now, id);
    }
    sample_completions(c, now);
    sample_full(c, mmu, issued);
    sample_answers(c, mmu);
    if (broadcasting)
        sample_sent_back(c, now);
    if (c->miss) {
        unsigned count = (unsigned)__builtin_popcount(c->miss), free = mmu->entries - mmu->used;
        cover_misses_at_once(c, count - 1, coverage_capped(free, COVER_queue_left_COUNT - 1));
        uint32_t before = c->queue.pend | c->queue.merged | c->queue.lookup | c->queue.walk_pend |
                          c->queue.walk | c->queue.answer;
        for (uint32_t left = miss_queue_valid(now) & ~before; left; left &= left - 1)
            c->sent[coverage_lowest(left)][0] = c->sent[coverage_lowest(left)][1] = 0;
    }
}
