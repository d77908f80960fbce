/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three places hold a page: `pages` (private copies of what was written or
 * loaded), `ranges` (parts of mapped files, sorted by address) and, for the
 * rest, one page of zeros. In front of them sits a direct-mapped table of
 * recent look-ups, so that a read costs one compare and never allocates.
 */
#include "phys_mem.h"

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Page numbers are spread by one multiplication; uthash's own function reads byte by byte. */
#define HASH_FUNCTION(key, length, value)                                                                    \
    ((value) = (unsigned)((*(const uint64_t *)(key)*0x9e3779b97f4a7c15u) >> 32))
#include <uthash.h>

enum {
    PAGE_SHIFT = 12,
    PAGE_BYTES = 1 << PAGE_SHIFT,
    RECENT_BITS = 10,
    RECENT_ENTRIES = 1 << RECENT_BITS,
};

static const uint8_t zero_page[PAGE_BYTES];

struct page {
    uint64_t number; /* address >> PAGE_SHIFT */
    UT_hash_handle hh;
    uint8_t bytes[PAGE_BYTES];
};

struct range {
    uint64_t first, end; /* page numbers, end exclusive */
    const uint8_t *bytes;
};

struct recent {
    uint64_t number;
    const uint8_t *bytes;
};

struct phys_mem {
    struct recent *recent; /* not part of the value: reads of a const phys_mem update it */
    struct page *pages;
    struct range *ranges;
    size_t range_count, range_capacity;
    phys_mem_observer *observer, *watcher;
    void *observer_self, *watcher_self;
};

/* Nothing that writes memory can report a failure, and nothing sensible can follow one. */
static void out_of_memory(void)
{
    fprintf(stderr, "twinwalk: out of memory for physical memory pages\n");
    exit(3);
}

static struct recent *recent_slot(const struct phys_mem *mem, uint64_t number)
{
    return &mem->recent[(number * 0x9e3779b97f4a7c15u) >> (64 - RECENT_BITS)];
}

static void recent_clear(struct phys_mem *mem)
{
    /* A page number that no 52-bit address has. */
    for (size_t i = 0; i < RECENT_ENTRIES; i++)
        mem->recent[i] = (struct recent){.number = UINT64_MAX, .bytes = zero_page};
}

struct phys_mem *phys_mem_create(void)
{
    struct phys_mem *mem = calloc(1, sizeof(*mem));
    if (!mem)
        return NULL;
    mem->recent = malloc(RECENT_ENTRIES * sizeof(*mem->recent));
    if (!mem->recent) {
        free(mem);
        return NULL;
    }
    recent_clear(mem);
    return mem;
}

void phys_mem_destroy(struct phys_mem *mem)
{
    if (!mem)
        return;
    struct page *page = mem->pages;
    HASH_CLEAR(hh, mem->pages); /* frees its table; the pages are still chained */
    while (page) {
        struct page *next = page->hh.next;
        free(page);
        page = next;
    }
    free(mem->ranges);
    free(mem->recent);
    free(mem);
}

