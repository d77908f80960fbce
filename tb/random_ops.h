/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control operations of the random stimulus: which comes next, and the
 * control state that they lead to. Operations are legal as SDM vol. 2 and 3
 * have it for the instructions they stand for.
 */
#ifndef TWINWALK_RANDOM_OPS_H
#define TWINWALK_RANDOM_OPS_H

#include <stdbool.h>
#include <stdint.h>

#include "random_source.h"
#include "random_tables.h"

enum { RANDOM_OP_QUEUE = 32 };

struct random_ops {
    struct random_tables *tables;
    struct random_source *source;
    uint64_t cr0, cr3, cr4, efer; /* as of the operation offered last */
    unsigned space;               /* whose root is in CR3 */
    uint32_t weights[8], weight_sum;

    /* operations that wait for their cycle, in order of it */
    struct {
        uint64_t due;
        struct op_req op;
    } queue[RANDOM_OP_QUEUE];
    unsigned queued;
};

/* Queues, for the first cycle, what sets up the state to start from. */
void random_ops_open(struct random_ops *ops, struct random_tables *tables, struct random_source *source);

/* First cycle in which an operation waits; UINT64_MAX: none. */
uint64_t random_ops_due(const struct random_ops *ops);

/* Queues one. When the queue is full nothing happens. */
void random_ops_add(struct random_ops *ops, uint64_t due, const struct op_req *op);

/* Queues what drops the translation of va in that space, as an operating system would. */
void random_ops_invalidate(struct random_ops *ops, uint64_t due, const struct random_space *space,
                           uint64_t va);

/* The operation that waited longest, or, when none is due, any by the weights; va: a page in use. */
void random_ops_next(struct random_ops *ops, uint64_t cycle, uint64_t va, struct op_req *op);

#endif
