/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup_stage.h"
#include "mmu_state.h"

#include <stdlib.h>
#include <string.h>

struct mmu *mmu_create(const struct mmu_params *p)
{
    const struct l1_geometry l1i = {.unified = p->l1i.unified,
                                    .sets = {p->l1i.sets_4k, p->l1i.sets_2m, p->l1i.sets_1g},
                                    .ways = {p->l1i.ways_4k, p->l1i.ways_2m, p->l1i.ways_1g},
                                    .policy = (enum replacement_policy)p->l1i.replacement};
    const struct l1_geometry l1d = {.unified = p->l1d.unified,
                                    .sets = {p->l1d.sets_4k, p->l1d.sets_2m, p->l1d.sets_1g},
                                    .ways = {p->l1d.ways_4k, p->l1d.ways_2m, p->l1d.ways_1g},
                                    .policy = (enum replacement_policy)p->l1d.replacement};
    const struct l2_geometry l2 = {.shared_2m = p->l2.shared_2m,
                                   .sets = {p->l2.sets, p->l2.sets_2m, 1},
                                   .ways = {p->l2.ways, p->l2.ways_2m, p->l2.ways_1g},
                                   .policy = (enum replacement_policy)p->l2.replacement};
    const struct l2_geometry l2i = {.shared_2m = p->l2i.shared_2m,
                                    .sets = {p->l2i.sets, p->l2i.sets_2m, 1},
                                    .ways = {p->l2i.ways, p->l2i.ways_2m, p->l2i.ways_1g},
                                    .policy = (enum replacement_policy)p->l2i.replacement};
    struct mmu *mmu = calloc(1, sizeof *mmu);
    if (!mmu)
        return NULL;
    int failed = l1_tlb_init(&mmu->l1i, &l1i) | l1_tlb_init(&mmu->l1d, &l1d) | l2_tlb_init(&mmu->l2, &l2) |
                 walk_cache_init(&mmu->walk_cache, p);
    uint32_t sweep = l2_tlb_sweep_cycles(&mmu->l2);
    if (p->l2.split) {
        failed |= l2_tlb_init(&mmu->l2i, &l2i);
        uint32_t other = l2_tlb_sweep_cycles(&mmu->l2i);
        sweep = other > sweep ? other : sweep;
    }
    if (failed) {
        mmu_destroy(mmu);
        return NULL;
    }
    mmu->split = p->l2.split;
    mmu->ports = (uint8_t)(1 + p->mmu.data_ports);
    mmu->entries = p->mmu.miss_queue;
    page_walker_init(&mmu->page_walker, p->walker.count);
    miss_queue_init(&mmu->miss_queue, p);
    control_init(&mmu->control, p, sweep);
    mmu->context = control_context(&mmu->control);
    lookup_stage_forget(mmu);
    mmu->quiet = true;
    mmu->out.req_ready = (uint8_t)((1u << mmu->ports) - 1);
    mmu->out.op_ready = true;
    mmu->out.mem_resp_ready = true;
    return mmu;
}

void mmu_destroy(struct mmu *mmu)
{
    if (!mmu)
        return;
    l1_tlb_free(&mmu->l1i);
    l1_tlb_free(&mmu->l1d);
    l2_tlb_free(&mmu->l2);
    l2_tlb_free(&mmu->l2i);
    walk_cache_free(&mmu->walk_cache);
    free(mmu);
}

const struct mmu_out *mmu_outputs(const struct mmu *mmu)
{
    return &mmu->out;
}

uint64_t mmu_cycle(const struct mmu *mmu)
{
    return mmu->cycle;
}

static bool fault_waiting(const struct mmu *mmu)
{
    return mmu->page_walker.result_valid && mmu->page_walker.result_fault == FAULT_PAGE;
}

static unsigned count_ports(uint8_t ports)
{
    return 0x4332322132212110ull >> (4 * ports) & 7; /* of each number below 16, the bits that are set */
}

