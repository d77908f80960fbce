/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of a wave: the rows that a viewer shows, from a file of waves/ and the
 * signals that there are. A line of such a file is one of
 *
 *   title TEXT              what the view answers
 *   group NAME / closed NAME / end
 *   show PATTERN [RADIX]    signals by their path; * stands for anything
 *   twin PATTERN [RADIX]    the same signal of RTL and C model, by its path below them
 *   state PATTERN [RADIX]   the same of the two below the scope `states`
 *   differences             what differs, in the order in which it began to
 *   blocks                  every compared register, a closed group for each block
 *
 * With a ? behind show, twin or state there may be no such signal. RADIX: hex, dec or bin; without one, as
 * tb/signals.def says.
 *
 * A wave of some scopes only shows the lines that it has signals for; a line is wrong if there is nothing for
 * any, or not its signal in a scope that is there.
 */
#ifndef TWINWALK_WAVE_VIEW_H
#define TWINWALK_WAVE_VIEW_H

#include <stddef.h>

#include "fst_file.h"

enum wave_row_kind { ROW_SIGNAL, ROW_COMMENT, ROW_GROUP, ROW_CLOSED_GROUP, ROW_END };
/* RADIX_OWN: the one that the signal's values read best in. */
enum wave_radix { RADIX_OWN, RADIX_HEX, RADIX_DEC, RADIX_BIN };
enum wave_side { SIDE_NONE, SIDE_RTL, SIDE_MODEL, SIDE_DIFFERENCE };

struct wave_row {
    enum wave_row_kind kind;
    char *label;
    const struct fst_signal *signal; /* ROW_SIGNAL */
    uint32_t table;                  /* of names for its values, 0: none */
    enum wave_radix radix;
    enum wave_side side;
};

struct wave_view {
    char *title;
    struct wave_row *rows;
    size_t count;
};

/* Reads a view for the signals of a wave. -1 after a message "file:line: ..." on stderr, and nothing to free.
 */
int wave_view_read(struct wave_view *view, const char *path, struct fst_file *wave);
void wave_view_free(struct wave_view *view);

#endif
