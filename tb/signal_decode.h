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
    DECODE_BITS,          /* the numbers of the bits that are set */
    DECODE_CONTROL_STATE, /* enum control_state */
    DECODE_OPERATION,     /* enum mmu_op */
    DECODE_INVALIDATION,  /* x86.h's INV_ flags */
    DECODE_MODE,          /* x86.h's MODE_ bits */
    DECODE_ATTRIBUTES,    /* mmu.h's ATTR_ bits */
    DECODE_FAULT,         /* enum fault_kind */
    DECODE_ERROR_CODE,    /* x86.h's PF_ bits */
    DECODE_SIZE,          /* enum page_size */
    DECODE_SOURCE         /* enum answer_source */
};

/* Writes at most size bytes, the terminator included. */
void signal_decode_text(enum signal_decode decode, uint64_t value, char *text, size_t size);

/* A cached translation: x86.h's tag and data words. */
void signal_decode_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size);

#endif