/* The ports on which an access is taken in this cycle. */
static uint8_t ready_ports(const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    uint32_t looking_up = count_ports(mmu->lookup_valid);
    uint8_t ready = (uint8_t)((1u << mmu->ports) - 1);
    /* Whatever is being looked up and whatever is accepted now may miss. */
    if (mmu->control.blocking || mmu->entries - mmu->used < looking_up + mmu->ports)
        return 0;
    for (unsigned port = 0; mq->answer && port < mmu->ports; port++)
        if (mq->answer & mq->port[port])
            ready &= (uint8_t) ~(1u << port);
    /* Fetches are answered in order: none passes one that missed. */
    if (mq->fetch_busy || (mmu->miss & 1u << MMU_PORT_FETCH))
        ready &= (uint8_t) ~(1u << MMU_PORT_FETCH);
    return ready;
}

/* Everything in mmu->out, from the registers. */
static void derive_outputs(struct mmu *mmu)
{
    lookup_stage_look_up(mmu);
    mmu->out.resp_valid |= mmu->miss_queue.answer_valid;
    mmu->out.req_ready = ready_ports(mmu);
    mmu->out.op_ready = control_op_ready(&mmu->control, fault_waiting(mmu));
    mmu->out.op_done = mmu->control.state == CONTROL_DONE;
    mmu->out.mem_req_valid = mmu->page_walker.memory_valid;
    mmu->out.mem_resp_ready = !mmu->page_walker.result_valid && mmu->control.state != CONTROL_BROADCAST;
}

/* The L2 TLB's answer to the lookup in the pipeline's last stage. */
struct l2_answer {
    enum l2_verdict verdict;
    uint64_t tag, data;
    bool fetch;
};

static struct l2_answer look_up_l2(struct mmu *mmu, unsigned id)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    struct l2_answer answer = {.fetch = (mq->attr[id] & ATTR_KIND) == ACCESS_FETCH};
    bool instruction = mmu->split && answer.fetch;
    struct mmu_stats *stats = &mmu->stats;
    bool hit = l2_tlb_lookup(instruction ? &mmu->l2i : &mmu->l2, x86_vpn(mq->va[id]), mmu->context.pcid,
                             &answer.tag, &answer.data);
    answer.verdict = miss_queue_l2_verdict(mq, &mmu->context, id, hit, answer.data);
    switch (answer.verdict) {
    case L2_ANSWERS:
        (instruction ? stats->l2i_hits : stats->l2_hits)[x86_tag_size(answer.tag)]++;
        break;
    case L2_MISS:
        (*(instruction ? &stats->l2i_misses : &stats->l2_misses))++;
        break;
    case L2_NOT_DIRTY:
        (*(instruction ? &stats->l2i_not_dirty : &stats->l2_not_dirty))++;
        break;
    case L2_DENIED:
        (*(instruction ? &stats->l2i_denied : &stats->l2_denied))++;
        break;
    }
    return answer;
}

static bool is_quiet(const struct mmu *mmu)
{
    const struct page_walker *w = &mmu->page_walker;
    return !mmu->used && !mmu->miss_queue.answer_valid && !mmu->miss && mmu->control.state == CONTROL_IDLE &&
           !mmu->control.progress_owed && !w->result_valid && !(w->request | w->wait | w->drain);
}

/* The lookup in the pipeline's last stage ends; a hit fills the L1 TLB. */
static void end_lookup(struct mmu *mmu, unsigned id, struct l1_fill *fill)
{
    struct miss_queue *mq = &mmu->miss_queue;
    struct l2_answer l2 = look_up_l2(mmu, id);
    miss_queue_end_lookup(mq, id, l2.verdict, l2.tag, l2.data);
    if (l2.verdict != L2_ANSWERS)
        return;
    *fill = (struct l1_fill){
        .valid = true,
        .fetch = l2.fetch,
        .tag = x86_tag(x86_vpn(mq->va[id]), mmu->context.pcid, l2.tag & TAG_GLOBAL, x86_tag_size(l2.tag)),
        .data = l2.data};
}

/* The miss queue takes what is in the result register. */
static void take_result(struct mmu *mmu)
{
    struct page_walker *w = &mmu->page_walker;
    miss_queue_end_walk(&mmu->miss_queue, w->result_id,
                        miss_result(w->result_data, w->result_fault, w->result_code,
                                    x86_tag_size(w->result_tag), SOURCE_WALK));
    w->result_valid = false;
}

