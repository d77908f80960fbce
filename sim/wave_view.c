/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_view.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_DIFFERENCES = 4, MOST_DIFFERENCES = 40, MOST_ELEMENTS = 8, WIDE = 64, PATH_LENGTH = 512 };

struct builder {
    struct wave_view *view;
    struct fst_file *wave;
    const char *file;
    unsigned line, open;
};

/* The row to be filled in, or NULL. */
static struct wave_row *add_row(struct builder *b, enum wave_row_kind kind, const char *label)
{
    struct wave_view *view = b->view;
    if (!(view->count & (view->count - 1))) {
        size_t room = view->count ? 2 * view->count : 1;
        struct wave_row *grown = realloc(view->rows, room * sizeof(*grown));
        if (!grown)
            return NULL;
        view->rows = grown;
    }
    struct wave_row *row = &view->rows[view->count++];
    *row = (struct wave_row){.kind = kind, .label = label ? strdup(label) : NULL};
    return row;
}

/* `path` is shown behind what says whose it is. */
static void add_signal(struct builder *b, const struct fst_signal *signal, const char *path,
                       enum wave_side side, enum wave_radix radix, uint32_t table)
{
    static const char *const whose[] = {
        [SIDE_NONE] = "", [SIDE_RTL] = "RTL ", [SIDE_MODEL] = "C   ", [SIDE_DIFFERENCE] = "DIFF "};
    struct wave_row *row = add_row(b, ROW_SIGNAL, NULL);
    if (!row || asprintf(&row->label, "%s%s", whose[side], path) < 0)
        return;
    /* GTKWave shows what is behind the last dot. */
    for (char *dot = strchr(row->label, '.'); dot; dot = strchr(dot, '.'))
        *dot = '/';
    row->signal = signal;
    row->table = table;
    row->radix = radix;
    row->side = side;
}

/* * stands for any text, dots too. */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (;; text++) {
                if (matches(pattern + 1, text))
                    return true;
                if (!*text)
                    return false;
            }
        }
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

/* The signal whose path the format makes. */
static const struct fst_signal *find(const struct builder *b, const char *format, ...)
{
    const struct fst_signal *signal = NULL;
    va_list arguments;
    char *path;

    va_start(arguments, format);
    if (vasprintf(&path, format, arguments) >= 0) {
        signal = fst_file_find(b->wave, path);
        free(path);
    }
    va_end(arguments);
    return signal;
}

/* The signal of the RTL with the path of one of the model: inside the top module, or one of its ports. */
static const struct fst_signal *rtl_signal(const struct builder *b, const char *path)
{
    const struct fst_signal *inside = find(b, "TOP.mmu.%s", path);
    return inside ? inside : find(b, "TOP.%s", path);
}

/* RTL above C model, as far as there are both; the RTL has no names of its own. */
static void add_pair(struct builder *b, const struct fst_signal *rtl, const struct fst_signal *model,
                     const char *path, enum wave_radix radix)
{
    const struct fst_signal *const pair[] = {rtl, model};
    for (unsigned i = 0; i < 2; i++) {
        if (pair[i])
            add_signal(b, pair[i], path, i ? SIDE_MODEL : SIDE_RTL, radix, model ? model->table : 0);
    }
}

static void add_twin(struct builder *b, const char *path, enum wave_radix radix)
{
    add_pair(b, rtl_signal(b, path), find(b, "cmodel.%s", path), path, radix);
}

/* The two texts of an entry of an array, where there are any. */
static void add_entry_texts(struct builder *b, const char *array, int length, unsigned entry)
{
    const struct fst_signal *rtl = find(b, "states.rtl.%.*s.entry_%u", length, array, entry);
    if (rtl)
        add_pair(b, rtl, find(b, "states.cmodel.%.*s.entry_%u", length, array, entry),
                 rtl->path + strlen("states.rtl."), RADIX_HEX);
}

/* A signal of `diff`: since when, and what its bits were then. */
struct difference {
    const struct fst_signal *signal;
    uint64_t since;
    char *bits;
};

struct differences {
    struct difference *list;
    size_t count;
};

