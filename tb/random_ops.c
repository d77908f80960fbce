/* SPDX-License-Identifier: Apache-2.0 */
#include "random_ops.h"

#include <string.h>

#include "bench_params.h"
#include "prologue.h"

enum {
    CR0_PE = 1,
    CR3_PCID = 0xfff,
    PAGING_OFF_MAX = 300, /* cycles */
    NXE_OFF_MAX = 3000,   /* cycles; meanwhile every entry with NX is a reserved-bit fault */
};

#define CR4_TOGGLED (CR4_PGE | CR4_PCIDE | CR4_SMEP | CR4_SMAP | CR4_PKE | CR4_PKS)

enum { GROUP_INVLPG, GROUP_INVPCID, GROUP_CR3, GROUP_CR0, GROUP_CR4, GROUP_EFER, GROUP_KEYS, GROUP_PAGING };

uint64_t random_ops_due(const struct random_ops *ops)
{
    return ops->queued ? ops->queue[0].due : UINT64_MAX;
}

void random_ops_add(struct random_ops *ops, uint64_t due, const struct op_req *op)
{
    if (ops->queued == RANDOM_OP_QUEUE)
        return;
    unsigned at = ops->queued++;
    for (; at && ops->queue[at - 1].due > due; at--)
        ops->queue[at] = ops->queue[at - 1];
    ops->queue[at].due = due;
    ops->queue[at].op = *op;
}

/* Most accesses are allowed by most values. */
static uint32_t key_rights(struct random_ops *ops)
{
    uint64_t a = random_u64(ops->source), b = random_u64(ops->source);
    return (uint32_t)(a & a >> 32 & b & b >> 32);
}

static void add_value(struct random_ops *ops, uint64_t due, enum mmu_op op, uint64_t value)
{
    random_ops_add(ops, due, &(struct op_req){.op = op, .value = value});
}

static void set_up(struct random_ops *ops)
{
    const struct random_tables *tables = ops->tables;
    const struct image *image = tables->env->image;
    uint64_t la57 = tables->levels == 5 ? CR4_LA57 : 0;

    struct op_req ops_of_image[PROLOGUE_MAX_OPS];
    unsigned count = prologue_of_image(image, ops_of_image);
    for (unsigned i = 0; i < count; i++)
        random_ops_add(ops, 0, &ops_of_image[i]);
    if (image)
        return;
    uint64_t some = random_u64(ops->source) & CR4_TOGGLED;
    add_value(ops, 0, OP_WRITE_CR0, CR0_PG | CR0_PE | (random_chance(ops->source, 700) ? CR0_WP : 0));
    add_value(ops, 0, OP_WRITE_EFER, EFER_LME | EFER_LMA | EFER_NXE);
    add_value(ops, 0, OP_WRITE_CR4, CR4_PAE | la57 | some);
    add_value(ops, 0, OP_WRITE_CR3, tables->spaces[0].root | tables->spaces[0].pcid);
    add_value(ops, 0, OP_WRITE_PKRU, key_rights(ops));
    add_value(ops, 0, OP_WRITE_PKRS, key_rights(ops));
}

void random_ops_open(struct random_ops *ops, struct random_tables *tables, struct random_source *source)
{
    const struct bench_params *bench = tables->env->bench;
    const uint32_t weights[] = {
        [GROUP_INVLPG] = bench->random.weight_invlpg, [GROUP_INVPCID] = bench->random.weight_invpcid,
        [GROUP_CR3] = bench->random.weight_cr3,       [GROUP_CR0] = bench->random.weight_cr0,
        [GROUP_CR4] = bench->random.weight_cr4,       [GROUP_EFER] = bench->random.weight_efer,
        [GROUP_KEYS] = bench->random.weight_pkeys,    [GROUP_PAGING] = bench->random.weight_paging,
    };
    *ops = (struct random_ops){.tables = tables, .source = source};
    memcpy(ops->weights, weights, sizeof(weights));
    for (unsigned i = 0; i < sizeof(weights) / sizeof(weights[0]); i++)
        ops->weight_sum += weights[i];
    set_up(ops);
}

static const struct random_space *any_space(struct random_ops *ops)
{
    return &ops->tables->spaces[random_below(ops->source, ops->tables->space_count)];
}

void random_ops_invalidate(struct random_ops *ops, uint64_t due, const struct random_space *space,
                           uint64_t va)
{
    bool current = space == &ops->tables->spaces[ops->space];
    if (current || !(ops->cr4 & CR4_PCIDE) || random_chance(ops->source, 100))
        random_ops_add(ops, due, &(struct op_req){.op = OP_INVLPG, .va = va});
    else
        random_ops_add(ops, due, &(struct op_req){.op = OP_INVPCID, .pcid = space->pcid, .va = va});
}

static struct op_req invpcid(struct random_ops *ops, uint64_t va)
{
    return (struct op_req){
        .op = OP_INVPCID,
        .value = random_below(ops->source, 4),
        .pcid = any_space(ops)->pcid,
        .va = va,
    };
}

static struct op_req switch_space(struct random_ops *ops)
{
    const struct random_space *space = any_space(ops);
    if (random_chance(ops->source, 250))
        space = &ops->tables->spaces[ops->space];
    else if (ops->tables->spaces[0].image && random_chance(ops->source, 700))
        space = &ops->tables->spaces[0]; /* mainly the image */
    return (struct op_req){
        .op = OP_WRITE_CR3,
        .value = space->root | space->pcid | (random_chance(ops->source, 500) ? CR3_NO_FLUSH : 0),
    };
}

