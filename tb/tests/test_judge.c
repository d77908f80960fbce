/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the judge takes as legal apart from invalidations: permissions, faults
 * and their codes, A/D updates, machine checks, and each access answered once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

enum {
    READ = ACCESS_READ,
    WRITE = ACCESS_WRITE,
    FETCH = ACCESS_FETCH,
    USER_READ = ACCESS_READ | ATTR_USER,
    USER_WRITE = ACCESS_WRITE | ATTR_USER,
};

static bool translates(uint8_t attr)
{
    return fixture_access_translates(&fixture, PAGE_VA, attr, FRAME, PAGE_4K);
}

static bool faults(uint8_t attr, uint8_t code)
{
    return fixture_access_faults(&fixture, PAGE_VA, attr, code);
}

/* --- translations --- */

static void test_address_size_and_pat(void **state)
{
    (void)state;
    assert_true(fixture_access_translates(&fixture, PAGE_VA + 0xabc, READ, FRAME + 0xabc, PAGE_4K));
    assert_broken(fixture_access_translates(&fixture, PAGE_VA + 0xabc, READ, FRAME + 0xabd, PAGE_4K),
                  "wrong-address");
    assert_broken(fixture_access_translates(&fixture, PAGE_VA, READ, FRAME, PAGE_2M), "wrong-size");
    fixture_accept(&fixture, 0, PAGE_VA, READ);
    assert_broken(fixture_answer(&fixture, 0, (struct response){.pa = FRAME, .pat = 1}), "wrong-pat");
}

static void test_pat_bits_of_large_pages(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS | 1 << 12 | 1 << 4);
    fixture_accept(&fixture, 0, PAGE_VA, READ);
    assert_true(
        fixture_answer(&fixture, 0, (struct response){.pa = LARGE + 0x1000, .size = PAGE_2M, .pat = 6}));
    fixture_accept(&fixture, 0, PAGE_VA, READ);
    assert_broken(
        fixture_answer(&fixture, 0, (struct response){.pa = LARGE + 0x1000, .size = PAGE_2M, .pat = 2}),
        "wrong-pat");
}

static void test_rights_of_all_levels(void **state)
{
    (void)state;
    static const uint64_t tables[] = {ROOT_A, PDPT_A, PD_A, PT_A};

    assert_true(translates(USER_WRITE));
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        uint64_t entry = phys_mem_read64(fixture.phys, ENTRY(tables[i]));
        fixture_write(&fixture, ENTRY(tables[i]), entry & ~ENTRY_RW);
        fixture_invlpg(&fixture, PAGE_VA);
        assert_true(translates(USER_READ));
        assert_true(translates(WRITE));
        assert_false(translates(USER_WRITE));
        assert_string_not_equal(fixture_rule(&fixture), "");
        assert_true(faults(USER_WRITE, PF_P | PF_W | PF_U));
        fixture_write(&fixture, ENTRY(tables[i]), entry & ~ENTRY_US);
        fixture_invlpg(&fixture, PAGE_VA);
        assert_true(faults(USER_READ, PF_P | PF_U));
        assert_false(translates(USER_READ));
        assert_string_not_equal(fixture_rule(&fixture), "");
        fixture_write(&fixture, ENTRY(tables[i]), entry);
        fixture_invlpg(&fixture, PAGE_VA);
    }
}

static void test_registers_apply_at_the_access(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~ENTRY_RW);
    fixture_invpcid(&fixture, 2, 0, 0);
    assert_true(translates(WRITE));
    fixture_op(&fixture, OP_WRITE_CR0, CR0_PG | CR0_WP);
    assert_broken(translates(WRITE), "missing-fault");
    assert_true(faults(WRITE, PF_P | PF_W));
    fixture_op(&fixture, OP_WRITE_CR0, CR0_PG);
    assert_broken(faults(WRITE, PF_P | PF_W), "unjustified-fault");
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_SMAP);
    assert_true(faults(READ, PF_P));
    assert_true(translates(READ | ATTR_AC));
    assert_broken(translates(READ | ATTR_AC | ATTR_IMPLICIT), "missing-fault");
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_SMEP);
    assert_true(faults(FETCH, PF_P | PF_I));
    assert_broken(faults(FETCH, PF_P), "wrong-error-code");
    assert_true(translates(FETCH | ATTR_USER));
}

static void test_protection_keys(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS | 5ull << 59);
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PKE);
    assert_true(translates(USER_WRITE));
    fixture_op(&fixture, OP_WRITE_PKRU, 2u << 10);
    assert_true(translates(USER_READ));
    assert_broken(translates(USER_WRITE), "missing-fault");
    assert_true(faults(USER_WRITE, PF_P | PF_W | PF_U | PF_PK));
    assert_broken(faults(USER_WRITE, PF_P | PF_W | PF_U), "wrong-error-code");
    assert_true(translates(WRITE));
    fixture_op(&fixture, OP_WRITE_PKRU, 1u << 10);
    assert_broken(translates(READ), "missing-fault");
    assert_true(translates(FETCH));
}

