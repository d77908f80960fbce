/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constrained random stimulus (docs/random.md). Instead of throwing dice in
 * every cycle it draws how long each thing is away, so that a cycle in which
 * nothing is due costs a few comparisons, and idle ones can be skipped.
 */
#include "random_stimulus.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench_params.h"
#include "image.h"
#include "random_gaps.h"
#include "random_ops.h"

enum {
    ATTR_BITS = 12,
    ATTRS = 1 << ATTR_BITS,
    RECENT = 16, /* powers of two */
    CHANGED = 8,
    REPEATED = 6, /* of 16 accesses go to a page that one of the last few went to */
    FAULTS = 16,
    FLUSH_EVERY = 50000, /* cycles; bounds what the judge has to remember */
    INVALIDATE_WITHIN = 40,
    HEAL_WITHIN = 64,   /* cycles from a page fault until software maps the page */
    MOOD_CYCLES = 3000, /* longest time that is not calm; a calm one is up to three times as long */
    CALM = 32,          /* how much rarer changes and operations are when calm */
};

struct page_fault {
    uint64_t va;
    unsigned space;
};

struct random_stimulus {
    struct stimulus_env env;
    struct random_source source;
    struct random_tables tables;
    struct random_ops ops;
    struct random_gaps access_gaps, op_gaps, software_gaps, non_canonical_gaps;
    uint8_t attrs[ATTRS]; /* of data accesses, as often as their weights say */
    uint32_t change_weights[CHANGE_COUNT], change_sum;

    unsigned ports;
    unsigned setup_left; /* operations before the first access */
    uint64_t accesses;
    uint64_t next_event; /* the earliest of the following */
    uint64_t phase_end, mood_end, next_software, next_heal, next_flush;
    bool calm;
    uint64_t next_op;
    uint64_t due[MMU_MAX_PORTS];  /* of the next access */
    uint64_t wait[MMU_MAX_PORTS]; /* from the acceptance of the one offered until then */
    uint64_t until_non_canonical; /* accesses */

    enum random_phase phase;
    uint8_t active;        /* ports that access in this phase */
    uint32_t first, count; /* pages of the phase */
    uint32_t step, step_shift;
    uint64_t hot_va; /* the next hot_left accesses go there */
    unsigned hot_left;

    uint8_t valid; /* offered and not accepted */
    bool op_valid;
    struct access_req req[MMU_MAX_PORTS];
    struct op_req op;

    uint64_t recent[RECENT];
    uint64_t changed[CHANGED];
    struct page_fault faults[FAULTS];
    uint32_t recent_count, changed_count, fault_count;
    uint64_t phases[PHASE_COUNT];
};

static uint32_t fill_attrs(struct random_stimulus *random, uint32_t at, uint64_t part, uint64_t whole,
                           uint8_t attr)
{
    uint32_t count = (uint32_t)(part * ATTRS / whole);
    if (part && !count)
        count = 1;
    while (count-- && at < ATTRS)
        random->attrs[at++] = attr;
    return at;
}

static void set_attrs(struct random_stimulus *random)
{
    const struct bench_params *bench = random->env.bench;
    uint64_t kinds = bench->random.weight_read + bench->random.weight_write + bench->random.weight_implicit;
    uint64_t user = bench->random.weight_user;
    uint64_t modes = user + bench->random.weight_supervisor;
    uint64_t whole = kinds * modes;
    uint32_t at = 0;

    at = fill_attrs(random, at, bench->random.weight_implicit * modes, whole, ACCESS_READ | ATTR_IMPLICIT);
    at = fill_attrs(random, at, bench->random.weight_write * user, whole, ACCESS_WRITE | ATTR_USER);
    at = fill_attrs(random, at, bench->random.weight_write * (modes - user), whole, ACCESS_WRITE);
    at = fill_attrs(random, at, bench->random.weight_read * (modes - user), whole, ACCESS_READ);
    at = fill_attrs(random, at, bench->random.weight_read * user, whole, ACCESS_READ | ATTR_USER);
    for (uint32_t i = 0; at < ATTRS; i++) /* lost in rounding */
        random->attrs[at++] = random->attrs[i];
}

