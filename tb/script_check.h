/* SPDX-License-Identifier: Apache-2.0 */
/* Compares an answer with what a script expects of it. */
#ifndef TWINWALK_SCRIPT_CHECK_H
#define TWINWALK_SCRIPT_CHECK_H

#include "script.h"

/* What is expected of an access in flight: the statement and its arguments as they were at its issue. */
struct script_answer {
    const struct script_statement *statement;
    uint64_t value[ARG_COUNT];
};

/* false, and the difference on stderr, when the answer is not as expected. */
bool script_answer_check(const struct script *script, const struct script_answer *expected,
                         const struct access_result *result);

/* The same of a word of memory, of which the bits of `mask` count. */
bool script_memory_check(const struct script *script, struct script_place place, uint64_t address,
                         uint64_t wanted, uint64_t mask, uint64_t found);

#endif
