/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"

#include <stdio.h>

enum { BUSY_MILLISECONDS = 10000 };

sqlite3 *database_open(const char *path, const char *schema)
{
    sqlite3 *database = NULL;

    if (sqlite3_open(path, &database) == SQLITE_OK &&
        sqlite3_busy_timeout(database, BUSY_MILLISECONDS) == SQLITE_OK &&
        sqlite3_exec(database, schema, NULL, NULL, NULL) == SQLITE_OK)
        return database;
    fprintf(stderr, "%s: %s\n", path, database != NULL ? sqlite3_errmsg(database) : "out of memory");
    sqlite3_close(database);
    return NULL;
}

int database_complain(sqlite3 *database, const char *what)
{
    fprintf(stderr, "database of results: %s: %s\n", what, sqlite3_errmsg(database));
    return -1;
}

sqlite3_stmt *database_prepare(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        database_complain(database, sql);
    return statement;
}

int database_begin(sqlite3 *database)
{
    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return database_complain(database, "storing results");
}

int database_commit(sqlite3 *database)
{
    if (sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    database_complain(database, "storing results");
    sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