/* Index of the first range that ends above `number`; range_count when there is none. */
static size_t range_above(const struct phys_mem *mem, uint64_t number)
{
    size_t low = 0, high = mem->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (mem->ranges[middle].end > number)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* The bytes of a page that nobody has written: of a mapped range, or zeros. */
static const uint8_t *unwritten_bytes(const struct phys_mem *mem, uint64_t number)
{
    size_t i = range_above(mem, number);
    if (i < mem->range_count && mem->ranges[i].first <= number)
        return mem->ranges[i].bytes + ((number - mem->ranges[i].first) << PAGE_SHIFT);
    return zero_page;
}

static __attribute__((noinline)) const uint8_t *look_up(const struct phys_mem *mem, uint64_t number)
{
    struct page *page;
    HASH_FIND(hh, mem->pages, &number, sizeof(number), page);
    const uint8_t *bytes = page ? page->bytes : unwritten_bytes(mem, number);
    *recent_slot(mem, number) = (struct recent){.number = number, .bytes = bytes};
    return bytes;
}

static const uint8_t *page_bytes(const struct phys_mem *mem, uint64_t number)
{
    const struct recent *recent = recent_slot(mem, number);
    return recent->number == number ? recent->bytes : look_up(mem, number);
}

/* The private copy of a page, made on first use. */
static uint8_t *writable_bytes(struct phys_mem *mem, uint64_t number)
{
    struct page *page;
    HASH_FIND(hh, mem->pages, &number, sizeof(number), page);
    if (!page) {
        page = malloc(sizeof(*page));
        if (!page)
            out_of_memory();
        page->number = number;
        memcpy(page->bytes, unwritten_bytes(mem, number), PAGE_BYTES);
        HASH_ADD(hh, mem->pages, number, sizeof(page->number), page);
        *recent_slot(mem, number) = (struct recent){.number = number, .bytes = page->bytes};
    }
    return page->bytes;
}

/* Mapped bytes may lie at any offset of a file, hence memcpy. */
static uint64_t load64(const uint8_t *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return le64toh(value);
}

uint64_t phys_mem_read64(const struct phys_mem *mem, uint64_t addr)
{
    assert(addr % 8 == 0 && addr >> 52 == 0);
    return load64(page_bytes(mem, addr >> PAGE_SHIFT) + addr % PAGE_BYTES);
}

void phys_mem_write64(struct phys_mem *mem, uint64_t addr, uint64_t value)
{
    uint64_t old = phys_mem_read64(mem, addr);
    if (old == value)
        return; /* spares the copy of a mapped page too */
    if (mem->observer)
        mem->observer(mem->observer_self, addr, old, value);
    if (mem->watcher)
        mem->watcher(mem->watcher_self, addr, old, value);
    uint64_t word = htole64(value);
    memcpy(writable_bytes(mem, addr >> PAGE_SHIFT) + addr % PAGE_BYTES, &word, sizeof(word));
}

bool phys_mem_backed(const struct phys_mem *mem, uint64_t addr)
{
    return page_bytes(mem, addr >> PAGE_SHIFT) != zero_page;
}

int phys_mem_map(struct phys_mem *mem, uint64_t addr, const void *bytes, uint64_t len)
{
    assert(addr % PAGE_BYTES == 0 && len % PAGE_BYTES == 0);
    assert(addr >> 52 == 0 && len <= (1ull << 52) - addr);
    if (!len)
        return 0;
    uint64_t first = addr >> PAGE_SHIFT, end = (addr + len) >> PAGE_SHIFT;
    size_t at = range_above(mem, first);
    if (at < mem->range_count && mem->ranges[at].first < end)
        return -1;
    if (mem->range_count == mem->range_capacity) {
        size_t capacity = mem->range_capacity ? 2 * mem->range_capacity : 16;
        struct range *ranges = realloc(mem->ranges, capacity * sizeof(*ranges));
        if (!ranges)
            return -1;
        mem->ranges = ranges;
        mem->range_capacity = capacity;
    }
    memmove(&mem->ranges[at + 1], &mem->ranges[at], (mem->range_count - at) * sizeof(*mem->ranges));
    mem->ranges[at] = (struct range){.first = first, .end = end, .bytes = bytes};
    mem->range_count++;
    recent_clear(mem);
    return 0;
}

void phys_mem_load(struct phys_mem *mem, uint64_t addr, const void *bytes, uint64_t len)
{
    const uint8_t *from = bytes;
    while (len) {
        uint64_t offset = addr % PAGE_BYTES;
        uint64_t part = PAGE_BYTES - offset < len ? PAGE_BYTES - offset : len;
        memcpy(writable_bytes(mem, addr >> PAGE_SHIFT) + offset, from, part);
        addr += part;
        from += part;
        len -= part;
    }
}

void phys_mem_observe(struct phys_mem *mem, phys_mem_observer *observer, void *self)
{
    mem->observer = observer;
    mem->observer_self = self;
}

void phys_mem_watch(struct phys_mem *mem, phys_mem_observer *watcher, void *self)
{
    mem->watcher = watcher;
    mem->watcher_self = self;
}
