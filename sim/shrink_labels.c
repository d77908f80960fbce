/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the tables of a case for every address that it accesses, from every root
 * that it ever sets, along every value that a word ever has.
 */
#include "shrink_labels.h"

#include <inttypes.h>
#include <stdlib.h>

#include <uthash.h>

#include "mmu.h"
#include "table_builder.h"

enum { LABEL_BYTES = 48 };

struct label {
    uint64_t address;
    char text[LABEL_BYTES];
    UT_hash_handle hh;
};

struct shrink_labels {
    const struct shrink_case *c;
    struct label *labels;
    bool full; /* out of memory */
};

static const char *const level_names[] = {NULL, "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

static void add_label(struct shrink_labels *labels, uint64_t address, unsigned level, uint64_t va)
{
    struct label *label;

    HASH_FIND(hh, labels->labels, &address, sizeof(address), label);
    if (label != NULL || labels->full)
        return;
    label = malloc(sizeof(*label));
    if (label == NULL) {
        labels->full = true;
        return;
    }
    label->address = address;
    snprintf(label->text, sizeof(label->text), "%s of 0x%" PRIx64, level_names[level], va);
    HASH_ADD(hh, labels->labels, address, sizeof(label->address), label);
}

/* Depth is at most that of the tables, since every step goes one level down. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void walk(struct shrink_labels *labels, uint64_t table, unsigned level, uint64_t va)
{
    uint64_t address = table + (va >> (3 + 9 * level) & 0x1ff) * 8;

    for (size_t i = 0; i < labels->c->count; i++) {
        const struct shrink_item *item = &labels->c->items[i];

        if ((item->kind != SHRINK_INITIAL && item->kind != SHRINK_WRITE) || item->address != address)
            continue;
        add_label(labels, address, level, va);
        if (level > 1 && item->value & ENTRY_P && !(level <= 3 && item->value & ENTRY_PS))
            walk(labels, item->value & ENTRY_ADDRESS, level - 1, va);
    }
}

struct shrink_labels *shrink_labels_create(const struct shrink_case *c)
{
    struct shrink_labels *labels = calloc(1, sizeof(*labels));
    unsigned levels = 4;

    if (labels == NULL)
        return NULL;
    labels->c = c;
    for (size_t i = 0; i < c->count; i++)
        if (c->items[i].kind == SHRINK_OP && c->items[i].op == OP_WRITE_CR4)
            levels = c->items[i].value & CR4_LA57 ? 5 : 4;
    for (size_t i = 0; i < c->count; i++) {
        if (c->items[i].kind != SHRINK_ACCESS)
            continue;
        for (size_t k = 0; k < c->count; k++)
            if (c->items[k].kind == SHRINK_OP && c->items[k].op == OP_WRITE_CR3)
                walk(labels, c->items[k].value & ENTRY_ADDRESS, levels, c->items[i].address);
        walk(labels, 0, levels, c->items[i].address); /* CR3 after reset */
    }
    return labels;
}

void shrink_labels_destroy(struct shrink_labels *labels)
{
    if (labels == NULL)
        return;
    struct label *label = labels->labels;

    HASH_CLEAR(hh, labels->labels);
    while (label != NULL) {
        struct label *next = label->hh.next;

        free(label);
        label = next;
    }
    free(labels);
}

const char *shrink_label(const struct shrink_labels *labels, uint64_t address)
{
    struct label *label;

    HASH_FIND(hh, labels->labels, &address, sizeof(address), label);
    return label != NULL ? label->text : NULL;
}
