/* SPDX-License-Identifier: Apache-2.0 */
/* What completed invalidations have put an end to; see judge_floor.h. */
#include "judge_floor.h"

#include <stdlib.h>
#include <string.h>

enum {
    PCIDS = 4096,
    ALL_PCIDS = 4096, /* in a key and as index of a log */
    PAGE_SETS = 1 << 14,
    PAGE_WAYS = 4,
    FAULT_SLOTS = 1 << 14,
    LOG_LIMIT = 1 << 16,
    FIRST_PERIODS = 64,
    MERGE_AT = 1024,
    SIZES = 3,
    FORMER_ROOTS = 16,
};

/* Invalidations of the walk caches of one PCID, oldest first. */
struct flush_log {
    struct flush *items;
    uint32_t count, capacity;
};

/*
 * The last invalidation of one page. Which records the table loses when it is
 * full only makes the judge more lenient.
 */
struct page_floor {
    uint64_t key; /* 0: free */
    uint64_t accept;
    uint16_t pcid; /* of a record for global translations: in which INVLPG ran */
};

struct floors {
    uint64_t all;         /* accept moment of the last invalidation of everything, */
    uint64_t local;       /* of everything but globals, */
    uint64_t pcid[PCIDS]; /* and of one PCID */
    uint64_t generation;
    uint64_t forgotten;
    struct flush_log logs[PCIDS + 1];
    struct root_period *periods;
    size_t period_count, period_capacity, merge_at;
    struct root_period former[FORMER_ROOTS]; /* a ring */
    uint64_t former_count;
    struct page_floor pages[PAGE_SETS * PAGE_WAYS];
    struct page_fault_floor faults[FAULT_SLOTS];
};

struct floors *floors_create(uint64_t root, uint16_t pcid)
{
    struct floors *floors = calloc(1, sizeof *floors);

    if (!floors)
        return NULL;
    floors->periods = calloc(FIRST_PERIODS, sizeof *floors->periods);
    if (!floors->periods) {
        free(floors);
        return NULL;
    }
    floors->period_capacity = FIRST_PERIODS;
    floors->merge_at = MERGE_AT;
    floors->periods[floors->period_count++] =
        (struct root_period){.end = UINT64_MAX, .root = root, .pcid = pcid};
    return floors;
}

void floors_destroy(struct floors *floors)
{
    if (!floors)
        return;
    for (int i = 0; i <= PCIDS; i++)
        free(floors->logs[i].items);
    free(floors->periods);
    free(floors);
}

uint64_t floors_forgotten(const struct floors *floors)
{
    return floors->forgotten;
}

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* --- invalidations of single pages --- */

static uint64_t page_key(uint64_t va, unsigned size, unsigned pcid)
{
    uint64_t page = (va & ((1ull << 57) - 1)) >> (12 + 9 * size);

    return 1ull << 63 | page << 15 | (uint64_t)pcid << 2 | size;
}

static uint64_t hash_key(uint64_t key)
{
    uint64_t hash = key * 0x9e3779b97f4a7c15ull;

    return hash ^ hash >> 32;
}

static const struct page_floor *find_page(const struct floors *floors, uint64_t key)
{
    const struct page_floor *set = &floors->pages[hash_key(key) % PAGE_SETS * PAGE_WAYS];

    for (int way = 0; way < PAGE_WAYS; way++) {
        if (set[way].key == key)
            return &set[way];
    }
    return NULL;
}

static void record_page(struct floors *floors, uint64_t key, uint16_t pcid, uint64_t accept)
{
    struct page_floor *set = &floors->pages[hash_key(key) % PAGE_SETS * PAGE_WAYS];
    struct page_floor *slot = &set[0];

    for (int way = 0; way < PAGE_WAYS; way++) {
        if (set[way].key == key) {
            slot = &set[way];
            break;
        }
        if (set[way].accept < slot->accept)
            slot = &set[way];
    }
    floors->forgotten += slot->key && slot->key != key && slot->accept > floors->all;
    *slot = (struct page_floor){.key = key, .accept = accept, .pcid = pcid};
}

/* --- walk caches --- */

