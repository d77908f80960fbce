/* SPDX-License-Identifier: Apache-2.0 */
/* The replay of x86-walk-cases. */
#include "oracle_stimulus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BIT_P  (1ull << 0)
#define BIT_A  (1ull << 5)
#define BIT_D  (1ull << 6)
#define BIT_PS (1ull << 7)

enum {
    REGISTERS = 6,
    MAX_MESSAGES = 20, /* about cases that fail; the others are only counted */
};

/* A case is replayed in these steps. */
enum step {
    STEP_PREPARE, /* registers, entries, invalidation */
    STEP_ACCESS,
    STEP_AGAIN,  /* the same once more */
    STEP_OTHERS, /* on each port at once an access of another kind or mode */
    STEP_END,
};

struct replay {
    struct oracle_replay *wanted;
    struct oracle_cases *cases;
    struct phys_mem *phys;
    unsigned data_ports;
    uint64_t registers[REGISTERS]; /* as written last, in the order of register_ops */
    bool registers_known;

    struct oracle_case test;     /* what is done */
    struct oracle_case expected; /* what must come of it */
    enum step step;              /* the one under way */
    unsigned seen;               /* cases read */
    bool failed;                 /* an answer or a word of this case was unexpected */
    bool written;                /* one of the other accesses was a write, and answered */
    bool bad_input, ended;

    struct op_req ops[REGISTERS + 1];
    unsigned op_count, op_next;
    bool op_running;
    struct access_req req[MMU_MAX_PORTS];
    uint8_t req_valid;
    unsigned unanswered; /* offered or accepted */
};

static const uint8_t register_ops[REGISTERS] = {OP_WRITE_CR0, OP_WRITE_CR4,  OP_WRITE_EFER,
                                                OP_WRITE_CR3, OP_WRITE_PKRU, OP_WRITE_PKRS};

/* Begins a complaint about the present case; false: there have been enough of them. */
static bool complain(struct replay *replay, const char *what)
{
    static const char *const steps[] = {"preparation", "access", "repeated access", "other accesses", "end"};

    if (!replay->failed)
        replay->wanted->failed++;
    replay->failed = true;
    if (replay->wanted->failed > MAX_MESSAGES)
        return false;
    fprintf(stderr, "%s: case %s (%s), %s: %s: ", replay->wanted->path, replay->test.id, replay->test.suite,
            steps[replay->step], what);
    return true;
}

static void print_answer(unsigned fault, unsigned code, uint64_t pa)
{
    if (fault == FAULT_NONE)
        fprintf(stderr, "physical address %" PRIx64, pa);
    else if (fault == FAULT_PAGE)
        fprintf(stderr, "#PF %x", code);
    else
        fprintf(stderr, "%s", fault == FAULT_NON_CANONICAL ? "#GP" : "machine check");
}

/* The level of the entry with which the walk of the case ends: the leaf, or one that is not present. */
static unsigned last_level(const struct oracle_case *test)
{
    for (unsigned level = test->levels; level > 1; level--) {
        uint64_t entry = test->before[level];
        if (!test->used[level] || !(entry & BIT_P) || (level <= 3 && (entry & BIT_PS)))
            return level;
    }
    return 1;
}

static void check_answer(struct replay *replay, const struct access_result *result)
{
    const struct oracle_case *expected = &replay->expected;
    const struct response *got = &result->response;
    unsigned level = last_level(expected);

    if (got->fault != expected->fault || got->error_code != expected->error_code || got->pa != expected->pa) {
        if (complain(replay, "expected")) {
            print_answer(expected->fault, expected->error_code, expected->pa);
            fprintf(stderr, ", got ");
            print_answer(got->fault, got->error_code, got->pa);
            fprintf(stderr, "\n");
        }
        return;
    }
    if (got->fault == FAULT_NONE) {
        uint64_t leaf = expected->before[level];
        unsigned pat = (leaf >> (level == 1 ? 7 : 12) & 1) << 2 | (leaf >> 3 & 3);
        if ((got->size != level - 1 || got->pat != pat) && complain(replay, "wrong page"))
            fprintf(stderr, "expected size %u and PAT index %u, got %u and %u\n", level - 1, pat, got->size,
                    got->pat);
    }
    /* What was cached answers at once; a fault always comes from memory, but for #GP. */
    bool hit = replay->step == STEP_AGAIN && got->fault == FAULT_NONE;
    if (got->fault != FAULT_NON_CANONICAL && (got->source == SOURCE_L1) != hit &&
        complain(replay, "wrong source"))
        fprintf(stderr, "expected %s, got %u\n", hit ? "a hit in the L1 TLB" : "a walk", got->source);
}

