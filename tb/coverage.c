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

const struct coverage_points *coverage_points(const struct coverage *c)
{
    return &c->points;
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

void coverage_before(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in, uint64_t cycle)
{
    c->cycle = cycle;
    if (!c->attached)
        coverage_attach(c, mmu);
    c->busy = !mmu->quiet || in->op_valid;
    c->lookup_valid = mmu->lookup_valid;
    c->miss = mmu->miss;
    if (c->lookup_valid)
        coverage_sample_lookups(c, mmu);
    if (!c->busy)
        return;
    c->answer_valid = mmu->answer_valid;
    c->used = mmu->used;
    c->merges_refused = mmu->stats.miss_queue_merges_refused;
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        c->hits[port] = c->lookup_valid >> port & 1 ? mmu->hit[port] : (struct l1_hit){TLB_MISS, TLB_MISS};
    c->queue = mmu->miss_queue;
    c->walker = mmu->page_walker;
    c->control = mmu->control;
    look_ahead(c, mmu, in);
    coverage_sample_ops(c, mmu, in);
    coverage_sample_queue_before(c, mmu);
    coverage_sample_memory(c, mmu, in);
    if (c->looking_up)
        coverage_sample_l2(c, mmu);
    if (mmu->control.state == CONTROL_BROADCAST)
        coverage_sample_overtaken(c, mmu, in);
    else if (mmu->control.state == CONTROL_SWEEP)
        coverage_sample_sweep(c, mmu);
    if (c->may_fill)
        coverage_sample_fills_before(c);
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
