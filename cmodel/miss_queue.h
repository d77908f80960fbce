/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The miss queue: every access that the L1 TLBs did not answer, until it is
 * answered. The C twin of rtl/miss_queue.sv.
 *
 * An entry is free, or in one of these states, each a bit vector over the
 * entries:
 *
 *   PEND       waits to be issued
 *   MERGED     waits for its leader, an entry for the same page
 *   LOOKUP     in the pipeline in front of the L2 TLB
 *   WALK_PEND  waits for a page walker
 *   WALK       is being walked
 *   ANSWER     has its result, waits for its port
 *
 * One entry is issued per cycle, round robin: merged with an entry in LOOKUP,
 * WALK_PEND or WALK for the same page if mode and kind allow, else sent into
 * the pipeline, or straight to WALK_PEND when the L2 TLB cannot help. A lookup
 * leaves the pipeline L2Latency cycles later. A result goes to the entry and to
 * those merged with it; a fault goes to the entry alone, the others issue again
 * (a fault must come from memory as it stood while that access was in flight).
 *
 * An overtaking invalidation sends entries of every state back to PEND.
 */
#ifndef TWINWALK_MISS_QUEUE_H
#define TWINWALK_MISS_QUEUE_H

#include "mmu.h"
#include "page_walker.h"
#include "stats.h"
#include "x86.h"

enum { MISS_QUEUE_MAX = 32, ENTRY_ID_BITS = 5 };

/*
 * What an entry in ANSWER has for its access: x86.h's data word (0 with a
 * fault) in 50:0, enum fault_kind in 52:51, error code in 58:53, page size in
 * 60:59, enum answer_source in 62:61.
 */
#define RESULT_DATA ((1ull << 51) - 1)
enum { RESULT_FAULT_SHIFT = 51, RESULT_CODE_SHIFT = 53, RESULT_SIZE_SHIFT = 59, RESULT_SOURCE_SHIFT = 61 };

static inline uint64_t miss_result(uint64_t data, unsigned fault, unsigned code, unsigned size,
                                   unsigned source)
{
    return data | (uint64_t)fault << RESULT_FAULT_SHIFT | (uint64_t)code << RESULT_CODE_SHIFT |
           (uint64_t)size << RESULT_SIZE_SHIFT | (uint64_t)source << RESULT_SOURCE_SHIFT;
}

static inline unsigned miss_result_fault(uint64_t result)
{
    return result >> RESULT_FAULT_SHIFT & 3;
}

/* The answer to an access to va, but for its tag. */
static inline struct response miss_result_response(uint64_t result, uint64_t va)
{
    unsigned fault = miss_result_fault(result);
    uint64_t data = result & RESULT_DATA;
    uint8_t size = result >> RESULT_SIZE_SHIFT & 3;
    return (struct response){.pa = fault ? 0 : x86_physical(data, size, va),
                             .fault = (uint8_t)fault,
                             .error_code = result >> RESULT_CODE_SHIFT & 0x3f,
                             .size = size,
                             .pat = data >> DATA_PAT_SHIFT & 7,
                             .source = result >> RESULT_SOURCE_SHIFT & 3};
}

struct miss_queue {
    uint32_t pend, merged, lookup, walk_pend, walk, answer; /* states, a bit per entry */
    uint32_t skip_l2;                                       /* go to a walker without asking the L2 TLB */
    uint32_t from_root;           /* walk from the root: confirms a denial by a cached entry */
    uint32_t port[MMU_MAX_PORTS]; /* entries that belong to each port */

    /* per entry */
    uint64_t va[MISS_QUEUE_MAX];
    uint8_t attr[MISS_QUEUE_MAX], tag[MISS_QUEUE_MAX];
    uint8_t leader[MISS_QUEUE_MAX];  /* MERGED: the entry it waits for */
    uint64_t result[MISS_QUEUE_MAX]; /* ANSWER: miss_result */

    /* pipeline in front of the L2 TLB: bit / ENTRY_ID_BITS bits per stage, the youngest lowest */
    uint16_t pipe_valid;
    uint64_t pipe_id;

    uint8_t next_issue, next_walk; /* round robin: the first entry considered */
    bool fetch_busy;               /* an entry belongs to the fetch port */

