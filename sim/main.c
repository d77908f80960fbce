/* SPDX-License-Identifier: Apache-2.0 */
/* The twinwalk command: finds the subcommand and answers for the output. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"

struct command {
    const char *name;
    char *title; /* argv[0] of the subcommand */
    const char *help;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"run", "twinwalk run", "run the RTL and the C model over a script, a trace or a random load", cmd_run},
    {"explain", "twinwalk explain", "tell what happened to an access, or why a run fails", cmd_explain},
    {"debug", "twinwalk debug", "go through a run step by step, by commands", cmd_debug},
    {"walk", "twinwalk walk", "print the page walk of addresses in a memory image", cmd_walk},
    {"config", "twinwalk config", "print a configuration with units and origins", cmd_config},
    {"capture", "twinwalk capture", "run a program and write a trace of its memory accesses", cmd_capture},
    {"report", "twinwalk report", "make a page and charts of what a sweep found", cmd_report},
    {"trace", "twinwalk trace", "convert or describe a trace of memory accesses", cmd_trace},
    {"code-coverage", "twinwalk code-coverage", "report which lines of RTL and C model ran",
     cmd_code_coverage},
    {"wave", "twinwalk wave", "show a wave in GTKWave, ready to read", cmd_wave},
    {"shrink", "twinwalk shrink", "turn a run that fails into a small script that fails likewise",
     cmd_shrink},
    {"coverage", "twinwalk coverage", "merge, report and close functional coverage", cmd_coverage},
    {"regress", "twinwalk regress", "do all runs of a plan, and report them", cmd_regress},
    {"mutate", "twinwalk mutate", "put bugs into the RTL and see which runs catch them", cmd_mutate},
    {"sweep", "twinwalk sweep", "run the model at all points of a sweep", cmd_sweep},
    {"points", "twinwalk points", "do the runs of one batch; sweep starts it", cmd_points},
    {"task", "twinwalk task", "do the jobs of one Slurm task; --slurm starts it", cmd_task},
    {"area", "twinwalk area", "synthesize the RTL, and print what it costs in gates and memory", cmd_area},
};

static void print_usage(FILE *out)
{
    fprintf(out, "Usage: twinwalk COMMAND [OPTION...]\n"
                 "An x86-64 MMU in RTL and in C, in lockstep, on a real machine's page tables.\n\n"
                 "Commands; each has --help:\n");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(out, "  %-13s %s\n", commands[i].name, commands[i].help);
    fprintf(out, "\nExit codes: 0 all agreed, 1 a mismatch or a failed expectation,\n"
                 "2 bad usage, configuration or input, 3 internal error.\n");
}

/* A full disk behind stdout must not look like success. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "twinwalk: standard output: %s\n", strerror(errno));
    return EXIT_INTERNAL;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_USAGE;
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return finish(EXIT_AGREED);
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            argv[1] = commands[i].title;
            return finish(commands[i].run(argc - 1, argv + 1));
        }
    }
    fprintf(stderr, "twinwalk: '%s' is not a command; see twinwalk --help\n", argv[1]);
    return EXIT_USAGE;
}
