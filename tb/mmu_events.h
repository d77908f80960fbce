/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events inside the MMU, found by comparing the C model's state before and
 * after each clock edge: it tells what the model did, right or wrong, and the
 * model knows nothing of it. In lockstep the RTL has done the same up to the
 * first difference.
 */
#ifndef TWINWALK_MMU_EVENTS_H
#define TWINWALK_MMU_EVENTS_H

#include "event.h"
#include "mmu.h"

struct mmu_events;

/* Who knows the index of the unanswered access with that tag. */
struct access_namer {
    const void *self;
    uint64_t (*index)(const void *self, unsigned port, unsigned tag);
};

/*
 * Begins with the model's present state: at reset or at any later cycle. NULL
 * when memory is short.
 */
struct mmu_events *mmu_events_create(const struct mmu *mmu, struct access_namer namer,
                                     struct event_listener listener);
void mmu_events_destroy(struct mmu_events *events);

/*
 * In each cycle that is stepped: mmu_events_cycle at its beginning, before the
 * answers are taken; mmu_events_step after mmu_step with its inputs. Cycles
 * passed by mmu_skip have no events.
 */
void mmu_events_cycle(struct mmu_events *events, const struct mmu *mmu);
void mmu_events_step(struct mmu_events *events, const struct mmu *mmu, const struct mmu_in *in);

#endif
