/* SPDX-License-Identifier: Apache-2.0 */
/* tlb_array.h's rules: by hand where order matters, and against a plain search under random fills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "random_source.h"
#include "tlb_array.h"

enum { PORTS = 3, MAX_ENTRIES = 256 };

static const int no_hits[PORTS] = {TLB_MISS, TLB_MISS, TLB_MISS};

static struct tlb_array make(uint32_t sets, uint32_t ways, enum granularity grain,
                             enum replacement_policy policy)
{
    struct tlb_array a;
    assert_int_equal(tlb_array_init(&a, sets, ways, grain, policy), 0);
    return a;
}

static void fill(struct tlb_array *a, uint64_t tag, uint64_t data)
{
    tlb_array_clock(a, no_hits, PORTS, true, tag, data);
}

static uint32_t entries(const struct tlb_array *a)
{
    return a->sets * a->ways;
}

/* The numbers of address bits below which an entry's pages do not differ, in pages. */
static unsigned reach(const struct tlb_array *a, uint64_t tag)
{
    return 9 * (a->grain < GRAIN_OWN ? a->grain : x86_tag_size(tag));
}

static bool translates(const struct tlb_array *a, uint32_t entry, uint64_t vpn, unsigned pcid)
{
    uint64_t tag = a->tag[entry];
    return tlb_array_valid(a, entry) && (tag & TAG_VPN) >> reach(a, tag) == vpn >> reach(a, tag) &&
           (tag & TAG_GLOBAL || (tag & TAG_PCID) >> TAG_PCID_SHIFT == pcid);
}

/* Two tags that one lookup could both find, if they may stand in one set. */
static bool overlap(const struct tlb_array *a, uint64_t one, uint64_t other)
{
    unsigned wider = reach(a, one) > reach(a, other) ? reach(a, one) : reach(a, other);
    if (a->grain == GRAIN_4K_2M && x86_tag_size(one) != x86_tag_size(other))
        return false;
    return (one & TAG_VPN) >> wider == (other & TAG_VPN) >> wider &&
           ((one | other) & TAG_GLOBAL || !((one ^ other) & TAG_PCID));
}

/* Everything that the RTL has as registers and RAM. */
static void assert_same(const struct tlb_array *a, const struct tlb_array *b)
{
    assert_int_equal(entries(a), entries(b));
    for (uint32_t i = 0; i < entries(a); i++) {
        assert_int_equal(tlb_array_valid(a, i), tlb_array_valid(b, i));
        assert_int_equal(a->tag[i], b->tag[i]);
        assert_int_equal(a->data[i], b->data[i]);
    }
    assert_memory_equal(a->replacement_state, b->replacement_state,
                        (size_t)a->sets * a->replacement.state_bytes);
    assert_int_equal(a->lfsr, b->lfsr);
    assert_int_equal(a->digest, b->digest);
}

/* fragments: of larger pages too, where the array is of one grain. */
static uint64_t random_tag(struct random_source *random, const struct tlb_array *a, bool fragments)
{
    unsigned smallest = a->grain <= GRAIN_1G ? a->grain : PAGE_4K;
    unsigned largest = a->grain == GRAIN_4K_2M             ? PAGE_2M
                       : a->grain == GRAIN_OWN             ? PAGE_1G
                       : a->grain <= GRAIN_1G && fragments ? PAGE_1G
                                                           : smallest;
    unsigned size = smallest + random_below(random, largest - smallest + 1);
    /* Few pages, of few GiB and few 2 MiB regions in each: overlaps of all kinds are common. */
    uint64_t vpn = (uint64_t)random_below(random, 3)
                       << (a->grain > GRAIN_1G && a->grain < GRAIN_OWN ? 36 : 18) |
                   random_below(random, 4) << 9 | random_below(random, 6);
    return x86_tag(vpn, 1 + random_below(random, 3), random_chance(random, 150), size);
}

/* Which way the fill must take, from the state before it. */
static uint32_t expected_way(const struct tlb_array *a, uint32_t set, uint64_t tag)
{
    uint32_t first = set * a->ways;
    for (uint32_t way = 0; way < a->ways; way++)
        if (tlb_array_valid(a, first + way) && overlap(a, a->tag[first + way], tag))
            return way;
    for (uint32_t way = 0; way < a->ways; way++)
        if (!tlb_array_valid(a, first + way))
            return way;
    return replacement_victim(&a->replacement,
                              a->replacement_state + (size_t)set * a->replacement.state_bytes, a->lfsr);
}

