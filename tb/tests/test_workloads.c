/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C model on synthetic loads whose answers are known by calculation
 * (docs/workloads.md). What is measured is the difference between a longer and a
 * shorter run of the same load, so that filling the empty arrays is left out.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workload_runs.h"

static const char stats_path[] = "build/test_workloads.stats";

enum { PAGE = 4096, HUGE_PAGE = 2 << 20 };

/* Of the accesses of one port after the first ones. */
struct counts {
    uint64_t accesses, cycles, l1_hits, l1_misses, l1, l2, walks;
};

static struct counts count(const struct workload *workload, const char *trace, uint64_t accesses,
                           bool fetches)
{
    struct statistics s;
    workload_run(workload, trace, accesses, stats_path, &s);
    assert_true(statistic(&s, "bench.page_faults") == 0);
    const char *const l1 = fetches ? "l1i" : "l1d";
    char hits[2][32], misses[32];
    snprintf(hits[0], sizeof(hits[0]), "%s.hits.4k", l1);
    snprintf(hits[1], sizeof(hits[1]), "%s.hits.2m", l1);
    snprintf(misses, sizeof(misses), "%s.misses", l1);
    return (struct counts){
        .accesses = statistic(&s, "bench.accesses"),
        .cycles = statistic(&s, "bench.cycles"),
        .l1_hits = statistic(&s, hits[0]) + statistic(&s, hits[1]),
        .l1_misses = statistic(&s, misses),
        .l1 = statistic(&s, "bench.l1_answers.4k") + statistic(&s, "bench.l1_answers.2m"),
        .l2 = statistic(&s, "bench.l2_answers.4k") + statistic(&s, "bench.l2_answers.2m"),
        .walks = statistic(&s, "walker.walks"),
    };
}

/* Of accesses `from` up to `to`. */
static struct counts count_steady(const struct workload *workload, const char *trace, uint64_t from,
                                  uint64_t to, bool fetches)
{
    struct counts a = count(workload, trace, from, fetches), b = count(workload, trace, to, fetches);
    return (struct counts){b.accesses - a.accesses,   b.cycles - a.cycles, b.l1_hits - a.l1_hits,
                           b.l1_misses - a.l1_misses, b.l1 - a.l1,         b.l2 - a.l2,
                           b.walks - a.walks};
}

/* ---- Uniform ---- */

enum { UNIFORM_FROM = 20000, UNIFORM_TO = 320000, SIGMAS = 4 };

/*
 * `hits` of `count` trials that each hit with probability entries / pages: within four standard deviations;
 * and that would tell one entry more or less.
 */
static void assert_share(const char *what, uint64_t hits, uint64_t count, double entries, double pages)
{
    double p = entries / pages, tolerance = SIGMAS * sqrt(p * (1 - p) / (double)count);
    double measured = (double)hits / (double)count;
    assert_true(tolerance < 1 / pages);
    if (fabs(measured - p) > tolerance)
        fail_msg("%s: %.5f, expected %.5f within %.5f", what, measured, p, tolerance);
}

/* Hits of the L1 TLB are entries / pages under any policy, with any number of accesses under way. */
static void test_uniform(void **state)
{
    (void)state;
    static const struct {
        uint32_t sets, ways, pages;
    } cases[] = {{1, 32, 100}, {16, 4, 256}, {8, 6, 128}};
    for (uint32_t policy = POLICY_LRU; policy <= POLICY_RANDOM; policy++) {
        for (size_t i = 0; i < 3; i++) {
            struct workload w = workload_default();
            char trace[96], what[64];
            w.params.l1d.sets_4k = cases[i].sets;
            w.params.l1d.ways_4k = cases[i].ways;
            w.params.l1d.replacement = policy;
            w.bench.trace.in_flight = i == 1 ? 0 : 1;
            snprintf(trace, sizeof(trace), "synthetic:uniform,bytes=%u,base=0x10000000",
                     cases[i].pages * PAGE);
            struct counts c = count_steady(&w, trace, UNIFORM_FROM, UNIFORM_TO, false);
            assert_true(c.l1_hits + c.l1_misses == UNIFORM_TO - UNIFORM_FROM);
            snprintf(what, sizeof(what), "policy %u, %u sets of %u ways", policy, cases[i].sets,
                     cases[i].ways);
            assert_share(what, c.l1_hits, c.accesses, cases[i].sets * cases[i].ways, cases[i].pages);
        }
    }
}

/* The same of instruction fetches, and of 2 MiB pages. */
static void test_uniform_elsewhere(void **state)
{
    (void)state;
    struct workload w = workload_default();
    w.params.l1i.sets_4k = 4;
    w.params.l1i.ways_4k = 6;
    struct counts c =
        count_steady(&w, "synthetic:uniform,bytes=256KiB,fetch=1000", UNIFORM_FROM, UNIFORM_TO, true);
    assert_share("fetches", c.l1_hits, c.accesses, 24, 64);
    w = workload_default();
    w.bench.trace.huge_pages = 1000;
    c = count_steady(&w, "synthetic:uniform,bytes=256MiB", UNIFORM_FROM, UNIFORM_TO, false);
    assert_share("2 MiB pages", c.l1_hits, c.accesses, 32, 128);
}

