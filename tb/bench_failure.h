/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong in a run, in a form that runs can be grouped by: those that fail
 * for the same reason mostly have the same kind and signature.
 */
#ifndef TWINWALK_BENCH_FAILURE_H
#define TWINWALK_BENCH_FAILURE_H

#include <stdint.h>

#include "bench_loop.h"

struct bench_failure {
    const char *kind;    /* mismatch, illegal, protocol, hang, stuck, expectation or coverage */
    char signature[160]; /* one line without cycles, addresses and other numbers of one run */
    uint64_t cycle;      /* in which the run ended */
};

/*
 * The failure of a loop that has ended with an outcome other than OUTCOME_DONE.
 * `report` is the text of rtl_report() after a mismatch, else of no interest.
 */
void bench_failure_of_loop(struct bench_failure *failure, const struct bench_loop *loop, const char *report);

/* The failure of a run whose only fault are expectations of its stimulus. */
void bench_failure_of_stimulus(struct bench_failure *failure, const struct bench_loop *loop);

/* A point of functional coverage was hit that coverage.def says cannot be. */
void bench_failure_of_coverage(struct bench_failure *failure, const struct bench_loop *loop,
                               const char *point);

/*
 * The signature of a mismatch: the first signal of rtl_report() without its
 * index, set or way, and what the two sides have where that is a state or word
 * and no number.
 */
void bench_failure_signal(const char *report, char *signature, size_t size);

#endif
