/* SPDX-License-Identifier: Apache-2.0 */
/* A sweep as its YAML file describes it. See docs/sweeps.md. */
#ifndef TWINWALK_SWEEP_FILE_H
#define TWINWALK_SWEEP_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "digest.h"
#include "input_stamps.h"
#include "sweep_metrics.h"

enum { SWEEP_MOST_POINTS = 100000 };

/* Words in the order of the file; each to be freed. */
struct word_list {
    char **words;
    size_t count;
};

/* In the sweep's file, from 1. */
struct sweep_place {
    size_t line, column;
};

/* Keys whose values change together: one dimension of the points. */
struct sweep_axis {
    struct word_list keys;    /* "section.key", or "config" */
    struct word_list *values; /* of each key, all of `count` */
    size_t count;
};

struct sweep_workload {
    char *name;
    char *trace; /* a file, or "synthetic:..."; NULL: random */
    char *image; /* NULL: none */
    struct word_list set;
    uint64_t cycles, accesses; /* bounds; 0: none */
    uint64_t seed;
    uint8_t digest[DIGEST_BYTES]; /* of all of it, with the files' contents, but for set */
};

/* Another program that knows something of a configuration, such as its area. */
struct sweep_external {
    char *name;
    char *command;          /* for a shell; {config} and {output} stand for files */
    struct word_list gives; /* names of what it gives: NAME.WORD are the metrics */
    bool hardware;          /* depends on the MMU's parameters alone */
};

struct sweep {
    const char *path;
    char *base; /* a configuration */
    struct word_list set;
    struct sweep_axis *axes;
    size_t axis_count;
    struct word_list constraints;
    struct sweep_place *constraint_places;
    struct sweep_workload *workloads;
    size_t workload_count;
    struct sweep_external *externals;
    size_t external_count;
    bool metrics[SWEEP_METRICS]; /* wanted */
    uint64_t seed;
    double verify;              /* share of the runs that is done again in lockstep */
    double limit_minutes;       /* after which a run is killed */
    struct input_stamps inputs; /* configurations, traces, images and this program */
};

/*
 * Reads a sweep and checks what can be checked without its points. `path` must
 * stay as long as the sweep. -1 after a message "file:line:column: reason" on
 * stderr, with nothing to free.
 */
int sweep_open(struct sweep *sweep, const char *path);
void sweep_close(struct sweep *sweep);

/* Number of points before constraints. */
uint64_t sweep_combinations(const struct sweep *sweep);

/* false: out of memory. */
bool word_list_add(struct word_list *list, const char *word);
void word_list_free(struct word_list *list);

#endif
