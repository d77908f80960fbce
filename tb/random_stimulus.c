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
#include "random_accesses.h"
#include "random_ops.h"

enum {
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
    struct random_accesses accesses;
    struct random_gaps access_gaps, op_gaps, software_gaps;
    uint32_t change_weights[CHANGE_COUNT], change_sum;

    unsigned ports;
    unsigned setup_left; /* operations before the first access */
    uint64_t next_event; /* the earliest of the following */
    uint64_t phase_end, mood_end, next_software, next_heal, next_flush;
    bool calm;
    uint64_t next_op;
    uint64_t due[MMU_MAX_PORTS];  /* of the next access */
    uint64_t wait[MMU_MAX_PORTS]; /* from the acceptance of the one offered until then */
    uint8_t active;               /* ports that access in this phase */

    uint8_t valid; /* offered and not accepted */
    bool op_valid;
    struct access_req req[MMU_MAX_PORTS];
    struct op_req op;

    struct page_fault faults[FAULTS];
    uint32_t fault_count;
};

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
    struct random_source *source = &random->source;
    uint8_t all = (uint8_t)((1u << random->ports) - 1);

    random_accesses_start_phase(&random->accesses, current_pages(random));
    random->phase_end = cycle + 1 + random_below(source, 2 * random->env.bench->random.burst);
    random->active = random_chance(source, 700) ? all : 1 + (uint8_t)random_below(source, all);
    if (random->accesses.phase == PHASE_QUIET)
        random->active = 0;
    for (unsigned p = 0; p < random->ports; p++) {
        if (random->due[p] < cycle)
            random->due[p] = cycle;
    }
}

static void make_access(struct random_stimulus *random, unsigned port)
{
    uint64_t draw = random_accesses_next(&random->accesses, current_pages(random), port, &random->req[port]);
    random->wait[port] = random_gap(&random->access_gaps, &random->source, draw);
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

    if (random_chance(source, 600) && random->accesses.count) {
        va = random_accesses_recent(&random->accesses);
    } else {
        space = &random->tables.spaces[random_below(source, random->tables.space_count)];
        va = random_tables_any_page(&random->tables, space);
    }
    random_tables_change(&random->tables, space, va, choose_change(random), cycle);

    if (space == current_space(random))
        random_accesses_changed(&random->accesses, va);
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
    uint64_t va = random_accesses_recent(&random->accesses);
    if (random_chance(&random->source, 300))
        va = random->accesses.hot_va;
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
    return random->accesses.count >= random->env.max_accesses;
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
        random_accesses_leave(&random->accesses, current_pages(random));
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
    struct random_counts counts = {.accesses = random->accesses.count};
    for (unsigned i = 0; i < PHASE_COUNT; i++)
        counts.phases[i] = random->accesses.phases[i];
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
    for (unsigned p = 0; p < random->ports; p++)
        random->due[p] = random_gap(&random->access_gaps, &random->source, random_u64(&random->source));
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
    random_accesses_open(&random->accesses, &random->tables, &random->source);
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
