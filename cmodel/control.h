/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control operations: the registers that translation looks at, and the
 * sequence of an invalidation. The C twin of rtl/control.sv.
 *
 *   IDLE       takes an operation, or a page fault's drop of its address
 *   DRAIN      a register write waits until every access before it is answered
 *   BROADCAST  one cycle: L1 TLBs, walk caches, the L2 TLBs' sets of one
 *              address; entries and walks that were overtaken start again
 *   SWEEP      other invalidations: the L2 TLBs, one set of each per cycle
 *   SETTLE     waits for compare-exchanges of given-up walks
 *   DONE       one cycle: complete
 *
 * An INVLPG accepted in cycle t broadcasts in t + 1 and is complete in t + 3;
 * a sweep adds one cycle per set. After an operation that sent accesses back,
 * the next one waits until one of them was answered, so that a stream of
 * invalidations cannot starve them.
 */
#ifndef TWINWALK_CONTROL_H
#define TWINWALK_CONTROL_H

#include "mmu.h"
#include "page_walker.h"
#include "stats.h"
#include "x86.h"

enum control_state {
    CONTROL_IDLE,
    CONTROL_DRAIN,
    CONTROL_BROADCAST,
    CONTROL_SWEEP,
    CONTROL_SETTLE,
    CONTROL_DONE
};

struct control {
    uint8_t state;  /* enum control_state */
    uint8_t resume; /* where to go on after a fault's drop */
    bool dropping;  /* BROADCAST is a fault's drop, not the operation's */
    bool blocking;  /* a register write is under way: no access is accepted */
    bool progress_owed;

    /* the operation */
    uint8_t op;
    uint8_t flags; /* what it invalidates, x86.h's INV_ flags */
    uint16_t pcid; /* of the entries it invalidates */
    uint64_t value, va;
    uint16_t sweep_set; /* 0..1023 */

    /* control registers */
    uint64_t cr3;
    uint32_t mode, pkru, pkrs;

    uint16_t sweep_sets; /* cycles of a sweep */
    uint8_t maxphyaddr;
    bool gib_pages;
    uint64_t accepted; /* cycle, for the statistics */
};

struct control_in {
    bool op_valid;
    const struct op_req *op;
    bool fault_waiting;     /* the result register holds a page fault */
    bool drained;           /* no access is under way */
    bool draining_exchange; /* page_walker_draining_exchange */
    bool sent_back;         /* BROADCAST, SWEEP: some access was sent back */
    bool answered;          /* a miss queue entry is answered in this cycle */
    bool queue_empty;       /* no entry in the miss queue */
};

void control_init(struct control *c, const struct mmu_params *params, uint32_t sweep_sets);

static inline uint16_t control_pcid(const struct control *c)
{
    return c->mode & MODE_PCIDE ? c->cr3 & 0xfff : 0;
}

static inline bool control_op_ready(const struct control *c, bool fault_waiting)
{
    return c->state == CONTROL_IDLE && !fault_waiting && !c->progress_owed;
}

/* What BROADCAST and SWEEP invalidate. */
struct invalidation {
    uint8_t flags;      /* in TLBs */
    uint8_t walk_flags; /* in walk caches: INVLPG and INVPCID drop all of the PCID (4.10.4.1) */
    uint16_t pcid;
    uint64_t vpn;
};

/* fault_va: address of the access in the result register. */
struct invalidation control_invalidation(const struct control *c, uint64_t fault_va);

/* The operation in BROADCAST overtakes the accesses under way, which are all of the current PCID. */
static inline bool control_overtakes(const struct control *c)
{
    return !(c->flags & INV_PCID) || c->pcid == control_pcid(c);
}

void control_clock(struct control *c, const struct control_in *in, struct mmu_stats *stats, uint64_t cycle);

/* What walks and lookups need of the registers. */
struct translation_context control_context(const struct control *c);

#endif
