/* SPDX-License-Identifier: Apache-2.0 */
#include "code_coverage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

enum { KEY_BYTES = 512, MAX_LINES = 1 << 16, MAX_SOURCE_BYTES = 16 << 20 };

/* A place that is counted: in all instances, configurations and runs together. */
struct place {
    char *key, *file, *name, *lines;
    enum code_language language;
    enum code_point_kind kind;
    unsigned line, column;
    uint64_t count;
    UT_hash_handle hh;
};

struct code_points {
    struct place *places;
};

struct waiver {
    const char *file, *text, *reason;
};

static const struct waiver waivers[] = {
#define WAIVER(file, text, reason) {file, text, reason},
#include "code_waivers.def"
    {NULL, NULL, NULL},
};

unsigned code_coverage_share(size_t part, size_t whole)
{
    return whole > 0 ? (unsigned)(part * 10000 / whole) : 10000;
}

struct code_points *code_points_create(void)
{
    return calloc(1, sizeof(struct code_points));
}

static void free_place(struct place *place)
{
    free(place->key);
    free(place->file);
    free(place->name);
    free(place->lines);
    free(place);
}

void code_points_destroy(struct code_points *points)
{
    if (points == NULL)
        return;
    struct place *place = points->places;

    HASH_CLEAR(hh, points->places);
    while (place != NULL) {
        struct place *next = place->hh.next;

        free_place(place);
        place = next;
    }
    free(points);
}

static struct place *new_place(const struct code_point *point, const char *key)
{
    struct place *place = calloc(1, sizeof(*place));

    if (place == NULL)
        return NULL;
    place->language = point->language;
    place->kind = point->kind;
    place->line = point->line;
    place->column = point->column;
    place->key = strdup(key);
    place->file = strdup(point->file);
    place->name = strdup(point->name);
    place->lines = strdup(point->lines != NULL ? point->lines : "");
    if (place->key != NULL && place->file != NULL && place->name != NULL && place->lines != NULL)
        return place;
    free_place(place);
    return NULL;
}

bool code_points_add(struct code_points *points, const struct code_point *point)
{
    char key[KEY_BYTES];
    struct place *place;

    snprintf(key, sizeof(key), "%d %s %s %u %u", point->kind, point->name, point->file, point->line,
             point->column);
    HASH_FIND_STR(points->places, key, place);
    if (place == NULL) {
        place = new_place(point, key);
        if (place == NULL)
            return false;
        HASH_ADD_KEYPTR(hh, points->places, place->key, strlen(place->key), place);
    }
    place->count += point->count;
    return true;
}

/* ---- By file ---- */

static struct code_file *file_of(struct code_coverage *coverage, enum code_language language,
                                 const char *path)
{
    struct code_file *files = coverage->files[language];
    size_t count = coverage->file_count[language];

    for (size_t i = 0; i < count; i++)
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    struct code_file *more = realloc(files, (count + 1) * sizeof(*files));
    if (more == NULL)
        return NULL;
    coverage->files[language] = files = more;
    files[count] = (struct code_file){.path = strdup(path)};
    if (files[count].path == NULL)
        return NULL;
    coverage->file_count[language]++;
    return &files[count];
}

static int compare_paths(const void *a, const void *b)
{
    const struct code_file *x = a, *y = b;

    return strcmp(x->path, y->path);
}

static int compare_lines(const void *a, const void *b)
{
    const struct code_line *x = a, *y = b;

    return x->line < y->line ? -1 : x->line > y->line;
}

/* A line is only as good as that of its parts that ran least. */
static bool note_line(struct code_file *file, unsigned line, uint64_t count)
{
    struct code_line *lines;

    for (size_t i = 0; i < file->line_count; i++)
        if (file->lines[i].line == line) {
            if (count < file->lines[i].count)
                file->lines[i].count = count;
            return true;
        }
    lines = realloc(file->lines, (file->line_count + 1) * sizeof(*lines));
    if (lines == NULL)
        return false;
    file->lines = lines;
    lines[file->line_count++] = (struct code_line){.line = line, .count = count};
    return true;
}

/* "12-14,17" */
static bool note_lines(struct code_file *file, const struct place *place)
{
    const char *at = place->lines;

    while (*at != '\0') {
        char *end;
        unsigned long first = strtoul(at, &end, 10), last = first;

        if (*end == '-')
            last = strtoul(end + 1, &end, 10);
        for (unsigned long line = first; line <= last && line < MAX_LINES; line++)
            if (!note_line(file, (unsigned)line, place->count))
                return false;
        if (end == at)
            return true;
        at = *end == ',' ? end + 1 : end;
    }
    return true;
}

