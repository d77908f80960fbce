/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One array of cached translations: sets x ways, with replacement state. The C
 * twin of rtl/tlb_array.sv. L1 TLBs, L2 TLBs and walk caches are made of it.
 *
 * Lookups see the entries as they stood at the start of the cycle. At the
 * clock edge happens, in this order of precedence: an invalidation (the block
 * around never fills in that cycle), a fill, the marking of looked-up ways as
 * used. Where several of them concern one set's replacement state in one
 * cycle, the fill decides, then the highest port.
 *
 * A fill takes the way of an entry that overlaps it (the same page, also a
 * global and a non-global one); then an invalid way, the lowest first; then
 * the victim. Every other overlapping entry is dropped, so that a lookup hits
 * at most once; only where 4 KiB and 2 MiB pages share an array may both be
 * there (a page was split or promoted), and the 4 KiB page answers.
 */
#ifndef TWINWALK_TLB_ARRAY_H
#define TWINWALK_TLB_ARRAY_H

#include <stdbool.h>
#include <stdint.h>

#include "replacement.h"
#include "x86.h"

/* What one entry covers, and so which address bits index the array. */
enum granularity {
    GRAIN_4K,
    GRAIN_2M,
    GRAIN_1G,
    GRAIN_512G, /* walk cache of PML4Es */
    GRAIN_256T, /* walk cache of PML5Es */
    GRAIN_OWN,  /* each entry its own page size; fully associative */
    GRAIN_4K_2M /* 4 KiB and 2 MiB pages, each indexed by its own size; two sets are read at once */
};

enum { TLB_MISS = -1 };

struct tlb_array {
    uint32_t sets, ways; /* ways 0: the array does not exist */
    uint8_t grain;       /* enum granularity */
    struct replacement replacement;
    uint16_t lfsr;
    uint64_t *tag;              /* [set * ways + way], x86_tag */
    uint64_t *data;             /* likewise */
    uint64_t *valid;            /* bit set * ways + way */
    uint8_t *replacement_state; /* [set * replacement.state_bytes] */
    uint64_t digest;            /* of all fills and marks, see tlb_array_digest */
    uint32_t hint;              /* entry found last: where a search starts */
    int last_marked;            /* marking it again changes nothing but the digest */
    uint32_t count[3];          /* valid entries per page size: what is not there need not be searched */
    uint8_t *signature;         /* [entry]: a byte of the page number; a search looks at these first */
    uint8_t set_bits;           /* log2(sets) */
    uint64_t reciprocal;        /* 2^32 / ways, rounded up */

    uint64_t fills[3], evictions[3], invalidations[3]; /* per page size */
};

/* Returns -1 when memory is short. */
int tlb_array_init(struct tlb_array *a, uint32_t sets, uint32_t ways, enum granularity grain,
                   enum replacement_policy policy);
void tlb_array_free(struct tlb_array *a);

/* The entry (set * ways + way) that translates vpn for pcid, or TLB_MISS. */
int tlb_array_search(const struct tlb_array *a, uint64_t vpn, unsigned pcid);

/* The digest of a sequence of words, the same in the RTL: compared every cycle. */
static inline void tlb_array_digest(struct tlb_array *a, uint64_t word)
{
    a->digest = (a->digest << 7 | a->digest >> 57) ^ word;
}

/* The set of an entry: a division by the ways. */
static inline uint32_t tlb_array_set(const struct tlb_array *a, uint32_t entry)
{
    return (uint32_t)(entry * a->reciprocal >> 32);
}

static inline bool tlb_array_valid(const struct tlb_array *a, uint32_t entry)
{
    return a->valid[entry >> 6] >> (entry & 63) & 1;
}

/* As tlb_array_search, quick when the entry found last matches again. */
static inline int tlb_array_lookup(struct tlb_array *a, uint64_t vpn, unsigned pcid)
{
    uint32_t entry = a->hint;
    if (!(a->count[PAGE_4K] | a->count[PAGE_2M] | a->count[PAGE_1G]))
        return TLB_MISS;
    /* An entry of the same size and PCID: only then is one comparison enough. */
    if (tlb_array_valid(a, entry) && a->grain < GRAIN_OWN) {
        uint64_t key = vpn | (uint64_t)pcid << TAG_PCID_SHIFT;
        if (!((a->tag[entry] ^ key) & (TAG_PCID | TAG_VPN) & ~x86_offset_mask(a->grain)))
            return (int)entry;
    }
    int found = tlb_array_search(a, vpn, pcid);
    if (found >= 0)
        a->hint = (uint32_t)found;
    return found;
}

/*
 * The clock edge without an invalidation: marks entries found by `ports`
 * lookups (TLB_MISS: none on that port) and fills tag and data when `fill`.
 */
void tlb_array_clock(struct tlb_array *a, const int *found, unsigned ports, bool fill, uint64_t tag,
                     uint64_t data);

/* The part of that clock edge that changes replacement state: an entry was used last in its set. */
void tlb_array_touch(struct tlb_array *a, uint32_t entry);

/* The clock edge of an invalidation of all entries (x86_invalidates). */
void tlb_array_invalidate(struct tlb_array *a, unsigned flags, uint64_t vpn, unsigned pcid);

/*
 * Likewise, of the one or two sets only that can hold the page at vpn. Not for
 * arrays that keep fragments of larger pages: those lie in many sets.
 */
void tlb_array_invalidate_address(struct tlb_array *a, unsigned flags, uint64_t vpn, unsigned pcid);

/* Likewise, of one set only; sets beyond the array's are none. */
void tlb_array_invalidate_set(struct tlb_array *a, uint32_t set, unsigned flags, uint64_t vpn, unsigned pcid);

#endif
