/* SPDX-License-Identifier: Apache-2.0 */
/* The C model with the tables of one page, and what one does with it, access by access. After cmocka.h. */
#ifndef TWINWALK_MMU_PAGE_RIG_H
#define TWINWALK_MMU_PAGE_RIG_H

#include "mmu_rig.h"

enum { PORT = 1, MEMORY_LATENCY = 6, L2_LATENCY = 4, TAG = 21, TOO_LONG = 1000 };

/* VA 0x0000_1234_5000: indices 0, 0, 0x91, 0x145. */
#define VA    0x0000000012345000ull
#define PML4E (RIG_ROOT + 0)
#define PDPTE (0x2000ull + 0)
#define PDE   (0x3000ull + 8 * 0x91)
#define PTE   (0x4000ull + 8 * 0x145)
#define PAGE  0x7654321000ull

/* Tables for VA, A set everywhere, and CR3. */
static inline struct mmu_rig make(void)
{
    struct mmu_params params;
    struct mmu_rig rig;
    mmu_params_default(&params);
    params.l2.latency = L2_LATENCY;
    rig_init(&rig, &params, MEMORY_LATENCY);
    *rig_word(&rig, PML4E) = 0x2000 | RIG_USED;
    *rig_word(&rig, PDPTE) = 0x3000 | RIG_USED;
    *rig_word(&rig, PDE) = 0x4000 | RIG_USED;
    *rig_word(&rig, PTE) = PAGE | RIG_USED;
    return rig;
}

/* Offers an operation until it is taken, waits for its end; returns the cycles from one to the other. */
static inline uint64_t operate(struct mmu_rig *rig, struct op_req op)
{
    unsigned waited = 0;
    while (!mmu_outputs(rig->mmu)->op_ready && waited++ < TOO_LONG)
        rig_step(rig);
    uint64_t taken = mmu_cycle(rig->mmu);
    rig->in.op_valid = 1;
    rig->in.op = op;
    do
        rig_step(rig);
    while (!mmu_outputs(rig->mmu)->op_done && waited++ < TOO_LONG);
    assert_true(waited < TOO_LONG);
    uint64_t cycles = mmu_cycle(rig->mmu) - taken;
    rig_step(rig);
    return cycles;
}

static inline struct mmu_rig make_running(void)
{
    struct mmu_rig rig = make();
    operate(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = RIG_ROOT});
    return rig;
}

/* Offers one access for one cycle, in which the port must be ready. */
static inline void offer(struct mmu_rig *rig, unsigned port, uint64_t va, unsigned attr, unsigned tag)
{
    assert_true(mmu_outputs(rig->mmu)->req_ready >> port & 1);
    rig->in.req_valid |= (uint8_t)(1u << port);
    rig->in.req[port] = (struct access_req){.va = va, .attr = (uint8_t)attr, .tag = (uint8_t)tag};
}

/* The next answer on a port, in the present cycle or later. */
static inline struct response wait_for(struct mmu_rig *rig, unsigned port)
{
    for (unsigned waited = 0; !(mmu_outputs(rig->mmu)->resp_valid >> port & 1); waited++) {
        assert_true(waited < TOO_LONG);
        rig_step(rig);
    }
    return mmu_outputs(rig->mmu)->resp[port];
}

/* One access from offer to answer; *cycles between them. */
static inline struct response translate(struct mmu_rig *rig, unsigned port, uint64_t va, unsigned attr,
                                        uint64_t *cycles)
{
    uint64_t start = mmu_cycle(rig->mmu);
    offer(rig, port, va, attr, TAG);
    rig_step(rig);
    struct response resp = wait_for(rig, port);
    assert_int_equal(resp.tag, TAG);
    if (cycles)
        *cycles = mmu_cycle(rig->mmu) - start;
    rig_step(rig);
    return resp;
}

static inline void expect_page(const struct response *resp, uint64_t pa, enum answer_source source)
{
    assert_int_equal(resp->fault, FAULT_NONE);
    assert_int_equal(resp->error_code, 0);
    assert_int_equal(resp->pa, pa);
    assert_int_equal(resp->size, PAGE_4K);
    assert_int_equal(resp->source, source);
}

static inline void expect_fault(const struct response *resp, enum fault_kind fault, unsigned code)
{
    assert_int_equal(resp->fault, fault);
    assert_int_equal(resp->error_code, code);
    assert_int_equal(resp->pa | resp->size | resp->pat, 0);
}

#endif
