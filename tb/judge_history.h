/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that words of memory have had, and when: the part of the past
 * that a legal answer may still derive from.
 *
 * Time is told in moments: a count of the changes of memory and of the steps
 * of control operations (judge_state.h). A value stands from the moment `from`
 * up to, not including, `end`.
 */
#ifndef TWINWALK_JUDGE_HISTORY_H
#define TWINWALK_JUDGE_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#define MOMENT_NEVER UINT64_MAX

struct word_version {
    uint64_t value;
    uint64_t from, end;   /* end is MOMENT_NEVER for the value that stands now */
    uint64_t cycle : 63;  /* in which it was written; 0 with `from` 0: before the start */
    uint64_t by_walk : 1; /* written by an A/D update of the MMU */
};

struct word_history {
    uint64_t addr;
    struct word_version *versions; /* oldest first; the last one stands now */
    uint32_t count, capacity;
    uint64_t forgotten; /* values that ended before this moment may be missing */
};

/* What is still needed of the past. */
struct history_limits {
    uint64_t any;       /* no explanation reaches back beyond this moment, */
    uint64_t in_flight; /* and none through an entry without P and A beyond this one */
};

struct history;

/* NULL when memory is short. */
struct history *history_create(void);
void history_destroy(struct history *history);

/*
 * The word at addr changes at `moment`. What the limits allow to forget of
 * this word is forgotten. false: memory is short, the history is incomplete.
 */
bool history_record(struct history *history, uint64_t addr, uint64_t old_value, uint64_t new_value,
                    uint64_t moment, uint64_t cycle, struct history_limits limits);

/* The present value of the word at addr was written by the MMU. */
void history_mark_walk(struct history *history, uint64_t addr);

/* The values of a word; NULL: it has not changed since `limits.any`. */
const struct word_history *history_find(const struct history *history, uint64_t addr);

/* Forgets what the limits allow, when enough has come together. */
void history_sweep(struct history *history, struct history_limits limits);

#endif
