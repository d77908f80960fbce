/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge against answers from elsewhere: each of the 64,608 translations of
 * x86-walk-cases must be legal as the emulators gave it, and illegal when the
 * answer, or an A or D bit, is wrong.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"
#include "oracle_cases.h"

enum { CASES = 64608 };

static const char *const rules_of_a_fault[] = {"stale-fault", "unjustified-fault", "wrong-error-code", NULL};
/* Where a case before this one used the same memory, the wrong answer may be a stale one of that case. */
static const char *const rules_of_a_translation[] = {"wrong-address", "wrong-size", "wrong-pat",
                                                     "missing-fault", "stale-leaf", "stale-upper",
                                                     "stale-root",    "no-walk",    NULL};

static void set_register(struct judge_fixture *fixture, enum mmu_op op, uint64_t value)
{
    fixture_op(fixture, op, value);
}

/* Memory and registers as they are before the access, and nothing cached. */
static void begin(struct judge_fixture *fixture, const struct oracle_case *test)
{
    oracle_case_write(test, fixture->phys);
    set_register(fixture, OP_WRITE_CR0, test->cr0);
    set_register(fixture, OP_WRITE_CR4, test->cr4);
    set_register(fixture, OP_WRITE_EFER, test->efer);
    set_register(fixture, OP_WRITE_CR3, test->cr3);
    set_register(fixture, OP_WRITE_PKRU, test->pkru);
    set_register(fixture, OP_WRITE_PKRS, test->pkrs);
    fixture_invpcid(fixture, 2, 0, 0);
    fixture_accept(fixture, 0, test->va, test->attr);
}

static unsigned leaf_level(const struct oracle_case *test)
{
    for (unsigned level = 3; level > 1; level--) {
        if (test->before[level] & (1 << 7))
            return level;
    }
    return 1;
}

static struct response right_response(const struct oracle_case *test)
{
    struct response response = {.fault = test->fault, .error_code = test->error_code, .pa = test->pa};
    unsigned level = leaf_level(test);

    if (test->fault == FAULT_NONE) {
        uint64_t leaf = test->before[level];
        response.size = (uint8_t)(level - 1);
        response.pat = (uint8_t)((leaf >> (level == 1 ? 7 : 12) & 1) << 2 | (leaf >> 3 & 3));
    }
    return response;
}

/* Sets the A and D bits as the emulators did, but leaves out `bits` at level `without`. */
static bool update_entries(struct judge_fixture *fixture, const struct oracle_case *test, unsigned without,
                           uint64_t bits)
{
    bool legal = true;

    for (unsigned level = test->levels; level; level--) {
        uint64_t set = test->fault == FAULT_NONE && test->used[level] && test->check_after[level]
                           ? test->after[level] & ~test->before[level]
                           : 0;
        if (level == without)
            set &= ~bits;
        if (set && !fixture_update(fixture, test->address[level], set))
            legal = false;
    }
    return legal;
}

static void fail_case(struct judge_fixture *fixture, const struct oracle_case *test, const char *what)
{
    const char *verdict = judge_verdict(fixture->judge);

    fail_msg("case %s: %s\n%s", test->id, what, verdict ? verdict : "");
}

static bool named(const char *rule, const char *const *rules)
{
    for (; *rules; rules++) {
        if (strcmp(rule, *rules) == 0)
            return true;
    }
    return false;
}

/* The answer instead of the right one is illegal by one of these rules. */
static void expect_illegal(struct judge_fixture *fixture, const struct oracle_case *test,
                           struct response response, const char *const *rules)
{
    begin(fixture, test);
    if (!update_entries(fixture, test, 0, 0))
        fail_case(fixture, test, "a right A/D update was found illegal");
    if (fixture_answer(fixture, 0, response))
        fail_case(fixture, test, "a wrong answer was found legal");
    const char *rule = fixture_rule(fixture);
    if (!named(rule, rules))
        fail_msg("case %s: unexpected rule %s", test->id, rule);
}

