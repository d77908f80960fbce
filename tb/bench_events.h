/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events of a run on their way to those who listen. What happens at the MMU's
 * interface is told by the loop, with every engine; the last of it is kept, to
 * be shown when a run fails. What happens inside comes from mmu_events.c, where
 * somebody listens.
 */
#ifndef TWINWALK_BENCH_EVENTS_H
#define TWINWALK_BENCH_EVENTS_H

#include <stdint.h>
#include <stdio.h>

#include "event.h"
#include "mmu.h"
#include "stimulus.h"

struct bench_events;

/* NULL when memory is short. */
struct bench_events *bench_events_create(void);
void bench_events_destroy(struct bench_events *events);

enum { BENCH_LISTENERS = 4 };

/* One more hears of every event from now on; at most BENCH_LISTENERS. */
void bench_events_listen(struct bench_events *events, struct event_listener listener);

/* Tells an event to all who listen. */
void bench_events_tell(struct bench_events *events, const struct event *event);

void bench_events_accept(struct bench_events *events, uint64_t cycle, uint64_t index, unsigned port,
                         const struct access_req *req);
void bench_events_answer(struct bench_events *events, const struct access_result *result);
void bench_events_op(struct bench_events *events, uint64_t cycle, const struct op_req *op);
void bench_events_op_done(struct bench_events *events, uint64_t cycle);
void bench_events_write(struct bench_events *events, uint64_t cycle, uint64_t addr, uint64_t old_value,
                        uint64_t new_value);
void bench_events_mem_req(struct bench_events *events, uint64_t cycle, const struct mem_req *req);
void bench_events_mem_resp(struct bench_events *events, uint64_t cycle, const struct mem_req *req,
                           const struct mem_resp *resp);
void bench_events_illegal(struct bench_events *events, uint64_t cycle, const char *verdict);

/* Prints the last 32 or so at the interface, oldest first. */
void bench_events_print(const struct bench_events *events, FILE *out);

#endif
