/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stack engine against the C model, to the miss: over traces of real
 * programs, for many geometries of the L1 TLBs, one access at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "random_source.h"
#include "stack_engine.h"
#include "test_files.h"
#include "trace.h"
#include "workload_runs.h"

static const char stats_path[] = "build/test_stack_engine.stats";
static const char twt_path[] = "build/test_stack_engine.twt";
static const char messages_path[] = "build/test_stack_engine.messages";

/* Bits of sets, and ways, of each L1 TLB. */
struct shape {
    unsigned bits_4k, ways_4k, bits_2m, ways_2m;
};

static struct stack_run run_stack(const struct workload *workload, const char *trace, uint64_t accesses)
{
    struct stack_run run = {.params = &workload->params,
                            .bench = &workload->bench,
                            .trace = trace,
                            .accesses = accesses,
                            .seed = 1};
    assert_int_equal(stack_run(&run), 0);
    return run;
}

static uint64_t misses_of(const struct stack_run *run, enum stack_side side, const struct shape *shape)
{
    return stack_sim_misses(run->sims[side][STACK_4K], shape->bits_4k, shape->ways_4k) +
           stack_sim_misses(run->sims[side][STACK_2M], shape->bits_2m, shape->ways_2m);
}

static struct workload workload_of(const struct shape *d, const struct shape *i, bool minimal)
{
    struct workload w = workload_default();
    w.params.l1d.sets_4k = 1u << d->bits_4k;
    w.params.l1d.ways_4k = d->ways_4k;
    w.params.l1d.sets_2m = 1u << d->bits_2m;
    w.params.l1d.ways_2m = d->ways_2m;
    w.params.l1i.sets_4k = 1u << i->bits_4k;
    w.params.l1i.ways_4k = i->ways_4k;
    w.params.l1i.sets_2m = 1u << i->bits_2m;
    w.params.l1i.ways_2m = i->ways_2m;
    w.params.l1d.replacement = w.params.l1i.replacement = POLICY_LRU;
    w.bench.trace.in_flight = 1;
    if (minimal) {
        w.params.l2.sets = w.params.l2.ways = 1;
        w.params.l2.ways_1g = 0;
        w.params.walk_cache.ways_pml4e = w.params.walk_cache.ways_pdpte = w.params.walk_cache.ways_pde = 0;
    }
    return w;
}

/* The model with one pair of shapes has the misses that the stack engine says. */
static void check(const struct workload *w, const struct stack_run *run, const char *trace, uint64_t accesses,
                  const struct shape *d, const struct shape *i)
{
    struct statistics s;
    workload_run(w, trace, accesses, stats_path, &s);
    uint64_t data = misses_of(run, STACK_DATA, d), fetches = misses_of(run, STACK_FETCHES, i);
    assert_true(statistic(&s, "bench.page_faults") == run->faults);
    assert_true(statistic(&s, "bench.non_canonical") == run->non_canonical);
    if (statistic(&s, "l1d.misses") != data || statistic(&s, "l1i.misses") != fetches)
        fail_msg("%s: l1d 2^%u x %u and 2^%u x %u: model %" PRIu64 ", stack %" PRIu64 "; l1i: model %" PRIu64
                 ", stack %" PRIu64,
                 trace, d->bits_4k, d->ways_4k, d->bits_2m, d->ways_2m, statistic(&s, "l1d.misses"), data,
                 statistic(&s, "l1i.misses"), fetches);
}

