/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory side of the MMU: a small cache hierarchy (tags and latencies; the
 * data is always phys_mem's) with delays, reordering, back-pressure and bus
 * errors on demand. One instance serves the RTL and the model, which must ask
 * it the same questions. A read takes its value, and a compare-exchange acts,
 * at one moment: when its response first becomes visible.
 *
 * In each cycle: memory_ready()/memory_response() tell what the MMU sees, a
 * function of the state alone; memory_step() then clocks it.
 */
#ifndef TWINWALK_MEMORY_H
#define TWINWALK_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"
#include "phys_mem.h"

struct bench_params;
struct memory;

/* Who hears of each access at the moment it takes place. */
struct memory_listener {
    void *self;
    /* a read or compare-exchange that took place; `resp` is what the MMU will see */
    void (*served)(void *self, uint64_t cycle, const struct mem_req *req, const struct mem_resp *resp);
};

/* seed drives the random delays, reordering, back-pressure and errors. */
struct memory *memory_create(const struct bench_params *params, struct phys_mem *phys, uint64_t seed);
void memory_destroy(struct memory *memory);
void memory_listen(struct memory *memory, struct memory_listener listener);

/* What the memory served since memory_create. */
struct memory_stats {
    uint64_t requests;          /* taken; the sum of the next three */
    uint64_t l1_hits;           /* answered with l1_latency */
    uint64_t l2_hits;           /* answered with l2_latency */
    uint64_t dram;              /* answered with dram_latency */
    uint64_t exchanges;         /* served compare-exchanges without a bus error */
    uint64_t exchange_failures; /* of these, those that found another value */
    uint64_t bus_errors;        /* served with an error */
};
const struct memory_stats *memory_statistics(const struct memory *memory);

/*
 * The next read or compare-exchange of the 8 bytes at addr (8-byte aligned)
 * ends in a bus error; n calls for the same addr, the next n (scripts).
 */
void memory_poison(struct memory *memory, uint64_t addr);

/* A request offered in the present cycle is taken. */
bool memory_ready(const struct memory *memory);

/* The response offered in the present cycle, or NULL. It stays until taken. */
const struct mem_resp *memory_response(const struct memory *memory);

/* One clock edge: req is the request taken in this cycle or NULL. */
void memory_step(struct memory *memory, const struct mem_req *req, bool response_taken);

/*
 * For how many cycles from now the outputs stay as they are if no request is
 * offered: 0 when a response is offered or appears with the next step;
 * UINT64_MAX when nothing is outstanding. (Random back-pressure may change
 * unseen in skipped cycles, so it is a function of the cycle number.)
 */
uint64_t memory_idle_cycles(const struct memory *memory);
void memory_skip(struct memory *memory, uint64_t cycles);

#endif
