/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of single accesses, gathered from the events of a run: what became
 * of each from its acceptance to its answer, with the walk that it joined, who
 * filled the entries that it met, and what changed around it meanwhile.
 */
#ifndef TWINWALK_STORY_H
#define TWINWALK_STORY_H

#include <stdio.h>

#include "event.h"
#include "judge.h"

struct story;

/* NULL when memory is short. */
struct story *story_create(void);
void story_destroy(struct story *story);

/* Hears of every event; an event_listener's function. */
void story_event(void *self, const struct event *event);

/* Whose opinion of answers is to be kept, from now on; NULL: nobody's. Must live as long as events come. */
void story_set_judge(struct story *story, struct judge *judge);

/* The access with that index is known: under way, or one of the last some thousand answered. */
bool story_knows(const struct story *story, uint64_t access);
bool story_answered(const struct story *story, uint64_t access);

/* The access whose answer, or whose walk's update of memory, the judge found illegal; NO_ACCESS: none. */
uint64_t story_illegal(const struct story *story);

/* The unanswered access that was accepted first; NO_ACCESS: none. */
uint64_t story_oldest(const struct story *story);

/* Whose fill wrote the entry that this access's last lookup or walk met; NO_ACCESS: none is known. */
uint64_t story_filler(const struct story *story, uint64_t access);

/* Prints the life of an access that is known. */
void story_print(const struct story *story, uint64_t access, FILE *out);

/* Its first line alone. */
void story_print_heading(const struct story *story, uint64_t access, FILE *out);

/* When, and for which access (NO_ACCESS: unknown), an entry of an array was filled last; false: not known. */
bool story_filled(const struct story *story, unsigned array, uint32_t set, uint32_t way, uint64_t *cycle,
                  uint64_t *access);

/* Prints all events of the cycles from `first` to `last`, as far back as they are kept (the last 4,096). */
void story_print_cycles(const struct story *story, uint64_t first, uint64_t last, FILE *out);

/*
 * The accesses that had to do with what happened in that cycle in blocks that
 * these debug flags show: whose lookups, walks and fills it were, and who had
 * filled what was dropped. At most `max` of them, returns how many.
 */
unsigned story_accesses(const struct story *story, uint64_t cycle, unsigned flags, uint64_t *accesses,
                        unsigned max);

/* The unanswered accesses, oldest first; at most `max` of them, returns how many. */
unsigned story_under_way(const struct story *story, uint64_t *accesses, unsigned max);

#endif
