/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the model, for the model itself and for those who compare it
 * with the RTL's, register by register. Fields have the names of the RTL's
 * registers without their _q; words that belong together are one struct: of an
 * access (lookup), of a memory request (page_walker.memory), and of an answer
 * (out.resp, which the lookups of ports without one share).
 */
#ifndef TWINWALK_MMU_STATE_H
#define TWINWALK_MMU_STATE_H

#include "control.h"
#include "l1_tlb.h"
#include "l2_tlb.h"
#include "miss_queue.h"
#include "mmu.h"
#include "page_walker.h"
#include "walk_cache.h"

/*
 * What a lookup on a port found lately. It stays true while the L1 TLB's
 * entries and the control registers are as they were: whatever changes those
 * makes another generation. Only a way to be quick: no state of the machine.
 */
struct lookup_memo {
    uint64_t key;             /* of the access, see lookup_stage.c */
    uint64_t generation;      /* 0: nothing here */
    uint64_t frame;           /* physical address of the 4 KiB page */
    struct response response; /* but for pa and tag */
    struct l1_hit hit;
    struct tlb_array *array; /* of the hit */
};

enum { LOOKUP_MEMOS = 16 }; /* per port; a power of two */

struct mmu {
    struct l1_tlb l1i, l1d;
    struct l2_tlb l2, l2i; /* l2i only when split */
    struct walk_cache walk_cache;
    struct page_walker page_walker;
    struct miss_queue miss_queue;
    struct control control;

    /* accesses accepted in the previous cycle, being looked up in this one */
    uint8_t lookup_valid; /* bit per port */
    struct access_req lookup[MMU_MAX_PORTS];

    /* what the lookups found: a function of the above, kept for the clock edge */
    struct l1_hit hit[MMU_MAX_PORTS];
    struct tlb_array *hit_array[MMU_MAX_PORTS]; /* NULL: no hit */
    uint8_t miss, skip_l2, from_root;           /* bit per port */
    struct lookup_memo memo[MMU_MAX_PORTS][LOOKUP_MEMOS];
    uint64_t generation;              /* of what memos know, from 1 */
    uint64_t hits[MMU_MAX_PORTS][3];  /* lookups answered, per page size */
    uint64_t accepted[ATTR_MASK + 1]; /* accesses, by attributes */

    bool quiet; /* nothing but lookups that hit is under way: the next step may take the short way */
    uint8_t ports;
    bool split;
    uint32_t entries; /* of the miss queue */
    uint32_t used;    /* of those */
    struct translation_context context;
    struct mmu_out out;
    uint64_t cycle;
    struct mmu_stats stats;
};

#endif
