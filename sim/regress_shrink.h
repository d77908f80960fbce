/* SPDX-License-Identifier: Apache-2.0 */
/* A minimal script for one run of each group of failures, and the wave of it. */
#ifndef TWINWALK_REGRESS_SHRINK_H
#define TWINWALK_REGRESS_SHRINK_H

#include "regress_result.h"
#include "regress_run.h"

/*
 * Shrinks the example of each group that can be shrunk and is not yet, one after
 * the other, each for about `seconds`. What cannot be shrunk is left out: why is
 * in the group's log. With `waves` each script that needs the RTL also gets its
 * wave. -1: interrupted, or after a message.
 */
int regress_shrink(const struct regress_options *options, const struct result_list *results, unsigned seconds,
                   bool waves);

/* DIRECTORY/shrunk/KEY.tw of a run, to be freed; NULL: it was not shrunk, or no memory. */
char *regress_shrunk(const char *directory, const struct run_result *result);

/* The same of DIRECTORY/shrunk/KEY.fst, its wave. */
char *regress_wave(const char *directory, const struct run_result *result);

#endif
