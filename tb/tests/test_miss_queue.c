/* SPDX-License-Identifier: Apache-2.0 */
/* miss_queue.h's states and the rules between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "miss_queue.h"

enum { LATENCY = 3, PORT = 1, NOT_LOOKED_UP = NO_ENTRY };

#define VA 0x00007a3c5f6e7000ull

static struct mmu_stats stats;

static struct miss_queue make(uint32_t entries)
{
    struct mmu_params params;
    struct miss_queue mq;
    mmu_params_default(&params);
    params.mmu.miss_queue = entries;
    params.mmu.data_ports = 3;
    params.l2.latency = LATENCY;
    stats = (struct mmu_stats){0};
    miss_queue_init(&mq, &params);
    return mq;
}

enum { SKIP_L2 = 1, FROM_ROOT = 2 };

/* One access on one port; returns its bit. */
static uint32_t add(struct miss_queue *mq, unsigned port, uint64_t va, unsigned attr, unsigned flags)
{
    struct access_req access[MMU_MAX_PORTS] = {{0}};
    uint32_t before = miss_queue_valid(mq);
    uint8_t bit = (uint8_t)(1u << port);
    access[port] = (struct access_req){.va = va, .attr = (uint8_t)attr, .tag = (uint8_t)(port + 40)};
    miss_queue_allocate(mq, before, bit, flags & SKIP_L2 ? bit : 0, flags & FROM_ROOT ? bit : 0, access,
                        &stats);
    return miss_queue_valid(mq) & ~before;
}

static uint32_t add_read(struct miss_queue *mq, uint64_t va)
{
    return add(mq, PORT, va, ACCESS_READ, 0);
}

/* The entries are in that state, one of mq's bit vectors, and in no other. */
static void expect_state(const struct miss_queue *mq, uint32_t bits, const uint32_t *expected)
{
    const uint32_t *const states[] = {&mq->pend,      &mq->merged, &mq->lookup,
                                      &mq->walk_pend, &mq->walk,   &mq->answer};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(*states[i] & bits, states[i] == expected ? bits : 0);
}

static unsigned number(uint32_t bit)
{
    return (unsigned)__builtin_ctz(bit);
}

/* Lowest free entries for the lowest ports; the fields are those of the access. */
static void allocation(void **state)
{
    struct miss_queue mq = make(8);
    struct access_req access[MMU_MAX_PORTS];

    (void)state;
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        access[port] = (struct access_req){.va = VA + port,
                                           .attr = (uint8_t)(port ? ACCESS_READ : ACCESS_FETCH),
                                           .tag = (uint8_t)(port + 9)};
    assert_int_equal(add_read(&mq, VA), 1);
    miss_queue_allocate(&mq, 1, 0xd, 0x4, 0x8, access, &stats);
    assert_int_equal(mq.pend, 0xf);
    assert_int_equal(mq.port[0], 2);
    assert_int_equal(mq.port[1], 1);
    assert_int_equal(mq.port[2], 4);
    assert_int_equal(mq.port[3], 8);
    assert_int_equal(mq.skip_l2, 4);
    assert_int_equal(mq.from_root, 8);
    assert_true(mq.fetch_busy);
    assert_int_equal(mq.va[2], VA + 2);
    assert_int_equal(mq.tag[3], 12);
    assert_int_equal(stats.miss_queue_allocations, 4);
}

/* A lookup is in the last stage L2Latency cycles after its issue, one issue a cycle, in turn. */
static void issue_and_pipeline(void **state)
{
    struct miss_queue mq = make(32);

    (void)state;
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(add_read(&mq, VA + 4096 * i), 1u << i);
    for (unsigned cycle = 0; cycle < 32 + LATENCY; cycle++) {
        int looked_up = miss_queue_lookup_id(&mq);
        assert_int_equal(looked_up, cycle < LATENCY ? NO_ENTRY : (int)(cycle - LATENCY));
        miss_queue_shift(&mq);
        miss_queue_issue(&mq, looked_up, &stats);
        if (looked_up != NO_ENTRY)
            miss_queue_end_lookup(&mq, (unsigned)looked_up, L2_MISS, 0, 0);
    }
    assert_int_equal(mq.walk_pend, UINT32_MAX);
    assert_int_equal(miss_queue_lookup_id(&mq), NO_ENTRY);
}

