/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage: control operations against the state of everything else. */
#include "coverage_sampler.h"

static unsigned classify_write(const struct op_req *op, const struct control *control)
{
    uint32_t before = control->mode, after = x86_mode_after(before, op->op, op->value);
    unsigned flags = x86_invalidation(op->op, op->value, before, after);
    switch (op->op) {
    case OP_WRITE_CR0:
        if (!((before ^ after) & MODE_PG))
            return COVER_op_cr0;
        return after & MODE_PG ? COVER_op_cr0_paging_on : COVER_op_cr0_paging_off;
    case OP_WRITE_CR3:
        return flags & NO_INVALIDATION ? COVER_op_cr3_keep : COVER_op_cr3;
    case OP_WRITE_CR4:
        if (flags & NO_INVALIDATION)
            return COVER_op_cr4;
        return flags & INV_PCID ? COVER_op_cr4_smep : COVER_op_cr4_flush;
    case OP_WRITE_EFER:
        return flags & NO_INVALIDATION ? COVER_op_efer : COVER_op_efer_nxe;
    default:
        return op->op == OP_WRITE_PKRU ? COVER_op_pkru : COVER_op_pkrs;
    }
}

static unsigned classify(const struct op_req *op, const struct control *control)
{
    if (x86_is_register_write(op->op))
        return classify_write(op, control);
    if (op->op == OP_INVLPG)
        return COVER_op_invlpg;
    bool current = (op->pcid & 0xfff) == control_pcid(control);
    switch (op->value & 3) {
    case 0:
        return current ? COVER_op_address : COVER_op_address_other;
    case 1:
        return current ? COVER_op_context : COVER_op_context_other;
    default:
        return (op->value & 3) == 2 ? COVER_op_all : COVER_op_nonglobal;
    }
}

unsigned coverage_control_state(const struct control *control, bool fault_waiting)
{
    switch ((enum control_state)control->state) {
    case CONTROL_IDLE:
        if (fault_waiting)
            return COVER_control_state_fault_waiting;
        return control->progress_owed ? COVER_control_state_progress_owed : COVER_control_state_idle;
    case CONTROL_DRAIN:
        return COVER_control_state_drain;
    case CONTROL_BROADCAST:
        return control->dropping ? COVER_control_state_drop : COVER_control_state_broadcast;
    case CONTROL_SWEEP:
        return COVER_control_state_sweep;
    case CONTROL_SETTLE:
        return COVER_control_state_settle;
    default:
        return COVER_control_state_done;
    }
}

static void sample_queue_states(struct coverage *c, unsigned op, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const uint32_t states[COVER_entry_state_COUNT] = {
        [COVER_entry_state_none] = miss_queue_valid(mq) == 0,
        [COVER_entry_state_pend] = mq->pend,
        [COVER_entry_state_merged] = mq->merged,
        [COVER_entry_state_lookup] = mq->lookup,
        [COVER_entry_state_walk_pend] = mq->walk_pend,
        [COVER_entry_state_walk] = mq->walk,
        [COVER_entry_state_answer] = mq->answer,
    };
    for (unsigned i = 0; i < COVER_entry_state_COUNT; i++)
        if (states[i])
            cover_op_queue(c, op, i);
    cover_op_fill(c, op,
                  mmu->used == 0              ? COVER_queue_fill_empty
                  : mmu->used == mmu->entries ? COVER_queue_fill_all
                                              : COVER_queue_fill_some);
}

static void sample_walker_states(struct coverage *c, unsigned op, const struct page_walker *w)
{
    if (!(w->request | w->wait | w->drain))
        cover_op_walker(c, op, COVER_walker_state_idle);
    for (uint8_t left = w->request | w->wait | w->drain; left; left &= (uint8_t)(left - 1)) {
        unsigned i = coverage_lowest(left);
        bool exchange = w->exchange >> i & 1, in_register = w->memory_valid && w->memory.tag == i;
        unsigned state;
        if (w->request >> i & 1)
            state = COVER_walker_state_request_read;
        else if (w->wait >> i & 1)
            state = in_register ? COVER_walker_state_register_read : COVER_walker_state_memory_read;
        else
            state =
                in_register ? COVER_walker_state_drain_register_read : COVER_walker_state_drain_memory_read;
        cover_op_walker(c, op, state + exchange);
    }
    unsigned result = COVER_result_state_empty;
    if (w->result_valid)
        result = w->result_fault == FAULT_NONE   ? COVER_result_state_translation
                 : w->result_fault == FAULT_PAGE ? COVER_result_state_page_fault
                                                 : COVER_result_state_machine_check;
    cover_op_result(c, op, result);
}

static void sample_op_lookups(struct coverage *c, unsigned op, const struct mmu *mmu, const struct mmu_in *in)
{
    if (in->req_valid & mmu->out.req_ready)
        cover_op_lookup(c, op, COVER_lookups_accepted);
    if (!mmu->lookup_valid)
        cover_op_lookup(c, op, COVER_lookups_none);
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = coverage_lowest(left);
        bool fault = mmu->out.resp_valid >> port & 1 && mmu->out.resp[port].fault == FAULT_NON_CANONICAL;
        cover_op_lookup(c, op,
                        mmu->miss >> port & 1 ? COVER_lookups_miss
                        : fault               ? COVER_lookups_non_canonical
                                              : COVER_lookups_hit);
    }
}

/* A translation of the PCID, in the arrays up to `last`. */
static bool has_translations(const struct coverage *c, unsigned last, unsigned pcid)
{
    for (unsigned i = 0; i <= last; i++) {
        const struct tlb_array *a = c->arrays[i].array;
        uint32_t entries = a ? a->sets * a->ways : 0;
        for (uint32_t entry = 0; entry < entries; entry++)
            if ((a->tag[entry] & TAG_PCID) >> TAG_PCID_SHIFT == pcid && tlb_array_valid(a, entry) &&
                !(a->tag[entry] & TAG_GLOBAL))
                return true;
    }
    return false;
}

