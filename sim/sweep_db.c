/* SPDX-License-Identifier: Apache-2.0 */
/* The database of evaluations. Only the collector writes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_db.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS evaluations("
    " key TEXT PRIMARY KEY NOT NULL, what TEXT NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL,"
    " data TEXT, instructions REAL NOT NULL, seconds REAL NOT NULL, cpu_seconds REAL NOT NULL,"
    " memory_kib INTEGER NOT NULL, attempts INTEGER NOT NULL,"
    " finished TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP) WITHOUT ROWID;";

struct sweep_db *sweep_db_open(const char *path)
{
    struct sweep_db *db = calloc(1, sizeof(*db));

    if (db == NULL) {
        fprintf(stderr, "%s: out of memory\n", path);
        return NULL;
    }
    db->handle = database_open(path, schema);
    if (db->handle != NULL)
        db->find = database_prepare(
            db->handle, "SELECT kind, message, data, instructions, seconds, cpu_seconds, memory_kib, attempts"
                        " FROM evaluations WHERE key = ?");
    if (db->find != NULL)
        db->store = database_prepare(
            db->handle, "INSERT OR REPLACE INTO evaluations(key, what, kind, message, data, instructions,"
                        " seconds, cpu_seconds, memory_kib, attempts) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    if (db->store != NULL)
        return db;
    sweep_db_close(db);
    return NULL;
}

void sweep_db_close(struct sweep_db *db)
{
    if (db == NULL)
        return;
    sqlite3_finalize(db->find);
    sqlite3_finalize(db->store);
    sqlite3_close(db->handle);
    free(db);
}

int sweep_db_find(struct sweep_db *db, struct evaluation *evaluation)
{
    sqlite3_stmt *find = db->find;
    int step;

    sqlite3_bind_text(find, 1, evaluation->key, -1, SQLITE_STATIC);
    step = sqlite3_step(find);
    if (step == SQLITE_ROW) {
        const char *data = (const char *)sqlite3_column_text(find, 2);

        snprintf(evaluation->kind, sizeof(evaluation->kind), "%s",
                 (const char *)sqlite3_column_text(find, 0));
        snprintf(evaluation->message, sizeof(evaluation->message), "%s",
                 (const char *)sqlite3_column_text(find, 1));
        evaluation->data = data != NULL ? json_loads(data, 0, NULL) : NULL;
        evaluation->instructions = sqlite3_column_double(find, 3);
        evaluation->seconds = sqlite3_column_double(find, 4);
        evaluation->cpu_seconds = sqlite3_column_double(find, 5);
        evaluation->memory_kib = (long)sqlite3_column_int64(find, 6);
        evaluation->attempts = (unsigned)sqlite3_column_int(find, 7);
        evaluation->state = EVALUATION_DONE;
        evaluation->earlier = true;
    }
    sqlite3_reset(find);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        return database_complain(db->handle, "looking up an evaluation");
    return step == SQLITE_ROW;
}

json_t *sweep_db_statistics(struct sweep_db *db, const char *key)
{
    struct evaluation evaluation = {0};

    snprintf(evaluation.key, sizeof(evaluation.key), "%s", key);
    return sweep_db_find(db, &evaluation) == 1 ? evaluation.data : NULL;
}

int sweep_db_begin(struct sweep_db *db)
{
    return database_begin(db->handle);
}

int sweep_db_commit(struct sweep_db *db)
{
    return database_commit(db->handle);
}

int sweep_db_store(struct sweep_db *db, const struct evaluation *evaluation, const char *what)
{
    sqlite3_stmt *store = db->store;
    char *data = evaluation->data != NULL
                     ? json_dumps(evaluation->data, JSON_COMPACT | JSON_REAL_PRECISION(15))
                     : NULL;
    int step;

    sqlite3_bind_text(store, 1, evaluation->key, -1, SQLITE_STATIC);
    sqlite3_bind_text(store, 2, what, -1, SQLITE_STATIC);
    sqlite3_bind_text(store, 3, evaluation->kind, -1, SQLITE_STATIC);
    sqlite3_bind_text(store, 4, evaluation->message, -1, SQLITE_STATIC);
    sqlite3_bind_text(store, 5, data, -1, SQLITE_STATIC);
    sqlite3_bind_double(store, 6, evaluation->instructions);
    sqlite3_bind_double(store, 7, evaluation->seconds);
    sqlite3_bind_double(store, 8, evaluation->cpu_seconds);
    sqlite3_bind_int64(store, 9, evaluation->memory_kib);
    sqlite3_bind_int64(store, 10, evaluation->attempts);
    step = sqlite3_step(store);
    sqlite3_reset(store);
    free(data);
    return step == SQLITE_DONE ? 0 : database_complain(db->handle, "storing evaluations");
}
