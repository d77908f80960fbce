/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replacement state of one set: true LRU, tree-PLRU, NRU or random. The C twin
 * of rtl/replacement.sv, which packs the same state into one vector.
 *
 * LRU: an age per way, 0 the most recently used. Tree-PLRU: a bit per inner
 * node of a binary tree over the ways rounded up to a power of two, 1 when the
 * victim is on the right; subtrees without ways are passed by. NRU: a bit per
 * way used since all of them were. Random: no state per set; the array's LFSR
 * decides.
 */
#ifndef TWINWALK_REPLACEMENT_H
#define TWINWALK_REPLACEMENT_H

#include <stdint.h>

#include "params.h"

enum { REPLACEMENT_MAX_WAYS = 128, LFSR_RESET = 0xace1 };

struct replacement {
    uint8_t policy;       /* enum replacement_policy */
    uint8_t ways;         /* 1..REPLACEMENT_MAX_WAYS */
    uint8_t leaves;       /* ways rounded up to a power of two */
    uint16_t state_bytes; /* per set */
};

/* Fills in *r and returns it. */
void replacement_init(struct replacement *r, enum replacement_policy policy, unsigned ways);

/* The state of a set after reset. state: r->state_bytes bytes. */
void replacement_reset(const struct replacement *r, uint8_t *state);

/* Marks `way` as used last. */
void replacement_touch(const struct replacement *r, uint8_t *state, unsigned way);

/* The way to evict, 0..ways-1; lfsr is the array's random source. */
unsigned replacement_victim(const struct replacement *r, const uint8_t *state, uint16_t lfsr);

/* The next value of the array's random source; it moves with each fill. */
static inline uint16_t lfsr_next(uint16_t lfsr)
{
    return (uint16_t)(lfsr >> 1 ^ (lfsr & 1 ? 0xb400 : 0));
}

#endif
