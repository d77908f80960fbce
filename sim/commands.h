/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of twinwalk. Each parses its own arguments (argv[0] is
 * "twinwalk NAME", for messages) and returns the program's exit code.
 */
#ifndef TWINWALK_COMMANDS_H
#define TWINWALK_COMMANDS_H

enum exit_code {
    EXIT_AGREED = 0,   /* all agreed */
    EXIT_MISMATCH = 1, /* a mismatch or a failed expectation */
    EXIT_USAGE = 2,    /* bad usage, configuration or input */
    EXIT_INTERNAL = 3, /* internal error */
};

int cmd_run(int argc, char **argv);
int cmd_walk(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_capture(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_coverage(int argc, char **argv);
int cmd_regress(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_task(int argc, char **argv);
int cmd_debug(int argc, char **argv);
int cmd_shrink(int argc, char **argv);
int cmd_mutate(int argc, char **argv);
int cmd_code_coverage(int argc, char **argv);
int cmd_sweep(int argc, char **argv);
int cmd_points(int argc, char **argv);
int cmd_wave(int argc, char **argv);
int cmd_area(int argc, char **argv);

#endif
