/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twinwalk debug: a run under commands, from a terminal or a pipe. It looks at
 * everything and changes nothing: the run is that of twinwalk run, to the cycle.
 */
#ifndef TWINWALK_DEBUGGER_H
#define TWINWALK_DEBUGGER_H

#include <stdio.h>

#include "bench.h"

struct debugger_input {
    FILE *commands;   /* one a line */
    const char *name; /* of it, for messages */
    bool interactive; /* with a prompt; an error does not end it */
};

/*
 * The options say what to run; what they say of listeners, visitors and output
 * is replaced. Returns the exit code: of the run, as far as it went; 2 where a
 * command was wrong and the input is not a terminal.
 */
int debugger_run(const struct bench_options *options, const struct debugger_input *input);

#endif
