/* SPDX-License-Identifier: Apache-2.0 */
/* control.h: the states and cycle counts of every operation, what each leaves in the registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "control.h"

enum { SWEEP_SETS = 5, MAXPHYADDR = 40 };

struct rig {
    struct control c;
    struct mmu_stats stats;
    uint64_t cycle;
};

static struct rig make(void)
{
    struct mmu_params params;
    struct rig rig = {.cycle = 100};
    mmu_params_default(&params);
    params.mmu.maxphyaddr = MAXPHYADDR;
    control_init(&rig.c, &params, SWEEP_SETS);
    return rig;
}

/* Nothing is under way around the block. */
static const struct control_in calm = {.drained = true, .queue_empty = true};

static void tick_with(struct rig *rig, const struct control_in *in)
{
    control_clock(&rig->c, in, &rig->stats, rig->cycle++);
}

static void tick(struct rig *rig)
{
    tick_with(rig, &calm);
}

/* One cycle in which the operation is offered; it must be taken. */
static void offer(struct rig *rig, struct op_req op)
{
    struct control_in in = calm;
    assert_true(control_op_ready(&rig->c, false));
    in.op_valid = true;
    in.op = &op;
    tick_with(rig, &in);
}

static void finish(struct rig *rig)
{
    for (unsigned i = 0; rig->c.state != CONTROL_IDLE; i++) {
        assert_true(i < 100);
        tick(rig);
    }
}

static void run(struct rig *rig, struct op_req op)
{
    offer(rig, op);
    finish(rig);
}

/* After reset paging is on with four levels, all else is 0. */
static void reset(void **state)
{
    struct rig rig = make();
    struct translation_context context = control_context(&rig.c);

    (void)state;
    assert_int_equal(rig.c.state, CONTROL_IDLE);
    assert_true(control_op_ready(&rig.c, false));
    assert_false(control_op_ready(&rig.c, true));
    assert_int_equal(context.mode, MODE_PG);
    assert_int_equal(context.root | context.pkru | context.pkrs | context.pcid, 0);
    assert_int_equal(context.maxphyaddr, MAXPHYADDR);
}

/*
 * The state in each cycle after acceptance, a letter each: Drain, Broadcast,
 * Sweep (one cycle per set), sEttle, dOne, Idle. INVLPG is complete in t + 3.
 */
static void states_of_operations(void **state)
{
    static const struct {
        struct op_req before, op;
        const char *states;
    } cases[] = {
        {{.op = OP_WRITE_PKRU}, {.op = OP_INVLPG}, "BEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_INVPCID, .value = 0}, "BEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_INVPCID, .value = 1}, "BSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_INVPCID, .value = 2}, "BSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_INVPCID, .value = 3}, "BSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_PKRU}, "DOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_PKRS}, "DOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR3}, "DBSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR3, .value = CR3_NO_FLUSH}, "DBSSSSSEOI"},
        {{.op = OP_WRITE_CR4, .value = CR4_PCIDE}, {.op = OP_WRITE_CR3, .value = CR3_NO_FLUSH}, "DOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR0, .value = CR0_PG | CR0_WP}, "DOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR0}, "DBSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR4, .value = CR4_PGE}, "DBSSSSSEOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_CR4, .value = CR4_SMAP}, "DOI"},
        {{.op = OP_WRITE_PKRU}, {.op = OP_WRITE_EFER, .value = EFER_NXE}, "DBSSSSSEOI"},
    };
    static const char letters[] = {[CONTROL_IDLE] = 'I',  [CONTROL_DRAIN] = 'D',  [CONTROL_BROADCAST] = 'B',
                                   [CONTROL_SWEEP] = 'S', [CONTROL_SETTLE] = 'E', [CONTROL_DONE] = 'O'};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = make();
        run(&rig, cases[i].before);
        offer(&rig, cases[i].op);
        unsigned sets = 0;
        for (const char *expected = cases[i].states; *expected; expected++) {
            assert_int_equal(letters[rig.c.state], *expected);
            assert_int_equal(control_op_ready(&rig.c, false), *expected == 'I');
            assert_int_equal(rig.c.blocking, *expected != 'I' && x86_is_register_write(cases[i].op.op));
            if (*expected == 'S')
                assert_int_equal(rig.c.sweep_set, sets++);
            tick(&rig);
        }
    }
}

