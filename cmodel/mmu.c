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

/* The ports on which an access is taken in this cycle. */
static uint8_t ready_ports(const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    uint32_t used = (uint32_t)__builtin_popcount(miss_queue_valid(mq));
    uint32_t looking_up = (uint32_t)__builtin_popcount(mmu->lookup_valid);
    uint8_t ready = 0;
    /* Whatever is being looked up and whatever is accepted now may miss. */
    if (mmu->control.blocking || mmu->entries - used < looking_up + mmu->ports)
        return 0;
    for (unsigned port = 0; port < mmu->ports; port++)
        if (!(mq->answer & mq->port[port]))
            ready |= (uint8_t)(1u << port);
    /* Fetches are answered in order: none passes one that missed. */
    if (mq->fetch_busy || (mmu->miss & 1u << MMU_PORT_FETCH))
        ready &= (uint8_t) ~(1u << MMU_PORT_FETCH);
    return ready;
}

/* Everything in mmu->out, from the registers. */
static void derive_outputs(struct mmu *mmu)
{
    lookup_stage_look_up(mmu);
    for (uint8_t left = mmu->answer_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        mmu->out.resp[port] = mmu->answer[port];
    }
    mmu->out.resp_valid |= mmu->answer_valid;
    mmu->out.req_ready = ready_ports(mmu);
    mmu->out.op_ready = control_op_ready(&mmu->control, fault_waiting(mmu));
    mmu->out.op_done = mmu->control.state == CONTROL_DONE;
    mmu->out.mem_req_valid = mmu->page_walker.memory_valid;
    mmu->out.mem_req = mmu->page_walker.memory;
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

/* The clock edge of TLBs and walk caches in a cycle with an invalidation broadcast. */
static void invalidate(struct mmu *mmu, const struct invalidation *inv)
{
    lookup_stage_invalidate(mmu, inv);
    l2_tlb_invalidate(&mmu->l2, inv->flags, inv->vpn, inv->pcid);
    if (mmu->split)
        l2_tlb_invalidate(&mmu->l2i, inv->flags, inv->vpn, inv->pcid);
    walk_cache_invalidate(&mmu->walk_cache, inv->walk_flags, inv->vpn, inv->pcid);
}

/* Which walkers work for one of these miss queue entries. */
static uint8_t walkers_of(const struct page_walker *w, uint32_t entries)
{
    uint8_t found = 0;
    for (uint8_t left = w->request | w->wait; left; left &= (uint8_t)(left - 1)) {
        unsigned i = (unsigned)__builtin_ctz(left);
        if (entries >> w->entry_id[i] & 1)
            found |= (uint8_t)(1u << i);
    }
    return found;
}

/* The start of a walk for the miss queue's candidate: in a walk cache or at the root. */
static unsigned begin_walk(struct mmu *mmu, unsigned id, struct page_walker_in *walk, int *entry)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    unsigned levels = x86_levels(mmu->context.mode), used = 0;
    uint64_t data = mmu->context.root | DATA_RW | DATA_US;
    if (!(mq->from_root >> id & 1)) {
        used =
            walk_cache_lookup(&mmu->walk_cache, x86_vpn(mq->va[id]), mmu->context.pcid, levels, &data, entry);
        if (used)
            mmu->stats.walker_steps_saved += levels + 1 - used;
        else
            mmu->stats.walk_cache_misses++;
    }
    walk->start = true;
    walk->start_id = (uint8_t)id;
    walk->start_level = (uint8_t)(used ? used - 1 : levels);
    walk->start_from_cache = used;
    walk->start_data = data;
    walk->start_va = mq->va[id];
    walk->start_attr = mq->attr[id];
    return used;
}

/* Answers of the miss queue go out on their ports in the next cycle. */
static void take_answers(struct mmu *mmu, const struct miss_queue_answers *answers)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    mmu->answer_valid = answers->valid;
    for (uint8_t left = answers->valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        unsigned id = answers->id[port];
        uint64_t result = mq->result[id];
        unsigned fault = miss_result_fault(result);
        uint8_t size = result >> RESULT_SIZE_SHIFT & 3;
        mmu->stats.mmu_page_faults += fault == FAULT_PAGE;
        mmu->stats.mmu_machine_checks += fault == FAULT_MACHINE_CHECK;
        mmu->answer[port] = (struct response){.pa = fault ? 0 : x86_physical(result, size, mq->va[id]),
                                              .tag = mq->tag[id],
                                              .fault = (uint8_t)fault,
                                              .error_code = result >> RESULT_CODE_SHIFT & 0x3f,
                                              .size = size,
                                              .pat = result >> DATA_PAT_SHIFT & 7,
                                              .source = result >> RESULT_SOURCE_SHIFT & 3};
    }
}

static bool is_quiet(const struct mmu *mmu)
{
    const struct page_walker *w = &mmu->page_walker;
    return !miss_queue_valid(&mmu->miss_queue) && !mmu->answer_valid && !mmu->miss &&
           mmu->control.state == CONTROL_IDLE && !mmu->control.progress_owed && !w->result_valid &&
           !(w->request | w->wait | w->drain);
}