static const struct random_space *current_space(const struct random_stimulus *random)
{
    return &random->tables.spaces[random->ops.space];
}

static const struct random_pages *current_pages(const struct random_stimulus *random)
{
    bool image = current_space(random)->image && random->tables.image.count;
    return image ? &random->tables.image : &random->tables.own;
}

static void start_phase(struct random_stimulus *random, uint64_t cycle)
{
    static const uint8_t kinds[20] = {
        PHASE_QUIET, PHASE_QUIET, PHASE_QUIET,  PHASE_QUIET,   PHASE_BURST,   PHASE_BURST,   PHASE_BURST,
        PHASE_BURST, PHASE_BURST, PHASE_STRIDE, PHASE_STRIDE,  PHASE_STRIDE,  PHASE_WIDE,    PHASE_WIDE,
        PHASE_WIDE,  PHASE_WIDE,  PHASE_WIDE,   PHASE_CHANGED, PHASE_CHANGED, PHASE_CHANGED,
    };
    struct random_source *source = &random->source;
    uint32_t pages = current_pages(random)->count;

    random->phase = kinds[random_below(source, 20)];
    random->phases[random->phase]++;
    random->phase_end = cycle + 1 + random_below(source, 2 * random->env.bench->random.burst);
    random->first = random_below(source, pages);
    random->count = 1 + random_below(source, 6);
    random->step = 0;
    random->step_shift = random_below(source, 4);
    uint8_t all = (uint8_t)((1u << random->ports) - 1);
    random->active = random_chance(source, 700) ? all : 1 + (uint8_t)random_below(source, all);
    if (random->phase == PHASE_QUIET)
        random->active = 0;
    for (unsigned p = 0; p < random->ports; p++) {
        if (random->due[p] < cycle)
            random->due[p] = cycle;
    }
}

static uint64_t phase_page(struct random_stimulus *random, uint32_t draw)
{
    const struct random_pages *pages = current_pages(random);
    uint32_t index;

    switch (random->phase) {
    case PHASE_CHANGED:
        if (random->changed_count)
            return random->changed[draw & (CHANGED - 1)] & ~0xfffull;
        index = draw % pages->count;
        break;
    case PHASE_BURST:
        index = random->first + draw % random->count;
        break;
    case PHASE_STRIDE:
        index = random->first + (random->step++ >> random->step_shift);
        break;
    default:
        index = (uint32_t)(((uint64_t)draw * pages->count) >> 20);
        break;
    }
    while (index >= pages->count)
        index -= pages->count;
    return pages->va[index];
}

/* Keeps most accesses from what is forbidden to all of their kind. */
static uint8_t tame(uint8_t attr, bool upper, uint64_t draw)
{
    bool user = attr & ATTR_USER;
    if (user && upper && (draw & 15))
        attr &= (uint8_t)~ATTR_USER; /* the upper half is the supervisor's */
    if (!user && !upper && (attr & ATTR_KIND) == ACCESS_FETCH && (draw & 7))
        attr |= ATTR_USER; /* SMEP */
    if (draw >> 4 & 3)
        attr |= ATTR_AC; /* SMAP */
    return attr;
}

static void make_access(struct random_stimulus *random, unsigned port)
{
    uint64_t draw = random_u64(&random->source);
    uint64_t page;
    unsigned size = PAGE_4K;
    if (random->hot_left) {
        random->hot_left--;
        page = random->hot_va;
    } else if ((draw >> 40 & 15) < REPEATED && random->recent_count >= RECENT) {
        page = random->recent[(random->recent_count - 1 - (draw >> 44 & 3)) % RECENT];
    } else {
        page = phase_page(random, (uint32_t)(draw >> 44));
        size = page & 3;
    }
    uint64_t va = (page & ~0xfffull) | (draw >> 10 & 0xfff);
    if (size)
        va |= random_u64(&random->source) & ((4096ull << 9 * size) - 1);

    uint8_t attr = random->attrs[draw >> 22 & (ATTRS - 1)];
    if (port == MMU_PORT_FETCH)
        attr = (attr & ATTR_USER) | ACCESS_FETCH;
    attr = tame(attr, va >> 63, draw >> 34);
    if (random->until_non_canonical-- == 0) {
        unsigned lowest = random->tables.levels == 5 ? 56 : 47;
        uint64_t other = random_u64(&random->source);
        va ^= 1ull << (lowest + other % (64 - lowest));
        random->until_non_canonical = random_gap(&random->non_canonical_gaps, &random->source, other >> 32);
    } else {
        random->recent[random->recent_count++ % RECENT] = va;
    }
    random->req[port] = (struct access_req){.va = va, .attr = attr};
    random->wait[port] = random_gap(&random->access_gaps, &random->source, draw);
    random->accesses++;
}