/* What each register keeps; translation sees it when DRAIN has ended, and not before. */
static void registers(void **state)
{
    struct rig rig = make();

    (void)state;
    run(&rig, (struct op_req){.op = OP_WRITE_CR4, .value = CR4_PCIDE | CR4_PKE | CR4_PAE});
    run(&rig, (struct op_req){.op = OP_WRITE_PKRU, .value = 0xffffffff12345678});
    run(&rig, (struct op_req){.op = OP_WRITE_PKRS, .value = 0x9abcdef0});
    run(&rig, (struct op_req){.op = OP_WRITE_EFER, .value = EFER_NXE | EFER_LME});
    offer(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = CR3_NO_FLUSH | 0xabcdef123456789});
    assert_int_equal(control_context(&rig.c).root, 0);
    tick(&rig);
    finish(&rig);

    assert_int_equal(rig.c.cr3, 0xabcdef123456789); /* bit 63 is not kept (2.5) */
    struct translation_context context = control_context(&rig.c);
    assert_int_equal(context.mode, MODE_PG | MODE_PCIDE | MODE_PKE | MODE_NXE);
    assert_int_equal(context.pkru, 0x12345678);
    assert_int_equal(context.pkrs, 0x9abcdef0);
    assert_int_equal(context.pcid, 0x789);
    assert_int_equal(context.root, 0xabcdef123456ull & ((1ull << (MAXPHYADDR - 12)) - 1));
    run(&rig, (struct op_req){.op = OP_WRITE_CR4});
    assert_int_equal(control_pcid(&rig.c), 0); /* 4.10.1: without CR4.PCIDE the PCID is 0 */
}

/* A register write waits until every access before it is answered; an invalidation does not. */
static void drain(void **state)
{
    const struct control_in busy = {.drained = false};
    struct rig rig = make();

    (void)state;
    offer(&rig, (struct op_req){.op = OP_WRITE_PKRU, .value = 5});
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(rig.c.state, CONTROL_DRAIN);
        tick_with(&rig, &busy);
    }
    assert_int_equal(rig.c.pkru, 0);
    tick(&rig);
    assert_int_equal(rig.c.pkru, 5);
    assert_int_equal(rig.c.state, CONTROL_DONE);
    finish(&rig);
    offer(&rig, (struct op_req){.op = OP_INVLPG});
    tick_with(&rig, &busy);
    tick_with(&rig, &busy);
    assert_int_equal(rig.c.state, CONTROL_DONE);
}

/* SETTLE waits for compare-exchanges of given-up walks. */
static void settle(void **state)
{
    const struct control_in exchanging = {.drained = true, .draining_exchange = true};
    struct rig rig = make();

    (void)state;
    offer(&rig, (struct op_req){.op = OP_INVLPG});
    for (unsigned i = 0; i < 20; i++) {
        tick_with(&rig, &exchanging);
        assert_int_equal(rig.c.state, CONTROL_SETTLE);
    }
    tick(&rig);
    assert_int_equal(rig.c.state, CONTROL_DONE);
}

/* A page fault's drop: one BROADCAST out of IDLE, DRAIN or SETTLE and back; it goes before an operation. */
static void drops(void **state)
{
    static const uint8_t states[] = {CONTROL_IDLE, CONTROL_DRAIN, CONTROL_SETTLE};
    const struct op_req pcid = {.op = OP_INVPCID, .value = 1, .pcid = 0x123, .va = 0x9000};

    (void)state;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        struct rig rig = make();
        struct control_in in = {.fault_waiting = true, .op_valid = true, .op = &pcid, .drained = true};
        struct op_req write = {.op = OP_WRITE_CR3, .value = 0x5000};
        if (states[i] != CONTROL_IDLE)
            offer(&rig, write);
        while (rig.c.state != states[i])
            tick(&rig);
        in.op_valid = states[i] == CONTROL_IDLE;
        tick_with(&rig, &in);
        assert_int_equal(rig.c.state, CONTROL_BROADCAST);
        assert_true(rig.c.dropping);
        struct invalidation inv = control_invalidation(&rig.c, 0xffff812345678abc);
        assert_int_equal(inv.flags, INV_PAGE_FAULT);
        assert_int_equal(inv.walk_flags, INV_PAGE_FAULT); /* 4.10.4.1: those for the address only */
        assert_int_equal(inv.pcid, 0);
        assert_int_equal(inv.vpn, x86_vpn(0xffff812345678abc));
        in.fault_waiting = false;
        in.op_valid = false;
        in.sent_back = true;
        tick_with(&rig, &in);
        assert_int_equal(rig.c.state, states[i]);
        assert_false(rig.c.dropping);
        assert_false(rig.c.progress_owed);
        assert_int_equal(rig.stats.control_fault_drops, 1);
        finish(&rig);
        assert_int_equal(rig.c.cr3, states[i] == CONTROL_IDLE ? 0 : 0x5000);
        assert_int_equal(rig.stats.control_register_writes, states[i] != CONTROL_IDLE);
    }
}

/* In BROADCAST, SWEEP and DONE a fault waits. */
static void faults_wait(void **state)
{
    const struct control_in fault = {.fault_waiting = true, .drained = true, .queue_empty = true};
    struct rig rig = make();

    (void)state;
    offer(&rig, (struct op_req){.op = OP_INVPCID, .value = 2});
    for (unsigned i = 0; i < 1 + SWEEP_SETS; i++) {
        assert_false(rig.c.dropping);
        tick_with(&rig, &fault);
    }
    assert_int_equal(rig.c.state, CONTROL_SETTLE);
    tick(&rig);
    assert_int_equal(rig.c.state, CONTROL_DONE);
    tick_with(&rig, &fault);
    assert_int_equal(rig.c.state, CONTROL_IDLE);
    tick_with(&rig, &fault);
    assert_true(rig.c.dropping);
}

