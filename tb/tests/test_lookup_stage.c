/* SPDX-License-Identifier: Apache-2.0 */
/* The cycle after acceptance: what is answered at once, what goes to the miss queue and how; memos change
 * nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lookup_stage.h"
#include "random_source.h"

enum { DATA_PORTS = 3, PORTS = 1 + DATA_PORTS };

static struct mmu *make(void)
{
    struct mmu_params params;
    mmu_params_default(&params);
    params.mmu.data_ports = DATA_PORTS;
    params.l1d.sets_4k = 2; /* small: entries come and go */
    params.l1d.ways_4k = 3;
    params.l1d.ways_1g = 0;
    struct mmu *mmu = mmu_create(&params);
    assert_non_null(mmu);
    return mmu;
}

static void set_mode(struct mmu *mmu, uint32_t mode)
{
    mmu->context.mode = mode;
    lookup_stage_forget(mmu);
}

/* A clock edge that fills an L1 TLB, after a cycle without lookups. */
static void fill(struct mmu *mmu, bool fetch, uint64_t va, unsigned size, uint64_t data)
{
    const struct l1_fill fill = {.valid = true,
                                 .fetch = fetch,
                                 .tag = x86_tag(x86_vpn(va), mmu->context.pcid, false, size),
                                 .data = data};
    mmu->lookup_valid = 0;
    lookup_stage_clock(mmu, &fill);
}

/* Accepts and looks up. */
static void look_up(struct mmu *mmu, const struct mmu_in *in)
{
    lookup_stage_accept(mmu, in);
    lookup_stage_look_up(mmu);
}

static void look_up_one(struct mmu *mmu, unsigned port, uint64_t va, unsigned attr)
{
    struct mmu_in in = {.req_valid = (uint8_t)(1u << port)};
    in.req[port] = (struct access_req){.va = va, .attr = (uint8_t)attr, .tag = 33};
    look_up(mmu, &in);
    assert_int_equal(mmu->lookup_valid, 1u << port);
    assert_int_equal((mmu->out.resp_valid ^ mmu->miss) & 0xf, 1u << port); /* answered, or missed */
}

static void expect_answer(const struct mmu *mmu, unsigned port, uint64_t pa, unsigned size, unsigned pat)
{
    const struct response *resp = &mmu->out.resp[port];
    assert_int_equal(mmu->out.resp_valid, 1u << port);
    assert_int_equal(resp->pa, pa);
    assert_int_equal(resp->tag, 33);
    assert_int_equal(resp->fault, FAULT_NONE);
    assert_int_equal(resp->error_code, 0);
    assert_int_equal(resp->size, size);
    assert_int_equal(resp->pat, pat);
    assert_int_equal(resp->source, SOURCE_L1);
}

static void expect_miss(const struct mmu *mmu, unsigned port, bool skip_l2, bool from_root)
{
    assert_int_equal(mmu->miss, 1u << port);
    assert_int_equal(mmu->skip_l2, skip_l2 ? 1u << port : 0);
    assert_int_equal(mmu->from_root, from_root ? 1u << port : 0);
    assert_int_equal(mmu->out.resp_valid, 0);
}

static void hits_and_misses(void **state)
{
    struct mmu *mmu = make();

    (void)state;
    look_up_one(mmu, 2, 0x5123, ACCESS_READ);
    expect_miss(mmu, 2, false, false);
    fill(mmu, false, 0x5000, PAGE_4K, 0x99 | DATA_RW | DATA_D | 6ull << DATA_PAT_SHIFT);
    fill(mmu, false, 0x40200000, PAGE_2M, 0x800 | DATA_RW | 1ull << DATA_PAT_SHIFT);
    for (unsigned port = 1; port < PORTS; port++) {
        look_up_one(mmu, port, 0x5123, ACCESS_READ);
        expect_answer(mmu, port, 0x99123, PAGE_4K, 6);
        look_up_one(mmu, port, 0x5ffe, ACCESS_WRITE);
        expect_answer(mmu, port, 0x99ffe, PAGE_4K, 6);
        look_up_one(mmu, port, 0x403fffff, ACCESS_READ);
        expect_answer(mmu, port, 0x9fffff, PAGE_2M, 1);
    }
    look_up_one(mmu, MMU_PORT_FETCH, 0x5123, ACCESS_FETCH); /* the instruction TLB is another one */
    expect_miss(mmu, MMU_PORT_FETCH, false, false);
    fill(mmu, true, 0x5000, PAGE_4K, 0x77);
    look_up_one(mmu, MMU_PORT_FETCH, 0x5123, ACCESS_FETCH);
    expect_answer(mmu, MMU_PORT_FETCH, 0x77123, PAGE_4K, 0);
    mmu_destroy(mmu);
}

