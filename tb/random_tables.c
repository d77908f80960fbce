/* SPDX-License-Identifier: Apache-2.0 */
#include "random_tables.h"

#include <stdlib.h>

#include "bench_params.h"
#include "image.h"
#include "table_builder.h"

enum {
    INITIAL_MAPPINGS = 4096, /* about; accesses to other pages fault, and are mapped then */
    PAGES_PER_AREA = 8,      /* of 2 MiB */
    RECURSIVE_SLOT = 0x1ca,
};

#define PAGE(size) (4096ull << 9 * (size))

static uint64_t canonical(const struct random_tables *tables, uint64_t va)
{
    unsigned shift = tables->levels == 5 ? 7 : 16;
    return (uint64_t)((int64_t)(va << shift) >> shift);
}

/* The address leads through the entry of a root that leads to the root itself. */
static bool is_recursive(const struct random_tables *tables, uint64_t va)
{
    return (va >> (tables->levels == 5 ? 48 : 39) & 0x1ff) == RECURSIVE_SLOT;
}

static bool in_upper_half(uint64_t va)
{
    return va >> 63;
}

unsigned random_tables_size(struct random_tables *tables)
{
    uint32_t draw = random_below(tables->source, 100);
    if (draw < 3 && tables->gib_pages)
        return PAGE_1G;
    return draw < 25 ? PAGE_2M : PAGE_4K;
}

uint64_t random_tables_frame(struct random_tables *tables, unsigned size)
{
    uint64_t address = random_u64(tables->source);
    if (address & 3)
        address >>= 64 - tables->maxphyaddr; /* anywhere */
    else
        address = (address >> 34) << 2; /* in the low 4 GiB, where many frames coincide */
    return address & ((1ull << tables->maxphyaddr) - 1) & ~(PAGE(size) - 1);
}

/* The bits of a leaf besides frame and PS; most pages allow most accesses. */
static uint64_t leaf_bits(struct random_tables *tables, uint64_t va, unsigned size)
{
    uint64_t draw = random_u64(tables->source);
    unsigned upper = in_upper_half(va);
    uint64_t bits = ENTRY_P;

#define DRAW(shift, of_256) ((draw >> (shift)&0xff) < (of_256))
    if (DRAW(0, 225))
        bits |= ENTRY_RW;
    if (DRAW(8, upper ? 40u : 235u))
        bits |= ENTRY_US;
    if (DRAW(16, 40))
        bits |= ENTRY_NX;
    if (DRAW(24, upper ? 140u : 12u))
        bits |= ENTRY_G;
    if (DRAW(32, 70))
        bits |= ENTRY_KEY(draw >> 60);
    if (DRAW(40, 30))
        bits |= (draw >> 56 & 1 ? ENTRY_PWT : 0) | (draw >> 57 & 1 ? ENTRY_PCD : 0) |
                (draw >> 58 & 1 ? (size ? ENTRY_PAT_HUGE : ENTRY_PAT_4K) : 0);
    if (DRAW(48, 128))
        bits |= ENTRY_A | (draw >> 59 & 1 ? ENTRY_D : 0);
#undef DRAW
    return bits;
}

uint64_t random_tables_leaf(struct random_tables *tables, uint64_t va, unsigned size)
{
    return random_tables_frame(tables, size) | leaf_bits(tables, va, size) | (size ? ENTRY_PS : 0);
}

/* Those of an entry that leads to a table; hardly ever does one forbid anything. */
static uint64_t table_bits(struct random_tables *tables)
{
    uint32_t draw = random_below(tables->source, 256);
    uint64_t bits = ENTRY_P | ENTRY_RW | ENTRY_US | (draw & 1 ? ENTRY_A : 0);
    if (draw < 2)
        bits &= ~ENTRY_RW;
    else if (draw < 4)
        bits &= ~ENTRY_US;
    else if (draw < 6)
        bits |= ENTRY_NX;
    return bits;
}

static uint64_t entry_addr(uint64_t table, unsigned level, uint64_t va)
{
    return table | (va >> (12 + 9 * (level - 1)) & 0x1ff) << 3;
}

static bool is_large(const struct random_tables *tables, uint64_t entry, unsigned level)
{
    return (entry & ENTRY_PS) && (level == 2 || (level == 3 && tables->gib_pages));
}

static uint64_t beyond_maxphyaddr(const struct random_tables *tables)
{
    return ENTRY_ADDRESS & ~((1ull << tables->maxphyaddr) - 1);
}

