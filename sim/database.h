/* SPDX-License-Identifier: Apache-2.0 */
/* A SQLite database with one writer. Messages go to stderr. */
#ifndef TWINWALK_DATABASE_H
#define TWINWALK_DATABASE_H

#include <sqlite3.h>

/* Opens or makes it; `schema` is done each time. NULL after a message. */
sqlite3 *database_open(const char *path, const char *schema);

/* NULL after a message. */
sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql);

/* Says what failed, and why as SQLite has it. Returns -1. */
int database_complain(sqlite3 *database, const char *what);

/* A transaction; one that cannot be completed is taken back. -1 after a message. */
int database_begin(sqlite3 *database);
int database_commit(sqlite3 *database);

#endif
