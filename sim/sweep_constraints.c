/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_constraints.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SECTIONS = 24 };

struct sweep_constraints {
    sqlite3 *database;
    sqlite3_stmt **conditions;
    size_t count;
    sqlite3_stmt *name, *sections[MOST_SECTIONS]; /* that store the values of a point */
    size_t section_count;
};

static const char before[] = "SELECT (", behind[] = "\n) FROM ";

/* Conditions may look at the values and compute, no more. */
static int authorize(void *context, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)context, (void)a, (void)b, (void)c, (void)d;
    return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ? SQLITE_OK
                                                                                         : SQLITE_DENY;
}

static size_t section_end(size_t first)
{
    size_t end = first;

    while (end < CONFIG_KEYS && strcmp(config_key(end)->section, config_key(first)->section) == 0)
        end++;
    return end;
}

/* A table of one row for each section, and the statement that fills it. */
static int create_tables(struct sweep_constraints *constraints, FILE *names)
{
    char *sql;
    size_t size;
    int failed = 0;

    for (size_t first = 0, end; first < CONFIG_KEYS; first = end) {
        const char *section = config_key(first)->section;
        FILE *create = open_memstream(&sql, &size);

        end = section_end(first);
        if (create == NULL || constraints->section_count == MOST_SECTIONS)
            return -1;
        fprintf(create, "CREATE TABLE %s(", section);
        for (size_t i = first; i < end; i++)
            fprintf(create, "%s\"%s\"", i > first ? ", " : "", config_key(i)->key);
        fprintf(create, "); INSERT INTO %s DEFAULT VALUES;", section);
        fclose(create);
        failed |= sqlite3_exec(constraints->database, sql, NULL, NULL, NULL);
        free(sql);
        create = open_memstream(&sql, &size);
        if (create == NULL)
            return -1;
        fprintf(create, "UPDATE %s SET ", section);
        for (size_t i = first; i < end; i++)
            fprintf(create, "%s\"%s\" = ?", i > first ? ", " : "", config_key(i)->key);
        fclose(create);
        failed |= sqlite3_prepare_v2(constraints->database, sql, -1,
                                     &constraints->sections[constraints->section_count++], NULL);
        free(sql);
        fprintf(names, "%s%s", first > 0 ? ", " : "", section);
    }
    failed |= sqlite3_exec(constraints->database, "CREATE TABLE point(config); INSERT INTO point VALUES('')",
                           NULL, NULL, NULL);
    failed |= sqlite3_prepare_v2(constraints->database, "UPDATE point SET config = ?", -1, &constraints->name,
                                 NULL);
    fprintf(names, ", point");
    return failed ? -1 : 0;
}

static int prepare(struct sweep_constraints *constraints, const struct word_list *expressions,
                   const char *tables, size_t *place)
{
    constraints->conditions = calloc(expressions->count + 1, sizeof(sqlite3_stmt *));
    if (constraints->conditions == NULL)
        return -1;
    sqlite3_set_authorizer(constraints->database, authorize, NULL);
    for (; constraints->count < expressions->count; constraints->count++) {
        const char *expression = expressions->words[constraints->count];
        const char *rest;
        char *sql;
        int offset, failed;

        if (asprintf(&sql, "%s%s%s%s", before, expression, behind, tables) < 0)
            return -1;
        failed = sqlite3_prepare_v2(constraints->database, sql, -1,
                                    &constraints->conditions[constraints->count], &rest);
        offset = sqlite3_error_offset(constraints->database) - (int)strlen(before);
        if (failed && offset > 0)
            *place = (size_t)offset < strlen(expression) ? (size_t)offset : strlen(expression);
        if (!failed &&
            (*rest != '\0' || sqlite3_column_count(constraints->conditions[constraints->count]) != 1))
            failed = 1;
        free(sql);
        if (failed)
            return -1;
    }
    sqlite3_set_authorizer(constraints->database, NULL, NULL);
    return 0;
}

struct sweep_constraints *sweep_constraints_create(const struct word_list *expressions, char *reason,
                                                   size_t size, size_t *place)
{
    struct sweep_constraints *constraints = calloc(1, sizeof(*constraints));
    char *tables = NULL;
    size_t length;
    FILE *names = open_memstream(&tables, &length);
    int failed = constraints == NULL || names == NULL;

    *place = 0;
    snprintf(reason, size, "out of memory");
    if (!failed)
        failed = sqlite3_open(":memory:", &constraints->database) != SQLITE_OK ||
                 create_tables(constraints, names) != 0;
    if (names != NULL)
        fclose(names);
    if (!failed)
        failed = prepare(constraints, expressions, tables, place);
    free(tables);
    if (!failed)
        return constraints;
    if (constraints != NULL && constraints->database != NULL)
        snprintf(reason, size, "%s",
                 sqlite3_errcode(constraints->database) != SQLITE_OK ? sqlite3_errmsg(constraints->database)
                                                                     : "is not one expression");
    sweep_constraints_destroy(constraints);
    return NULL;
}

void sweep_constraints_destroy(struct sweep_constraints *constraints)
{
    if (constraints == NULL)
        return;
    for (size_t i = 0; i < constraints->section_count; i++)
        sqlite3_finalize(constraints->sections[i]);
    sqlite3_finalize(constraints->name);
    for (size_t i = 0; constraints->conditions != NULL && i <= constraints->count; i++)
        sqlite3_finalize(constraints->conditions[i]);
    free(constraints->conditions);
    sqlite3_close(constraints->database);
    free(constraints);
}

/* Numbers, truth values as 0 and 1, policies as their names. */
static void store_values(struct sweep_constraints *constraints, const struct config *config, const char *name)
{
    size_t section = 0;

    for (size_t first = 0, end; first < CONFIG_KEYS; first = end, section++) {
        sqlite3_stmt *statement = constraints->sections[section];

        end = section_end(first);
        for (size_t i = first; i < end; i++) {
            uint32_t value = config_get(config, i);
            char buffer[16];

            if (config_key(i)->type == CONFIG_POLICY)
                sqlite3_bind_text(statement, (int)(i - first) + 1,
                                  config_value_text(config_key(i), value, buffer, sizeof(buffer)), -1,
                                  SQLITE_TRANSIENT);
            else
                sqlite3_bind_int64(statement, (int)(i - first) + 1, value);
        }
        sqlite3_step(statement);
        sqlite3_reset(statement);
    }
    sqlite3_bind_text(constraints->name, 1, name, -1, SQLITE_TRANSIENT);
    sqlite3_step(constraints->name);
    sqlite3_reset(constraints->name);
}

int sweep_constraints_hold(struct sweep_constraints *constraints, const struct config *config,
                           const char *name, size_t *which, const char **reason)
{
    int hold = 1;

    if (constraints->count == 0)
        return 1;
    store_values(constraints, config, name);
    for (size_t i = 0; i < constraints->count && hold > 0; i++) {
        sqlite3_stmt *condition = constraints->conditions[i];

        if (sqlite3_step(condition) == SQLITE_ROW) {
            hold = sqlite3_column_double(condition, 0) != 0;
        } else {
            *which = i;
            *reason = sqlite3_errmsg(constraints->database);
            hold = -1;
        }
        sqlite3_reset(condition);
    }
    return hold;
}
