/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a stimulus needs to run against in its unit test: every port
 * that is ready accepts, every access is answered after a fixed time.
 */
#ifndef TWINWALK_FAKE_MMU_H
#define TWINWALK_FAKE_MMU_H

#include <string.h>

#include "stimulus.h"

enum { FAKE_LATENCY = 5, FAKE_OP_CYCLES = 10, FAKE_QUEUE = 256, FAKE_LOG = 4096 };

struct fake_log_entry {
    uint64_t cycle;
    uint64_t va;
    uint8_t port; /* 0xff: an operation */
    uint8_t attr; /* of an operation: enum mmu_op */
    uint64_t value;
};

struct fake_mmu {
    uint64_t cycle;
    uint8_t ready_mask[8]; /* by cycle modulo 8 */
    struct access_result queue[FAKE_QUEUE];
    unsigned head, tail;
    uint64_t accepted;
    uint64_t op_done_at; /* 0: none runs */
    struct fake_log_entry log[FAKE_LOG];
    unsigned logged;
    uint64_t drives;    /* calls of drive() */
    bool offer_changed; /* an offer was not held until accepted */
};

static inline void fake_mmu_init(struct fake_mmu *fake, uint8_t ready)
{
    memset(fake, 0, sizeof(*fake));
    memset(fake->ready_mask, ready, sizeof(fake->ready_mask));
}

static inline void fake_log(struct fake_mmu *fake, struct fake_log_entry entry)
{
    if (fake->logged < FAKE_LOG)
        fake->log[fake->logged++] = entry;
}

/*
 * Translation: PA = VA + 1 TiB, 4 KiB pages; VA bit 46 set: #PF with user and
 * write bits; bit 45: #GP; PAT index from VA bits 12..14.
 */
static inline struct response fake_translate(const struct access_req *req)
{
    struct response response = {.source = SOURCE_WALK};
    if (req->va >> 46 & 1) {
        response.fault = FAULT_PAGE;
        response.error_code = (uint8_t)((req->attr & ATTR_USER ? PF_U : 0) |
                                        ((req->attr & ATTR_KIND) == ACCESS_WRITE ? PF_W : 0));
    } else if (req->va >> 45 & 1) {
        response.fault = FAULT_NON_CANONICAL;
    } else {
        response.pa = req->va + (1ull << 40);
        response.pat = req->va >> 12 & 7;
    }
    return response;
}

/* Runs until the stimulus has finished and all is answered, at most max_cycles. */
static inline void fake_mmu_run(struct fake_mmu *fake, struct stimulus *stimulus, uint64_t max_cycles)
{
    struct stimulus_offer before = {0};
    uint8_t held = 0;
    for (uint64_t end = fake->cycle + max_cycles; fake->cycle < end; fake->cycle++) {
        struct stimulus_offer offer;
        uint8_t ready = fake->ready_mask[fake->cycle % 8];
        memset(&offer, 0xaa, sizeof(offer));
        if (fake->op_done_at && fake->op_done_at == fake->cycle) {
            fake->op_done_at = 0;
            stimulus->op_done(stimulus->self, fake->cycle);
        }
        while (fake->head != fake->tail && fake->queue[fake->head % FAKE_QUEUE].answer_cycle == fake->cycle) {
            if (stimulus->answered)
                stimulus->answered(stimulus->self, &fake->queue[fake->head % FAKE_QUEUE]);
            fake->head++;
        }
        bool op_ready = fake->op_done_at == 0;
        stimulus->drive(stimulus->self, fake->cycle, ready, op_ready, &offer);
        fake->drives++;
        for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
            if (held >> port & 1 &&
                (!(offer.req_valid >> port & 1) || offer.req[port].va != before.req[port].va ||
                 offer.req[port].attr != before.req[port].attr))
                fake->offer_changed = true;
            if (!(offer.req_valid & ready & 1u << port))
                continue;
            fake_log(fake, (struct fake_log_entry){.cycle = fake->cycle,
                                                   .va = offer.req[port].va,
                                                   .port = (uint8_t)port,
                                                   .attr = offer.req[port].attr});
            fake->queue[fake->tail++ % FAKE_QUEUE] = (struct access_result){
                .index = fake->accepted++,
                .va = offer.req[port].va,
                .issue_cycle = fake->cycle,
                .answer_cycle = fake->cycle + FAKE_LATENCY,
                .response = fake_translate(&offer.req[port]),
                .attr = offer.req[port].attr,
                .port = (uint8_t)port,
            };
        }
        held = (uint8_t)(offer.req_valid & ~ready);
        before = offer;
        if (offer.op_valid && op_ready) {
            fake_log(fake, (struct fake_log_entry){.cycle = fake->cycle,
                                                   .va = offer.op.va,
                                                   .port = 0xff,
                                                   .attr = offer.op.op,
                                                   .value = offer.op.value});
            fake->op_done_at = fake->cycle + FAKE_OP_CYCLES;
        }
        if (stimulus->finished(stimulus->self) && fake->head == fake->tail && fake->op_done_at == 0)
            return;
        if (!offer.req_valid && !offer.op_valid) {
            uint64_t next = stimulus->next_cycle(stimulus->self, fake->cycle + 1);
            if (fake->head != fake->tail && fake->queue[fake->head % FAKE_QUEUE].answer_cycle < next)
                next = fake->queue[fake->head % FAKE_QUEUE].answer_cycle;
            if (fake->op_done_at && fake->op_done_at < next)
                next = fake->op_done_at;
            if (next == UINT64_MAX)
                return;
            fake->cycle = next - 1;
        }
    }
}

#endif
