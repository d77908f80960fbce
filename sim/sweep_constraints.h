/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that a point must meet, as SQL expressions over the keys of its
 * configuration: "l1d.sets_4k * l1d.ways_4k <= 128 and config <> 'tiny'".
 * SQLite evaluates them; the sections are its tables.
 */
#ifndef TWINWALK_SWEEP_CONSTRAINTS_H
#define TWINWALK_SWEEP_CONSTRAINTS_H

#include "config.h"
#include "sweep_file.h"

struct sweep_constraints;

/*
 * NULL: one is no such expression; then *reason says why and *place in which
 * of its characters, from 0.
 */
struct sweep_constraints *sweep_constraints_create(const struct word_list *expressions, char *reason,
                                                   size_t size, size_t *place);
void sweep_constraints_destroy(struct sweep_constraints *constraints);

/*
 * Whether all hold; `name` is the configuration's. -1: one cannot be evaluated,
 * *which, and *reason says why until the next call.
 */
int sweep_constraints_hold(struct sweep_constraints *constraints, const struct config *config,
                           const char *name, size_t *which, const char **reason);

#endif
