/* SPDX-License-Identifier: Apache-2.0 */
#include "page_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "x86.h"

enum {
    KEPT = 4096,   /* events; a power of two */
    ENTRIES = 128, /* paging-structure entries that its walks read */
};

struct page_log {
    uint64_t va;
    uint64_t count;
    struct event kept[KEPT];
    uint64_t from_l1; /* accesses that L1 answers: only counted */
    uint64_t entries[ENTRIES];
    unsigned entry_count;
    char *verdict; /* the judge's, copied */
};

struct page_log *page_log_create(uint64_t va)
{
    struct page_log *log = calloc(1, sizeof *log);
    if (log)
        log->va = va;
    return log;
}

void page_log_destroy(struct page_log *log)
{
    if (log)
        free(log->verdict);
    free(log);
}

static bool same_page(uint64_t one, uint64_t other, unsigned size)
{
    return !((x86_vpn(one) ^ x86_vpn(other)) & ~x86_offset_mask(size));
}

static bool is_entry(const struct page_log *log, uint64_t addr)
{
    for (unsigned i = 0; i < log->entry_count; i++)
        if (log->entries[i] == addr)
            return true;
    return false;
}

/* The operation may drop the page's translations. */
static bool op_concerns(const struct page_log *log, const struct op_req *op)
{
    bool by_address = op->op == OP_INVLPG || (op->op == OP_INVPCID && (op->value & 3) == 0);
    return !by_address || same_page(op->va, log->va, PAGE_1G);
}

/* A fill, eviction or drop of an entry that translates the address. */
static bool covers(const struct page_log *log, const struct event *event)
{
    unsigned size = x86_tag_size(event->cached.tag);
    if (event->array >= ARRAY_WALK_CACHE)
        size = event->array - ARRAY_WALK_CACHE + 1;
    return !((event->cached.tag ^ x86_vpn(log->va)) & TAG_VPN & ~x86_offset_mask(size));
}

static bool concerns(struct page_log *log, const struct event *event)
{
    switch (event->kind) {
    case EVENT_OP:
    case EVENT_REGISTER:
    case EVENT_BROADCAST:
        return op_concerns(log, &event->op);
    case EVENT_WRITE:
        return is_entry(log, event->memory.addr);
    case EVENT_FILL:
    case EVENT_EVICT:
    case EVENT_DROP:
        return covers(log, event);
    case EVENT_ACCEPT:
    case EVENT_L1_HIT:
        return false;
    case EVENT_ILLEGAL:
        return true;
    default:
        return event->access != NO_ACCESS && same_page(event->va, log->va, PAGE_4K);
    }
}

bool page_log_concerns(struct page_log *log, const struct event *event)
{
    bool concerned = concerns(log, event);

    if (event->kind == EVENT_L1_HIT && same_page(event->va, log->va, PAGE_4K))
        log->from_l1++;
    if (!concerned ||
        (event->kind == EVENT_ANSWER && event->response.source == SOURCE_L1 && !event->response.fault))
        return false;
    if (event->kind == EVENT_ENTRY_READ && !is_entry(log, event->memory.addr) && log->entry_count < ENTRIES)
        log->entries[log->entry_count++] = event->memory.addr;
    return true;
}

uint64_t page_log_from_l1(const struct page_log *log)
{
    return log->from_l1;
}

void page_log_event(void *self, const struct event *event)
{
    struct page_log *log = self;

    if (!page_log_concerns(log, event))
        return;
    struct event *kept = &log->kept[log->count++ % KEPT];
    *kept = *event;
    if (event->kind == EVENT_ILLEGAL) {
        log->verdict = log->verdict ? log->verdict : strdup(event->verdict);
        kept->verdict = log->verdict ? log->verdict : "";
    }
}

void page_log_print(const struct page_log *log, FILE *out)
{
    uint64_t first = log->count > KEPT ? log->count - KEPT : 0;
    char text[320];

    fprintf(out, "page 0x%016" PRIx64 ": %" PRIu64 " events, and %" PRIu64 " accesses answered by L1 TLBs\n",
            log->va & ~(uint64_t)0xfff, log->count, log->from_l1);
    if (first)
        fprintf(out, "  the first %" PRIu64 " events are left out\n", first);
    for (uint64_t i = first; i < log->count; i++) {
        const struct event *event = &log->kept[i % KEPT];
        event_text(event, text, sizeof text);
        fprintf(out, "  %10" PRIu64 "  %s\n", event->cycle, text);
    }
}
