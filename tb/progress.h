/* SPDX-License-Identifier: Apache-2.0 */
/* The line on a terminal that says how far something is; each begins with a carriage return. */
#ifndef TWINWALK_PROGRESS_H
#define TWINWALK_PROGRESS_H

#include <stdio.h>

/* Takes it away: it is no wider than a terminal. */
static inline void progress_clear(void)
{
    fprintf(stderr, "\r%79s\r", "");
}

#endif