/* Round robin goes on after the entry issued last, also when lower ones come back. */
static void issue_in_turn(void **state)
{
    static const unsigned order[] = {0, 1, 2, 3, 0, 1, 2};
    struct miss_queue mq = make(8);

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        add_read(&mq, VA + 4096 * i);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        uint32_t bit = 1u << order[i];
        miss_queue_shift(&mq);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        expect_state(&mq, bit, &mq.lookup);
        if (order[i] != 1)
            miss_queue_return_lookup(&mq, order[i]);
        if (i == 3)
            miss_queue_return_lookup(&mq, 1);
    }
}

static void skip_l2_goes_to_a_walker(void **state)
{
    struct miss_queue mq = make(8);

    (void)state;
    uint32_t skipping = add(&mq, PORT, VA, ACCESS_WRITE, SKIP_L2);
    miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
    expect_state(&mq, skipping, &mq.walk_pend);
    assert_int_equal(mq.pipe_valid, 0);
    assert_int_equal(miss_queue_walk_candidate(&mq), number(skipping));
    miss_queue_start_walk(&mq, number(skipping));
    expect_state(&mq, skipping, &mq.walk);
    assert_int_equal(miss_queue_walk_candidate(&mq), NO_ENTRY);
}

/* The same page, the same mode; the same kind, or a read that a write's result serves too. */
static void merge_rules(void **state)
{
    static const unsigned modes[] = {0,       ATTR_USER,           ATTR_IMPLICIT,
                                     ATTR_AC, ATTR_USER | ATTR_AC, ATTR_IMPLICIT | ATTR_AC};

    (void)state;
    for (unsigned i = 0; i < 3 * 6 * 3 * 6; i++) {
        unsigned leader_kind = i % 3, kind = i / 3 % 3, leader_mode = modes[i / 9 % 6], mode = modes[i / 54];
        bool may = leader_mode == mode &&
                   (leader_kind == kind || (leader_kind == ACCESS_WRITE && kind == ACCESS_READ));
        struct miss_queue mq = make(8);
        uint32_t leader = add(&mq, PORT, VA, leader_kind | leader_mode, 0);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        uint32_t other = add(&mq, PORT, VA + 0xfff, kind | mode, 0);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        expect_state(&mq, leader, &mq.lookup);
        expect_state(&mq, other, may ? &mq.merged : &mq.lookup);
        assert_int_equal(stats.miss_queue_merges, may);
        assert_int_equal(stats.miss_queue_merges_refused, !may);

        uint32_t neighbour = add(&mq, PORT, VA + 0x1000, leader_kind | leader_mode, 0);
        miss_queue_shift(&mq);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        expect_state(&mq, neighbour, &mq.lookup);
    }
}

/* Only an entry in LOOKUP, WALK_PEND or WALK leads, and none whose lookup ends in this cycle. */
static void who_leads(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct miss_queue mq = make(8);
        const uint32_t *const at[] = {&mq.lookup, &mq.lookup, &mq.walk_pend, &mq.walk, &mq.answer, &mq.pend};
        uint32_t leader = add(&mq, PORT, VA, ACCESS_READ, i == 2 ? SKIP_L2 : 0);
        if (i < 5)
            miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        if (i == 3)
            miss_queue_end_lookup(&mq, 0, L2_MISS, 0, 0);
        if (i == 3)
            miss_queue_start_walk(&mq, 0);
        if (i == 4)
            miss_queue_end_lookup(&mq, 0, L2_ANSWERS, 0, 0);
        expect_state(&mq, leader, at[i]);
        mq.next_issue = 1;
        uint32_t other = add_read(&mq, VA);
        miss_queue_issue(&mq, i == 1 ? 0 : NOT_LOOKED_UP, &stats);
        expect_state(&mq, other, i == 0 || i == 2 || i == 3 ? &mq.merged : &mq.lookup);
    }
}

/* A leader with one follower, an entry of another page beside them; all looked up or walked. */
static struct miss_queue with_follower(uint32_t *leader, uint32_t *follower, uint32_t *other)
{
    struct miss_queue mq = make(8);
    *leader = add_read(&mq, VA);
    *other = add_read(&mq, VA + 4096);
    *follower = add_read(&mq, VA + 8);
    for (unsigned i = 0; i < 3; i++) {
        miss_queue_shift(&mq);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
    }
    expect_state(&mq, *leader | *other, &mq.lookup);
    expect_state(&mq, *follower, &mq.merged);
    return mq;
}

