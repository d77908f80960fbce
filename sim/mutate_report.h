/* SPDX-License-Identifier: Apache-2.0 */
/* What a campaign of mutants leaves for people and programs. */
#ifndef TWINWALK_MUTATE_REPORT_H
#define TWINWALK_MUTATE_REPORT_H

#include <stdio.h>

#include "mutate_known.h"
#include "mutate_run.h"

struct mutate_report {
    const struct mutant_list *list;
    const struct known *known;
    const struct mutant *const *mutants;
    const struct mutant_outcome *outcomes[HALVES]; /* of each mutant; NULL: that half was not run */
    size_t count;
    const char *plan, *directory;
    const char *catalogue; /* a text about bugs put in by hand, for the page; NULL: none */
    bool interrupted;
};

/* Where a mutant stands in one half. */
enum standing {
    STANDING_INVALID, /* does not build: does not count */
    STANDING_CAUGHT,
    STANDING_EXCUSED, /* not caught, and shown equivalent (lockstep) or legal (judge) */
    STANDING_SURVIVOR,
    STANDING_WRONG, /* lockstep: caught, and yet said to be equivalent */
    STANDING_OPEN,  /* not run to the end */
    STANDINGS
};

enum standing mutate_standing(const struct mutate_report *report, enum half half, size_t index);

struct mutate_totals {
    size_t count[STANDINGS];
};

/* Of all mutants; mutation MUTATIONS and source -1: of every class, of every file. */
struct mutate_totals mutate_totals(const struct mutate_report *report, enum half half, enum mutation mutation,
                                   int source);

/* Caught of those that are neither invalid nor excused, in percent; 100 where there are none. */
double mutate_score(const struct mutate_totals *totals);

void mutate_report_text(const struct mutate_report *report, FILE *out);

/* -1 after a message on stderr. */
int mutate_report_json(const struct mutate_report *report, const char *path);
int mutate_report_html(const struct mutate_report *report, const char *path);

#endif
