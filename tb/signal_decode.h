/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of compared signals read in a report (tb/signals.def's `decode`). */
#ifndef TWINWALK_SIGNAL_DECODE_H
#define TWINWALK_SIGNAL_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum signal_decode {
    DECODE_HEX,
    DECODE_DECIMAL,
    DECODE_FLAG,
    DECODE_BITS,          /* the set of the numbers of the bits that are set: "{0 2}", "{}" */
    DECODE_CONTROL_STATE, /* enum control_state */
    DECODE_OPERATION,     /* enum mmu_op */
    DECODE_INVALIDATION,  /* x86.h's INV_ flags */
    DECODE_MODE,          /* x86.h's MODE_ bits */
    DECODE_ATTRIBUTES,    /* mmu.h's ATTR_ bits */
    DECODE_FAULT,         /* enum fault_kind */
    DECODE_SIZE,          /* enum page_size */
    DECODE_SOURCE,        /* enum answer_source */
    DECODE_FAULT_CODE,    /* of a page fault, SDM 4.7 */
    DECODE_ENTRY,         /* a paging-structure entry of any level */
    DECODE_TAG,           /* x86.h's words of a cached translation */
    DECODE_DATA,
    DECODE_TABLE, /* the data word of a walk cache: a table's address, and the rights of the path to it */
    DECODE_RESULT /* miss_result of miss_queue.h */
};

/* "u_l2__DOT__array_4k", as Verilator joins scopes, as "u_l2.array_4k"; at most size bytes. */
void signal_path(const char *verilated, char *path, size_t size);

/* Writes at most size bytes, the terminator included. */
void signal_decode_text(enum signal_decode decode, uint64_t value, char *text, size_t size);

/* A cached translation: x86.h's tag and data words. */
void signal_decode_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size);

/* The same of a walk cache, whose entries lead to tables. */
void signal_decode_table_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size);

#endif