/* ---- Sequential ---- */

/*
 * One at a time, the first access of a page misses, and no other. With more under way the next ones miss too
 * and join its walk, but for the one that is issued as its lookup in the L2 TLB ends.
 */
static void test_sequential(void **state)
{
    (void)state;
    static const uint32_t strides[] = {8, 64, 256, 4096};
    for (size_t i = 0; i < 4; i++) {
        for (uint32_t in_flight = 0; in_flight < 2; in_flight++) {
            struct workload w = workload_default();
            const uint64_t per_page = PAGE / strides[i], pages = 1000;
            char trace[96];
            w.bench.trace.in_flight = in_flight;
            snprintf(trace, sizeof(trace), "synthetic:sequential,bytes=1GiB,stride=%u", strides[i]);
            struct counts c = count_steady(&w, trace, 100 * per_page, (100 + pages) * per_page, false);
            if (in_flight == 1 || per_page == 1) {
                assert_int_equal(c.walks, pages);
                assert_int_equal(c.l1_misses, pages);
            } else {
                assert_true(c.walks > pages && c.walks <= 2 * pages);
                assert_true(c.l1_misses > pages);
            }
        }
    }
}

/* ---- Pointer chase ---- */

enum { DRAM = 20, L2_LATENCY = 7 };

struct chase {
    uint32_t sets1, ways1, sets2, ways2, pages;
};

/*
 * With LRU, an access hits if its set has no more pages in use than ways: of all pages in the L1 TLB, of
 * those that miss there in the L2 TLB.
 */
static struct counts expected_chase(const struct chase *chase)
{
    struct counts c = {.accesses = chase->pages};
    uint32_t *l1 = calloc(chase->sets1, sizeof(*l1)), *l2 = calloc(chase->sets2, sizeof(*l2));
    assert_true(l1 && l2);
    for (uint32_t page = 0; page < chase->pages; page++)
        l1[page % chase->sets1]++;
    for (uint32_t page = 0; page < chase->pages; page++)
        l2[page % chase->sets2] += l1[page % chase->sets1] > chase->ways1;
    for (uint32_t page = 0; page < chase->pages; page++) {
        if (l1[page % chase->sets1] <= chase->ways1)
            c.l1++;
        else if (l2[page % chase->sets2] <= chase->ways2)
            c.l2++;
        else
            c.walks++;
    }
    c.cycles = c.l1 + c.l2 * (L2_LATENCY + 4) + c.walks * (L2_LATENCY + 6 + DRAM + 2);
    free(l1);
    free(l2);
    return c;
}

/* One round of a chase, after three; to the access and to the cycle. */
static void check_chase(const struct chase *chase, uint32_t page_bytes)
{
    struct workload w = workload_default();
    struct counts expected = expected_chase(chase);
    char trace[128];
    w.params.l1d.replacement = w.params.l2.replacement = POLICY_LRU;
    *(page_bytes == PAGE ? &w.params.l1d.sets_4k : &w.params.l1d.sets_2m) = chase->sets1;
    *(page_bytes == PAGE ? &w.params.l1d.ways_4k : &w.params.l1d.ways_2m) = chase->ways1;
    w.params.l2.sets = chase->sets2;
    w.params.l2.ways = chase->ways2;
    w.params.l2.latency = L2_LATENCY;
    /* one entry is read: of the level above, the walk cache holds all */
    w.params.walk_cache.sets_pde = w.params.walk_cache.sets_pdpte = 64;
    w.params.walk_cache.ways_pde = w.params.walk_cache.ways_pdpte = 8;
    w.bench.trace.in_flight = 1;
    w.bench.trace.huge_pages = 1000 * (page_bytes != PAGE);
    w.bench.memory.l1_kib = w.bench.memory.l2_kib = 0;
    w.bench.memory.dram_latency = DRAM;
    snprintf(trace, sizeof(trace), "synthetic:chase,base=0x4000000000,stride=%u,bytes=%" PRIu64, page_bytes,
             (uint64_t)chase->pages * page_bytes);
    struct counts c = count_steady(&w, trace, 3ull * chase->pages, 4ull * chase->pages, false);
    if (c.l1 != expected.l1 || c.l2 != expected.l2 || c.walks != expected.walks ||
        c.cycles != expected.cycles)
        fail_msg("%u pages of %u bytes: %" PRIu64 " L1, %" PRIu64 " L2, %" PRIu64 " walks, %" PRIu64
                 " cycles; expected %" PRIu64 ", %" PRIu64 ", %" PRIu64 ", %" PRIu64,
                 chase->pages, page_bytes, c.l1, c.l2, c.walks, c.cycles, expected.l1, expected.l2,
                 expected.walks, expected.cycles);
}

