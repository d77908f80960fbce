/* SPDX-License-Identifier: Apache-2.0 */
/* Back from an event's line of text, as a wave holds it, to whom and what it concerns. */
#ifndef TWINWALK_EVENT_PARSE_H
#define TWINWALK_EVENT_PARSE_H

#include "event.h"

/*
 * Reads what event_text() has written: access, va, array, tag, operation and
 * address in memory; of an answer also whether L1 gave it. Kinds that differ in
 * none of these become one of them: a lookup in L1 that does not hit L1_MISS, all
 * of the miss queue RESULT, steps of a walk but ENTRY_READ WALK_REQUEST. false:
 * not such a text.
 */
bool event_parse(const char *text, struct event *event);

#endif