/* The same where it is no page fault: a translation fills the TLBs. */
static void finish_walk(struct mmu *mmu, struct l1_fill *fill)
{
    const struct page_walker *w = &mmu->page_walker;
    if (w->result_fault == FAULT_NONE) {
        bool fetch = (mmu->miss_queue.attr[w->result_id] & ATTR_KIND) == ACCESS_FETCH;
        *fill = (struct l1_fill){.valid = true, .fetch = fetch, .tag = w->result_tag, .data = w->result_data};
        l2_tlb_fill(mmu->split && fetch ? &mmu->l2i : &mmu->l2, w->result_tag, w->result_data);
    }
    take_result(mmu);
}

/* The walkers' clock edge outside a broadcast: request register, response, start of a walk. */
static void clock_walkers(struct mmu *mmu, const struct mmu_in *in, int candidate)
{
    struct miss_queue *mq = &mmu->miss_queue;
    struct page_walker *w = &mmu->page_walker;
    struct walk_cache_fill filled = {0};
    uint8_t idle = page_walker_idle(w);
    unsigned used = 0;
    int used_entry = TLB_MISS;

    if (page_walker_load(w))
        mmu->out.mem_req = w->memory;
    if (in->mem_resp_valid && mmu->out.mem_resp_ready)
        filled = page_walker_respond(w, &mmu->context, &in->mem_resp, &mmu->stats, mmu->cycle);
    if (candidate != NO_ENTRY) {
        unsigned id = (unsigned)candidate, levels = x86_levels(mmu->context.mode);
        uint64_t data = mmu->context.root | DATA_RW | DATA_US;
        if (!(mq->from_root >> id & 1)) {
            used = walk_cache_lookup(&mmu->walk_cache, x86_vpn(mq->va[id]), mmu->context.pcid, levels, &data,
                                     &used_entry);
            mmu->stats.walker_steps_saved += used ? levels + 1 - used : 0;
            mmu->stats.walk_cache_misses += !used;
        }
        struct walk_start start = {.id = (uint8_t)id,
                                   .level = (uint8_t)(used ? used - 1 : levels),
                                   .attr = mq->attr[id],
                                   .from_cache = used,
                                   .data = data,
                                   .va = mq->va[id]};
        page_walker_start(w, idle, &start, &mmu->stats, mmu->cycle);
        miss_queue_start_walk(mq, id);
    }
    if (used || filled.level)
        walk_cache_clock(&mmu->walk_cache, used, used_entry, filled.level, filled.tag, filled.data);
}

/*
 * The clock edge of a broadcast: nothing is issued, walked, filled or answered,
 * and what the invalidation overtakes starts again. Returns those entries.
 */
static uint32_t broadcast(struct mmu *mmu, int looked_up)
{
    struct miss_queue *mq = &mmu->miss_queue;
    struct page_walker *w = &mmu->page_walker;
    const struct control *c = &mmu->control;
    uint64_t fault_va = mq->va[w->result_id];
    struct invalidation inv = control_invalidation(c, fault_va);
    uint32_t restart = 0;

    lookup_stage_invalidate(mmu, &inv);
    l2_tlb_invalidate(&mmu->l2, inv.flags, inv.vpn, inv.pcid);
    if (mmu->split)
        l2_tlb_invalidate(&mmu->l2i, inv.flags, inv.vpn, inv.pcid);
    walk_cache_invalidate(&mmu->walk_cache, inv.walk_flags, inv.vpn, inv.pcid);

    if (c->dropping)
        restart = miss_queue_same_gib(mq, fault_va) & ~(1u << w->result_id);
    else if (control_overtakes(c))
        restart = miss_queue_valid(mq);
    if (looked_up != NO_ENTRY)
        miss_queue_return_lookup(mq, (unsigned)looked_up);
    if (c->dropping)
        take_result(mmu);
    else if (restart >> w->result_id & 1)
        w->result_valid = false;
    page_walker_abort(w, restart, &mmu->stats, mmu->cycle);
    miss_queue_restart(mq, restart, &mmu->stats);
    return restart;
}

static void sweep(struct mmu *mmu)
{
    const struct control *c = &mmu->control;
    l2_tlb_sweep(&mmu->l2, c->sweep_set, c->flags, c->pcid);
    if (mmu->split)
        l2_tlb_sweep(&mmu->l2i, c->sweep_set, c->flags, c->pcid);
}

