/* SPDX-License-Identifier: Apache-2.0 */
/* The changes that software makes to the tables of the random stimulus. */
#include "bench_params.h"
#include "memory.h"
#include "random_tables.h"
#include "table_builder.h"

enum {
    UNDO_MIN = 20, /* cycles */
    UNDO_MAX = 2000,
    SPLIT_ENTRIES = 16, /* of the new table that are filled; the others fault and are mapped then */
    MAX_POISON = 8,     /* words with a bus error to come */
};

#define UPPER_RIGHTS (ENTRY_RW | ENTRY_US | ENTRY_NX)

static bool chance(struct random_tables *tables, uint32_t per_mille)
{
    return random_chance(tables->source, per_mille);
}

/* The word gets its present value back some time later. */
static void undo_later(struct random_tables *tables, uint64_t addr, uint64_t value)
{
    if (tables->undo_count == RANDOM_MAX_UNDOS)
        return;
    uint64_t due = tables->cycle + UNDO_MIN + random_below(tables->source, UNDO_MAX - UNDO_MIN);
    tables->undos[tables->undo_count++] = (struct random_undo){due, addr, value};
    if (due < tables->next_undo)
        tables->next_undo = due;
}

void random_tables_undo(struct random_tables *tables, uint64_t cycle)
{
    tables->next_undo = UINT64_MAX;
    for (unsigned i = 0; i < tables->undo_count;) {
        const struct random_undo undo = tables->undos[i];
        if (undo.due <= cycle) {
            random_tables_write(tables, undo.addr, undo.value);
            tables->undos[i] = tables->undos[--tables->undo_count];
            continue;
        }
        if (undo.due < tables->next_undo)
            tables->next_undo = undo.due;
        i++;
    }
}

static void write_path(struct random_tables *tables, const struct random_path *path, unsigned level,
                       uint64_t value, uint32_t undo_chance)
{
    if (chance(tables, undo_chance))
        undo_later(tables, path->addr[level], path->value[level]);
    random_tables_write(tables, path->addr[level], value);
}

/* The leaf most of the time, else any entry above. */
static unsigned any_level(struct random_tables *tables, const struct random_path *path)
{
    if (path->last == tables->levels || !chance(tables, 250))
        return path->last;
    return path->last + 1 + random_below(tables->source, tables->levels - path->last);
}

static bool unmap(struct random_tables *tables, const struct random_path *path)
{
    if (!path->present)
        return false;
    unsigned level = chance(tables, 600) ? path->last : any_level(tables, path);
    uint64_t value = chance(tables, 500) ? 0 : path->value[level] & ~ENTRY_P;
    write_path(tables, path, level, value, level > path->last ? 1000 : 600);
    return true;
}

/* Draws some bits anew, so that over a long run as much is allowed as at its start. */
static bool permission(struct random_tables *tables, const struct random_path *path, uint64_t va)
{
    static const uint64_t fields[] = {ENTRY_RW,
                                      ENTRY_US,
                                      ENTRY_NX,
                                      ENTRY_G,
                                      ENTRY_PWT,
                                      ENTRY_PCD,
                                      ENTRY_RW | ENTRY_US | ENTRY_NX | ENTRY_KEY(15),
                                      ENTRY_KEY(15)};
    if (!path->leaf)
        return false;
    unsigned level = any_level(tables, path);
    uint64_t old = path->value[level];
    if (level > path->last) {
        static const uint64_t upper[] = {ENTRY_RW, ENTRY_US, ENTRY_NX};
        write_path(tables, path, level, old ^ upper[random_below(tables->source, 3)], 1000);
        return true;
    }
    uint64_t mask = fields[random_below(tables->source, sizeof(fields) / sizeof(fields[0]))];
    if (chance(tables, 200))
        mask |= level > 1 ? ENTRY_PAT_HUGE : ENTRY_PAT_4K;
    uint64_t value = (old & ~mask) | (random_tables_leaf(tables, va, level - 1) & mask);
    if (value == old)
        value ^= mask & (ENTRY_RW | ENTRY_US | ENTRY_NX | ENTRY_G | ENTRY_PWT | ENTRY_PCD);
    write_path(tables, path, level, value, value == old ? 0 : 500);
    return true;
}

static bool clear_ad(struct random_tables *tables, const struct random_path *path)
{
    if (!path->leaf)
        return false;
    unsigned level = any_level(tables, path);
    uint64_t bits = ENTRY_A;
    if (level == path->last && chance(tables, 700))
        bits = chance(tables, 500) ? ENTRY_D : ENTRY_A | ENTRY_D;
    write_path(tables, path, level, path->value[level] & ~bits, 0);
    return true;
}

static bool promote(struct random_tables *tables, const struct random_path *path, uint64_t va)
{
    unsigned level = tables->gib_pages && chance(tables, 100) ? 3 : 2;
    if (path->last >= level)
        return false;
    uint64_t leaf = random_tables_leaf(tables, va, level - 1);
    /* The walker may still be on its way through the old table when it becomes another one. */
    if (level == 2 && chance(tables, 500))
        random_tables_release(tables, path->value[level] & ENTRY_ADDRESS);
    else
        undo_later(tables, path->addr[level], path->value[level]);
    random_tables_write(tables, path->addr[level], leaf);
    return true;
}

