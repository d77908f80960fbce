/* SPDX-License-Identifier: Apache-2.0 */
/* What a story knows; shared by the files story*.c only. */
#ifndef TWINWALK_STORY_STATE_H
#define TWINWALK_STORY_STATE_H

#include <uthash.h>

#include "story.h"

enum {
    RECENT = 4096,   /* events of any kind that are kept; a power of two */
    FINISHED = 8192, /* answered accesses that are kept; a power of two */
};

/* An event with its place among all events. */
struct told {
    uint64_t number;
    struct event event;
    bool place_known;        /* an array's entry is concerned, and its last fill was told */
    uint64_t filled, filler; /* cycle and access of that fill */
};

struct life {
    uint64_t index;
    struct told *events;
    size_t count, room;
    uint64_t leader; /* whose lookup or walk it has joined; NO_ACCESS: nobody's */
    uint64_t accepted, answered;
    bool is_answered;
    char *explanation; /* why the answer is legal, by the judge */
    UT_hash_handle hh;
};

/* When and for whom an entry of an array was filled. */
struct provenance {
    uint64_t place;
    uint64_t cycle, access;
    UT_hash_handle hh;
};

struct story {
    struct judge *judge;
    struct life *lives;
    struct provenance *provenances;
    uint64_t first_cycle; /* of the first event heard of */
    uint64_t count;
    struct told recent[RECENT];
    uint64_t finished_count;
    uint64_t finished[FINISHED]; /* indices in the order of their answers */
    uint64_t walk_access[256];   /* by walker */
    uint64_t illegal;
    char *verdict;
};

struct life *story_life(const struct story *story, uint64_t index);

/* Adds what changed around the access while it was under way, up to the present. */
void story_gather_context(const struct story *story, struct life *life);

#endif
