/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions on events, as --wave-on takes them; see docs/debugging.md.
 *
 *   expression   term { "|" term }
 *   term         factor { "&" factor }
 *   factor       "!" factor | "(" expression ")" | NAME | KEY "=" VALUE
 *
 * NAME is a kind of event (tb/event.def) or a group of kinds, KEY a property.
 */
#ifndef TWINWALK_WAVE_TRIGGER_H
#define TWINWALK_WAVE_TRIGGER_H

#include <stdbool.h>
#include <stdio.h>

#include "event.h"

struct wave_trigger;

/* NULL after one line in `error` that says the column, counted from 1. */
struct wave_trigger *wave_trigger_parse(const char *text, char *error, size_t size);
void wave_trigger_free(struct wave_trigger *trigger);

/* The event meets the condition. */
bool wave_trigger_matches(const struct wave_trigger *trigger, const struct event *event);

/* Kinds, groups and keys with their meaning, a line each. */
void wave_trigger_help(FILE *out);

#endif