static void test_non_canonical(void **state)
{
    (void)state;
    const struct response gp = {.fault = FAULT_NON_CANONICAL};

    fixture_accept(&fixture, 0, 0x0000800000000000, READ);
    assert_true(fixture_answer(&fixture, 0, gp));
    assert_broken(fixture_access_faults(&fixture, 0x0000800000000000, READ, 0), "non-canonical");
    fixture_accept(&fixture, 0, 0xffff800000000000, READ);
    assert_broken(fixture_answer(&fixture, 0, gp), "non-canonical");
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_LA57);
    fixture_accept(&fixture, 0, 0x0000800000000000, READ);
    assert_broken(fixture_answer(&fixture, 0, gp), "non-canonical");
    fixture_accept(&fixture, 0, 0x0100000000000000, READ);
    assert_true(fixture_answer(&fixture, 0, gp));
}

/* --- faults --- */

static void test_fault_only_from_entries_in_flight(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), 0);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
    fixture_accept(&fixture, 2, PAGE_VA, READ);
    assert_true(fixture_faults(&fixture, 1, 0));
    assert_broken(fixture_faults(&fixture, 2, 0), "stale-fault");
}

static void test_fault_by_a_path_that_never_was(void **state)
{
    (void)state;
    /* PD_B's entry is read only after PDPT_A points to PD_B. */
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PD_B), 0);
    fixture_write(&fixture, ENTRY(PD_B), PT_B | TABLE_BITS);
    fixture_write(&fixture, ENTRY(PDPT_A), PD_B | TABLE_BITS);
    assert_broken(fixture_faults(&fixture, 1, 0), "stale-fault");
}

static void test_overtaken_fault_walk(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), 0);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_broken(fixture_faults(&fixture, 1, 0), "stale-fault");
}

static void test_reserved_bits(void **state)
{
    (void)state;
    static const struct {
        uint64_t table, entry;
    } cases[] = {
        {ROOT_A, PDPT_A | TABLE_BITS | 0x80},     {ROOT_A, PDPT_A | TABLE_BITS | 1ull << 40},
        {PDPT_A, PD_A | TABLE_BITS | 1ull << 51}, {PDPT_A, 0x40002000 | LARGE_BITS},
        {PD_A, (LARGE + 0x2000) | LARGE_BITS},    {PD_A, (LARGE + 0x100000) | LARGE_BITS},
        {PT_A, FRAME | LEAF_BITS | ENTRY_XD},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t entry = phys_mem_read64(fixture.phys, ENTRY(cases[i].table));
        fixture_write(&fixture, ENTRY(cases[i].table), cases[i].entry);
        fixture_invpcid(&fixture, 2, 0, 0);
        assert_true(faults(USER_WRITE, PF_P | PF_W | PF_U | PF_RSVD));
        assert_broken(faults(USER_WRITE, PF_P | PF_W | PF_U), "wrong-error-code");
        assert_false(translates(USER_READ));
        fixture_rule(&fixture);
        fixture_write(&fixture, ENTRY(cases[i].table), entry);
    }
}

static void test_machine_check(void **state)
{
    (void)state;
    const struct response machine_check = {.fault = FAULT_MACHINE_CHECK};

    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_bus_error(&fixture, ENTRY(PD_A));
    fixture_accept(&fixture, 2, PAGE_VA, READ);
    fixture_accept(&fixture, 3, PAGE2_VA, READ);
    assert_true(fixture_answer(&fixture, 1, machine_check));
    assert_broken(fixture_answer(&fixture, 2, machine_check), "machine-check");
    fixture_bus_error(&fixture, ENTRY(PT_A));
    assert_broken(fixture_answer(&fixture, 3, machine_check), "machine-check");
    /* A walk may also have been tried again, and gone well. */
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_bus_error(&fixture, ENTRY(PD_A));
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
}

/* --- A/D updates --- */