/* The entry leads to a table that a walk can go on with. */
static bool leads_on(const struct random_tables *tables, uint64_t entry, unsigned level)
{
    return (entry & ENTRY_P) && !(entry & beyond_maxphyaddr(tables)) && !(level >= 2 && (entry & ENTRY_PS));
}

void random_tables_walk(const struct random_tables *tables, const struct random_space *space, uint64_t va,
                        struct random_path *path)
{
    uint64_t table = space->root;
    unsigned level = tables->levels;

    for (;; level--) {
        path->addr[level] = entry_addr(table, level, va);
        path->value[level] = phys_mem_read64(tables->phys, path->addr[level]);
        if (level == 1 || !leads_on(tables, path->value[level], level))
            break;
        table = path->value[level] & ENTRY_ADDRESS;
    }
    path->last = level;
    path->present = path->value[level] & ENTRY_P;
    path->leaf = path->present && (level == 1 || is_large(tables, path->value[level], level));
}

/* Writes may go there: it is a table of ours or, in the image's space, memory that the image has. */
static bool may_hold_tables(const struct random_tables *tables, const struct random_space *space,
                            uint64_t table)
{
    return random_tables_is_own(tables, table) || (space->image && phys_mem_backed(tables->phys, table));
}

static void make_recursive(struct random_tables *tables, const struct random_space *space)
{
    random_tables_write(tables, space->root + 8 * RECURSIVE_SLOT,
                        space->root | ENTRY_P | ENTRY_RW | ENTRY_US);
}

void random_tables_map(struct random_tables *tables, const struct random_space *space, uint64_t va,
                       unsigned size)
{
    uint64_t table = space->root;
    while (!space->image && is_recursive(tables, va)) {
        /* A table is there once something is mapped through it, and the root leads to itself. */
        make_recursive(tables, space);
        va = canonical(tables, va << 9);
        size = PAGE_4K;
    }
    for (unsigned level = tables->levels; level > size + 1; level--) {
        uint64_t addr = entry_addr(table, level, va);
        uint64_t entry = phys_mem_read64(tables->phys, addr);
        if (!leads_on(tables, entry, level) || !may_hold_tables(tables, space, entry & ENTRY_ADDRESS)) {
            entry = random_tables_take(tables) | table_bits(tables);
            random_tables_write(tables, addr, entry);
        }
        table = entry & ENTRY_ADDRESS;
    }
    random_tables_write(tables, entry_addr(table, size + 1, va), random_tables_leaf(tables, va, size));
}

uint64_t random_tables_any_page(struct random_tables *tables, const struct random_space *space)
{
    const struct random_pages *pages = space->image && tables->image.count ? &tables->image : &tables->own;
    return pages->va[random_below(tables->source, pages->count)] & ~0xfffull;
}

/* Neighbours, addresses that share index bits, and any other. */
static uint64_t next_region(struct random_tables *tables, uint64_t previous, uint32_t number)
{
    uint64_t draw = random_u64(tables->source);
    unsigned choice = number ? draw & 7 : 7;
    if (choice < 3)
        return canonical(tables, previous + PAGE(PAGE_1G));
    if (choice < 5)
        return canonical(tables, previous + (1ull << 39));
    if (choice == 5)
        return canonical(tables, previous ^ 1ull << (tables->levels == 5 ? 56 : 47));
    return canonical(tables, draw >> 7) & ~(PAGE(PAGE_1G) - 1);
}

/* Through the recursive slot, the page of tables that holds va's entry at the lowest level. */
static uint64_t recursive(const struct random_tables *tables, uint64_t va)
{
    unsigned top = tables->levels == 5 ? 48 : 39;
    uint64_t bits = (va & ((1ull << (top + 9)) - 1)) >> 9;
    return canonical(tables, (uint64_t)RECURSIVE_SLOT << top | (bits & ~0xfffull));
}

