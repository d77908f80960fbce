/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about coverage: holes first. */
#ifndef TWINWALK_COVERAGE_REPORT_H
#define TWINWALK_COVERAGE_REPORT_H

#include <stdio.h>

#include "coverage_closing.h"
#include "coverage_data.h"

/* Points by what they are. */
struct coverage_counts {
    unsigned hit, holes, unreachable, not_here, contradictions;
};

/* Everything a report shows, worked out once. */
struct coverage_report {
    const struct coverage_data *data;
    uint8_t status[COVERAGE_POINTS]; /* enum coverage_status */
    const char *why[COVERAGE_POINTS];
    struct coverage_counts groups[COVERAGE_GROUPS], all;
    uint64_t cycles;
};

/* NULL: out of memory. `data` must outlive it. */
struct coverage_report *coverage_report_create(const struct coverage_data *data);

/* The classes of bugs of the catalogue, 0..; false behind the last. */
bool coverage_class(const struct coverage_report *report, unsigned index, const char **name,
                    struct coverage_counts *counts);
/* The next group or part of a group of a class, *at from 0; false behind the last. */
bool coverage_class_points(unsigned index, unsigned *at, struct coverage_rule *rule);

/* Of one configuration by itself: hit and holes. */
struct coverage_counts coverage_counts_of_config(const struct coverage_report *report, uint32_t config);

/* Hit points of those that can be, in percent. */
double coverage_percent(const struct coverage_counts *counts);

/* `most`: holes shown of each group. */
void coverage_report_text(const struct coverage_report *report, unsigned most, FILE *out);

/* One line "ok"/"not ok" for each group, and "N passed, N failed". */
void coverage_report_check(const struct coverage_report *report, FILE *out);

/* -1 after a message on stderr. */
int coverage_report_json(const struct coverage_report *report, const char *path);
/* One page that needs no other file. curves: NULL, or of closing with and without steering, empty when not
 * done. */
int coverage_report_html(const struct coverage_report *report, const struct closing_curve *curves,
                         const char *path);

#endif
