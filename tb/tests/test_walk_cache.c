/* SPDX-License-Identifier: Apache-2.0 */
/* walk_cache.h and SDM 4.10.3: what an entry of each level covers, which level answers, what invalidations
 * drop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "walk_cache.h"

enum { PCID = 7, DEEPEST = 2, TOP = 5 };

/* 4 KiB pages that an entry of a level covers: PDE 2 MiB, PDPTE 1 GiB, PML4E 512 GiB, PML5E 256 TiB. */
static const uint64_t covered[] = {0, 0, 1ull << 9, 1ull << 18, 1ull << 27, 1ull << 36};

static struct walk_cache make(uint32_t ways)
{
    struct mmu_params params;
    struct walk_cache wc = {.hits = {0}};
    mmu_params_default(&params);
    params.walk_cache.sets_pde = params.walk_cache.sets_pdpte = 2;
    params.walk_cache.sets_pml4e = params.walk_cache.sets_pml5e = 1;
    params.walk_cache.ways_pde = params.walk_cache.ways_pdpte = ways;
    params.walk_cache.ways_pml4e = params.walk_cache.ways_pml5e = ways;
    params.walk_cache.replacement = POLICY_LRU;
    assert_int_equal(walk_cache_init(&wc, &params), 0);
    return wc;
}

static void fill(struct walk_cache *wc, unsigned level, uint64_t vpn, unsigned pcid, uint64_t data)
{
    walk_cache_clock(wc, 0, TLB_MISS, level, x86_tag(vpn, pcid, false, PAGE_4K), data);
}

/* The level that answers, 0 for none; with its data checked. */
static unsigned find(struct walk_cache *wc, uint64_t vpn, unsigned pcid, unsigned levels, uint64_t expected)
{
    uint64_t data = 0;
    int entry;
    unsigned level = walk_cache_lookup(wc, vpn, pcid, levels, &data, &entry);
    if (level)
        assert_int_equal(data, expected);
    return level;
}

static void what_an_entry_covers(void **state)
{
    (void)state;
    for (unsigned level = DEEPEST; level <= TOP; level++) {
        struct walk_cache wc = make(2);
        uint64_t first = 3 * covered[level];
        fill(&wc, level, first + covered[level] / 3, PCID, 0x1234 | DATA_RW);
        assert_int_equal(find(&wc, first, PCID, 5, 0x1234 | DATA_RW), level);
        assert_int_equal(find(&wc, first + covered[level] - 1, PCID, 5, 0x1234 | DATA_RW), level);
        assert_int_equal(find(&wc, first + covered[level], PCID, 5, 0), 0);
        assert_int_equal(find(&wc, first - 1, PCID, 5, 0), 0);
        assert_int_equal(find(&wc, first, PCID + 1, 5, 0), 0);
        assert_int_equal(wc.hits[level - 2], 2);
        walk_cache_free(&wc);
    }
}

/* The deepest level answers; with four levels of paging, what is kept of the fifth does not count. */
static void the_deepest_level_answers(void **state)
{
    struct walk_cache wc = make(2);

    (void)state;
    for (unsigned level = TOP; level >= DEEPEST; level--) {
        fill(&wc, level, 0, PCID, level);
        assert_int_equal(find(&wc, 0, PCID, 5, level), level);
        assert_int_equal(find(&wc, 0, PCID, 4, level), level == TOP ? 0 : level);
    }
    for (unsigned level = DEEPEST; level < TOP; level++)
        assert_int_equal(find(&wc, covered[level], PCID, 5, level + 1), level + 1);
    walk_cache_free(&wc);
}

/* A level without ways neither keeps nor answers. */
static void absent_caches(void **state)
{
    struct walk_cache wc = make(0);

    (void)state;
    for (unsigned level = DEEPEST; level <= TOP; level++)
        fill(&wc, level, 0, PCID, level);
    assert_int_equal(find(&wc, 0, PCID, 5, 0), 0);
    walk_cache_invalidate(&wc, INV_GLOBALS, 0, 0);
    walk_cache_free(&wc);
}

