/* SPDX-License-Identifier: Apache-2.0 */
/* What people have shown of mutants: a YAML file, see docs/mutants.md. */
#ifndef TWINWALK_MUTATE_KNOWN_H
#define TWINWALK_MUTATE_KNOWN_H

#include "mutant.h"

enum known_kind {
    KNOWN_EQUIVALENT, /* no run can tell it from the sound RTL */
    KNOWN_LEGAL,      /* the architecture allows it: the judge need not catch it */
    KNOWN_KINDS
};

/* One reason, and what it is for. */
struct known_entry {
    enum known_kind kind;
    char *reason, *proof;
    char **mutants, **scopes; /* ids; modules or functions, all of whose mutants are meant */
    size_t mutants_count, scopes_count;
};

struct known {
    struct known_entry *entries;
    size_t count;
};

/*
 * Reads the file and checks that every mutant and scope in it exists. -1 after
 * a message "file:line:column: reason" on stderr, with nothing to close.
 */
int known_read(struct known *known, const char *path, const struct mutant_list *list);
void known_close(struct known *known);

/* What is known of a mutant; NULL: nothing of that kind. */
const struct known_entry *known_of(const struct known *known, const struct mutant *mutant,
                                   enum known_kind kind);

#endif
