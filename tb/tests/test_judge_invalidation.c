/* SPDX-License-Identifier: Apache-2.0 */
/* What the judge takes as stale: every invalidation, before and after it is complete (SDM 4.10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "judge_fixture.h"

enum { READ = ACCESS_READ, WRITE = ACCESS_WRITE };

/* One read of the page, which the MMU may keep in its TLBs from now on. */
static void touch(void)
{
    assert_true(fixture_access_translates(&fixture, PAGE_VA, READ, FRAME, PAGE_4K));
}

/* The page now lies elsewhere, and software has told nobody. */
static void move_page(void)
{
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | LEAF_BITS);
}

#define assert_legal(va, pa, size) assert_true(fixture_access_translates(&fixture, va, READ, pa, size))

#define assert_illegal(va, pa, size, rule)                                                                   \
    assert_broken(fixture_access_translates(&fixture, va, READ, pa, size), rule)

static void pcids_on(void)
{
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PCIDE | CR4_PGE);
}

static void globals_on(void)
{
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PGE);
}

static void test_old_translation_until_invlpg(void **state)
{
    (void)state;
    touch();
    move_page();
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
}

static void test_never_cached_before_the_first_access(void **state)
{
    (void)state;
    move_page();
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "wrong-address");
}

static void test_promise_starts_in_the_cycle_of_completion(void **state)
{
    (void)state;
    touch();
    move_page();
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_accept(&fixture, 2, PAGE_VA, READ);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_INVLPG, .va = PAGE_VA});
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    fixture.cycle++;
    judge_cycle(fixture.judge, fixture.cycle);
    judge_op_done(fixture.judge);
    fixture.access[1][2].response = (struct response){.pa = FRAME, .tag = 2};
    assert_false(judge_answer(fixture.judge, &fixture.access[1][2]));
    assert_string_equal(fixture_rule(&fixture), "stale-leaf");
}

static void test_entries_between_acceptance_and_completion(void **state)
{
    (void)state;
    touch();
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_INVLPG, .va = PAGE_VA});
    move_page();
    fixture_op_done(&fixture);
    /* The old value still stood after the acceptance. */
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
}

static void test_other_page_keeps_its_translation(void **state)
{
    (void)state;
    touch();
    move_page();
    fixture_invlpg(&fixture, PAGE2_VA);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
}

static void test_upper_entry_until_the_walk_caches_are_flushed(void **state)
{
    (void)state;
    touch();
    fixture_write(&fixture, ENTRY(PD_A), PT_B | TABLE_BITS);
    /* A walk may still come through the old PDE, to a leaf that is written now. */
    fixture_write(&fixture, ENTRY(PT_A), FRAME3 | LEAF_BITS);
    assert_legal(PAGE_VA, FRAME3, PAGE_4K);
    /* INVLPG of any page takes all walk-cache entries of the PCID. */
    fixture_invlpg(&fixture, 0x123456789000);
    assert_legal(PAGE_VA, FRAME3, PAGE_4K);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS | 1 << 9);
    fixture_write(&fixture, ENTRY(PT_A), (FRAME + 0x5000) | LEAF_BITS);
    assert_illegal(PAGE_VA, FRAME + 0x5000, PAGE_4K, "stale-upper");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
}

static void test_upper_entry_is_not_read_before_the_one_above(void **state)
{
    (void)state;
    touch();
    /* The old page table moves to a new PD only after its entry has changed. */
    fixture_write(&fixture, ENTRY(PD_B), PT_A | TABLE_BITS);
    fixture_write(&fixture, ENTRY(PT_B), 0);
    fixture_write(&fixture, ENTRY(PD_B), PT_B | TABLE_BITS);
    fixture_write(&fixture, ENTRY(PDPT_A), PD_B | TABLE_BITS);
    /* New PDPTE, so the PDE is read later: PT_B, where nothing is. */
    fixture_write(&fixture, ENTRY(PT_A), (FRAME + 0x6000) | LEAF_BITS);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_illegal(PAGE_VA, FRAME + 0x6000, PAGE_4K, "stale-upper");
    assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, 0));
}

static void test_large_page_by_any_address(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS);
    assert_legal(PAGE_VA, LARGE + 0x1000, PAGE_2M);
    fixture_write(&fixture, ENTRY(PD_A), LARGE2 | LARGE_BITS);
    assert_legal(PAGE_VA, LARGE + 0x1000, PAGE_2M);
    fixture_invlpg(&fixture, PAGE_VA + 0x123456);
    assert_illegal(PAGE_VA, LARGE + 0x1000, PAGE_2M, "stale-leaf");
    assert_legal(PAGE_VA, LARGE2 + 0x1000, PAGE_2M);
}

static void test_promotion_and_split(void **state)
{
    (void)state;
    touch();
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_legal(PAGE_VA, LARGE + 0x1000, PAGE_2M);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-upper");
    /* The next page was never touched, but the MMU may have walked it. */
    assert_legal(PAGE2_VA, FRAME3, PAGE_4K);
    fixture_write(&fixture, ENTRY(PD_A), PT_A | TABLE_BITS);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_illegal(PAGE_VA, LARGE + 0x1000, PAGE_2M, "stale-leaf");
    assert_illegal(PAGE2_VA, LARGE + 0x2000, PAGE_2M, "stale-leaf");
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
}