static void note_change(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct differences *d = self;
    for (size_t i = 0; i < d->count; i++) {
        if (d->list[i].signal->handle != handle || d->list[i].bits || !strchr(value, '1'))
            continue;
        d->list[i].since = time;
        d->list[i].bits = strdup(value);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct difference *x = a, *y = b;
    if (!x->bits != !y->bits)
        return x->bits ? -1 : 1;
    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return x->signal < y->signal ? -1 : x->signal > y->signal;
}

/* A row that says which elements differ, by number, where a wide value cannot be read. */
static void add_element_numbers(struct builder *b, const char *bits)
{
    char text[160] = "which differ:";
    unsigned width = (unsigned)strlen(bits), shown = 0;

    for (unsigned i = 0; i < width && shown <= MOST_ELEMENTS; i++) {
        size_t used = strlen(text);
        if (bits[width - 1 - i] != '1')
            continue;
        if (shown++ < MOST_ELEMENTS)
            snprintf(text + used, sizeof(text) - used, " %u", i);
        else
            snprintf(text + used, sizeof(text) - used, " ...");
    }
    add_row(b, ROW_COMMENT, text);
}

/* What differs: the register of both sides, or the elements of it that do. */
static void add_difference(struct builder *b, const struct difference *difference)
{
    const char *path = difference->signal->path + strlen("diff."), *name = strrchr(path, '.');
    const char *bits = difference->bits;
    unsigned width = (unsigned)strlen(bits), shown = 0;

    bool wide = width > WIDE;
    add_signal(b, difference->signal, path, SIDE_DIFFERENCE, width > 1 && !wide ? RADIX_BIN : RADIX_HEX, 0);
    if (wide)
        add_element_numbers(b, bits);
    else if (find(b, "cmodel.%s", path))
        add_twin(b, path, RADIX_HEX);
    bool array = name && (!strcmp(name, ".valid_q") || !strcmp(name, ".tag_q") || !strcmp(name, ".data_q"));
    for (unsigned i = 0; i < width && shown < MOST_ELEMENTS; i++) {
        if (bits[width - 1 - i] != '1')
            continue;
        const struct fst_signal *element = find(b, "cmodel.%s[%u]", path, i);
        if (element)
            add_twin(b, element->path + strlen("cmodel."), RADIX_HEX);
        if (array)
            add_entry_texts(b, path, (int)(name - path), i);
        shown++;
    }
}

static int add_differences(struct builder *b)
{
    struct differences d = {.list = calloc(b->wave->count + 1, sizeof(*d.list))};
    const struct fst_signal **signals = calloc(b->wave->count + 1, sizeof(struct fst_signal *));
    if (!d.list || !signals) {
        free(d.list);
        free(signals);
        return -1;
    }
    for (size_t i = 0; i < b->wave->count; i++) {
        const struct fst_signal *signal = &b->wave->signals[i];
        if (strncmp(signal->path, "diff.", 5) == 0 && strcmp(signal->path, "diff.any") != 0 &&
            strcmp(signal->path, "diff.first_cycle") != 0) {
            signals[d.count] = signal;
            d.list[d.count++].signal = signal;
        }
    }
    fst_file_changes(b->wave, signals, d.count, note_change, &d);
    qsort(d.list, d.count, sizeof(*d.list), by_time);
    bool later = false;
    for (size_t i = 0; i < d.count && i < MOST_DIFFERENCES && d.list[i].bits; i++) {
        if (i >= FIRST_DIFFERENCES && !later && d.list[i].since > d.list[0].since) {
            later = true;
            add_row(b, ROW_CLOSED_GROUP, "what differs later");
        }
        add_difference(b, &d.list[i]);
    }
    if (later)
        add_row(b, ROW_END, "what differs later");
    if (d.count == 0 || !d.list[0].bits)
        add_row(b, ROW_COMMENT, "RTL and C model do not differ");
    for (size_t i = 0; i < d.count; i++)
        free(d.list[i].bits);
    free(d.list);
    free(signals);
    return 0;
}

/* The model's signals lie in the file in the order of their scopes: those of a scope make a group. */
static int add_blocks(struct builder *b)
{
    char open[PATH_LENGTH] = "";
    for (size_t i = 0; i < b->wave->count; i++) {
        const char *path = b->wave->signals[i].path;
        if (strncmp(path, "cmodel.", 7) != 0)
            continue;
        path += 7;
        const char *name = strrchr(path, '.');
        char scope[PATH_LENGTH];
        snprintf(scope, sizeof(scope), "%.*s", name ? (int)(name - path) : 5, name ? path : "ports");
        if (strcmp(scope, open) != 0) {
            if (*open)
                add_row(b, ROW_END, open);
            snprintf(open, sizeof(open), "%s", scope);
            add_row(b, ROW_CLOSED_GROUP, open);
        }
        const struct fst_signal *difference = find(b, "diff.%s", path);
        add_twin(b, path, RADIX_HEX);
        if (difference)
            add_signal(b, difference, path, SIDE_DIFFERENCE, RADIX_BIN, 0);
    }
    if (*open)
        add_row(b, ROW_END, open);
    return 0;
}

static int refuse(const struct builder *b, const char *what, const char *word)
{
    fprintf(stderr, "%s:%u: %s%s%s%s\n", b->file, b->line, what, *word ? " '" : "", word, *word ? "'" : "");
    return -1;
}

/* Signals whose path below `prefix` matches; how many. */
static size_t add_matching(struct builder *b, const char *prefix, const char *pattern, enum wave_radix radix)
{
    size_t found = 0, length = strlen(prefix);
    for (size_t i = 0; i < b->wave->count; i++) {
        const struct fst_signal *signal = &b->wave->signals[i];
        if (strncmp(signal->path, prefix, length) != 0 || !matches(pattern, signal->path + length))
            continue;
        const char *path = signal->path + length;
        if (strcmp(prefix, "cmodel.") == 0)
            add_twin(b, path, radix);
        else if (length)
            add_pair(b, signal, find(b, "states.cmodel.%s", path), path, radix);
        else
            add_signal(b, signal, signal->path, SIDE_NONE, radix, signal->table);
        found++;
    }
    return found;
}

static int add_signals(struct builder *b, const char *keyword, const char *rest)
{
    static const char *const radixes[] = {"hex", "dec", "bin"};
    char pattern[PATH_LENGTH] = "", word[16] = "hex", more[2] = "";
    bool optional = keyword[strlen(keyword) - 1] == '?';
    unsigned radix = 0;

    if (sscanf(rest, "%511s %15s %1s", pattern, word, more) < 1 || *more)
        return refuse(b, "a pattern of signals is expected, and perhaps a radix", "");
    while (radix < 3 && strcmp(word, radixes[radix]) != 0)
        radix++;
    if (radix == 3)
        return refuse(b, "a radix is hex, dec or bin, not", word);
    const char *prefix = *keyword == 't' ? "cmodel." : keyword[1] == 't' ? "states.rtl." : "";
    if (!add_matching(b, prefix, pattern, (enum wave_radix)radix) && !optional)
        return refuse(b, "the wave has no signal", pattern);
    return 0;
}

static int add_line(struct builder *b, char *line)
{
    char keyword[16] = "";
    int length = 0;

    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, " %15s %n", keyword, &length) < 1 || *keyword == '#')
        return 0;
    const char *rest = line + length;
    if (strcmp(keyword, "title") == 0) {
        free(b->view->title);
        b->view->title = strdup(rest);
        return b->view->title && add_row(b, ROW_COMMENT, rest) ? 0 : refuse(b, "out of memory", "");
    }
    if (strcmp(keyword, "group") == 0 || strcmp(keyword, "closed") == 0) {
        b->open++;
        return add_row(b, *keyword == 'g' ? ROW_GROUP : ROW_CLOSED_GROUP, rest) ? 0 : -1;
    }
    if (strcmp(keyword, "end") == 0) {
        if (!b->open)
            return refuse(b, "no group is open", "");
        b->open--;
        return add_row(b, ROW_END, "") ? 0 : -1;
    }
    if (strcmp(keyword, "differences") == 0)
        return add_differences(b);
    if (strcmp(keyword, "blocks") == 0)
        return add_blocks(b);
    static const char *const signals[] = {"show", "twin", "state"};
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        size_t word = strlen(signals[i]);
        if (strncmp(keyword, signals[i], word) == 0 && (!keyword[word] || strcmp(keyword + word, "?") == 0))
            return add_signals(b, keyword, rest);
    }
    return refuse(b, "not a line of a view:", keyword);
}

int wave_view_read(struct wave_view *view, const char *path, struct fst_file *wave)
{
    struct builder b = {.view = view, .wave = wave, .file = path};
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    int failed = 0;

    *view = (struct wave_view){0};
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    while (!failed && getline(&line, &room, file) >= 0) {
        b.line++;
        failed = add_line(&b, line);
    }
    if (!failed && b.open)
        failed = refuse(&b, "a group is not closed", "");
    free(line);
    fclose(file);
    if (failed)
        wave_view_free(view);
    return failed;
}

void wave_view_free(struct wave_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        free(view->rows[i].label);
    free(view->rows);
    free(view->title);
    *view = (struct wave_view){0};
}
