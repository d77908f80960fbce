/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of the architectural judge, shared by the files judge*.c only.
 *
 * Time is a count of moments: each change of a word of memory, each acceptance
 * and each completion of a control operation begins a new one. Two things that
 * happen in one moment see the same memory, registers and invalidations.
 */
#ifndef TWINWALK_JUDGE_STATE_H
#define TWINWALK_JUDGE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"
#include "judge_floor.h"
#include "judge_history.h"
#include "judge_rules.h"

enum {
    JUDGE_VERDICT_BYTES = 8192,
    JUDGE_OPS = 4096, /* operations remembered for the text of a verdict */
    JUDGE_MEMO_SETS = 1 << 14,
    JUDGE_MEMO_WAYS = 2,
};

/* An access in flight. */
struct judge_access {
    uint64_t index;
    uint64_t va;
    uint64_t cycle;  /* in which it was accepted */
    uint64_t accept; /* moment of that */
    uint8_t attr, port, tag;
    bool bus_error; /* a read on its path ended in a bus error while it was in flight */
};

/* A control operation. */
struct judge_op {
    struct op_req req;
    struct flush flush; /* moments; done is MOMENT_NEVER while pending */
    uint64_t accept_cycle, done_cycle;
    uint16_t pcid; /* in use when it was accepted */
};

/*
 * A translation that was found legal: it stays so until an invalidation of its
 * page completes that was accepted after `moment`.
 */
struct judge_memo {
    uint64_t key;        /* page number and PCID; 0: free */
    uint64_t frame;      /* of the 4 KiB page */
    uint64_t moment;     /* oldest moment of the walk that explains it */
    uint32_t generation; /* of the floors when last checked against them */
    uint8_t size, pat;
    bool global, dirty;
    struct rules_rights rights;
};

struct judge {
    struct phys_mem *phys;
    struct history *history;
    struct floors *floors;

    struct rules_registers regs;
    struct rules_format format;
    unsigned maxphyaddr;
    bool gib_pages;
    uint16_t pcid; /* of regs */
    uint64_t root; /* of regs */

    uint64_t cycle;
    uint64_t moment;
    bool started; /* an access has been accepted: the past begins to matter */

    bool op_pending;
    uint64_t op_count;
    struct judge_op ops[JUDGE_OPS]; /* the last one at (op_count - 1) % JUDGE_OPS */

    uint64_t tags[MMU_MAX_PORTS]; /* bit per tag in flight */
    struct judge_access accesses[MMU_MAX_PORTS][MMU_TAGS];

    uint64_t memo_floor; /* memos of older moments belong to another mode or root */
    struct judge_memo memos[JUDGE_MEMO_SETS * JUDGE_MEMO_WAYS];

    bool broken;
    char verdict[JUDGE_VERDICT_BYTES];
};

static inline bool judge_paging(const struct judge *judge)
{
    return judge->regs.cr0 & CR0_PG;
}

#endif