static void test_one_gib_page(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PDPT_A), 0x40000000 | LARGE_BITS);
    assert_legal(PAGE_VA, 0x40201000, PAGE_1G);
    fixture_write(&fixture, ENTRY(PDPT_A), 0x80000000 | LARGE_BITS);
    assert_legal(PAGE_VA + 0x3000000, 0x43201000, PAGE_1G);
    fixture_invlpg(&fixture, PAGE_VA + 0x1000000);
    assert_illegal(PAGE_VA + 0x3000000, 0x43201000, PAGE_1G, "stale-leaf");
}

static void test_cr3_write_flushes(void **state)
{
    (void)state;
    touch();
    move_page();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
}

static void test_old_root_after_a_flush(void **state)
{
    (void)state;
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-root");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
}

static void test_old_root_with_an_access_in_flight(void **state)
{
    (void)state;
    touch();
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_WRITE_CR3, .value = ROOT_B});
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    fixture_op_done(&fixture);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-root");
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_illegal(PAGE_VA, FRAME2, PAGE_4K, "stale-root");
}

static void test_no_flush_keeps_a_pcid(void **state)
{
    (void)state;
    pcids_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    touch();
    move_page();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B | 2);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "wrong-address-space");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    fixture_op(&fixture, OP_WRITE_CR3, CR3_NO_FLUSH | ROOT_A | 1);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    /* The same PCID under another root: old and new translations are both usable. */
    fixture_op(&fixture, OP_WRITE_CR3, CR3_NO_FLUSH | ROOT_B | 1);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B | 1);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
}

static void test_walk_cache_of_a_pcid_under_another_root(void **state)
{
    (void)state;
    pcids_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, CR3_NO_FLUSH | ROOT_B | 1);
    /* The PDE found through root A is still in the walk caches of PCID 1. */
    move_page();
    fixture_write(&fixture, ENTRY(PT_A), (FRAME + 0x7000) | LEAF_BITS);
    assert_legal(PAGE_VA, FRAME + 0x7000, PAGE_4K);
    fixture_invlpg(&fixture, PAGE2_VA);
    fixture_write(&fixture, ENTRY(PT_A), (FRAME + 0x8000) | LEAF_BITS);
    assert_illegal(PAGE_VA, FRAME + 0x8000, PAGE_4K, "stale-root");
}

static void test_entries_written_while_another_pcid_ran(void **state)
{
    (void)state;
    pcids_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B | 2);
    fixture_write(&fixture, ENTRY(PT_A), FRAME3 | LEAF_BITS);
    move_page();
    fixture_op(&fixture, OP_WRITE_CR3, CR3_NO_FLUSH | ROOT_A | 1);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    /* FRAME3 was there only while no walk of PCID 1 could read it. */
    assert_illegal(PAGE_VA, FRAME3, PAGE_4K, "stale-upper");
}

static void test_global_page_in_every_pcid(void **state)
{
    (void)state;
    pcids_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS | ENTRY_G);
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B | 2);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    fixture_invpcid(&fixture, 3, 0, 0);
    fixture_invpcid(&fixture, 1, 1, 0);
    fixture_invpcid(&fixture, 0, 2, PAGE_VA);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-root");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
}

static void test_global_page_without_pge(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS | ENTRY_G);
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-root");
    globals_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A);
    touch();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-root");
}

static void test_global_large_page(void **state)
{
    (void)state;
    globals_on();
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS | ENTRY_G);
    assert_legal(PAGE_VA, LARGE + 0x1000, PAGE_2M);
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_legal(PAGE2_VA, LARGE + 0x2000, PAGE_2M);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_illegal(PAGE2_VA, LARGE + 0x2000, PAGE_2M, "stale-root");
}

static void test_invpcid_types(void **state)
{
    (void)state;
    static const struct {
        uint64_t type, va;
        uint16_t pcid;
        bool stale;
    } cases[] = {
        {0, PAGE_VA, 1, true}, {0, PAGE_VA, 2, false}, {0, PAGE2_VA, 1, false}, {1, 0, 1, true},
        {1, 0, 2, false},      {2, 0, 0, true},        {3, 0, 0, true},
    };

    pcids_on();
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
        fixture_invpcid(&fixture, 2, 0, 0);
        touch();
        move_page();
        fixture_invpcid(&fixture, cases[i].type, cases[i].pcid, cases[i].va);
        if (cases[i].stale)
            assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
        else
            assert_legal(PAGE_VA, FRAME, PAGE_4K);
        assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    }
}

static void test_invpcid_of_another_address_flushes_the_walk_caches(void **state)
{
    (void)state;
    touch();
    fixture_write(&fixture, ENTRY(PD_A), PT_B | TABLE_BITS);
    fixture_invpcid(&fixture, 0, 0, PAGE2_VA);
    fixture_write(&fixture, ENTRY(PT_A), FRAME3 | LEAF_BITS);
    assert_illegal(PAGE_VA, FRAME3, PAGE_4K, "stale-upper");
}

