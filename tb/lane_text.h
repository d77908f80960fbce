/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of events in the lanes of a wave, where there is little room: what the
 * lane's name says is left out, and whose event it is comes last.
 *
 *   walker 1, access 9, va 0x...: requests the PTE at ...      event_text()
 *   walker_1 = requests the PTE at ... (access 9, va 0x...)    in the wave
 */
#ifndef TWINWALK_LANE_TEXT_H
#define TWINWALK_LANE_TEXT_H

#include <stddef.h>

/* A text begins with it in the first cycle of a wave, where it was put before and still holds. */
#define LANE_TEXT_BEFORE "before: "

/* The lane's text of an event's. */
void lane_text(const char *event, char *text, size_t size);

/* Back, from the first length characters of the text in the lane of that name ("walker_1"). */
void lane_text_event(const char *lane, const char *text, size_t length, char *event, size_t size);

#endif
