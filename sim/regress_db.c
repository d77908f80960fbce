/* SPDX-License-Identifier: Apache-2.0 */
/* The database of results. Only the collector writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"
#include "regress_result.h"

struct result_db {
    sqlite3 *handle;
    sqlite3_stmt *find, *store;
};

static const char tables[] =
    "CREATE TABLE IF NOT EXISTS runs("
    " key TEXT PRIMARY KEY NOT NULL, entry TEXT NOT NULL, config TEXT NOT NULL, stimulus TEXT NOT NULL,"
    " seed INTEGER NOT NULL, kind TEXT NOT NULL, signature TEXT NOT NULL, cycle INTEGER NOT NULL,"
    " cycles INTEGER NOT NULL, accesses INTEGER NOT NULL, seconds REAL NOT NULL, attempts INTEGER NOT NULL,"
    " command TEXT NOT NULL, finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID;"
    "CREATE VIEW IF NOT EXISTS failures AS SELECT kind, signature, count(*) AS runs, min(cycle) AS cycle,"
    " command FROM runs WHERE kind <> '' GROUP BY kind, signature ORDER BY runs DESC;";

struct result_db *result_db_open(const char *path)
{
    struct result_db *db = calloc(1, sizeof(*db));

    if (db == NULL) {
        fprintf(stderr, "%s: out of memory\n", path);
        return NULL;
    }
    db->handle = database_open(path, tables);
    if (db->handle != NULL)
        db->find = database_prepare(db->handle,
                                    "SELECT seed, kind, signature, cycle, cycles, accesses, seconds, attempts"
                                    " FROM runs WHERE key = ?");
    if (db->find != NULL)
        db->store = database_prepare(
            db->handle, "INSERT OR REPLACE INTO runs(key, entry, config, stimulus, seed, kind, signature,"
                        " cycle, cycles, accesses, seconds, attempts, command)"
                        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (db->store != NULL)
        return db;
    result_db_close(db);
    return NULL;
}

void result_db_close(struct result_db *db)
{
    if (db == NULL)
        return;
    sqlite3_finalize(db->find);
    sqlite3_finalize(db->store);
    sqlite3_close(db->handle);
    free(db);
}

int result_db_find(struct result_db *db, struct run_result *result)
{
    int step;

    sqlite3_reset(db->find);
    sqlite3_bind_text(db->find, 1, result->key, -1, SQLITE_STATIC);
    step = sqlite3_step(db->find);
    if (step == SQLITE_ROW) {
        result->seed = (uint64_t)sqlite3_column_int64(db->find, 0);
        snprintf(result->kind, sizeof(result->kind), "%s", (const char *)sqlite3_column_text(db->find, 1));
        snprintf(result->signature, sizeof(result->signature), "%s",
                 (const char *)sqlite3_column_text(db->find, 2));
        result->cycle = (uint64_t)sqlite3_column_int64(db->find, 3);
        result->cycles = (uint64_t)sqlite3_column_int64(db->find, 4);
        result->accesses = (uint64_t)sqlite3_column_int64(db->find, 5);
        result->seconds = sqlite3_column_double(db->find, 6);
        result->attempts = (unsigned)sqlite3_column_int(db->find, 7);
        result->earlier = true;
    }
    sqlite3_reset(db->find);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return database_complain(db->handle, "looking up a run");
    return step == SQLITE_ROW;
}

static int store(struct result_db *db, const struct run_result *result)
{
    sqlite3_stmt *statement = db->store;
    int step;

    sqlite3_reset(statement);
    sqlite3_bind_text(statement, 1, result->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 2, result->series->entry, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, result->series->config, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 4, result->series->stimulus, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, (sqlite3_int64)result->seed);
    sqlite3_bind_text(statement, 6, result->kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 7, result->signature, -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 8, (sqlite3_int64)result->cycle);
    sqlite3_bind_int64(statement, 9, (sqlite3_int64)result->cycles);
    sqlite3_bind_int64(statement, 10, (sqlite3_int64)result->accesses);
    sqlite3_bind_double(statement, 11, result->seconds);
    sqlite3_bind_int64(statement, 12, result->attempts);
    sqlite3_bind_text(statement, 13, result->command != NULL ? result->command : "", -1, SQLITE_STATIC);
    step = sqlite3_step(statement);
    sqlite3_reset(statement);
    return step == SQLITE_DONE ? 0 : -1;
}

int result_db_store(struct result_db *db, const struct run_result *results, size_t count)
{
    size_t fresh = 0;
    int failed = 0;

    for (size_t i = 0; i < count; i++)
        fresh += !results[i].earlier;
    if (fresh == 0)
        return 0;
    if (database_begin(db->handle) != 0)
        return -1;
    for (size_t i = 0; i < count && !failed; i++)
        if (!results[i].earlier)
            failed = store(db, &results[i]);
    if (!failed)
        return database_commit(db->handle);
    database_complain(db->handle, "storing results");
    sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return -1;
}