/* The bits of the entry at `level` that the accesses made so far may have changed. */
static uint64_t free_bits(const struct replay *replay, unsigned level)
{
    if (replay->step == STEP_OTHERS)
        return BIT_A | BIT_D;
    if (replay->expected.fault == FAULT_PAGE && level > last_level(&replay->expected))
        return BIT_A;
    return 0;
}

static void check_memory(struct replay *replay)
{
    const struct oracle_case *expected = &replay->expected;

    for (unsigned level = expected->levels; level; level--) {
        if (!expected->used[level])
            continue;
        uint64_t word = expected->before[level],
                 found = phys_mem_read64(replay->phys, expected->address[level]);
        if (expected->fault == FAULT_NONE && expected->check_after[level])
            word = expected->after[level];
        if (replay->written && level == last_level(expected))
            word |= BIT_D;
        /* Bits may only have been set. */
        uint64_t wrong = (found ^ word) & ~(free_bits(replay, level) & ~word);
        if (wrong && complain(replay, "wrong memory"))
            fprintf(stderr, "entry of level %u at %" PRIx64 ": expected %" PRIx64 ", got %" PRIx64 "\n",
                    level, expected->address[level], word, found);
    }
}

/* Reads the next case to be replayed into replay->test; false: there is none. */
static bool next_case(struct replay *replay)
{
    int got;

    do {
        got = oracle_cases_next(replay->cases, &replay->test);
    } while (got > 0 && replay->seen++ % replay->wanted->step != 0);
    replay->bad_input = got < 0;
    return got > 0;
}

static void prepare(struct replay *replay)
{
    const struct oracle_case *test = &replay->test;
    const uint64_t values[REGISTERS] = {test->cr0, test->cr4, test->efer, test->cr3, test->pkru, test->pkrs};

    replay->expected = *test;
    if (replay->wanted->alter && replay->wanted->alter(&replay->expected))
        replay->wanted->altered++;
    oracle_case_write(test, replay->phys);
    replay->op_count = 0;
    replay->op_next = 0;
    for (unsigned i = 0; i < REGISTERS; i++) {
        if (!replay->registers_known || values[i] != replay->registers[i])
            replay->ops[replay->op_count++] = (struct op_req){.op = register_ops[i], .value = values[i]};
        replay->registers[i] = values[i];
    }
    replay->registers_known = true;
    replay->ops[replay->op_count++] = (struct op_req){.op = OP_INVPCID, .value = 2};
}

static void offer(struct replay *replay, unsigned port, uint8_t attr)
{
    replay->req[port] = (struct access_req){.va = replay->test.va, .attr = attr};
    replay->req_valid |= (uint8_t)(1u << port);
    replay->unanswered++;
}

static unsigned port_of_case(const struct replay *replay)
{
    if ((replay->test.attr & ATTR_KIND) == ACCESS_FETCH)
        return MMU_PORT_FETCH;
    return 1 + replay->wanted->replayed % replay->data_ports;
}

/* Kinds go by port; modes and EFLAGS.AC vary from case to case. */
static void offer_others(struct replay *replay)
{
    unsigned variant = replay->wanted->replayed;

    for (unsigned port = 0; port <= replay->data_ports; port++) {
        unsigned turn = variant / replay->data_ports + port;
        uint8_t attr = port == MMU_PORT_FETCH ? ACCESS_FETCH
                       : (variant + port) % 2 ? ACCESS_WRITE
                                              : ACCESS_READ;
        if (turn & 1)
            attr |= ATTR_USER;
        else if (turn & 2 && attr != ACCESS_FETCH)
            attr |= ATTR_IMPLICIT;
        if (turn & 4)
            attr |= ATTR_AC;
        offer(replay, port, attr);
    }
}

