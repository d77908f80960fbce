/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C model against the judge: the bytes are a program of accesses, control
 * operations, changes of page tables, delays and bus errors over a small set of
 * tables (see docs/fuzzing.md). Whatever the bytes are, the program is legal;
 * a verdict or a hang aborts.
 */
#include <stdlib.h>

#include "bench.h"
#include "config.h"
#include "fuzz_input.h"
#include "table_builder.h"

#define TABLES_AT 0x100000ull
#define FRAMES_AT 0x40000000ull

enum {
    TABLES = 16,
    SLOTS = 4, /* entries in use of a table */
    SET_UP_OPS = 3,
    MAX_BYTES = 2048,
    PCID_MASK = 0xfff,
};

enum step {
    STEP_ACCESS, /* several codes: most of a program is accesses */
    STEP_ACCESS_LAST = 5,
    STEP_WRITE,
    STEP_WRITE_AGAIN,
    STEP_FLAGS,
    STEP_OP,
    STEP_OP_AGAIN,
    STEP_INVLPG,
    STEP_WAIT,
    STEP_DRAIN,
    STEP_POISON,
    STEP_CLEAR,
    STEPS
};

struct program {
    const uint8_t *next, *end;
    struct phys_mem *phys;
    struct memory *memory;
    unsigned ports;
    struct access_req req[MMU_MAX_PORTS];
    struct op_req op;
    uint64_t resume;     /* first cycle of the next step */
    uint64_t unanswered; /* accesses offered or accepted */
    uint64_t cr3, cr4;
    unsigned set_up; /* registers written before the first step */
    uint8_t valid;   /* offered and not accepted */
    bool op_valid, op_running, draining, started;
};

/* 0 beyond the end. */
static uint8_t take(struct program *program)
{
    return program->next < program->end ? *program->next++ : 0;
}

static uint64_t table(unsigned index)
{
    return TABLES_AT + 0x1000ull * (index % TABLES);
}

/* Entries 0, 1, 256 and 511: both halves of the address space. */
static unsigned slot(unsigned number)
{
    static const uint16_t slots[SLOTS] = {0, 1, 256, 511};
    return slots[number % SLOTS];
}

static uint64_t entry_address(uint8_t code)
{
    return table(code / SLOTS) + 8 * slot(code);
}

/*
 * Two bits of `code` for each of levels 4 to 1. `fifth` for level 5, and whether a
 * bit is flipped: 62, or one of 55:48, which with four levels makes the address
 * non-canonical too, and with five leads elsewhere.
 */
static uint64_t virtual_address(uint8_t code, uint8_t fifth, bool la57)
{
    uint64_t va = fifth & 0x38;
    for (unsigned level = 1; level <= 4; level++)
        va |= (uint64_t)slot(code >> 2 * (level - 1)) << (12 + 9 * (level - 1));
    va |= (uint64_t)slot(fifth) << 48;
    unsigned shift = la57 ? 7 : 16;
    uint64_t canonical = (uint64_t)((int64_t)(va << shift) >> shift);
    switch (fifth >> 6) {
    case 3:
        return canonical ^ 1ull << 62;
    case 2:
        return canonical ^ 1ull << (48 + (fifth >> 3 & 7));
    default:
        return canonical;
    }
}

static uint64_t take_address(struct program *program)
{
    uint8_t code = take(program);
    return virtual_address(code, take(program), program->cr4 & CR4_LA57);
}

/* Most entries lead to a table or a frame; some have a reserved bit. */
static uint64_t take_entry(struct program *program)
{
    uint64_t low = take(program);
    uint8_t high = take(program), target = take(program);
    uint64_t entry = low | (high & 1 ? ENTRY_G : 0) | (high & 2 ? ENTRY_NX : 0) | ENTRY_KEY(high >> 4);
    if ((high & 0xc) == 0xc)
        entry |= target & 0x80 ? 1ull << 45 : ENTRY_PAT_HUGE;
    if (low & ENTRY_PS && target & 0x40)
        return entry | (FRAMES_AT + ((uint64_t)(target & 0xf) << 30));
    if (low & ENTRY_PS && target & 0x20)
        return entry | (FRAMES_AT + ((uint64_t)(target & 0xf) << 21));
    return entry | (target & 0x10 ? FRAMES_AT + ((uint64_t)(target & 0xf) << 12) : table(target));
}

