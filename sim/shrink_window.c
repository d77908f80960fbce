/* SPDX-License-Identifier: Apache-2.0 */
#include "shrink_window.h"

#include <stdlib.h>

#include <uthash.h>

/* Cycles that the register writes at the beginning of a case may take. */
enum { SET_UP_CYCLES = 2000 };

struct word {
    uint64_t address, value;
    UT_hash_handle hh;
};

struct window {
    struct shrink_case *c;
    const struct record *record;
    size_t start;
    struct word *words; /* by address: the value at the start */
};

static bool is_stimulus(const struct record_event *event)
{
    return event->kind != RECORD_FOUND && event->kind != RECORD_UPDATE;
}

size_t shrink_window_start(const struct record *record, size_t count)
{
    size_t index = record_count(record);

    while (index > 0 && count > 0)
        count -= is_stimulus(record_at(record, --index));
    return index;
}

/* The first that the window says of a word is what it was at the start. */
static bool note_word(struct window *window, const struct record_event *event)
{
    struct word *word;

    if (event->kind != RECORD_FOUND && event->kind != RECORD_WRITE && event->kind != RECORD_UPDATE)
        return true;
    HASH_FIND(hh, window->words, &event->address, sizeof(event->address), word);
    if (word != NULL)
        return true;
    word = malloc(sizeof(*word));
    if (word == NULL)
        return false;
    word->address = event->address;
    word->value = event->kind == RECORD_FOUND ? event->value : event->before;
    HASH_ADD(hh, window->words, address, sizeof(word->address), word);
    return true;
}

static int by_address(const struct word *a, const struct word *b)
{
    return a->address < b->address ? -1 : a->address > b->address;
}

static bool add_words(struct window *window)
{
    const size_t end = record_count(window->record);

    for (size_t i = window->start; i < end; i++)
        if (!note_word(window, record_at(window->record, i)))
            return false;
    HASH_SORT(window->words, by_address);
    for (const struct word *word = window->words; word != NULL; word = word->hh.next) {
        const struct shrink_item item = {
            .kind = SHRINK_INITIAL, .address = word->address, .value = word->value};

        if (word->value != 0 && !shrink_case_add(window->c, &item))
            return false;
    }
    return true;
}

static bool add_registers(struct window *window)
{
    /* CR3 after CR4: bits 11:0 are a PCID only with CR4.PCIDE */
    static const uint8_t order[] = {OP_WRITE_CR0, OP_WRITE_EFER, OP_WRITE_CR4,
                                    OP_WRITE_CR3, OP_WRITE_PKRU, OP_WRITE_PKRS};
    uint64_t value[RECORD_REGISTERS];
    bool written[RECORD_REGISTERS];

    record_registers(window->record, window->start, value, written);
    for (size_t i = 0; i < sizeof(order); i++) {
        const struct shrink_item item = {
            .kind = SHRINK_OP, .op = order[i], .value = value[order[i]], .sync = true};

        if (written[order[i]] && !shrink_case_add(window->c, &item))
            return false;
    }
    return true;
}

static struct shrink_item item_of(const struct record_event *event)
{
    static const uint8_t kinds[] = {
        [RECORD_ACCESS] = SHRINK_ACCESS,
        [RECORD_OP] = SHRINK_OP,
        [RECORD_WRITE] = SHRINK_WRITE,
        [RECORD_ERROR] = SHRINK_POISON,
    };

    return (struct shrink_item){
        .cycle = event->cycle,
        .address = event->address,
        .value = event->value,
        .pcid = event->pcid,
        .kind = kinds[event->kind],
        .gap = GAP_AT,
        .op = event->op,
        .port = event->port,
        .attr = event->attr,
    };
}

/* In a cycle a script writes memory first, then come the operation and the accesses. */
static int compare_items(const void *a, const void *b)
{
    static const uint8_t turn[] = {
        [SHRINK_WRITE] = 0, [SHRINK_POISON] = 0, [SHRINK_OP] = 1, [SHRINK_ACCESS] = 2};
    const struct shrink_item *x = a, *y = b;

    if (x->cycle != y->cycle)
        return x->cycle < y->cycle ? -1 : 1;
    if (turn[x->kind] != turn[y->kind])
        return turn[x->kind] < turn[y->kind] ? -1 : 1;
    return x->wait < y->wait ? -1 : x->wait > y->wait; /* the order of the record, see add_events */
}

static bool add_events(struct window *window)
{
    const size_t end = record_count(window->record), first = window->c->count;
    bool whole = window->start == 0 && !record_is_cut(window->record);
    uint64_t earlier = whole ? 0 : UINT64_MAX; /* cycles that the case leaves out */
    uint32_t order = 0;

    for (size_t i = window->start; i < end; i++) {
        const struct record_event *event = record_at(window->record, i);
        struct shrink_item item = item_of(event);

        if (!is_stimulus(event))
            continue;
        if (earlier == UINT64_MAX)
            earlier = event->cycle > SET_UP_CYCLES ? event->cycle - SET_UP_CYCLES : 0;
        item.cycle = event->cycle > earlier ? event->cycle - earlier : 0;
        item.wait = order++;
        if (!shrink_case_add(window->c, &item))
            return false;
    }
    if (window->c->count > first)
        qsort(window->c->items + first, window->c->count - first, sizeof(struct shrink_item), compare_items);
    for (size_t i = first; i < window->c->count; i++)
        window->c->items[i].wait = 0;
    return true;
}

static void free_words(struct window *window)
{
    struct word *word = window->words;

    HASH_CLEAR(hh, window->words);
    while (word != NULL) {
        struct word *next = word->hh.next;

        free(word);
        word = next;
    }
}

bool shrink_window(struct shrink_case *c, const struct record *record, size_t start)
{
    struct window window = {.c = c, .record = record, .start = start};
    bool done;

    c->count = 0;
    done = add_words(&window) && ((start == 0 && !record_is_cut(record)) || add_registers(&window)) &&
           add_events(&window);
    free_words(&window);
    return done;
}