static void test_updates_along_the_path(void **state)
{
    (void)state;
    static const uint64_t tables[] = {ROOT_A, PDPT_A, PD_A, PT_A};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        uint64_t entry = phys_mem_read64(fixture.phys, ENTRY(tables[i]));
        fixture_write(&fixture, ENTRY(tables[i]), entry & ~(ENTRY_A | ENTRY_D));
    }
    assert_broken(fixture_update(&fixture, ENTRY(ROOT_A), ENTRY_A), "update-lost-write");
    fixture_accept(&fixture, 1, PAGE_VA, WRITE);
    assert_broken(fixture_update(&fixture, ENTRY(PDPT_A), ENTRY_A | ENTRY_D), "update-dirty");
    for (size_t i = 1; i < sizeof tables / sizeof *tables; i++)
        fixture_write(&fixture, ENTRY(tables[i]),
                      phys_mem_read64(fixture.phys, ENTRY(tables[i])) & ~(ENTRY_A | ENTRY_D));
    assert_true(fixture_update(&fixture, ENTRY(PDPT_A), ENTRY_A));
    assert_true(fixture_update(&fixture, ENTRY(PD_A), ENTRY_A));
    assert_true(fixture_update(&fixture, ENTRY(PT_A), ENTRY_A));
    assert_broken(fixture_translates(&fixture, 1, FRAME, PAGE_4K), "missing-dirty");
    fixture_accept(&fixture, 1, PAGE_VA, WRITE);
    assert_true(fixture_update(&fixture, ENTRY(PT_A), ENTRY_D));
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    assert_broken(fixture_update(&fixture, ENTRY2(PT_A), 1 << 9), "update-bits");
}

static void test_missing_accessed(void **state)
{
    (void)state;
    static const uint64_t tables[] = {ROOT_A, PDPT_A, PD_A, PT_A};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        uint64_t entry = phys_mem_read64(fixture.phys, ENTRY(tables[i]));
        fixture_write(&fixture, ENTRY(tables[i]), entry & ~ENTRY_A);
        fixture_invpcid(&fixture, 2, 0, 0);
        assert_false(translates(READ));
        const char *rule = fixture_rule(&fixture);
        assert_true(strcmp(rule, "missing-accessed") == 0 || strcmp(rule, "stale-leaf") == 0 ||
                    strcmp(rule, "stale-upper") == 0);
        fixture_write(&fixture, ENTRY(tables[i]), entry);
    }
}

static void test_accessed_once_set_stays_cached(void **state)
{
    (void)state;
    assert_true(translates(WRITE));
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~(ENTRY_A | ENTRY_D));
    assert_true(translates(WRITE));
    fixture_invlpg(&fixture, PAGE_VA);
    assert_false(translates(WRITE));
    fixture_rule(&fixture);
    fixture_accept(&fixture, 0, PAGE_VA, READ);
    assert_true(fixture_update(&fixture, ENTRY(PT_A), ENTRY_A));
    assert_true(fixture_translates(&fixture, 0, FRAME, PAGE_4K));
    /* A read has made the entry usable, but not for writes. */
    assert_false(translates(WRITE));
    fixture_rule(&fixture);
}

static void test_update_needs_a_permitted_access(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~(ENTRY_A | ENTRY_D | ENTRY_RW | ENTRY_US));
    fixture_write(&fixture, ENTRY2(PT_A), (FRAME3 | LEAF_BITS) & ~ENTRY_D);
    fixture_accept(&fixture, 1, PAGE_VA, USER_READ);
    assert_broken(fixture_update(&fixture, ENTRY(PT_A), ENTRY_A), "update-not-allowed");
    fixture_accept(&fixture, 2, PAGE2_VA, READ);
    assert_broken(fixture_update(&fixture, ENTRY2(PT_A), ENTRY_D), "update-dirty");
    assert_broken(fixture_update(&fixture, ENTRY(PT_B), ENTRY_A | ENTRY_D | 1 << 5), "update-bits");
    fixture_write(&fixture, ENTRY(PT_B), FRAME | ENTRY_P);
    assert_broken(fixture_update(&fixture, ENTRY(PT_B), ENTRY_A), "update-off-path");
}

static void test_update_of_an_unusable_entry(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | ENTRY_P | 1ull << 50);
    assert_broken(fixture_update(&fixture, ENTRY(PT_A), ENTRY_A), "update-unusable");
    /* A large page that is not aligned must not get its bits written either. */
    fixture_write(&fixture, ENTRY(PD_A), (LARGE + 0x4000) | (LARGE_BITS & ~(ENTRY_A | ENTRY_D)));
    assert_broken(fixture_update(&fixture, ENTRY(PD_A), ENTRY_A), "update-unusable");
}

static void test_update_through_stale_entries(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~(ENTRY_A | ENTRY_D));
    fixture_accept(&fixture, 1, PAGE_VA, WRITE);
    fixture_write(&fixture, ENTRY(PD_A), PT_B | TABLE_BITS);
    assert_true(fixture_update(&fixture, ENTRY(PT_A), ENTRY_A));
    fixture_invlpg(&fixture, PAGE2_VA);
    assert_broken(fixture_update(&fixture, ENTRY(PT_A), ENTRY_D), "stale-update");
}

