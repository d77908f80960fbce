/* SPDX-License-Identifier: Apache-2.0 */
/* What came of one run of a regression, and the database that keeps it. */
#ifndef TWINWALK_REGRESS_RESULT_H
#define TWINWALK_REGRESS_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regress_digest.h"

struct run_result {
    char key[RUN_KEY_BYTES];
    const struct series *series;
    uint64_t seed;
    char kind[16];       /* "": passed; else of what kind its failure is, see docs/regression.md */
    char signature[200]; /* of the failure */
    uint64_t cycle;      /* of the failure */
    uint64_t cycles, accesses;
    double seconds;
    unsigned attempts; /* 2: the first was killed or crashed */
    bool earlier;      /* taken from the database */
    char *command;     /* that repeats the run */
};

/* How the exit code of a regression sees a result. */
enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_INPUT, VERDICT_BROKEN };
enum verdict result_verdict(const struct run_result *result);
enum verdict result_kind_verdict(const char *kind);

struct result_list {
    struct run_result *results;
    size_t count, room;
};

/* A new element of the list, all 0; the pointer is good until the next. NULL: out of memory. */
struct run_result *result_list_add(struct result_list *list);
void result_list_free(struct result_list *list);

/* Failures of one kind and signature. */
struct result_group {
    const struct run_result *example; /* that which failed in the earliest cycle */
    size_t count;
};

/* The groups, largest first; to be freed. NULL with *count = 0: there are none, or no memory. */
struct result_group *result_groups(const struct result_list *list, size_t *count);

struct result_db;

/* Opens or makes the database. NULL after a message on stderr. */
struct result_db *result_db_open(const char *path);
void result_db_close(struct result_db *db);

/*
 * The result with the key of *result, which must be set; 1: filled in, but for
 * series and command; 0: there is none; -1 after a message.
 */
int result_db_find(struct result_db *db, struct run_result *result);

/*
 * Stores results in one transaction, but for those that come from there; a key
 * that is there is replaced. -1 after a message.
 */
int result_db_store(struct result_db *db, const struct run_result *results, size_t count);

#endif
