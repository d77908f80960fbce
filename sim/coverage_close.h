/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk coverage close: random runs, steered towards the holes. */
#ifndef TWINWALK_COVERAGE_CLOSE_H
#define TWINWALK_COVERAGE_CLOSE_H

/* The subcommand: its arguments, argv[0] for messages; returns the program's exit code. */
int coverage_close(int argc, char **argv);

#endif
