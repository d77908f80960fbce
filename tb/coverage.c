/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_sampler.h"

#include <stdlib.h>

struct coverage *coverage_create(const struct mmu_params *params)
{
    struct coverage *c = calloc(1, sizeof(*c));
    if (c)
        c->params = params;
    return c;
}

void coverage_destroy(struct coverage *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < COVERAGE_ARRAYS; i++)
        free(c->arrays[i].epochs);
    free(c);
}

const struct coverage_hits *coverage_hits(const struct coverage *c)
{
    return &c->hits_of;
}

/* What the clock edge will do, as mmu.c decides it. */
static void look_ahead(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct page_walker *w = &mmu->page_walker;
    bool broadcasting = mmu->control.state == CONTROL_BROADCAST,
         sweeping = mmu->control.state == CONTROL_SWEEP;
    c->looked_up = miss_queue_lookup_id(&mmu->miss_queue);
    c->looking_up = c->looked_up != NO_ENTRY && !broadcasting && !sweeping;
    c->finishing = w->result_valid && w->result_fault != FAULT_PAGE && c->looked_up == NO_ENTRY &&
                   !broadcasting && !sweeping;
    c->responding = in->mem_resp_valid && mmu->out.mem_resp_ready;
    c->responder = in->mem_resp.tag;
    c->taking = w->memory_valid && in->mem_req_ready;
    c->fill_vpn = c->looking_up ? x86_vpn(mmu->miss_queue.va[c->looked_up]) : w->result_tag & TAG_VPN;
    c->may_fill = c->looking_up || c->finishing || c->responding;
}

/* What is needed of it after the clock edge. */
static void keep_state(struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;
    c->answer_valid = mmu->miss_queue.answer_valid;
    c->used = mmu->used;
    c->queue.pend = mq->pend;
    c->queue.merged = mq->merged;
    c->queue.lookup = mq->lookup;
    c->queue.walk_pend = mq->walk_pend;
    c->queue.walk = mq->walk;
    c->queue.answer = mq->answer;
    c->walker.request = w->request;
    c->walker.wait = w->wait;
    c->walker.drain = w->drain;
    c->walker.result_id = w->result_id;
    c->walker.result_fault = w->result_fault;
    c->walker.result_valid = w->result_valid;
    c->walker.memory_valid = w->memory_valid;
    c->control.state = mmu->control.state;
    c->control.dropping = mmu->control.dropping;
}

/*
 * Something besides waiting for memory goes on: entries, walks or control may
 * move at the clock edge. In many cycles nothing does.
 */
static bool may_move(const struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;
    return mq->pend | mq->walk_pend | mq->answer | w->request || c->looked_up != NO_ENTRY ||
           w->result_valid || c->responding || c->taking || mmu->control.state != CONTROL_IDLE || mmu->miss ||
           mmu->miss_queue.answer_valid;
}

void coverage_before(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in, uint64_t cycle)
{
    c->cycle = cycle;
    c->busy = false;
    if (!c->attached)
        coverage_attach(c, mmu);
    c->lookup_valid = mmu->lookup_valid;
    c->miss = mmu->miss;
    if (c->lookup_valid)
        coverage_sample_lookups(c, mmu);
    if (mmu->quiet && !in->op_valid)
        return;
    look_ahead(c, mmu, in);
    if (in->op_valid || mmu->control.state != CONTROL_IDLE)
        coverage_sample_ops(c, mmu, in);
    if (c->not_ready | (mmu->out.req_ready != (1u << mmu->ports) - 1))
        coverage_sample_queue_before(c, mmu);
    if (mmu->page_walker.memory_valid || in->mem_resp_valid)
        coverage_sample_memory(c, mmu, in);
    c->busy = may_move(c, mmu);
    if (!c->busy)
        return;
    keep_state(c, mmu);
    if (mmu->miss_queue.walk_pend)
        coverage_sample_walk_caches(c, mmu);
    if (c->looking_up)
        coverage_sample_l2(c, mmu);
    if (mmu->control.state == CONTROL_BROADCAST)
        coverage_sample_overtaken(c, mmu, in);
    else if (mmu->control.state == CONTROL_SWEEP)
        coverage_sample_sweep(c, mmu);
    if (c->may_fill)
        coverage_sample_fills_before(c, mmu);
}

void coverage_after(struct coverage *c, const struct mmu *mmu)
{
    if (!c->busy)
        return;
    if (mmu->context.pcid != c->epoch_pcid) {
        c->epoch_pcid = mmu->context.pcid;
        c->epoch++;
    }
    coverage_sample_queue_after(c, mmu);
    coverage_sample_walks_after(c, mmu);
    if (c->may_fill)
        coverage_sample_fills_after(c, mmu);
}
