/* SPDX-License-Identifier: Apache-2.0 */
/* The options of twinwalk run, as the command line gives them. */
#ifndef TWINWALK_CMD_RUN_H
#define TWINWALK_CMD_RUN_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench.h"
#include "config.h"
#include "debug_log.h"
#include "options.h"

enum { RUN_DEFAULT_SEED = 1 };

enum judge_choice { JUDGE_AS_USUAL, JUDGE_ON, JUDGE_OFF };

struct run_options {
    const char *config;           /* path or name */
    struct setting_list settings; /* -s, in order */
    const char *script, *trace;   /* NULL: not given; exactly one of these and random is */
    bool random;
    const char *image; /* NULL: none */
    enum engine engine;
    bool stack; /* the stack engine, in place of `engine` */
    enum judge_choice judge;
    uint64_t seed;
    uint64_t cycles, accesses;                /* 0: no bound */
    const char *stats, *json, *results, *csv; /* paths; NULL: not wanted */
    const char *coverage;                     /* likewise */
    struct wave_options wave;                 /* path NULL: none is wanted */
    bool quiet;
    struct debug_options debug; /* flags 0: no log */
};

/*
 * Reads the command line of twinwalk run into *options; its settings are to be
 * freed by setting_list_free. On bad usage prints why and exits with EXIT_USAGE.
 */
void run_options_parse(struct run_options *options, int argc, char **argv);

/*
 * The command line of a run inside that of another command: "run" and its
 * options, or its options alone, behind the other command's own.
 */
struct run_arguments {
    int count;
    char **words; /* a place for the name comes before them; NULL: none */
};

struct argp_state;

/* For ARGP_KEY_ARG with ARGP_IN_ORDER: all that is left belongs to the run. */
void run_arguments_take(struct run_arguments *arguments, struct argp_state *state);

/* For ARGP_KEY_END: ends with bad usage where there are none. */
void run_arguments_require(const struct run_arguments *arguments, struct argp_state *state);

/* run_options_parse of them; the title is for messages. */
void run_arguments_parse(const struct run_arguments *arguments, char *title, struct run_options *options);
/* The options of a run as those of another command too; input: a struct run_options with the defaults. */
extern const struct argp run_options_argp;
struct run_options run_options_defaults(void);

/* What the bench is to do; what the command line leaves open is as usual. */
struct bench_options run_bench_options(const struct run_options *options, const struct config *config);

/* Whether the file, where there is one, would be read a second time as it was the first: a pipe is not. */
bool can_be_read_again(const char *path);

/*
 * The shell command that repeats a run: `program` run and its arguments,
 * quoted where a shell needs it. To be freed; NULL when memory is short.
 */
char *run_command_line(const char *program, int argc, char **argv);

/*
 * The variables of the environment that replace the RTL, as "NAME=VALUE " each, in
 * front of a command line; "" if there are none. To be freed; NULL when memory is
 * short.
 */
char *rtl_variables(void);

/* Appends text as one word of a shell: in single quotes unless it has only characters that no shell looks at.
 */
void print_shell_word(FILE *out, const char *text);

#endif
