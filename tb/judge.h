/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architectural judge: decides from the manuals alone (Intel SDM vol. 3A
 * ch. 4), without any knowledge of TLBs or timing, whether each answer is
 * legal. It shares no translation code with cmodel/. See docs/judge.md.
 *
 * It keeps the versions of the words that walks may read (it observes
 * phys_mem), the control registers, the operations and the accesses in flight.
 * Calls come in cycle order. Within a cycle: op_done, answers, memory changes
 * by software, accepts; then what the memory serves at the clock edge.
 */
#ifndef TWINWALK_JUDGE_H
#define TWINWALK_JUDGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmu.h"
#include "phys_mem.h"
#include "stimulus.h"

struct judge;

struct judge *judge_create(const struct mmu_params *params, struct phys_mem *phys);
void judge_destroy(struct judge *judge);

/* Starts a cycle; cycles without any call may be left out. */
void judge_cycle(struct judge *judge, uint64_t cycle);

/* An access accepted in this cycle; index as in struct access_result. */
void judge_accept(struct judge *judge, uint64_t index, unsigned port, const struct access_req *req);
/* An answer in this cycle. false: illegal, see judge_verdict. */
bool judge_answer(struct judge *judge, const struct access_result *result);

/*
 * Why the answer that judge_answer is about to judge is legal: lines of text
 * that say which entries explain it. Empty when it is not, or when the judge
 * no longer remembers enough to tell.
 */
void judge_explain_legal(struct judge *judge, const struct access_result *result, char *text, size_t size);

/* A control operation accepted / complete in this cycle. */
void judge_op_accept(struct judge *judge, const struct op_req *op);
void judge_op_done(struct judge *judge);

/*
 * A memory access of a walk took place (memory_listener). A successful
 * compare-exchange has already changed phys_mem. false: an illegal A/D update.
 */
bool judge_served(struct judge *judge, const struct mem_req *req, const struct mem_resp *resp);

/* At the end, after draining: every access answered? */
bool judge_finish(struct judge *judge);

/*
 * How often a bound on its memory made the judge forget an invalidation, a page
 * fault or a root table: it may be more lenient about those than the manual.
 */
uint64_t judge_forgotten(const struct judge *judge);

/* What rule was broken and by which entry (several lines), or NULL. */
const char *judge_verdict(const struct judge *judge);

#endif