/* One clock edge while something besides lookups is under way. */
static void step_all(struct mmu *mmu, const struct mmu_in *in)
{
    struct miss_queue *mq = &mmu->miss_queue;
    struct page_walker *w = &mmu->page_walker;
    struct control *c = &mmu->control;
    uint8_t state = c->state;
    bool broadcast = c->state == CONTROL_BROADCAST, sweep = c->state == CONTROL_SWEEP;
    bool dropping = broadcast && c->dropping;
    bool draining_exchange = page_walker_draining_exchange(w);
    uint32_t valid = miss_queue_valid(mq);
    uint64_t fault_va = mq->va[w->result_id];
    uint32_t fault_bit = 1u << w->result_id;

    uint32_t restart = 0;
    if (dropping)
        restart = miss_queue_same_gib(mq, fault_va) & ~fault_bit;
    else if (broadcast && control_overtakes(c))
        restart = valid;

    struct miss_queue_in queue = {.miss = mmu->miss,
                                  .skip_l2 = mmu->skip_l2,
                                  .from_root = mmu->from_root,
                                  .access = mmu->lookup,
                                  .hold = broadcast,
                                  .sweep = sweep,
                                  .restart = restart,
                                  .hold_issue = draining_exchange};
    struct l1_fill fill = {0};

    int looked_up = miss_queue_lookup_id(mq);
    if (looked_up != NO_ENTRY && !broadcast && !sweep) {
        struct l2_answer l2 = look_up_l2(mmu, (unsigned)looked_up);
        queue.l2_verdict = l2.verdict;
        queue.l2_tag = l2.tag;
        queue.l2_data = l2.data;
        if (l2.verdict == L2_ANSWERS)
            fill = (struct l1_fill){.valid = true,
                                    .fetch = l2.fetch,
                                    .tag = x86_tag(x86_vpn(mq->va[looked_up]), mmu->context.pcid,
                                                   l2.tag & TAG_GLOBAL, x86_tag_size(l2.tag)),
                                    .data = l2.data};
    }

    /* The result register: a page fault goes with its drop, all else when the arrays are free. */
    bool fault = fault_waiting(mmu);
    bool discard = w->result_valid && broadcast && !dropping && (restart & fault_bit);
    bool finish = w->result_valid && !fault && looked_up == NO_ENTRY && !broadcast && !sweep;
    queue.result_waiting = w->result_valid;
    queue.result_taken = finish || dropping;
    queue.result_id = w->result_id;
    queue.result_fault = w->result_fault;
    queue.result_code = w->result_code;
    queue.result_tag = w->result_tag;
    queue.result_data = w->result_data;
    if (finish && w->result_fault == FAULT_NONE) {
        bool fetch = (mq->attr[w->result_id] & ATTR_KIND) == ACCESS_FETCH;
        fill = (struct l1_fill){.valid = true, .fetch = fetch, .tag = w->result_tag, .data = w->result_data};
        l2_tlb_fill(mmu->split && fetch ? &mmu->l2i : &mmu->l2, w->result_tag, w->result_data);
    }

    struct page_walker_in walk = {.hold = broadcast,
                                  .abort = walkers_of(w, restart),
                                  .result_taken = queue.result_taken || discard,
                                  .memory_taken = w->memory_valid && in->mem_req_ready};
    if (in->mem_resp_valid && mmu->out.mem_resp_ready)
        walk.response = &in->mem_resp;
    int candidate = miss_queue_walk_candidate(mq), used_entry = TLB_MISS;
    unsigned used_level = 0;
    if (candidate != NO_ENTRY && page_walker_idle(w) && !broadcast && !draining_exchange) {
        used_level = begin_walk(mmu, (unsigned)candidate, &walk, &used_entry);
        queue.start_walk = true;
    }
    struct walk_cache_fill cached = page_walker_clock(w, &mmu->context, &walk, &mmu->stats, mmu->cycle);
    walk_cache_clock(&mmu->walk_cache, used_level, used_entry, cached.level, cached.tag, cached.data);

    struct control_in control = {.op_valid = in->op_valid,
                                 .op = &in->op,
                                 .fault_waiting = fault,
                                 .drained = !valid && !mmu->lookup_valid && !mmu->answer_valid,
                                 .draining_exchange = draining_exchange,
                                 .restarted = restart != 0,
                                 .queue_empty = !valid};
    if (broadcast) {
        struct invalidation inv = control_invalidation(c, fault_va);
        invalidate(mmu, &inv);
    } else {
        if (sweep) {
            l2_tlb_sweep(&mmu->l2, c->sweep_set, c->flags, c->pcid);
            if (mmu->split)
                l2_tlb_sweep(&mmu->l2i, c->sweep_set, c->flags, c->pcid);
        }
        lookup_stage_clock(mmu, &fill);
    }

    struct miss_queue_answers answers;
    miss_queue_clock(mq, &queue, &answers, &mmu->stats);
    control.answered = answers.valid;
    control_clock(c, &control, &mmu->stats, mmu->cycle);
    take_answers(mmu, &answers);
    if (c->state != state) {
        /* Registers change on the way out of DRAIN only; what memos knew may not hold any more. */
        mmu->context = control_context(c);
        lookup_stage_forget(mmu);
    }

    uint32_t occupied = (uint32_t)__builtin_popcount(valid);
    mmu->stats.miss_queue_occupancy += occupied;
    if (occupied > mmu->stats.miss_queue_peak)
        mmu->stats.miss_queue_peak = occupied;
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
