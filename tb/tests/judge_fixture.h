/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of the judge: a made-up MMU that does what the test says, right or wrong. */
#ifndef TWINWALK_TESTS_JUDGE_FIXTURE_H
#define TWINWALK_TESTS_JUDGE_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge.h"
#include "judge_rules.h"
#include "params.h"
#include "phys_mem.h"

struct judge_fixture {
    struct phys_mem *phys;
    struct judge *judge;
    uint64_t cycle;
    uint64_t accesses;
    struct access_result access[MMU_MAX_PORTS][MMU_TAGS]; /* accepted, by port and tag */
};

/*
 * Address space A, which fixture_map makes: PAGE_VA through one table of each
 * level to a 4 KiB page at FRAME. Each entry has index 1 in its table, so
 * ENTRY(PD_A) is the PDE, and so on; ENTRY2 has index 2. B is for a second one.
 */
enum {
    ROOT_A = 0x1000,
    PDPT_A = 0x2000,
    PD_A = 0x3000,
    PT_A = 0x4000,
    ROOT_B = 0x11000,
    PDPT_B = 0x12000,
    PD_B = 0x13000,
    PT_B = 0x14000,
    FRAME = 0x700000,  /* fits for a 4 KiB page; */
    FRAME2 = 0x701000, /* another one */
    FRAME3 = 0x702000,
    LARGE = 0x800000,  /* for a 2 MiB page; */
    LARGE2 = 0xa00000, /* another one */
    TABLE_BITS = 0x27, /* P RW US A */
    LEAF_BITS = 0x67,  /* P RW US A D */
    LARGE_BITS = 0xe7, /* P RW US A D PS */
};
#define PAGE_VA   0x0000008040201000ull
#define PAGE2_VA  0x0000008040202000ull /* next page, index 2 in the page table */
#define ENTRY(t)  ((uint64_t)(t) + 8)
#define ENTRY2(t) ((uint64_t)(t) + 16)

/* A judge of a machine with this MAXPHYADDR and 1 GiB pages, after reset. */
void fixture_create(struct judge_fixture *fixture, unsigned maxphyaddr);
void fixture_destroy(struct judge_fixture *fixture);

/* The fixture of a judge_test, with 40 address bits and the spaces of fixture_map. */
extern struct judge_fixture fixture;
int fixture_setup(void **state);
int fixture_teardown(void **state);
#define judge_test(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

/* For users of cmocka.h: it was found illegal, by this rule. */
#define assert_broken(legal, rule)                                                                           \
    do {                                                                                                     \
        assert_false(legal);                                                                                 \
        assert_string_equal(fixture_rule(&fixture), (rule));                                                 \
    } while (0)

/* Space A with FRAME at PAGE_VA and FRAME3 at PAGE2_VA, space B with FRAME2 at PAGE_VA; CR3 is ROOT_A, PCID
 * 0. */
void fixture_map(struct judge_fixture *fixture);

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
