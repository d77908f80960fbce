/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of the bench (table: bench_params.def). */
#ifndef TWINWALK_BENCH_PARAMS_H
#define TWINWALK_BENCH_PARAMS_H

#include <stdint.h>

struct bench_params {
#define PARAM_SECTION(section, help) struct {
#define PARAM_SECTION_END(section) \
    }                              \
    section;
#define PARAM(section, key, type, dflt, min, max, unit, help) uint32_t key;
#include "bench_params.def"
};

/* The defaults of bench_params.def. */
void bench_params_default(struct bench_params *params);

#endif
