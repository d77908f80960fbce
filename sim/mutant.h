/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants of the RTL: small wrong changes of its sources, one at a time. The
 * places are found in the text of rtl/, so that a mutant can be shown to
 * people as a line of source. See docs/mutants.md.
 */
#ifndef TWINWALK_MUTANT_H
#define TWINWALK_MUTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mutation {
#define MUTATION(name, what) MUTATION_##name,
#include "mutations.def"
    MUTATIONS
};

const char *mutation_name(enum mutation mutation);

struct rtl_source {
    char *name; /* without its directory */
    char *text;
    size_t length;
};

enum { MUTANT_ID_BYTES = 11 };

struct mutant {
    char id[MUTANT_ID_BYTES]; /* hexadecimal; stays when lines move or code elsewhere changes */
    unsigned source;          /* number of its file */
    enum mutation mutation;
    size_t begin, end; /* what is replaced */
    bool statement;    /* it is a whole statement; else an expression, or the name of a connection */
    bool connection;   /* it is `.name`, a connection to the signal of the same name */
    char *replacement;
    char *original, *mutated; /* for people: one line each */
    char *scope;              /* module, or module.function */
    unsigned line, column;
};

/* A register that the reset sets. */
struct reset_register {
    unsigned source;
    bool array;
    char *name;
};

struct mutant_list {
    struct rtl_source *sources;
    size_t sources_count;
    struct mutant *mutants; /* in the order of files and places */
    size_t count, room;
    struct reset_register *resets;
    size_t resets_count;
};

/*
 * All mutants of the files *.sv of a directory. -1 after a message
 * "file:line:column: reason" on stderr, with nothing to free.
 */
int mutant_list_read(struct mutant_list *list, const char *directory);
void mutant_list_free(struct mutant_list *list);

/* The mutant with that id; NULL: there is none. */
const struct mutant *mutant_find(const struct mutant_list *list, const char *id);

/*
 * Writes all sources into a directory, which is made, with the `count` mutants
 * (in the order of the list) in them: the environment's variable
 * TWINWALK_MUTANT has the number, from 1, of the one that acts when the
 * simulation begins; 0 or not set: none. Registers that the reset sets begin as
 * ones, so that a missing reset shows. -1 after a message on stderr.
 */
int mutant_sources_write(const struct mutant_list *list, const struct mutant *const *mutants, size_t count,
                         const char *directory);

/* The sources as they would be with that mutant for good. -1 after a message on stderr. */
int mutant_patched_write(const struct mutant_list *list, const struct mutant *mutant, const char *directory);

#endif
