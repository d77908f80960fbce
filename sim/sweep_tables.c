/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a sweep in its database: all of it in one transaction. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_db.h"

static const char tables[] =
    "DROP VIEW IF EXISTS results;"
    "DROP TABLE IF EXISTS sweep; DROP TABLE IF EXISTS axes; DROP TABLE IF EXISTS axis_values;"
    "DROP TABLE IF EXISTS points; DROP TABLE IF EXISTS point_values; DROP TABLE IF EXISTS workloads;"
    "DROP TABLE IF EXISTS metrics; DROP TABLE IF EXISTS runs; DROP TABLE IF EXISTS metric_values;"
    "CREATE TABLE sweep(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE axes(axis INTEGER NOT NULL, key TEXT PRIMARY KEY, steps INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE axis_values(key TEXT NOT NULL, step INTEGER NOT NULL, value NOT NULL,"
    " PRIMARY KEY(key, step)) WITHOUT ROWID;"
    "CREATE TABLE points(point INTEGER PRIMARY KEY, config TEXT NOT NULL, settings TEXT NOT NULL,"
    " error TEXT NOT NULL);"
    "CREATE TABLE point_values(point INTEGER NOT NULL, key TEXT NOT NULL, step INTEGER NOT NULL,"
    " value NOT NULL, PRIMARY KEY(point, key)) WITHOUT ROWID;"
    "CREATE TABLE workloads(workload INTEGER PRIMARY KEY, name TEXT NOT NULL, stimulus TEXT NOT NULL,"
    " image TEXT, accesses INTEGER, cycles INTEGER, seed INTEGER NOT NULL);"
    "CREATE TABLE metrics(metric TEXT PRIMARY KEY, unit TEXT NOT NULL, better INTEGER NOT NULL,"
    " source TEXT NOT NULL, description TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE runs(point INTEGER NOT NULL, workload INTEGER NOT NULL, key TEXT NOT NULL,"
    " kind TEXT NOT NULL, message TEXT NOT NULL, attempts INTEGER NOT NULL, lockstep TEXT NOT NULL,"
    " lockstep_key TEXT, lockstep_message TEXT NOT NULL, command TEXT NOT NULL,"
    " PRIMARY KEY(point, workload)) WITHOUT ROWID;"
    "CREATE TABLE metric_values(point INTEGER NOT NULL, workload INTEGER NOT NULL, metric TEXT NOT NULL,"
    " value REAL NOT NULL, PRIMARY KEY(point, workload, metric)) WITHOUT ROWID;";

/* The statement of a literal, prepared once. NULL after a message. */
static sqlite3_stmt *prepared(struct sweep_db *db, const char *sql)
{
    size_t i = 0;

    while (db->inserts[i].sql != NULL && db->inserts[i].sql != sql)
        i++;
    if (db->inserts[i].sql == NULL)
        db->inserts[i].statement = database_prepare(db->handle, sql);
    if (db->inserts[i].statement != NULL)
        db->inserts[i].sql = sql;
    return db->inserts[i].statement;
}

static void finish_inserts(struct sweep_db *db)
{
    for (size_t i = 0; i < sizeof(db->inserts) / sizeof(db->inserts[0]); i++)
        sqlite3_finalize(db->inserts[i].statement);
    memset(db->inserts, 0, sizeof(db->inserts));
}

/*
 * Runs a statement with values: one letter each, s for a text (NULL: none), n for a
 * number (uint64_t), r for a real (double), v for a text that may be a number.
 */
static int insert(struct sweep_db *db, const char *sql, const char *types, ...)
{
    sqlite3_stmt *statement = prepared(db, sql);
    va_list args;
    int step;

    if (statement == NULL)
        return -1;
    va_start(args, types);
    for (int i = 1; types[i - 1] != '\0'; i++) {
        const char *text;
        char *end;
        long long number;

        switch (types[i - 1]) {
        case 'n':
            sqlite3_bind_int64(statement, i, (sqlite3_int64)va_arg(args, uint64_t));
            break;
        case 'r':
            sqlite3_bind_double(statement, i, va_arg(args, double));
            break;
        case 's':
            sqlite3_bind_text(statement, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
            break;
        default:
            text = va_arg(args, const char *);
            number = strtoll(text, &end, 0);
            if (*end == '\0')
                sqlite3_bind_int64(statement, i, number);
            else
                sqlite3_bind_text(statement, i, text, -1, SQLITE_TRANSIENT);
            break;
        }
    }
    va_end(args);
    step = sqlite3_step(statement);
    sqlite3_reset(statement);
    return step == SQLITE_DONE ? 0 : database_complain(db->handle, "writing the tables");
}

static int write_sweep(struct sweep_db *db, const struct sweep_results *results)
{
    const struct sweep *sweep = results->sweep;
    static const char sql[] = "INSERT INTO sweep VALUES(?, ?)";

    return insert(db, sql, "ss", "file", results->path) | insert(db, sql, "ss", "base", sweep->base) |
           insert(db, sql, "sn", "seed", sweep->seed) | insert(db, sql, "sr", "verify", sweep->verify) |
           insert(db, sql, "sn", "points", (uint64_t)results->points->count) |
           insert(db, sql, "sn", "left_out_by_constraints", results->points->left_out);
}

static int write_axes(struct sweep_db *db, const struct sweep *sweep)
{
    int failed = 0;

    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++) {
            const char *name = sweep->axes[axis].keys.words[key];

            failed |= insert(db, "INSERT INTO axes VALUES(?, ?, ?)", "nsn", (uint64_t)axis, name,
                             (uint64_t)sweep->axes[axis].count);
            for (size_t step = 0; step < sweep->axes[axis].count; step++)
                failed |= insert(db, "INSERT INTO axis_values VALUES(?, ?, ?)", "snv", name, (uint64_t)step,
                                 sweep->axes[axis].values[key].words[step]);
        }
    }
    for (size_t i = 0; i < sweep->workload_count; i++) {
        const struct sweep_workload *workload = &sweep->workloads[i];

        failed |=
            insert(db, "INSERT INTO workloads VALUES(?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?)", "nsssnnn",
                   (uint64_t)i, workload->name, workload->trace != NULL ? workload->trace : "random",
                   workload->image, workload->accesses, workload->cycles, workload->seed);
    }
    return failed;
}

