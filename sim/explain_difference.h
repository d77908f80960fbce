/* SPDX-License-Identifier: Apache-2.0 */
/* From a wave: where RTL and C model begin to differ, with the values of both, as when a run is explained. */
#ifndef TWINWALK_EXPLAIN_DIFFERENCE_H
#define TWINWALK_EXPLAIN_DIFFERENCE_H

#include "difference_path.h"
#include "fst_file.h"

/*
 * Adds to the path what the scope diff shows up to the cycle in which an output
 * differs, with the values of the scopes TOP.mmu and cmodel. -1: memory is short.
 */
int explain_difference_read(struct difference_path *path, struct fst_file *file);

#endif
