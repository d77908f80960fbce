/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of single items that shrinking tries. */
#ifndef TWINWALK_SHRINK_STEPS_H
#define TWINWALK_SHRINK_STEPS_H

#include "shrink_case.h"

/* A change of one item; `bits` is the step's. */
struct step {
    const char *name;
    bool (*applies)(const struct shrink_item *item, uint64_t bits);
    void (*change)(struct shrink_item *item, uint64_t bits); /* NULL: the item is taken away */
    uint64_t bits;
};

/* Each ends with an element without a name. In the order in which they are best tried. */
extern const struct step shrink_removals[];
extern const struct step shrink_timings[];
extern const struct step shrink_simplifications[];

/* The bits that an item gives to a register, 0 when it gives none; and the step that clears one of them. */
uint64_t shrink_register_bits(const struct shrink_item *item);
struct step shrink_register_step(uint64_t bit);

#endif
