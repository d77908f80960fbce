/* SPDX-License-Identifier: Apache-2.0 */
#include "difference_path.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "event.h"

enum { SHOWN_PER_CYCLE = 12 };

/* A value that differs: one line of the report, or three for an entry of an array. */
struct item {
    char *name; /* "miss_queue.pend", "l1d.4k set 1 way 1" */
    char *text;
    uint64_t cycle;
    UT_hash_handle hh;
};

struct difference_path {
    struct item *items; /* in the order in which they began to differ */
    uint64_t first, output;
    unsigned flags;
};

struct difference_path *difference_path_create(void)
{
    struct difference_path *path = calloc(1, sizeof *path);
    if (path)
        path->first = path->output = UINT64_MAX;
    return path;
}

void difference_path_destroy(struct difference_path *path)
{
    if (!path)
        return;
    struct item *item = path->items;
    HASH_CLEAR(hh, path->items);
    while (item) {
        struct item *next = item->hh.next;
        free(item->name);
        free(item->text);
        free(item);
        item = next;
    }
    free(path);
}

/* The flags of the block whose name a value's begins with. */
static unsigned block_flags(const char *name)
{
    static const struct {
        const char *block;
        unsigned flags;
    } blocks[] = {
        {"mmu.", DEBUG_Port | DEBUG_MissQueue | DEBUG_L1I | DEBUG_L1D},
        {"lookup_stage.", DEBUG_Port},
        {"control.", DEBUG_Inval},
        {"miss_queue.", DEBUG_MissQueue | DEBUG_L2}, /* whose lookups end in it */
        {"page_walker.", DEBUG_Walker},
        {"l1i.", DEBUG_L1I},
        {"l1d.", DEBUG_L1D},
        {"l2.", DEBUG_L2},
        {"l2i.", DEBUG_L2},
        {"walk_cache.", DEBUG_WalkCache},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (!strncmp(name, blocks[i].block, strlen(blocks[i].block)))
            return blocks[i].flags;
    return 0;
}

bool difference_path_is_output(const char *name)
{
    return !strncmp(name, "mmu.", 4) || !strncmp(name, "page_walker.memory_", 19);
}

/* Where the name of a value ends in its line: before the two values, or a colon. */
static size_t name_length(const char *line)
{
    size_t end = strcspn(line, "\n:");
    const char *rtl = strstr(line, " RTL ");
    size_t length = rtl && (size_t)(rtl - line) < end ? (size_t)(rtl - line) : end;
    while (length && line[length - 1] == ' ')
        length--;
    return length;
}

/* The bytes of a value's lines: those after the first are indented deeper. */
static size_t item_length(const char *text)
{
    size_t length = 0;
    do {
        length += strcspn(text + length, "\n");
        length += text[length] == '\n';
    } while (!strncmp(text + length, "    ", 4));
    return length;
}

static void add_item(struct difference_path *path, uint64_t cycle, const char *name, size_t name_bytes,
                     const char *text, size_t text_bytes)
{
    struct item *item;
    HASH_FIND(hh, path->items, name, name_bytes, item);
    if (item)
        return;
    item = calloc(1, sizeof *item);
    if (!item)
        return;
    item->name = strndup(name, name_bytes);
    item->text = strndup(text, text_bytes);
    item->cycle = cycle;
    if (!item->name || !item->text) {
        free(item->name);
        free(item->text);
        free(item);
        return;
    }
    HASH_ADD_KEYPTR(hh, path->items, item->name, name_bytes, item);
    if (cycle == path->first)
        path->flags |= block_flags(item->name);
    if (path->output == UINT64_MAX && difference_path_is_output(item->name))
        path->output = cycle;
}

bool difference_path_add(struct difference_path *path, uint64_t cycle, const char *report)
{
    bool before = path->output != UINT64_MAX;
    if (path->first == UINT64_MAX)
        path->first = cycle;
    while (*report) {
        size_t length = item_length(report), blanks = strspn(report, " ");
        if (blanks < length)
            add_item(path, cycle, report + blanks, name_length(report + blanks), report, length);
        report += length;
    }
    return !before && path->output != UINT64_MAX;
}

uint64_t difference_path_first(const struct difference_path *path)
{
    return path->first;
}

uint64_t difference_path_output(const struct difference_path *path)
{
    return path->output;
}

unsigned difference_path_flags(const struct difference_path *path)
{
    return path->flags;
}

void difference_path_print(const struct difference_path *path, FILE *out)
{
    uint64_t cycle = UINT64_MAX;
    unsigned shown = 0, left_out = 0;
    for (struct item *item = path->items; item; item = item->hh.next) {
        if (item->cycle != cycle) {
            if (left_out)
                fprintf(out, "  and %u more\n", left_out);
            shown = left_out = 0;
            cycle = item->cycle;
            fprintf(out, "cycle %" PRIu64 "%s\n", cycle,
                    cycle == path->output ? ", an output among them:" : ":");
        }
        if (shown++ < SHOWN_PER_CYCLE)
            fputs(item->text, out);
        else
            left_out++;
    }
    if (left_out)
        fprintf(out, "  and %u more\n", left_out);
}
