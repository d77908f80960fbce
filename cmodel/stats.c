/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics that blocks keep for themselves, brought together. */
#include "stats.h"

#include "mmu_state.h"

/* Fills, evictions and invalidations per page size of a TLB's arrays. */
static void gather(const struct tlb_array *arrays, unsigned count, uint64_t *fills, uint64_t *evictions,
                   uint64_t *invalidations)
{
    for (unsigned size = 0; size < 3; size++) {
        fills[size] = evictions[size] = invalidations[size] = 0;
        for (unsigned i = 0; i < count; i++) {
            fills[size] += arrays[i].fills[size];
            evictions[size] += arrays[i].evictions[size];
            invalidations[size] += arrays[i].invalidations[size];
        }
    }
}

/* Accesses by kind, and hits of the L1 TLBs. */
static void gather_lookups(struct mmu *mmu)
{
    struct mmu_stats *s = &mmu->stats;
    s->mmu_reads = s->mmu_writes = s->mmu_fetches = s->mmu_implicit = 0;
    for (unsigned attr = 0; attr <= ATTR_MASK; attr++) {
        uint64_t count = mmu->accepted[attr];
        s->mmu_reads += (attr & ATTR_KIND) == ACCESS_READ ? count : 0;
        s->mmu_writes += (attr & ATTR_KIND) == ACCESS_WRITE ? count : 0;
        s->mmu_fetches += (attr & ATTR_KIND) == ACCESS_FETCH ? count : 0;
        s->mmu_implicit += attr & ATTR_IMPLICIT ? count : 0;
    }
    for (unsigned size = 0; size < 3; size++) {
        s->l1i_hits[size] = mmu->hits[MMU_PORT_FETCH][size];
        s->l1d_hits[size] = 0;
        for (unsigned port = 1; port < MMU_MAX_PORTS; port++)
            s->l1d_hits[size] += mmu->hits[port][size];
    }
}

const struct mmu_stats *mmu_statistics(struct mmu *mmu)
{
    struct mmu_stats *s = &mmu->stats;
    s->mmu_cycles = mmu->cycle;
    gather_lookups(mmu);
    gather(mmu->l1i.array, L1_ARRAYS, s->l1i_fills, s->l1i_evictions, s->l1i_invalidations);
    gather(mmu->l1d.array, L1_ARRAYS, s->l1d_fills, s->l1d_evictions, s->l1d_invalidations);
    gather(mmu->l2.array, L2_ARRAYS, s->l2_fills, s->l2_evictions, s->l2_invalidations);
    gather(mmu->l2i.array, L2_ARRAYS, s->l2i_fills, s->l2i_evictions, s->l2i_invalidations);
    for (unsigned i = 0; i < WALK_CACHES; i++) {
        const struct tlb_array *a = &mmu->walk_cache.array[i];
        s->walk_cache_hits[i] = mmu->walk_cache.hits[i];
        s->walk_cache_fills[i] = a->fills[0];
        s->walk_cache_evictions[i] = a->evictions[0];
        s->walk_cache_invalidations[i] = a->invalidations[0];
    }
    return s;
}
