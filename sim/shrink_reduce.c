/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delta debugging. Every step is a change of single items (taken away, or made
 * plainer) and is tried on all of them together, then on halves, quarters, ...,
 * from the last to the first, and kept wherever the case still fails.
 */
#include "shrink_reduce.h"

#include <stdlib.h>
#include <string.h>

#include "shrink_rename.h"
#include "shrink_steps.h"

enum {
    MAX_ROUNDS = 12,
    LONGEST_WAIT = 128, /* cycles tried one by one for what has to come at a moment of its own */
    SHIFTS = 24,        /* powers of two tried as distances */
};

struct reduction {
    struct shrink_case *best;
    struct trials *trials;
    bool changed; /* in this round */
    /* of the step that is being tried */
    const struct step *step;
    size_t *units; /* indices of the items that it applies to */
    size_t last, chunk;
    unsigned variant;
};

/* ---- Trying ---- */

static int keep(struct reduction *reduction, struct shrink_case *candidate)
{
    shrink_case_free(reduction->best);
    *reduction->best = *candidate;
    reduction->changed = true;
    return 0;
}

/* Units [from, to) changed. */
static bool apply(const struct reduction *reduction, size_t from, size_t to, struct shrink_case *candidate)
{
    const struct step *step = reduction->step;
    size_t kept = 0, unit = from;

    if (!shrink_case_copy(candidate, reduction->best))
        return false;
    for (size_t i = 0; i < candidate->count; i++) {
        bool chosen = unit < to && reduction->units[unit] == i;

        unit += chosen;
        if (chosen && step->change == NULL)
            continue;
        candidate->items[kept] = candidate->items[i];
        if (chosen)
            step->change(&candidate->items[kept], step->bits);
        kept++;
    }
    candidate->count = kept;
    return true;
}

/* Candidate `index` changes the chunk that is so many chunks before the last. */
static bool make_chunk(void *self, size_t index, struct shrink_case *candidate)
{
    const struct reduction *reduction = self;
    size_t to = reduction->last - index * reduction->chunk;

    return apply(reduction, to > reduction->chunk ? to - reduction->chunk : 0, to, candidate);
}

/* All chunks of one size, from the last to the first. */
static int sweep(struct reduction *reduction)
{
    while (reduction->last > 0) {
        size_t chunks = (reduction->last + reduction->chunk - 1) / reduction->chunk;
        long found = trials_first(reduction->trials, chunks, make_chunk, reduction);
        struct shrink_case candidate = {0};
        size_t to;

        if (found == TRIALS_BROKEN)
            return -1;
        if (found == TRIALS_NONE)
            return 0;
        if (!make_chunk(reduction, (size_t)found, &candidate))
            return -1;
        to = reduction->last - (size_t)found * reduction->chunk;
        /* What comes before is where it was. */
        reduction->last = to > reduction->chunk ? to - reduction->chunk : 0;
        keep(reduction, &candidate);
        trials_say(reduction->trials, reduction->step->name, reduction->best->count);
    }
    return 0;
}

static size_t list_units(struct reduction *reduction)
{
    size_t count = 0;

    for (size_t i = 0; i < reduction->best->count; i++)
        if (reduction->step->applies(&reduction->best->items[i], reduction->step->bits))
            reduction->units[count++] = i;
    return count;
}

static int try_step(struct reduction *reduction, const struct step *step)
{
    size_t chunk;
    int failed = 0;

    reduction->units = malloc((reduction->best->count + 1) * sizeof(*reduction->units));
    if (reduction->units == NULL)
        return -1;
    reduction->step = step;
    trials_say(reduction->trials, step->name, reduction->best->count);
    chunk = list_units(reduction);
    while (chunk > 0 && !failed && !trials_ended(reduction->trials)) {
        reduction->chunk = chunk;
        reduction->last = list_units(reduction);
        failed = sweep(reduction);
        chunk /= 2;
    }
    free(reduction->units);
    reduction->units = NULL;
    reduction->step = NULL;
    return failed;
}

static int try_steps(struct reduction *reduction, const struct step *steps)
{
    for (const struct step *step = steps; step->name != NULL; step++)
        if (try_step(reduction, step) != 0)
            return -1;
    return 0;
}

/* Every bit that some register is given, one by one. */
static int try_register_bits(struct reduction *reduction)
{
    uint64_t used = 0;

    for (size_t i = 0; i < reduction->best->count; i++)
        used |= shrink_register_bits(&reduction->best->items[i]);
    for (; used != 0; used &= used - 1) {
        const struct step step = shrink_register_step(used & -used);

        if (try_step(reduction, &step) != 0)
            return -1;
    }
    return 0;
}

/* ---- What has to come at a moment of its own ---- */

/* Cycles from the `at` before item `index` to its own; from the start for the first. */
static uint64_t distance(const struct shrink_case *c, size_t index)
{
    for (size_t i = index; i-- > 0;)
        if (c->items[i].gap == GAP_AT)
            return c->items[index].cycle - c->items[i].cycle;
    return c->items[index].cycle;
}

/* The item and all that have a moment of their own after it come earlier: 2^index cycles after the one
 * before. */