static char *read_source(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t size = 0;

    if (file != NULL) {
        FILE *copy = open_memstream(&text, &size);
        int next;

        while (copy != NULL && (next = getc(file)) != EOF && size < MAX_SOURCE_BYTES)
            putc(next, copy);
        if (copy == NULL || fclose(copy) != 0) {
            free(text);
            text = NULL;
        }
        fclose(file);
    }
    if (text == NULL)
        fprintf(stderr, "%s: %s\n", path, errno != 0 ? strerror(errno) : "cannot be read");
    return text;
}

/* Gives each line its text: the source becomes strings without the blanks around them. */
static int cut_source(struct code_file *file)
{
    unsigned number = 0;
    size_t next = 0;
    char *at;

    file->text = at = read_source(file->path);
    if (at == NULL)
        return -1;
    while (*at != '\0' && next < file->line_count) {
        char *end = at + strcspn(at, "\n"), *last = end, *following = *end != '\0' ? end + 1 : end;

        at += strspn(at, " \t");
        while (last > at && (last[-1] == ' ' || last[-1] == '\t'))
            last--;
        *last = '\0';
        if (file->lines[next].line == ++number)
            file->lines[next++].text = at;
        at = following;
    }
    if (next == file->line_count)
        return 0;
    fprintf(stderr, "%s: has no line %u: counted with other sources\n", file->path, file->lines[next].line);
    return -1;
}

static const struct waiver *waiver_of(const struct code_file *file, const struct code_line *line)
{
    for (const struct waiver *waiver = waivers; waiver->file != NULL; waiver++)
        if (strcmp(waiver->file, file->path) == 0 && strstr(line->text, waiver->text) != NULL)
            return waiver;
    return NULL;
}

static void sum_lines(struct code_file *file)
{
    for (size_t i = 0; i < file->line_count; i++) {
        struct code_line *line = &file->lines[i];
        const struct waiver *waiver = line->count == 0 ? waiver_of(file, line) : NULL;

        line->waiver = waiver != NULL ? waiver->reason : NULL;
        file->totals.lines++;
        file->totals.lines_run += line->count > 0;
        file->totals.lines_waived += waiver != NULL;
    }
}

size_t code_coverage_stale_waivers(const struct code_coverage *coverage)
{
    size_t stale = 0;

    for (const struct waiver *waiver = waivers; waiver->file != NULL; waiver++) {
        bool used = false;

        for (unsigned language = 0; language < CODE_LANGUAGES; language++)
            for (size_t i = 0; i < coverage->file_count[language]; i++) {
                const struct code_file *file = &coverage->files[language][i];

                for (size_t k = 0; k < file->line_count; k++)
                    used |= file->lines[k].count == 0 && waiver_of(file, &file->lines[k]) == waiver;
            }
        if (!used)
            fprintf(stderr,
                    "tb/code_waivers.def: no line of %s that did not run has '%s': the waiver is stale\n",
                    waiver->file, waiver->text);
        stale += !used;
    }
    return stale;
}

/* ---- Toggles ---- */

/* A bit of a signal, "va_q[3][17]": base "va_q[3]", bit 17; without brackets bit -1. */
struct bit {
    const char *name;
    size_t base;
    long number;
    bool toggled;
};

static int compare_bits(const void *a, const void *b)
{
    const struct bit *x = a, *y = b;
    size_t length = x->base < y->base ? x->base : y->base;
    int order = strncmp(x->name, y->name, length);

    if (order == 0 && x->base != y->base)
        order = x->base < y->base ? -1 : 1;
    return order != 0 ? order : x->number > y->number ? -1 : x->number < y->number;
}

static bool same_signal(const struct bit *a, const struct bit *b)
{
    return a->base == b->base && strncmp(a->name, b->name, a->base) == 0;
}

static bool list_untoggled(struct code_file *file, const struct bit *first, const struct bit *last)
{
    char **grown = realloc(file->untoggled, (file->untoggled_count + 1) * sizeof(*grown));
    char *text;
    int written;

    if (grown == NULL)
        return false;
    file->untoggled = grown;
    if (first->number < 0)
        written = asprintf(&text, "%s", first->name);
    else if (first == last)
        written = asprintf(&text, "%.*s[%ld]", (int)first->base, first->name, first->number);
    else
        written =
            asprintf(&text, "%.*s[%ld:%ld]", (int)first->base, first->name, first->number, last->number);
    if (written < 0)
        return false;
    file->untoggled[file->untoggled_count++] = text;
    return true;
}