    /* answers, on their ports in this cycle; the words are where miss_queue_answer has put them */
    uint8_t answer_valid; /* bit per port */

    uint32_t all; /* a bit for each entry that exists */
    uint8_t ports, latency;
};

/* What the L2 TLB's answer means for an access. */
enum l2_verdict {
    L2_ANSWERS,
    L2_MISS,
    L2_NOT_DIRTY, /* a write, and the entry has D clear: walk to set it (SDM 4.8) */
    L2_DENIED     /* to be confirmed by a walk from the root */
};

enum { NO_ENTRY = -1 };

static inline uint32_t miss_queue_valid(const struct miss_queue *mq)
{
    return mq->pend | mq->merged | mq->lookup | mq->walk_pend | mq->walk | mq->answer;
}

/* The entry whose lookup is in the pipeline's last stage, or NO_ENTRY. */
static inline int miss_queue_lookup_id(const struct miss_queue *mq)
{
    unsigned stage = mq->latency - 1u;
    if (!(mq->pipe_valid >> stage & 1))
        return NO_ENTRY;
    return (int)(mq->pipe_id >> (ENTRY_ID_BITS * stage)) & (MISS_QUEUE_MAX - 1);
}

/* The entry that would be walked next, or NO_ENTRY. */
int miss_queue_walk_candidate(const struct miss_queue *mq);

/* The entries whose address lies in the same GiB as va: any page there may be va's. */
uint32_t miss_queue_same_gib(const struct miss_queue *mq, uint64_t va);

void miss_queue_init(struct miss_queue *mq, const struct mmu_params *params);

enum l2_verdict miss_queue_l2_verdict(const struct miss_queue *mq, const struct translation_context *context,
                                      unsigned id, bool hit, uint64_t data);

/*
 * The parts of one clock edge, to be called in this order. Each takes its
 * decision from the state before the clock edge: what an earlier part changed
 * of that is passed along.
 */

/* The pipeline moves on; miss_queue_lookup_id() has left it. */
static inline void miss_queue_shift(struct miss_queue *mq)
{
    mq->pipe_valid = (uint16_t)(mq->pipe_valid << 1 & ((1u << mq->latency) - 1));
    mq->pipe_id = mq->pipe_id << ENTRY_ID_BITS & ((1ull << (ENTRY_ID_BITS * mq->latency)) - 1);
}

/*
 * PEND -> MERGED, LOOKUP or WALK_PEND, for one entry if there is one; none
 * merges with `looked_up`. Not while a result waits: so the pipeline runs empty
 * and leaves it the arrays, and no entry joins a leader in the cycle in which
 * that has its result.
 */
void miss_queue_issue(struct miss_queue *mq, int looked_up, struct mmu_stats *stats);

/* WALK_PEND -> WALK, of the candidate. */
void miss_queue_start_walk(struct miss_queue *mq, unsigned id);

/* LOOKUP -> ANSWER or WALK_PEND; the L2 TLB's words with a hit. */
void miss_queue_end_lookup(struct miss_queue *mq, unsigned id, enum l2_verdict verdict, uint64_t tag,
                           uint64_t data);

/* LOOKUP -> PEND: the array could not be read in this cycle. */
void miss_queue_return_lookup(struct miss_queue *mq, unsigned id);

/* WALK -> ANSWER */
void miss_queue_end_walk(struct miss_queue *mq, unsigned id, uint64_t result);

/* Any state -> PEND: an invalidation overtook these entries. */
void miss_queue_restart(struct miss_queue *mq, uint32_t entries, struct mmu_stats *stats);

/*
 * ANSWER -> free: the lowest of `answering` (ANSWER before the clock edge, none
 * in a broadcast) on each port goes out in the next cycle, in which its port has
 * no lookup. resp: the ports' answers; those of the others stay as they are. Not
 * needed where nothing is answering and answer_valid is 0 already.
 */
void miss_queue_answer(struct miss_queue *mq, uint32_t answering, struct response *resp,
                       struct mmu_stats *stats);

/* free -> PEND: accesses that the L1 TLBs did not answer, bit per port. `used`: entries before the clock
 * edge. */
void miss_queue_allocate(struct miss_queue *mq, uint32_t used, uint8_t miss, uint8_t skip_l2,
                         uint8_t from_root, const struct access_req *access, struct mmu_stats *stats);

#endif
