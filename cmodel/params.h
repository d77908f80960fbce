/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parameters of the modelled hardware (table: params.def).
 */
#ifndef TWINWALK_PARAMS_H
#define TWINWALK_PARAMS_H

#include <stddef.h>
#include <stdint.h>

enum replacement_policy { POLICY_LRU, POLICY_PLRU, POLICY_NRU, POLICY_RANDOM };

struct mmu_params {
#define PARAM_SECTION(section, help) struct {
#define PARAM_SECTION_END(section)                                                                           \
    }                                                                                                        \
    section;
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help) uint32_t key;
#include "params.def"
};

/* The defaults of params.def. */
void mmu_params_default(struct mmu_params *params);

/*
 * Checks ranges and the rules that tie keys together (power-of-two sets, queue
 * large enough for the ports, ...).
 *
 * Returns NULL when the hardware can be built, else the reason as a static
 * string, with *key set to the offending "section.key".
 */
const char *mmu_params_check(const struct mmu_params *params, const char **key);

#endif