static bool make_earlier(void *self, size_t index, struct shrink_case *candidate)
{
    const struct reduction *reduction = self;
    uint64_t now = distance(reduction->best, reduction->last);

    if (1ull << index >= now)
        return true;
    if (!shrink_case_copy(candidate, reduction->best))
        return false;
    for (size_t i = reduction->last; i < candidate->count; i++)
        if (candidate->items[i].gap == GAP_AT)
            candidate->items[i].cycle -= now - (1ull << index);
    return true;
}

/* So many cycles after what is before it. */
static bool make_wait(void *self, size_t index, struct shrink_case *candidate)
{
    const struct reduction *reduction = self;
    struct shrink_item *item;

    if (!shrink_case_copy(candidate, reduction->best))
        return false;
    item = &candidate->items[reduction->last];
    item->gap = GAP_WAIT;
    item->wait = (uint32_t)index;
    return true;
}

static int try_moments(struct reduction *reduction, size_t count, const char *what,
                       bool (*make)(void *self, size_t index, struct shrink_case *candidate))
{
    for (size_t i = 0; i < reduction->best->count; i++) {
        struct shrink_case candidate = {0};
        long found;

        if (reduction->best->items[i].gap != GAP_AT)
            continue;
        reduction->last = i;
        trials_say(reduction->trials, what, reduction->best->count);
        found = trials_first(reduction->trials, count, make, reduction);
        if (found == TRIALS_BROKEN)
            return -1;
        if (found == TRIALS_NONE)
            continue;
        if (!make(reduction, (size_t)found, &candidate))
            return -1;
        keep(reduction, &candidate);
    }
    return 0;
}

/* ---- The memory side ---- */

enum { NOISES = 4 };

/* Without noise: of all kinds, and of each. */
static bool make_quiet(void *self, size_t index, struct shrink_case *candidate)
{
    const struct reduction *reduction = self;

    if (!shrink_case_copy(candidate, reduction->best))
        return false;
    if (index == 0 || index == 1)
        candidate->bench.memory.jitter = 0;
    if (index == 0 || index == 2)
        candidate->bench.memory.backpressure = 0;
    if (index == 0 || index == 3)
        candidate->bench.memory.bus_errors = 0;
    if (memcmp(&candidate->bench, &reduction->best->bench, sizeof(candidate->bench)) == 0)
        shrink_case_free(candidate);
    return true;
}

static int try_quiet(struct reduction *reduction)
{
    if (!shrink_case_is_noisy(reduction->best))
        return 0;
    trials_say(reduction->trials, "memory without random delays", reduction->best->count);
    for (size_t i = 0; i < NOISES; i++) {
        struct shrink_case candidate = {0};
        long found = trials_first(reduction->trials, NOISES, make_quiet, reduction);

        if (found == TRIALS_BROKEN)
            return -1;
        if (found == TRIALS_NONE)
            return 0;
        if (!make_quiet(reduction, (size_t)found, &candidate))
            return -1;
        keep(reduction, &candidate);
        if (found == 0)
            return 0;
    }
    return 0;
}

/* ---- Names ---- */

static bool make_renamed(void *self, size_t index, struct shrink_case *candidate)
{
    const struct reduction *reduction = self;

    return shrink_case_copy(candidate, reduction->best) &&
           shrink_rename(candidate, reduction->variant, index);
}

/* Small numbers for the pages of tables and for frames, all at once or one by one. */
static int try_renaming(struct reduction *reduction)
{
    for (reduction->variant = 0; reduction->variant < SHRINK_RENAMINGS; reduction->variant++) {
        size_t count = shrink_rename_count(reduction->best, reduction->variant);

        trials_say(reduction->trials, "small numbers", reduction->best->count);
        for (size_t i = 0; i < count; i++) {
            struct shrink_case candidate = {0};
            long found = trials_first(reduction->trials, count, make_renamed, reduction);

            if (found == TRIALS_BROKEN)
                return -1;
            if (found == TRIALS_NONE)
                break;
            if (!make_renamed(reduction, (size_t)found, &candidate))
                return -1;
            keep(reduction, &candidate);
            count = shrink_rename_count(reduction->best, reduction->variant);
        }
    }
    return 0;
}

int shrink_reduce(struct shrink_case *c, struct trials *trials)
{
    struct reduction reduction = {.best = c, .trials = trials, .changed = true};
    int failed = 0;

    for (unsigned round = 0; round < MAX_ROUNDS && reduction.changed && !failed && !trials_ended(trials);
         round++) {
        reduction.changed = false;
        failed = try_quiet(&reduction) || try_steps(&reduction, shrink_removals) || try_quiet(&reduction) ||
                 try_steps(&reduction, shrink_timings) ||
                 try_moments(&reduction, SHIFTS, "earlier", make_earlier) ||
                 try_moments(&reduction, LONGEST_WAIT, "waiting in place of timing", make_wait) ||
                 try_steps(&reduction, shrink_simplifications) || try_register_bits(&reduction) ||
                 try_renaming(&reduction);
    }
    return failed ? -1 : 0;
}
