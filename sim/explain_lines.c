/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_lines.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "event_parse.h"
#include "lane_text.h"

enum { EVENT_TEXT = 1700 };

/* A signal that is read. */
struct lane {
    const struct fst_signal *signal;
    char *last; /* of the operation, or an entry of the miss queue: what it holds; NULL: nothing */
};

struct reading {
    struct explain_lines *lines;
    struct lane *lanes;
    size_t lane_count;
    uint32_t operation, invalidation, rule; /* handles */
    bool short_of_memory;
};

static struct explain_line *add_line(struct reading *reading, uint64_t cycle, const char *text)
{
    struct explain_lines *lines = reading->lines;

    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 1024;
        struct explain_line *list = realloc(lines->list, room * sizeof(*list));
        reading->short_of_memory |= list == NULL;
        if (list == NULL)
            return NULL;
        lines->list = list;
        lines->room = room;
    }
    char *copy = strdup(text);
    reading->short_of_memory |= copy == NULL;
    if (copy == NULL)
        return NULL;
    struct explain_line *line = &lines->list[lines->count];
    *line = (struct explain_line){.cycle = cycle, .number = lines->count++, .text = copy};
    return line;
}

/* "miss queue 3, access 5, va 0x...: " at the beginning: its length. */
static size_t subject_length(const char *text)
{
    const char *end = strstr(text, ": ");
    return end ? (size_t)(end - text) : 0;
}

/* An entry of the miss queue is left by what it held when it holds nothing, or another access. */
static void take_dequeue(struct reading *reading, struct lane *lane, uint64_t cycle, const char *text)
{
    size_t length = lane->last ? subject_length(lane->last) : 0;
    if (length != 0 && strncmp(text, lane->last, length + 1) != 0) {
        char leaves[160];
        snprintf(leaves, sizeof(leaves), "%.*s: leaves, answered in the next cycle", (int)length, lane->last);
        add_line(reading, cycle, leaves);
    }
    free(lane->last);
    lane->last = *text ? strdup(text) : NULL;
    reading->short_of_memory |= *text && lane->last == NULL;
}

/* An operation is complete when its lane is empty, or has the next one. */
static void take_operation(struct reading *reading, struct lane *lane, uint64_t cycle, const char *value,
                           size_t length)
{
    if (lane->last != NULL) {
        struct explain_line *line = add_line(reading, cycle, "operation complete");
        if (line != NULL)
            line->operation = true;
    }
    free(lane->last);
    lane->last = length ? strndup(value, length) : NULL;
    reading->short_of_memory |= length && lane->last == NULL;
}

static void take_verdict(struct reading *reading, uint64_t cycle, const char *value)
{
    struct explain_lines *lines = reading->lines;
    if (*value == '\0' || lines->verdict != NULL)
        return;
    lines->verdict = strdup(value);
    lines->verdict_cycle = cycle;
    char *first_line = strndup(value, strcspn(value, "\n"));
    struct explain_line *line = first_line ? add_line(reading, cycle, first_line) : NULL;
    if (line != NULL)
        line->verdict = true;
    reading->short_of_memory |= first_line == NULL;
    free(first_line);
}

/* A text signal changes: several events of one cycle are one text, with bars between. */
static void take_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct reading *reading = self;
    struct lane *lane = reading->lanes;

    while (lane < reading->lanes + reading->lane_count && lane->signal->handle != handle)
        lane++;
    if (lane == reading->lanes + reading->lane_count)
        return;
    value += strspn(value, " ");
    if (handle == reading->rule) {
        take_verdict(reading, time / 2, value);
        return;
    }
    const char *name = lane->signal->path + strlen("events.");
    bool of_entry = strncmp(name, "entry_", strlen("entry_")) == 0;
    bool before = strncmp(value, LANE_TEXT_BEFORE, strlen(LANE_TEXT_BEFORE)) == 0;
    size_t end = strlen(value);
    while (end > 0 && value[end - 1] == ' ')
        end--;
    if (of_entry && end == 0)
        take_dequeue(reading, lane, time / 2, "");
    if (handle == reading->operation)
        take_operation(reading, lane, time / 2, value, end);
    for (const char *at = before ? value + strlen(LANE_TEXT_BEFORE) : value; at < value + end;) {
        const char *bar = strstr(at, " | ");
        size_t length = bar ? (size_t)(bar - at) : (size_t)(value + end - at);
        char text[EVENT_TEXT];
        lane_text_event(name, at, length, text, sizeof(text));
        if (of_entry)
            take_dequeue(reading, lane, time / 2, text);
        struct explain_line *line = before ? NULL : add_line(reading, time / 2, text);
        if (line != NULL)
            line->operation = handle == reading->operation || handle == reading->invalidation;
        at += length + (bar ? 3 : 0);
    }
}

