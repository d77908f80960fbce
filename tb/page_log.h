/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to one page in a run: accesses that L1 does not answer, walks,
 * fills, evictions, changes of the entries that its walks read, and the
 * invalidations that concern it.
 */
#ifndef TWINWALK_PAGE_LOG_H
#define TWINWALK_PAGE_LOG_H

#include <stdio.h>

#include "event.h"

struct page_log;

/* Of the page at that linear address. NULL when memory is short. */
struct page_log *page_log_create(uint64_t va);
void page_log_destroy(struct page_log *log);

/* Hears of every event; an event_listener's function. */
void page_log_event(void *self, const struct event *event);

/*
 * For who keeps the events himself: in place of page_log_event(), of every event.
 * Which entries the page's walks read, and so which changes of memory concern it,
 * is known from the events before.
 */
bool page_log_concerns(struct page_log *log, const struct event *event);

/* Accesses to the page that L1 TLBs have answered. */
uint64_t page_log_from_l1(const struct page_log *log);

/* The last of it, oldest first, with a line that says how much is left out. */
void page_log_print(const struct page_log *log, FILE *out);

#endif
