/* SPDX-License-Identifier: Apache-2.0 */
/* Functional coverage of a regression: a file of each run in logs/, one of all, and its page. */
#ifndef TWINWALK_REGRESS_COVERAGE_H
#define TWINWALK_REGRESS_COVERAGE_H

#include <stdbool.h>

#include "regress_result.h"

/* The file of a run, to be freed; NULL: out of memory. */
char *regress_coverage_path(const char *directory, const char *key);

/* Runs of the series have coverage: the RTL alone has none. */
bool regress_coverage_possible(const struct series *series);

/* A run that passed has its file; one without is to be done again. */
bool regress_coverage_kept(const char *directory, const struct run_result *result);

/* What all runs have covered. */
struct regress_coverage {
    double percent;
    unsigned holes, contradictions;
};

/*
 * Merges the files of all runs that passed into DIRECTORY/coverage.json and
 * writes coverage.html. -1 after a message on stderr.
 */
int regress_coverage_collect(const char *directory, const struct result_list *results,
                             struct regress_coverage *coverage);

#endif
