/* SPDX-License-Identifier: Apache-2.0 */
/* A regression plan: a YAML file turned into series of runs. See docs/regression.md. */
#ifndef TWINWALK_REGRESS_PLAN_H
#define TWINWALK_REGRESS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs of one configuration and stimulus that differ in their seed alone. */
struct series {
    char *entry;    /* name of the plan's entry */
    char *config;   /* as the plan names it */
    char *stimulus; /* "random" or the file */
    char **options; /* of twinwalk run, but for the seed */
    size_t options_count;
    size_t config_options; /* how many of them, from the first, choose the configuration */
    uint64_t first_seed, last_seed;
    uint64_t cycles; /* bound of each run; 0: none */
    double minutes;  /* of all runs together, by the wall clock, for as many seeds as it takes; 0: no bound */
    double limit_minutes; /* wall-clock time after which a run counts as hung */
    unsigned rtl;         /* number of its RTL build among the plan's */
    bool needs_rtl;
    uint8_t digest[16]; /* of the configuration's values and the stimulus' and image's files */
};

struct plan {
    struct series *series;
    size_t series_count;
    unsigned rtl_count; /* RTL builds that differ */
};

/*
 * Reads a plan and checks all that it names. -1 after a message
 * "file:line:column: reason" on stderr, with nothing to free.
 */
int plan_open(struct plan *plan, const char *path);
void plan_close(struct plan *plan);

#endif
