/* SPDX-License-Identifier: Apache-2.0 */
/* The points of a sweep: all combinations of its axes that its constraints allow. */
#ifndef TWINWALK_SWEEP_POINTS_H
#define TWINWALK_SWEEP_POINTS_H

#include "sweep_file.h"

struct sweep_point {
    const char *config;             /* the base, or what an axis names */
    size_t *choices;                /* index of the value on each axis */
    uint8_t values[DIGEST_BYTES];   /* digest of the configuration */
    uint8_t hardware[DIGEST_BYTES]; /* of the MMU's parameters alone */
    char *error;                    /* why there is no such configuration; NULL: there is */
};

struct sweep_points {
    struct sweep_point *points;
    size_t count;
    uint64_t left_out; /* by constraints */
};

/* In the order of the axes, the last changing fastest. -1 after a message. */
int sweep_points_make(struct sweep_points *points, const struct sweep *sweep);
void sweep_points_free(struct sweep_points *points);

/* The value of a key of an axis at a point. */
const char *sweep_point_value(const struct sweep *sweep, const struct sweep_point *point, size_t axis,
                              size_t key);

/*
 * The settings of a point for a workload, NULL: none, in the order in which
 * they count: the sweep's, the workload's, the axes'. false: out of memory.
 */
bool sweep_point_settings(const struct sweep *sweep, const struct sweep_point *point,
                          const struct sweep_workload *workload, struct word_list *settings);

/*
 * Opens the configuration of a point for a workload. What it says on stderr goes to
 * *error, to be freed, when it fails. `rules`: those between values are checked.
 */
int sweep_point_config(struct config *config, const struct sweep *sweep, const struct sweep_point *point,
                       const struct sweep_workload *workload, bool rules, char **error);

/* Of all values, and of the MMU's parameters alone. */
void sweep_config_digests(const struct config *config, uint8_t values[DIGEST_BYTES],
                          uint8_t hardware[DIGEST_BYTES]);

#endif