/* A translation is an answer for the followers too, a page fault or machine check for the entry alone. */
static void followers(void **state)
{
    (void)state;
    for (unsigned fault = FAULT_NONE; fault <= FAULT_MACHINE_CHECK; fault++) {
        uint32_t leader, follower, other;
        struct miss_queue mq = with_follower(&leader, &follower, &other);
        uint64_t result =
            miss_result(fault ? 0 : 0x1234 | DATA_D, fault, fault ? PF_U : 0, PAGE_4K, SOURCE_WALK);
        miss_queue_end_lookup(&mq, number(leader), L2_MISS, 0, 0);
        miss_queue_start_walk(&mq, number(leader));
        miss_queue_end_walk(&mq, number(leader), result);
        expect_state(&mq, leader, &mq.answer);
        expect_state(&mq, follower, fault ? &mq.pend : &mq.answer);
        expect_state(&mq, other, &mq.lookup);
        assert_int_equal(mq.result[number(leader)], result);
        if (!fault)
            assert_int_equal(mq.result[number(follower)], result);
    }
}

static void verdicts_of_lookups(void **state)
{
    (void)state;
    for (unsigned verdict = L2_ANSWERS; verdict <= L2_DENIED; verdict++) {
        uint32_t leader, follower, other;
        struct miss_queue mq = with_follower(&leader, &follower, &other);
        uint64_t tag = x86_tag(x86_vpn(VA), 0, false, PAGE_2M), data = 0x200 | DATA_US;
        miss_queue_end_lookup(&mq, number(leader), (enum l2_verdict)verdict, tag, data);
        expect_state(&mq, leader, verdict == L2_ANSWERS ? &mq.answer : &mq.walk_pend);
        expect_state(&mq, follower, verdict == L2_ANSWERS ? &mq.answer : &mq.merged);
        assert_int_equal(mq.from_root, verdict == L2_DENIED ? leader : 0);
        if (verdict == L2_ANSWERS)
            assert_int_equal(mq.result[number(follower)],
                             miss_result(data, FAULT_NONE, 0, PAGE_2M, SOURCE_L2));
    }
}

/* What the entry found says: denied counts before D, D for writes only. */
static void l2_verdicts(void **state)
{
    const struct translation_context context = {.mode = MODE_PG | MODE_WP};
    static const struct {
        unsigned attr;
        bool hit;
        enum l2_verdict verdict;
        uint64_t data;
    } cases[] = {
        {ACCESS_READ, false, L2_MISS, DATA_RW | DATA_D},
        {ACCESS_READ, true, L2_ANSWERS, 0},
        {ACCESS_WRITE, true, L2_ANSWERS, DATA_RW | DATA_D},
        {ACCESS_WRITE, true, L2_NOT_DIRTY, DATA_RW},
        {ACCESS_WRITE, true, L2_DENIED, 0},
        {ACCESS_READ | ATTR_USER, true, L2_DENIED, DATA_RW | DATA_D},
        {ACCESS_FETCH, true, L2_ANSWERS, 0},
        {ACCESS_FETCH, true, L2_DENIED, DATA_NX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct miss_queue mq = make(8);
        unsigned id = number(add(&mq, PORT, VA, cases[i].attr, 0));
        assert_int_equal(miss_queue_l2_verdict(&mq, &context, id, cases[i].hit, cases[i].data),
                         cases[i].verdict);
    }
}

/* The array could not be read: the entry and its followers issue again. */
static void returned_lookup(void **state)
{
    uint32_t leader, follower, other;
    struct miss_queue mq = with_follower(&leader, &follower, &other);

    (void)state;
    miss_queue_return_lookup(&mq, number(leader));
    expect_state(&mq, leader | follower, &mq.pend);
    expect_state(&mq, other, &mq.lookup);
}

static void walks_in_turn(void **state)
{
    struct miss_queue mq = make(4);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        add(&mq, PORT, VA + 4096 * i, ACCESS_READ, SKIP_L2);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
    }
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(miss_queue_walk_candidate(&mq), i % 4);
        miss_queue_start_walk(&mq, i % 4);
        miss_queue_restart(&mq, 1u << i % 4, &stats);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
    }
}

