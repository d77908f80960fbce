/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a case that fails as small and plain as it can be made. */
#ifndef TWINWALK_SHRINK_REDUCE_H
#define TWINWALK_SHRINK_REDUCE_H

#include "shrink_case.h"
#include "shrink_trials.h"

/*
 * Takes away and simplifies for as long as the case goes on failing and the
 * trials have time. The result depends on the case alone, not on the number
 * of jobs, unless the time ends. -1 after a message; *c is then as far as it came.
 */
int shrink_reduce(struct shrink_case *c, struct trials *trials);

#endif
