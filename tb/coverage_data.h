/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs have covered: of one run or of many, merged. The outcome of a merge
 * does not depend on the order of the runs, nor on what was merged before.
 */
#ifndef TWINWALK_COVERAGE_DATA_H
#define TWINWALK_COVERAGE_DATA_H

#include "coverage.h"

/* A machine that was covered. */
struct coverage_config {
    char *name;
    struct mmu_params params;
};

struct coverage_run {
    char *command; /* line that repeats it */
    uint32_t config;
    uint64_t cycles;
};

struct coverage_total {
    uint64_t hits;    /* 0: a hole, and the rest means nothing */
    uint64_t configs; /* bit per configuration that hit it */
    uint64_t first;   /* of all runs the earliest cycle of a first hit */
    uint32_t run;     /* in which that was; of several the first by command */
};

enum { COVERAGE_MAX_CONFIGS = 62 };

struct coverage_data {
    struct coverage_config *configs; /* sorted by name */
    struct coverage_run *runs;       /* sorted by command */
    uint32_t config_count, run_count;
    struct coverage_total points[COVERAGE_POINTS];
};

/* NULL: out of memory. */
struct coverage_data *coverage_data_create(void);
void coverage_data_destroy(struct coverage_data *data);

/* The coverage of one run, as data. NULL: out of memory. */
struct coverage_data *coverage_data_of_run(const char *config_name, const struct mmu_params *params,
                                           const char *command, uint64_t cycles,
                                           const struct coverage_hits *hits);

/*
 * Adds `other` to `data`. NULL; or why not, with `data` as it was: a run is in
 * both, one name stands for two machines, too many machines, no memory.
 */
const char *coverage_data_merge(struct coverage_data *data, const struct coverage_data *other);

/* Reads a file. NULL after a message "file: reason" or "file:line:column: reason" on stderr. */
struct coverage_data *coverage_data_read(const char *path);

/* Writes a file, which appears only when complete. -1 after a message on stderr. */
int coverage_data_write(const struct coverage_data *data, const char *path);

/* What a point is over all configurations of some data. */
enum coverage_status {
    COVERAGE_HIT,
    COVERAGE_HOLE,
    COVERAGE_UNREACHABLE,  /* by a rule of the table */
    COVERAGE_NOT_HERE,     /* none of the configurations has what it needs */
    COVERAGE_CONTRADICTION /* hit, though a rule of the table says that it cannot be */
};

/* *why: of what is not a plain hit or hole, the reason. */
enum coverage_status coverage_status(const struct coverage_data *data, unsigned point, const char **why);

/*
 * Writes to stderr what contradicts the table, if anything; the number of such
 * points. `first` gets the name of the first, "group/point".
 */
unsigned coverage_contradictions(const struct coverage_data *data, char *first, size_t size);

#endif
