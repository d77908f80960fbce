/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a script. Statements take their turn strictly in order; in one cycle
 * go all memory writes up to the next access or operation, then that one, and
 * with an access those that follow it directly, as long as the ports accept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "prologue.h"
#include "script.h"
#include "script_check.h"
#include "table_builder.h"

enum { MAX_PENDING = MMU_TAGS * MMU_MAX_PORTS };

struct pending {
    struct script_answer answer;
    uint64_t index;
};

struct player {
    struct script *script;
    struct phys_mem *phys;
    struct memory *memory;
    uint64_t *variables;
    struct table_pool pool;
    uint64_t root; /* of the CR3 written last */
    unsigned levels;
    size_t next; /* statement */
    uint64_t loops[SCRIPT_MAX_NESTING], counts[SCRIPT_MAX_NESTING];
    unsigned depth;
    uint64_t wake; /* nothing happens before this cycle */
    struct op_req prologue[PROLOGUE_MAX_OPS];
    unsigned prologue_count, prologue_next;

    struct access_req req[MMU_MAX_PORTS]; /* offered */
    struct script_answer expected[MMU_MAX_PORTS];
    struct op_req op;
    uint8_t req_valid;
    bool op_valid;
    bool op_async;
    bool op_running; /* accepted, not done */
    bool op_awaited; /* ... and the script waits for it */
    bool draining;
    bool ac;
    bool ended;
    unsigned last_port; /* data port used last */

    struct pending pending[MAX_PENDING]; /* in order of acceptance */
    unsigned pending_count;
    uint64_t accepted, issued, max_accesses;
    uint64_t cycle; /* in which it was asked last */
    struct failed_expectations failed;
    const struct script_statement *first_failed; /* NULL: none */
};

/* result: the answer that was not as expected; NULL: it is about no access. */
static void note_failure(struct player *player, const struct script_statement *statement,
                         const struct access_result *result)
{
    if (player->failed.count++ > 0)
        return;
    player->first_failed = statement;
    player->failed.cycle = result ? result->answer_cycle : player->cycle;
    player->failed.access = result ? result->index : UINT64_MAX;
    player->failed.accept_cycle = result ? result->issue_cycle : UINT64_MAX;
}

static void fail(struct player *player, const struct script_statement *statement, const char *why)
{
    script_message(player->script, statement->place, "%s", why);
    note_failure(player, statement, NULL);
}

/* Evaluates the arguments of a statement; false and a failed expectation when that cannot be. */
static bool evaluate(struct player *player, const struct script_statement *statement,
                     uint64_t value[ARG_COUNT])
{
    bool known[ARG_COUNT];
    struct script_scope scope = {
        .variables = player->variables, .phys = player->phys, .root = player->root, .levels = player->levels};
    for (size_t i = 0; i < ARG_COUNT; i++) {
        known[i] = statement->arg[i] >= 0;
        value[i] = known[i] ? script_evaluate(player->script, statement->arg[i], &scope) : 0;
    }
    const char *wrong = scope.error ? scope.error : script_check(player->script, statement, value, known);
    if (!wrong && statement->kind == STATEMENT_OP && statement->op == OP_INVPCID && value[ARG_VALUE] == 0 &&
        !known[ARG_ADDRESS])
        wrong = "INVPCID of an address needs a PCID and the address";
    if (wrong)
        fail(player, statement, wrong);
    return !wrong;
}

static void store(struct player *player, const struct script_statement *statement, const uint64_t *value)
{
    uint64_t word = value[ARG_VALUE];
    if (statement->op == '|')
        word |= phys_mem_read64(player->phys, value[ARG_ADDRESS]);
    else if (statement->op == '&')
        word &= phys_mem_read64(player->phys, value[ARG_ADDRESS]);
    phys_mem_write64(player->phys, value[ARG_ADDRESS], word);
}

