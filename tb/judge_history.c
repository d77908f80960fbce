/* SPDX-License-Identifier: Apache-2.0 */
/* Values of memory words over time; see judge_history.h. */
#include "judge_history.h"

#include <stdlib.h>
#include <string.h>

enum {
    FIRST_SLOTS = 1024,
    FIRST_VERSIONS = 2,
    KEPT_FOR_TEXT = 4,  /* newest values of a word, kept to explain a verdict */
    MAX_VERSIONS = 256, /* of one word; older ones are forgotten */
    SWEEP_AT_LEAST = 65536,
    ENTRY_USABLE = 0x21, /* P and A: only such an entry may be cached */
};

/* Open addressing, linear probing; a slot without versions is free. */
struct history {
    struct word_history *slots;
    uint64_t mask; /* slots - 1, a power of two less one */
    uint64_t used;
    uint64_t sweep_at;
};

static uint64_t slot_of(const struct history *history, uint64_t addr)
{
    uint64_t hash = (addr >> 3) * 0x9e3779b97f4a7c15ull;

    return (hash ^ hash >> 29) & history->mask;
}

static struct word_history *probe(const struct history *history, uint64_t addr)
{
    uint64_t slot = slot_of(history, addr);

    while (history->slots[slot].versions && history->slots[slot].addr != addr)
        slot = (slot + 1) & history->mask;
    return &history->slots[slot];
}

struct history *history_create(void)
{
    struct history *history = calloc(1, sizeof *history);

    if (!history)
        return NULL;
    history->slots = calloc(FIRST_SLOTS, sizeof *history->slots);
    if (!history->slots) {
        free(history);
        return NULL;
    }
    history->mask = FIRST_SLOTS - 1;
    history->sweep_at = SWEEP_AT_LEAST;
    return history;
}

void history_destroy(struct history *history)
{
    if (!history)
        return;
    for (uint64_t i = 0; i <= history->mask; i++)
        free(history->slots[i].versions);
    free(history->slots);
    free(history);
}

/*
 * Moves the words into a table of `count` slots, a power of two; a word that
 * has not changed since `stale` is dropped.
 */
static bool rehash(struct history *history, uint64_t count, uint64_t stale)
{
    struct word_history *old = history->slots;
    uint64_t old_count = history->mask + 1;
    struct word_history *slots = calloc(count, sizeof *slots);

    if (!slots)
        return false;
    history->slots = slots;
    history->mask = count - 1;
    history->used = 0;
    for (uint64_t i = 0; i < old_count; i++) {
        if (!old[i].versions)
            continue;
        if (old[i].versions[old[i].count - 1].from <= stale) {
            free(old[i].versions);
        } else {
            *probe(history, old[i].addr) = old[i];
            history->used++;
        }
    }
    free(old);
    return true;
}

static bool needed(const struct word_version *version, struct history_limits limits)
{
    if (version->end <= limits.any)
        return false;
    return version->end > limits.in_flight || (version->value & ENTRY_USABLE) == ENTRY_USABLE;
}

static void forget(struct word_history *word, struct history_limits limits)
{
    uint32_t kept = 0;

    if (word->count <= KEPT_FOR_TEXT)
        return;
    for (uint32_t i = 0; i < word->count; i++) {
        if (i + KEPT_FOR_TEXT >= word->count || needed(&word->versions[i], limits))
            word->versions[kept++] = word->versions[i];
    }
    word->count = kept;
    if (word->count >= MAX_VERSIONS) {
        uint32_t surplus = MAX_VERSIONS / 2;
        word->forgotten = word->versions[surplus - 1].end;
        memmove(word->versions, word->versions + surplus, (word->count - surplus) * sizeof *word->versions);
        word->count -= surplus;
    }
}

/* Room for one more value: by forgetting, if that gives any, else by growing. */
static bool make_room(struct word_history *word, struct history_limits limits)
{
    if (word->count < word->capacity)
        return true;
    forget(word, limits);
    if (2 * word->count <= word->capacity)
        return true;
    uint32_t capacity = 2 * word->capacity;
    struct word_version *versions = realloc(word->versions, capacity * sizeof *versions);
    if (!versions)
        return false;
    word->versions = versions;
    word->capacity = capacity;
    return true;
}

bool history_record(struct history *history, uint64_t addr, uint64_t old_value, uint64_t new_value,
                    uint64_t moment, uint64_t cycle, struct history_limits limits)
{
    if (4 * history->used >= 3 * (history->mask + 1) && !rehash(history, 2 * (history->mask + 1), 0))
        return false;
    struct word_history *word = probe(history, addr);
    if (!word->versions) {
        struct word_version *versions = malloc(FIRST_VERSIONS * sizeof *versions);
        if (!versions)
            return false;
        versions[0] = (struct word_version){.value = old_value, .end = MOMENT_NEVER};
        history->used++;
        word->addr = addr;
        word->versions = versions;
        word->count = 1;
        word->capacity = FIRST_VERSIONS;
        word->forgotten = 0;
    } else if (!make_room(word, limits)) {
        return false;
    }
    word->versions[word->count - 1].end = moment;
    word->versions[word->count++] =
        (struct word_version){.value = new_value, .from = moment, .end = MOMENT_NEVER, .cycle = cycle};
    return true;
}

void history_mark_walk(struct history *history, uint64_t addr)
{
    struct word_history *word = probe(history, addr);

    if (word->versions)
        word->versions[word->count - 1].by_walk = 1;
}

const struct word_history *history_find(const struct history *history, uint64_t addr)
{
    const struct word_history *word = probe(history, addr);

    return word->versions ? word : NULL;
}

void history_sweep(struct history *history, struct history_limits limits)
{
    if (history->used < history->sweep_at)
        return;
    uint64_t kept = 0;
    for (uint64_t i = 0; i <= history->mask; i++) {
        const struct word_history *word = &history->slots[i];
        kept += word->versions && word->versions[word->count - 1].from > limits.any;
    }
    uint64_t count = FIRST_SLOTS;
    while (2 * kept >= count)
        count *= 2;
    if (rehash(history, count, limits.any))
        history->sweep_at = 2 * kept > SWEEP_AT_LEAST ? 2 * kept : SWEEP_AT_LEAST;
}
