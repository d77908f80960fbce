/* SPDX-License-Identifier: Apache-2.0 */
/* From holes to the settings of a random run that may fill them. */
#ifndef TWINWALK_COVERAGE_STEER_H
#define TWINWALK_COVERAGE_STEER_H

#include <stdbool.h>
#include <stddef.h>

/* Settings "section.key=value", no key twice. */
struct steering {
    char **settings;
    size_t count;
};

/* Adds what steers towards a point; keys that are there already stay as they are. false: out of memory. */
bool steering_add(struct steering *steering, unsigned point);
void steering_free(struct steering *steering);

/* The settings of a point as coverage_steer.def has them; NULL: it has none. */
const char *steering_of(unsigned point);

/* The rules, for checks: false behind the last. */
struct coverage_rule;
bool steering_rule(unsigned index, struct coverage_rule *rule);

#endif
