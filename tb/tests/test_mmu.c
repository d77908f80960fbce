/* SPDX-License-Identifier: Apache-2.0 */
/* The C model through mmu.h alone: reset, translations end to end and in cycles, tags, order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mmu_page_rig.h"
#include "stats.h"

/* All ports and the operation are ready, nothing is answered or asked; idle until an input comes. */
static void reset_outputs(void **state)
{
    (void)state;
    for (uint32_t data_ports = 1; data_ports <= 3; data_ports++) {
        struct mmu_params params;
        mmu_params_default(&params);
        params.mmu.data_ports = data_ports;
        struct mmu *mmu = mmu_create(&params);
        const struct mmu_out *out = mmu_outputs(mmu);
        assert_int_equal(out->req_ready, (1u << (1 + data_ports)) - 1);
        assert_true(out->op_ready && out->mem_resp_ready);
        assert_int_equal(out->resp_valid | out->op_done | out->mem_req_valid, 0);
        assert_int_equal(mmu_cycle(mmu), 0);
        assert_int_equal(mmu_idle_cycles(mmu), UINT64_MAX);
        mmu_destroy(mmu);
    }
}

/*
 * A walk from the root. One cycle to the lookup, one into the miss queue, one
 * to be issued, L2Latency, one to a walker, one to the request; then memory for
 * each level and two cycles between levels; then result, answer, port.
 */
static void a_walk(void **state)
{
    static const uint64_t addresses[] = {PML4E, PDPTE, PDE, PTE};
    struct mmu_rig rig = make_running();
    uint64_t cycles;

    (void)state;
    struct response resp = translate(&rig, PORT, VA + 0x678, ACCESS_READ, &cycles);
    expect_page(&resp, PAGE + 0x678, SOURCE_WALK);
    assert_int_equal(cycles, 5 + L2_LATENCY + 4 * MEMORY_LATENCY + 3 * 2 + 3);
    assert_int_equal(rig.logged, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(rig.log[i].addr, addresses[i]);
        assert_false(rig.log[i].exchange);
    }
    rig_free(&rig);
}

/* A hit in the L1 TLB is answered in the next cycle, one in the L2 TLB L2Latency + 4 cycles after acceptance.
 */
static void hits(void **state)
{
    struct mmu_rig rig = make_running();
    uint64_t cycles;

    (void)state;
    translate(&rig, PORT, VA, ACCESS_READ, NULL);
    struct response resp = translate(&rig, PORT, VA + 8, ACCESS_READ, &cycles);
    expect_page(&resp, PAGE + 8, SOURCE_L1);
    assert_int_equal(cycles, 1);
    resp = translate(&rig, MMU_PORT_FETCH, VA + 16, ACCESS_FETCH, &cycles); /* the L2 TLB serves both */
    expect_page(&resp, PAGE + 16, SOURCE_L2);
    assert_int_equal(cycles, L2_LATENCY + 4);
    resp = translate(&rig, MMU_PORT_FETCH, VA + 24, ACCESS_FETCH, &cycles);
    expect_page(&resp, PAGE + 24, SOURCE_L1);
    assert_int_equal(rig.requests, 4);
    rig_free(&rig);
}

/* SDM 4.8: A in every entry, D by a write only, and by a later write to a page that was read before. */
static void accessed_and_dirty(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    *rig_word(&rig, PML4E) &= ~ENTRY_A;
    *rig_word(&rig, PTE) &= ~ENTRY_A;
    struct response resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_page(&resp, PAGE, SOURCE_WALK);
    assert_int_equal(*rig_word(&rig, PML4E), 0x2000 | RIG_USED);
    assert_int_equal(*rig_word(&rig, PTE), PAGE | RIG_USED);
    resp = translate(&rig, PORT, VA, ACCESS_WRITE, NULL);
    expect_page(&resp, PAGE, SOURCE_WALK);
    assert_int_equal(*rig_word(&rig, PTE), PAGE | RIG_USED | ENTRY_D);
    assert_int_equal(*rig_word(&rig, PDE), 0x4000 | RIG_USED);
    resp = translate(&rig, PORT, VA, ACCESS_WRITE, NULL);
    expect_page(&resp, PAGE, SOURCE_L1);
    rig_free(&rig);
}

