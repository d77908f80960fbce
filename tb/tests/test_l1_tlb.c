/* SPDX-License-Identifier: Apache-2.0 */
/* l1_tlb.h: which array keeps a page, fragments of larger pages, which of two hits answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "l1_tlb.h"

enum { PORTS = 3, PCID = 5 };

#define PAGES_2M (1ull << 9)
#define PAGES_1G (1ull << 18)

static const struct l1_hit no_hits[PORTS] = {
    {TLB_MISS, TLB_MISS}, {TLB_MISS, TLB_MISS}, {TLB_MISS, TLB_MISS}};

static struct l1_tlb make(uint32_t ways_4k, uint32_t ways_2m, uint32_t ways_1g, bool unified)
{
    const struct l1_geometry geometry = {
        .unified = unified, .sets = {4, 2, 1}, .ways = {ways_4k, ways_2m, ways_1g}, .policy = POLICY_LRU};
    struct l1_tlb l1;
    assert_int_equal(l1_tlb_init(&l1, &geometry), 0);
    return l1;
}

static void fill(struct l1_tlb *l1, uint64_t vpn, unsigned size, uint64_t data)
{
    l1_tlb_clock(l1, no_hits, PORTS, true, x86_tag(vpn, PCID, false, size), data);
}

static void expect(struct l1_tlb *l1, uint64_t vpn, int array, uint64_t data)
{
    struct l1_hit hit = l1_tlb_lookup(l1, vpn, PCID);
    assert_int_equal(hit.array, array);
    if (array != TLB_MISS)
        assert_int_equal(l1->array[hit.array].data[hit.entry], data);
    else
        assert_int_equal(hit.entry, TLB_MISS);
}

static void an_array_per_size(void **state)
{
    struct l1_tlb l1 = make(2, 2, 2, false);

    (void)state;
    expect(&l1, 0, TLB_MISS, 0);
    fill(&l1, 3, PAGE_4K, 1);
    fill(&l1, 5 * PAGES_2M + 7, PAGE_2M, 2);
    fill(&l1, 9 * PAGES_1G + 11, PAGE_1G, 3);
    expect(&l1, 3, PAGE_4K, 1);
    expect(&l1, 2, TLB_MISS, 0);
    expect(&l1, 5 * PAGES_2M, PAGE_2M, 2);
    expect(&l1, 6 * PAGES_2M - 1, PAGE_2M, 2);
    expect(&l1, 6 * PAGES_2M, TLB_MISS, 0);
    expect(&l1, 9 * PAGES_1G, PAGE_1G, 3);
    expect(&l1, 10 * PAGES_1G - 1, PAGE_1G, 3);
    expect(&l1, 10 * PAGES_1G, TLB_MISS, 0);
    l1_tlb_free(&l1);
}

/* A page of a size without an array is kept as a fragment in the next smaller array there is. */
static void fragments(void **state)
{
    static const struct {
        uint32_t ways_2m, ways_1g;
        unsigned size;
        int array;
        uint64_t covered; /* pages that hit after one fill */
    } cases[] = {
        {2, 2, PAGE_2M, PAGE_2M, PAGES_2M}, {2, 2, PAGE_1G, PAGE_1G, PAGES_1G}, {0, 2, PAGE_2M, PAGE_4K, 1},
        {0, 2, PAGE_1G, PAGE_1G, PAGES_1G}, {2, 0, PAGE_1G, PAGE_2M, PAGES_2M}, {0, 0, PAGE_1G, PAGE_4K, 1},
        {0, 0, PAGE_2M, PAGE_4K, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct l1_tlb l1 = make(2, cases[i].ways_2m, cases[i].ways_1g, false);
        uint64_t vpn = 3 * PAGES_1G + 17 * PAGES_2M + 42, first = vpn & ~(cases[i].covered - 1);
        fill(&l1, vpn, cases[i].size, i);
        expect(&l1, first, cases[i].array, i);
        expect(&l1, vpn, cases[i].array, i);
        expect(&l1, first + cases[i].covered - 1, cases[i].array, i);
        expect(&l1, first - 1, TLB_MISS, 0);
        expect(&l1, first + cases[i].covered, TLB_MISS, 0);
        assert_int_equal(x86_tag_size(l1.array[cases[i].array].tag[l1_tlb_lookup(&l1, vpn, PCID).entry]),
                         cases[i].size);
        l1_tlb_free(&l1);
    }
}

/* One fully associative array keeps pages of every size whole. */
static void unified(void **state)
{
    struct l1_tlb l1 = make(5, 2, 2, true);

    (void)state;
    for (uint64_t i = 0; i < 3; i++)
        fill(&l1, 8 * i, PAGE_4K, i);
    fill(&l1, 5 * PAGES_2M, PAGE_2M, 3);
    fill(&l1, 9 * PAGES_1G, PAGE_1G, 4);
    for (uint64_t i = 0; i < 3; i++)
        expect(&l1, 8 * i, 0, i);
    expect(&l1, 5 * PAGES_2M + 99, 0, 3);
    expect(&l1, 9 * PAGES_1G + 99999, 0, 4);
    l1_tlb_free(&l1);
}

/* Split or promoted without an invalidation: the smaller page answers, and it alone is marked. */
static void smaller_page_answers(void **state)
{
    struct l1_tlb l1 = make(2, 2, 2, false);

    (void)state;
    fill(&l1, 0, PAGE_1G, 3);
    expect(&l1, 7, PAGE_1G, 3);
    fill(&l1, 0, PAGE_2M, 2);
    expect(&l1, 7, PAGE_2M, 2);
    fill(&l1, 7, PAGE_4K, 1);
    expect(&l1, 7, PAGE_4K, 1);
    expect(&l1, 6, PAGE_2M, 2);
    expect(&l1, PAGES_2M, PAGE_1G, 3);

    uint64_t before[] = {l1.array[0].digest, l1.array[1].digest, l1.array[2].digest};
    struct l1_hit hits[PORTS] = {l1_tlb_lookup(&l1, 7, PCID), no_hits[0], no_hits[0]};
    l1_tlb_clock(&l1, hits, PORTS, false, 0, 0);
    assert_int_not_equal(l1.array[0].digest, before[0]);
    assert_int_equal(l1.array[1].digest, before[1]);
    assert_int_equal(l1.array[2].digest, before[2]);
    l1_tlb_free(&l1);
}

/* Marks of several ports in one cycle, each in its own array; the least recently used makes room. */
static void ports_mark_what_they_found(void **state)
{
    struct l1_tlb l1 = make(2, 2, 2, false);

    (void)state;
    fill(&l1, 0, PAGE_4K, 1);
    fill(&l1, 4, PAGE_4K, 2); /* the same set */
    fill(&l1, 2 * PAGES_2M, PAGE_2M, 3);
    fill(&l1, 4 * PAGES_2M, PAGE_2M, 4);
    struct l1_hit hits[PORTS] = {l1_tlb_lookup(&l1, 2 * PAGES_2M, PCID), no_hits[0],
                                 l1_tlb_lookup(&l1, 0, PCID)};
    l1_tlb_clock(&l1, hits, PORTS, false, 0, 0);
    fill(&l1, 8, PAGE_4K, 5);
    fill(&l1, 6 * PAGES_2M, PAGE_2M, 6);
    expect(&l1, 0, PAGE_4K, 1);
    expect(&l1, 4, TLB_MISS, 0);
    expect(&l1, 2 * PAGES_2M, PAGE_2M, 3);
    expect(&l1, 4 * PAGES_2M, TLB_MISS, 0);
    l1_tlb_free(&l1);
}

/* SDM 4.10.2.3: INVLPG of an address drops every fragment of its page, wherever it stands. */
static void invalidation_drops_all_fragments(void **state)
{
    struct l1_tlb l1 = make(2, 0, 0, false);

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        fill(&l1, PAGES_1G + i, PAGE_1G, i);
    fill(&l1, 3 * PAGES_1G + 1, PAGE_1G, 9);
    fill(&l1, PAGES_1G + PAGES_2M + 2, PAGE_4K, 10); /* a small page of the same GiB */
    l1_tlb_invalidate(&l1, no_hits, PORTS, INV_ADDRESS | INV_PCID | INV_GLOBALS, 2 * PAGES_1G - 1, PCID);
    for (uint64_t i = 0; i < 4; i++)
        expect(&l1, PAGES_1G + i, TLB_MISS, 0);
    expect(&l1, 3 * PAGES_1G + 1, PAGE_4K, 9);
    expect(&l1, PAGES_1G + PAGES_2M + 2, PAGE_4K, 10);
    l1_tlb_free(&l1);
}

/* An invalidation reaches all arrays, and the marks of its cycle come with it. */
static void invalidation_of_all_sizes(void **state)
{
    struct l1_tlb l1 = make(2, 2, 2, false);

    (void)state;
    fill(&l1, 0, PAGE_1G, 1);
    fill(&l1, 0, PAGE_2M, 2);
    fill(&l1, 8, PAGE_4K, 3);
    fill(&l1, 12, PAGE_4K, 4);
    struct l1_hit hits[PORTS] = {l1_tlb_lookup(&l1, 8, PCID), no_hits[0], no_hits[0]};
    l1_tlb_invalidate(&l1, hits, PORTS, INV_ADDRESS | INV_PCID, 9, PCID);
    expect(&l1, 0, TLB_MISS, 0);
    fill(&l1, 16, PAGE_4K, 5);
    expect(&l1, 8, PAGE_4K, 3);
    expect(&l1, 12, TLB_MISS, 0);
    l1_tlb_invalidate(&l1, no_hits, PORTS, INV_PCID, 0, PCID + 1);
    expect(&l1, 8, PAGE_4K, 3);
    l1_tlb_invalidate(&l1, no_hits, PORTS, INV_PCID, 0, PCID);
    expect(&l1, 8, TLB_MISS, 0);
    l1_tlb_free(&l1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_per_size),
        cmocka_unit_test(fragments),
        cmocka_unit_test(unified),
        cmocka_unit_test(smaller_page_answers),
        cmocka_unit_test(ports_mark_what_they_found),
        cmocka_unit_test(invalidation_drops_all_fragments),
        cmocka_unit_test(invalidation_of_all_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