static void map(struct player *player, const struct script_statement *statement, const uint64_t *value)
{
    struct table_mapping mapping = {
        .va = value[ARG_ADDRESS],
        .pa = value[ARG_VALUE],
        .root = statement->arg[ARG_ROOT] >= 0 ? value[ARG_ROOT] : player->root,
        .leaf_bits = statement->leaf_bits | ENTRY_KEY(value[ARG_KEY]),
        .table_bits = ENTRY_P | ENTRY_RW | ENTRY_US,
        .levels = (uint8_t)(statement->arg[ARG_LEVELS] >= 0 ? value[ARG_LEVELS] : player->levels),
        .size = value[ARG_SIZE] == 1 << 12   ? PAGE_4K
                : value[ARG_SIZE] == 1 << 21 ? PAGE_2M
                                             : PAGE_1G,
    };
    if (statement->op)
        mapping.leaf_bits |= mapping.size == PAGE_4K ? ENTRY_PAT_4K : ENTRY_PAT_HUGE;
    const char *wrong = table_builder_map(player->phys, &player->pool, &mapping);
    if (wrong)
        fail(player, statement, wrong);
}

static void expect_memory(struct player *player, const struct script_statement *statement,
                          const uint64_t *value)
{
    uint64_t mask = statement->arg[ARG_MASK] >= 0 ? value[ARG_MASK] : UINT64_MAX;
    if (!script_memory_check(player->script, statement->place, value[ARG_ADDRESS], value[ARG_VALUE], mask,
                             phys_mem_read64(player->phys, value[ARG_ADDRESS])))
        note_failure(player, statement, NULL);
}

static void enter_block(struct player *player, const struct script_statement *statement, uint64_t count)
{
    if (count == 0) {
        player->next = statement->jump + 1;
        return;
    }
    player->counts[player->depth] = count;
    player->loops[player->depth] = 0;
    player->depth++;
    if (statement->slot >= 0)
        player->variables[statement->slot] = 0;
}

static void leave_block(struct player *player, const struct script_statement *end)
{
    const struct script_statement *start = &player->script->statements[end->jump];
    uint64_t *turn = &player->loops[player->depth - 1];
    if (++*turn == player->counts[player->depth - 1]) {
        player->depth--;
        return;
    }
    if (start->slot >= 0)
        player->variables[start->slot] = *turn;
    player->next = end->jump + 1;
}

/* Long mode needs these bits: a script may leave them out. */
static uint64_t fixed_bits(enum mmu_op op)
{
    switch (op) {
    case OP_WRITE_CR0:
        return CR0_PG | 1;
    case OP_WRITE_CR4:
        return CR4_PAE;
    case OP_WRITE_EFER:
        return EFER_LME | EFER_LMA;
    default:
        return 0;
    }
}

/* What later `map`s and pte() go by. */
static void follow_op(struct player *player, const struct op_req *op)
{
    if (op->op == OP_WRITE_CR3)
        player->root = op->value & ENTRY_ADDRESS;
    if (op->op == OP_WRITE_CR4)
        player->levels = op->value & CR4_LA57 ? 5 : 4;
}

static uint64_t op_value(enum mmu_op op, uint64_t value)
{
    bool off = op == OP_WRITE_CR0 && (value & SCRIPT_NO_PAGING);
    return off ? value & ~(SCRIPT_NO_PAGING | CR0_PG) : value | fixed_bits(op);
}

static void offer_op(struct player *player, const struct script_statement *statement, const uint64_t *value)
{
    player->op = (struct op_req){
        .op = statement->op,
        .value = op_value(statement->op, value[ARG_VALUE]),
        .va = value[ARG_ADDRESS],
        .pcid = statement->op == OP_INVPCID ? (uint16_t)value[ARG_PCID] : 0,
    };
    player->op_valid = true;
    player->op_async = statement->async;
    follow_op(player, &player->op);
}

/* false: the port of the access is taken in this cycle. */
static bool offer_access(struct player *player, const struct script_statement *statement,
                         const uint64_t *value)
{
    unsigned ports = player->script->params->mmu.data_ports;
    unsigned port = MMU_PORT_FETCH;
    if ((statement->attr & ATTR_KIND) != ACCESS_FETCH) {
        port = statement->arg[ARG_PORT] >= 0 ? (unsigned)value[ARG_PORT] : player->last_port % ports + 1;
        if (!(player->req_valid >> port & 1))
            player->last_port = port;
    }
    if (player->req_valid >> port & 1)
        return false;
    player->req[port] = (struct access_req){.va = value[ARG_ADDRESS],
                                            .attr = (uint8_t)(statement->attr | (player->ac ? ATTR_AC : 0))};
    player->expected[port] = (struct script_answer){.statement = statement};
    memcpy(player->expected[port].value, value, sizeof(player->expected[port].value));
    player->req_valid |= (uint8_t)(1u << port);
    player->issued++;
    return true;
}

