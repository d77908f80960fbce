/* SPDX-License-Identifier: Apache-2.0 */
/* The script that a shrunk run is left as. */
#ifndef TWINWALK_SHRINK_WRITE_H
#define TWINWALK_SHRINK_WRITE_H

#include "bench_failure.h"
#include "cmd_run.h"
#include "shrink_case.h"

struct shrink_result {
    const struct run_options *options; /* of the run that was shrunk */
    const struct bench_params *bench;  /* of its configuration */
    const struct bench_failure *failure;
    const char *variables; /* "NAME=VALUE " that stand before a command of this environment, or "" */
    const char *path;      /* of the script */
    bool complete;         /* false: the time was over before all was tried */
};

/*
 * Writes the script with comments to result->path, once it has been run by the
 * command that the comments name and has failed as it should. Returns the number
 * of its statements, 0 after a message on stderr. *command is that command, to be
 * freed.
 */
size_t shrink_write(const struct shrink_result *result, const struct shrink_case *c, char **command);

#endif