static void end_case(struct replay *replay)
{
    replay->wanted->replayed++;
    oracle_case_erase(&replay->test, replay->phys);
    replay->failed = false;
    replay->written = false;
}

/* Checks what the step under way left in memory and begins the next. */
static void advance(struct replay *replay)
{
    if (replay->step != STEP_PREPARE && replay->step != STEP_END)
        check_memory(replay);
    switch (replay->step) {
    case STEP_PREPARE:
        replay->step = STEP_ACCESS;
        offer(replay, port_of_case(replay), replay->test.attr);
        break;
    case STEP_ACCESS:
        replay->step = STEP_AGAIN;
        offer(replay, port_of_case(replay), replay->test.attr);
        break;
    case STEP_AGAIN:
        replay->step = STEP_OTHERS;
        offer_others(replay);
        break;
    case STEP_OTHERS:
        end_case(replay);
        replay->step = STEP_END;
        /* fall through */
    case STEP_END:
        if (!next_case(replay)) {
            replay->ended = true;
            return;
        }
        replay->step = STEP_PREPARE;
        prepare(replay);
        break;
    }
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *out)
{
    struct replay *replay = self;
    (void)cycle;

    if (!replay->ended && !replay->unanswered && !replay->op_running && replay->op_next == replay->op_count)
        advance(replay);
    out->req_valid = replay->req_valid;
    memcpy(out->req, replay->req, sizeof(out->req));
    replay->req_valid &= (uint8_t)~ready;
    out->op_valid = replay->op_next < replay->op_count && !replay->op_running;
    if (out->op_valid) {
        out->op = replay->ops[replay->op_next];
        if (op_ready) {
            replay->op_next++;
            replay->op_running = true;
        }
    }
}

static void answered(void *self, const struct access_result *result)
{
    struct replay *replay = self;

    replay->unanswered--;
    if (replay->step == STEP_ACCESS || replay->step == STEP_AGAIN)
        check_answer(replay, result);
    else if ((result->attr & ATTR_KIND) == ACCESS_WRITE && result->response.fault == FAULT_NONE)
        replay->written = true;
}

static void op_done(void *self, uint64_t cycle)
{
    struct replay *replay = self;
    (void)cycle;
    replay->op_running = false;
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct replay *replay = self;
    bool waits = replay->ended || replay->op_running || (replay->unanswered && !replay->req_valid);
    return waits ? UINT64_MAX : cycle;
}

static bool finished(void *self)
{
    return ((const struct replay *)self)->ended;
}

static uint64_t failures(void *self)
{
    const struct replay *replay = self;

    if (replay->bad_input)
        return UINT64_MAX;
    if (replay->wanted->failed > MAX_MESSAGES)
        fprintf(stderr, "%s: %u cases failed\n", replay->wanted->path, replay->wanted->failed);
    return replay->wanted->failed;
}

static void destroy(void *self)
{
    struct replay *replay = self;
    oracle_cases_close(replay->cases);
    free(replay);
}

int oracle_replay_open(void *wanted, const struct stimulus_env *env, struct stimulus *out)
{
    struct oracle_replay *options = wanted;

    if (env->params->mmu.maxphyaddr != ORACLE_MAXPHYADDR || !env->params->mmu.gib_pages) {
        fprintf(stderr, "%s: the cases are of a machine with mmu.maxphyaddr %d and mmu.gib_pages\n",
                options->path, ORACLE_MAXPHYADDR);
        return -1;
    }
    struct replay *replay = calloc(1, sizeof(*replay));
    if (!replay) {
        fprintf(stderr, "%s: memory is short\n", options->path);
        return -1;
    }
    replay->cases = oracle_cases_open(options->path);
    if (!replay->cases) {
        free(replay);
        return -1;
    }
    replay->wanted = options;
    replay->phys = env->phys;
    replay->data_ports = env->params->mmu.data_ports;
    replay->step = STEP_END;
    options->replayed = 0;
    options->altered = 0;
    options->failed = 0;
    *out = (struct stimulus){
        .self = replay,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .failures = failures,
        .destroy = destroy,
    };
    return 0;
}