static void log_flush(struct floors *floors, unsigned pcid, struct flush flush)
{
    struct flush_log *log = &floors->logs[pcid];

    if (log->count == LOG_LIMIT) {
        log->count /= 2;
        floors->forgotten += log->count;
        memmove(log->items, log->items + log->count, log->count * sizeof *log->items);
    }
    if (log->count == log->capacity) {
        uint32_t capacity = log->capacity ? 2 * log->capacity : 8;
        struct flush *items = realloc(log->items, capacity * sizeof *items);
        if (!items)
            return; /* one floor less: more lenient */
        log->items = items;
        log->capacity = capacity;
    }
    log->items[log->count++] = flush;
}

static uint64_t last_done(const struct flush_log *log, uint64_t moment)
{
    uint32_t low = 0, high = log->count;

    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (log->items[middle].done <= moment)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? log->items[low - 1].accept : 0;
}

uint64_t floors_walk_cache(const struct floors *floors, uint16_t pcid, uint64_t moment)
{
    return max(last_done(&floors->logs[pcid], moment), last_done(&floors->logs[ALL_PCIDS], moment));
}

/* --- invalidations --- */

void floors_flush_all(struct floors *floors, struct flush flush)
{
    floors->all = flush.accept;
    floors->generation++;
    for (int i = 0; i <= PCIDS; i++)
        floors->logs[i].count = 0;
    floors->periods[0] = floors->periods[floors->period_count - 1];
    floors->period_count = 1;
    floors->merge_at = MERGE_AT;
}

void floors_flush_local(struct floors *floors, struct flush flush)
{
    floors->local = flush.accept;
    floors->generation++;
    log_flush(floors, ALL_PCIDS, flush);
}

void floors_flush_pcid(struct floors *floors, uint16_t pcid, struct flush flush)
{
    floors->pcid[pcid] = flush.accept;
    floors->generation++;
    log_flush(floors, pcid, flush);
}

void floors_flush_page(struct floors *floors, uint64_t va, uint16_t pcid, bool globals, struct flush flush)
{
    for (unsigned size = 0; size < SIZES; size++) {
        record_page(floors, page_key(va, size, pcid), pcid, flush.accept);
        if (globals)
            record_page(floors, page_key(va, size, ALL_PCIDS), pcid, flush.accept);
    }
    floors->generation++;
    log_flush(floors, pcid, flush);
}

void floors_page_fault(struct floors *floors, uint64_t va, uint16_t pcid, uint64_t accept, uint64_t cycle)
{
    uint64_t key = page_key(va, 0, pcid);

    struct page_fault_floor *slot = &floors->faults[hash_key(key) % FAULT_SLOTS];
    floors->forgotten += slot->key && slot->key != key && slot->accept > floors->all;
    *slot = (struct page_fault_floor){.key = key, .accept = accept, .answer_cycle = cycle};
}

/* --- root tables --- */

/* Joins the older half of the periods of equal root and PCID: more lenient, but bounded. */
static void merge_periods(struct floors *floors)
{
    size_t half = floors->period_count / 2, kept = 0;

    for (size_t i = 0; i < half; i++) {
        struct root_period period = floors->periods[i];
        size_t same = 0;
        while (same < kept &&
               (floors->periods[same].root != period.root || floors->periods[same].pcid != period.pcid ||
                floors->periods[same].only_global != period.only_global))
            same++;
        if (same < kept)
            floors->periods[same].end = max(floors->periods[same].end, period.end);
        else
            floors->periods[kept++] = period;
    }
    memmove(floors->periods + kept, floors->periods + half,
            (floors->period_count - half) * sizeof *floors->periods);
    floors->period_count -= half - kept;
    floors->forgotten += half - kept;
    if (2 * floors->period_count > floors->merge_at)
        floors->merge_at *= 2;
}

static void remember_root(struct floors *floors)
{
    floors->former[floors->former_count++ % FORMER_ROOTS] = floors->periods[floors->period_count - 1];
}

const struct root_period *floors_former_root(const struct floors *floors, unsigned back)
{
    if (back >= FORMER_ROOTS || back >= floors->former_count)
        return NULL;
    return &floors->former[(floors->former_count - 1 - back) % FORMER_ROOTS];
}