static void offer_access(struct program *program, uint8_t code)
{
    unsigned port = code / STEPS % program->ports;
    uint8_t attr = take(program) & (ATTR_USER | ATTR_IMPLICIT | ATTR_AC | 1);
    if (port == MMU_PORT_FETCH)
        attr = (uint8_t)((attr & (ATTR_USER | ATTR_AC)) | ACCESS_FETCH);
    if (attr & ATTR_USER)
        attr &= (uint8_t)~ATTR_IMPLICIT;
    program->req[port] = (struct access_req){.va = take_address(program), .attr = attr};
    program->valid |= (uint8_t)(1u << port);
    program->unanswered++;
}

static struct op_req write_cr3(struct program *program)
{
    uint8_t code = take(program);
    uint64_t value = table(code);
    if (program->cr4 & CR4_PCIDE)
        value |= (uint64_t)(code >> 4 & 3) | (code & 0x80 ? CR3_NO_FLUSH : 0);
    program->cr3 = value & ~CR3_NO_FLUSH;
    return (struct op_req){.op = OP_WRITE_CR3, .value = value};
}

static struct op_req write_cr4(struct program *program)
{
    static const uint64_t bits[] = {CR4_PGE, CR4_PCIDE, CR4_SMEP, CR4_SMAP, CR4_PKE, CR4_PKS};
    uint8_t code = take(program);
    uint64_t value = CR4_PAE | (program->cr4 & CR4_LA57); /* LA57 stays in long mode (SDM 4.1.2) */
    for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
        value |= code >> i & 1 ? bits[i] : 0;
    if (program->cr3 & PCID_MASK && !(program->cr4 & CR4_PCIDE))
        value &= ~CR4_PCIDE; /* SDM 4.10.1 */
    program->cr4 = value;
    return (struct op_req){.op = OP_WRITE_CR4, .value = value};
}

static struct op_req invpcid(struct program *program)
{
    uint8_t code = take(program);
    struct op_req op = {.op = OP_INVPCID, .value = code & 3, .va = take_address(program)};
    if (program->cr4 & CR4_PCIDE && op.value < 2)
        op.pcid = code >> 4 & 3;
    return op;
}

static struct op_req take_op(struct program *program)
{
    uint8_t code = take(program);
    switch ((enum mmu_op)(code % OP_COUNT)) {
    case OP_WRITE_CR0:
        return (struct op_req){.op = OP_WRITE_CR0, .value = CR0_PG | 1 | (code & 0x80 ? CR0_WP : 0)};
    case OP_WRITE_CR3:
        return write_cr3(program);
    case OP_WRITE_CR4:
        return write_cr4(program);
    case OP_WRITE_EFER:
        return (struct op_req){.op = OP_WRITE_EFER,
                               .value = EFER_LME | EFER_LMA | (code & 0x80 ? EFER_NXE : 0)};
    case OP_WRITE_PKRU:
    case OP_WRITE_PKRS:
        return (struct op_req){.op = code % OP_COUNT, .value = take(program) * 0x01010101ull};
    case OP_INVPCID:
        return invpcid(program);
    default:
        return (struct op_req){.op = OP_INVLPG, .va = take_address(program)};
    }
}

static void offer_op(struct program *program, struct op_req op)
{
    program->op = op;
    program->op_valid = true;
}

/* true: the step has to wait for what is on offer or under way. */
static bool must_wait(const struct program *program, uint8_t code)
{
    uint8_t step = code % STEPS;
    if (step <= STEP_ACCESS_LAST)
        return program->valid >> code / STEPS % program->ports & 1;
    if (step == STEP_OP || step == STEP_OP_AGAIN || step == STEP_INVLPG)
        return program->op_valid || program->op_running;
    return false;
}

static void play_step(struct program *program, uint64_t cycle)
{
    uint8_t code = take(program);
    uint64_t addr;
    switch ((enum step)(code % STEPS)) {
    case STEP_WRITE:
    case STEP_WRITE_AGAIN:
        addr = entry_address(take(program));
        phys_mem_write64(program->phys, addr, take_entry(program));
        break;
    case STEP_FLAGS:
        addr = entry_address(take(program));
        phys_mem_write64(program->phys, addr, phys_mem_read64(program->phys, addr) ^ take(program));
        break;
    case STEP_CLEAR:
        phys_mem_write64(program->phys, entry_address(take(program)), 0);
        break;
    case STEP_OP:
    case STEP_OP_AGAIN:
        offer_op(program, take_op(program));
        break;
    case STEP_INVLPG:
        offer_op(program, (struct op_req){.op = OP_INVLPG, .va = take_address(program)});
        break;
    case STEP_WAIT:
        program->resume = cycle + 1 + take(program);
        break;
    case STEP_DRAIN:
        program->draining = true;
        break;
    case STEP_POISON:
        memory_poison(program->memory, entry_address(take(program)));
        break;
    default:
        offer_access(program, code);
        break;
    }
}

