/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that an image maps, found by reading its tables once. */
#include <assert.h>
#include <stdlib.h>

#include "random_tables.h"
#include "table_builder.h"

enum {
    MAX_PAGES = 100000,
    MAX_TABLES = 65536, /* read; an image may be one table that leads to itself everywhere */
};

struct collector {
    struct random_tables *tables;
    uint64_t seen; /* leaves */
    uint32_t read; /* tables */
};

/* Every leaf seen so far is kept with the same chance (reservoir sampling). */
static void collect(struct collector *collector, uint64_t va, unsigned size)
{
    struct random_pages *pages = &collector->tables->image;
    unsigned shift = collector->tables->levels == 5 ? 7 : 16;
    uint64_t page = (uint64_t)((int64_t)(va << shift) >> shift) | size;

    collector->seen++;
    if (pages->count < MAX_PAGES) {
        pages->va[pages->count++] = page;
        return;
    }
    uint64_t place = random_u64(collector->tables->source) % collector->seen;
    if (place < MAX_PAGES)
        pages->va[place] = page;
}

static void read_table(struct collector *collector, uint64_t table, unsigned level, uint64_t base)
{
    const struct random_tables *tables = collector->tables;

    assert(level >= 1);
    if (collector->read == MAX_TABLES || !phys_mem_backed(tables->phys, table))
        return;
    collector->read++;
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t entry = phys_mem_read64(tables->phys, table + 8 * i);
        uint64_t va = base | i << (12 + 9 * (level - 1));
        if (!(entry & ENTRY_P) || (entry & ENTRY_ADDRESS) >> tables->maxphyaddr)
            continue;
        if (level == 1 || ((entry & ENTRY_PS) && level <= 3))
            collect(collector, va, level - 1);
        else if (!(entry & ENTRY_PS))
            read_table(collector, entry & ENTRY_ADDRESS, level - 1, va);
    }
}

int random_image_pages(struct random_tables *tables, uint64_t root)
{
    struct collector collector = {.tables = tables};

    tables->image.va = malloc(MAX_PAGES * sizeof(*tables->image.va));
    if (!tables->image.va)
        return -1;
    read_table(&collector, root, tables->levels, 0);
    return 0;
}