/* Runs of neighbouring bits that never changed. */
static bool list_all_untoggled(struct code_file *file, struct bit *bits, size_t count)
{
    qsort(bits, count, sizeof(*bits), compare_bits);
    for (size_t i = 0; i < count; i++) {
        size_t end = i;

        if (bits[i].toggled)
            continue;
        while (end + 1 < count && !bits[end + 1].toggled && same_signal(&bits[i], &bits[end + 1]) &&
               bits[end + 1].number == bits[end].number - 1)
            end++;
        if (!list_untoggled(file, &bits[i], &bits[end]))
            return false;
        i = end;
    }
    return true;
}

static struct bit bit_of(const struct place *place)
{
    const char *bracket = strrchr(place->name, '[');

    return (struct bit){
        .name = place->name,
        .base = bracket != NULL ? (size_t)(bracket - place->name) : strlen(place->name),
        .number = bracket != NULL ? strtol(bracket + 1, NULL, 10) : -1,
        .toggled = place->count > 0,
    };
}

static bool sum_toggles(struct code_file *file, const struct code_points *points)
{
    struct bit *bits = NULL;
    size_t count = 0;
    bool listed;

    for (const struct place *place = points->places; place != NULL; place = place->hh.next) {
        struct bit *grown;

        if (place->kind != POINT_TOGGLE || strcmp(place->file, file->path) != 0)
            continue;
        if ((count & (count - 1)) == 0) {
            grown = realloc(bits, (count > 0 ? 2 * count : 1) * sizeof(*bits));
            if (grown == NULL) {
                free(bits);
                return false;
            }
            bits = grown;
        }
        bits[count++] = bit_of(place);
        file->totals.toggles++;
        file->totals.toggled += place->count > 0;
    }
    listed = count == 0 || list_all_untoggled(file, bits, count);
    free(bits);
    return listed;
}

/* ---- All of it ---- */

static bool sort_points(struct code_coverage *coverage, const struct code_points *points)
{
    for (const struct place *place = points->places; place != NULL; place = place->hh.next) {
        struct code_file *file = file_of(coverage, place->language, place->file);

        if (file == NULL || !note_lines(file, place))
            return false;
        if (place->kind == POINT_BRANCH) {
            file->totals.branches++;
            file->totals.branches_taken += place->count > 0;
        }
    }
    return true;
}

static void add_totals(struct code_totals *sum, const struct code_totals *totals)
{
    sum->lines += totals->lines;
    sum->lines_run += totals->lines_run;
    sum->lines_waived += totals->lines_waived;
    sum->branches += totals->branches;
    sum->branches_taken += totals->branches_taken;
    sum->toggles += totals->toggles;
    sum->toggled += totals->toggled;
}

int code_coverage_make(struct code_coverage *coverage, const struct code_points *points)
{
    *coverage = (struct code_coverage){0};
    if (!sort_points(coverage, points)) {
        fprintf(stderr, "twinwalk code-coverage: out of memory\n");
        return -1;
    }
    for (unsigned language = 0; language < CODE_LANGUAGES; language++) {
        struct code_file *files = coverage->files[language];

        if (coverage->file_count[language] > 0)
            qsort(files, coverage->file_count[language], sizeof(*files), compare_paths);
        for (size_t i = 0; i < coverage->file_count[language]; i++) {
            if (files[i].line_count > 0)
                qsort(files[i].lines, files[i].line_count, sizeof(*files[i].lines), compare_lines);
            if (cut_source(&files[i]) != 0)
                return -1;
            sum_lines(&files[i]);
            if (!sum_toggles(&files[i], points)) {
                fprintf(stderr, "twinwalk code-coverage: out of memory\n");
                return -1;
            }
            add_totals(&coverage->totals[language], &files[i].totals);
        }
    }
    return 0;
}

void code_coverage_free(struct code_coverage *coverage)
{
    for (unsigned language = 0; language < CODE_LANGUAGES; language++) {
        for (size_t i = 0; i < coverage->file_count[language]; i++) {
            struct code_file *file = &coverage->files[language][i];

            for (size_t k = 0; k < file->untoggled_count; k++)
                free(file->untoggled[k]);
            free(file->untoggled);
            free(file->lines);
            free(file->text);
            free(file->path);
        }
        free(coverage->files[language]);
    }
}
