/* SPDX-License-Identifier: Apache-2.0 */
/* l2_tlb.h: which array keeps a page, marks, invalidations by address and by sweep. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "l2_tlb.h"
#include "random_source.h"

enum { PCID = 5 };

#define PAGES_2M (1ull << 9)
#define PAGES_1G (1ull << 18)

struct shape {
    bool shared;
    uint32_t sets, ways, sets_2m, ways_2m, ways_1g;
};

static struct l2_tlb make(const struct shape *shape)
{
    const struct l2_geometry geometry = {.shared_2m = shape->shared,
                                         .sets = {shape->sets, shape->sets_2m, 1},
                                         .ways = {shape->ways, shape->ways_2m, shape->ways_1g},
                                         .policy = POLICY_LRU};
    struct l2_tlb l2;
    assert_int_equal(l2_tlb_init(&l2, &geometry), 0);
    return l2;
}

static bool hits(struct l2_tlb *l2, uint64_t vpn, unsigned pcid, uint64_t expected_data)
{
    uint64_t tag = 0, data = 0;
    bool hit = l2_tlb_lookup(l2, vpn, pcid, &tag, &data);
    if (hit)
        assert_int_equal(data, expected_data);
    return hit;
}

/* A page of each size, once with each way to keep it; sizes without an array are not kept. */
static void pages_and_their_arrays(void **state)
{
    static const struct {
        struct shape shape;
        bool kept[3];
    } cases[] = {
        {{true, 4, 2, 1, 0, 2}, {true, true, true}},    {{false, 4, 2, 2, 2, 2}, {true, true, true}},
        {{false, 4, 2, 1, 0, 2}, {true, false, true}},  {{true, 4, 2, 1, 0, 0}, {true, true, false}},
        {{false, 1, 1, 1, 0, 0}, {true, false, false}}, {{true, 4, 2, 4, 4, 2}, {true, true, true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct l2_tlb l2 = make(&cases[i].shape);
        l2_tlb_fill(&l2, x86_tag(3, PCID, false, PAGE_4K), 1);
        l2_tlb_fill(&l2, x86_tag(5 * PAGES_2M + 8, PCID, false, PAGE_2M), 2);
        l2_tlb_fill(&l2, x86_tag(7 * PAGES_1G + 9, PCID, false, PAGE_1G), 3);
        assert_true(hits(&l2, 3, PCID, 1));
        assert_false(hits(&l2, 2, PCID, 0));
        assert_false(hits(&l2, 3, PCID + 1, 0));
        assert_int_equal(hits(&l2, 5 * PAGES_2M + 300, PCID, 2), cases[i].kept[PAGE_2M]);
        assert_false(hits(&l2, 6 * PAGES_2M, PCID, 0));
        assert_int_equal(hits(&l2, 7 * PAGES_1G + 100000, PCID, 3), cases[i].kept[PAGE_1G]);
        assert_false(hits(&l2, 8 * PAGES_1G, PCID, 0));
        l2_tlb_free(&l2);
    }
}

/* The tag of the entry comes with a hit: its size and whether it is global. */
static void a_hit_gives_the_entry(void **state)
{
    const struct shape shape = {true, 4, 2, 1, 0, 2};
    struct l2_tlb l2 = make(&shape);
    uint64_t tag, data, filled = x86_tag(5 * PAGES_2M + 8, PCID, true, PAGE_2M);

    (void)state;
    l2_tlb_fill(&l2, filled, 0xabc | DATA_D);
    assert_true(l2_tlb_lookup(&l2, 5 * PAGES_2M + 511, PCID + 9, &tag, &data));
    assert_int_equal(tag, filled);
    assert_int_equal(data, 0xabc | DATA_D);
    l2_tlb_free(&l2);
}

/* After a split without an invalidation both may be there: the smaller page answers. */
static void smaller_page_answers(void **state)
{
    static const struct shape shapes[] = {{true, 4, 4, 1, 0, 2}, {false, 4, 2, 2, 2, 2}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct l2_tlb l2 = make(&shapes[i]);
        l2_tlb_fill(&l2, x86_tag(0, PCID, false, PAGE_4K), 1);
        l2_tlb_fill(&l2, x86_tag(0, PCID, false, PAGE_2M), 2);
        l2_tlb_fill(&l2, x86_tag(0, PCID, false, PAGE_1G), 3);
        assert_true(hits(&l2, 0, PCID, 1));
        assert_true(hits(&l2, 1, PCID, 2));
        assert_true(hits(&l2, PAGES_2M, PCID, 3));
        l2_tlb_free(&l2);
    }
}

/* A lookup leaves its mark: what was looked up stays, the other one is evicted. */
static void a_hit_is_marked(void **state)
{
    const struct shape shape = {true, 1, 2, 1, 0, 2};
    struct l2_tlb l2 = make(&shape);

    (void)state;
    l2_tlb_fill(&l2, x86_tag(1, PCID, false, PAGE_4K), 1);
    l2_tlb_fill(&l2, x86_tag(2, PCID, false, PAGE_4K), 2);
    assert_true(hits(&l2, 1, PCID, 1));
    l2_tlb_fill(&l2, x86_tag(3, PCID, false, PAGE_4K), 3);
    assert_true(hits(&l2, 1, PCID, 1));
    assert_false(hits(&l2, 2, PCID, 0));
    assert_int_equal(l2.array[PAGE_4K].evictions[PAGE_4K], 1);
    l2_tlb_free(&l2);
}

static void sweep_cycles(void **state)
{
    static const struct {
        struct shape shape;
        uint32_t cycles;
    } cases[] = {
        {{true, 16, 2, 1, 0, 2}, 16},  {{true, 16, 2, 64, 2, 2}, 16},  {{false, 16, 2, 64, 2, 2}, 64},
        {{false, 16, 2, 8, 2, 2}, 16}, {{false, 16, 2, 64, 0, 2}, 16}, {{true, 1, 4, 1, 0, 0}, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct l2_tlb l2 = make(&cases[i].shape);
        assert_int_equal(l2_tlb_sweep_cycles(&l2), cases[i].cycles);
        l2_tlb_free(&l2);
    }
}

struct page {
    uint64_t tag;
    bool present; /* before the invalidation */
};

static const struct shape swept_shapes[] = {
    {true, 8, 4, 1, 0, 4}, {false, 8, 4, 4, 4, 4}, {false, 4, 4, 16, 2, 4}, {true, 1, 16, 1, 0, 0}};

/* Pages of all sizes, PCIDs and both kinds, each in a GiB of its own so that none answers for another. */
static void fill_pages(struct l2_tlb *l2, struct page *pages, unsigned count, uint64_t seed)
{
    struct random_source random;
    random_seed(&random, seed);
    for (unsigned i = 0; i < count; i++) {
        uint64_t vpn = (uint64_t)i * PAGES_1G + random_below(&random, PAGES_1G);
        pages[i].tag =
            x86_tag(vpn, random_below(&random, 3), random_chance(&random, 300), random_below(&random, 3));
        l2_tlb_fill(l2, pages[i].tag, pages[i].tag & TAG_VPN);
    }
}

static bool is_there(struct l2_tlb *l2, uint64_t tag)
{
    return hits(l2, tag & TAG_VPN, (unsigned)((tag & TAG_PCID) >> TAG_PCID_SHIFT), tag & TAG_VPN);
}

/* After the first cycle and a sweep: every entry that x86_invalidates names is gone, every other one stays.
 */
static void sweeps(void **state)
{
    enum { PAGES = 24 };
    struct page pages[PAGES];

    (void)state;
    for (size_t shape = 0; shape < sizeof swept_shapes / sizeof *swept_shapes; shape++)
        for (unsigned flags = 0; flags < 8; flags++) {
            if (flags & INV_ADDRESS)
                continue;
            struct l2_tlb l2 = make(&swept_shapes[shape]);
            fill_pages(&l2, pages, PAGES, flags);
            for (unsigned i = 0; i < PAGES; i++)
                pages[i].present = is_there(&l2, pages[i].tag);
            l2_tlb_invalidate(&l2, flags, 0, 1);
            for (unsigned i = 0; i < PAGES; i++) /* the sweep has not begun for 4 KiB and 2 MiB */
                if (x86_tag_size(pages[i].tag) != PAGE_1G)
                    assert_int_equal(is_there(&l2, pages[i].tag), pages[i].present);
            for (uint32_t set = 0; set < l2_tlb_sweep_cycles(&l2); set++)
                l2_tlb_sweep(&l2, set, flags, 1);
            for (unsigned i = 0; i < PAGES; i++)
                assert_int_equal(is_there(&l2, pages[i].tag),
                                 pages[i].present && !x86_invalidates(flags, 0, 1, pages[i].tag, 0));
            l2_tlb_free(&l2);
        }
}

/* By address one cycle is enough, for any address of the page, and pages elsewhere stay. */
static void invalidation_by_address(void **state)
{
    enum { PAGES = 24 };
    static const uint64_t pages_of[] = {1, PAGES_2M, PAGES_1G};
    struct page pages[PAGES];

    (void)state;
    for (size_t shape = 0; shape < sizeof swept_shapes / sizeof *swept_shapes; shape++) {
        struct l2_tlb l2 = make(&swept_shapes[shape]);
        fill_pages(&l2, pages, PAGES, 77);
        for (unsigned target = 0; target < PAGES; target++) {
            uint64_t tag = pages[target].tag, span = pages_of[x86_tag_size(tag)];
            uint64_t somewhere = ((tag & TAG_VPN) & ~(span - 1)) + (target * 12345u & (span - 1));
            for (unsigned i = 0; i < PAGES; i++)
                pages[i].present = is_there(&l2, pages[i].tag);
            l2_tlb_invalidate(&l2, INV_ADDRESS | INV_PCID | INV_GLOBALS, somewhere,
                              (unsigned)((tag & TAG_PCID) >> TAG_PCID_SHIFT));
            for (unsigned i = 0; i < PAGES; i++)
                assert_int_equal(is_there(&l2, pages[i].tag), i != target && pages[i].present);
        }
        l2_tlb_free(&l2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_and_their_arrays),
        cmocka_unit_test(a_hit_gives_the_entry),
        cmocka_unit_test(smaller_page_answers),
        cmocka_unit_test(a_hit_is_marked),
        cmocka_unit_test(sweep_cycles),
        cmocka_unit_test(sweeps),
        cmocka_unit_test(invalidation_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
