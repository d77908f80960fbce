/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person thinks in, as signals of a wave: from the events of a run, the
 * scopes
 *
 *   events  in words, what happens on each port, to each entry of the miss
 *           queue, in each walker, to the arrays, to operations. A text begins
 *           in the cycle in which it happens and stays for a while
 *   judge   its verdict
 *   marks   cycles worth a look, known from the failure on
 */
#ifndef TWINWALK_WAVE_LANES_H
#define TWINWALK_WAVE_LANES_H

#include "event.h"
#include "params.h"
#include "rtl.h"

struct wave_lanes;

/* NULL when memory is short. */
struct wave_lanes *wave_lanes_create(const struct mmu_params *params);
void wave_lanes_destroy(struct wave_lanes *lanes);

/* To be declared; as long as the lanes live. */
const struct rtl_wave_lane *wave_lanes_list(const struct wave_lanes *lanes, size_t *count);

/* A wave may be opened from now on: events are put into words, no longer only remembered. */
void wave_lanes_tell(struct wave_lanes *lanes);

/*
 * The wave of this RTL is open, in that cycle: from now on it is written to, and
 * what was told in the cycle already. NULL: not any more.
 */
void wave_lanes_write(struct wave_lanes *lanes, struct rtl *rtl, uint64_t cycle);

/* Hears every event; self: the lanes. Costs next to nothing while none is put into words. */
void wave_lanes_event(void *self, const struct event *event);

/* Between the events of the cycle's beginning and those of its clock edge: what was said of cycles before
 * goes. */
void wave_lanes_cycle(struct wave_lanes *lanes, uint64_t cycle);

/*
 * Marks of a failure in that cycle, of the acceptance of the access concerned
 * (UINT64_MAX: the one that an event named last), of the last operation or fault's drop before; and
 * what the failure is, in words.
 */
void wave_lanes_failure(struct wave_lanes *lanes, uint64_t cycle, uint64_t accept, const char *reason);

#endif