/* The registers that the program starts with, one after another. */
static void offer_set_up(struct program *program)
{
    const struct op_req ops[SET_UP_OPS] = {
        {.op = OP_WRITE_EFER, .value = EFER_LME | EFER_LMA | EFER_NXE},
        {.op = OP_WRITE_CR4, .value = program->cr4},
        {.op = OP_WRITE_CR3, .value = program->cr3},
    };
    offer_op(program, ops[program->set_up++]);
}

static bool idle(const struct program *program)
{
    return !program->unanswered && !program->op_valid && !program->op_running;
}

static bool can_play(struct program *program, uint64_t cycle)
{
    if (program->draining && idle(program))
        program->draining = false;
    if (program->set_up < SET_UP_OPS || (!program->started && !idle(program)))
        return false;
    program->started = true;
    return program->next < program->end && !program->draining && cycle >= program->resume &&
           !must_wait(program, *program->next);
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct program *program = self;
    if (program->set_up < SET_UP_OPS && idle(program))
        offer_set_up(program);
    while (can_play(program, cycle))
        play_step(program, cycle);
    offer->req_valid = program->valid;
    for (unsigned port = 0; port < program->ports; port++)
        if (program->valid >> port & 1)
            offer->req[port] = program->req[port];
    offer->op_valid = program->op_valid;
    if (program->op_valid)
        offer->op = program->op;
    program->valid &= (uint8_t)~ready;
    if (program->op_valid && op_ready) {
        program->op_valid = false;
        program->op_running = true;
    }
}

static void answered(void *self, const struct access_result *result)
{
    struct program *program = self;
    (void)result;
    program->unanswered--;
}

static void op_done(void *self, uint64_t cycle)
{
    struct program *program = self;
    (void)cycle;
    program->op_running = false;
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    struct program *program = self;
    if (can_play(program, cycle) || (program->set_up < SET_UP_OPS && idle(program)))
        return cycle;
    return program->next < program->end && program->resume > cycle ? program->resume : UINT64_MAX;
}

static bool finished(void *self)
{
    const struct program *program = self;
    return program->started && program->next == program->end && !program->valid && !program->op_valid;
}

static void destroy(void *self)
{
    (void)self;
}

/* Table n leads to table n + 1 by its first entry, and to frames by the others. */
static void build_tables(struct phys_mem *phys)
{
    const uint64_t bits = ENTRY_P | ENTRY_RW | ENTRY_US;
    for (unsigned i = 0; i < TABLES; i++) {
        bool last = i == 4;
        uint64_t page = FRAMES_AT + 0x1000ull * 4 * i;
        phys_mem_write64(phys, table(i), bits | (last ? page : table(i + 1)));
        phys_mem_write64(phys, table(i) + 8 * slot(1), bits | (last ? page + 0x1000 : table(i + 5)));
        phys_mem_write64(phys, table(i) + 8 * slot(2),
                         bits | (i == 2 || i == 3 ? ENTRY_PS | FRAMES_AT : table(i + 1)));
        phys_mem_write64(phys, table(i) + 8 * slot(3), bits | ENTRY_A | ENTRY_G | table(i + 1));
    }
}

static int open_program(void *self, const struct stimulus_env *env, struct stimulus *out)
{
    struct program *program = self;
    program->phys = env->phys;
    program->memory = env->memory;
    program->ports = 1 + env->params->mmu.data_ports;
    build_tables(env->phys);
    bool la57 = take(program) & 1;
    program->cr3 = table(la57 ? 0 : 1);
    *out = (struct stimulus){
        .self = program,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .destroy = destroy,
    };
    program->cr4 = CR4_PAE | (la57 ? CR4_LA57 : 0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    static bool opened;
    if (!opened && config_open(&config, "tiny", NULL, 0))
        abort();
    opened = true;
    if (size < 2 || size > MAX_BYTES)
        return 0;
    struct program program = {.next = data + 1, .end = data + size};
    struct bench_options options = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    options.open_stimulus = open_program;
    options.open_self = &program;
    options.seed = data[0];
    options.judge = true;
    options.quiet = true;
    if (bench_run(&options))
        abort();
    return 0;
}
