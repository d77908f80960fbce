/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of the judge: a made-up MMU that does what the test says, right or wrong. */
#ifndef TWINWALK_TESTS_JUDGE_FIXTURE_H
#define TWINWALK_TESTS_JUDGE_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"
#include "params.h"
#include "phys_mem.h"

struct judge_fixture {
    struct phys_mem *phys;
    struct judge *judge;
    uint64_t cycle;
    uint64_t accesses;
    struct access_result access[MMU_MAX_PORTS][MMU_TAGS]; /* accepted, by port and tag */
};

/* A judge of a machine with this MAXPHYADDR and 1 GiB pages, after reset. */
void fixture_create(struct judge_fixture *fixture, unsigned maxphyaddr);
void fixture_destroy(struct judge_fixture *fixture);

/* Lets cycles pass. */
void fixture_wait(struct judge_fixture *fixture, uint64_t cycles);

/* An operation accepted in one cycle, complete three cycles later; and the two halves. */
void fixture_op(struct judge_fixture *fixture, enum mmu_op op, uint64_t value);
void fixture_invlpg(struct judge_fixture *fixture, uint64_t va);
void fixture_invpcid(struct judge_fixture *fixture, uint64_t type, uint16_t pcid, uint64_t va);
void fixture_op_accept(struct judge_fixture *fixture, struct op_req op);
void fixture_op_done(struct judge_fixture *fixture);

/* Software writes a word. */
void fixture_write(struct judge_fixture *fixture, uint64_t addr, uint64_t value);

/* An access is accepted in a cycle of its own, on port 1. */
void fixture_accept(struct judge_fixture *fixture, uint8_t tag, uint64_t va, uint8_t attr);

/* The answer to it, in a cycle of its own: whether the judge takes it as legal. */
bool fixture_answer(struct judge_fixture *fixture, uint8_t tag, struct response response);
bool fixture_translates(struct judge_fixture *fixture, uint8_t tag, uint64_t pa, enum page_size size);
bool fixture_faults(struct judge_fixture *fixture, uint8_t tag, uint8_t error_code);

/* Both at once, the access alone in flight. */
bool fixture_access_translates(struct judge_fixture *fixture, uint64_t va, uint8_t attr, uint64_t pa,
                               enum page_size size);
bool fixture_access_faults(struct judge_fixture *fixture, uint64_t va, uint8_t attr, uint8_t error_code);

/* A walk's compare-exchange that sets bits of the word at addr; and a read that ends in a bus error. */
bool fixture_update(struct judge_fixture *fixture, uint64_t addr, uint64_t bits);
void fixture_bus_error(struct judge_fixture *fixture, uint64_t addr);

/* The rule named by the verdict, e.g. "stale-leaf", or "" when none was broken; the verdict is withdrawn. */
const char *fixture_rule(struct judge_fixture *fixture);

#endif