static struct op_req change_cr4(struct random_ops *ops, uint64_t cycle)
{
    static const uint64_t bits[] = {CR4_PGE, CR4_PCIDE, CR4_SMEP, CR4_SMAP, CR4_PKE, CR4_PKS};
    uint64_t value = ops->cr4 ^ bits[random_below(ops->source, 6)];
    if (random_chance(ops->source, 200))
        value ^= bits[random_below(ops->source, 6)];
    if ((value & ~ops->cr4 & CR4_PCIDE) && (ops->cr3 & CR3_PCID)) {
        /* First a CR3 that CR4.PCIDE can be set with. */
        add_value(ops, cycle, OP_WRITE_CR4, value);
        return (struct op_req){.op = OP_WRITE_CR3, .value = ops->cr3 & ~(uint64_t)CR3_PCID};
    }
    return (struct op_req){.op = OP_WRITE_CR4, .value = value};
}

static struct op_req change_efer(struct random_ops *ops, uint64_t cycle)
{
    if (ops->efer & EFER_NXE)
        add_value(ops, cycle + random_below(ops->source, NXE_OFF_MAX), OP_WRITE_EFER, ops->efer);
    return (struct op_req){.op = OP_WRITE_EFER, .value = ops->efer ^ EFER_NXE};
}

/* Only without PCIDs may CR0.PG be cleared: they go first. */
static struct op_req turn_paging_off(struct random_ops *ops, uint64_t cycle)
{
    struct op_req off = {.op = OP_WRITE_CR0, .value = ops->cr0 & ~CR0_PG};
    add_value(ops, cycle + random_below(ops->source, PAGING_OFF_MAX), OP_WRITE_CR0, ops->cr0 | CR0_PG);
    if (!(ops->cr4 & CR4_PCIDE))
        return off;
    random_ops_add(ops, cycle, &off);
    return (struct op_req){.op = OP_WRITE_CR4, .value = ops->cr4 & ~CR4_PCIDE};
}

static struct op_req choose(struct random_ops *ops, uint64_t cycle, uint64_t va)
{
    uint32_t draw = random_below(ops->source, ops->weight_sum);
    unsigned group = 0;
    for (; draw >= ops->weights[group]; group++)
        draw -= ops->weights[group];
    switch (group) {
    case GROUP_INVLPG:
        if (random_chance(ops->source, 20))
            va ^= 1ull << 62; /* not canonical: does nothing */
        return (struct op_req){.op = OP_INVLPG, .va = va};
    case GROUP_INVPCID:
        return invpcid(ops, va);
    case GROUP_CR3:
        return switch_space(ops);
    case GROUP_CR0:
        return (struct op_req){.op = OP_WRITE_CR0, .value = ops->cr0 ^ CR0_WP};
    case GROUP_CR4:
        return change_cr4(ops, cycle);
    case GROUP_EFER:
        return change_efer(ops, cycle);
    case GROUP_PAGING:
        return turn_paging_off(ops, cycle);
    default:
        return (struct op_req){
            .op = random_chance(ops->source, 500) ? OP_WRITE_PKRU : OP_WRITE_PKRS,
            .value = key_rights(ops),
        };
    }
}

/* What the state of the moment forbids is made legal; the state may have changed while it waited. */
static void legalise(const struct random_ops *ops, struct op_req *op)
{
    bool pcide = ops->cr4 & CR4_PCIDE;

    if (op->op == OP_WRITE_CR4 && !pcide && ((ops->cr3 & CR3_PCID) || !(ops->cr0 & CR0_PG)))
        op->value &= ~CR4_PCIDE;
    if (op->op == OP_WRITE_CR0 && pcide)
        op->value |= CR0_PG;
    if (op->op == OP_WRITE_CR3 && !pcide)
        op->value &= ~(CR3_NO_FLUSH | CR3_PCID);
    if (op->op == OP_INVPCID && !pcide)
        op->pcid = 0;
    if (op->op == OP_INVPCID && op->value >= 2)
        op->pcid = 0;
}

static void remember(struct random_ops *ops, const struct op_req *op)
{
    switch (op->op) {
    case OP_WRITE_CR0:
        ops->cr0 = op->value;
        break;
    case OP_WRITE_CR3:
        ops->cr3 = op->value & ~CR3_NO_FLUSH;
        for (unsigned i = 0; i < ops->tables->space_count; i++) {
            if (ops->tables->spaces[i].root == (ops->cr3 & ~(uint64_t)CR3_PCID))
                ops->space = i;
        }
        break;
    case OP_WRITE_CR4:
        ops->cr4 = op->value;
        break;
    case OP_WRITE_EFER:
        ops->efer = op->value;
        break;
    default:
        break;
    }
}

void random_ops_next(struct random_ops *ops, uint64_t cycle, uint64_t va, struct op_req *op)
{
    if (random_ops_due(ops) <= cycle) {
        *op = ops->queue[0].op;
        ops->queued--;
        memmove(&ops->queue[0], &ops->queue[1], ops->queued * sizeof(ops->queue[0]));
    } else {
        *op = choose(ops, cycle, va);
    }
    legalise(ops, op);
    remember(ops, op);
}
