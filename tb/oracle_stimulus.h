/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stimuli that put answers from elsewhere to the MMU and compare: the cases of
 * oracle_cases.h, and what a monitor said of the page tables of an image. See
 * docs/oracle.md.
 */
#ifndef TWINWALK_ORACLE_STIMULUS_H
#define TWINWALK_ORACLE_STIMULUS_H

#include "oracle_cases.h"
#include "oracle_monitor.h"
#include "stimulus.h"

/* What to replay of x86-walk-cases, and what became of it. */
struct oracle_replay {
    const char *path;
    unsigned step; /* each step-th case, from the first; >= 1 */
    /* Changes what is expected of a case, not what is done: true when it did. NULL: nothing is changed. */
    bool (*alter)(struct oracle_case *expected);

    /* set by the replay, valid once it is over */
    unsigned replayed, altered;
    unsigned failed; /* cases with an unexpected answer or memory word */
};

/*
 * For bench_options.open_stimulus, with a struct oracle_replay as its self.
 * For each case: the registers that differ from those of the case before, its
 * entries, INVPCID of everything, then its access; the same access again, which
 * must hit; then other accesses to the address on every port at once, which
 * only the judge can judge. Needs MAXPHYADDR 40 and 1 GiB pages.
 */
int oracle_replay_open(void *wanted, const struct stimulus_env *env, struct stimulus *out);

/* What QEMU's monitor said of an image, and what became of it. */
struct oracle_pages {
    const char *tlb;     /* output of "info tlb" */
    const char *gva2gpa; /* output of "gva2gpa", one line for each address */
    /* Changes what is expected of page `line` (from 0) of `tlb`: true when it did. NULL: nothing is changed.
     */
    bool (*alter)(size_t line, struct monitor_page *page);

    /* set by the stimulus, valid once it is over */
    size_t pages, addresses, unmapped; /* lines of `tlb`; of `gva2gpa`; those of them without translation */
    uint64_t dirtied;                  /* pages that must get their D bit set */
    size_t altered;
    size_t failed; /* lines with an unexpected answer */
};

/*
 * For bench_options.open_stimulus, with a struct oracle_pages as its self; the
 * image's registers must be known, and all its entries have A set. Every page
 * is read, written and fetched from, as user and as supervisor, many pages at
 * once on all ports, then the single addresses; at the end a CR3 write shows of
 * some pages whether they are global.
 */
int oracle_pages_open(void *wanted, const struct stimulus_env *env, struct stimulus *out);

#endif