/* The mark of a lookup saves its entry from the next fill. */
static void a_used_entry_stays(void **state)
{
    (void)state;
    for (unsigned level = DEEPEST; level <= TOP; level++) {
        struct walk_cache wc = make(2);
        uint64_t data, next = 2 * covered[level]; /* the same set */
        int entry;
        fill(&wc, level, 0, PCID, 1);
        fill(&wc, level, next, PCID, 2);
        assert_int_equal(walk_cache_lookup(&wc, 0, PCID, 5, &data, &entry), level);
        walk_cache_clock(&wc, level, entry, 0, 0, 0);
        fill(&wc, level, 2 * next, PCID, 3);
        assert_int_equal(find(&wc, 0, PCID, 5, 1), level);
        assert_int_equal(find(&wc, next, PCID, 5, 0), 0);
        walk_cache_free(&wc);
    }
}

/* One lookup and one fill per cycle: in different caches both leave their mark, in one set the fill decides.
 */
static void lookup_and_fill_in_one_cycle(void **state)
{
    (void)state;
    for (unsigned level = DEEPEST; level <= TOP; level++) {
        struct walk_cache wc = make(2);
        unsigned other = level == DEEPEST ? DEEPEST + 1 : DEEPEST;
        uint64_t data, next = 2 * covered[level];
        int entry;
        fill(&wc, level, 0, PCID, 1);
        fill(&wc, level, next, PCID, 2);
        assert_int_equal(walk_cache_lookup(&wc, 0, PCID, 5, &data, &entry), level);
        walk_cache_clock(&wc, level, entry, other, x86_tag(1ull << 40, PCID, false, PAGE_4K), 9);
        assert_int_equal(find(&wc, 1ull << 40, PCID, 5, 9), other);

        /* `next` is now the oldest, and is looked up while something takes its place. */
        assert_int_equal(walk_cache_lookup(&wc, next, PCID, 5, &data, &entry), level);
        walk_cache_clock(&wc, level, entry, level, x86_tag(2 * next, PCID, false, PAGE_4K), 3);
        assert_int_equal(find(&wc, 2 * next, PCID, 5, 3), level);
        assert_int_equal(find(&wc, next, PCID, 5, 0), 0);
        assert_int_equal(find(&wc, 0, PCID, 5, 1), level);
        walk_cache_free(&wc);
    }
}

/* SDM 4.10.4.1: by PCID, by address (a page fault's drop) and everything. */
static void invalidations(void **state)
{
    static const struct {
        unsigned flags;
        bool same, elsewhere, other_pcid; /* stays: at the address, at another one, of another PCID */
    } cases[] = {
        {INV_PCID, false, false, true},
        {INV_PCID | INV_GLOBALS, false, false, true},
        {INV_PAGE_FAULT, false, true, true},
        {INV_GLOBALS, false, false, false},
        {0, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (unsigned level = DEEPEST; level <= TOP; level++) {
            struct walk_cache wc = make(3);
            fill(&wc, level, 0, PCID, 1);
            fill(&wc, level, 2 * covered[level], PCID, 2);
            fill(&wc, level, 0, PCID + 1, 3);
            walk_cache_invalidate(&wc, cases[i].flags, covered[level] - 1, PCID);
            assert_int_equal(find(&wc, 0, PCID, 5, 1), cases[i].same ? level : 0);
            assert_int_equal(find(&wc, 2 * covered[level], PCID, 5, 2), cases[i].elsewhere ? level : 0);
            assert_int_equal(find(&wc, 0, PCID + 1, 5, 3), cases[i].other_pcid ? level : 0);
            walk_cache_free(&wc);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_an_entry_covers),
        cmocka_unit_test(the_deepest_level_answers),
        cmocka_unit_test(absent_caches),
        cmocka_unit_test(a_used_entry_stays),
        cmocka_unit_test(lookup_and_fill_in_one_cycle),
        cmocka_unit_test(invalidations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
