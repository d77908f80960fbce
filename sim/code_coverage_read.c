/* SPDX-License-Identifier: Apache-2.0 */
/* The files that Verilator's and GCC's counters are written to. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "code_coverage.h"

static int complain(const char *path, size_t line, const char *what)
{
    fprintf(stderr, "%s:%zu: %s\n", path, line, what);
    return -1;
}

/*
 * A counter of Verilator is a line C '\1key\2value\1key\2value...' COUNT, with keys f
 * (file), l (line), n (column), page (v_line/MODULE and so on), o (what), S (lines), h (instance).
 */
static char *field(char *text, const char *key)
{
    size_t length = strlen(key);

    for (char *at = strchr(text, '\1'); at != NULL; at = strchr(at + 1, '\1'))
        if (strncmp(at + 1, key, length) == 0 && at[1 + length] == '\2')
            return at + 2 + length;
    return NULL;
}

/* What follows the values, in their place; values end at the next key. */
static char *value(char *at)
{
    if (at != NULL)
        at[strcspn(at, "\1")] = '\0';
    return at;
}

/* Digests are for the comparison, not hardware; of the other signals, ports and registers count. */
static bool counts_as_toggle(const char *name)
{
    size_t length = strcspn(name, "[");

    if (length < 3 || strncmp(name, "digest_q", length) == 0)
        return false;
    return strncmp(name + length - 2, "_q", 2) == 0 || strncmp(name + length - 2, "_i", 2) == 0 ||
           strncmp(name + length - 2, "_o", 2) == 0;
}

static int add_counter(struct code_points *points, char *text, const char *path, size_t number)
{
    char *end = strrchr(text, '\''), *fields[6];
    static const char *const keys[] = {"f", "l", "n", "page", "o", "S"};
    struct code_point point = {.language = CODE_RTL};

    if (end == NULL)
        return complain(path, number, "no counter");
    *end = '\0';
    point.count = strtoull(end + 1, NULL, 10);
    for (size_t i = 0; i < 6; i++)
        fields[i] = field(text, keys[i]);
    for (size_t i = 0; i < 6; i++)
        value(fields[i]);
    for (size_t i = 0; i < 5; i++)
        if (fields[i] == NULL)
            return complain(path, number, "a counter without its place");
    point.file = fields[0];
    point.line = (unsigned)strtoul(fields[1], NULL, 10);
    point.column = (unsigned)strtoul(fields[2], NULL, 10);
    point.name = fields[4];
    point.lines = fields[5];
    point.kind = strncmp(fields[3], "v_toggle", 8) == 0   ? POINT_TOGGLE
                 : strncmp(fields[3], "v_branch", 8) == 0 ? POINT_BRANCH
                                                          : POINT_LINE;
    if (point.kind == POINT_TOGGLE && !counts_as_toggle(point.name))
        return 0;
    return code_points_add(points, &point) ? 0 : complain(path, number, "out of memory");
}

int code_points_add_verilator(struct code_points *points, const char *path)
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t size = 0, number = 0;
    int failed = 0;

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    while (!failed && getline(&line, &size, file) > 0)
        if (++number == 1 && strncmp(line, "# SystemC::Coverage", 19) != 0)
            failed = complain(path, 1, "not written by a Verilated model");
        else if (line[0] == 'C')
            failed = add_counter(points, line, path, number);
    if (!failed && number == 0)
        failed = complain(path, 1, "is empty");
    free(line);
    fclose(file);
    return failed;
}

/* ---- gcov ---- */

static bool add_gcov_line(struct code_points *points, const char *file, const json_t *line)
{
    const json_t *branch;
    size_t index;
    char number[16];
    struct code_point point = {
        .language = CODE_MODEL,
        .kind = POINT_LINE,
        .file = file,
        .name = "line",
        .line = (unsigned)json_integer_value(json_object_get(line, "line_number")),
        .count = (uint64_t)json_integer_value(json_object_get(line, "count")),
        .lines = number,
    };

    snprintf(number, sizeof(number), "%u", point.line);
    if (!code_points_add(points, &point))
        return false;
    point.kind = POINT_BRANCH;
    point.name = "branch";
    point.lines = NULL;
    json_array_foreach(json_object_get(line, "branches"), index, branch)
    {
        point.column = (unsigned)index;
        point.count = (uint64_t)json_integer_value(json_object_get(branch, "count"));
        if (!code_points_add(points, &point))
            return false;
    }
    return true;
}

/* One translation unit, with what it includes; only the model's own files count. */
static bool add_gcov_unit(struct code_points *points, const json_t *unit)
{
    const json_t *file, *line;
    size_t i, k;

    json_array_foreach(json_object_get(unit, "files"), i, file)
    {
        const char *path = json_string_value(json_object_get(file, "file"));

        if (path == NULL || strncmp(path, "cmodel/", 7) != 0)
            continue;
        json_array_foreach(json_object_get(file, "lines"), k, line)
        {
            if (!add_gcov_line(points, path, line))
                return false;
        }
    }
    return true;
}

int code_points_add_gcov(struct code_points *points, const char *path)
{
    FILE *file = fopen(path, "re");
    size_t units = 0;
    int failed = 0;

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    for (int next = getc(file); !failed && next != EOF; next = getc(file)) {
        json_error_t error;
        json_t *unit;

        if (next == '\n')
            continue;
        ungetc(next, file);
        unit = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error);
        if (unit == NULL) {
            fprintf(stderr, "%s: unit %zu: line %d: %s\n", path, units + 1, error.line, error.text);
            failed = -1;
        } else if (!add_gcov_unit(points, unit)) {
            failed = complain(path, units + 1, "out of memory");
        }
        json_decref(unit);
        units++;
    }
    if (!failed && units == 0)
        failed = complain(path, 1, "is empty");
    fclose(file);
    return failed;
}
