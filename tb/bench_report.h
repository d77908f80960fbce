/* SPDX-License-Identifier: Apache-2.0 */
/* What a run says at its end: statistics as text and JSON, and the summary. */
#ifndef TWINWALK_BENCH_REPORT_H
#define TWINWALK_BENCH_REPORT_H

#include <stdint.h>
#include <stdio.h>

#include "bench.h"
#include "bench_failure.h"
#include "bench_loop.h"
#include "memory.h"
#include "stats.h"

struct bench_report {
    enum engine engine;
    uint64_t cycles;
    uint64_t mismatches; /* 1 when RTL and model differ or the judge found an answer illegal */
    uint64_t failures;   /* expectations of the stimulus that failed */
    double seconds;      /* of the loop, by the wall clock */
    double user_seconds; /* of the loop, in user mode */
    double peak_memory_mib;
    bool judged;
    uint64_t judge_forgotten; /* see judge_forgotten() */
    const struct bench_counts *counts;
    const struct memory_stats *memory;
    const struct mmu_stats *model;       /* NULL: the engine has no model */
    const struct bench_failure *failure; /* NULL: nothing failed */
};

/* One statistic. Counts are whole numbers; `real` is used when it is a measured value. */
struct bench_stat {
    const char *name; /* "section.name" or "section.name.part" */
    const char *description;
    uint64_t count;
    double real;
    bool is_real;
};

/* Calls `each` for every statistic, in the order of the tables. */
void bench_report_each(const struct bench_report *report,
                       void (*each)(void *self, const struct bench_stat *stat), void *self);

/* One "name value # description" a line. -1 after a message on stderr. */
int bench_report_text(const struct bench_report *report, const char *path);

/* The same as nested JSON objects, and what failed as object "failure". -1 after a message on stderr. */
int bench_report_json(const struct bench_report *report, const char *path);

/* The summary for people. */
void bench_report_summary(const struct bench_report *report, FILE *out);

#endif