/* Around the entries of each level. */
static void test_chase(void **state)
{
    (void)state;
    static const struct {
        uint32_t sets1, ways1, sets2, ways2;
    } shapes[] = {{16, 4, 128, 12}, {1, 24, 1, 32}, {4, 3, 64, 5}};
    for (size_t i = 0; i < 3; i++) {
        const uint32_t l1 = shapes[i].sets1 * shapes[i].ways1, l2 = shapes[i].sets2 * shapes[i].ways2;
        const uint32_t pages[] = {l1 - 1,
                                  l1,
                                  l1 + 1,
                                  l1 + shapes[i].sets1,
                                  l2 - 1,
                                  l2,
                                  l2 + 1,
                                  l2 + shapes[i].sets2 - 1,
                                  l2 + shapes[i].sets2,
                                  2 * l2};
        for (size_t j = 0; j < sizeof(pages) / sizeof(pages[0]); j++) {
            const struct chase chase = {shapes[i].sets1, shapes[i].ways1, shapes[i].sets2, shapes[i].ways2,
                                        pages[j]};
            check_chase(&chase, PAGE);
            if (l2 <= 512)
                check_chase(&chase, HUGE_PAGE);
        }
    }
}

/* What fits stays, under any policy: after the first round there is no miss. */
static void test_fits(void **state)
{
    (void)state;
    for (uint32_t policy = POLICY_LRU; policy <= POLICY_RANDOM; policy++) {
        struct workload w = workload_default();
        w.params.l1d.replacement = policy;
        struct counts c = count_steady(&w, "synthetic:chase,bytes=256KiB", 640, 6400, false);
        assert_int_equal(c.l1_hits, 6400 - 640);
        w.bench.trace.in_flight = 1;
        c = count_steady(&w, "synthetic:chase,bytes=256KiB", 64, 6400, false);
        assert_int_equal(c.l1_hits, 6400 - 64);
    }
}

/* ---- Two levels ---- */

/* An L2 TLB that holds all answers what the L1 TLB does not, under any policy. */
static void test_two_levels_fit(void **state)
{
    (void)state;
    for (uint32_t policy = POLICY_LRU; policy <= POLICY_RANDOM; policy++) {
        struct workload w = workload_default();
        w.params.l1d.replacement = w.params.l2.replacement = policy;
        w.bench.trace.in_flight = 1;
        struct counts c = count_steady(&w, "synthetic:uniform,bytes=1MiB", UNIFORM_FROM, UNIFORM_TO, false);
        assert_share("L1", c.l1, c.accesses, 64, 256);
        assert_int_equal(c.l1 + c.l2, c.accesses);
        assert_int_equal(c.walks, 0);
    }
}

/*
 * Both levels random, with as many sets: in each set, k entries are in both. That is a birth-death process
 * (docs/workloads.md); the share of accesses that hit in the L2 TLB alone is (C2 - E[k]) / N.
 */
static double l2_share(double c1, double c2, double n)
{
    double weight = 1, sum = 0, mean = 0;
    for (double k = 1;; k++) { /* the page used last is in both */
        sum += weight;
        mean += weight * k;
        if (k == c1)
            return (c2 - mean / sum) / n;
        double only_l2 = (c2 - k) / n, neither = (n - c1 - c2 + k) / n;
        double neither_next = (n - c1 - c2 + k + 1) / n;
        double up = (1 - k / c1) * (only_l2 + neither * (1 - k / c2));
        double down = neither_next * (k + 1) * k / (c1 * c2);
        weight *= up / down;
    }
}

static void test_two_levels_random(void **state)
{
    (void)state;
    static const struct {
        uint32_t sets, ways1, ways2, pages;
    } cases[] = {{1, 16, 32, 64}, {16, 4, 8, 256}, {8, 6, 12, 160}};
    enum { TO = 1000000 };
    for (size_t i = 0; i < 3; i++) {
        struct workload w = workload_default();
        char trace[96];
        w.params.l1d.sets_4k = w.params.l2.sets = cases[i].sets;
        w.params.l1d.ways_4k = cases[i].ways1;
        w.params.l2.ways = cases[i].ways2;
        w.params.l1d.replacement = w.params.l2.replacement = POLICY_RANDOM;
        w.bench.trace.in_flight = 1;
        snprintf(trace, sizeof(trace), "synthetic:uniform,bytes=%u", cases[i].pages * PAGE);
        struct counts c = count_steady(&w, trace, UNIFORM_FROM, TO, false);
        double expected = l2_share(cases[i].ways1, cases[i].ways2, (double)cases[i].pages / cases[i].sets);
        double measured = (double)c.l2 / (double)c.accesses;
        printf("# %u x %u, %u x %u, %u pages: L2 %.5f, expected %.5f\n", cases[i].sets, cases[i].ways1,
               cases[i].sets, cases[i].ways2, cases[i].pages, measured, expected);
        assert_true(fabs(measured - expected) < 0.01 * expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_uniform_elsewhere),
        cmocka_unit_test(test_sequential),
        cmocka_unit_test(test_chase),
        cmocka_unit_test(test_fits),
        cmocka_unit_test(test_two_levels_fit),
        cmocka_unit_test(test_two_levels_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
