/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wave_rows.h"

enum { FIRST_DIFFERENCES = 4, MOST_DIFFERENCES = 40, MOST_ELEMENTS = 8, MOST_ENTRIES = 4, WIDE = 64 };

/* A signal of `diff`: since when, and what its bits were then. */
struct difference {
    const struct fst_signal *signal;
    uint64_t since;
    char *bits;
};

struct differences {
    struct difference *list;
    size_t count;
    size_t first_row; /* of the view that is about them */
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

/* What several registers of an array have in common is shown once. */
static bool is_shown(const struct wave_builder *b, const struct differences *d,
                     const struct fst_signal *signal)
{
    for (size_t i = d->first_row; i < b->view->count; i++)
        if (b->view->rows[i].signal == signal)
            return true;
    return false;
}

/* The path of a TLB's or walk cache's array, of which the difference is a part; its length, or 0. */
static int array_length(const struct wave_builder *b, const char *path)
{
    static const char *const parts[] = {".valid_q", ".tag_q", ".data_q", ".repl.repl_q"};
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t part = strlen(parts[i]);
        if (length > part && strcmp(path + length - part, parts[i]) == 0 &&
            wave_find(b, "diff.%.*s.repl.repl_q", (int)(length - part), path))
            return (int)(length - part);
    }
    return 0;
}

/* Rows that say which elements differ: by set and way in an array, else by number. */
static void add_places(struct wave_builder *b, const char *path, int array, const char *bits)
{
    enum { PER_ROW = 3 }; /* the longest row decides how much of the window is names */
    char text[128] = "";
    unsigned width = (unsigned)strlen(bits), shown = 0;
    const struct fst_signal *sets = wave_find(b, "diff.%.*s.repl.repl_q", array, path);
    const struct fst_signal *entries = wave_find(b, "diff.%.*s.valid_q", array, path);
    unsigned ways = sets && entries && sets->bits ? entries->bits / sets->bits : 0;

    for (unsigned i = 0; i < width && shown <= MOST_ELEMENTS; i++) {
        if (bits[width - 1 - i] != '1')
            continue;
        if (shown && shown % PER_ROW == 0) {
            wave_add_row(b, ROW_COMMENT, text);
            text[0] = '\0';
        }
        size_t used = strlen(text);
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", used ? ", " : "which differ: ");
        if (shown++ == MOST_ELEMENTS)
            snprintf(text + used, sizeof(text) - used, "...");
        else if (array && ways && width == entries->bits)
            snprintf(text + used, sizeof(text) - used, "set %u way %u", i / ways, i % ways);
        else
            snprintf(text + used, sizeof(text) - used, array ? "set %u" : "%u", i);
    }
    wave_add_row(b, ROW_COMMENT, text);
}

/* What differs: the register of both sides, or the elements of it that do. */
static void add_difference(struct wave_builder *b, const struct differences *d,
                           const struct difference *difference)
{
    const char *path = difference->signal->path + strlen("diff.");
    const char *bits = difference->bits;
    unsigned width = (unsigned)strlen(bits), shown = 0;
    int array = array_length(b, path);

    wave_add_signal(b, difference->signal, path, SIDE_DIFFERENCE, RADIX_OWN, 0);
    if (array || width > WIDE)
        add_places(b, path, array, bits);
    if (width <= WIDE && wave_find(b, "cmodel.%s", path))
        wave_add_twin(b, path, RADIX_OWN);
    for (unsigned i = 0; i < width && shown < MOST_ELEMENTS; i++) {
        if (bits[width - 1 - i] != '1')
            continue;
        const struct fst_signal *element = wave_find(b, "cmodel.%s[%u]", path, i);
        if (element)
            wave_add_twin(b, element->path + strlen("cmodel."), RADIX_OWN);
        const struct fst_signal *entry = wave_find(b, "states.rtl.%.*s.entry_%u", array, path, i);
        if (array && entry && !is_shown(b, d, entry))
            wave_add_states(b, "%.*s.entry_%u", array, path, i);
        shown++;
    }
    const struct fst_signal *first = wave_find(b, "states.rtl.%.*s.differs", array, path);
    if (array && first && !is_shown(b, d, first))
        wave_add_states(b, "%.*s.differs", array, path);
}

