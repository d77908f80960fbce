/* SPDX-License-Identifier: Apache-2.0 */
#include "walk_cache.h"

int walk_cache_init(struct walk_cache *wc, const struct mmu_params *params)
{
    const uint32_t sets[WALK_CACHES] = {params->walk_cache.sets_pde, params->walk_cache.sets_pdpte,
                                        params->walk_cache.sets_pml4e, params->walk_cache.sets_pml5e};
    const uint32_t ways[WALK_CACHES] = {params->walk_cache.ways_pde, params->walk_cache.ways_pdpte,
                                        params->walk_cache.ways_pml4e, params->walk_cache.ways_pml5e};
    int failed = 0;
    for (unsigned i = 0; i < WALK_CACHES; i++)
        failed |= tlb_array_init(&wc->array[i], sets[i], ways[i], (enum granularity)(GRAIN_2M + i),
                                 (enum replacement_policy)params->walk_cache.replacement);
    return failed;
}

void walk_cache_free(struct walk_cache *wc)
{
    for (unsigned i = 0; i < WALK_CACHES; i++)
        tlb_array_free(&wc->array[i]);
}

unsigned walk_cache_lookup(struct walk_cache *wc, uint64_t vpn, unsigned pcid, unsigned levels,
                           uint64_t *data, int *entry)
{
    for (unsigned level = 2; level <= levels; level++) {
        *entry = tlb_array_lookup(&wc->array[level - 2], vpn, pcid);
        if (*entry == TLB_MISS)
            continue;
        *data = wc->array[level - 2].data[*entry];
        wc->hits[level - 2]++;
        return level;
    }
    return 0;
}

void walk_cache_clock(struct walk_cache *wc, unsigned used_level, int entry, unsigned fill_level,
                      uint64_t tag, uint64_t data)
{
    const int none = TLB_MISS;
    if (used_level && used_level != fill_level)
        tlb_array_clock(&wc->array[used_level - 2], &entry, 1, false, 0, 0);
    if (fill_level)
        tlb_array_clock(&wc->array[fill_level - 2], used_level == fill_level ? &entry : &none, 1, true, tag,
                        data);
}

void walk_cache_invalidate(struct walk_cache *wc, unsigned flags, uint64_t vpn, unsigned pcid)
{
    for (unsigned i = 0; i < WALK_CACHES; i++)
        if (wc->array[i].ways)
            tlb_array_invalidate(&wc->array[i], flags, vpn, pcid);
}
