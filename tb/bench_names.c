/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_names.h"

#include <stddef.h>

#include "mmu.h"

#define NAME(table, value) ((value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "?")

static const char *const kinds[] = {
    [ACCESS_READ] = "read",
    [ACCESS_WRITE] = "write",
    [ACCESS_FETCH] = "fetch",
};

static const char *const sizes[] = {[PAGE_4K] = "4K", [PAGE_2M] = "2M", [PAGE_1G] = "1G"};

static const char *const sources[] = {[SOURCE_L1] = "L1", [SOURCE_L2] = "L2", [SOURCE_WALK] = "walk"};

static const char *const faults[] = {
    [FAULT_NONE] = "none",
    [FAULT_PAGE] = "page",
    [FAULT_NON_CANONICAL] = "non-canonical",
    [FAULT_MACHINE_CHECK] = "machine-check",
};

static const char *const ops[OP_COUNT] = {
    [OP_WRITE_CR0] = "CR0",   [OP_WRITE_CR3] = "CR3",   [OP_WRITE_CR4] = "CR4", [OP_WRITE_EFER] = "EFER",
    [OP_WRITE_PKRU] = "PKRU", [OP_WRITE_PKRS] = "PKRS", [OP_INVLPG] = "INVLPG", [OP_INVPCID] = "INVPCID",
};

const char *bench_kind_name(uint8_t attr)
{
    size_t kind = attr & ATTR_KIND;
    return NAME(kinds, kind);
}

const char *bench_mode_name(uint8_t attr)
{
    if (attr & ATTR_USER)
        return "user";
    return attr & ATTR_IMPLICIT ? "implicit" : "supervisor";
}

const char *bench_size_name(unsigned size)
{
    return NAME(sizes, size);
}

const char *bench_source_name(unsigned source)
{
    return NAME(sources, source);
}

const char *bench_fault_name(unsigned fault)
{
    return NAME(faults, fault);
}

const char *bench_op_name(unsigned op)
{
    return NAME(ops, op);
}