static int by_cycle(const void *one, const void *other)
{
    const struct explain_line *a = one, *b = other;
    if (a->cycle != b->cycle)
        return a->cycle < b->cycle ? -1 : 1;
    if (a->operation != b->operation)
        return a->operation ? -1 : 1;
    if (a->verdict != b->verdict)
        return a->verdict ? 1 : -1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static uint32_t handle_of(const struct fst_file *file, const char *path)
{
    const struct fst_signal *signal = fst_file_find(file, path);
    return signal ? signal->handle : UINT32_MAX;
}

/* -1: memory is short. */
static int choose_lanes(struct reading *reading, const struct fst_file *file)
{
    reading->operation = handle_of(file, "events.operation");
    reading->invalidation = handle_of(file, "events.invalidation");
    reading->rule = handle_of(file, "judge.rule");
    reading->lanes = calloc(file->count + 1, sizeof(*reading->lanes));
    if (reading->lanes == NULL)
        return -1;
    for (size_t i = 0; i < file->count; i++) {
        const struct fst_signal *signal = &file->signals[i];
        if (signal->bits == 0 &&
            (strncmp(signal->path, "events.", 7) == 0 || signal->handle == reading->rule))
            reading->lanes[reading->lane_count++].signal = signal;
    }
    return 0;
}

/* The last two fills of a place. */
struct fills {
    uint64_t place;
    uint64_t cycle, access, cycle_before, access_before;
    UT_hash_handle hh;
};

static void keep_fill(struct fills **table, struct fills *known, uint64_t place, uint64_t cycle,
                      const struct event *event)
{
    if (known == NULL) {
        known = calloc(1, sizeof(*known));
        if (known == NULL)
            return;
        *known = (struct fills){.place = place, .cycle = NO_ACCESS, .access = NO_ACCESS};
        HASH_ADD(hh, *table, place, sizeof(known->place), known);
    }
    known->cycle_before = known->cycle;
    known->access_before = known->access;
    known->cycle = cycle;
    known->access = event->access;
}

/* Who filled what the lines tell of. A fill shows from the cycle behind its own on. */
static void find_fillers(struct explain_lines *lines)
{
    struct fills *table = NULL, *fills;

    for (size_t i = 0; i < lines->count; i++) {
        struct explain_line *line = &lines->list[i];
        struct event event;
        if (!event_parse(line->text, &event) || event.array == ARRAY_NONE)
            continue;
        uint64_t place = (uint64_t)event.array << 56 | (uint64_t)event.set << 24 | event.way;
        HASH_FIND(hh, table, &place, sizeof(place), fills);
        line->has_entry = event_meets_entry(&event) || event.kind == EVENT_DROP || event.kind == EVENT_EVICT;
        line->filled = line->filler = NO_ACCESS;
        if (line->has_entry && fills != NULL) {
            bool later = fills->cycle >= line->cycle;
            line->filled = later ? fills->cycle_before : fills->cycle;
            line->filler = later ? fills->access_before : fills->access;
        }
        if (event.kind == EVENT_FILL)
            keep_fill(&table, fills, place, line->cycle, &event);
    }
    fills = table;
    HASH_CLEAR(hh, table);
    while (fills) {
        struct fills *next = fills->hh.next;
        free(fills);
        fills = next;
    }
}

int explain_lines_read(struct explain_lines *lines, struct fst_file *file)
{
    struct reading reading = {.lines = lines};
    const struct fst_signal **signals = calloc(file->count + 1, sizeof(struct fst_signal *));

    *lines = (struct explain_lines){.first = file->start / 2};
    reading.short_of_memory = signals == NULL || choose_lanes(&reading, file) != 0;
    if (!reading.short_of_memory) {
        for (size_t i = 0; i < reading.lane_count; i++)
            signals[i] = reading.lanes[i].signal;
        fst_file_changes(file, signals, reading.lane_count, take_text, &reading);
    }
    for (size_t i = 0; i < reading.lane_count; i++)
        free(reading.lanes[i].last);
    free(reading.lanes);
    free(signals);
    if (lines->count != 0)
        qsort(lines->list, lines->count, sizeof(*lines->list), by_cycle);
    find_fillers(lines);
    return reading.short_of_memory ? -1 : 0;
}

void explain_lines_free(struct explain_lines *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->list[i].text);
    free(lines->list);
    free(lines->verdict);
}

void explain_line_print(const struct explain_line *line, FILE *out)
{
    fprintf(out, "  %10" PRIu64 "  %s\n", line->cycle, line->text);
}

void explain_line_print_filled(const struct explain_lines *lines, const struct explain_line *line, FILE *out)
{
    explain_line_print(line, out);
    if (line->has_entry)
        event_print_filled(out, line->filled, line->filler, lines->first, "the wave");
}

void explain_lines_print(const struct explain_lines *lines, uint64_t first, uint64_t last, FILE *out)
{
    for (size_t i = 0; i < lines->count; i++)
        if (lines->list[i].cycle >= first && lines->list[i].cycle <= last)
            explain_line_print_filled(lines, &lines->list[i], out);
}
