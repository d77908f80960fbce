/* SPDX-License-Identifier: Apache-2.0 */
/* What a regression leaves for people and for CI systems. */
#ifndef TWINWALK_REGRESS_REPORT_H
#define TWINWALK_REGRESS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "regress_coverage.h"
#include "regress_plan.h"
#include "regress_result.h"

struct regress_report {
    const char *plan_path;
    const char *directory;
    const struct result_list *results;
    bool interrupted;
    double seconds; /* wall-clock time of this session */
    unsigned jobs;
    const struct regress_coverage *coverage; /* in coverage.html of the directory; NULL: none */
};

/* Sums over results. */
struct regress_totals {
    size_t runs, failed, retried, earlier;
    uint64_t cycles, accesses;
    double seconds; /* of all runs, one after the other */
};

/* Of all results; entry and config: only of those with these names, NULL: of all. */
struct regress_totals regress_totals(const struct result_list *results, const char *entry,
                                     const char *config);

/* The summary for people: totals, and each group of failures with a line that repeats one of it. */
void regress_report_text(const struct regress_report *report, FILE *out);

/* A test suite for each entry, a test case for each run. -1 after a message on stderr. */
int regress_report_junit(const struct regress_report *report, const char *path);

/* One page that needs no other file. -1 after a message on stderr. */
int regress_report_html(const struct regress_report *report, const char *path);

/* Text in XML and HTML: markup is escaped, what XML cannot have becomes '?'. */
void print_escaped(FILE *out, const char *text);

/* A count with commas; buffer of 32 bytes. */
const char *count_text(uint64_t count, char *buffer);

/* A duration such as "1h 02m" or "4.2 s"; buffer of 32 bytes. */
const char *duration_text(double seconds, char *buffer);

#endif