static void check_fill(struct tlb_array *a, uint64_t tag, uint64_t data)
{
    struct {
        bool valid;
        uint64_t tag, data;
    } before[MAX_ENTRIES] = {{0}};
    uint32_t set = (uint32_t)((tag & TAG_VPN) >> reach(a, tag)) & (a->sets - 1);
    uint32_t filled = set * a->ways + expected_way(a, set, tag);
    uint16_t lfsr = a->lfsr;

    for (uint32_t i = 0; i < entries(a); i++) {
        before[i].valid = tlb_array_valid(a, i);
        before[i].tag = a->tag[i];
        before[i].data = a->data[i];
    }
    fill(a, tag, data);

    assert_int_equal(a->lfsr, lfsr_next(lfsr));
    for (uint32_t i = 0; i < entries(a); i++) {
        bool dropped = before[i].valid && overlap(a, before[i].tag, tag);
        if (i == filled)
            assert_true(tlb_array_valid(a, i) && a->tag[i] == tag && a->data[i] == data);
        else if (dropped)
            assert_false(tlb_array_valid(a, i));
        else
            assert_true(tlb_array_valid(a, i) == before[i].valid &&
                        (!before[i].valid || (a->tag[i] == before[i].tag && a->data[i] == before[i].data)));
    }
}

/* One entry at most per lookup; where 4 KiB and 2 MiB pages stand side by side, per size, and 4 KiB answers.
 */
static void check_lookup(struct tlb_array *a, uint64_t vpn, unsigned pcid)
{
    int matching[3] = {TLB_MISS, TLB_MISS, TLB_MISS};
    for (uint32_t i = 0; i < entries(a); i++) {
        if (!translates(a, i, vpn, pcid))
            continue;
        unsigned kind = a->grain == GRAIN_4K_2M ? x86_tag_size(a->tag[i]) : 0;
        assert_int_equal(matching[kind], TLB_MISS);
        matching[kind] = (int)i;
    }
    int expected = matching[0] != TLB_MISS ? matching[0] : matching[1];
    assert_int_equal(tlb_array_search(a, vpn, pcid), expected);
    assert_int_equal(tlb_array_lookup(a, vpn, pcid), expected);
    assert_int_equal(tlb_array_lookup(a, vpn, pcid), expected);
}

static void check_invalidation(struct tlb_array *a, unsigned flags, uint64_t vpn, unsigned pcid)
{
    bool stays[MAX_ENTRIES] = {false};
    unsigned grain = a->grain < GRAIN_OWN ? a->grain : 0;
    for (uint32_t i = 0; i < entries(a); i++)
        stays[i] = tlb_array_valid(a, i) && !x86_invalidates(flags, vpn, pcid, a->tag[i], grain);
    tlb_array_invalidate(a, flags, vpn, pcid);
    for (uint32_t i = 0; i < entries(a); i++)
        assert_int_equal(tlb_array_valid(a, i), stays[i]);
}

static void run_random(struct tlb_array *a, uint64_t seed, unsigned steps)
{
    struct random_source random;
    random_seed(&random, seed);
    for (unsigned step = 0; step < steps; step++) {
        uint64_t tag = random_tag(&random, a, true);
        unsigned pcid = (unsigned)((tag & TAG_PCID) >> TAG_PCID_SHIFT);
        int hit = tlb_array_lookup(a, tag & TAG_VPN, pcid);
        check_lookup(a, tag & TAG_VPN, pcid);
        if (hit != TLB_MISS && random_chance(&random, 500))
            tlb_array_clock(a, &hit, 1, false, 0, 0);
        check_fill(a, tag, random_u64(&random) & DATA_PFN);
        for (unsigned i = 0; i < 4; i++) {
            uint64_t other = random_tag(&random, a, true);
            check_lookup(a, other & TAG_VPN, (unsigned)((other & TAG_PCID) >> TAG_PCID_SHIFT));
        }
        if (random_chance(&random, 30))
            check_invalidation(a, random_below(&random, 8), random_tag(&random, a, true) & TAG_VPN, 2);
    }
}

static void random_fills(void **state)
{
    static const struct {
        uint32_t sets, ways;
        enum granularity grain;
    } shapes[] = {{1, 1, GRAIN_OWN},   {1, 5, GRAIN_OWN},   {1, 72, GRAIN_OWN}, {1, 8, GRAIN_4K},
                  {4, 3, GRAIN_4K},    {2, 17, GRAIN_4K},   {8, 1, GRAIN_4K},   {2, 2, GRAIN_2M},
                  {1, 4, GRAIN_1G},    {2, 2, GRAIN_512G},  {1, 2, GRAIN_256T}, {1, 4, GRAIN_4K_2M},
                  {4, 3, GRAIN_4K_2M}, {2, 16, GRAIN_4K_2M}};

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (unsigned policy = POLICY_LRU; policy <= POLICY_RANDOM; policy++) {
            struct tlb_array a =
                make(shapes[i].sets, shapes[i].ways, shapes[i].grain, (enum replacement_policy)policy);
            run_random(&a, 100 * i + policy, 500);
            tlb_array_free(&a);
        }
}

