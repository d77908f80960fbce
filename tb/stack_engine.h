/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a trace once and counts the misses of every LRU array of a single level
 * (stack_sim.h) for fetches and for loads and stores, over the page tables that
 * a run would make for the trace (docs/stack.md).
 */
#ifndef TWINWALK_STACK_ENGINE_H
#define TWINWALK_STACK_ENGINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench_params.h"
#include "params.h"
#include "stack_sim.h"

enum stack_side { STACK_DATA, STACK_FETCHES, STACK_SIDES };

/* Of an array: what it keeps. The last is an array for all sizes, which is fully associative. */
enum stack_pages { STACK_4K, STACK_2M, STACK_ALL, STACK_PAGES };

struct stack_run {
    const struct mmu_params *params;  /* only mmu.maxphyaddr counts */
    const struct bench_params *bench; /* only section trace counts */
    const char *trace;
    uint64_t accesses; /* no more than that; 0: no bound */
    uint64_t seed;
    /* called now and then, unless NULL */
    void (*progress)(const struct stack_run *run);

    /* what came of it */
    struct stack_sim *sims[STACK_SIDES][STACK_PAGES];
    uint64_t done; /* accesses */
    uint64_t instructions;
    uint64_t non_canonical; /* accesses that are looked up nowhere */
    uint64_t faults;        /* accesses that page tables do not allow: looked up, but not filled */
    double seconds;         /* of processor time in user mode */
};

/* Fills in what came of it. 0; 2 bad input or 3 no memory, after a message; stack_run_free in any case. */
int stack_run(struct stack_run *run);
void stack_run_free(struct stack_run *run);

/* The misses as a table for people, with the ways that are powers of two. */
void stack_report_text(const struct stack_run *run, FILE *out);

/* All of them, as files. -1 after a message. */
int stack_report_csv(const struct stack_run *run, const char *path);
int stack_report_json(const struct stack_run *run, const char *path);

#endif
