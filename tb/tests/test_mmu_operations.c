/* SPDX-License-Identifier: Apache-2.0 */
/* The C model through mmu.h alone: what operations promise to accesses before, during and after them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mmu_page_rig.h"

/* INVLPG takes three cycles, a page that changed is seen after it; register writes accept nothing meanwhile.
 */
static void changes_are_seen(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    translate(&rig, PORT, VA, ACCESS_READ, NULL);
    *rig_word(&rig, PTE) += 0x1000;
    struct response resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_page(&resp, PAGE, SOURCE_L1);
    assert_int_equal(operate(&rig, (struct op_req){.op = OP_INVLPG, .va = VA + 0xfff}), 3);
    resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_page(&resp, PAGE + 0x1000, SOURCE_WALK);

    rig.in.op_valid = 1;
    rig.in.op = (struct op_req){.op = OP_WRITE_CR3, .value = 0};
    rig_step(&rig);
    while (!mmu_outputs(rig.mmu)->op_done) {
        assert_int_equal(mmu_outputs(rig.mmu)->req_ready, 0);
        assert_false(mmu_outputs(rig.mmu)->op_ready);
        rig_step(&rig);
    }
    rig_step(&rig);
    assert_false(mmu_outputs(rig.mmu)->op_done); /* one cycle */
    resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_fault(&resp, FAULT_PAGE, 0); /* an empty root table at 0 */
    rig_free(&rig);
}

/* An access accepted together with a register write is translated by the registers as they were. */
static void accesses_before_a_register_write(void **state)
{
    (void)state;
    for (unsigned before = 0; before < 30; before++) {
        struct mmu_rig rig = make_running();
        offer(&rig, PORT, VA, ACCESS_READ, TAG);
        for (unsigned i = 0; i < before; i++)
            rig_step(&rig);
        rig.in.op_valid = 1;
        rig.in.op = (struct op_req){.op = OP_WRITE_CR3, .value = 0};
        rig_step(&rig);
        struct response resp = wait_for(&rig, PORT);
        expect_page(&resp, PAGE, SOURCE_WALK);
        assert_false(mmu_outputs(rig.mmu)->op_done);
        rig_free(&rig);
    }
}

/*
 * From the cycle of completion on, no answer derives from older state: an
 * INVLPG at any moment of a walk, of an entry at any level that changes just
 * before it.
 */
static void overtaken_walks(void **state)
{
    enum { LONGEST = 60, MOVED = 0x1000 };
    unsigned old_answers = 0, new_answers = 0;

    (void)state;
    for (unsigned before = 1; before < LONGEST; before++)
        for (unsigned level = 1; level <= 2; level++) {
            struct mmu_rig rig = make_running();
            struct response resp = {.fault = FAULT_MACHINE_CHECK};
            bool done = false;
            *rig_word(&rig, 0x5000 + 8 * 0x145) = (PAGE + MOVED) | RIG_USED;
            offer(&rig, PORT, VA, ACCESS_READ, TAG);
            for (unsigned i = 0; i < before && !(mmu_outputs(rig.mmu)->resp_valid & 1 << PORT); i++)
                rig_step(&rig);
            if (level == 1)
                *rig_word(&rig, PTE) += MOVED;
            else
                *rig_word(&rig, PDE) = 0x5000 | RIG_USED;
            rig.in.op_valid = 1;
            rig.in.op = (struct op_req){.op = OP_INVLPG, .va = VA};
            while (!(mmu_outputs(rig.mmu)->resp_valid & 1 << PORT)) {
                rig_step(&rig);
                done |= mmu_outputs(rig.mmu)->op_done;
            }
            resp = wait_for(&rig, PORT);
            bool moved = resp.pa == PAGE + MOVED;
            expect_page(&resp, moved ? PAGE + MOVED : PAGE, SOURCE_WALK);
            if (done)
                assert_true(moved);
            old_answers += !moved;
            new_answers += moved;
            while (!mmu_outputs(rig.mmu)->op_done && !done)
                rig_step(&rig);
            rig_step(&rig);
            resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
            assert_int_equal(resp.pa, PAGE + MOVED); /* nothing old was filled in */
            rig_free(&rig);
        }
    assert_true(old_answers > 0);
    assert_true(new_answers > 20);
}

/* SDM 4.10.4.1: INVLPG drops the walk caches' entries of the PCID, whatever the address. */
static void invlpg_drops_walk_cache_entries(void **state)
{
    struct mmu_rig rig = make_running();

    (void)state;
    *rig_word(&rig, PTE + 8) = (PAGE + 0x1000) | RIG_USED;
    *rig_word(&rig, PTE + 16) = (PAGE + 0x2000) | RIG_USED;
    translate(&rig, PORT, VA, ACCESS_READ, NULL);
    translate(&rig, PORT, VA + 0x1000, ACCESS_READ, NULL);
    assert_int_equal(rig.requests, 5);
    operate(&rig, (struct op_req){.op = OP_INVLPG, .va = 0x7f0000000000});
    translate(&rig, PORT, VA + 0x2000, ACCESS_READ, NULL);
    assert_int_equal(rig.requests, 9);
    struct response resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
    expect_page(&resp, PAGE, SOURCE_L1); /* another page's translation stays */
    rig_free(&rig);
}

/* SDM 4.10.2.4: a global translation serves every PCID, in the L1 TLB too where it came from the L2 TLB. */
static void globals(void **state)
{
    (void)state;
    for (unsigned global = 0; global < 2; global++) {
        struct mmu_rig rig = make_running();
        *rig_word(&rig, PTE) |= global ? ENTRY_G : 0;
        operate(&rig, (struct op_req){.op = OP_WRITE_CR4, .value = CR4_PCIDE | CR4_PGE});
        translate(&rig, PORT, VA, ACCESS_READ, NULL);
        struct response resp = translate(&rig, MMU_PORT_FETCH, VA, ACCESS_FETCH, NULL);
        expect_page(&resp, PAGE, SOURCE_L2);
        operate(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = RIG_ROOT | 1});
        resp = translate(&rig, MMU_PORT_FETCH, VA, ACCESS_FETCH, NULL);
        expect_page(&resp, PAGE, global ? SOURCE_L1 : SOURCE_WALK);
        resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
        expect_page(&resp, PAGE, global ? SOURCE_L1 : SOURCE_L2);

        operate(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = RIG_ROOT | CR3_NO_FLUSH});
        resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
        expect_page(&resp, PAGE, SOURCE_L1); /* that of PCID 0 was kept */
        operate(&rig, (struct op_req){.op = OP_INVPCID, .value = 2});
        resp = translate(&rig, PORT, VA, ACCESS_READ, NULL);
        expect_page(&resp, PAGE, SOURCE_WALK);
        rig_free(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_seen), cmocka_unit_test(accesses_before_a_register_write),
        cmocka_unit_test(overtaken_walks),  cmocka_unit_test(invlpg_drops_walk_cache_entries),
        cmocka_unit_test(globals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
