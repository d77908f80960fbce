/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

void control_init(struct control *c, const struct mmu_params *params, uint32_t sweep_sets)
{
    *c = (struct control){
        .mode = MODE_PG,
        .sweep_sets = (uint16_t)sweep_sets,
        .maxphyaddr = (uint8_t)params->mmu.maxphyaddr,
        .gib_pages = params->mmu.gib_pages,
    };
}

struct translation_context control_context(const struct control *c)
{
    return (struct translation_context){
        .root = c->cr3 >> 12 & ((1ull << (c->maxphyaddr - 12)) - 1),
        .mode = c->mode,
        .pkru = c->pkru,
        .pkrs = c->pkrs,
        .pcid = control_pcid(c),
        .maxphyaddr = c->maxphyaddr,
        .gib_pages = c->gib_pages,
    };
}

struct invalidation control_invalidation(const struct control *c, uint64_t fault_va)
{
    if (c->dropping)
        return (struct invalidation){.flags = INV_PAGE_FAULT,
                                     .walk_flags = INV_PAGE_FAULT,
                                     .pcid = control_pcid(c),
                                     .vpn = x86_vpn(fault_va)};
    return (struct invalidation){.flags = c->flags,
                                 .walk_flags = (uint8_t)(c->flags & ~INV_ADDRESS),
                                 .pcid = c->pcid,
                                 .vpn = x86_vpn(c->va)};
}

/* IDLE -> DRAIN or BROADCAST */
static void accept(struct control *c, const struct op_req *op, uint64_t cycle)
{
    bool write = x86_is_register_write(op->op);
    c->op = op->op;
    c->value = op->value;
    c->va = op->va;
    c->pcid = op->op == OP_INVPCID ? op->pcid & 0xfff : control_pcid(c);
    c->flags = (uint8_t)(write ? NO_INVALIDATION : x86_invalidation(op->op, op->value, c->mode, c->mode));
    c->dropping = false;
    c->blocking = write;
    c->state = write ? CONTROL_DRAIN : CONTROL_BROADCAST;
    c->accepted = cycle;
}

/* DRAIN -> BROADCAST or DONE: the register changes */
static void apply(struct control *c)
{
    uint32_t mode = x86_mode_after(c->mode, c->op, c->value);
    c->flags = (uint8_t)x86_invalidation(c->op, c->value, c->mode, mode);
    c->mode = mode;
    if (c->op == OP_WRITE_CR3)
        c->cr3 = c->value & ~CR3_NO_FLUSH;
    if (c->op == OP_WRITE_PKRU)
        c->pkru = (uint32_t)c->value;
    if (c->op == OP_WRITE_PKRS)
        c->pkrs = (uint32_t)c->value;
    c->pcid = control_pcid(c);
    c->state = c->flags & NO_INVALIDATION ? CONTROL_DONE : CONTROL_BROADCAST;
}

static void begin_drop(struct control *c)
{
    c->resume = c->state;
    c->dropping = true;
    c->state = CONTROL_BROADCAST;
}

static void count_done(const struct control *c, struct mmu_stats *stats, uint64_t cycle)
{
    stat_sample(stats->control_latency, cycle - c->accepted);
    stats->control_cycles += cycle - c->accepted;
    if (c->op == OP_INVLPG)
        stats->control_invlpg++;
    else if (c->op == OP_INVPCID)
        stats->control_invpcid++;
    else
        stats->control_register_writes++;
}

void control_clock(struct control *c, const struct control_in *in, struct mmu_stats *stats, uint64_t cycle)
{
    bool owed = c->progress_owed && !in->answered && !in->queue_empty;

    switch ((enum control_state)c->state) {
    case CONTROL_IDLE:
        if (in->fault_waiting)
            begin_drop(c);
        else if (in->op_valid && !c->progress_owed)
            accept(c, in->op, cycle);
        break;
    case CONTROL_DRAIN:
        if (in->fault_waiting)
            begin_drop(c);
        else if (in->drained)
            apply(c);
        break;
    case CONTROL_BROADCAST:
        if (c->dropping) {
            stats->control_fault_drops++;
            c->dropping = false;
            c->state = c->resume;
        } else {
            owed |= in->sent_back;
            c->sweep_set = 0;
            c->state = c->flags & INV_ADDRESS ? CONTROL_SETTLE : CONTROL_SWEEP;
        }
        break;
    case CONTROL_SWEEP:
        owed |= in->sent_back;
        if (c->sweep_set == c->sweep_sets - 1)
            c->state = CONTROL_SETTLE;
        c->sweep_set = (c->sweep_set + 1) & 1023;
        break;
    case CONTROL_SETTLE:
        if (in->fault_waiting)
            begin_drop(c);
        else if (!in->draining_exchange)
            c->state = CONTROL_DONE;
        break;
    case CONTROL_DONE:
        count_done(c, stats, cycle);
        c->blocking = false;
        c->state = CONTROL_IDLE;
        break;
    }
    c->progress_owed = owed;
}
