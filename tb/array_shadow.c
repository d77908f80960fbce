/* SPDX-License-Identifier: Apache-2.0 */
#include "array_shadow.h"

#include <stdlib.h>
#include <string.h>

enum { NOWHERE = UINT32_MAX };

const struct tlb_array *mmu_array(const struct mmu *mmu, unsigned array)
{
    if (array >= ARRAY_WALK_CACHE)
        return &mmu->walk_cache.array[array - ARRAY_WALK_CACHE];
    if (array >= ARRAY_L2I)
        return &mmu->l2i.array[array - ARRAY_L2I];
    if (array >= ARRAY_L2)
        return &mmu->l2.array[array - ARRAY_L2];
    if (array >= ARRAY_L1D)
        return &mmu->l1d.array[array - ARRAY_L1D];
    return &mmu->l1i.array[array];
}

static uint32_t entries_of(const struct tlb_array *array)
{
    return array->sets * array->ways;
}

static size_t valid_words(const struct tlb_array *array)
{
    return (entries_of(array) + 63) / 64;
}

static uint64_t sum(const uint64_t counts[3])
{
    return counts[0] + counts[1] + counts[2];
}

static void keep(struct array_shadow *shadow, const struct tlb_array *array)
{
    shadow->fills = sum(array->fills);
    shadow->evictions = sum(array->evictions);
    shadow->invalidations = sum(array->invalidations);
    memcpy(shadow->valid, array->valid, valid_words(array) * sizeof *array->valid);
}

int array_shadow_init(struct array_shadow *shadow, const struct tlb_array *array)
{
    size_t entries = entries_of(array);
    if (!array->ways)
        return 0;
    shadow->tag = malloc(entries * sizeof *shadow->tag);
    shadow->data = malloc(entries * sizeof *shadow->data);
    shadow->valid = malloc(valid_words(array) * sizeof *shadow->valid);
    if (!shadow->tag || !shadow->data || !shadow->valid)
        return -1;
    memcpy(shadow->tag, array->tag, entries * sizeof *shadow->tag);
    memcpy(shadow->data, array->data, entries * sizeof *shadow->data);
    keep(shadow, array);
    return 0;
}

void array_shadow_free(struct array_shadow *shadow)
{
    free(shadow->tag);
    free(shadow->data);
    free(shadow->valid);
}

/* `invalidations`: of the array before the clock edge. */
static void tell(const struct array_change *change, enum event_kind kind, unsigned number,
                 const struct tlb_array *array, uint64_t invalidations, uint32_t entry, uint64_t tag,
                 uint64_t data)
{
    struct event event = change->event;
    event.kind = (uint8_t)kind;
    event.array = (uint8_t)number;
    /* A clock edge fills or invalidates. */
    event.cause = sum(array->invalidations) == invalidations ? CAUSE_FILL : change->cause;
    event.set = entry / array->ways;
    event.way = entry % array->ways;
    event.cached.tag = tag;
    event.cached.data = data;
    /* The page number holds bits 56:12 of a canonical address. */
    event.va = (uint64_t)((int64_t)(tag << (64 - 45)) >> (64 - 57));
    if (kind == EVENT_FILL) {
        event.access = change->access;
        event.cause = CAUSE_NONE;
        if (change->access != NO_ACCESS)
            event.va = change->va;
    }
    change->listener.event(change->listener.self, &event);
}

/* The entry that a fill has written: the one whose words have changed, else where its translation is found.
 */
static uint32_t filled_entry(const struct array_shadow *shadow, const struct tlb_array *array,
                             const struct array_change *change)
{
    for (uint32_t entry = 0; entry < entries_of(array); entry++)
        if (array->tag[entry] != shadow->tag[entry] || array->data[entry] != shadow->data[entry] ||
            (array->valid[entry >> 6] & ~shadow->valid[entry >> 6]) >> (entry & 63) & 1)
            return entry;
    int found = tlb_array_search(array, change->vpn, change->pcid);
    return found == TLB_MISS ? NOWHERE : (uint32_t)found;
}

void array_shadow_update(struct array_shadow *shadow, unsigned number, const struct tlb_array *array,
                         const struct array_change *change)
{
    bool filled = sum(array->fills) != shadow->fills;
    uint32_t written = filled ? filled_entry(shadow, array, change) : NOWHERE;

    if (!filled && sum(array->invalidations) == shadow->invalidations)
        return;
    for (size_t word = 0; word < valid_words(array); word++) {
        for (uint64_t gone = shadow->valid[word] & ~array->valid[word]; gone; gone &= gone - 1) {
            uint32_t entry = (uint32_t)(64 * word) + (uint32_t)__builtin_ctzll(gone);
            tell(change, EVENT_DROP, number, array, shadow->invalidations, entry, shadow->tag[entry],
                 shadow->data[entry]);
        }
    }
    if (written != NOWHERE) {
        bool was_valid = shadow->valid[written >> 6] >> (written & 63) & 1;
        bool evicted = sum(array->evictions) != shadow->evictions;
        if (was_valid && (evicted || array->tag[written] != shadow->tag[written]))
            tell(change, evicted ? EVENT_EVICT : EVENT_DROP, number, array, shadow->invalidations, written,
                 shadow->tag[written], shadow->data[written]);
        tell(change, EVENT_FILL, number, array, shadow->invalidations, written, array->tag[written],
             array->data[written]);
        shadow->tag[written] = array->tag[written];
        shadow->data[written] = array->data[written];
    }
    keep(shadow, array);
}
