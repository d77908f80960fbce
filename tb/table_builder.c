/* SPDX-License-Identifier: Apache-2.0 */
#include "table_builder.h"

enum { TABLE_BYTES = 4096, ENTRY_BYTES = 8 };

static uint64_t entry_address(uint64_t table, uint64_t va, unsigned level)
{
    return (table & ENTRY_ADDRESS) + (va >> (12 + 9 * (level - 1)) & 511) * ENTRY_BYTES;
}

/* Whether an entry of `level` points to a table rather than to a page. */
static bool is_table(uint64_t entry, unsigned level)
{
    return level > 1 && (level > 3 || !(entry & ENTRY_PS));
}

/* A zeroed table page; 0 when none is left. */
static uint64_t new_table(struct phys_mem *phys, struct table_pool *pool)
{
    if (pool->next >= pool->end)
        return 0;
    uint64_t table = pool->next;
    pool->next += TABLE_BYTES;
    for (uint64_t at = table; at < table + TABLE_BYTES; at += ENTRY_BYTES)
        if (phys_mem_read64(phys, at) != 0)
            phys_mem_write64(phys, at, 0);
    return table;
}

const char *table_builder_map(struct phys_mem *phys, struct table_pool *pool, const struct table_mapping *map)
{
    unsigned leaf_level = map->size + 1u;
    uint64_t table = map->root;
    for (unsigned level = map->levels; level > leaf_level; level--) {
        uint64_t at = entry_address(table, map->va, level);
        uint64_t entry = phys_mem_read64(phys, at);
        if (!(entry & ENTRY_P)) {
            uint64_t next = new_table(phys, pool);
            if (next == 0)
                return "no page for a table is left in the pool";
            entry = next | map->table_bits;
            phys_mem_write64(phys, at, entry);
        } else if (!is_table(entry, level)) {
            return "a larger page is mapped there";
        }
        table = entry;
    }
    uint64_t leaf = map->pa | map->leaf_bits;
    if (leaf_level > 1)
        leaf |= ENTRY_PS;
    phys_mem_write64(phys, entry_address(table, map->va, leaf_level), leaf);
    return NULL;
}

uint64_t table_builder_entry(const struct phys_mem *phys, uint64_t root, unsigned levels, uint64_t va,
                             unsigned level)
{
    uint64_t table = root;
    for (unsigned at_level = levels; at_level > level; at_level--) {
        uint64_t entry = phys_mem_read64(phys, entry_address(table, va, at_level));
        if (!(entry & ENTRY_P) || !is_table(entry, at_level))
            return TABLE_NO_ENTRY;
        table = entry;
    }
    return entry_address(table, va, level);
}
