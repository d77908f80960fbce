/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cycle loop of the bench, between its set-up and its output (bench.c).
 *
 * A cycle, in this order: the RTL's state is compared with the model's; a
 * completed operation and the answers are told to judge and stimulus; the
 * stimulus writes memory and offers accesses and an operation; what is offered
 * and ready counts as accepted; the memory side, the RTL and the model are
 * clocked.
 */
#ifndef TWINWALK_BENCH_LOOP_H
#define TWINWALK_BENCH_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench_events.h"
#include "bench_results.h"
#include "coverage.h"
#include "judge.h"
#include "latency_counts.h"
#include "memory.h"
#include "mmu.h"
#include "mmu_events.h"
#include "rtl.h"
#include "stimulus.h"
#include "wave.h"

enum bench_outcome {
    OUTCOME_DONE,     /* every access answered */
    OUTCOME_MISMATCH, /* RTL and model differ */
    OUTCOME_ILLEGAL,  /* the judge's verdict */
    OUTCOME_PROTOCOL, /* an answer or completion that nothing asked for */
    OUTCOME_HANG,     /* an access or operation waits too long */
    OUTCOME_STUCK,    /* the stimulus waits for nothing */
    OUTCOME_STOPPED,  /* a visitor has seen enough */
};

enum { ANSWER_KINDS = 64, NO_TAG = 0xff };

/* What the bench itself counts, whatever the engine. */
struct bench_counts {
    uint64_t accepted, answered;
    uint64_t answers[ANSWER_KINDS]; /* by source + 4 * size + 16 * fault; set when the loop ends */
    uint64_t ops[OP_COUNT];
    uint64_t ops_done;
    struct latency_counts latency; /* from acceptance to answer; one cycle is counted when the loop ends */
};

/* An accepted access that is not answered yet. */
struct outstanding {
    uint64_t index, va, cycle;
    uint8_t attr;
};

struct bench_port {
    uint64_t free_tags; /* bit per tag, without next_tag */
    uint8_t next_tag;   /* kept for the access offered now or next; NO_TAG: all are in use */
    struct outstanding outstanding[MMU_TAGS];
    uint64_t answers[ANSWER_KINDS]; /* per port: increments of one word wait for each other */
};

struct bench_loop;

/*
 * Somebody who looks into a run from within. A visitor needs events to be
 * kept; what is not wanted is NULL.
 */
struct bench_visitor {
    void *self;
    /* At the beginning of the first cycle >= loop->visit, and then of whichever that becomes. */
    void (*visit)(void *self, struct bench_loop *loop);
    /* RTL and model differ in this cycle; true: go on all the same. */
    bool (*difference)(void *self, struct bench_loop *loop);
    /* The run has ended, all is as it was in its last cycle; true: an error has been told to whom it
     * concerns. */
    bool (*ended)(void *self, struct bench_loop *loop);
};

struct bench_loop {
    /* set by the caller; what is not wanted is NULL */
    struct mmu *mmu;
    struct rtl *rtl;
    struct memory *memory;
    struct phys_mem *phys; /* for a visitor to look at */
    struct judge *judge;
    struct bench_results *results;
    struct bench_events *events;
    struct mmu_events *mmu_events; /* only with events and mmu */
    struct coverage *coverage;     /* needs the model */
    struct wave *wave;             /* only with events and rtl */
    struct stimulus stimulus;
    struct bench_visitor visitor;
    uint64_t cycle_limit; /* the stimulus is not asked from this cycle on; UINT64_MAX: no bound */
    uint64_t hang_limit;  /* cycles that an access or operation may take */
    void (*progress)(void *self, const struct bench_loop *loop); /* now and then; NULL: not wanted */
    void *progress_self;

    /* for the visitor to change */
    uint64_t visit;        /* the next cycle in which it is called; UINT64_MAX: none */
    bool model_lost;       /* the RTL goes on alone */
    uint64_t compare_mask; /* contents of arrays are compared in cycles without these bits; 0: in all */

    /* kept by the loop */
    uint64_t cycle;
    bool stopped; /* the stimulus is not asked any more */
    bool op_running;
    uint64_t op_cycle;  /* in which it was accepted */
    uint64_t attention; /* first cycle in which the wave wants to be asked */
    uint64_t wake;      /* before it the stimulus is called only for what is accepted or answered */
    struct stimulus_offer offer;
    uint8_t tags_left; /* bit per port with a next_tag */
    struct bench_port ports[MMU_MAX_PORTS];
    struct bench_counts counts;
    enum bench_outcome outcome;
    char message[256]; /* what happened, unless the judge or the comparison tells */
};

/* Something is wrong, unless something was before: the run ends. */
static inline void bench_loop_fail(struct bench_loop *loop, enum bench_outcome outcome)
{
    if (loop->outcome == OUTCOME_DONE)
        loop->outcome = outcome;
}

/* An expectation of the stimulus has failed so far. */
static inline bool bench_loop_expectation_failed(const struct bench_loop *loop)
{
    return loop->stimulus.failed && loop->stimulus.failed->count;
}

/* From the present cycle on events of the model are told too. -1: memory is short. */
int bench_loop_observe(struct bench_loop *loop);

/* Prepares a loop whose first group of fields is set. */
void bench_loop_start(struct bench_loop *loop);

/* The index of the unanswered access with that tag, where somebody hears of answers; self: the loop. */
uint64_t bench_loop_access(const void *self, unsigned port, unsigned tag);

/* Runs until the stimulus is finished and all is answered, or something is wrong. */
enum bench_outcome bench_loop_run(struct bench_loop *loop);

#endif
