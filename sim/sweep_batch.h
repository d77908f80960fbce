/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches: runs of a sweep with one workload, done one after the other by a
 * process of `twinwalk points`, which decodes the trace once. A batch has three
 * files, PATH being given to it:
 *
 *   PATH.json  the order: {"workload": {"trace", "random", "image", "seed",
 *              "cycles", "accesses"}, "limit": SECONDS,
 *              "runs": [{"run", "config", "set"}]}
 *              a run has its evaluation's key for a name
 *   PATH.out   what became of them, a JSON object a line, as it comes:
 *              {"begin": RUN} and {"run": RUN, "status", "seconds",
 *              "cpu_seconds", "memory_kib", "message", "instructions",
 *              "statistics"}; status as of waitpid
 *   PATH.err   messages of the run underway
 *
 * A process whose order is gone is to end.
 */
#ifndef TWINWALK_SWEEP_BATCH_H
#define TWINWALK_SWEEP_BATCH_H

#include <jansson.h>

#include "sweep_points.h"

/* The order for these runs, which it takes over. -1 after a message. */
int sweep_batch_write(const char *path, const struct sweep *sweep, const struct sweep_workload *workload,
                      json_t *runs);

/* An element of its "runs", to be given to that. NULL: out of memory, or a text that is not UTF-8. */
json_t *sweep_batch_run(const char *key, const struct sweep *sweep, const struct sweep_point *point,
                        const struct sweep_workload *workload);

#endif
