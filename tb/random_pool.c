/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tables of the random stimulus lie: three islands of physical
 * memory. Changes lose tables now and then; when none is left, those that
 * nothing leads to are found.
 */
#include "bench_params.h"
#include "random_tables.h"
#include "table_builder.h"

enum { MIN_TABLES = 768 };

/* Pages at the bottom, in the middle and at the very top of physical memory. */
void random_pool_open(struct random_tables *tables)
{
    const struct bench_params *bench = tables->env->bench;
    uint32_t wanted = bench->random.address_spaces * (bench->random.regions * 10 + 8);
    uint32_t count = wanted < MIN_TABLES          ? MIN_TABLES
                     : wanted > RANDOM_MAX_TABLES ? RANDOM_MAX_TABLES
                                                  : wanted;
    uint64_t top = 1ull << (tables->maxphyaddr - 12);
    uint32_t part = count / RANDOM_ISLANDS;

    tables->islands[0] = (struct random_island){tables->env->image ? top / 2 + 0x1000 : 0x1000, part};
    tables->islands[1] = (struct random_island){top / 4 * 3 - part / 2, part};
    tables->islands[2] = (struct random_island){top - part, part};
    for (uint32_t i = 0; i < part; i++) {
        for (unsigned island = 0; island < RANDOM_ISLANDS; island++)
            random_tables_release(tables, (tables->islands[island].first + i) << 12);
    }
}

/* Number of the table among ours, 0..RANDOM_MAX_TABLES-1; -1: it is not. */
static int table_number(const struct random_tables *tables, uint64_t table)
{
    for (unsigned i = 0; i < RANDOM_ISLANDS; i++) {
        uint64_t offset = (table >> 12) - tables->islands[i].first;
        if (offset < tables->islands[i].count)
            return (int)(i * tables->islands[0].count + offset);
    }
    return -1;
}

bool random_tables_is_own(const struct random_tables *tables, uint64_t table)
{
    return table_number(tables, table) >= 0;
}

void random_tables_release(struct random_tables *tables, uint64_t table)
{
    if (random_tables_is_own(tables, table) && tables->free_count < RANDOM_MAX_TABLES)
        tables->free_tables[(tables->free_head + tables->free_count++) % RANDOM_MAX_TABLES] = table;
}

static bool leads_to_us(const struct random_tables *tables, uint64_t entry)
{
    return (entry & ENTRY_P) && random_tables_is_own(tables, entry & ENTRY_ADDRESS);
}

void random_tables_write(struct random_tables *tables, uint64_t addr, uint64_t value)
{
    if (leads_to_us(tables, value) && !random_tables_is_own(tables, addr)) {
        uint64_t before = phys_mem_read64(tables->phys, addr);
        if (!leads_to_us(tables, before))
            tables->foreign[tables->foreign_count++ % RANDOM_MAX_TABLES] =
                (struct random_foreign){.addr = addr, .before = before};
    }
    phys_mem_write64(tables->phys, addr, value);
}

struct marker {
    struct random_tables *tables;
    bool used[RANDOM_MAX_TABLES];
    uint64_t reached[RANDOM_MAX_TABLES]; /* the used ones, in the order of the search */
    unsigned count;
};

static void mark(struct marker *marker, uint64_t entry)
{
    int number = table_number(marker->tables, entry & ENTRY_ADDRESS);
    if (number < 0 || marker->used[number])
        return;
    marker->used[number] = true;
    marker->reached[marker->count++] = entry & ENTRY_ADDRESS;
}

static uint32_t foreign_kept(const struct random_tables *tables)
{
    return tables->foreign_count < RANDOM_MAX_TABLES ? tables->foreign_count : RANDOM_MAX_TABLES;
}

/* Finds every table that an entry, present or soon to be again, leads to. */
static void mark_all(struct marker *marker, struct random_tables *tables)
{
    *marker = (struct marker){.tables = tables};
    for (unsigned i = 0; i < tables->space_count; i++)
        mark(marker, tables->spaces[i].root);
    for (unsigned i = 0; i < tables->undo_count; i++) {
        mark(marker, tables->undos[i].addr);
        mark(marker, tables->undos[i].value);
    }
    for (uint32_t i = 0; i < foreign_kept(tables); i++)
        mark(marker, phys_mem_read64(tables->phys, tables->foreign[i].addr));
    for (unsigned next = 0; next < marker->count; next++) {
        for (unsigned i = 0; i < 512; i++) {
            uint64_t entry = phys_mem_read64(tables->phys, marker->reached[next] + 8 * i);
            if (entry & ENTRY_P)
                mark(marker, entry);
        }
    }
}

/* Drops one in four of the entries that lead to a table; of the image's, gives them back what they were. */
static void prune(struct random_tables *tables, const struct marker *marker)
{
    for (unsigned t = 0; t < marker->count; t++) {
        for (unsigned i = 0; i < 512; i++) {
            uint64_t addr = marker->reached[t] + 8 * i;
            uint64_t entry = phys_mem_read64(tables->phys, addr);
            if (leads_to_us(tables, entry) && random_chance(tables->source, 250))
                random_tables_write(tables, addr, 0);
        }
    }
    for (uint32_t i = 0; i < foreign_kept(tables); i++) {
        const struct random_foreign *foreign = &tables->foreign[i];
        if (leads_to_us(tables, phys_mem_read64(tables->phys, foreign->addr)) &&
            random_chance(tables->source, 250))
            random_tables_write(tables, foreign->addr, foreign->before);
    }
}

static void release_unused(struct random_tables *tables, const struct marker *marker)
{
    tables->free_count = 0;
    for (unsigned i = 0; i < RANDOM_ISLANDS; i++) {
        for (uint32_t j = 0; j < tables->islands[i].count; j++) {
            uint64_t table = (tables->islands[i].first + j) << 12;
            if (!marker->used[table_number(tables, table)])
                random_tables_release(tables, table);
        }
    }
}

/* What pruning unmaps will fault and be mapped anew. */
static void collect(struct random_tables *tables)
{
    struct marker marker;
    mark_all(&marker, tables);
    release_unused(tables, &marker);
    if (tables->free_count < tables->islands[0].count / 2) {
        prune(tables, &marker);
        mark_all(&marker, tables);
        release_unused(tables, &marker);
    }
}

uint64_t random_tables_take(struct random_tables *tables)
{
    while (!tables->free_count)
        collect(tables);
    uint64_t table = tables->free_tables[tables->free_head];
    tables->free_head = (tables->free_head + 1) % RANDOM_MAX_TABLES;
    tables->free_count--;
    for (unsigned i = 0; i < 512; i++)
        random_tables_write(tables, table + 8 * i, 0);
    return table;
}
