/* SPDX-License-Identifier: Apache-2.0 */
/* The accesses of the random stimulus: which address, which mode, in which order. */
#ifndef TWINWALK_RANDOM_ACCESSES_H
#define TWINWALK_RANDOM_ACCESSES_H

#include <stdint.h>

#include "random_gaps.h"
#include "random_source.h"
#include "random_stimulus.h"
#include "random_tables.h"

enum {
    RANDOM_ATTR_BITS = 12,
    RANDOM_ATTRS = 1 << RANDOM_ATTR_BITS,
    RANDOM_RECENT = 16, /* powers of two */
    RANDOM_CHANGED = 8,
};

struct random_accesses {
    const struct random_tables *tables;
    struct random_source *source;
    struct random_gaps non_canonical_gaps;
    uint8_t attrs[RANDOM_ATTRS]; /* of data accesses, as often as their weights say */
    uint64_t count;
    uint64_t until_non_canonical; /* accesses */

    enum random_phase phase;
    uint32_t first, pages; /* of the phase */
    uint32_t step, step_shift;
    uint64_t hot_va; /* the next hot_left accesses go there */
    unsigned hot_left;
    uint64_t phases[PHASE_COUNT];

    uint64_t recent[RANDOM_RECENT];   /* addresses accessed */
    uint64_t changed[RANDOM_CHANGED]; /* addresses whose translation software changed */
    uint32_t recent_count, changed_count;
};

/* `tables` and `source` must outlive the accesses. */
void random_accesses_open(struct random_accesses *accesses, const struct random_tables *tables,
                          struct random_source *source);

/* Starts a phase of accesses to `pages`. */
void random_accesses_start_phase(struct random_accesses *accesses, const struct random_pages *pages);

/* Goes on elsewhere. */
void random_accesses_leave(struct random_accesses *accesses, const struct random_pages *pages);

/* Software changed what va means: some accesses go there. */
void random_accesses_changed(struct random_accesses *accesses, uint64_t va);

/* An address accessed lately; 0 before the first access. */
uint64_t random_accesses_recent(struct random_accesses *accesses);

/* The next access of that port. Returns a random number of which the low RANDOM_GAP_BITS bits are not used.
 */
uint64_t random_accesses_next(struct random_accesses *accesses, const struct random_pages *pages,
                              unsigned port, struct access_req *req);

#endif