/* The latest of those not served yet. */
static bool take_fault(struct random_stimulus *random, const struct random_space **space, uint64_t *va)
{
    if (!random->fault_count)
        return false;
    const struct page_fault *fault = &random->faults[--random->fault_count % FAULTS];
    if (random->fault_count > FAULTS)
        random->fault_count = FAULTS;
    *space = &random->tables.spaces[fault->space];
    *va = fault->va;
    return true;
}

static enum table_change choose_change(struct random_stimulus *random)
{
    uint32_t draw = random_below(&random->source, random->change_sum);
    unsigned change = 0;
    for (; draw >= random->change_weights[change]; change++)
        draw -= random->change_weights[change];
    return change;
}

/* After a page fault software maps the page. */
static void heal(struct random_stimulus *random, uint64_t cycle)
{
    const struct random_space *space;
    uint64_t va;
    random->next_heal = UINT64_MAX;
    if (!take_fault(random, &space, &va))
        return;
    random_tables_change(&random->tables, space, va, CHANGE_MAP, cycle);
    if (random->fault_count)
        random->next_heal = cycle + 1 + random_below(&random->source, HEAL_WITHIN);
}

/* Software changes a table: under the latest accesses, or anywhere. */
static void software(struct random_stimulus *random, uint64_t cycle)
{
    struct random_source *source = &random->source;
    const struct random_space *space = current_space(random);
    uint64_t va;

    if (random_chance(source, 600) && random->recent_count) {
        uint32_t kept = random->recent_count < RECENT ? random->recent_count : RECENT;
        va = random->recent[random_below(source, kept)];
    } else {
        space = &random->tables.spaces[random_below(source, random->tables.space_count)];
        va = random_tables_any_page(&random->tables, space);
    }
    random_tables_change(&random->tables, space, va, choose_change(random), cycle);

    if (space == current_space(random)) {
        if (!random->changed_count) {
            for (unsigned i = 0; i < CHANGED; i++)
                random->changed[i] = va;
        }
        random->changed[random->changed_count++ % CHANGED] = va;
        random->hot_va = va;
        if (random_chance(source, 400))
            random->hot_left = random_below(source, 8);
    }
    if (random_chance(source, 500))
        random_ops_invalidate(&random->ops, cycle + random_below(source, INVALIDATE_WITHIN), space, va);
}

/* Cycles to the next change or operation. */
static uint64_t activity_gap(struct random_stimulus *random, const struct random_gaps *gaps)
{
    uint64_t cycles = random_gap(gaps, &random->source, random_u64(&random->source));
    return random->calm && cycles < UINT64_MAX / 2 ? CALM * cycles : cycles;
}

