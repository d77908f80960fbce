/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What twinwalk explain prints. Runs are the same every time, so one is done
 * quickly to find the place, then again up to there with all events.
 */
#ifndef TWINWALK_EXPLAIN_H
#define TWINWALK_EXPLAIN_H

#include <stdint.h>
#include <stdio.h>

#include "bench.h"

enum explain_what {
    EXPLAIN_FAILURE, /* why the run fails */
    EXPLAIN_ACCESS,  /* number: its index */
    EXPLAIN_PAGE,    /* number: a linear address */
    EXPLAIN_CYCLE,   /* number: the cycle */
};

struct explain_request {
    enum explain_what what;
    uint64_t number;
    uint64_t history; /* cycles before, in which it is kept who filled what */
};

/*
 * The options say what to run; what they say of listeners, visitors and output
 * is replaced. Returns the exit code, after a message where it is not 0 or 1.
 */
int explain(const struct bench_options *options, const struct explain_request *request, FILE *out);

#endif
