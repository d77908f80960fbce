/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a walk that explains what the MMU did: a chain of entries,
 * root first, each read at a moment at which it stood, none before the one
 * above it, and none that a completed invalidation forbids. See docs/judge.md.
 */
#ifndef TWINWALK_JUDGE_SEARCH_H
#define TWINWALK_JUDGE_SEARCH_H

#include "judge_state.h"

enum search_aim {
    SEARCH_ANSWER, /* a translation that gives the response */
    SEARCH_FAULT,  /* a page fault that gives the response */
    SEARCH_WORD,   /* a walk under way that reads, or updates, a word */
};

/* Rules left aside, to find out which one was broken. */
enum {
    SEARCH_ANY_TIME = 1,   /* moments do not matter: entries that stood at any time */
    SEARCH_ANY_AD = 2,     /* A and D bits do not matter */
    SEARCH_ANY_RIGHTS = 4, /* permissions do not matter */
    SEARCH_ANY_SPACE = 8,  /* PCIDs do not matter */
    SEARCH_ANY_UPPER = 16, /* only the leaf's moment matters */
};

struct search_step {
    uint64_t addr;
    struct word_version version;
};

struct search {
    /* what is asked */
    const struct judge *judge;
    const struct judge_access *access;
    enum search_aim aim;
    unsigned relaxed;                /* SEARCH_ANY_* */
    const struct response *response; /* SEARCH_ANSWER and SEARCH_FAULT */
    uint64_t word;                   /* SEARCH_WORD */
    const struct mem_req *exchange;  /* SEARCH_WORD: the A/D update; NULL: a read */

    /* what is found */
    struct search_step steps[RULES_MAX_LEVELS]; /* root first */
    unsigned count;
    uint64_t root;
    uint16_t pcid;
    uint64_t moment; /* at which the first step was read */
    struct rules_outcome outcome;
    bool forgotten; /* not found, but the history is no longer complete enough to tell */

    /* private */
    uint64_t lowest, now;
};

/* true: a walk was found. */
bool search_walk(struct search *search);

/* The walk of memory as it stands, from the present root. */
struct search_present {
    enum rules_kind kind; /* of the last entry */
    unsigned count;
    struct search_step steps[RULES_MAX_LEVELS]; /* root first */
    struct rules_outcome outcome;               /* of RULES_PAGE */
    struct rules_rights rights;
};
void search_present(const struct judge *judge, uint64_t va, struct search_present *present);

/* Whether a translation is what the response says, of an access to va. */
bool search_same_translation(const struct rules_outcome *outcome, uint64_t va,
                             const struct response *response);

#endif
