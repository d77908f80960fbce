/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_save.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output_file.h"
#include "wave_names.h"

/* Flags of a row, as GTKWave writes them. */
enum {
    FLAG_HEX = 0x22,
    FLAG_DEC = 0x24,
    FLAG_BIN = 0x28,
    FLAG_FILE = 0x2000, /* values are named by a file, */
    FLAG_COMMENT = 0x200,
    FLAG_GROUP = 0x800200,
    FLAG_CLOSED_GROUP = 0xc00200,
    FLAG_END = 0x1000200,
    FLAG_CLOSED_END = 0x1400200,
};

static const char own_names[] = "100000028"; /* ... or by the FST's own table */

enum { COLOUR_RED = 1, COLOUR_YELLOW = 3, COLOUR_GREEN = 4, COLOUR_BLUE = 5 };

enum {
    WIDTH = 1680,
    HEIGHT = 980,
    CHARACTER = 8,     /* pixels */
    VALUES_WIDTH = 90, /* at the cursor, behind the names */
    BORDERS = 60,
    FRAME = 200,       /* pixels for 2^zoom units of time */
    MARKER_WIDTH = 45, /* of the name of a marker */
    MARKERS = 26,      /* with a letter each */
};

/* At that zoom, in tenths of a doubling of time. */
static double pixels(uint64_t duration, unsigned zoom)
{
    return (double)duration * FRAME / exp2(zoom / 10.0);
}

/* The longest name decides where the values of all begin. */
static unsigned names_width(const struct wave_view *view)
{
    size_t longest = 0;
    for (size_t i = 0; i < view->count; i++)
        if (view->rows[i].label && strlen(view->rows[i].label) > longest)
            longest = strlen(view->rows[i].label);
    size_t width = CHARACTER * longest + VALUES_WIDTH;
    return width < WIDTH / 2 ? (unsigned)width : WIDTH / 2;
}

/* Marks of one cycle are one, with the names of all: the viewer would write one upon the other. */
static bool is_first_of_time(const struct wave_marks *marks, unsigned mark)
{
    for (unsigned i = 0; i < mark; i++)
        if (marks->time[i] == marks->time[mark])
            return false;
    return marks->time[mark] != UINT64_MAX;
}

/* No other marker is so near that the names would overlap; without one a marker bears its letter. */
static bool has_room(const struct wave_marks *marks, unsigned mark, unsigned zoom)
{
    uint64_t time = marks->time[mark];
    for (unsigned i = 0; i < MARKS; i++) {
        uint64_t other = marks->time[i];
        if (other != time && other != UINT64_MAX &&
            pixels(other > time ? other - time : time - other, zoom) < MARKER_WIDTH)
            return false;
    }
    return true;
}

static void print_times(FILE *out, const struct wave_view *view, const struct wave_marks *marks)
{
    const unsigned names = names_width(view);
    unsigned zoom = 0;

    while (pixels(marks->last - marks->first, zoom) > WIDTH - BORDERS - names)
        zoom++;
    fprintf(out, "[timestart] %" PRIu64 "\n[size] %d %d\n[pos] -1 -1\n*-%u.%u %" PRIu64, marks->first, WIDTH,
            HEIGHT, zoom / 10, zoom % 10, marks->focus);
    for (unsigned i = 0; i < MARKERS; i++)
        fprintf(out, " %" PRId64, i < MARKS && is_first_of_time(marks, i) ? (int64_t)marks->time[i] : -1);
    fputc('\n', out);
    for (unsigned i = 0; i < MARKS; i++) {
        if (!is_first_of_time(marks, i) || !has_room(marks, i, zoom))
            continue;
        fprintf(out, "[markername] %c%s", 'A' + i, marks->name[i]);
        for (unsigned k = i + 1; k < MARKS; k++)
            if (marks->time[k] == marks->time[i])
                fprintf(out, "+%s", marks->name[k]);
        fputc('\n', out);
    }
    fprintf(out, "[sst_expanded] 0\n[signals_width] %u\n", names);
}

/* "[2:0]" as it is; of one bit GTKWave makes "[0]". */
static void print_range(FILE *out, const char *range)
{
    unsigned high, low;
    if (sscanf(range, "[%u:%u]", &high, &low) == 2 && high == low)
        fprintf(out, "[%u]\n", high);
    else
        fprintf(out, "%s\n", range);
}

static void print_signal(FILE *out, const struct wave_row *row, const struct fst_file *wave,
                         const char *directory)
{
    static const unsigned radixes[] = {
        [RADIX_HEX] = FLAG_HEX, [RADIX_DEC] = FLAG_DEC, [RADIX_BIN] = FLAG_BIN};
    static const int colours[] = {[SIDE_NONE] = COLOUR_BLUE,
                                  [SIDE_RTL] = COLOUR_GREEN,
                                  [SIDE_MODEL] = COLOUR_YELLOW,
                                  [SIDE_DIFFERENCE] = COLOUR_RED};
    char *names = wave_names_of(row, wave);
    /* Those that the wave has itself GTKWave finds there. */
    bool own = names && row->signal->table && wave->names[row->signal->table - 1].count;

    fprintf(out, "[color] %d\n", colours[row->side]);
    if (own)
        fprintf(out, "@%s\n", own_names);
    else
        fprintf(out, "@%x\n", names ? FLAG_HEX | FLAG_FILE : radixes[row->radix]);
    if (names && !own)
        fprintf(out, "^1 %s/%s\n", directory, names);
    free(names);
    fprintf(out, "+{%s} %s", row->label, row->signal->path);
    print_range(out, row->signal->range);
}

static void print_rows(FILE *out, const struct wave_view *view, const struct fst_file *wave,
                       const char *directory)
{
    bool closed[64] = {false};
    unsigned depth = 0;

    for (size_t i = 0; i < view->count; i++) {
        const struct wave_row *row = &view->rows[i];
        switch (row->kind) {
        case ROW_SIGNAL:
            print_signal(out, row, wave, directory);
            break;
        case ROW_COMMENT:
            fprintf(out, "@%x\n-%s\n", FLAG_COMMENT, row->label);
            break;
        case ROW_GROUP:
        case ROW_CLOSED_GROUP:
            depth += depth < 63;
            closed[depth] = row->kind == ROW_CLOSED_GROUP;
            fprintf(out, "@%x\n-%s\n", closed[depth] ? FLAG_CLOSED_GROUP : FLAG_GROUP, row->label);
            break;
        case ROW_END:
            fprintf(out, "@%x\n-%s\n", closed[depth] ? FLAG_CLOSED_END : FLAG_END, row->label);
            depth -= depth > 0;
            break;
        }
    }
}

int wave_save(const struct wave_view *view, struct fst_file *wave, const struct wave_marks *marks,
              const char *wave_path, const char *path)
{
    char *absolute = realpath(wave_path, NULL);
    char directory[PATH_MAX], full[PATH_MAX];
    struct output_file file;

    snprintf(directory, sizeof(directory), "%s.names", path);
    if (wave_names_write(view, wave, directory) || !realpath(directory, full) ||
        output_file_open(&file, path)) {
        free(absolute);
        return -1;
    }
    fprintf(file.stream, "[*] Written by twinwalk wave\n[dumpfile] \"%s\"\n",
            absolute ? absolute : wave_path);
    print_times(file.stream, view, marks);
    print_rows(file.stream, view, wave, full);
    free(absolute);
    return output_file_commit(&file);
}
