/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What drives the MMU: a script, a trace or the random generator. The bench
 * (tb/bench.c) owns tags, the access numbering and the handshakes; a stimulus
 * only says what it wants next and hears what came of it.
 */
#ifndef TWINWALK_STIMULUS_H
#define TWINWALK_STIMULUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "mmu.h"
#include "phys_mem.h"

struct trace_reader;

/* One answered access, as --results prints it and a stimulus hears it. */
struct access_result {
    uint64_t index; /* 0.. in order of acceptance; ports of one cycle in port order */
    uint64_t va;
    uint64_t issue_cycle;  /* the cycle in which it was accepted */
    uint64_t answer_cycle; /* the cycle in which the response was valid */
    struct response response;
    uint8_t attr;
    uint8_t port;
};

/* What a stimulus offers in one cycle. */
struct stimulus_offer {
    uint8_t req_valid;                    /* bit per port; an offer stays, unchanged, until accepted */
    uint8_t op_valid;                     /* likewise */
    struct access_req req[MMU_MAX_PORTS]; /* tag is filled in by the bench */
    struct op_req op;
};

/* Expectations that have failed so far. */
struct failed_expectations {
    uint64_t count;
    uint64_t cycle; /* of the first */
    uint64_t
        access; /* whose answer it is about, and the cycle in which that was accepted; UINT64_MAX: none's */
    uint64_t accept_cycle;
};

struct stimulus {
    void *self;

    /*
     * In the cycles that next_cycle() names, and whenever an access or operation
     * on offer is accepted, before the clock edge: memory writes that
     * software makes in this cycle (through phys_mem_write64), and what is
     * offered. `ready`/`op_ready` are the MMU's of this cycle, so that the
     * stimulus knows what will be accepted: what is offered and ready is.
     */
    void (*drive)(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer);

    /* An answer seen in this cycle; called before drive() of the same cycle. NULL: of no interest. */
    void (*answered)(void *self, const struct access_result *result);

    /* The operation accepted last completed in this cycle; before drive(). */
    void (*op_done)(void *self, uint64_t cycle);

    /*
     * After a cycle in which nothing was accepted: the first cycle >= `cycle` in
     * which drive() must be called again, because it would offer something else
     * or write memory. UINT64_MAX: only when what is offered is accepted, or
     * after an answer or op_done. What is offered stays offered meanwhile.
     */
    uint64_t (*next_cycle)(void *self, uint64_t cycle);

    /* Nothing more will be offered (the bench then drains and ends). */
    bool (*finished)(void *self);

    /*
     * After the end: number of failed expectations, each already reported on
     * stderr as "file:line:column: ...". NULL: none can fail. UINT64_MAX:
     * the input turned out to be bad while it was read (told on stderr too).
     */
    uint64_t (*failures)(void *self);

    /* The same during the run, for who wants to know in which cycle. NULL: none can fail. */
    const struct failed_expectations *failed;

    /*
     * After failures() said that there are some: where the first stands, such as
     * "file:line". NULL: the stimulus has no such places.
     */
    void (*first_failure)(void *self, char *text, size_t size);

    void (*destroy)(void *self);
};

/*
 * What a stimulus gets from the bench. Control state to start from is set by
 * operations like any other, or by image registers.
 */
struct stimulus_env {
    const struct mmu_params *params;
    const struct bench_params *bench;
    struct phys_mem *phys;
    struct memory *memory;
    const struct image *image; /* NULL: none */
    uint64_t seed;
    uint64_t max_accesses; /* UINT64_MAX: no bound */
    bool silent;           /* failed expectations are not reported on stderr */
};

/*
 * Constructors. On bad input: a message on stderr (file:line:column where there
 * is one) and -1; 0 otherwise.
 */
int script_open(const char *path, const struct stimulus_env *env, struct stimulus *out);
int trace_open(const char *path, const struct stimulus_env *env, struct stimulus *out);
/* The trace that a reader (trace.h) reads; it takes the reader over, also when it fails. */
int trace_play(struct trace_reader *reader, const struct stimulus_env *env, struct stimulus *out);
int random_open(const struct stimulus_env *env, struct stimulus *out);

#endif