/* The answers that are no translation; none of them is cached. */
static void faults(void **state)
{
    struct mmu_rig rig = make_running();
    uint64_t cycles, pte = *rig_word(&rig, PTE);

    (void)state;
    *rig_word(&rig, PTE) = pte & ~ENTRY_P;
    struct response resp = translate(&rig, PORT, VA + 0x678, ACCESS_WRITE | ATTR_USER, NULL);
    expect_fault(&resp, FAULT_PAGE, PF_W | PF_U);
    rig.poisoned = PDE;
    resp = translate(&rig, PORT, VA + 0x678, ACCESS_READ, NULL);
    expect_fault(&resp, FAULT_MACHINE_CHECK, 0);
    rig.poisoned = 0;
    assert_int_equal(mmu_statistics(rig.mmu)->l1d_fills[PAGE_4K], 0);
    assert_int_equal(mmu_statistics(rig.mmu)->l2_fills[PAGE_4K], 0);
    *rig_word(&rig, PTE) = pte;
    resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_page(&resp, PAGE, SOURCE_WALK);
    resp = translate(&rig, PORT, 0x800000000000, ACCESS_READ, &cycles);
    expect_fault(&resp, FAULT_NON_CANONICAL, 0);
    assert_int_equal(cycles, 1);
    rig_free(&rig);
}

/*
 * A cached entry that denies is confirmed in memory: rights that were raised
 * without an INVLPG are seen (SDM 4.10.4.3). And a fault drops the old entry.
 */
static void denials_are_confirmed(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    *rig_word(&rig, PTE) &= ~ENTRY_US;
    translate(&rig, PORT, VA, ACCESS_READ, NULL);
    *rig_word(&rig, PTE) |= ENTRY_US;
    struct response resp = translate(&rig, PORT, VA, ACCESS_READ | ATTR_USER, NULL);
    expect_page(&resp, PAGE, SOURCE_WALK);
    assert_int_equal(rig.requests, 8); /* twice from the root */

    *rig_word(&rig, PTE) = 0;
    resp = translate(&rig, PORT, VA, ACCESS_READ | ATTR_USER, NULL);
    expect_page(&resp, PAGE, SOURCE_L1); /* nobody invalidated it */
    operate(&rig, (struct op_req){.op = OP_WRITE_CR4, .value = CR4_SMAP});
    resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_fault(&resp, FAULT_PAGE, 0);
    resp = translate(&rig, PORT, VA, ACCESS_READ | ATTR_USER, NULL);
    expect_fault(&resp, FAULT_PAGE, PF_U);
    rig_free(&rig);
}

/* Hits pass misses on a data port, and each answer has the tag of its request. */
static void tags_out_of_order(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    *rig_word(&rig, PTE + 8) = (PAGE + 0x1000) | RIG_USED;
    translate(&rig, PORT, VA, ACCESS_READ, NULL);
    offer(&rig, PORT, VA + 0x1000, ACCESS_READ, 63);
    rig_step(&rig);
    for (unsigned tag = 0; tag < 5; tag++) {
        offer(&rig, PORT, VA + tag, ACCESS_READ, tag);
        rig_step(&rig);
        struct response resp = wait_for(&rig, PORT);
        expect_page(&resp, PAGE + tag, SOURCE_L1);
        assert_int_equal(resp.tag, tag);
    }
    rig_step(&rig);
    struct response resp = wait_for(&rig, PORT);
    expect_page(&resp, PAGE + 0x1000, SOURCE_WALK);
    assert_int_equal(resp.tag, 63);
    rig_free(&rig);
}

