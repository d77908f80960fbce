/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that another process, perhaps on another machine, appends to a file. */
#ifndef TWINWALK_LINE_TAIL_H
#define TWINWALK_LINE_TAIL_H

/*
 * Gives the whole lines from *at on, without their ends, to `take`, and moves *at behind
 * them; a last line without end is left for later, a file that is not there is
 * empty. Stops and returns what `take` does when that is not 0.
 */
int line_tail_read(const char *path, long *at, int (*take)(void *self, char *line), void *self);

#endif
