/* SPDX-License-Identifier: Apache-2.0 */
/* What the subcommands' option parsing has in common. */
#ifndef TWINWALK_OPTIONS_H
#define TWINWALK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A count: decimal or 0x hexadecimal, after a decimal one k, M or G for
 * thousands, millions, milliards. false: not one, or beyond 64 bits.
 */
bool parse_count(const char *text, uint64_t *count);

/* The -s settings of a command line, in order; the strings are the command line's. */
struct setting_list {
    const char **settings;
    size_t count;
};

/* false: out of memory. */
bool setting_list_add(struct setting_list *list, const char *setting);
void setting_list_free(struct setting_list *list);

#endif