static int write_point(struct sweep_db *db, const struct sweep_results *results, size_t index)
{
    const struct sweep *sweep = results->sweep;
    const struct sweep_point *point = &results->points->points[index];
    struct word_list settings = {0};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    int failed = out == NULL || !sweep_point_settings(sweep, point, NULL, &settings);

    for (size_t i = 0; i < settings.count && !failed; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", settings.words[i]);
    if (out != NULL)
        fclose(out);
    word_list_free(&settings);
    if (failed)
        fprintf(stderr, "twinwalk sweep: out of memory\n");
    else
        failed = insert(db, "INSERT INTO points VALUES(?, ?, ?, ?)", "nsss", (uint64_t)index, point->config,
                        text, point->error != NULL ? point->error : "");
    free(text);
    for (size_t axis = 0; axis < sweep->axis_count && !failed; axis++)
        for (size_t key = 0; key < sweep->axes[axis].keys.count && !failed; key++)
            failed = insert(db, "INSERT INTO point_values VALUES(?, ?, ?, ?)", "nsnv", (uint64_t)index,
                            sweep->axes[axis].keys.words[key], (uint64_t)point->choices[axis],
                            sweep_point_value(sweep, point, axis, key));
    return failed;
}

static int write_run(struct sweep_db *db, const struct sweep_results *results, const struct sweep_run *run,
                     const struct sweep_columns *columns)
{
    char *command = sweep_command(results, run, "model");
    bool pending = run->model.state != EVALUATION_DONE;
    int failed = insert(
        db, "INSERT INTO runs VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", "nnsssnssss", (uint64_t)run->point,
        (uint64_t)run->workload, run->model.key, pending ? "pending" : run->model.kind, run->model.message,
        (uint64_t)run->model.attempts, sweep_lockstep_text(run), run->verified ? run->lockstep.key : NULL,
        run->lockstep.message, command != NULL ? command : "");
    free(command);
    for (size_t i = 0; i < columns->count && !failed; i++) {
        double value;

        if (sweep_value(results, run, &columns->columns[i], &value))
            failed = insert(db, "INSERT INTO metric_values VALUES(?, ?, ?, ?)", "nnsr", (uint64_t)run->point,
                            (uint64_t)run->workload, columns->columns[i].name, value);
    }
    return failed;
}

/* One row for each run, a column for each key of an axis and each metric. */
static int create_view(struct sweep_db *db, const struct sweep *sweep, const struct sweep_columns *columns)
{
    char *sql = NULL;
    size_t size;
    FILE *out = open_memstream(&sql, &size);
    int failed;

    if (out == NULL)
        return -1;
    fputs("CREATE VIEW results AS SELECT runs.point, workloads.name AS workload", out);
    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
            fprintf(out,
                    ", (SELECT value FROM point_values WHERE point = runs.point AND key = '%s') AS \"%s\"",
                    sweep->axes[axis].keys.words[key], sweep->axes[axis].keys.words[key]);
    fputs(", runs.kind, runs.lockstep", out);
    for (size_t i = 0; i < columns->count; i++) {
        char *column = sqlite3_mprintf(", (SELECT value FROM metric_values WHERE point = runs.point AND"
                                       " workload = runs.workload AND metric = '%q') AS \"%w\"",
                                       columns->columns[i].name, columns->columns[i].name);

        fputs(column != NULL ? column : "", out);
        sqlite3_free(column);
    }
    fputs(" FROM runs JOIN workloads USING(workload) ORDER BY runs.point, runs.workload", out);
    fclose(out);
    failed = sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK
                 ? database_complain(db->handle, "writing the view of results")
                 : 0;
    free(sql);
    return failed;
}

static int write_all(struct sweep_db *db, const struct sweep_results *results,
                     const struct sweep_columns *columns)
{
    int failed = write_sweep(db, results) | write_axes(db, results->sweep);

    for (size_t i = 0; i < columns->count && !failed; i++) {
        const struct sweep_column *column = &columns->columns[i];

        failed = insert(db, "INSERT INTO metrics VALUES(?, ?, ?, ?, ?)", "ssvss", column->name, column->unit,
                        column->better < 0   ? "-1"
                        : column->better > 0 ? "1"
                                             : "0",
                        column->source, column->description);
    }
    for (size_t i = 0; i < results->points->count && !failed; i++)
        failed = write_point(db, results, i);
    for (size_t i = 0; i < results->run_count && !failed; i++)
        failed = write_run(db, results, &results->runs[i], columns);
    return failed ? failed : create_view(db, results->sweep, columns);
}

int sweep_db_write_tables(struct sweep_db *db, const struct sweep_results *results)
{
    struct sweep_columns columns;
    int failed;

    if (sweep_columns_make(&columns, results->sweep) != 0)
        return -1;
    failed = sweep_db_begin(db);
    if (!failed && sqlite3_exec(db->handle, tables, NULL, NULL, NULL) != SQLITE_OK)
        failed = database_complain(db->handle, "writing the tables");
    if (!failed)
        failed = write_all(db, results, &columns);
    finish_inserts(db);
    if (!failed)
        failed = sweep_db_commit(db);
    else
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    sweep_columns_free(&columns);
    return failed;
}