static void wrong_answers(struct judge_fixture *fixture, const struct oracle_case *test)
{
    static const char *const non_canonical[] = {"non-canonical", NULL};
    struct response right = right_response(test), wrong;

    if (test->fault == FAULT_NONE) {
        for (unsigned bit = 0; bit < ORACLE_MAXPHYADDR; bit += 3) {
            wrong = right;
            wrong.pa ^= 1ull << bit;
            expect_illegal(fixture, test, wrong, rules_of_a_translation);
        }
        wrong = right;
        wrong.size = (wrong.size + 1) % 3;
        expect_illegal(fixture, test, wrong, rules_of_a_translation);
        wrong = right;
        wrong.pat ^= 4;
        expect_illegal(fixture, test, wrong, rules_of_a_translation);
        wrong = (struct response){.fault = FAULT_PAGE, .error_code = PF_P};
        expect_illegal(fixture, test, wrong, rules_of_a_fault);
        wrong = (struct response){.fault = FAULT_NON_CANONICAL};
        expect_illegal(fixture, test, wrong, non_canonical);
        return;
    }
    wrong = (struct response){.pa = test->before[leaf_level(test)] & 0xfffffff000 &
                                    ~((1ull << (leaf_level(test) * 9 + 3)) - 1)};
    wrong.pa |= test->va & ((1ull << (leaf_level(test) * 9 + 3)) - 1);
    wrong.size = (uint8_t)(leaf_level(test) - 1);
    if (test->fault == FAULT_NON_CANONICAL) {
        expect_illegal(fixture, test, wrong, non_canonical);
        expect_illegal(fixture, test, (struct response){.fault = FAULT_PAGE}, non_canonical);
        return;
    }
    begin(fixture, test);
    if (fixture_answer(fixture, 0, wrong))
        fail_case(fixture, test, "a translation was found legal where there is a fault");
    fixture_rule(fixture);
    for (unsigned bit = PF_P; bit <= PF_PK; bit <<= 1) {
        wrong = right;
        wrong.error_code ^= bit;
        expect_illegal(fixture, test, wrong, rules_of_a_fault);
    }
}

static void missing_updates(struct judge_fixture *fixture, const struct oracle_case *test)
{
    for (unsigned level = test->levels; level; level--) {
        if (test->fault != FAULT_NONE || !test->used[level] || !test->check_after[level])
            continue;
        for (uint64_t bit = ENTRY_A; bit <= ENTRY_D; bit <<= 1) {
            if (!(test->after[level] & ~test->before[level] & bit))
                continue;
            begin(fixture, test);
            update_entries(fixture, test, level, bit);
            bool legal = fixture_answer(fixture, 0, right_response(test));
            if (legal)
                fail_case(fixture, test, "an answer without A or D set was found legal");
            assert_string_not_equal(fixture_rule(fixture), "");
        }
    }
}

/* A leaf's A when the access is not allowed, and D when it is no write. */
static void wrong_updates(struct judge_fixture *fixture, const struct oracle_case *test)
{
    unsigned level = leaf_level(test);
    uint64_t leaf = test->before[level];

    if (test->fault == FAULT_PAGE && (test->error_code & PF_P) && !(leaf & ENTRY_A)) {
        begin(fixture, test);
        if (fixture_update(fixture, test->address[level], ENTRY_A))
            fail_case(fixture, test, "A was set by an access that is not allowed");
        fixture_rule(fixture);
        fixture_answer(fixture, 0, right_response(test));
    }
    if ((test->attr & ATTR_KIND) != ACCESS_WRITE && test->used[level] && !(leaf & ENTRY_D)) {
        begin(fixture, test);
        if (fixture_update(fixture, test->address[level], (leaf & ENTRY_A ? 0 : ENTRY_A) | ENTRY_D))
            fail_case(fixture, test, "D was set without a write");
        fixture_rule(fixture);
        fixture_answer(fixture, 0, right_response(test));
        fixture_rule(fixture);
    }
}

static void for_each_case(void (*check)(struct judge_fixture *, const struct oracle_case *), unsigned step)
{
    struct oracle_cases *cases = oracle_cases_open("tb/data/x86-walk-cases.txt.zst");
    struct judge_fixture fixture;
    struct oracle_case test;
    unsigned count = 0;
    int got;

    assert_non_null(cases);
    fixture_create(&fixture, ORACLE_MAXPHYADDR);
    while ((got = oracle_cases_next(cases, &test)) > 0) {
        if (count++ % step == 0) {
            check(&fixture, &test);
            oracle_case_erase(&test, fixture.phys);
        }
    }
    assert_int_equal(got, 0);
    assert_int_equal(count, CASES);
    fixture_destroy(&fixture);
    oracle_cases_close(cases);
}

static void right_answer(struct judge_fixture *fixture, const struct oracle_case *test)
{
    begin(fixture, test);
    if (!update_entries(fixture, test, 0, 0))
        fail_case(fixture, test, "a right A/D update was found illegal");
    if (!fixture_answer(fixture, 0, right_response(test)))
        fail_case(fixture, test, "the right answer was found illegal");
}

static void test_right_answers(void **state)
{
    (void)state;
    for_each_case(right_answer, 1);
}

static void test_wrong_answers(void **state)
{
    (void)state;
    for_each_case(wrong_answers, 1);
}

static void test_missing_updates(void **state)
{
    (void)state;
    for_each_case(missing_updates, 1);
}

static void test_wrong_updates(void **state)
{
    (void)state;
    for_each_case(wrong_updates, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_answers),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_missing_updates),
        cmocka_unit_test(test_wrong_updates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