/* Statements that take no time. */
static void play_now(struct player *player, const struct script_statement *statement, const uint64_t *value)
{
    switch ((enum script_statement_kind)statement->kind) {
    case STATEMENT_LET:
        if (statement->slot >= 0)
            player->variables[statement->slot] = value[ARG_VALUE];
        break;
    case STATEMENT_REPEAT:
        enter_block(player, statement, value[ARG_VALUE]);
        break;
    case STATEMENT_IF:
        enter_block(player, statement, value[ARG_VALUE] != 0);
        break;
    case STATEMENT_END:
        leave_block(player, statement);
        break;
    case STATEMENT_STORE:
        store(player, statement, value);
        break;
    case STATEMENT_MAP:
        map(player, statement, value);
        break;
    case STATEMENT_TABLES:
        player->pool = (struct table_pool){.next = value[ARG_ADDRESS], .end = value[ARG_VALUE]};
        break;
    case STATEMENT_POISON:
        memory_poison(player->memory, value[ARG_ADDRESS]);
        break;
    case STATEMENT_AC:
        player->ac = value[ARG_VALUE] != 0;
        break;
    case STATEMENT_EXPECT_MEMORY:
        expect_memory(player, statement, value);
        break;
    default:
        break;
    }
}

static bool takes_time(const struct script_statement *statement)
{
    return statement->kind == STATEMENT_ACCESS || statement->kind == STATEMENT_OP ||
           statement->kind == STATEMENT_WAIT || statement->kind == STATEMENT_AT ||
           statement->kind == STATEMENT_DRAIN;
}

/*
 * Memory as software changes it in a cycle comes before the accesses accepted
 * in it: after an offer only blocks, `let`, `ac` and further accesses may follow.
 */
static bool may_follow_offer(const struct script_statement *statement)
{
    return statement->kind == STATEMENT_ACCESS || statement->kind == STATEMENT_REPEAT ||
           statement->kind == STATEMENT_END || statement->kind == STATEMENT_IF ||
           statement->kind == STATEMENT_LET || statement->kind == STATEMENT_AC;
}

static bool all_accepted(const struct player *player, uint8_t ready, bool op_ready)
{
    if (player->op_valid && (!op_ready || !player->op_async))
        return false;
    return (player->req_valid & ~ready) == 0;
}

static void play_prologue(struct player *player)
{
    player->op = player->prologue[player->prologue_next++];
    player->op_valid = true;
    player->op_async = false;
    follow_op(player, &player->op);
}

static void play(struct player *player, uint64_t cycle, uint8_t ready, bool op_ready)
{
    for (uint64_t played = 0; all_accepted(player, ready, op_ready); played++) {
        bool offered = player->req_valid || player->op_valid;
        if (player->prologue_next < player->prologue_count) {
            play_prologue(player);
            return;
        }
        if (player->next == player->script->statement_count || player->issued == player->max_accesses) {
            player->ended = true;
            return;
        }
        const struct script_statement *statement = &player->script->statements[player->next];
        if (offered && !may_follow_offer(statement))
            return;
        uint64_t value[ARG_COUNT];
        if (played == SCRIPT_MAX_AT_ONCE) {
            fail(player, statement, "more statements in one cycle than can be sensible; script ended");
            player->ended = true;
            return;
        }
        player->next++;
        if (!evaluate(player, statement, value)) {
            if (statement->kind == STATEMENT_REPEAT || statement->kind == STATEMENT_IF)
                player->next = statement->jump + 1;
            continue;
        }
        if (!takes_time(statement)) {
            play_now(player, statement, value);
            continue;
        }
        if (statement->kind == STATEMENT_WAIT && value[ARG_VALUE] > 0) {
            player->wake = cycle + value[ARG_VALUE];
            return;
        }
        if (statement->kind == STATEMENT_AT && value[ARG_VALUE] > cycle) {
            player->wake = value[ARG_VALUE];
            return;
        }
        if (statement->kind == STATEMENT_DRAIN && (player->pending_count > 0 || player->op_running)) {
            player->draining = true;
            return;
        }
        if (statement->kind == STATEMENT_OP)
            offer_op(player, statement, value);
        if (statement->kind == STATEMENT_ACCESS && !offer_access(player, statement, value)) {
            player->next--;
            return;
        }
    }
}

