/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_map.h"

#include <stdlib.h>
#include <string.h>

#include "bench_params.h"
#include "random_source.h"
#include "table_builder.h"

enum { SEEN_BITS = 15, FIRST_TABLE = 0x1000, ROOT_BYTES = 0x1000 };

/* An odd number: multiplication by it modulo a power of two is a permutation. */
#define SCATTER 0x9e3779b1ull

/* Where Linux too gives up on single pages (tlb_single_page_flush_ceiling). */
enum { MOST_INVLPG = TRACE_MAP_MOST_OPS - 1 };

enum { REGION_SHIFT = 21, GIB_SHIFT = 30 };

struct trace_map {
    struct phys_mem *phys;
    const struct trace_reader *reader;
    struct table_pool pool;
    uint64_t seed;
    uint32_t huge_pages; /* per mille of the regions that may have one */
    enum trace_huge_where huge_where;
    unsigned physical_bits;
    uint64_t pages[2];             /* mapped, by enum page_size */
    uint64_t seen[1 << SEEN_BITS]; /* pages known to be mapped, plus one; by their low bits */
};

struct trace_map *trace_map_create(const struct stimulus_env *env, const struct trace_reader *reader)
{
    struct trace_map *map = calloc(1, sizeof(*map));
    if (!map)
        return NULL;
    map->phys = env->phys;
    map->seed = env->seed;
    map->reader = reader;
    map->huge_pages = env->bench->trace.huge_pages;
    map->huge_where = env->bench->trace.huge_where;
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

/* Whether the mapping permits a 2 MiB page around va. vma NULL: nothing is known of it. */
static bool may_be_huge(const struct trace_map *map, const struct trace_vma *vma, uint64_t va)
{
    uint64_t region = va >> REGION_SHIFT << REGION_SHIFT;
    if (map->huge_where == HUGE_ANYWHERE && !map->reader->has_mappings)
        return true;
    if (!vma || vma->start > region || vma->end - region < 1ull << REGION_SHIFT)
        return false;
    switch (map->huge_where) {
    case HUGE_ANYWHERE:
        return true;
    case HUGE_ANONYMOUS:
        return vma->flags & VMA_ANONYMOUS && !(vma->flags & VMA_REFUSED);
    case HUGE_ADVISED:
        return vma->flags & VMA_ANONYMOUS && vma->flags & VMA_ADVISED;
    }
    return false;
}

/* Rights as the mapping has them, where the trace tells. 0: none at all. */
static uint64_t leaf_bits(const struct trace_map *map, const struct trace_vma *vma)
{
    if (!vma || !map->reader->has_mappings)
        return ENTRY_P | ENTRY_RW | ENTRY_US;
    if (!(vma->flags & VMA_RIGHTS))
        return 0;
    return ENTRY_P | ENTRY_US | (vma->flags & VMA_WRITE ? ENTRY_RW : 0) |
           (vma->flags & VMA_EXECUTE ? 0 : ENTRY_NX);
}

static bool has_table(const struct trace_map *map, uint64_t va)
{
    uint64_t at = table_builder_entry(map->phys, FIRST_TABLE, 4, va, 2);
    return at != TABLE_NO_ENTRY && phys_mem_read64(map->phys, at) & ENTRY_P;
}

static const char *map_page(struct trace_map *map, uint64_t va)
{
    const struct trace_vma *vma = trace_vmas_find(&map->reader->vmas, va);
    uint64_t bits = leaf_bits(map, vma);
    if (bits == 0)
        return NULL;
    bool huge = random_mix(map->seed ^ va >> REGION_SHIFT) % 1000 < map->huge_pages &&
                may_be_huge(map, vma, va) && !has_table(map, va);
    enum page_size size = huge ? PAGE_2M : PAGE_4K;
    struct table_mapping mapping = {
        .va = va,
        .pa = frame(map, size, map->pages[size]++),
        .root = FIRST_TABLE,
        .leaf_bits = bits,
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

/* What a walk over a range of mapped pages is for. */
struct clearing {
    struct trace_map *map; /* NULL: only counts */
    struct op_req *ops;
    unsigned cleared;
};

/* Clears the entry at `at`, which maps va or leads to a table without pages. */
static void clear_entry(struct clearing *clearing, uint64_t at, uint64_t va)
{
    if (clearing->map) {
        phys_mem_write64(clearing->map->phys, at, 0);
        if (clearing->cleared < MOST_INVLPG)
            clearing->ops[clearing->cleared] = (struct op_req){.op = OP_INVLPG, .va = va};
    }
    clearing->cleared++;
}

/* The part start..end - 1 of one 2 MiB region. */
static void clear_region(struct clearing *clearing, const struct phys_mem *phys, uint64_t start, uint64_t end)
{
    uint64_t pde_at = table_builder_entry(phys, FIRST_TABLE, 4, start, 2);
    uint64_t pde = pde_at == TABLE_NO_ENTRY ? 0 : phys_mem_read64(phys, pde_at);
    if (!(pde & ENTRY_P))
        return;
    if (!(pde & ENTRY_PS)) {
        for (uint64_t va = start; va < end; va += TRACE_PAGE) {
            uint64_t at = table_builder_entry(phys, FIRST_TABLE, 4, va, 1);
            if (phys_mem_read64(phys, at) & ENTRY_P)
                clear_entry(clearing, at, va);
        }
        if (end - start < 1ull << REGION_SHIFT)
            return;
    }
    clear_entry(clearing, pde_at, start);
}

static void clear_range(struct clearing *clearing, const struct phys_mem *phys, const struct trace_vma *range)
{
    uint64_t next;
    for (uint64_t va = range->start; va < range->end; va = next) {
        /* without a table for the GiB there is nothing in it */
        unsigned shift =
            !is_canonical(va) || table_builder_entry(phys, FIRST_TABLE, 4, va, 2) == TABLE_NO_ENTRY
                ? GIB_SHIFT
                : REGION_SHIFT;
        next = ((va >> shift) + 1) << shift;
        if (next == 0 || next > range->end)
            next = range->end;
        if (shift == REGION_SHIFT)
            clear_region(clearing, phys, va, next);
    }
}

bool trace_map_is_touched(const struct trace_map *map, const struct trace_change *changes, size_t count)
{
    struct clearing clearing = {0};
    for (size_t i = 0; i < count && clearing.cleared == 0; i++)
        if (!changes[i].keeps)
            clear_range(&clearing, map->phys, &changes[i].vma);
    return clearing.cleared > 0;
}

unsigned trace_map_change(struct trace_map *map, const struct trace_change *changes, size_t count,
                          struct op_req *ops)
{
    struct clearing clearing = {.map = map, .ops = ops};
    for (size_t i = 0; i < count; i++)
        if (!changes[i].keeps)
            clear_range(&clearing, map->phys, &changes[i].vma);
    memset(map->seen, 0, sizeof(map->seen));
    if (clearing.cleared <= MOST_INVLPG)
        return clearing.cleared;
    ops[0] = (struct op_req){.op = OP_WRITE_CR3, .value = FIRST_TABLE};
    return 1;
}
