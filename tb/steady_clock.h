/* SPDX-License-Identifier: Apache-2.0 */
/* Time that only goes forward, for durations. */
#ifndef TWINWALK_STEADY_CLOCK_H
#define TWINWALK_STEADY_CLOCK_H

#include <time.h>

static inline double steady_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

#endif