static void count_occupancy(struct mmu *mmu)
{
    mmu->stats.miss_queue_occupancy += mmu->used;
    if (mmu->used > mmu->stats.miss_queue_peak)
        mmu->stats.miss_queue_peak = mmu->used;
}

/* The control operations' clock edge, when there is something to do for it. */
static void clock_control(struct mmu *mmu, const struct mmu_in *in, const struct control_in *control)
{
    struct control *c = &mmu->control;
    uint8_t state = c->state;
    if (state == CONTROL_IDLE && !in->op_valid && !control->fault_waiting && !c->progress_owed)
        return;
    control_clock(c, control, &mmu->stats, mmu->cycle);
    if (state == CONTROL_DRAIN) {
        mmu->context = control_context(c);
        lookup_stage_forget(mmu);
    }
}

/* One clock edge while something besides lookups is under way. */
static void step_all(struct mmu *mmu, const struct mmu_in *in)
{
    struct miss_queue *mq = &mmu->miss_queue;
    struct page_walker *w = &mmu->page_walker;
    bool broadcasting = mmu->control.state == CONTROL_BROADCAST,
         sweeping = mmu->control.state == CONTROL_SWEEP;
    uint32_t valid = miss_queue_valid(mq), answering = broadcasting ? 0 : mq->answer;
    int looked_up = miss_queue_lookup_id(mq);
    struct control_in control = {.op_valid = in->op_valid,
                                 .op = &in->op,
                                 .fault_waiting = fault_waiting(mmu),
                                 .drained = !valid && !mmu->lookup_valid && !mq->answer_valid,
                                 .draining_exchange = page_walker_draining_exchange(w),
                                 .queue_empty = !valid};

    count_occupancy(mmu);
    if (w->memory_valid && in->mem_req_ready)
        w->memory_valid = false;
    if (mq->pipe_valid)
        miss_queue_shift(mq);
    if (broadcasting) {
        control.sent_back = looked_up != NO_ENTRY;
        control.sent_back |= broadcast(mmu, looked_up) != 0;
    } else {
        struct l1_fill fill = {.valid = false};
        bool may_start = mq->walk_pend && page_walker_idle(w) && !control.draining_exchange;
        int candidate = may_start ? miss_queue_walk_candidate(mq) : NO_ENTRY;
        /* The result register goes on when the arrays are free; a page fault waits for its drop. */
        bool finish = w->result_valid && !control.fault_waiting && looked_up == NO_ENTRY && !sweeping;
        if (mq->pend && !sweeping && !control.draining_exchange && !w->result_valid)
            miss_queue_issue(mq, looked_up, &mmu->stats);
        control.sent_back = looked_up != NO_ENTRY && sweeping;
        if (control.sent_back)
            miss_queue_return_lookup(mq, (unsigned)looked_up);
        else if (looked_up != NO_ENTRY)
            end_lookup(mmu, (unsigned)looked_up, &fill);
        if (finish)
            finish_walk(mmu, &fill);
        clock_walkers(mmu, in, candidate);
        if (sweeping)
            sweep(mmu);
        lookup_stage_clock(mmu, &fill);
    }
    if (answering || mq->answer_valid) {
        miss_queue_answer(mq, answering, mmu->out.resp, &mmu->stats);
        mmu->used -= count_ports(mq->answer_valid);
    }
    if (mmu->miss) {
        miss_queue_allocate(mq, valid, mmu->miss, mmu->skip_l2, mmu->from_root, mmu->lookup, &mmu->stats);
        mmu->used += count_ports(mmu->miss);
    }
    control.answered = mq->answer_valid;
    clock_control(mmu, in, &control);
}

void mmu_step(struct mmu *mmu, const struct mmu_in *in)
{
    if (mmu->quiet && !in->op_valid) {
        /* All answered in the lookup stage, and its outputs are the only ones that can change. */
        lookup_stage_mark_hits(mmu);
        lookup_stage_accept(mmu, in);
        mmu->cycle++;
        lookup_stage_look_up(mmu);
        if (mmu->miss) {
            mmu->quiet = false;
            mmu->out.req_ready = ready_ports(mmu);
        }
        return;
    }
    lookup_stage_count(mmu);
    step_all(mmu, in);
    lookup_stage_accept(mmu, in);
    mmu->cycle++;
    derive_outputs(mmu);
    mmu->quiet = is_quiet(mmu);
}