/* A table of the next smaller pages, for most splits with the same frames and rights. */
static bool split(struct random_tables *tables, const struct random_path *path, uint64_t va)
{
    unsigned level = path->last;
    if (!path->leaf || level == 1)
        return false;
    uint64_t leaf = path->value[level];
    uint64_t step = 4096ull << 9 * (level - 2);
    uint64_t bits = leaf & ~(ENTRY_ADDRESS | ENTRY_PS);
    bits |= level > 2 ? ENTRY_PS | (leaf & ENTRY_PAT_HUGE) : leaf & ENTRY_PAT_HUGE ? ENTRY_PAT_4K : 0;
    uint64_t frame = leaf & ENTRY_ADDRESS & ~(step * 512 - 1);
    if (chance(tables, 300))
        frame = random_tables_frame(tables, level - 1);

    uint64_t table = random_tables_take(tables);
    unsigned first = (unsigned)(va >> (12 + 9 * (level - 2))) & 0x1ff & ~(SPLIT_ENTRIES - 1u);
    for (unsigned i = first; i < first + SPLIT_ENTRIES; i++)
        random_tables_write(tables, table + 8 * i, (frame + i * step) | bits);
    uint64_t rights = chance(tables, 900) ? ENTRY_RW | ENTRY_US : leaf & UPPER_RIGHTS;
    random_tables_write(tables, path->addr[level], table | ENTRY_P | rights | (leaf & ENTRY_A));
    return true;
}

/* A frame at two addresses, a table at two places, or a table that is its own child. */
static bool alias(struct random_tables *tables, const struct random_space *space,
                  const struct random_path *path)
{
    if (!path->leaf)
        return false;
    uint64_t other_va = random_tables_any_page(tables, space);
    const struct random_space *other = space;
    if (!space->image)
        other = &tables->spaces[random_below(tables->source, tables->space_count)];
    struct random_path place;
    random_tables_walk(tables, other, other_va, &place);

    if (chance(tables, 150) && path->last <= 2) {
        uint64_t table = path->addr[2] & ENTRY_ADDRESS;
        write_path(tables, path, 2, table | ENTRY_P | ENTRY_RW | ENTRY_US, 1000);
        return true;
    }
    if (chance(tables, 500)) {
        if (place.last != path->last)
            random_tables_map(tables, other, other_va, path->last - 1);
        random_tables_walk(tables, other, other_va, &place);
        write_path(tables, &place, place.last, path->value[path->last], 500);
        return true;
    }
    unsigned lowest = place.last > path->last ? place.last : path->last;
    if (lowest == tables->levels)
        return false;
    unsigned level = lowest + 1 + random_below(tables->source, tables->levels - lowest);
    if (level == tables->levels && tables->levels - lowest > 1)
        level--; /* whole halves of an address space are too much */
    write_path(tables, &place, level, path->value[level], level == tables->levels ? 1000 : 700);
    return true;
}

/* A reserved bit. */
static bool corrupt(struct random_tables *tables, const struct random_path *path)
{
    if (!path->present)
        return false;
    unsigned level = any_level(tables, path);
    uint64_t bit;
    if (level >= 4 && chance(tables, 500))
        bit = ENTRY_PS;
    else if (level == path->last && path->leaf && level > 1 && chance(tables, 500))
        bit = 1ull << (13 + random_below(tables->source, 8)); /* the frame of a 2 or 1 GiB page is aligned */
    else if (tables->maxphyaddr < 52)
        bit = 1ull << (tables->maxphyaddr + random_below(tables->source, 52 - tables->maxphyaddr));
    else if (tables->levels > path->last)
        level = tables->levels, bit = ENTRY_PS;
    else
        return false;
    write_path(tables, path, level, path->value[level] | bit, 950);
    return true;
}

static bool poison(struct random_tables *tables, const struct random_path *path)
{
    struct memory *memory = tables->env->memory;
    uint64_t served = memory_statistics(memory)->bus_errors;

    /* Where memory makes errors of its own, nobody can say how many of ours are still to come. */
    if (tables->env->bench->memory.bus_errors || tables->changes[CHANGE_POISON] - served >= MAX_POISON)
        return false;
    memory_poison(memory, path->addr[any_level(tables, path)]);
    return true;
}

/* The size of what is mapped anew: mostly one that leaves the tables as they are. */
static unsigned fitting_size(struct random_tables *tables, const struct random_path *path)
{
    unsigned size = random_tables_size(tables);
    if (path->leaf && chance(tables, 800))
        return path->last - 1;
    return size < path->last ? size : path->last - 1;
}

void random_tables_change(struct random_tables *tables, const struct random_space *space, uint64_t va,
                          enum table_change change, uint64_t cycle)
{
    struct random_path path;
    bool done = false;

    tables->cycle = cycle;
    random_tables_walk(tables, space, va, &path);
    switch (change) {
    case CHANGE_UNMAP:
        done = unmap(tables, &path);
        break;
    case CHANGE_PERMISSION:
        done = permission(tables, &path, va);
        break;
    case CHANGE_CLEAR_AD:
        done = clear_ad(tables, &path);
        break;
    case CHANGE_PROMOTE:
        done = promote(tables, &path, va);
        break;
    case CHANGE_SPLIT:
        done = split(tables, &path, va);
        break;
    case CHANGE_ALIAS:
        done = alias(tables, space, &path);
        break;
    case CHANGE_CORRUPT:
        done = corrupt(tables, &path);
        break;
    case CHANGE_POISON:
        done = poison(tables, &path);
        break;
    case CHANGE_MAP:
    case CHANGE_COUNT:
        break;
    }
    if (!done) {
        random_tables_map(tables, space, va, fitting_size(tables, &path));
        change = CHANGE_MAP;
    }
    tables->changes[change]++;
}
