/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of the bench (table: bench_params.def). */
#ifndef TWINWALK_BENCH_PARAMS_H
#define TWINWALK_BENCH_PARAMS_H

#include <stdint.h>

/* Which 2 MiB regions of a trace's address space may be mapped by one page. */
enum trace_huge_where { HUGE_ANYWHERE, HUGE_ANONYMOUS, HUGE_ADVISED };

struct bench_params {
#define PARAM_SECTION(section, help) struct {
#define PARAM_SECTION_END(section)                                                                           \
    }                                                                                                        \
    section;
#define PARAM(section, key, type, dflt, min, max, unit, help) uint32_t key;
#include "bench_params.def"
};

/* The defaults of bench_params.def. */
void bench_params_default(struct bench_params *params);

/*
 * Checks ranges, that each cache of the memory side divides into a power of two
 * of sets of 64-byte lines, and that no group of random weights in use is all 0.
 *
 * Returns NULL when the bench can run so, else the reason as a static string,
 * with *key set to the offending "section.key".
 */
const char *bench_params_check(const struct bench_params *params, const char **key);

#endif