bool floors_new_root(struct floors *floors, uint64_t root, uint16_t pcid, uint64_t start,
                     bool same_pcid_flushed)
{
    struct root_period *last = &floors->periods[floors->period_count - 1];

    if (last->root == root && last->pcid == pcid)
        return true;
    remember_root(floors);
    last->end = start - 1;
    if (last->pcid == pcid && same_pcid_flushed)
        last->only_global = true;
    if (floors->period_count >= floors->merge_at)
        merge_periods(floors);
    if (floors->period_count == floors->period_capacity) {
        struct root_period *periods =
            realloc(floors->periods, 2 * floors->period_capacity * sizeof *floors->periods);
        if (!periods)
            return false;
        floors->periods = periods;
        floors->period_capacity *= 2;
    }
    floors->periods[floors->period_count++] =
        (struct root_period){.start = start, .end = UINT64_MAX, .root = root, .pcid = pcid};
    return true;
}

void floors_restart(struct floors *floors, uint64_t root, uint16_t pcid, uint64_t start)
{
    remember_root(floors);
    floors->periods[0] = (struct root_period){.start = start, .end = UINT64_MAX, .root = root, .pcid = pcid};
    floors->period_count = 1;
    floors->merge_at = MERGE_AT;
}

static uint64_t next_period(const struct floors *floors, const uint64_t *root, uint16_t pcid, bool local,
                            uint64_t from)
{
    const struct root_period *present = &floors->periods[floors->period_count - 1];
    uint64_t best = UINT64_MAX;

    if (present->pcid == pcid && (!root || present->root == *root) && from >= present->start)
        return from;
    for (size_t i = 0; i < floors->period_count; i++) {
        const struct root_period *period = &floors->periods[i];
        if (period->pcid != pcid || period->end < from || (root && period->root != *root) ||
            (local && period->only_global))
            continue;
        uint64_t moment = max(period->start, from);
        if (moment < best)
            best = moment;
    }
    return best;
}

uint64_t floors_next_pcid(const struct floors *floors, uint16_t pcid, uint64_t from)
{
    return next_period(floors, NULL, pcid, false, from);
}

uint64_t floors_next_root(const struct floors *floors, uint64_t root, uint16_t pcid, bool local,
                          uint64_t from)
{
    return next_period(floors, &root, pcid, local, from);
}

const struct root_period *floors_periods(const struct floors *floors, size_t *count)
{
    *count = floors->period_count;
    return floors->periods;
}

/* --- floors --- */

uint64_t floors_generation(const struct floors *floors)
{
    return floors->generation;
}

uint64_t floors_base(const struct floors *floors)
{
    return floors->all;
}

uint64_t floors_lowest(const struct floors *floors, uint16_t pcid, bool global)
{
    return global ? floors->all : max(floors->all, max(floors->local, floors->pcid[pcid]));
}

uint64_t floors_leaf(const struct floors *floors, uint64_t va, unsigned size, uint16_t pcid, bool global)
{
    uint64_t floor = floors_lowest(floors, pcid, global);
    unsigned owner = global ? ALL_PCIDS : pcid;

    /* Every invalidation of a page is also one of the 1 GiB around it: mostly there was none. */
    const struct page_floor *around = find_page(floors, page_key(va, SIZES - 1, owner));
    if (!around || around->accept <= floor)
        return floor;
    const struct page_floor *page = find_page(floors, page_key(va, size, owner));
    return page ? max(floor, page->accept) : floor;
}

uint64_t floors_global_upper(const struct floors *floors, uint64_t va, unsigned size, uint16_t pcid)
{
    const struct page_floor *page = find_page(floors, page_key(va, size, ALL_PCIDS));

    return page && page->pcid == pcid ? max(floors->all, page->accept) : floors->all;
}

uint64_t floors_after_fault(const struct floors *floors, uint64_t va, uint16_t pcid, uint64_t cycle)
{
    uint64_t key = page_key(va, 0, pcid);
    const struct page_fault_floor *fault = &floors->faults[hash_key(key) % FAULT_SLOTS];

    return fault->key == key && fault->answer_cycle < cycle ? fault->accept : 0;
}
