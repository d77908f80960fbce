/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_info.h"

#include <stdio.h>
#include <stdlib.h>

#include "random_source.h"

enum { FIRST_ROOM = 1 << 12, REGION_SHIFT = 21 - 12, FETCHED = 1, ACCESSED = 2 };

/* A set of 4 KiB pages: open addressing; a slot holds the page plus one, 0 when free. */
struct page_set {
    uint64_t *pages;
    uint8_t *uses; /* FETCHED, ACCESSED */
    uint64_t room, count;
};

static bool set_create(struct page_set *set, uint64_t room)
{
    *set =
        (struct page_set){.pages = calloc(room, sizeof(*set->pages)), .uses = calloc(room, 1), .room = room};
    return set->pages && set->uses;
}

static void set_free(struct page_set *set)
{
    free(set->pages);
    free(set->uses);
}

static uint64_t slot_of(const struct page_set *set, uint64_t page)
{
    uint64_t slot = random_mix(page) & (set->room - 1);
    while (set->pages[slot] && set->pages[slot] != page + 1)
        slot = (slot + 1) & (set->room - 1);
    return slot;
}

static bool set_grow(struct page_set *set)
{
    struct page_set larger;
    if (!set_create(&larger, set->room * 2)) {
        set_free(&larger);
        return false;
    }
    for (uint64_t i = 0; i < set->room; i++) {
        if (!set->pages[i])
            continue;
        uint64_t slot = slot_of(&larger, set->pages[i] - 1);
        larger.pages[slot] = set->pages[i];
        larger.uses[slot] = set->uses[i];
    }
    larger.count = set->count;
    set_free(set);
    *set = larger;
    return true;
}

static bool set_add(struct page_set *set, uint64_t page, uint8_t use)
{
    uint64_t slot = slot_of(set, page);
    if (!set->pages[slot]) {
        if (set->count * 2 >= set->room) {
            if (!set_grow(set))
                return false;
            slot = slot_of(set, page);
        }
        set->pages[slot] = page + 1;
        set->count++;
    }
    set->uses[slot] |= use;
    return true;
}

static bool count_block(struct trace_info *info, struct page_set *pages, const struct trace_access *block,
                        size_t count)
{
    uint64_t last_page = UINT64_MAX;
    uint8_t last_use = 0;
    if (info->accesses == 0) {
        info->first = block[0].va;
        info->lowest = UINT64_MAX;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t va = block[i].va;
        uint8_t kind = block[i].attr & ATTR_KIND;
        uint8_t use = kind == ACCESS_FETCH ? FETCHED : ACCESSED;
        info->kinds[kind]++;
        info->supervisor += !(block[i].attr & ATTR_USER);
        info->lowest = va < info->lowest ? va : info->lowest;
        info->highest = va > info->highest ? va : info->highest;
        if (va >> 12 == last_page && use == last_use)
            continue;
        last_page = va >> 12;
        last_use = use;
        if (!set_add(pages, last_page, use))
            return false;
    }
    info->accesses += count;
    info->last = block[count - 1].va;
    return true;
}

/* Counts what the mappings tell of a block, which was just read. */
static void count_mappings(struct trace_info *info, const struct trace_reader *reader,
                           const struct trace_access *block, size_t count)
{
    uint64_t mapped = 0;
    info->has_mappings = reader->has_mappings;
    for (size_t i = 0; i < reader->change_count; i++) {
        info->maps += !reader->changes[i].unmap;
        info->unmaps += reader->changes[i].unmap;
    }
    for (size_t i = 0; reader->change_count > 0 && i < reader->vmas.count; i++)
        mapped += reader->vmas.list[i].end - reader->vmas.list[i].start;
    info->mapped_at_most = mapped > info->mapped_at_most ? mapped : info->mapped_at_most;
    const struct trace_vma *vma = NULL;
    for (size_t i = 0; reader->has_mappings && i < count; i++) {
        if (!vma || block[i].va < vma->start || block[i].va >= vma->end)
            vma = trace_vmas_find(&reader->vmas, block[i].va);
        info->outside += vma == NULL;
    }
}

/* Counts what the set of pages tells. */
static bool count_pages(struct trace_info *info, const struct page_set *pages)
{
    struct page_set regions;
    bool good = set_create(&regions, FIRST_ROOM);
    info->pages = pages->count;
    for (uint64_t i = 0; good && i < pages->room; i++) {
        if (!pages->pages[i])
            continue;
        info->fetch_pages += (pages->uses[i] & FETCHED) != 0;
        info->data_pages += (pages->uses[i] & ACCESSED) != 0;
        good = set_add(&regions, (pages->pages[i] - 1) >> REGION_SHIFT, 0);
    }
    info->regions = regions.count;
    set_free(&regions);
    return good;
}

bool trace_info_read(const char *path, struct trace_info *info)
{
    struct trace_reader *reader = trace_reader_open(path);
    if (!reader)
        return false;
    struct page_set pages;
    bool memory = set_create(&pages, FIRST_ROOM);
    struct trace_access *block = calloc(TRACE_BLOCK, sizeof(*block));
    memory = memory && block;
    *info = (struct trace_info){.format = reader->format,
                                .compressed = reader->file && compressed_file_is_compressed(reader->file)};
    ssize_t got = 0;
    while (memory && (got = trace_reader_read(reader, block, TRACE_BLOCK)) > 0) {
        memory = count_block(info, &pages, block, (size_t)got);
        count_mappings(info, reader, block, (size_t)got);
    }
    info->instructions = reader->instructions;
    memory = memory && (got < 0 || count_pages(info, &pages));
    if (!memory)
        fprintf(stderr, "%s: out of memory\n", path);
    set_free(&pages);
    free(block);
    trace_reader_close(reader);
    return memory && got == 0;
}