/* After an operation that sent accesses back, the next one waits until one was answered, or none is left. */
static void progress(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        bool sent_back = i & 1, answered = i & 2;
        struct control_in in = {.sent_back = sent_back};
        struct op_req op = {.op = OP_INVLPG};
        struct rig rig = make();
        offer(&rig, op);
        tick_with(&rig, &in); /* BROADCAST */
        in.sent_back = false;
        tick_with(&rig, &in);
        tick_with(&rig, &in);
        assert_int_equal(rig.c.state, CONTROL_IDLE);
        assert_int_equal(control_op_ready(&rig.c, false), !sent_back);
        if (!sent_back)
            continue;
        in.op_valid = true;
        in.op = &op;
        for (unsigned waited = 0; waited < 10; waited++) {
            tick_with(&rig, &in);
            assert_int_equal(rig.c.state, CONTROL_IDLE);
        }
        in.op_valid = false;
        in.answered = answered;
        in.queue_empty = !answered;
        tick_with(&rig, &in);
        assert_true(control_op_ready(&rig.c, false));
    }
}

/* What goes to TLBs and walk caches, and whether accesses under way are overtaken. */
static void invalidations(void **state)
{
    enum { CURRENT = 0x11, OTHER = 0x22 };
    static const struct {
        struct op_req op;
        uint8_t flags, walk_flags;
        uint16_t pcid;
        bool overtakes;
    } cases[] = {
        {{.op = OP_INVLPG, .va = 0x12345678, .pcid = OTHER},
         INV_ADDRESS | INV_PCID | INV_GLOBALS,
         INV_PCID | INV_GLOBALS,
         CURRENT,
         true},
        {{.op = OP_INVPCID, .va = 0x12345678, .pcid = OTHER}, INV_ADDRESS | INV_PCID, INV_PCID, OTHER, false},
        {{.op = OP_INVPCID, .va = 0x12345678, .pcid = CURRENT},
         INV_ADDRESS | INV_PCID,
         INV_PCID,
         CURRENT,
         true},
        {{.op = OP_INVPCID, .value = 1, .pcid = OTHER}, INV_PCID, INV_PCID, OTHER, false},
        {{.op = OP_INVPCID, .value = 1, .pcid = CURRENT}, INV_PCID, INV_PCID, CURRENT, true},
        {{.op = OP_INVPCID, .value = 2, .pcid = OTHER}, INV_GLOBALS, INV_GLOBALS, OTHER, true},
        {{.op = OP_INVPCID, .value = 3, .pcid = OTHER}, 0, 0, OTHER, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = make();
        run(&rig, (struct op_req){.op = OP_WRITE_CR4, .value = CR4_PCIDE});
        run(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = CURRENT});
        offer(&rig, cases[i].op);
        struct invalidation inv = control_invalidation(&rig.c, 0);
        assert_int_equal(inv.flags, cases[i].flags);
        assert_int_equal(inv.walk_flags, cases[i].walk_flags);
        assert_int_equal(inv.pcid, cases[i].pcid);
        assert_int_equal(inv.vpn, x86_vpn(cases[i].op.va));
        assert_int_equal(control_overtakes(&rig.c), cases[i].overtakes);
    }
}

/* A CR3 write drops what belongs to the PCID that it selects (4.10.4.1). */
static void cr3_invalidates_the_new_pcid(void **state)
{
    struct rig rig = make();

    (void)state;
    run(&rig, (struct op_req){.op = OP_WRITE_CR4, .value = CR4_PCIDE});
    run(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = 0x1003});
    offer(&rig, (struct op_req){.op = OP_WRITE_CR3, .value = 0x1004});
    tick(&rig);
    assert_int_equal(rig.c.state, CONTROL_BROADCAST);
    assert_int_equal(control_invalidation(&rig.c, 0).pcid, 4);
    assert_int_equal(control_invalidation(&rig.c, 0).flags, INV_PCID);
}

static void statistics(void **state)
{
    uint64_t latency[STAT_BUCKETS] = {0};
    struct rig rig = make();

    (void)state;
    run(&rig, (struct op_req){.op = OP_INVLPG});              /* 3 cycles */
    run(&rig, (struct op_req){.op = OP_INVPCID, .value = 3}); /* 3 + SWEEP_SETS */
    run(&rig, (struct op_req){.op = OP_WRITE_PKRU});          /* 2 */
    stat_sample(latency, 3);
    stat_sample(latency, 3 + SWEEP_SETS);
    stat_sample(latency, 2);
    assert_int_equal(rig.stats.control_invlpg, 1);
    assert_int_equal(rig.stats.control_invpcid, 1);
    assert_int_equal(rig.stats.control_register_writes, 1);
    assert_memory_equal(rig.stats.control_latency, latency, sizeof latency);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset),         cmocka_unit_test(states_of_operations),
        cmocka_unit_test(registers),     cmocka_unit_test(drain),
        cmocka_unit_test(settle),        cmocka_unit_test(drops),
        cmocka_unit_test(faults_wait),   cmocka_unit_test(progress),
        cmocka_unit_test(invalidations), cmocka_unit_test(cr3_invalidates_the_new_pcid),
        cmocka_unit_test(statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