/* Each fill of a page that overlaps takes its way, and only that one is left. */
static void overlapping_fills_take_their_way(void **state)
{
    const struct {
        uint64_t first, second;
        bool overlapping;
    } cases[] = {
        {x86_tag(0x10, 1, false, 0), x86_tag(0x10, 1, false, 0), true},
        {x86_tag(0x10, 1, false, 0), x86_tag(0x10, 2, false, 0), false},
        {x86_tag(0x10, 1, false, 0), x86_tag(0x10, 2, true, 0), true},
        {x86_tag(0x10, 1, true, 0), x86_tag(0x10, 2, false, 0), true},
        {x86_tag(0x10, 1, true, 0), x86_tag(0x10, 2, true, 0), true},
        {x86_tag(0x10, 1, true, 0), x86_tag(0x11, 1, true, 0), false},
        {x86_tag(0x10, 1, false, 0), x86_tag(0x1ff, 1, false, 1), true},
        {x86_tag(0x10, 1, false, 1), x86_tag(0x1ff, 1, false, 0), true},
        {x86_tag(0x10, 1, false, 1), x86_tag(0x200, 1, false, 1), false},
        {x86_tag(0x10, 1, false, 2), x86_tag(0x3ffff, 1, false, 0), true},
        {x86_tag(0x10, 1, false, 0), x86_tag(0x3ffff, 2, false, 2), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tlb_array a = make(1, 4, GRAIN_OWN, POLICY_LRU);
        fill(&a, x86_tag(0x7000000, 9, false, 0), 0);
        fill(&a, cases[i].first, 1);
        fill(&a, cases[i].second, 2);
        assert_int_equal(a.data[1], cases[i].overlapping ? 2 : 1);
        assert_int_equal(tlb_array_valid(&a, 2), !cases[i].overlapping);
        tlb_array_free(&a);
    }
}

/* A promoted page: the first of the small pages' ways is taken, the other small pages go, others stay. */
static void large_page_drops_all_small_ones(void **state)
{
    struct tlb_array a = make(1, 8, GRAIN_OWN, POLICY_LRU);

    (void)state;
    fill(&a, x86_tag(0x200, 1, false, PAGE_4K), 0);
    for (uint64_t page = 0; page < 4; page++)
        fill(&a, x86_tag(page, 1, page == 3, PAGE_4K), 10 + page);
    fill(&a, x86_tag(0x1ff, 1, false, PAGE_2M), 20);
    assert_int_equal(tlb_array_lookup(&a, 0, 1), 1);
    assert_int_equal(tlb_array_lookup(&a, 3, 1), 1);
    assert_int_equal(tlb_array_lookup(&a, 0x200, 1), 0);
    assert_int_equal(tlb_array_lookup(&a, 3, 2), TLB_MISS);
    for (uint32_t way = 2; way < 8; way++)
        assert_false(tlb_array_valid(&a, way));
    assert_int_equal(a.fills[PAGE_4K], 5);
    assert_int_equal(a.fills[PAGE_2M], 1);
    assert_int_equal(a.evictions[PAGE_4K], 0);
    tlb_array_free(&a);
}

/* Where a fill and lookups concern one set, the fill decides what was used last, then the highest port. */
static void one_mark_per_set_and_cycle(void **state)
{
    const int two_hits[PORTS] = {1, 0, TLB_MISS}, in_two_sets[PORTS] = {1, 4, 3};
    struct tlb_array a = make(2, 3, GRAIN_4K, POLICY_LRU);
    uint64_t next = 0x100;

    (void)state;
    for (uint64_t page = 0; page < 6; page++) /* set 0: entries 0..2, set 1: 3..5 */
        fill(&a, x86_tag((page % 3) * 2 + page / 3, 0, false, PAGE_4K), page);

    tlb_array_clock(&a, two_hits, PORTS, false, 0, 0); /* only 0 is marked: order 0 2 1 */
    fill(&a, x86_tag(next += 2, 0, false, PAGE_4K), 10);
    assert_int_equal(a.data[1], 10);
    fill(&a, x86_tag(next += 2, 0, false, PAGE_4K), 11);
    assert_int_equal(a.data[2], 11); /* order 2 1 0 */

    tlb_array_clock(&a, in_two_sets, PORTS, false, 0, 0); /* 1 in set 0; 3 in set 1, not 4 */
    fill(&a, x86_tag(next += 2, 0, false, PAGE_4K), 12);
    assert_int_equal(a.data[0], 12); /* order 0 1 2 */
    fill(&a, x86_tag(next + 1, 0, false, PAGE_4K), 13);
    assert_int_equal(a.data[4], 13);

    const int oldest_hit[PORTS] = {TLB_MISS, 2, TLB_MISS};
    tlb_array_clock(&a, oldest_hit, PORTS, true, x86_tag(next + 2, 0, false, PAGE_4K), 14);
    assert_int_equal(a.data[2], 14); /* its mark came too late: the victim is that of before the cycle */
    tlb_array_free(&a);
}

static struct tlb_array random_array(uint32_t sets, uint32_t ways, enum granularity grain, uint64_t seed)
{
    struct tlb_array a = make(sets, ways, grain, POLICY_PLRU);
    struct random_source random;
    random_seed(&random, seed);
    for (unsigned i = 0; i < 3 * sets * ways; i++)
        fill(&a, random_tag(&random, &a, false), i);
    return a;
}

/* Set by set, sets beyond the array's included, comes to the same as all at once. */
static void sweep_is_a_full_invalidation(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        struct tlb_array a = random_array(8, 4, GRAIN_4K_2M, flags),
                         b = random_array(8, 4, GRAIN_4K_2M, flags);
        tlb_array_invalidate(&a, flags, 1, 2);
        for (uint32_t set = 0; set < 16; set++)
            tlb_array_invalidate_set(&b, set, flags, 1, 2);
        assert_same(&a, &b);
        assert_memory_equal(a.invalidations, b.invalidations, sizeof a.invalidations);
        tlb_array_free(&a);
        tlb_array_free(&b);
    }
}

