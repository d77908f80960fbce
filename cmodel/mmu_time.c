/* SPDX-License-Identifier: Apache-2.0 */
/* Passing over cycles in which nothing can change. */
#include "mmu_state.h"

uint64_t mmu_idle_cycles(const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;
    const struct control *c = &mmu->control;
    bool draining_exchange = page_walker_draining_exchange(w);
    bool waiting_control =
        c->state == CONTROL_IDLE ||
        (c->state == CONTROL_DRAIN && (miss_queue_valid(mq) || mmu->lookup_valid || mq->answer_valid)) ||
        (c->state == CONTROL_SETTLE && draining_exchange);

    if (mmu->lookup_valid || mq->answer_valid || mq->answer || w->result_valid || !waiting_control)
        return 0;
    if ((mq->pend && !draining_exchange) || (mq->walk_pend && page_walker_idle(w) && !draining_exchange))
        return 0;
    if ((w->request && !w->memory_valid) || (c->progress_owed && !miss_queue_valid(mq)))
        return 0;
    if (!mq->pipe_valid)
        return UINT64_MAX;
    unsigned oldest = 31u - (unsigned)__builtin_clz(mq->pipe_valid);
    return mq->latency - 1u - oldest;
}

void mmu_skip(struct mmu *mmu, uint64_t cycles)
{
    struct miss_queue *mq = &mmu->miss_queue;
    mmu->cycle += cycles;
    mmu->stats.miss_queue_occupancy += cycles * (uint64_t)__builtin_popcount(miss_queue_valid(mq));
    if (mq->pipe_valid) {
        mq->pipe_valid = (uint16_t)(mq->pipe_valid << cycles);
        mq->pipe_id <<= ENTRY_ID_BITS * cycles;
    }
}
