/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_rename.h"

#include <stdlib.h>

#include "mmu.h"
#include "table_builder.h"

enum { FIRST_TABLE = 0x1000, PAGE_BYTES = 0x1000 };

/* Pages of tables: roots first, then as entries point to them, then others as the case names them. */
struct pages {
    uint64_t *page;
    size_t count;
};

static bool is_entry(const struct shrink_item *item)
{
    return item->kind == SHRINK_INITIAL || item->kind == SHRINK_WRITE;
}

static bool is_cr3(const struct shrink_item *item)
{
    return item->kind == SHRINK_OP && item->op == OP_WRITE_CR3;
}

/* The page of tables that an item itself names; false: none. */
static bool named_page(const struct shrink_item *item, uint64_t *page)
{
    if (is_entry(item) || item->kind == SHRINK_POISON)
        *page = item->address & ENTRY_ADDRESS;
    else if (is_cr3(item))
        *page = item->value & ENTRY_ADDRESS;
    else
        return false;
    return true;
}

/* Whether a physical page is one that the case writes to or that CR3 points to. */
static bool is_table(const struct shrink_case *c, uint64_t page)
{
    for (size_t i = 0; i < c->count; i++) {
        uint64_t named;

        if (named_page(&c->items[i], &named) && named == page)
            return true;
    }
    return false;
}

static bool is_listed(const struct pages *pages, uint64_t page)
{
    for (size_t i = 0; i < pages->count; i++)
        if (pages->page[i] == page)
            return true;
    return false;
}

static void list_page(struct pages *pages, uint64_t page)
{
    if (!is_listed(pages, page))
        pages->page[pages->count++] = page;
}

/* Those that entries of page `from` point to. */
static void list_below(struct pages *pages, const struct shrink_case *c, uint64_t from)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct shrink_item *item = &c->items[i];

        if (is_entry(item) && (item->address & ENTRY_ADDRESS) == from &&
            is_table(c, item->value & ENTRY_ADDRESS))
            list_page(pages, item->value & ENTRY_ADDRESS);
    }
}

static bool list_pages(struct pages *pages, const struct shrink_case *c)
{
    pages->count = 0;
    pages->page = malloc((c->count + 1) * sizeof(*pages->page));
    if (pages->page == NULL)
        return false;
    for (size_t i = 0; i < c->count; i++)
        if (is_cr3(&c->items[i]))
            list_page(pages, c->items[i].value & ENTRY_ADDRESS);
    for (size_t i = 0; i < pages->count; i++)
        list_below(pages, c, pages->page[i]);
    for (size_t i = 0; i < c->count; i++) {
        uint64_t page;

        if (named_page(&c->items[i], &page))
            list_page(pages, page);
    }
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct shrink_item *x = a, *y = b;

    return x->address < y->address ? -1 : x->address > y->address;
}

/* The words that memory has at the start may stand in any order. */
static void sort_initial(struct shrink_case *c)
{
    size_t count = 0;

    while (count < c->count && c->items[count].kind == SHRINK_INITIAL)
        count++;
    if (count > 1)
        qsort(c->items, count, sizeof(*c->items), by_address);
}

/* Entries whose address is no page of tables. */
static bool is_leaf(const struct shrink_case *c, const struct shrink_item *item)
{
    uint64_t frame = item->value & ENTRY_ADDRESS;

    return is_entry(item) && frame != 0 && !is_table(c, frame);
}

static uint64_t with_address(uint64_t value, uint64_t address)
{
    return (value & ~ENTRY_ADDRESS) | address;
}

/* Every page of `from` becomes that of `to` with the same index. */
static bool move_pages(struct shrink_case *c, const uint64_t *from, const uint64_t *to, size_t count)
{
    bool changed = false;

    for (size_t i = 0; i < c->count; i++) {
        struct shrink_item *item = &c->items[i];
        bool names = is_entry(item) || item->kind == SHRINK_POISON;
        bool points = is_entry(item) || is_cr3(item);
        uint64_t address = item->address & ENTRY_ADDRESS, value = item->value & ENTRY_ADDRESS;

        for (size_t k = 0; k < count; k++) {
            if (names && address == from[k])
                item->address = with_address(item->address, to[k]);
            if (points && value == from[k])
                item->value = with_address(item->value, to[k]);
        }
        changed |= (names && (item->address & ENTRY_ADDRESS) != address) ||
                   (points && (item->value & ENTRY_ADDRESS) != value);
    }
    return changed;
}

static bool rename_tables(struct shrink_case *c, size_t way)
{
    struct pages pages;
    bool changed = false;

    if (!list_pages(&pages, c))
        return false;
    if (way == 0) {
        uint64_t *to = malloc((pages.count + 1) * sizeof(*to));

        for (size_t i = 0; to != NULL && i < pages.count; i++)
            to[i] = FIRST_TABLE + i * PAGE_BYTES;
        if (to != NULL)
            changed = move_pages(c, pages.page, to, pages.count);
        free(to);
    } else if (way <= pages.count) {
        uint64_t to = FIRST_TABLE;

        while (is_listed(&pages, to))
            to += PAGE_BYTES;
        changed = to < pages.page[way - 1] && move_pages(c, &pages.page[way - 1], &to, 1);
    }
    free(pages.page);
    if (changed)
        sort_initial(c);
    else
        shrink_case_free(c);
    return true;
}

static bool rename_frames(struct shrink_case *c, size_t way)
{
    size_t leaf = 0;
    bool changed = false;

    for (size_t i = 0; i < c->count; i++) {
        struct shrink_item *item = &c->items[i];

        if (!is_leaf(c, item) || (++leaf != way && way != 0))
            continue;
        item->value &= ~ENTRY_ADDRESS;
        changed = true;
    }
    if (!changed)
        shrink_case_free(c);
    return true;
}

size_t shrink_rename_count(const struct shrink_case *c, enum shrink_renaming renaming)
{
    struct pages pages;
    size_t count = 1;

    if (renaming == RENAME_TABLES) {
        if (list_pages(&pages, c)) {
            count += pages.count;
            free(pages.page);
        }
        return count;
    }
    for (size_t i = 0; i < c->count; i++)
        count += is_leaf(c, &c->items[i]);
    return count;
}

bool shrink_rename(struct shrink_case *c, enum shrink_renaming renaming, size_t way)
{
    return renaming == RENAME_TABLES ? rename_tables(c, way) : rename_frames(c, way);
}
