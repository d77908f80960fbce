/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of results: one JSON object per access and line, in the order of
 * the answers. It appears under its name when it is complete.
 */
#ifndef TWINWALK_BENCH_RESULTS_H
#define TWINWALK_BENCH_RESULTS_H

#include <stdbool.h>

#include "stimulus.h"

struct bench_results;

/* NULL after a message on stderr. */
struct bench_results *bench_results_open(const char *path);
void bench_results_write(struct bench_results *results, const struct access_result *result);

/* Renames the file to its name. -1 after a message on stderr when it could not be written whole. */
int bench_results_commit(struct bench_results *results);

/* Releases; removes what was not committed. */
void bench_results_close(struct bench_results *results);

#endif