/* Without fragments, the one or two sets of an address are all that an invalidation by it has to look at. */
static void address_needs_two_sets(void **state)
{
    static const enum granularity grains[] = {GRAIN_4K, GRAIN_2M, GRAIN_4K_2M};

    (void)state;
    for (uint64_t seed = 0; seed < 90; seed++) {
        enum granularity grain = grains[seed % 3];
        struct tlb_array a = random_array(4, 4, grain, seed), b = random_array(4, 4, grain, seed);
        unsigned flags = INV_ADDRESS | (seed & 1 ? INV_PCID : 0) | (seed & 2 ? INV_GLOBALS : 0);
        uint64_t vpn = (seed % 3) << 18 | (seed % 4) << 9 | seed % 6;
        tlb_array_invalidate(&a, flags, vpn, 1);
        tlb_array_invalidate_address(&b, flags, vpn, 1);
        assert_same(&a, &b);
        tlb_array_free(&a);
        tlb_array_free(&b);
    }
}

/* Entries are numbered set by set, in the largest arrays that params.c allows too. */
static void sets_of_entries(void **state)
{
    (void)state;
    for (uint32_t ways = 1; ways <= REPLACEMENT_MAX_WAYS; ways++) {
        struct tlb_array a = make(ways <= 16 ? 1024 : 128, ways, GRAIN_4K, POLICY_RANDOM);
        for (uint32_t entry = 0; entry < entries(&a); entry++)
            if (tlb_array_set(&a, entry) != entry / ways)
                fail_msg("entry %u of %u ways", entry, ways);
        tlb_array_free(&a);
    }
}

/* An array of no ways takes nothing and finds nothing. */
static void absent_array(void **state)
{
    struct tlb_array a = make(4, 0, GRAIN_4K, POLICY_LRU);

    (void)state;
    fill(&a, x86_tag(1, 0, true, PAGE_4K), 1);
    assert_int_equal(tlb_array_lookup(&a, 1, 0), TLB_MISS);
    assert_int_equal(a.fills[PAGE_4K], 0);
    tlb_array_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_fills),
        cmocka_unit_test(overlapping_fills_take_their_way),
        cmocka_unit_test(large_page_drops_all_small_ones),
        cmocka_unit_test(one_mark_per_set_and_cycle),
        cmocka_unit_test(sweep_is_a_full_invalidation),
        cmocka_unit_test(address_needs_two_sets),
        cmocka_unit_test(sets_of_entries),
        cmocka_unit_test(absent_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
