/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bench: puts a stimulus, the memory side and the judges around the RTL,
 * the model or both, and runs them cycle by cycle. See docs/lockstep.md.
 */
#ifndef TWINWALK_BENCH_H
#define TWINWALK_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "bench_failure.h"
#include "bench_loop.h"
#include "bench_params.h"
#include "event.h"
#include "params.h"
#include "record.h"
#include "stimulus.h"
#include "wave.h"

enum engine {
    ENGINE_LOCKSTEP, /* RTL and model, compared in every cycle; the RTL drives */
    ENGINE_MODEL,    /* the model alone; needs no RTL build */
    ENGINE_RTL,      /* the RTL alone */
};

struct bench_options {
    const struct mmu_params *params;  /* checked */
    const struct bench_params *bench; /* checked */
    enum engine engine;

    /* The stimulus: exactly one of the four. */
    const char *script;
    const char *trace;
    bool random;
    /* one of the caller's own: opened as the others are (stimulus.h), with open_self */
    int (*open_stimulus)(void *open_self, const struct stimulus_env *env, struct stimulus *out);
    void *open_self;

    const char *image;   /* NULL: none */
    uint64_t seed;       /* of the random stimulus and of the memory's delays */
    uint64_t cycles;     /* nothing new is offered from this cycle on; 0 or UINT64_MAX: no bound */
    uint64_t accesses;   /* no more accesses than that; 0 or UINT64_MAX: no bound */
    const char *stats;   /* file for the statistics as text; NULL: none */
    const char *json;    /* the same as JSON */
    const char *results; /* one JSON line per access */
    bool progress;       /* a line on stderr that tells how far the run is */
    bool quiet;          /* no summary on stdout */
    bool told_before;    /* nothing is said of failed expectations */
    bool judge;          /* the architectural judge checks every answer */
    const struct wave_options *wave; /* NULL: none */
    const char *coverage; /* file for functional coverage; NULL: none, and always with ENGINE_RTL */
    const char *coverage_command, *config_name; /* with it: the line that repeats the run, the machine */
    struct event_listener listener;             /* hears of every event; .event NULL: nobody does. Of those of
                                                 the model too: from the beginning, or when a visitor asks for them */
    struct bench_visitor visitor;               /* .visit NULL: nobody visits */
    const char *reproduce;         /* command line that repeats the run; printed with a failure */
    struct record *record;         /* of what goes into the MMU; NULL: none */
    struct bench_failure *failure; /* gets what failed, kind NULL: nothing did; NULL: of no interest */
};

/*
 * No stimulus, the parameters as given, the judge on in lockstep and off
 * otherwise.
 */
struct bench_options bench_defaults(const struct mmu_params *params, const struct bench_params *bench,
                                    enum engine engine);

/*
 * One run from reset. Every access is answered or the run fails.
 *
 * Returns the exit code of the process: 0 all agreed; 1 a difference, an
 * illegal answer, a hang or a failed expectation; 2 bad input; 3 internal
 * error. Whatever is not 0 has been explained on stderr.
 */
int bench_run(const struct bench_options *options);

/* Time of this process in user mode; other processes weigh less on it than on the wall clock's. */
double bench_user_seconds(void);

#endif
