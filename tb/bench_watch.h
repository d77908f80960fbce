/* SPDX-License-Identifier: Apache-2.0 */
/* The watch over liveness: nothing may wait longer than any walk can take (bench_loop's hang_limit). */
#ifndef TWINWALK_BENCH_WATCH_H
#define TWINWALK_BENCH_WATCH_H

#include "bench_loop.h"

struct bench_watch {
    uint64_t accepted; /* accesses accepted and operations completed when it looked last */
    uint64_t since;    /* the cycle from which on that has been so while something was on offer */
};

/* Looks, now and then; ends the run as a hang when something has waited too long. */
void bench_watch_look(struct bench_watch *watch, struct bench_loop *loop);

/* Ends the run if an access or operation has waited for its end longer than `limit` cycles; says whether. */
bool bench_watch_waiting(struct bench_loop *loop, uint64_t limit);

/* The cycle in which what has waited longest was accepted; the present one when nothing waits. */
uint64_t bench_watch_oldest(const struct bench_loop *loop);

/* Ends the run because nothing on offer is accepted. */
void bench_watch_refused(struct bench_loop *loop, uint64_t since);

#endif
