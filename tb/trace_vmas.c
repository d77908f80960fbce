/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_vmas.h"

#include <stdlib.h>
#include <string.h>

/* A change may split one mapping in two and add its own. */
enum { MOST_MORE = 2, FIRST_ROOM = 64 };

void trace_vmas_free(struct trace_vmas *vmas)
{
    free(vmas->list);
    *vmas = (struct trace_vmas){0};
}

/* Index of the first mapping that ends beyond va; count if there is none. */
static size_t first_beyond(const struct trace_vmas *vmas, uint64_t va)
{
    size_t low = 0, high = vmas->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (vmas->list[middle].end > va)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool make_room(struct trace_vmas *vmas)
{
    if (vmas->count + MOST_MORE <= vmas->room)
        return true;
    size_t room = vmas->room ? vmas->room * 2 : FIRST_ROOM;
    struct trace_vma *list = realloc(vmas->list, room * sizeof(*list));
    if (!list)
        return false;
    vmas->list = list;
    vmas->room = room;
    return true;
}

/* Puts `count` mappings in the place of those from index `from` up to `to`. */
static void replace(struct trace_vmas *vmas, size_t from, size_t to, const struct trace_vma *with,
                    size_t count)
{
    memmove(vmas->list + from + count, vmas->list + to, (vmas->count - to) * sizeof(*vmas->list));
    memcpy(vmas->list + from, with, count * sizeof(*with));
    vmas->count += count - (to - from);
}

bool trace_vmas_apply(struct trace_vmas *vmas, const struct trace_change *change)
{
    struct trace_vma vma = change->vma, with[1 + MOST_MORE];
    size_t from = first_beyond(vmas, vma.start), to = from, count = 0;
    if (!make_room(vmas))
        return false;
    while (to < vmas->count && vmas->list[to].start < vma.end)
        to++;
    struct trace_vma left = {.end = 0}, right = {.end = 0};
    if (from < to && vmas->list[from].start < vma.start) {
        left = vmas->list[from];
        left.end = vma.start;
    } else if (from > 0 && vmas->list[from - 1].end == vma.start) {
        left = vmas->list[--from];
    }
    if (to > from && vmas->list[to - 1].end > vma.end) {
        right = vmas->list[to - 1];
        right.start = vma.end;
    } else if (to < vmas->count && vmas->list[to].start == vma.end) {
        right = vmas->list[to++];
    }
    if (left.end && !change->unmap && left.flags == vma.flags) {
        vma.start = left.start;
        left.end = 0;
    }
    if (right.end && !change->unmap && right.flags == vma.flags) {
        vma.end = right.end;
        right.end = 0;
    }
    if (left.end)
        with[count++] = left;
    if (!change->unmap)
        with[count++] = vma;
    if (right.end)
        with[count++] = right;
    replace(vmas, from, to, with, count);
    return true;
}

const struct trace_vma *trace_vmas_find(const struct trace_vmas *vmas, uint64_t va)
{
    size_t at = first_beyond(vmas, va);
    return at < vmas->count && vmas->list[at].start <= va ? &vmas->list[at] : NULL;
}

bool trace_vmas_advises(const struct trace_vmas *vmas, const struct trace_change *change)
{
    const struct trace_vma *vma = trace_vmas_find(vmas, change->vma.start);
    /* What is mapped anew has no advice at first, and what stays advised was as well. */
    return !change->unmap && change->vma.flags & VMA_ADVICE && vma && change->vma.end <= vma->end &&
           change->vma.flags != vma->flags && (change->vma.flags | VMA_ADVICE) == (vma->flags | VMA_ADVICE);
}
