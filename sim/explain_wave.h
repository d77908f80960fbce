/* SPDX-License-Identifier: Apache-2.0 */
/* What twinwalk explain tells from a wave: what its scopes events, judge, marks and diff hold, in order. */
#ifndef TWINWALK_EXPLAIN_WAVE_H
#define TWINWALK_EXPLAIN_WAVE_H

#include "explain.h"

/* Returns the exit code, after a message where it is not 0 or 1. */
int explain_wave(const char *path, const struct explain_request *request, FILE *out);

#endif
