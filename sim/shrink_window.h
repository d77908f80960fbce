/* SPDX-License-Identifier: Apache-2.0 */
/* From what was recorded of a run to a case that does the same. */
#ifndef TWINWALK_SHRINK_WINDOW_H
#define TWINWALK_SHRINK_WINDOW_H

#include "record.h"
#include "shrink_case.h"

/*
 * Fills in the items of a case that does what the run did from event `start` of
 * the record on. It begins with the words of memory as they were then, as far as
 * walks need them, and with the registers. With start 0 of a record that is not
 * cut it is the run itself, to the cycle; else the TLBs are empty where
 * the run's were not. false: out of memory.
 */
bool shrink_window(struct shrink_case *c, const struct record *record, size_t start);

/* The event from which on the record has `count` accesses, operations, writes and errors; 0: it has no more.
 */
size_t shrink_window_start(const struct record *record, size_t count);

#endif
