/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The misses of LRU arrays of every number of sets (powers of two) and ways at
 * once: for each number of sets, each set's pages in order of last use. An array
 * of W ways holds the first W of each set (Mattson et al., Evaluation techniques
 * for storage hierarchies, 1970; for several numbers of sets Hill and Smith,
 * Evaluating associativity in CPU caches, 1989). A page that is dropped leaves a
 * hole, which is an invalid way of the arrays that reach so far: docs/stack.md.
 */
#ifndef TWINWALK_STACK_SIM_H
#define TWINWALK_STACK_SIM_H

#include <stdint.h>

enum { STACK_SET_BITS = 10, STACK_LEVELS = STACK_SET_BITS + 1, STACK_WAYS = 128 };

struct stack_sim;

/* Of 1, 2, 4 ... 2^set_bits sets (set_bits <= STACK_SET_BITS), each of 1 ... STACK_WAYS ways. NULL: memory is
 * short. */
struct stack_sim *stack_sim_create(unsigned set_bits);
void stack_sim_destroy(struct stack_sim *sim);

/*
 * Looks a page up, and fills where it is not. `id` is the page's own number, from
 * 1 on; the low bits of `page` select the set.
 */
void stack_sim_access(struct stack_sim *sim, uint32_t id, uint64_t page);

/* `count` more accesses to the page that was accessed last. */
void stack_sim_repeat(struct stack_sim *sim, uint64_t count);

/* Looks a page up, fills nothing, and drops the page where it is. */
void stack_sim_refuse(struct stack_sim *sim, uint32_t id, uint64_t page);

/* Drops a page, or all. */
void stack_sim_drop(struct stack_sim *sim, uint32_t id, uint64_t page);
void stack_sim_clear(struct stack_sim *sim);

uint64_t stack_sim_accesses(const struct stack_sim *sim);

/* Misses of 2^set_bits sets of `ways` (1 ... STACK_WAYS) ways. */
uint64_t stack_sim_misses(const struct stack_sim *sim, unsigned set_bits, unsigned ways);

#endif
