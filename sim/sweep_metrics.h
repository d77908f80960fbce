/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken from the statistics of a run: sweep_metrics.def as a table. */
#ifndef TWINWALK_SWEEP_METRICS_H
#define TWINWALK_SWEEP_METRICS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum {
#define METRIC(...) +1
    SWEEP_METRICS = 0
#include "sweep_metrics.def"
};

struct sweep_metric {
    const char *name, *unit, *description;
    int better;    /* -1: less is better; 1: more; 0: neither */
    bool measured; /* on the host: another time it may be another value */
};

const struct sweep_metric *sweep_metric(size_t index);

/* -1: there is none of that name. */
int sweep_metric_find(const char *name);

/* From the statistics as twinwalk run --json writes them, and the instructions of the workload; 0: not known.
 */
double sweep_metric_value(size_t index, const json_t *statistics, double instructions);

/* All of them, as a table in Markdown. */
void sweep_metrics_print(FILE *out);

#endif
