/* SPDX-License-Identifier: Apache-2.0 */
/* Private to sweep_db.c and sweep_tables.c. */
#ifndef TWINWALK_SWEEP_DB_H
#define TWINWALK_SWEEP_DB_H

#include "database.h"
#include "sweep_result.h"

struct sweep_db {
    sqlite3 *handle;
    sqlite3_stmt *find, *store;
    struct {
        const char *sql; /* a literal, by its address */
        sqlite3_stmt *statement;
    } inserts[16]; /* while the tables are written */
};

#endif
