/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went into the MMU in a run, so that the same can be said as a script
 * (sim/shrink_window.c): accesses and operations with the cycle in which they
 * were accepted, what software wrote, and which words of memory walks found. A
 * request that is offered and not accepted has no effect, so the cycle of
 * acceptance is all that counts. The last few million events are kept.
 */
#ifndef TWINWALK_RECORD_H
#define TWINWALK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "mmu.h"
#include "phys_mem.h"
#include "stimulus.h"

enum { RECORD_REGISTERS = OP_WRITE_PKRS + 1 };

enum record_kind {
    RECORD_ACCESS, /* va, port, attr */
    RECORD_OP,     /* op, value, va, pcid */
    RECORD_WRITE,  /* software changed the word at `address` from `before` to `value` */
    RECORD_UPDATE, /* a walker did, to set A or D */
    RECORD_FOUND,  /* the word at `address` was `value` when a walk read it, or could have */
    RECORD_ERROR,  /* the read or exchange of the word at `address` ended in a bus error */
};

struct record_event {
    uint64_t cycle;
    uint64_t address; /* or VA */
    uint64_t value;
    uint64_t before;
    uint16_t pcid;
    uint8_t kind; /* enum record_kind */
    uint8_t op;
    uint8_t port, attr;
};

struct record;

/* NULL when memory is short. */
struct record *record_create(void);
void record_destroy(struct record *record);

/* The bench, before the first cycle: the memory that the walks read. Returns who is to hear of events. */
struct event_listener record_start(struct record *record, const struct phys_mem *phys);

/* The bench, at the end: what is still offered counts as if it were accepted now. */
void record_offered(struct record *record, uint64_t cycle, const struct stimulus_offer *offer);

/* The events that are kept, 0 the oldest. */
size_t record_count(const struct record *record);
const struct record_event *record_at(const struct record *record, size_t index);

/* Whether older events were forgotten. */
bool record_is_cut(const struct record *record);

/*
 * The values that operations before event `index` gave to the registers, by enum
 * mmu_op; `written` says to which. The no-flush bit is left out of CR3.
 */
void record_registers(const struct record *record, size_t index, uint64_t value[RECORD_REGISTERS],
                      bool written[RECORD_REGISTERS]);

#endif