/* Some TLB has a translation that the operation's operands name. */
static bool is_present(const struct coverage *c, unsigned op, uint64_t va, unsigned pcid)
{
    if (op == COVER_op_context || op == COVER_op_context_other)
        return has_translations(c, COVER_array_l2i_1g, pcid);
    for (unsigned i = 0; i < COVER_array_pde; i++) {
        const struct tlb_array *a = c->arrays[i].array;
        int entry = a ? tlb_array_search(a, x86_vpn(va), pcid) : TLB_MISS;
        if (entry != TLB_MISS && (op == COVER_op_invlpg || !(a->tag[entry] & TAG_GLOBAL)))
            return true;
    }
    return false;
}

static void sample_operands(struct coverage *c, unsigned op, const struct op_req *req, unsigned pcid)
{
    unsigned by;
    switch (op) {
    case COVER_op_invlpg:
    case COVER_op_address:
    case COVER_op_address_other:
    case COVER_op_context:
    case COVER_op_context_other:
        by = op - COVER_op_invlpg + COVER_by_operand_invlpg;
        break;
    default:
        return;
    }
    bool present = is_present(c, op, req->va, pcid);
    bool same_va = x86_vpn(req->va) == x86_vpn(c->request.va);
    bool addressed = x86_is_register_write(c->request.op) ? false
                     : c->request.op == OP_INVPCID        ? (c->request.value & 3) == 0
                                                          : true;
    if (by != COVER_by_operand_context && by != COVER_by_operand_context_other && addressed)
        cover_inv_operand(c, by, COVER_operand_address, same_va ? COVER_repeated_same : COVER_repeated_other,
                          present);
    cover_inv_operand(c, by, COVER_operand_pcid,
                      pcid == c->op_pcid ? COVER_repeated_same : COVER_repeated_other, present);
}

static void accept(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in, unsigned op)
{
    uint16_t current = control_pcid(&mmu->control);
    uint16_t pcid = in->op.op == OP_INVPCID ? in->op.pcid & 0xfff : current;
    sample_queue_states(c, op, mmu);
    sample_walker_states(c, op, &mmu->page_walker);
    sample_op_lookups(c, op, mmu, in);
    if (c->any_op) {
        cover_op_after_op(c, c->op, op);
        sample_operands(c, op, &in->op, pcid);
    }
    c->any_op = true;
    c->op = (uint8_t)op;
    c->request = in->op;
    c->op_pcid = pcid;
    c->offered = 0;
    c->waited = 0;
}

/* What a register write in DRAIN waits for; once for each operation. */
static void sample_waiting(struct coverage *c, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    unsigned waiting =
        (mmu->lookup_valid ? 1u << COVER_waiting_lookup : 0) |
        (mmu->miss_queue.answer_valid ? 1u << COVER_waiting_on_port : 0) |
        (mq->pend ? 1u << COVER_waiting_pend : 0) | (mq->merged ? 1u << COVER_waiting_merged : 0) |
        (mq->lookup ? 1u << COVER_waiting_l2_lookup : 0) |
        (mq->walk_pend ? 1u << COVER_waiting_walk_pend : 0) | (mq->walk ? 1u << COVER_waiting_walk : 0) |
        (mq->answer ? 1u << COVER_waiting_answer : 0);
    for (unsigned left = waiting & ~c->waited; left; left &= left - 1)
        cover_op_waits(c, c->op, coverage_lowest(left));
    c->waited |= waiting;
}

/* CR3 changes at the end of this cycle. */
static void sample_switch(struct coverage *c, const struct control *control)
{
    bool pcide = control->mode & MODE_PCIDE;
    uint64_t value = control->value;
    unsigned pcid = pcide ? value & 0xfff : 0, now = control_pcid(control);
    unsigned write = !pcide                 ? COVER_cr3_write_no_pcide
                     : value & CR3_NO_FLUSH ? COVER_cr3_write_keep
                                            : COVER_cr3_write_flush;
    bool same_root = !((value ^ control->cr3) & ((1ull << control->maxphyaddr) - 1) & ~0xfffull);
    cover_pcid_switch(c, write, same_root ? COVER_root_change_same : COVER_root_change_other,
                      pcid == now ? COVER_pcid_change_same : COVER_pcid_change_other,
                      has_translations(c, COVER_array_l1d_1g, pcid));
}

void coverage_sample_ops(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct control *control = &mmu->control;
    bool fault_waiting = mmu->page_walker.result_valid && mmu->page_walker.result_fault == FAULT_PAGE;

    if (in->op_valid) {
        unsigned state = coverage_control_state(control, fault_waiting);
        if (c->offered != state + 1) {
            cover_op_offered(c, classify(&in->op, control), state);
            c->offered = (uint8_t)(state + 1);
        }
        if (mmu->out.op_ready)
            accept(c, mmu, in, classify(&in->op, control));
    }
    if (control->state == CONTROL_DRAIN) {
        sample_waiting(c, mmu);
        if (fault_waiting)
            cover_drop_during(c, c->op, COVER_resumed_drain);
        else if (!mmu->used && !mmu->lookup_valid && !mmu->miss_queue.answer_valid &&
                 control->op == OP_WRITE_CR3)
            sample_switch(c, control);
    } else if (control->state == CONTROL_SETTLE && fault_waiting) {
        cover_drop_during(c, c->op, COVER_resumed_settle);
    }
}