/* The value of a signal at some time. */
struct reading {
    uint64_t time, value;
};

static void note_value(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct reading *reading = self;
    (void)handle;
    if (time <= reading->time)
        reading->value = strtoull(value, NULL, 2);
}

static uint64_t value_at(struct wave_builder *b, const struct fst_signal *signal, uint64_t time)
{
    struct reading reading = {.time = time};
    if (signal)
        fst_file_changes(b->wave, &signal, 1, note_value, &reading);
    return reading.value;
}

/* The entries of the miss queue that began to differ first, and those that they have joined on either side.
 */
static uint64_t entries_concerned(struct wave_builder *b, const struct differences *d)
{
    static const char *const sides[] = {"TOP.mmu", "cmodel"};
    uint64_t entries = 0, since = d->list[0].since;
    unsigned size = 0;

    while (size < WIDE && wave_find(b, "states.rtl.u_miss_queue.entry[%u]", size))
        size++;
    for (size_t i = 0; i < d->count && d->list[i].bits && d->list[i].since == since; i++)
        if (strncmp(d->list[i].signal->path, "diff.u_miss_queue.", 18) == 0 &&
            strlen(d->list[i].bits) == size)
            entries |= strtoull(d->list[i].bits, NULL, 2);
    uint64_t leaders = 0;
    for (unsigned e = 0; e < size; e++)
        for (unsigned side = 0; side < 2 && entries >> e & 1; side++)
            if (value_at(b, wave_find(b, "%s.u_miss_queue.merged_q", sides[side]), since) >> e & 1)
                leaders |=
                    1ull << value_at(b, wave_find(b, "%s.u_miss_queue.leader_q[%u]", sides[side], e), since);
    return entries | leaders;
}

/* Texts of one time. */
struct texts {
    struct wave_builder *b;
    const struct fst_signal *const *lanes;
    size_t count;
    uint64_t time;
};

/* What is between `begin` and the first `end` behind it, if both are there, goes. */
static void cut(char *begin, char end)
{
    char *rest = begin ? strchr(begin, end) : NULL;
    if (rest)
        memmove(begin, rest, strlen(rest) + 1);
}

/* "(VA 0x1000 PCID ... key 0)" and "access 5, va 0x1000: ..." are longer than need be; what drops it is told
 * beside. */
static size_t shorten(char *text, bool of_entry)
{
    char *entry = strstr(text, "(VA ");
    cut(entry ? strchr(entry + 4, ' ') : NULL, ')');
    char *by = strncmp(text, "dropped ", 8) == 0 ? strstr(text, ") by ") : NULL;
    if (by && !strstr(by, "overlaps"))
        by[1] = '\0';
    if (of_entry)
        cut(strstr(text, ", va 0x"), ':');
    return strlen(text);
}

/* A text as comments, of which none makes the names wider than need be. */
static void add_wrapped(struct wave_builder *b, const char *lane, const char *whole, size_t length)
{
    enum { ROW = 74 };
    char row[2 * ROW];
    char *copy = strndup(whole, length);
    const char *text = copy;
    /* Other texts say themselves what they are about. */
    bool of_entry = strncmp(lane, "entry_", 6) == 0;
    length = copy ? shorten(copy, of_entry) : 0;
    int used = snprintf(row, sizeof(row), "%s", of_entry ? lane : "");

    while (length) {
        size_t word = strcspn(text, " ");
        word = word < ROW ? word : ROW;
        if (word > length)
            word = length;
        if ((size_t)used + word + 1 > ROW) {
            wave_add_row(b, ROW_COMMENT, row);
            used = snprintf(row, sizeof(row), "   ");
        }
        used += snprintf(row + used, sizeof(row) - (size_t)used, "%s%.*s", used ? " " : "", (int)word, text);
        text += word;
        length -= word;
        while (length && *text == ' ') {
            text++;
            length--;
        }
    }
    wave_add_row(b, ROW_COMMENT, row);
    free(copy);
}

