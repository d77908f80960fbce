/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines of the runs of a series, and the files that go with a run. */
#ifndef TWINWALK_REGRESS_COMMAND_H
#define TWINWALK_REGRESS_COMMAND_H

#include "regress_plan.h"

/*
 * The arguments of `program` for a run: the first `count` options of the series,
 * then `more`; both arrays have NULL at the end. Only the array is to be freed,
 * the strings are the caller's. NULL: out of memory.
 */
char **regress_arguments(const char *program, const struct series *series, size_t count,
                         const char *const *more);

/*
 * The line for a shell that repeats a run, with the environment's variables that
 * replace the RTL. To be freed; NULL: out of memory.
 */
char *regress_command(const char *program, const struct series *series, uint64_t seed);

/* The file DIRECTORY/logs/KEY.ENDING of a run, to be freed; NULL: out of memory. */
char *regress_log_path(const char *directory, const char *key, const char *ending);

#endif
