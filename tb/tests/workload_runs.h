/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the C model over a trace, and the statistics of a run by name. After cmocka.h. */
#ifndef TWINWALK_WORKLOAD_RUNS_H
#define TWINWALK_WORKLOAD_RUNS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { STATISTIC_BYTES = 1 << 15 };

struct statistics {
    char text[STATISTIC_BYTES];
};

/* A configuration as the defaults have it. */
struct workload {
    struct mmu_params params;
    struct bench_params bench;
};

static inline struct workload workload_default(void)
{
    struct workload workload;
    mmu_params_default(&workload.params);
    bench_params_default(&workload.bench);
    return workload;
}

static inline void workload_run(const struct workload *workload, const char *trace, uint64_t accesses,
                                const char *stats_path, struct statistics *statistics)
{
    struct bench_options options = bench_defaults(&workload->params, &workload->bench, ENGINE_MODEL);
    const char *key;
    assert_null(mmu_params_check(&workload->params, &key));
    assert_null(bench_params_check(&workload->bench, &key));
    options.trace = trace;
    options.accesses = accesses;
    options.seed = 1;
    options.quiet = true;
    options.stats = stats_path;
    assert_int_equal(bench_run(&options), 0);
    FILE *file = fopen(stats_path, "r");
    assert_non_null(file);
    size_t length = fread(statistics->text, 1, STATISTIC_BYTES - 1, file);
    fclose(file);
    assert_true(length < STATISTIC_BYTES - 1);
    statistics->text[length] = '\0';
}

/* The statistic of this whole name. */
static inline uint64_t statistic(const struct statistics *statistics, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = statistics->text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, length) == 0 && at[length] == ' ')
            return strtoull(at + length, NULL, 10);
    }
    fail_msg("there is no statistic %s", name);
    return 0;
}

#endif
