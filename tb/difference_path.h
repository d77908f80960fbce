/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the first difference between RTL and C model to an output: in which
 * order values begin to differ. Fed with rtl_report()'s text in each cycle in
 * which the two differ.
 */
#ifndef TWINWALK_DIFFERENCE_PATH_H
#define TWINWALK_DIFFERENCE_PATH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct difference_path;

/* NULL when memory is short. */
struct difference_path *difference_path_create(void);
void difference_path_destroy(struct difference_path *path);

/* "mmu.resp_valid" and the like: answers, handshakes, and the request register, whose words go to memory. */
bool difference_path_is_output(const char *name);

/* What differs in that cycle; true: an output of the MMU is among it for the first time. */
bool difference_path_add(struct difference_path *path, uint64_t cycle, const char *report);

/* The first cycle; UINT64_MAX: nothing has differed. */
uint64_t difference_path_first(const struct difference_path *path);

/* The cycle in which an output first differed; UINT64_MAX: none has. */
uint64_t difference_path_output(const struct difference_path *path);

/* The debug flags of the blocks that differed first. */
unsigned difference_path_flags(const struct difference_path *path);

/* Each value when it first differed, at most so many lines for one cycle. */
void difference_path_print(const struct difference_path *path, FILE *out);

#endif
