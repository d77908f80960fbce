/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in a run, as a person thinks of it: accesses, hits and misses,
 * steps of walks, fills, invalidations. One kind of record for the log, the
 * story of an access, waves and the last events of a failed run. The kinds are
 * in event.def.
 */
#ifndef TWINWALK_EVENT_H
#define TWINWALK_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mmu.h"

enum event_kind {
#define EVENT(KIND, flag, name, help) EVENT_##KIND,
#include "event.def"
    EVENT_KINDS
};

/* A bit for each debug flag. */
enum {
#define DEBUG_FLAG(name, help) DEBUG_##name##_NUMBER,
#include "debug_flags.def"
    DEBUG_FLAGS
};
enum {
#define DEBUG_FLAG(name, help) DEBUG_##name = 1 << DEBUG_##name##_NUMBER,
#include "debug_flags.def"
    DEBUG_ALL = (1 << DEBUG_FLAGS) - 1
};

/* The arrays of TLBs and walk caches. */
enum event_array {
    ARRAY_L1I, /* by page size, as for the next three */
    ARRAY_L1D = ARRAY_L1I + 3,
    ARRAY_L2 = ARRAY_L1D + 3,
    ARRAY_L2I = ARRAY_L2 + 3,
    ARRAY_WALK_CACHE = ARRAY_L2I + 3, /* PDE, PDPTE, PML4E, PML5E */
    EVENT_ARRAYS = ARRAY_WALK_CACHE + 4,
    ARRAY_NONE = 0xff
};

/* Why entries are dropped, or accesses sent back. */
enum event_cause {
    CAUSE_NONE,
    CAUSE_OPERATION, /* the operation under way */
    CAUSE_FAULT,     /* the drop of a page fault */
    CAUSE_FILL,      /* DROP: a fill overlaps the entry */
    CAUSE_LEADER,    /* RESTART: the access it had joined ended in a page fault */
};

#define NO_ACCESS UINT64_MAX
enum { EVENT_NO_NUMBER = 0xff };

/* Fields that say nothing for a kind are NO_ACCESS, EVENT_NO_NUMBER, ARRAY_NONE or 0. */
struct event {
    uint64_t cycle;
    uint64_t access; /* index, as in struct access_result */
    uint64_t va;     /* of the access, operation or translation */
    uint8_t kind;    /* enum event_kind */
    uint8_t port;
    uint8_t attr;   /* of the access */
    uint8_t walker; /* number */
    uint8_t entry;  /* of the miss queue */
    uint8_t leader; /* MERGE, MERGE_REFUSED: the entry of the other access */
    uint8_t level;  /* of the paging-structure entry, 1 (PTE) to 5; WALK_START: first to be read */
    uint8_t array;  /* enum event_array */
    uint8_t cause;  /* enum event_cause */
    uint8_t state;  /* ENTRY_READ, EXCHANGE_WON: x86.h's ENTRY_IS_ bits */
    uint32_t set, way;
    uint64_t other; /* MERGE, MERGE_REFUSED: index of the other access; CAUSE_FAULT: of that which faults */
    union {
        struct response response; /* ANSWER, RESULT (no tag); WALK_FAULT: fault and code */
        struct op_req op;         /* OP, REGISTER, BROADCAST */
        struct {
            uint64_t tag, data; /* a cached translation, x86.h; data of WALK_START: the table */
        } cached;
        struct {
            uint64_t addr;
            uint64_t value;             /* read or found; WRITE: the new one */
            uint64_t expected, desired; /* compare-exchange; WRITE: the old value is `expected` */
            uint8_t exchange, error, exchanged;
        } memory;
        const char *verdict; /* ILLEGAL; lives as long as the judge: who keeps the event copies it */
    };
    uint8_t tag; /* ACCEPT, ANSWER: of the access */
};

/* Who hears of events, in the order in which they happen within their cycle. */
struct event_listener {
    void *self;
    void (*event)(void *self, const struct event *event);
};

/* An event of a kind with nothing in it. */
static inline struct event event_of(uint64_t cycle, enum event_kind kind)
{
    return (struct event){
        .cycle = cycle,
        .access = NO_ACCESS,
        .other = NO_ACCESS,
        .kind = (uint8_t)kind,
        .port = EVENT_NO_NUMBER,
        .walker = EVENT_NO_NUMBER,
        .entry = EVENT_NO_NUMBER,
        .leader = EVENT_NO_NUMBER,
        .array = ARRAY_NONE,
    };
}

/* "walk_start" and the like, and what that is. */
const char *event_name(enum event_kind kind);
const char *event_help(enum event_kind kind);

/* "l1d.4k" and the like; the names of tb/signals.def. */
const char *event_array_name(unsigned array);

/* The debug flags that show the event. */
unsigned event_flags(const struct event *event);

/* A lookup or a walk's start that found an entry: array, set and way tell which. */
bool event_meets_entry(const struct event *event);

/*
 * Below an event that meets an entry: in which cycle it was filled, and for which
 * access (NO_ACCESS: for none). filled NO_ACCESS: before cycle `first`, where
 * `what` begins.
 */
void event_print_filled(FILE *out, uint64_t filled, uint64_t filler, uint64_t first, const char *what);

/* "L1D" and its help; number below DEBUG_FLAGS. */
const char *debug_flag_name(unsigned number);
const char *debug_flag_help(unsigned number);

/* What happened, in one line without its end. At most size bytes, the terminator included. */
void event_text(const struct event *event, char *text, size_t size);

/* The same without the access: where it is the one that is told of. */
void event_text_brief(const struct event *event, char *text, size_t size);

/* Bits of a paging-structure entry at that level: "P RW US A, table 0x1234000". */
void event_entry_text(uint64_t entry, unsigned level, unsigned state, char *text, size_t size);

#endif
