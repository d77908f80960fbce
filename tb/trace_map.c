/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_map.h"

#include <stdlib.h>

#include "bench_params.h"
#include "random_source.h"
#include "table_builder.h"

enum { SEEN_BITS = 15, FIRST_TABLE = 0x1000, ROOT_BYTES = 0x1000 };

/* An odd number: multiplication by it modulo a power of two is a permutation. */
#define SCATTER 0x9e3779b1ull

struct trace_map {
    struct phys_mem *phys;
    struct table_pool pool;
    uint64_t seed;
    uint32_t huge_pages; /* per mille of the regions */
    unsigned physical_bits;
    uint64_t pages[2];             /* mapped, by enum page_size */
    uint64_t seen[1 << SEEN_BITS]; /* pages known to be mapped, plus one; by their low bits */
};

struct trace_map *trace_map_create(const struct stimulus_env *env)
{
    struct trace_map *map = calloc(1, sizeof(*map));
    if (!map)
        return NULL;
    map->phys = env->phys;
    map->seed = env->seed;
    map->huge_pages = env->bench->trace.huge_pages;
    map->physical_bits = env->params->mmu.maxphyaddr;
    map->pool.next = FIRST_TABLE + ROOT_BYTES;
    map->pool.end = 1ull << (map->physical_bits - 1);
    return map;
}

void trace_map_destroy(struct trace_map *map)
{
    free(map);
}

uint64_t trace_map_root(const struct trace_map *map)
{
    (void)map;
    return FIRST_TABLE;
}

/* The frame of the n-th page of a size; 0 when all are used. */
static uint64_t frame(const struct trace_map *map, enum page_size size, uint64_t n)
{
    unsigned shift = size == PAGE_4K ? 12 : 21;
    unsigned bits = map->physical_bits - 2 - shift; /* of a quarter */
    uint64_t quarter = size == PAGE_4K ? 2 : 3;
    if (n >> bits)
        return 0;
    uint64_t scattered = n * SCATTER & ((1ull << bits) - 1);
    return quarter << (map->physical_bits - 2) | scattered << shift;
}

static bool is_mapped(const struct trace_map *map, uint64_t va)
{
    uint64_t at = table_builder_entry(map->phys, FIRST_TABLE, 4, va, 2);
    if (at == TABLE_NO_ENTRY)
        return false;
    uint64_t pde = phys_mem_read64(map->phys, at);
    if (!(pde & ENTRY_P) || pde & ENTRY_PS)
        return pde & ENTRY_P;
    return phys_mem_read64(map->phys, table_builder_entry(map->phys, FIRST_TABLE, 4, va, 1)) & ENTRY_P;
}

static const char *map_page(struct trace_map *map, uint64_t va)
{
    bool huge = random_mix(map->seed ^ va >> 21) % 1000 < map->huge_pages;
    enum page_size size = huge ? PAGE_2M : PAGE_4K;
    struct table_mapping mapping = {
        .va = va,
        .pa = frame(map, size, map->pages[size]++),
        .root = FIRST_TABLE,
        .leaf_bits = ENTRY_P | ENTRY_RW | ENTRY_US,
        .table_bits = ENTRY_P | ENTRY_RW | ENTRY_US,
        .levels = 4,
        .size = (uint8_t)size,
    };
    if (mapping.pa == 0)
        return "the trace touches more pages than there is physical memory (mmu.maxphyaddr)";
    return table_builder_map(map->phys, &map->pool, &mapping);
}

static bool is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

const char *trace_map_touch(struct trace_map *map, const struct trace_access *accesses, size_t count)
{
    uint64_t last = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t va = accesses[i].va, page = va >> 12;
        if (page == last)
            continue;
        last = page;
        uint64_t *seen = &map->seen[page & ((1 << SEEN_BITS) - 1)];
        if (*seen == page + 1 || !is_canonical(va))
            continue;
        if (!is_mapped(map, va)) {
            const char *wrong = map_page(map, va);
            if (wrong)
                return wrong;
        }
        *seen = page + 1;
    }
    return NULL;
}
