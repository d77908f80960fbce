/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paging-structure caches (SDM 4.10.3), one per level: PML5E, PML4E,
 * PDPTE, PDE. The C twin of rtl/walk_cache.sv. An entry says for a part of the
 * address space where the next table is and what rights the path to it leaves.
 * One lookup and one fill per cycle. Entries belong to a PCID; none is global.
 */
#ifndef TWINWALK_WALK_CACHE_H
#define TWINWALK_WALK_CACHE_H

#include "tlb_array.h"

enum { WALK_CACHES = 4 };

struct walk_cache {
    struct tlb_array array[WALK_CACHES]; /* [level - 2]: PDE, PDPTE, PML4E, PML5E */
    uint64_t hits[WALK_CACHES];          /* lookups answered from that level */
};

/* Returns -1 when memory is short. */
int walk_cache_init(struct walk_cache *wc, const struct mmu_params *params);
void walk_cache_free(struct walk_cache *wc);

/*
 * The deepest level (2..levels) with an entry for vpn, with *data of it; 0: none.
 * *entry is for walk_cache_clock.
 */
unsigned walk_cache_lookup(struct walk_cache *wc, uint64_t vpn, unsigned pcid, unsigned levels,
                           uint64_t *data, int *entry);

/*
 * The clock edge without an invalidation: marks the entry that a lookup found
 * at used_level (0: none), fills the cache of fill_level (0: none).
 */
void walk_cache_clock(struct walk_cache *wc, unsigned used_level, int entry, unsigned fill_level,
                      uint64_t tag, uint64_t data);

/* The clock edge of an invalidation. */
void walk_cache_invalidate(struct walk_cache *wc, unsigned flags, uint64_t vpn, unsigned pcid);

#endif
