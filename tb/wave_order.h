/* SPDX-License-Identifier: Apache-2.0 */
/* Which cycles of a failed run a wave shows. */
#ifndef TWINWALK_WAVE_ORDER_H
#define TWINWALK_WAVE_ORDER_H

#include <stdint.h>

#include "bench_loop.h"
#include "wave_options.h"

/* What a copy of the run is to write. */
struct wave_order {
    uint64_t begin, focus, end; /* first cycle, failure or trigger, first cycle that is not written */
    enum bench_outcome outcome; /* at the focus; OUTCOME_DONE: the run went on */
    uint64_t accept;            /* acceptance of the access concerned; UINT64_MAX: it will be found */
};

/* That many cycles later; UINT64_MAX, never, when there is no such cycle. */
static inline uint64_t cycles_later(uint64_t cycle, uint64_t cycles)
{
    return cycle > UINT64_MAX - cycles ? UINT64_MAX : cycle + cycles;
}

/* What is wanted of a run that failed in the present cycle, or met the trigger. */
struct wave_order wave_order(const struct wave_options *options, const struct bench_loop *loop);

/* What it is that happened, in words. */
const char *wave_order_reason(const struct wave_order *order, const struct bench_loop *loop);

#endif
