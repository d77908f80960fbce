/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translations that were found legal a short time ago, so that a page used
 * again and again is searched for once. A translation once explained stays
 * legal, whatever memory does, until an invalidation of its page completes.
 */
#ifndef TWINWALK_JUDGE_MEMO_H
#define TWINWALK_JUDGE_MEMO_H

#include "judge_state.h"

/* The response is a translation still known to be legal. */
bool judge_memo_explains(struct judge *judge, const struct judge_access *access,
                         const struct response *response);

/* It is now, by a walk whose first entry was read at `moment`. */
void judge_memo_add(struct judge *judge, const struct judge_access *access, const struct response *response,
                    const struct rules_outcome *outcome, uint64_t moment);

/* What is known of the page at va, in the present PCID, no longer counts. */
void judge_memo_drop(struct judge *judge, uint64_t va);

#endif
