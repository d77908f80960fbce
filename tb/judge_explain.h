/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a verdict: the rule that was broken, and by which entry. */
#ifndef TWINWALK_JUDGE_EXPLAIN_H
#define TWINWALK_JUDGE_EXPLAIN_H

#include "judge_search.h"

/*
 * Breaks with a rule ("stale-leaf"); the text says what happened. Only the
 * first broken rule is kept. Always false.
 */
bool judge_break(struct judge *judge, const char *rule, const char *text, ...)
    __attribute__((format(printf, 3, 4)));

/* Finds out which rule an answer without explanation breaks, and breaks with it. Always false. */
bool judge_break_answer(struct judge *judge, const struct judge_access *access,
                        const struct response *response);

/* The same for an A/D update that no access in flight explains. */
bool judge_break_exchange(struct judge *judge, const struct mem_req *exchange);

/* "access 17 (port 1, tag 3, user write of 00007f..., accepted in cycle 40)" */
void judge_describe_access(const struct judge_access *access, char *text, size_t len);

#endif
