/* SPDX-License-Identifier: Apache-2.0 */
/* Back from an event's line of text, as a wave holds it, to whom and what it concerns. */
#ifndef TWINWALK_EVENT_PARSE_H
#define TWINWALK_EVENT_PARSE_H

#include "event.h"

/*
 * Reads what event_text() has written: access, va, the place of an entry and its
 * tag, operation and address in memory; of an answer also whether L1 gave it.
 * Kinds that do not differ in what they concern become one of them: L1_MISS and
 * L1_DENIED stand for all lookups in L1 without and with an entry but L1_HIT,
 * L2_DENIED for those in L2, RESULT for all else of the miss queue, WALK_REQUEST
 * for all of a walk but WALK_START and ENTRY_READ. false: not such a text.
 */
bool event_parse(const char *text, struct event *event);

#endif
