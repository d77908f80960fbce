/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bugs that real MMUs shipped with, one test for each class that shows in an
 * answer or in memory: what the faulty MMU does, and the rule by which the
 * judge sees it. The table in docs/judge.md names these tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge_fixture.h"

enum {
    READ = ACCESS_READ,
    WRITE = ACCESS_WRITE,
    FETCH = ACCESS_FETCH,
    USER = ATTR_USER,
};

static bool translates(uint64_t va, uint8_t attr, uint64_t pa, enum page_size size)
{
    return fixture_access_translates(&fixture, va, attr, pa, size);
}

/* --- stale translations and invalidation --- */

/* The L2 TLB is filled by a walk that read the leaf before the invalidation. */
static void test_overtaken_walk_fills_the_tlb(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_INVLPG, .va = PAGE_VA});
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    fixture_op_done(&fixture);
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | LEAF_BITS);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_INVLPG, .va = PAGE_VA});
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    fixture_op_done(&fixture);
    assert_broken(translates(PAGE_VA, READ, FRAME, PAGE_4K), "stale-leaf");
}

/* The same with a walk cache: the PDE read before the invalidation serves a later walk. */
static void test_overtaken_walk_fills_the_walk_cache(void **state)
{
    (void)state;
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_accept(&fixture, 1, PAGE2_VA, READ);
    fixture_write(&fixture, ENTRY(PD_A), PT_B | TABLE_BITS);
    fixture_write(&fixture, ENTRY2(PT_B), FRAME | LEAF_BITS);
    fixture_invlpg(&fixture, PAGE2_VA);
    assert_broken(fixture_translates(&fixture, 1, FRAME3, PAGE_4K), "stale-upper");
    assert_true(translates(PAGE2_VA, READ, FRAME, PAGE_4K));
}

/* One unit sees the invalidation a cycle after the others: its answer in the cycle of completion is old. */
static void test_unit_sees_the_invalidation_late(void **state)
{
    (void)state;
    assert_true(translates(PAGE_VA, FETCH, FRAME, PAGE_4K));
    fixture_accept(&fixture, 1, PAGE_VA, FETCH);
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | LEAF_BITS);
    fixture_op_accept(&fixture, (struct op_req){.op = OP_INVLPG, .va = PAGE_VA});
    fixture_op_done(&fixture);
    assert_broken(fixture_translates(&fixture, 1, FRAME, PAGE_4K), "stale-leaf");
}

/* The response of a walk given up feeds the next walk. */
static void test_stray_response_feeds_the_next_walk(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    assert_broken(fixture_translates(&fixture, 1, FRAME3, PAGE_4K), "wrong-address");
}

/* INVPCID compares a PCID or an address of the operation before. */
static void test_invalidation_by_an_old_selector(void **state)
{
    (void)state;
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PCIDE);
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 3);
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_write(&fixture, ENTRY(PT_A), FRAME2 | LEAF_BITS);
    fixture_invpcid(&fixture, 0, 3, PAGE2_VA);
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_invpcid(&fixture, 0, 3, PAGE_VA);
    assert_broken(translates(PAGE_VA, READ, FRAME, PAGE_4K), "stale-leaf");
}

/* Fragments, or ways, of a large page are missed when another address of it is invalidated. */
static void test_fragment_of_a_large_page_survives(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PDPT_A), 0x40000000 | LARGE_BITS);
    assert_true(translates(PAGE_VA, READ, 0x40201000, PAGE_1G));
    assert_true(translates(PAGE_VA + 0x10000000, READ, 0x50201000, PAGE_1G));
    fixture_write(&fixture, ENTRY(PDPT_A), 0x80000000 | LARGE_BITS);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_broken(translates(PAGE_VA + 0x10000000, READ, 0x50201000, PAGE_1G), "stale-leaf");
}

/* A global superpage survives INVLPG; a non-global entry is taken for global. */
static void test_globals_mistaken(void **state)
{
    (void)state;
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PGE);
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS | ENTRY_G);
    assert_true(translates(PAGE_VA, READ, LARGE + 0x1000, PAGE_2M));
    fixture_write(&fixture, ENTRY(PD_A), PT_A | TABLE_BITS);
    fixture_invlpg(&fixture, PAGE2_VA);
    assert_broken(translates(PAGE_VA, READ, LARGE + 0x1000, PAGE_2M), "stale-leaf");
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_broken(translates(PAGE_VA, READ, FRAME, PAGE_4K), "stale-root");
}

/* The unit hangs after a flush, a full miss queue, a dropped request. */
static void test_access_never_answered(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_invlpg(&fixture, PAGE_VA);
    fixture_wait(&fixture, 100000);
    assert_broken(judge_finish(fixture.judge), "lost-access");
}

/* --- superpages and levels --- */

