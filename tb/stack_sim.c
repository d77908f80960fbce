/* SPDX-License-Identifier: Apache-2.0 */
#include "stack_sim.h"

#include <stdlib.h>
#include <string.h>

enum { HOLE = 0, AT_ONCE = 16 };

/* The pages of a set, the one used last first; HOLEs beyond `used`. */
struct set {
    uint32_t ids[STACK_WAYS];
    uint16_t used;
    uint16_t holes; /* below `used` */
};

struct stack_sim {
    uint64_t accesses;
    uint64_t front[STACK_LEVELS];             /* accesses found in front of this level and all beyond */
    uint64_t found[STACK_LEVELS][STACK_WAYS]; /* all others found, by their place */
    unsigned levels;
    struct set *sets[STACK_LEVELS];
};

struct stack_sim *stack_sim_create(unsigned set_bits)
{
    struct stack_sim *sim = calloc(1, sizeof(*sim));
    if (!sim)
        return NULL;
    sim->levels = set_bits + 1;
    for (unsigned level = 0; level < sim->levels; level++) {
        sim->sets[level] = calloc(1ull << level, sizeof(*sim->sets[level]));
        if (!sim->sets[level]) {
            stack_sim_destroy(sim);
            return NULL;
        }
    }
    return sim;
}

void stack_sim_destroy(struct stack_sim *sim)
{
    if (!sim)
        return;
    for (unsigned level = 0; level < sim->levels; level++)
        free(sim->sets[level]);
    free(sim);
}

static struct set *set_of(const struct stack_sim *sim, unsigned level, uint64_t page)
{
    return &sim->sets[level][page & ((1ull << level) - 1)];
}

/* The place of an id; `used` if it is not there. Whole lines of ids at once. */
static unsigned find(const struct set *set, uint32_t id)
{
    for (unsigned start = 0; start < set->used; start += AT_ONCE) {
        uint32_t any = 0;
        for (unsigned i = 0; i < AT_ONCE; i++)
            any |= set->ids[start + i] == id;
        for (unsigned i = 0; any; i++)
            if (set->ids[start + i] == id)
                return start + i;
    }
    return set->used;
}

/* The first hole before `end`, or `end`. */
static unsigned first_hole(const struct set *set, unsigned end)
{
    unsigned at = 0;
    while (at < end && set->ids[at] != HOLE)
        at++;
    return at;
}

/* Brings the id at `place` (used: from outside) to the front. The first hole before takes up the rest. */
static void to_front(struct set *set, unsigned place, uint32_t id)
{
    unsigned hole = set->holes ? first_hole(set, place) : place;
    unsigned moved = hole < STACK_WAYS ? hole : STACK_WAYS - 1;
    memmove(set->ids + 1, set->ids, moved * sizeof(set->ids[0]));
    set->ids[0] = id;
    if (hole < place && place < set->used)
        set->ids[place] = HOLE; /* the hole has moved down */
    else if (hole < place)
        set->holes--;
    else if (place == set->used && set->used < STACK_WAYS)
        set->used++;
}

void stack_sim_access(struct stack_sim *sim, uint32_t id, uint64_t page)
{
    sim->accesses++;
    for (unsigned level = 0; level < sim->levels; level++) {
        struct set *set = set_of(sim, level, page);
        if (set->ids[0] == id) { /* so it is with more sets */
            sim->front[level]++;
            return;
        }
        unsigned place = find(set, id);
        if (place < set->used)
            sim->found[level][place]++;
        to_front(set, place, id);
    }
}

void stack_sim_repeat(struct stack_sim *sim, uint64_t count)
{
    sim->accesses += count;
    sim->front[0] += count;
}

static void drop(struct set *set, unsigned place)
{
    set->ids[place] = HOLE;
    set->holes++;
    while (set->used > 0 && set->ids[set->used - 1] == HOLE) {
        set->used--;
        set->holes--;
    }
}

void stack_sim_refuse(struct stack_sim *sim, uint32_t id, uint64_t page)
{
    sim->accesses++;
    for (unsigned level = 0; level < sim->levels; level++) {
        struct set *set = set_of(sim, level, page);
        unsigned place = find(set, id);
        if (place == set->used)
            continue;
        sim->found[level][place]++;
        drop(set, place);
    }
}

void stack_sim_drop(struct stack_sim *sim, uint32_t id, uint64_t page)
{
    for (unsigned level = 0; level < sim->levels; level++) {
        struct set *set = set_of(sim, level, page);
        unsigned place = find(set, id);
        if (place < set->used)
            drop(set, place);
    }
}

void stack_sim_clear(struct stack_sim *sim)
{
    for (unsigned level = 0; level < sim->levels; level++)
        memset(sim->sets[level], 0, sizeof(*sim->sets[level]) << level);
}

uint64_t stack_sim_accesses(const struct stack_sim *sim)
{
    return sim->accesses;
}

uint64_t stack_sim_misses(const struct stack_sim *sim, unsigned set_bits, unsigned ways)
{
    uint64_t hits = 0;
    for (unsigned level = 0; level <= set_bits; level++)
        hits += sim->front[level];
    for (unsigned place = 0; place < ways; place++)
        hits += sim->found[set_bits][place];
    return sim->accesses - hits;
}
