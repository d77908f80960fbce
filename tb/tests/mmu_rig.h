/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C model with a tiny memory of one latency: page tables made by hand in
 * 64 KiB from physical address 0. After cmocka.h.
 */
#ifndef TWINWALK_MMU_RIG_H
#define TWINWALK_MMU_RIG_H

#include "mmu.h"
#include "x86.h"

enum { RIG_WORDS = 65536 / 8, RIG_WALKERS = 8, RIG_LOG = 64, RIG_NOTHING = -1 };

#define RIG_ROOT  0x1000ull
#define RIG_TABLE (ENTRY_P | ENTRY_RW | ENTRY_US)
#define RIG_USED  (RIG_TABLE | ENTRY_A)

struct mmu_rig {
    struct mmu *mmu, *twin; /* twin: NULL, or a second one with the same inputs */
    struct mmu_in in;       /* of the present cycle; requests and operations are the test's */
    unsigned latency;       /* cycles from a request to its response, at least 1 */
    bool stalled;           /* memory takes no request and gives no response */
    uint64_t poisoned;      /* physical address that answers with a bus error; 0: none */

    uint64_t words[RIG_WORDS];
    struct mem_req pending[RIG_WALKERS];
    uint64_t due[RIG_WALKERS];
    uint8_t outstanding; /* bit per walker */
    int offered;         /* walker whose response is offered, or RIG_NOTHING */

    struct mem_req log[RIG_LOG]; /* requests taken, the first RIG_LOG of them */
    unsigned logged;
    uint64_t requests;
};

static inline void rig_init(struct mmu_rig *rig, const struct mmu_params *params, unsigned latency)
{
    const char *key;
    assert_null(mmu_params_check(params, &key));
    *rig = (struct mmu_rig){.mmu = mmu_create(params), .latency = latency, .offered = RIG_NOTHING};
    assert_non_null(rig->mmu);
}

static inline void rig_free(struct mmu_rig *rig)
{
    mmu_destroy(rig->mmu);
    mmu_destroy(rig->twin);
}

static inline uint64_t *rig_word(struct mmu_rig *rig, uint64_t address)
{
    assert_true(address / 8 < RIG_WORDS);
    return &rig->words[address / 8];
}

/* A read, or a compare-exchange that takes place now. */
static inline struct mem_resp rig_serve(struct mmu_rig *rig, const struct mem_req *req)
{
    uint64_t *word = rig_word(rig, req->addr);
    struct mem_resp resp = {
        .data = *word, .tag = req->tag, .error = rig->poisoned && req->addr == rig->poisoned};
    if (req->exchange && !resp.error && *word == req->expected) {
        resp.exchanged = 1;
        *word = req->desired;
    }
    return resp;
}

/* What memory does in the present cycle. */
static inline void rig_drive_memory(struct mmu_rig *rig)
{
    for (int tag = 0; tag < RIG_WALKERS && rig->offered == RIG_NOTHING; tag++)
        if (rig->outstanding >> tag & 1 && rig->due[tag] <= mmu_cycle(rig->mmu)) {
            rig->offered = tag;
            rig->in.mem_resp = rig_serve(rig, &rig->pending[tag]);
        }
    rig->in.mem_resp_valid = rig->offered != RIG_NOTHING && !rig->stalled;
    rig->in.mem_req_ready = !rig->stalled;
}

/* One cycle; the requests and the operation in rig->in are offered in it only. */
static inline void rig_step(struct mmu_rig *rig)
{
    const struct mmu_out *out = mmu_outputs(rig->mmu);
    rig_drive_memory(rig);
    if (rig->in.mem_resp_valid && out->mem_resp_ready) {
        rig->outstanding &= (uint8_t) ~(1u << rig->offered);
        rig->offered = RIG_NOTHING;
    }
    if (rig->in.mem_req_ready && out->mem_req_valid) {
        unsigned tag = out->mem_req.tag;
        assert_false(rig->outstanding >> tag & 1);
        rig->pending[tag] = out->mem_req;
        rig->due[tag] = mmu_cycle(rig->mmu) + rig->latency;
        rig->outstanding |= (uint8_t)(1u << tag);
        if (rig->logged < RIG_LOG)
            rig->log[rig->logged++] = out->mem_req;
        rig->requests++;
    }
    mmu_step(rig->mmu, &rig->in);
    if (rig->twin)
        mmu_step(rig->twin, &rig->in);
    rig->in.req_valid = rig->in.op_valid = 0;
}

#endif