/* One answer per port and cycle, the lowest entry; of those that were in ANSWER before the clock edge. */
static void answers(void **state)
{
    struct miss_queue mq = make(8);
    uint32_t all = 0;

    (void)state;
    static const unsigned ports[] = {2, 0, 2, 3, 2};
    for (unsigned i = 0; i < 5; i++) {
        uint32_t bit = add(&mq, ports[i], VA + 4096 * i, ports[i] ? ACCESS_READ : ACCESS_FETCH, SKIP_L2);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
        miss_queue_start_walk(&mq, number(bit));
        miss_queue_end_walk(&mq, number(bit), i);
        all |= bit;
    }
    struct response resp[MMU_MAX_PORTS] = {0};
    miss_queue_answer(&mq, all & ~1u, resp, &stats);
    assert_int_equal(mq.answer_valid, 1u << 0 | 1u << 2 | 1u << 3);
    assert_int_equal(resp[0].pa, 4096 * 1);
    assert_int_equal(resp[0].tag, 40);
    assert_int_equal(resp[2].pa, 4096 * 2);
    assert_int_equal(resp[3].pa, 4096 * 3);
    assert_int_equal(miss_queue_valid(&mq), 1u << 0 | 1u << 4);
    assert_false(mq.fetch_busy);
    miss_queue_answer(&mq, mq.answer, resp, &stats);
    assert_int_equal(mq.answer_valid, 1u << 2);
    assert_int_equal(resp[2].pa, 4096 * 0);
    miss_queue_answer(&mq, mq.answer, resp, &stats);
    assert_int_equal(mq.answer_valid, 1u << 2);
    assert_int_equal(resp[2].pa, 4096 * 4);
    assert_int_equal(miss_queue_valid(&mq), 0);
}

/* Entries of every state go back to PEND; their lookups leave the pipeline, others stay in it. */
static void restart(void **state)
{
    struct miss_queue mq = make(16);

    (void)state;
    uint32_t answering = add(&mq, PORT, VA, ACCESS_READ, SKIP_L2);
    uint32_t walking = add(&mq, PORT, VA + 0x1000, ACCESS_READ, SKIP_L2);
    uint32_t waiting = add(&mq, PORT, VA + 0x2000, ACCESS_READ, SKIP_L2);
    uint32_t looking = add_read(&mq, VA + 0x3000), merged = add_read(&mq, VA + 0x3000);
    uint32_t staying = add_read(&mq, VA + 0x4000), pending = add_read(&mq, VA + 0x5000);
    for (unsigned i = 0; i < 6; i++) {
        miss_queue_shift(&mq);
        miss_queue_issue(&mq, NOT_LOOKED_UP, &stats);
    }
    miss_queue_start_walk(&mq, number(answering));
    miss_queue_end_walk(&mq, number(answering), 1);
    miss_queue_start_walk(&mq, number(walking));
    expect_state(&mq, waiting, &mq.walk_pend);
    expect_state(&mq, merged, &mq.merged);
    expect_state(&mq, looking | staying, &mq.lookup);

    miss_queue_restart(&mq, answering | walking | waiting | looking | merged | pending, &stats);
    expect_state(&mq, answering | walking | waiting | looking | merged | pending, &mq.pend);
    expect_state(&mq, staying, &mq.lookup);
    assert_int_equal(stats.miss_queue_restarts, 5); /* one was waiting anyway */
    for (unsigned cycle = 1; cycle < LATENCY; cycle++) {
        assert_int_equal(miss_queue_lookup_id(&mq), NO_ENTRY);
        miss_queue_shift(&mq);
    }
    assert_int_equal(miss_queue_lookup_id(&mq), number(staying));
    miss_queue_restart(&mq, staying, &stats);
    assert_int_equal(miss_queue_lookup_id(&mq), NO_ENTRY);
    assert_int_equal(mq.pipe_valid, 0);
    assert_int_equal(mq.pipe_id, 0);
}

static void same_gib(void **state)
{
    struct miss_queue mq = make(8);

    (void)state;
    uint32_t inside = add_read(&mq, 0x40000000) | add_read(&mq, 0x7ffff000);
    add_read(&mq, 0x80000000);
    add_read(&mq, 0x3ffff000);
    add_read(&mq, 0x140000000);
    assert_int_equal(miss_queue_same_gib(&mq, 0x55555555), inside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocation),    cmocka_unit_test(issue_and_pipeline),
        cmocka_unit_test(issue_in_turn), cmocka_unit_test(skip_l2_goes_to_a_walker),
        cmocka_unit_test(merge_rules),   cmocka_unit_test(who_leads),
        cmocka_unit_test(followers),     cmocka_unit_test(verdicts_of_lookups),
        cmocka_unit_test(l2_verdicts),   cmocka_unit_test(returned_lookup),
        cmocka_unit_test(walks_in_turn), cmocka_unit_test(answers),
        cmocka_unit_test(restart),       cmocka_unit_test(same_gib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