/* Whether the script has its turn in this cycle. */
static bool may_play(const struct player *player, uint64_t cycle)
{
    return !player->ended && cycle >= player->wake && !player->op_awaited && !player->draining;
}

static void note_accepted(struct player *player, uint8_t ready, bool op_ready)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        if (!(player->req_valid & ready & 1u << port))
            continue;
        if (player->pending_count < MAX_PENDING)
            player->pending[player->pending_count++] =
                (struct pending){.answer = player->expected[port], .index = player->accepted};
        player->accepted++;
    }
    player->req_valid &= (uint8_t)~ready;
    if (player->op_valid && op_ready) {
        player->op_valid = false;
        player->op_running = true;
        player->op_awaited = !player->op_async;
    }
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct player *player = self;
    player->cycle = cycle;
    if (may_play(player, cycle))
        play(player, cycle, ready, op_ready);
    offer->req_valid = player->req_valid;
    offer->op_valid = player->op_valid;
    memcpy(offer->req, player->req, sizeof(offer->req));
    offer->op = player->op;
    note_accepted(player, ready, op_ready);
}

static void check_drained(struct player *player)
{
    if (player->pending_count == 0 && !player->op_running)
        player->draining = false;
}

static void answered(void *self, const struct access_result *result)
{
    struct player *player = self;
    for (unsigned i = 0; i < player->pending_count; i++) {
        if (player->pending[i].index != result->index)
            continue;
        if (!script_answer_check(player->script, &player->pending[i].answer, result))
            note_failure(player, player->pending[i].answer.statement, result);
        player->pending_count--;
        memmove(&player->pending[i], &player->pending[i + 1],
                (player->pending_count - i) * sizeof(player->pending[0]));
        break;
    }
    check_drained(player);
}

static void op_done(void *self, uint64_t cycle)
{
    struct player *player = self;
    (void)cycle;
    player->op_running = false;
    player->op_awaited = false;
    check_drained(player);
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct player *player = self;
    if (player->req_valid || player->op_valid)
        return cycle;
    if (player->ended || player->op_awaited || player->draining)
        return UINT64_MAX;
    return player->wake > cycle ? player->wake : cycle;
}

static bool finished(void *self)
{
    const struct player *player = self;
    return player->ended && !player->req_valid && !player->op_valid;
}

static uint64_t failures(void *self)
{
    struct player *player = self;
    for (unsigned i = 0; i < player->pending_count; i++) {
        const struct script_statement *statement = player->pending[i].answer.statement;
        if (statement->expect == EXPECT_ANY)
            continue;
        fail(player, statement, "expected an answer, got none");
    }
    player->pending_count = 0;
    return player->failed.count;
}

static void first_failure(void *self, char *text, size_t size)
{
    const struct player *player = self;
    struct script_place place = player->first_failed->place;
    snprintf(text, size, "%s:%u", player->script->files[place.file], place.line);
}

static void destroy(void *self)
{
    struct player *player = self;
    script_free(player->script);
    free(player->variables);
    free(player);
}

int script_open(const char *path, const struct stimulus_env *env, struct stimulus *out)
{
    struct script *script = script_parse(path, env->params);
    if (!script)
        return -1;
    struct player *player = calloc(1, sizeof(*player));
    uint64_t *variables = calloc((size_t)script->slots + 1, sizeof(*variables));
    if (!player || !variables) {
        fprintf(stderr, "%s: out of memory\n", path);
        script_free(script);
        free(player);
        free(variables);
        return -1;
    }
    script->silent = env->silent;
    player->script = script;
    player->variables = variables;
    player->phys = env->phys;
    player->memory = env->memory;
    player->levels = 4;
    player->max_accesses = env->max_accesses;
    player->prologue_count = prologue_of_image(env->image, player->prologue);
    *out = (struct stimulus){
        .self = player,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .failures = failures,
        .failed = &player->failed,
        .first_failure = first_failure,
        .destroy = destroy,
    };
    return 0;
}