static void test_update_that_overwrites(void **state)
{
    (void)state;
    struct mem_req req = {.addr = ENTRY(PT_A),
                          .expected = FRAME | ENTRY_P,
                          .desired = FRAME | ENTRY_P | ENTRY_A,
                          .exchange = 1};
    const struct mem_resp done = {.exchanged = 1};

    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | ENTRY_P);
    phys_mem_write64(fixture.phys, ENTRY(PT_A), req.desired);
    assert_broken(judge_served(fixture.judge, &req, &done), "update-lost-write");
    const struct mem_resp failed = {.data = FRAME2};
    assert_true(judge_served(fixture.judge, &req, &failed));
}

/* --- each access once --- */

static void test_every_access_once(void **state)
{
    (void)state;
    fixture_accept(&fixture, 7, PAGE_VA, READ);
    assert_true(fixture_translates(&fixture, 7, FRAME, PAGE_4K));
    assert_broken(fixture_translates(&fixture, 7, FRAME, PAGE_4K), "unasked-answer");
    fixture_accept(&fixture, 7, PAGE_VA, READ);
    fixture_accept(&fixture, 7, PAGE_VA, READ);
    assert_string_equal(fixture_rule(&fixture), "tag-in-use");
    assert_broken(judge_finish(fixture.judge), "lost-access");
    assert_true(fixture_translates(&fixture, 7, FRAME, PAGE_4K));
    assert_true(judge_finish(fixture.judge));
    fixture_accept(&fixture, 8, PAGE2_VA, READ);
    fixture.access[1][8].va = PAGE_VA;
    assert_broken(fixture_translates(&fixture, 8, FRAME, PAGE_4K), "unasked-answer");
}

static void test_operations_in_order(void **state)
{
    (void)state;
    const struct op_req invlpg = {.op = OP_INVLPG, .va = PAGE_VA},
                        cr3 = {.op = OP_WRITE_CR3, .value = ROOT_A};

    fixture_op_done(&fixture);
    assert_string_equal(fixture_rule(&fixture), "operation-order");
    fixture_op_accept(&fixture, invlpg);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_op_accept(&fixture, invlpg);
    assert_string_equal(fixture_rule(&fixture), "operation-order");
    fixture_op_done(&fixture);
    assert_null(judge_verdict(fixture.judge));
    fixture_op_accept(&fixture, cr3);
    fixture_accept(&fixture, 2, PAGE_VA, READ);
    assert_string_equal(fixture_rule(&fixture), "operation-order");
    fixture_op_done(&fixture);
    assert_string_equal(fixture_rule(&fixture), "operation-order");
}

static void test_form_of_answers(void **state)
{
    (void)state;
    static const struct response malformed[] = {
        {.fault = FAULT_PAGE, .error_code = PF_P, .pa = FRAME},
        {.fault = FAULT_PAGE, .error_code = PF_P, .size = PAGE_2M},
        {.pa = FRAME, .error_code = PF_W},
        {.fault = FAULT_MACHINE_CHECK + 1},
    };

    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        fixture_accept(&fixture, 0, PAGE_VA, READ);
        assert_broken(fixture_answer(&fixture, 0, malformed[i]), "answer-form");
    }
}

static void test_verdict_tells_entry_and_cycles(void **state)
{
    (void)state;
    assert_true(translates(READ));
    fixture_wait(&fixture, 1000 - fixture.cycle);
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | LEAF_BITS);
    fixture_wait(&fixture, 1000);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_false(translates(READ));
    const char *verdict = judge_verdict(fixture.judge);
    assert_non_null(strstr(verdict, "rule stale-leaf"));
    assert_non_null(strstr(verdict, "PTE   at 4008 = 0000000000700067"));
    assert_non_null(strstr(verdict, "replaced in cycle 1001"));
    assert_non_null(
        strstr(verdict, "INVLPG of 8040201000 in PCID 0, accepted in cycle 2002, complete in cycle 2005"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        judge_test(test_address_size_and_pat),
        judge_test(test_pat_bits_of_large_pages),
        judge_test(test_rights_of_all_levels),
        judge_test(test_registers_apply_at_the_access),
        judge_test(test_protection_keys),
        judge_test(test_non_canonical),
        judge_test(test_fault_only_from_entries_in_flight),
        judge_test(test_fault_by_a_path_that_never_was),
        judge_test(test_overtaken_fault_walk),
        judge_test(test_reserved_bits),
        judge_test(test_machine_check),
        judge_test(test_updates_along_the_path),
        judge_test(test_missing_accessed),
        judge_test(test_accessed_once_set_stays_cached),
        judge_test(test_update_needs_a_permitted_access),
        judge_test(test_update_of_an_unusable_entry),
        judge_test(test_update_through_stale_entries),
        judge_test(test_update_that_overwrites),
        judge_test(test_every_access_once),
        judge_test(test_operations_in_order),
        judge_test(test_form_of_answers),
        judge_test(test_verdict_tells_entry_and_cycles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
