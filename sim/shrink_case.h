/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run in the form in which it is shrunk: the statements of a script one by one,
 * and what of the memory side is random. See docs/shrinking.md.
 */
#ifndef TWINWALK_SHRINK_CASE_H
#define TWINWALK_SHRINK_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench_params.h"

enum shrink_kind {
    SHRINK_INITIAL, /* a word of memory before the first cycle */
    SHRINK_WRITE,   /* a write by software */
    SHRINK_POISON,
    SHRINK_OP,
    SHRINK_ACCESS,
};

/* When a statement has its turn, after the one before it. */
enum shrink_gap {
    GAP_NONE,  /* as the script language has it */
    GAP_AT,    /* in `cycle` or later */
    GAP_WAIT,  /* after `wait` */
    GAP_DRAIN, /* after `drain` */
};

struct shrink_item {
    uint64_t cycle;
    uint64_t address; /* VA of an access or operation, else physical */
    uint64_t value;
    uint32_t wait;
    uint16_t pcid;
    uint8_t kind; /* enum shrink_kind */
    uint8_t gap;  /* enum shrink_gap */
    uint8_t op;
    uint8_t port, attr;
    bool sync; /* an operation is waited for */
};

struct shrink_case {
    struct shrink_item *items;
    size_t count, room;
    struct bench_params bench;
    uint64_t seed;
};

/* What a reader may want to know about a statement; NULL: nothing. */
struct shrink_notes {
    const char *(*note)(void *self, size_t item);
    void *self;
};

/* Adds an item; false: out of memory. */
bool shrink_case_add(struct shrink_case *c, const struct shrink_item *item);

/* A copy of its own; false: out of memory. */
bool shrink_case_copy(struct shrink_case *to, const struct shrink_case *from);
void shrink_case_free(struct shrink_case *c);

/* Whether the memory side takes random decisions, so that the seed matters. */
bool shrink_case_is_noisy(const struct shrink_case *c);

/* Writes the script. Returns the number of its statements. notes may be NULL. */
size_t shrink_case_print(const struct shrink_case *c, const struct shrink_notes *notes, FILE *out);

#endif