static const struct shape shapes[] = {
    {0, 1, 0, 1}, {0, 16, 0, 4}, {0, 64, 0, 32}, {1, 7, 1, 3},  {2, 2, 0, 2},
    {4, 4, 3, 4}, {5, 6, 2, 1},  {7, 1, 4, 2},   {8, 12, 0, 8}, {10, 2, 5, 1},
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static void check_trace(const char *trace, uint64_t accesses, uint32_t huge_pages, bool minimal)
{
    struct workload w = workload_of(&shapes[0], &shapes[0], minimal);
    w.bench.trace.huge_pages = huge_pages;
    w.bench.trace.huge_where = HUGE_ANYWHERE;
    struct stack_run run = run_stack(&w, trace, accesses);
    assert_true(run.done == accesses);
    for (size_t at = 0; at < SHAPES; at++) {
        const struct shape *d = &shapes[at], *i = &shapes[(at + 3) % SHAPES];
        w = workload_of(d, i, minimal);
        w.bench.trace.huge_pages = huge_pages;
        check(&w, &run, trace, accesses, d, i);
    }
    stack_run_free(&run);
}

static void test_programs(void **state)
{
    (void)state;
    enum { ACCESSES = 60000 };
    check_trace("configs/traces/sqlite3.twt.zst", ACCESSES, 0, true);
    check_trace("configs/traces/sqlite3.twt.zst", ACCESSES, 600, false);
    check_trace("configs/traces/compiler.twt.zst", ACCESSES, 0, false);
    check_trace("configs/traces/hash_join.twt.zst", ACCESSES, 1000, true);
    check_trace("configs/traces/graph.twt.zst", ACCESSES, 500, false);
}

/* More than fits everywhere, reads and fetches. */
static void test_uniform(void **state)
{
    (void)state;
    check_trace("synthetic:uniform,bytes=16MiB,fetch=300,write=300", 20000, 0, true);
    check_trace("synthetic:uniform,bytes=256MiB,fetch=300,write=300", 20000, 700, false);
}

/* Mappings that come and go, with rights that not every access has: entries are dropped all the time. */
static void put_changing_trace(void)
{
    enum { PAGES = 64, STEPS = 12000 };
    struct random_source random;
    struct trace_writer *writer = trace_writer_open(twt_path);
    struct trace_change whole = {.vma = {0x400000, 0x400000 + PAGES * TRACE_PAGE, VMA_RIGHTS}};
    random_seed(&random, 1);
    assert_true(trace_writer_changes(writer, &whole, 1));
    whole.vma =
        (struct trace_vma){0x40000000, 0x40000000 + (6ull << 21), VMA_READ | VMA_WRITE | VMA_ANONYMOUS};
    assert_true(trace_writer_changes(writer, &whole, 1));
    for (unsigned step = 0; step < STEPS; step++) {
        uint64_t small = 0x400000 + random_below(&random, PAGES) * TRACE_PAGE;
        uint64_t large = 0x40000000 + ((uint64_t)random_below(&random, 6 << 9) << TRACE_PAGE_SHIFT);
        if (random_below(&random, 60) == 0) {
            uint64_t start = random_below(&random, 2) ? small : large;
            uint64_t pages =
                random_below(&random, 20) ? random_below(&random, 4) + 1 : random_below(&random, 600);
            const struct trace_change change = {.vma = {start, start + (pages + 1) * TRACE_PAGE,
                                                        (uint8_t)random_below(&random, VMA_FLAGS + 1)},
                                                .unmap = random_below(&random, 8) == 0};
            assert_true(trace_writer_changes(writer, &change, 1));
        }
        static const uint8_t attrs[] = {ATTR_USER | ACCESS_READ,
                                        ATTR_USER | ACCESS_WRITE,
                                        ATTR_USER | ACCESS_FETCH,
                                        ACCESS_READ,
                                        ACCESS_WRITE,
                                        ATTR_USER | ACCESS_READ};
        const struct trace_access access = {.va = random_below(&random, 300) == 0 ? 1ull << 60
                                                  : random_below(&random, 3)      ? small
                                                                                  : large,
                                            .attr = attrs[random_below(&random, sizeof(attrs))]};
        assert_true(trace_writer_put(writer, &access, 1));
    }
    assert_true(trace_writer_close(writer, STEPS, true));
}

static void test_changes(void **state)
{
    (void)state;
    put_changing_trace();
    for (uint32_t huge_pages = 0; huge_pages <= 1000; huge_pages += 500) {
        struct workload w = workload_of(&shapes[0], &shapes[0], false);
        w.bench.trace.huge_pages = huge_pages;
        struct stack_run run = run_stack(&w, twt_path, 0);
        assert_true(run.faults > 400 && run.non_canonical > 20);
        for (size_t at = 0; at < SHAPES; at++) {
            w = workload_of(&shapes[at], &shapes[at], at % 2);
            w.bench.trace.huge_pages = huge_pages;
            check(&w, &run, twt_path, 0, &shapes[at], &shapes[at]);
        }
        stack_run_free(&run);
    }
}

/* One fully associative array for all sizes. */
static void test_all_sizes(void **state)
{
    (void)state;
    put_changing_trace();
    static const char *const traces[] = {"configs/traces/hash_join.twt.zst", twt_path};
    for (size_t t = 0; t < 2; t++) {
        struct workload w = workload_of(&shapes[0], &shapes[0], true);
        w.params.l1d.unified = w.params.l1i.unified = 1;
        w.bench.trace.huge_pages = 500;
        struct stack_run run = run_stack(&w, traces[t], 40000);
        for (unsigned entries = 1; entries <= 128; entries = entries * 2 + 1) {
            struct statistics s;
            w.params.l1d.ways_4k = w.params.l1i.ways_4k = entries;
            workload_run(&w, traces[t], 40000, stats_path, &s);
            assert_true(statistic(&s, "l1d.misses") ==
                        stack_sim_misses(run.sims[STACK_DATA][STACK_ALL], 0, entries));
            assert_true(statistic(&s, "l1i.misses") ==
                        stack_sim_misses(run.sims[STACK_FETCHES][STACK_ALL], 0, entries));
        }
        stack_run_free(&run);
    }
}

static void test_bad_trace(void **state)
{
    (void)state;
    static const char text[] = "I  1000,1\nnothing\n";
    struct workload w = workload_default();
    struct stack_run run = {.params = &w.params, .bench = &w.bench, .trace = twt_path, .seed = 1};
    char messages[512];
    put_file(twt_path, text, strlen(text));
    int saved = catch_messages(messages_path);
    int code = stack_run(&run);
    stack_run_free(&run);
    run.trace = "build/no/such/trace";
    int code_none = stack_run(&run);
    release_messages(saved, messages_path, messages, sizeof(messages));
    stack_run_free(&run);
    assert_true(code == 2 && code_none == 2);
    assert_non_null(strstr(messages, "build/test_stack_engine.twt:2: not a line of a Lackey trace"));
    assert_non_null(strstr(messages, "build/no/such/trace"));
}

/* A configuration with another policy is told that the counts are not its own. */
static void test_other_policy(void **state)
{
    (void)state;
    static const enum replacement_policy policies[] = {POLICY_LRU, POLICY_PLRU};
    for (size_t i = 0; i < 2; i++) {
        struct workload w = workload_default();
        w.params.l1d.replacement = policies[i];
        w.params.l1i.replacement = POLICY_LRU;
        struct stack_run run = run_stack(&w, "synthetic:uniform,count=10", 10);
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        assert_non_null(out);
        stack_report_text(&run, out);
        fclose(out);
        assert_int_equal(strstr(text, "the replacement of the configuration's L1 TLBs is another") != NULL,
                         i);
        free(text);
        stack_run_free(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_programs),  cmocka_unit_test(test_uniform),
        cmocka_unit_test(test_changes),   cmocka_unit_test(test_all_sizes),
        cmocka_unit_test(test_bad_trace), cmocka_unit_test(test_other_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
