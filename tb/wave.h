/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cycles of a run go into a wave, and how they get there: see
 * docs/debugging.md.
 *
 * By hand, the RTL changes over to its build for waves at the first cycle
 * wanted and back after the last. After a failure or a trigger the cycles
 * wanted are over: a snapshot of the run as it was before plays them again.
 */
#ifndef TWINWALK_WAVE_H
#define TWINWALK_WAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"
#include "wave_options.h"

struct bench_loop;
struct wave;

/*
 * For a loop whose watchers are all there. `comment` is kept in the file. NULL
 * after a message on stderr.
 */
struct wave *wave_create(const struct wave_options *options, struct bench_loop *loop,
                         const struct mmu_params *params, const char *comment);
void wave_destroy(struct wave *wave);

/*
 * For the loop: from cycle loop->attention on, in every cycle, when its inputs
 * are known and nothing has been clocked. May change the build of the RTL.
 */
void wave_attend(struct wave *wave, const struct mmu_in *in);

/*
 * For the loop, when something is wrong in the present cycle. true: go on, in a
 * process of its own that writes what happens after it and never returns from
 * the loop.
 */
bool wave_lingers(struct wave *wave);

/* For the loop, at its end: such a process ends here. */
void wave_loop_ended(struct wave *wave);

/*
 * When the loop has ended and its failure, if any, has been told: completes
 * what is to be written. Says on stderr where the wave is; -1: there is none.
 */
int wave_end(struct wave *wave);

#endif