static void test_register_writes_that_flush_all(void **state)
{
    (void)state;
    static const struct {
        uint64_t before, after;
        enum mmu_op op;
        bool stale;
    } cases[] = {
        {CR4_PAE, CR4_PAE | CR4_PGE, OP_WRITE_CR4, true},
        {CR4_PAE | CR4_PGE, CR4_PAE, OP_WRITE_CR4, true},
        {CR4_PAE | CR4_PCIDE, CR4_PAE, OP_WRITE_CR4, true},
        {CR4_PAE, CR4_PAE | CR4_SMEP, OP_WRITE_CR4, true},
        {CR4_PAE | CR4_SMEP, CR4_PAE, OP_WRITE_CR4, false},
        {CR4_PAE, CR4_PAE | CR4_PCIDE, OP_WRITE_CR4, false},
        {CR4_PAE, CR4_PAE | CR4_PKE | CR4_PKS, OP_WRITE_CR4, false},
        {CR0_PG, CR0_PG | CR0_WP, OP_WRITE_CR0, false},
        {0, EFER_NXE, OP_WRITE_EFER, true},
        {EFER_NXE, 0, OP_WRITE_EFER, true},
        {0, 0, OP_WRITE_PKRU, false},
        {0, 0, OP_WRITE_PKRS, false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
        fixture_op(&fixture, cases[i].op, cases[i].before);
        fixture_invpcid(&fixture, 2, 0, 0);
        touch();
        move_page();
        fixture_op(&fixture, cases[i].op, cases[i].after);
        if (cases[i].stale)
            assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
        else
            assert_legal(PAGE_VA, FRAME, PAGE_4K);
        fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE);
    }
}

static void test_paging_off_and_five_levels(void **state)
{
    (void)state;
    touch();
    move_page();
    fixture_op(&fixture, OP_WRITE_CR0, 0);
    assert_legal(0x123456789abcdef0, 0x9abcdef0, PAGE_4K);
    assert_illegal(PAGE_VA, FRAME2, PAGE_4K, "paging-off");
    fixture_op(&fixture, OP_WRITE_CR0, CR0_PG);
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    fixture_write(&fixture, 0x21000, ROOT_A | TABLE_BITS);
    fixture_op(&fixture, OP_WRITE_CR3, 0x21000);
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_LA57);
    assert_legal(PAGE_VA, FRAME2, PAGE_4K);
    fixture_write(&fixture, 0x21000, ROOT_B | TABLE_BITS);
    fixture_invpcid(&fixture, 2, 0, 0);
    fixture_write(&fixture, ENTRY(PT_A), (FRAME + 0x9000) | LEAF_BITS);
    assert_illegal(PAGE_VA, FRAME + 0x9000, PAGE_4K, "stale-upper");
}

static void test_page_fault_invalidates_its_page(void **state)
{
    (void)state;
    touch();
    fixture_write(&fixture, ENTRY(PT_A), 0);
    fixture_accept(&fixture, 5, PAGE_VA, READ);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, 0));
    /* An access already in flight may still have its answer from before. */
    assert_true(fixture_translates(&fixture, 5, FRAME, PAGE_4K));
    assert_illegal(PAGE_VA, FRAME, PAGE_4K, "stale-leaf");
}

static void test_page_fault_drops_upper_entries_of_its_address(void **state)
{
    (void)state;
    touch();
    fixture_write(&fixture, ENTRY(PD_A), 0);
    assert_legal(PAGE_VA, FRAME, PAGE_4K);
    assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, 0));
    fixture_write(&fixture, ENTRY(PT_A), FRAME3 | LEAF_BITS);
    assert_illegal(PAGE_VA, FRAME3, PAGE_4K, "stale-upper");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        judge_test(test_old_translation_until_invlpg),
        judge_test(test_never_cached_before_the_first_access),
        judge_test(test_promise_starts_in_the_cycle_of_completion),
        judge_test(test_entries_between_acceptance_and_completion),
        judge_test(test_other_page_keeps_its_translation),
        judge_test(test_upper_entry_until_the_walk_caches_are_flushed),
        judge_test(test_upper_entry_is_not_read_before_the_one_above),
        judge_test(test_large_page_by_any_address),
        judge_test(test_promotion_and_split),
        judge_test(test_one_gib_page),
        judge_test(test_cr3_write_flushes),
        judge_test(test_old_root_after_a_flush),
        judge_test(test_old_root_with_an_access_in_flight),
        judge_test(test_no_flush_keeps_a_pcid),
        judge_test(test_walk_cache_of_a_pcid_under_another_root),
        judge_test(test_entries_written_while_another_pcid_ran),
        judge_test(test_global_page_in_every_pcid),
        judge_test(test_global_page_without_pge),
        judge_test(test_global_large_page),
        judge_test(test_invpcid_types),
        judge_test(test_invpcid_of_another_address_flushes_the_walk_caches),
        judge_test(test_register_writes_that_flush_all),
        judge_test(test_paging_off_and_five_levels),
        judge_test(test_page_fault_invalidates_its_page),
        judge_test(test_page_fault_drops_upper_entries_of_its_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