/* Each event of a text, which has bars between them. */
static void take_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    const struct texts *texts = self;
    const char *lane = NULL;

    for (size_t i = 0; i < texts->count && time == texts->time; i++)
        if (texts->lanes[i]->handle == handle)
            lane = texts->lanes[i]->path + strlen("events.");
    value += strspn(value, " ");
    while (lane && *value) {
        const char *bar = strstr(value, " | ");
        size_t length = bar ? (size_t)(bar - value) : strlen(value);
        add_wrapped(texts->b, lane, value, length);
        value += length + (bar ? 3 : 0);
    }
}

/* What the model did at the clock edge that the first difference comes from: the lanes are too narrow for it.
 */
static void add_cause(struct wave_builder *b, const struct differences *d, uint64_t entries)
{
    static const char group[] = "what the C model did in the cycle before";
    static const char *const names[] = {"invalidation", "fill", "evict", "drop"};
    const struct fst_signal *lanes[sizeof(names) / sizeof(names[0]) + WIDE];
    size_t rows = b->view->count;
    struct texts texts = {.b = b, .lanes = lanes, .time = d->list[0].since - 2};

    if (d->list[0].since < 2)
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) + WIDE; i++) {
        unsigned e = (unsigned)(i - sizeof(names) / sizeof(names[0]));
        const struct fst_signal *lane = i < sizeof(names) / sizeof(names[0])
                                            ? wave_find(b, "events.%s", names[i])
                                        : entries >> e & 1 ? wave_find(b, "events.entry_%u", e)
                                                           : NULL;
        if (lane)
            lanes[texts.count++] = lane;
    }
    wave_add_row(b, ROW_GROUP, group);
    fst_file_changes(b->wave, lanes, texts.count, take_text, &texts);
    if (b->view->count == rows + 1)
        wave_add_row(b, ROW_COMMENT, "nothing that has words");
    wave_add_row(b, ROW_END, group);
}

/* What the entries of the miss queue that differ hold, and what happened to them, in words. */
static void add_entries(struct wave_builder *b, const struct differences *d, uint64_t entries)
{
    static const char group[] = "entries of the miss queue concerned";
    static const char *const fields[] = {"va_q", "attr_q"};

    if (entries)
        wave_add_row(b, ROW_GROUP, group);
    for (unsigned e = 0, shown = 0; e < WIDE && shown < MOST_ENTRIES; e++) {
        if (!(entries >> e & 1))
            continue;
        const struct fst_signal *events = wave_find(b, "events.entry_%u", e);
        if (events)
            wave_add_signal(b, events, events->path, SIDE_NONE, RADIX_OWN, 0);
        wave_add_states(b, "u_miss_queue.entry[%u]", e);
        for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
            const struct fst_signal *field = wave_find(b, "cmodel.u_miss_queue.%s[%u]", fields[i], e);
            if (field && !is_shown(b, d, field))
                wave_add_signal(b, field, field->path + strlen("cmodel."), SIDE_MODEL, RADIX_OWN,
                                field->table);
        }
        shown++;
    }
    if (entries)
        wave_add_row(b, ROW_END, group);
}

int wave_add_differences(struct wave_builder *b)
{
    struct differences d = {.list = calloc(b->wave->count + 1, sizeof(*d.list)), .first_row = b->view->count};
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
    if (d.count && d.list[0].bits) {
        uint64_t entries = entries_concerned(b, &d);
        add_cause(b, &d, entries);
        add_entries(b, &d, entries);
    }
    for (size_t i = 0; i < d.count && i < MOST_DIFFERENCES && d.list[i].bits; i++) {
        if (i >= FIRST_DIFFERENCES && !later && d.list[i].since > d.list[0].since) {
            later = true;
            wave_add_row(b, ROW_CLOSED_GROUP, "what differs later");
        }
        add_difference(b, &d, &d.list[i]);
    }
    if (later)
        wave_add_row(b, ROW_END, "what differs later");
    if (d.count == 0)
        wave_add_row(b, ROW_COMMENT, "the wave does not tell: it has no scope `diff`");
    else if (!d.list[0].bits)
        wave_add_row(b, ROW_COMMENT, "RTL and C model do not differ");
    for (size_t i = 0; i < d.count; i++)
        free(d.list[i].bits);
    free(d.list);
    free(signals);
    return 0;
}