/* The alignment check looks at half of the bits. */
static void test_misaligned_superpage(void **state)
{
    (void)state;
    for (unsigned bit = 13; bit <= 20; bit++) {
        fixture_write(&fixture, ENTRY(PD_A), (LARGE | LARGE_BITS) + (1u << bit));
        fixture_invlpg(&fixture, PAGE_VA);
        assert_broken(translates(PAGE_VA, READ, LARGE + 0x1000, PAGE_2M), "missing-fault");
        assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, PF_P | PF_RSVD));
    }
    fixture_write(&fixture, ENTRY(PD_A), (LARGE | LARGE_BITS | 1 << 13) & ~(ENTRY_A | ENTRY_D));
    fixture_accept(&fixture, 1, PAGE_VA, WRITE);
    assert_broken(fixture_update(&fixture, ENTRY(PD_A), ENTRY_A | ENTRY_D), "update-unusable");
}

/* Address bits of the wrong page size; a hit of one size reported as another. */
static void test_bits_of_another_page_size(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PD_A), LARGE | LARGE_BITS);
    assert_broken(translates(PAGE_VA + 0x3000, READ, LARGE, PAGE_2M), "wrong-address");
    assert_true(translates(PAGE_VA + 0x3000, READ, LARGE + 0x4000, PAGE_2M));
    assert_broken(translates(PAGE_VA + 0x3000, READ, LARGE + 0x4000, PAGE_4K), "wrong-size");
}

/* The tag of a walk cache has lost its top bit: the entry of the other half of the address space hits. */
static void test_tag_without_its_top_bit(void **state)
{
    (void)state;
    const uint64_t upper_half = 0xffff800000000000 | PAGE_VA;

    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    assert_true(fixture_access_faults(&fixture, upper_half, READ, 0));
    assert_broken(translates(upper_half, READ, FRAME, PAGE_4K), "missing-fault");
}

/* Two entries hit at once and their bits are merged. */
static void test_merged_hits(void **state)
{
    (void)state;
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_write(&fixture, ENTRY(PT_A), FRAME3 | LEAF_BITS);
    assert_true(translates(PAGE_VA, READ, FRAME3, PAGE_4K));
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | 0x5000) | LEAF_BITS);
    assert_broken(translates(PAGE_VA, READ, FRAME3 | 0x5000, PAGE_4K), "wrong-address");
}

/* --- permissions and faults --- */

/* The instruction TLB is looked up with another PCID than the data TLB. */
static void test_other_pcid(void **state)
{
    (void)state;
    fixture_op(&fixture, OP_WRITE_CR4, CR4_PAE | CR4_PCIDE);
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_A | 1);
    assert_true(translates(PAGE_VA, FETCH, FRAME, PAGE_4K));
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B | 2);
    assert_broken(translates(PAGE_VA, FETCH, FRAME, PAGE_4K), "wrong-address-space");
}

/* Reserved bits are checked at the leaf only. */
static void test_reserved_bits_of_upper_entries(void **state)
{
    (void)state;
    static const struct {
        uint64_t table, next;
    } uppers[] = {{ROOT_A, PDPT_A}, {PDPT_A, PD_A}, {PD_A, PT_A}};

    for (size_t i = 0; i < sizeof uppers / sizeof *uppers; i++) {
        fixture_write(&fixture, ENTRY(uppers[i].table), uppers[i].next | TABLE_BITS | 1ull << 45);
        fixture_invlpg(&fixture, PAGE_VA);
        assert_false(translates(PAGE_VA, READ, FRAME, PAGE_4K));
        fixture_rule(&fixture);
        assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, PF_P | PF_RSVD));
        fixture_write(&fixture, ENTRY(uppers[i].table), uppers[i].next | TABLE_BITS);
    }
}

/* A walk that faulted has filled the TLB. */
static void test_faulting_walk_fills_the_tlb(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), FRAME | (LEAF_BITS & ~ENTRY_P));
    assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, 0));
    assert_broken(translates(PAGE_VA, READ, FRAME, PAGE_4K), "missing-fault");
}

/* A permission fault by a TLB hit that memory no longer bears out, or with another code than a walk gives. */
static void test_fault_by_a_hit(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~ENTRY_RW);
    assert_true(translates(PAGE_VA, READ | USER, FRAME, PAGE_4K));
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
    assert_broken(fixture_access_faults(&fixture, PAGE_VA, WRITE | USER, PF_P | PF_W | PF_U), "stale-fault");
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS | 1ull << 50);
    assert_broken(fixture_access_faults(&fixture, PAGE_VA, WRITE | USER, PF_P | PF_W | PF_U), "stale-fault");
    assert_broken(fixture_access_faults(&fixture, PAGE_VA, WRITE | USER, PF_P | PF_W | PF_U | PF_I),
                  "wrong-error-code");
}

/* A legally stale translation is no error, though a fresh walk would fault. */
static void test_legally_stale_is_legal(void **state)
{
    (void)state;
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    fixture_write(&fixture, ENTRY(PT_A), 0);
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    assert_true(fixture_access_faults(&fixture, PAGE_VA, READ, 0));
}

