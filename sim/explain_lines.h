/* SPDX-License-Identifier: Apache-2.0 */
/* What the scopes events and judge of a wave say, as lines in order. */
#ifndef TWINWALK_EXPLAIN_LINES_H
#define TWINWALK_EXPLAIN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "fst_file.h"

/* An event of a cycle, as event_text() tells it. */
struct explain_line {
    uint64_t cycle;
    size_t number; /* of lines of one cycle: the order in which the file has them */
    char *text;
    bool operation; /* of an operation, or of what it does to all */
    bool verdict;   /* the judge's */
    bool has_entry; /* a lookup or walk has met an entry, or one is dropped or evicted, which was filled: */
    uint64_t filled, filler; /* cycle and access; NO_ACCESS: before the wave begins, not told */
};

struct explain_lines {
    struct explain_line *list;
    size_t count, room;
    char *verdict; /* all of it; NULL: the judge did not object */
    uint64_t verdict_cycle;
    uint64_t first; /* cycle of the wave */
};

/* -1: memory is short. To be freed in either case. */
int explain_lines_read(struct explain_lines *lines, struct fst_file *file);
void explain_lines_free(struct explain_lines *lines);

void explain_line_print(const struct explain_line *line, FILE *out);

/* The same, and who filled the entry that it tells of. */
void explain_line_print_filled(const struct explain_lines *lines, const struct explain_line *line, FILE *out);

/* Those of the cycles from `first` to `last`, with who filled what. */
void explain_lines_print(const struct explain_lines *lines, uint64_t first, uint64_t last, FILE *out);

#endif