/* An entry that denies is confirmed from the root; one without D sends a write to a walker. No fault from a
 * hit. */
static void entries_that_do_not_suffice(void **state)
{
    static const struct {
        uint64_t data;
        unsigned attr;
        bool miss, from_root;
    } cases[] = {
        {DATA_RW, ACCESS_READ, false, false},
        {DATA_RW, ACCESS_WRITE, true, false},
        {DATA_RW | DATA_D, ACCESS_WRITE, false, false},
        {DATA_D, ACCESS_WRITE, true, true},
        {0, ACCESS_WRITE, true, true},
        {DATA_RW | DATA_D, ACCESS_READ | ATTR_USER, true, true},
        {DATA_RW | DATA_US | DATA_D, ACCESS_READ | ATTR_USER, false, false},
        {DATA_RW | DATA_US, ACCESS_WRITE | ATTR_USER, true, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mmu *mmu = make();
        set_mode(mmu, MODE_PG | MODE_WP);
        fill(mmu, false, 0x7000, PAGE_4K, 0x55 | cases[i].data);
        look_up_one(mmu, 1, 0x7abc, cases[i].attr);
        if (cases[i].miss)
            expect_miss(mmu, 1, true, cases[i].from_root);
        else
            expect_answer(mmu, 1, 0x55abc, PAGE_4K, 0);
        mmu_destroy(mmu);
    }
}

/* SDM vol. 1, 3.3.7.1, and 4.1.1: #GP at once for a non-canonical address; without paging there is nothing to
 * translate.
 */
static void addresses_that_need_no_tlb(void **state)
{
    struct mmu *mmu = make();
    const uint64_t va = 0x0000923456789abc;

    (void)state;
    look_up_one(mmu, 1, va, ACCESS_READ);
    assert_int_equal(mmu->out.resp_valid, 2);
    assert_int_equal(mmu->out.resp[1].fault, FAULT_NON_CANONICAL);
    assert_int_equal(mmu->out.resp[1].error_code, 0);
    assert_int_equal(mmu->out.resp[1].pa, 0);
    assert_int_equal(mmu->out.resp[1].tag, 33);
    set_mode(mmu, MODE_PG | MODE_LA57);
    look_up_one(mmu, 1, va, ACCESS_READ);
    expect_miss(mmu, 1, false, false);
    set_mode(mmu, 0);
    look_up_one(mmu, 1, va, ACCESS_WRITE | ATTR_USER);
    expect_answer(mmu, 1, 0x56789abc, PAGE_4K, 0);
    mmu_destroy(mmu);
}

/* Every port for itself in one cycle; a port that is not ready takes nothing. */
static void ports_together(void **state)
{
    struct mmu *mmu = make();
    struct mmu_in in = {.req_valid = 0xf};

    (void)state;
    fill(mmu, false, 0x1000, PAGE_4K, 0x11 | DATA_US);
    in.req[0] = (struct access_req){.va = 0x1000, .attr = ACCESS_FETCH, .tag = 10};
    in.req[1] = (struct access_req){.va = 0x1010, .attr = ACCESS_READ, .tag = 11};
    in.req[2] = (struct access_req){.va = 0x8000000000000000, .attr = ACCESS_READ, .tag = 12};
    in.req[3] = (struct access_req){.va = 0x1020, .attr = ACCESS_WRITE, .tag = 13};
    look_up(mmu, &in);
    assert_int_equal(mmu->out.resp_valid, 6);
    assert_int_equal(mmu->miss, 9);
    assert_int_equal(mmu->skip_l2, 8);
    assert_int_equal(mmu->out.resp[1].pa, 0x11010);
    assert_int_equal(mmu->out.resp[1].tag, 11);
    assert_int_equal(mmu->out.resp[2].tag, 12);
    lookup_stage_count(mmu);
    const struct mmu_stats *stats = mmu_statistics(mmu);
    assert_int_equal(stats->l1i_misses, 1);
    assert_int_equal(stats->l1d_hits[PAGE_4K], 1);
    assert_int_equal(stats->l1d_not_dirty, 1);
    assert_int_equal(stats->mmu_non_canonical, 1);
    assert_int_equal(stats->mmu_fetches, 1);
    assert_int_equal(stats->mmu_reads, 2);
    assert_int_equal(stats->mmu_writes, 1);

    mmu->out.req_ready = 0x2;
    look_up(mmu, &in);
    assert_int_equal(mmu->lookup_valid, 0x2);
    assert_int_equal(mmu->out.resp_valid, 0x2);
    mmu_destroy(mmu);
}

static void assert_same_l1(const struct l1_tlb *a, const struct l1_tlb *b)
{
    for (unsigned i = 0; i < L1_ARRAYS; i++) {
        const struct tlb_array *x = &a->array[i], *y = &b->array[i];
        assert_int_equal(x->digest, y->digest);
        assert_int_equal(x->lfsr, y->lfsr);
        if (x->ways)
            assert_memory_equal(x->replacement_state, y->replacement_state,
                                (size_t)x->sets * x->replacement.state_bytes);
    }
}

static void assert_same_lookups(const struct mmu *a, const struct mmu *b)
{
    assert_int_equal(a->out.resp_valid, b->out.resp_valid);
    assert_int_equal(a->miss, b->miss);
    assert_int_equal(a->skip_l2, b->skip_l2);
    assert_int_equal(a->from_root, b->from_root);
    for (unsigned port = 0; port < PORTS; port++)
        if (a->out.resp_valid >> port & 1)
            assert_memory_equal(&a->out.resp[port], &b->out.resp[port], sizeof a->out.resp[port]);
}

static void random_requests(struct random_source *random, struct mmu_in *in)
{
    static const uint8_t attrs[] = {ACCESS_READ, ACCESS_WRITE, ACCESS_READ | ATTR_USER, ACCESS_READ | ATTR_AC,
                                    ACCESS_READ | ATTR_IMPLICIT};
    *in = (struct mmu_in){.req_valid = (uint8_t)random_below(random, 16)};
    for (unsigned port = 0; port < PORTS; port++)
        in->req[port] = (struct access_req){.va = (random_chance(random, 20) ? 1ull << 50 : 0) |
                                                  (uint64_t)random_below(random, 3) << 21 |
                                                  random_below(random, 4) << 12 | random_below(random, 4096),
                                            .attr = port ? attrs[random_below(random, 5)] : ACCESS_FETCH,
                                            .tag = (uint8_t)random_below(random, MMU_TAGS)};
}

/* The same clock edge for both: an invalidation, a fill, or marks alone, which `quick` makes the short way.
 */
static void clock_both(struct random_source *random, struct mmu *quick, struct mmu *plain)
{
    static const uint32_t modes[] = {MODE_PG, MODE_PG | MODE_SMAP, MODE_PG | MODE_WP, 0};
    uint64_t vpn = random_below(random, 3) << 9 | random_below(random, 4);
    unsigned what = random_below(random, 40);
    if (what == 0) {
        const struct invalidation inv = {.flags = INV_PAGE_FAULT, .vpn = vpn};
        lookup_stage_count(quick);
        lookup_stage_count(plain);
        lookup_stage_invalidate(quick, &inv);
        lookup_stage_invalidate(plain, &inv);
    } else if (what < 6 || quick->miss) {
        const struct l1_fill fill = {.valid = what < 6,
                                     .fetch = what == 1,
                                     .tag = x86_tag(vpn, 0, false, random_below(random, 3)),
                                     .data = random_u64(random)};
        lookup_stage_count(quick);
        lookup_stage_count(plain);
        lookup_stage_clock(quick, &fill);
        lookup_stage_clock(plain, &fill);
    } else {
        const struct l1_fill none = {.valid = false};
        lookup_stage_mark_hits(quick);
        lookup_stage_count(plain);
        lookup_stage_clock(plain, &none);
    }
    if (what == 6) {
        uint32_t mode = modes[random_below(random, 4)];
        set_mode(quick, mode);
        set_mode(plain, mode);
    }
}

/* With memos and the short way to mark, or with neither: the same answers, marks and counts. */
static void memos_change_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 4; seed++) {
        struct random_source random;
        struct mmu *quick = make(), *plain = make();
        struct mmu_in in;
        random_seed(&random, seed);
        for (unsigned cycle = 0; cycle < 20000; cycle++) {
            clock_both(&random, quick, plain);
            random_requests(&random, &in);
            look_up(quick, &in);
            lookup_stage_forget(plain);
            look_up(plain, &in);
            assert_same_lookups(quick, plain);
            assert_same_l1(&quick->l1i, &plain->l1i);
            assert_same_l1(&quick->l1d, &plain->l1d);
        }
        assert_memory_equal(mmu_statistics(quick), mmu_statistics(plain), sizeof(struct mmu_stats));
        assert_true(quick->stats.l1d_hits[PAGE_4K] > 1000 && quick->stats.l1d_hits[PAGE_2M] > 1000);
        assert_true(quick->stats.l1d_denied > 1000 && quick->stats.l1d_not_dirty > 100);
        mmu_destroy(quick);
        mmu_destroy(plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hits_and_misses),
        cmocka_unit_test(entries_that_do_not_suffice),
        cmocka_unit_test(addresses_that_need_no_tlb),
        cmocka_unit_test(ports_together),
        cmocka_unit_test(memos_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