/* Fetches are answered in order: none is taken while one that missed waits. */
static void fetches_in_order(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    translate(&rig, MMU_PORT_FETCH, VA, ACCESS_FETCH, NULL);
    *rig_word(&rig, PTE + 8) = (PAGE + 0x1000) | RIG_USED;
    for (unsigned tag = 0; tag < 3; tag++) {
        offer(&rig, MMU_PORT_FETCH, VA, ACCESS_FETCH, tag);
        rig_step(&rig);
        assert_int_equal(wait_for(&rig, MMU_PORT_FETCH).tag, tag);
    }
    offer(&rig, MMU_PORT_FETCH, VA + 0x1000, ACCESS_FETCH, 40);
    rig_step(&rig);
    while (!(mmu_outputs(rig.mmu)->resp_valid & 1)) {
        assert_false(mmu_outputs(rig.mmu)->req_ready & 1);
        assert_true(mmu_outputs(rig.mmu)->req_ready & 2);
        rig_step(&rig);
    }
    assert_int_equal(wait_for(&rig, MMU_PORT_FETCH).tag, 40);
    rig_free(&rig);
}

/* Of one port with several misses to one page, one walk serves all. */
static void misses_merge(void **state)
{
    struct mmu_rig rig = make_running();
    uint64_t answered = 0;

    (void)state;
    for (unsigned tag = 0; tag < 4; tag++) {
        offer(&rig, PORT, VA + tag, ACCESS_READ, tag);
        rig_step(&rig);
    }
    for (unsigned i = 0; i < 4; i++) {
        struct response resp = wait_for(&rig, PORT);
        expect_page(&resp, PAGE + resp.tag, SOURCE_WALK);
        answered |= 1ull << resp.tag;
        rig_step(&rig);
    }
    assert_int_equal(answered, 0xf);
    assert_int_equal(rig.requests, 4);
    assert_int_equal(mmu_statistics(rig.mmu)->miss_queue_merges, 3);
    rig_free(&rig);
}

/* A request to memory stays as it is until it is taken. */
static void memory_may_stall(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    rig.stalled = true;
    offer(&rig, PORT, VA, ACCESS_READ, TAG);
    for (unsigned i = 0; i < 50; i++)
        rig_step(&rig);
    assert_true(mmu_outputs(rig.mmu)->mem_req_valid);
    assert_int_equal(mmu_outputs(rig.mmu)->mem_req.addr, PML4E);
    assert_int_equal(mmu_idle_cycles(rig.mmu), UINT64_MAX);
    rig.stalled = false;
    struct response resp = wait_for(&rig, PORT);
    expect_page(&resp, PAGE, SOURCE_WALK);
    rig_free(&rig);
}

/* SDM 4.10.3: a page beside one walked before costs one read, that of its PTE. */
static void walk_caches_save_reads(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    for (unsigned page = 0; page < 4; page++)
        *rig_word(&rig, PTE + 8 * page) = (PAGE + 0x1000 * page) | RIG_USED;
    for (unsigned page = 0; page < 4; page++) {
        struct response resp = translate(&rig, PORT, VA + 0x1000 * page, ACCESS_READ, NULL);
        expect_page(&resp, PAGE + 0x1000 * page, SOURCE_WALK);
        assert_int_equal(rig.requests, 4 + page);
    }
    assert_int_equal(mmu_statistics(rig.mmu)->walker_steps_saved, 9);
    rig_free(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_outputs),
        cmocka_unit_test(a_walk),
        cmocka_unit_test(hits),
        cmocka_unit_test(accessed_and_dirty),
        cmocka_unit_test(faults),
        cmocka_unit_test(denials_are_confirmed),
        cmocka_unit_test(tags_out_of_order),
        cmocka_unit_test(fetches_in_order),
        cmocka_unit_test(misses_merge),
        cmocka_unit_test(memory_may_stall),
        cmocka_unit_test(walk_caches_save_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
