/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page walkers: up to eight walks at once, one memory request in flight
 * each, around one datapath that decodes an entry per cycle. The C twin of
 * rtl/page_walker.sv.
 *
 * A walker is IDLE, in REQUEST (wants the request register), in WAIT (its
 * request is in the register or in memory) or in DRAIN (given up; the response
 * is still to come and is thrown away). A state is a bit vector over the
 * walkers. In WAIT a response decides the next step:
 *
 *   entry clear, reserved or denying   result: page fault; but a walk that began in a
 *                                      walk cache begins again at the root
 *   A, or D for a write, to be set     REQUEST with a compare-exchange
 *   entry points to a table            fills the walk cache, REQUEST one level down
 *   entry maps a page                  result: translation
 *   compare-exchange lost              REQUEST at the root
 *   bus error                          result: machine check
 *
 * A response takes one cycle to the next request, that one to the request
 * register: two cycles a level plus memory's. The result register holds one
 * result until the miss queue takes it, and holds back responses meanwhile.
 */
#ifndef TWINWALK_PAGE_WALKER_H
#define TWINWALK_PAGE_WALKER_H

#include "mmu.h"
#include "stats.h"
#include "x86.h"

enum { WALKERS_MAX = 8 };

struct page_walker {
    /* states, a bit per walker; IDLE when in none */
    uint8_t request, wait, drain;
    uint8_t exchange;   /* the present request is a compare-exchange */
    uint8_t from_cache; /* the walk began in a walk cache */
    /* per walker */
    uint8_t level[WALKERS_MAX];    /* 1..5, of the entry being read */
    uint8_t entry_id[WALKERS_MAX]; /* miss queue entry it walks for */
    uint64_t
        table[WALKERS_MAX]; /* frame of the table being read, rights of the path above (x86.h's data word) */
    uint64_t va[WALKERS_MAX];
    uint8_t attr[WALKERS_MAX];
    uint64_t expected[WALKERS_MAX]; /* compare-exchange: the entry as it was read */
    uint64_t desired[WALKERS_MAX];  /* compare-exchange: with A (and D) set */

    uint8_t next; /* round robin: the first walker considered for the request register */

    bool memory_valid; /* request register */
    struct mem_req memory;

    bool result_valid;
    uint8_t result_id; /* miss queue entry */
    uint8_t result_fault;
    uint8_t result_code;
    uint64_t result_tag, result_data; /* FAULT_NONE only, else 0 */

    uint8_t all;                   /* a bit for each walker that exists */
    uint64_t started[WALKERS_MAX]; /* cycle, for the statistics */
};

/* What the control registers say; constant while a walk is under way. */
struct translation_context {
    uint64_t root; /* frame of the root table */
    uint32_t mode;
    uint32_t pkru, pkrs;
    uint16_t pcid;
    uint8_t maxphyaddr;
    bool gib_pages;
};

/* Where a walk begins: in a walk cache or at the root. */
struct walk_start {
    uint8_t id; /* miss queue entry */
    uint8_t level;
    uint8_t attr;
    bool from_cache;
    uint64_t data; /* table's frame and rights */
    uint64_t va;
};

/* What a response did to the walk cache. */
struct walk_cache_fill {
    uint8_t level; /* 2..5; 0: no fill */
    uint64_t tag, data;
};

static inline uint8_t page_walker_idle(const struct page_walker *w)
{
    return (uint8_t)(w->all & ~(w->request | w->wait | w->drain));
}

/* Compare-exchanges of given-up walks that memory has not answered yet. */
static inline uint8_t page_walker_draining_exchange(const struct page_walker *w)
{
    return w->drain & w->exchange;
}

void page_walker_init(struct page_walker *w, unsigned walkers);

/*
 * The parts of one clock edge, to be called in this order. Each takes its
 * decision from the state before the clock edge: what an earlier part changed
 * of that is passed along.
 */

/* REQUEST -> WAIT: the request register takes the next request; false: there is none, or no room. */
bool page_walker_load(struct page_walker *w);

/* WAIT -> REQUEST or IDLE, DRAIN -> IDLE: memory's response; returns the walk cache fill that goes with it.
 */
struct walk_cache_fill page_walker_respond(struct page_walker *w, const struct translation_context *context,
                                           const struct mem_resp *response, struct mmu_stats *stats,
                                           uint64_t cycle);

/* IDLE -> REQUEST: the lowest of `idle` (page_walker_idle before the clock edge) begins a walk. */
void page_walker_start(struct page_walker *w, uint8_t idle, const struct walk_start *start,
                       struct mmu_stats *stats, uint64_t cycle);

/* REQUEST -> IDLE, WAIT -> DRAIN: the walks for these miss queue entries are given up. */
void page_walker_abort(struct page_walker *w, uint32_t entries, struct mmu_stats *stats, uint64_t cycle);

#endif