static void change_mood(struct random_stimulus *random, uint64_t cycle)
{
    random->calm = !random->calm;
    random->mood_end =
        cycle + 1 + random_below(&random->source, random->calm ? 3 * MOOD_CYCLES : MOOD_CYCLES);
    random->next_software = cycle + 1 + activity_gap(random, &random->software_gaps);
    random->next_op = cycle + 1 + activity_gap(random, &random->op_gaps);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void events(struct random_stimulus *random, uint64_t cycle)
{
    if (cycle >= random->phase_end)
        start_phase(random, cycle);
    if (cycle >= random->tables.next_undo)
        random_tables_undo(&random->tables, cycle);
    if (cycle >= random->next_heal)
        heal(random, cycle);
    if (cycle >= random->mood_end)
        change_mood(random, cycle);
    if (cycle >= random->next_software) {
        software(random, cycle);
        random->next_software = cycle + 1 + activity_gap(random, &random->software_gaps);
    }
    if (cycle >= random->next_flush) {
        random_ops_add(&random->ops, cycle, &(struct op_req){.op = OP_INVPCID, .value = 2});
        random->next_flush = cycle + FLUSH_EVERY;
    }
    random->next_event = least(least(least(random->phase_end, random->mood_end), random->tables.next_undo),
                               least(least(random->next_software, random->next_heal), random->next_flush));
}

static void make_op(struct random_stimulus *random, uint64_t cycle)
{
    uint64_t va = random->recent[random_below(&random->source, RECENT)];
    if (random_chance(&random->source, 300))
        va = random->hot_va;
    else if (random_chance(&random->source, 300))
        va = random_tables_any_page(&random->tables, current_space(random));
    random_ops_next(&random->ops, cycle, va, &random->op);
    random->op_valid = true;
}

/* First cycle in which an operation is to be offered. */
static uint64_t op_due(const struct random_stimulus *random)
{
    return least(random->op_gaps.never ? UINT64_MAX : random->next_op, random_ops_due(&random->ops));
}

static bool exhausted(const struct random_stimulus *random)
{
    return random->accesses >= random->env.max_accesses;
}

/* What is offered and ready is accepted. */
static void note_accepted(struct random_stimulus *random, uint64_t cycle, uint8_t ready, bool op_ready)
{
    for (unsigned accepted = random->valid & ready; accepted; accepted &= accepted - 1) {
        unsigned p = (unsigned)__builtin_ctz(accepted);
        random->due[p] = cycle + 1 + random->wait[p];
    }
    random->valid &= (uint8_t)~ready;
    if (random->op_valid && op_ready) {
        random->op_valid = false;
        random->next_op = cycle + 1;
        if (random->calm || random_chance(&random->source, 750)) /* else back to back */
            random->next_op += activity_gap(random, &random->op_gaps);
    }
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct random_stimulus *random = self;

    if (!random->setup_left && !exhausted(random)) {
        if (cycle >= random->next_event)
            events(random, cycle);
        for (unsigned idle = random->active & ~random->valid; idle; idle &= idle - 1) {
            unsigned p = (unsigned)__builtin_ctz(idle);
            if (cycle >= random->due[p] && !exhausted(random)) {
                make_access(random, p);
                random->valid |= (uint8_t)(1u << p);
            }
        }
        if (!random->op_valid && (op_due(random) <= cycle))
            make_op(random, cycle);
    } else if (random->setup_left && !random->op_valid && random->ops.queued) {
        random_ops_next(&random->ops, cycle, 0, &random->op);
        random->op_valid = true;
    }

    offer->req_valid = random->valid;
    for (unsigned valid = random->valid; valid; valid &= valid - 1) {
        unsigned p = (unsigned)__builtin_ctz(valid);
        offer->req[p] = random->req[p];
    }
    offer->op_valid = random->op_valid;
    if (random->op_valid)
        offer->op = random->op;
    note_accepted(random, cycle, ready, op_ready);
}

static void answered(void *self, const struct access_result *result)
{
    struct random_stimulus *random = self;
    if (result->response.fault != FAULT_PAGE)
        return;
    if (result->index & 3) {
        /* As a program would after a fault, go on elsewhere. */
        random->first = random_below(&random->source, current_pages(random)->count);
        random->hot_left = 0;
    }
    bool missing = !(result->response.error_code & PF_P) || (result->response.error_code & PF_RSVD);
    if (!missing && (result->index & 7))
        return;
    random->faults[random->fault_count++ % FAULTS] =
        (struct page_fault){.va = result->va, .space = random->ops.space};
    if (random->next_heal == UINT64_MAX && !random->software_gaps.never) {
        random->next_heal = result->answer_cycle + 1 + random_below(&random->source, HEAL_WITHIN);
        random->next_event = least(random->next_event, random->next_heal);
    }
}

static void op_done(void *self, uint64_t cycle)
{
    struct random_stimulus *random = self;
    if (!random->setup_left || --random->setup_left)
        return;
    random->phase_end = cycle;
    random->next_event = cycle;
    random->next_heal = UINT64_MAX;
    random->next_flush = cycle + FLUSH_EVERY;
    change_mood(random, cycle);
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct random_stimulus *random = self;
    if (random->setup_left)
        return random->op_valid || random->ops.queued ? cycle : UINT64_MAX;
    if (exhausted(random))
        return UINT64_MAX;
    uint64_t next = random->next_event;
    if (!random->op_valid)
        next = least(next, op_due(random));
    for (unsigned idle = random->active & ~random->valid; idle; idle &= idle - 1)
        next = least(next, random->due[__builtin_ctz(idle)]);
    return next > cycle ? next : cycle;
}

static bool finished(void *self)
{
    const struct random_stimulus *random = self;
    return exhausted(random) && !random->valid && !random->op_valid;
}

static void destroy(void *self)
{
    struct random_stimulus *random = self;
    random_tables_close(&random->tables);
    free(random);
}

struct random_counts random_counts(const struct stimulus *stimulus)
{
    const struct random_stimulus *random = stimulus->self;
    struct random_counts counts = {.accesses = random->accesses};
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        counts.phases[i] = random->phases[i];
    for (unsigned i = 0; i < CHANGE_COUNT; i++)
        counts.changes[i] = random->tables.changes[i];
    return counts;
}

static void set_rates(struct random_stimulus *random)
{
    const struct bench_params *bench = random->env.bench;
    const uint32_t weights[CHANGE_COUNT] = {
        [CHANGE_MAP] = bench->random.weight_map,
        [CHANGE_UNMAP] = bench->random.weight_unmap,
        [CHANGE_PERMISSION] = bench->random.weight_permission,
        [CHANGE_CLEAR_AD] = bench->random.weight_clear_ad,
        [CHANGE_PROMOTE] = bench->random.weight_promote,
        [CHANGE_SPLIT] = bench->random.weight_split,
        [CHANGE_ALIAS] = bench->random.weight_alias,
        [CHANGE_CORRUPT] = bench->random.weight_corrupt,
        [CHANGE_POISON] = bench->random.weight_poison,
    };
    for (unsigned i = 0; i < CHANGE_COUNT; i++) {
        random->change_weights[i] = weights[i];
        random->change_sum += weights[i];
    }
    random_gaps_set(&random->access_gaps, bench->random.access_rate);
    random_gaps_set(&random->op_gaps, bench->random.op_rate);
    random_gaps_set(&random->software_gaps, bench->random.software_rate);
    random_gaps_set(&random->non_canonical_gaps, bench->random.non_canonical);
    random->until_non_canonical =
        random_gap(&random->non_canonical_gaps, &random->source, random_u64(&random->source));
    for (unsigned p = 0; p < random->ports; p++)
        random->due[p] = random_gap(&random->access_gaps, &random->source, random_u64(&random->source));
    set_attrs(random);
}

int random_open(const struct stimulus_env *env, struct stimulus *out)
{
    if (env->image && !env->image->has_registers) {
        fprintf(stderr,
                "%s: has no registers, so that its page tables cannot be found; give cr3 in %s.regs\n",
                env->image->path, env->image->path);
        return -1;
    }
    struct random_stimulus *random = calloc(1, sizeof(*random));
    if (!random) {
        fprintf(stderr, "random stimulus: out of memory\n");
        return -1;
    }
    random->env = *env;
    random->ports = 1 + env->params->mmu.data_ports;
    random_seed(&random->source, env->seed);
    set_rates(random);

    unsigned levels = random_chance(&random->source, env->bench->random.la57) ? 5 : 4;
    if (env->image)
        levels = env->image->cr4 & CR4_LA57 ? 5 : 4;
    if (random_tables_open(&random->tables, &random->env, &random->source, levels)) {
        fprintf(stderr, "random stimulus: out of memory\n");
        destroy(random);
        return -1;
    }
    random_ops_open(&random->ops, &random->tables, &random->source);
    random->setup_left = random->ops.queued;
    *out = (struct stimulus){
        .self = random,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .destroy = destroy,
    };
    return 0;
}
