/* SPDX-License-Identifier: Apache-2.0 */
/* Which times of a wave are marked, and what is looked at first. */
#ifndef TWINWALK_WAVE_MARKS_H
#define TWINWALK_WAVE_MARKS_H

#include <stdint.h>

#include "fst_file.h"

enum wave_mark {
    MARK_ACCEPT,       /* of the access concerned */
    MARK_INVALIDATION, /* the last operation or fault's drop before */
    MARK_DIFFERENCE,   /* the first */
    MARK_FAILURE,      /* or the event that the wave is about */
    MARK_ANSWER,       /* of the access asked for */
    MARK_CYCLE,        /* asked for */
    MARKS
};

/* What somebody asks for, UINT64_MAX: nothing. */
struct wave_request {
    uint64_t access, cycle;
};

struct wave_marks {
    uint64_t time[MARKS]; /* UINT64_MAX: not marked */
    const char *name[MARKS];
    uint64_t focus;       /* what to look at first, */
    uint64_t first, last; /* and what is to be seen around it */
};

/* -1 after a message: the wave has no such access or cycle. */
int wave_marks_read(struct wave_marks *marks, struct fst_file *wave, const struct wave_request *request);

#endif
