/* SPDX-License-Identifier: Apache-2.0 */
/* What is wanted of a wave. */
#ifndef TWINWALK_WAVE_OPTIONS_H
#define TWINWALK_WAVE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WAVE_MAX_SCOPES = 32 };

/* What a wave's marks.reason says where it was written for --wave-on, in a run that need not fail. */
#define WAVE_REASON_EVENT "an event meets the condition"

struct wave_options {
    const char *path;    /* of the wave; VCD when it ends in .vcd, else FST */
    bool on_failure;     /* only around the first failure */
    const char *trigger; /* only around the first event that meets it (wave_trigger.h); NULL: none */
    uint64_t from, to;   /* first cycle, and the first one that is not written; UINT64_MAX: no bound */
    uint64_t before;     /* cycles written before failure or trigger */
    uint64_t after;      /* and after a failure, or trigger */
    uint64_t every;      /* cycles between two snapshots */
    const char *scopes;  /* separated by commas, such as "cmodel,rtl.u_l2"; NULL: all */
};

struct wave_options wave_defaults(const char *path);

/* Checks trigger and scopes. -1 after one line in `error`. */
int wave_options_check(const struct wave_options *options, char *error, size_t size);

/*
 * Takes a list of scopes apart at its commas, with NULL behind the last. The
 * number of them, or -1 after a line in `error`.
 */
int wave_scopes_split(char *text, const char **scopes, char *error, size_t size);

/* Warns of scopes of which the FST file has nothing: what is in a block only the build knows. */
void wave_scopes_warn(const char *const *scopes, const char *fst);

bool wave_path_is_vcd(const char *path);

#endif
