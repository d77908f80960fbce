/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries candidates: each is written as a script and run in a process of its own,
 * several at a time, and either fails as it should or does not.
 */
#ifndef TWINWALK_SHRINK_TRIALS_H
#define TWINWALK_SHRINK_TRIALS_H

#include "bench.h"
#include "bench_failure.h"
#include "shrink_case.h"

struct trials;

struct trials_options {
    const struct bench_options *run; /* the stimulus and what a case says apart */
    const struct bench_failure *wanted;
    unsigned jobs;
    double seconds; /* nothing new is tried after so long; 0: no bound */
    bool progress;  /* a line on stderr */
};

enum { TRIALS_NONE = -1, TRIALS_BROKEN = -2 };

/* NULL after a message on stderr. */
struct trials *trials_create(const struct trials_options *options);
void trials_destroy(struct trials *trials);

/*
 * Tries candidates 0..count-1 and returns the first that fails as wanted,
 * whatever the number of jobs; TRIALS_NONE when none does or the time is over,
 * TRIALS_BROKEN after a message. `make` fills in a candidate, an empty case
 * which it may leave empty when there is none; false: out of memory.
 */
long trials_first(struct trials *trials, size_t count,
                  bool (*make)(void *self, size_t index, struct shrink_case *candidate), void *self);

/* Whether the time is over or somebody asked the program to end. */
bool trials_ended(const struct trials *trials);
bool trials_interrupted(const struct trials *trials);

/* Runs made so far. */
size_t trials_count(const struct trials *trials);

/* For the progress line: what is being done, with how many statements. */
void trials_say(struct trials *trials, const char *what, size_t statements);

/* Ends the progress line. */
void trials_quiet(struct trials *trials);

#endif
