/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands' option parsing has in common. */
#ifndef TWINWALK_OPTIONS_H
#define TWINWALK_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A count: decimal or 0x hexadecimal, after a decimal one k, M or G for
 * thousands, millions, milliards. false: not one, or beyond 64 bits.
 */
bool parse_count(const char *text, uint64_t *count);

/* What --name says, a count; ends the program with a message when it is none. */
uint64_t option_count(const struct argp_state *state, const char *name, const char *text);

/* The processors that this process may use. */
unsigned processors(void);

/* What -j says, a number of jobs; ends the program with a message when it is none. */
unsigned option_jobs(const struct argp_state *state, const char *text);

/* What -o says, a path; ends the program with a message when it is empty. */
const char *option_output(const struct argp_state *state, const char *text);

/* The -s settings of a command line, in order; the strings are the command line's. */
struct setting_list {
    const char **settings;
    size_t count;
};

/* false: out of memory. */
bool setting_list_add(struct setting_list *list, const char *setting);
void setting_list_free(struct setting_list *list);

#endif