/* A bus error is reported as a page fault, or the other way round. */
static void test_bus_error_and_page_fault_mixed_up(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_bus_error(&fixture, ENTRY(PD_A));
    assert_broken(fixture_faults(&fixture, 1, 0), "unjustified-fault");
    fixture_write(&fixture, ENTRY(PT_A), 0);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    assert_broken(fixture_answer(&fixture, 1, (struct response){.fault = FAULT_MACHINE_CHECK}),
                  "machine-check");
}

/* The mode of another request is used: in a hit, in a walk, in a merged miss. */
static void test_mode_of_another_request(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~ENTRY_US);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_accept(&fixture, 2, PAGE_VA, READ | USER);
    fixture_accept(&fixture, 3, PAGE_VA, WRITE | USER);
    assert_true(fixture_translates(&fixture, 1, FRAME, PAGE_4K));
    assert_broken(fixture_translates(&fixture, 2, FRAME, PAGE_4K), "missing-fault");
    assert_broken(fixture_faults(&fixture, 3, PF_P | PF_U), "wrong-error-code");
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    assert_broken(fixture_faults(&fixture, 1, PF_P | PF_U), "unjustified-fault");
}

/* The TLB holds D although the write of the entry failed, or was never made. */
static void test_dirty_without_the_write(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), (FRAME | LEAF_BITS) & ~ENTRY_D);
    fixture_accept(&fixture, 1, PAGE_VA, WRITE);
    const struct mem_req req = {
        .addr = ENTRY(PT_A), .expected = FRAME, .desired = FRAME | ENTRY_D, .exchange = 1};
    assert_true(judge_served(fixture.judge, &req, &(struct mem_resp){.data = FRAME | LEAF_BITS}));
    assert_broken(fixture_translates(&fixture, 1, FRAME, PAGE_4K), "missing-dirty");
}

/* The leaf's A is never written back. */
static void test_accessed_never_written(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY2(PT_B), FRAME2 | (LEAF_BITS & ~ENTRY_A));
    fixture_op(&fixture, OP_WRITE_CR3, ROOT_B);
    assert_broken(translates(PAGE2_VA, READ, FRAME2, PAGE_4K), "missing-accessed");
}

/* NX is not checked on a TLB hit. */
static void test_no_execute_on_a_hit(void **state)
{
    (void)state;
    fixture_op(&fixture, OP_WRITE_EFER, EFER_NXE);
    fixture_write(&fixture, ENTRY(PD_A), PT_A | TABLE_BITS | ENTRY_XD);
    fixture_invlpg(&fixture, PAGE_VA);
    assert_true(translates(PAGE_VA, READ, FRAME, PAGE_4K));
    assert_false(translates(PAGE_VA, FETCH, FRAME, PAGE_4K));
    fixture_rule(&fixture);
    assert_true(fixture_access_faults(&fixture, PAGE_VA, FETCH, PF_P | PF_I));
}

/* A merged miss gets the fault of the earlier one, which began before it was accepted. */
static void test_merge_takes_an_older_fault(void **state)
{
    (void)state;
    fixture_write(&fixture, ENTRY(PT_A), 0);
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_write(&fixture, ENTRY(PT_A), FRAME | LEAF_BITS);
    fixture_accept(&fixture, 2, PAGE_VA, READ);
    assert_true(fixture_faults(&fixture, 1, 0));
    assert_broken(fixture_faults(&fixture, 2, 0), "stale-fault");
}

/* The data of a response comes a cycle after its valid signal: the tag answers twice, or with another's data.
 */
static void test_data_after_valid(void **state)
{
    (void)state;
    fixture_accept(&fixture, 1, PAGE_VA, READ);
    fixture_accept(&fixture, 2, PAGE2_VA, READ);
    assert_broken(fixture_translates(&fixture, 2, FRAME, PAGE_4K), "wrong-address");
    assert_broken(fixture_translates(&fixture, 2, FRAME3, PAGE_4K), "unasked-answer");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        judge_test(test_overtaken_walk_fills_the_tlb),
        judge_test(test_overtaken_walk_fills_the_walk_cache),
        judge_test(test_unit_sees_the_invalidation_late),
        judge_test(test_stray_response_feeds_the_next_walk),
        judge_test(test_invalidation_by_an_old_selector),
        judge_test(test_fragment_of_a_large_page_survives),
        judge_test(test_globals_mistaken),
        judge_test(test_access_never_answered),
        judge_test(test_misaligned_superpage),
        judge_test(test_bits_of_another_page_size),
        judge_test(test_tag_without_its_top_bit),
        judge_test(test_merged_hits),
        judge_test(test_other_pcid),
        judge_test(test_reserved_bits_of_upper_entries),
        judge_test(test_faulting_walk_fills_the_tlb),
        judge_test(test_fault_by_a_hit),
        judge_test(test_legally_stale_is_legal),
        judge_test(test_bus_error_and_page_fault_mixed_up),
        judge_test(test_mode_of_another_request),
        judge_test(test_dirty_without_the_write),
        judge_test(test_accessed_never_written),
        judge_test(test_no_execute_on_a_hit),
        judge_test(test_merge_takes_an_older_fault),
        judge_test(test_data_after_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