static int make_pages(struct random_tables *tables)
{
    const struct bench_params *bench = tables->env->bench;
    uint32_t regions = bench->random.regions, pages = bench->random.pages;
    uint32_t recursive_regions = regions >= 4 ? 1 : 0;
    uint64_t base = 0;

    tables->own.va = malloc((uint64_t)regions * pages * sizeof(*tables->own.va));
    if (!tables->own.va)
        return -1;
    for (uint32_t r = 0; r < regions - recursive_regions; r++) {
        uint64_t area = 0;
        base = next_region(tables, base, r);
        for (uint32_t i = 0; i < pages; i++) {
            if (i % PAGES_PER_AREA == 0)
                area = random_below(tables->source, 512) * PAGE(PAGE_2M) +
                       random_below(tables->source, 512 - PAGES_PER_AREA) * PAGE(PAGE_4K);
            tables->own.va[tables->own.count++] = base + area + i % PAGES_PER_AREA * PAGE(PAGE_4K);
        }
    }
    uint32_t direct = tables->own.count;
    for (uint32_t i = 0; i < recursive_regions * pages; i++) {
        uint64_t va = recursive(tables, tables->own.va[random_below(tables->source, direct)]);
        if (i % 4 == 0)
            va = recursive(tables, va);
        tables->own.va[tables->own.count++] = va;
    }
    return 0;
}

/* All own spaces share the tables of the upper half, as with an operating system's kernel. */
static void share_upper_half(struct random_tables *tables, unsigned first, unsigned space)
{
    for (unsigned slot = 256; slot < 512; slot++) {
        uint64_t entry = phys_mem_read64(tables->phys, tables->spaces[first].root + 8 * slot);
        if (slot != RECURSIVE_SLOT && entry)
            random_tables_write(tables, tables->spaces[space].root + 8 * slot, entry);
    }
}

/* The mappings to start from of the region whose pages begin there. */
static void fill_region(struct random_tables *tables, const struct random_space *space, uint32_t first,
                        uint32_t chance)
{
    unsigned size = PAGE_4K;
    if (tables->gib_pages && random_chance(tables->source, 120)) {
        random_tables_map(tables, space, tables->own.va[first], PAGE_1G);
        return;
    }
    for (uint32_t i = 0; i < tables->env->bench->random.pages; i++) {
        if (i % PAGES_PER_AREA == 0)
            size = random_chance(tables->source, 350) ? PAGE_2M : PAGE_4K;
        if ((size == PAGE_4K || i % PAGES_PER_AREA == 0) && random_chance(tables->source, chance))
            random_tables_map(tables, space, tables->own.va[first + i], size);
    }
}

static void make_spaces(struct random_tables *tables)
{
    static const uint16_t pcids[] = {0, 1, 0xfff, 0x800, 2, 3, 0x7ff, 4};
    const struct bench_params *bench = tables->env->bench;
    unsigned first = tables->space_count;
    uint64_t mappings = (uint64_t)bench->random.address_spaces * tables->own.count;
    uint32_t chance = mappings <= INITIAL_MAPPINGS ? 1000 : (uint32_t)(INITIAL_MAPPINGS * 1000 / mappings);

    for (unsigned i = 0; i < bench->random.address_spaces; i++) {
        unsigned number = tables->space_count++;
        struct random_space *space = &tables->spaces[number];
        space->root = random_tables_take(tables);
        space->pcid = i < sizeof(pcids) / sizeof(pcids[0]) ? pcids[i] : (uint16_t)(i + 16);
        if (i)
            share_upper_half(tables, first, number);
        for (uint32_t page = 0; page < tables->own.count; page += bench->random.pages) {
            if (!is_recursive(tables, tables->own.va[page]) && !(i && in_upper_half(tables->own.va[page])))
                fill_region(tables, space, page, chance);
        }
        make_recursive(tables, space);
    }
}

int random_tables_open(struct random_tables *tables, const struct stimulus_env *env,
                       struct random_source *source, unsigned levels)
{
    *tables = (struct random_tables){
        .env = env,
        .source = source,
        .phys = env->phys,
        .levels = levels,
        .maxphyaddr = env->params->mmu.maxphyaddr,
        .gib_pages = env->params->mmu.gib_pages,
        .next_undo = UINT64_MAX,
    };
    random_pool_open(tables);
    if (make_pages(tables))
        return -1;
    if (env->image) {
        uint64_t root = env->image->cr3 & ENTRY_ADDRESS;
        tables->spaces[tables->space_count++] = (struct random_space){
            .root = root,
            .pcid = env->image->cr4 & CR4_PCIDE ? env->image->cr3 & 0xfff : 0,
            .image = true,
        };
        if (random_image_pages(tables, root))
            return -1;
    }
    make_spaces(tables);
    return 0;
}

void random_tables_close(struct random_tables *tables)
{
    free(tables->own.va);
    free(tables->image.va);
}
