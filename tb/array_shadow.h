/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A copy of every array of the model's TLBs and walk caches, to find what a
 * clock edge has written, evicted and dropped. A private part of mmu_events.c.
 */
#ifndef TWINWALK_ARRAY_SHADOW_H
#define TWINWALK_ARRAY_SHADOW_H

#include "event.h"
#include "mmu_state.h"

struct array_shadow {
    uint64_t *tag, *data, *valid; /* as in struct tlb_array; NULL: no such array */
    uint64_t fills, evictions, invalidations;
};

/* What is told of every change of an array's entries in one cycle. */
struct array_change {
    struct event event;  /* its cycle */
    uint8_t cause;       /* of drops */
    uint64_t access, va; /* for whom it is filled */
    uint64_t vpn;        /* likewise: where a fill of the same words is to be looked for */
    unsigned pcid;
    struct event_listener listener;
};

/* The model's array of that number (enum event_array); one without ways does not exist. */
const struct tlb_array *mmu_array(const struct mmu *mmu, unsigned array);

/* -1: memory is short. */
int array_shadow_init(struct array_shadow *shadow, const struct tlb_array *array);
void array_shadow_free(struct array_shadow *shadow);

/* Tells what has changed since the last call, and keeps the present state. */
void array_shadow_update(struct array_shadow *shadow, unsigned number, const struct tlb_array *array,
                         const struct array_change *change);

#endif
