/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench_params.h"
#include "memory.h"
#include "random_source.h"

/* A memory, the cycle it is in, and what its listener heard last. */
struct fixture {
    struct bench_params params;
    struct phys_mem *phys;
    struct memory *memory;
    uint64_t cycle;
    unsigned served;
    uint64_t served_cycle;
    struct mem_req served_req;
    struct mem_resp served_resp;
};

static void on_served(void *self, uint64_t cycle, const struct mem_req *req, const struct mem_resp *resp)
{
    struct fixture *f = self;
    f->served++;
    f->served_cycle = cycle;
    f->served_req = *req;
    f->served_resp = *resp;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    bench_params_default(&f->params);
    f->params.memory.l1_kib = 4;
    f->params.memory.l1_ways = 4; /* 16 sets */
    f->params.memory.l2_kib = 16;
    f->params.memory.l2_ways = 8; /* 32 sets */
    f->params.memory.l1_latency = 3;
    f->params.memory.l2_latency = 10;
    f->params.memory.dram_latency = 50;
    f->params.memory.queue = 8;
    f->phys = phys_mem_create();
    *state = f;
    return f->phys ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    memory_destroy(f->memory);
    phys_mem_destroy(f->phys);
    free(f);
    return 0;
}

static void start(struct fixture *f, uint64_t seed)
{
    memory_destroy(f->memory);
    f->memory = memory_create(&f->params, f->phys, seed);
    assert_non_null(f->memory);
    memory_listen(f->memory, (struct memory_listener){.self = f, .served = on_served});
    f->cycle = 0;
}

static void step(struct fixture *f, const struct mem_req *req, bool taken)
{
    memory_step(f->memory, req, taken);
    f->cycle++;
}

/* Sends a request, takes the answer, and returns after how many cycles that could be seen. */
static uint64_t ask(struct fixture *f, struct mem_req req, struct mem_resp *resp)
{
    uint64_t from = f->cycle;
    assert_true(memory_ready(f->memory));
    step(f, &req, false);
    while (!memory_response(f->memory)) {
        assert_true(f->cycle - from < 2000);
        step(f, NULL, false);
    }
    uint64_t delay = f->cycle - from;
    *resp = *memory_response(f->memory);
    step(f, NULL, true);
    assert_null(memory_response(f->memory));
    return delay;
}

static uint64_t delay_of(struct fixture *f, uint64_t addr)
{
    struct mem_resp resp;
    return ask(f, (struct mem_req){.addr = addr}, &resp);
}

static void each_level_has_its_latency(void **state)
{
    struct fixture *f = *state;
    start(f, 1);
    assert_int_equal(delay_of(f, 0x1000), 50);
    assert_int_equal(delay_of(f, 0x1038), 3); /* the same line */
    assert_int_equal(delay_of(f, 0x1040), 50);
    for (uint64_t i = 1; i <= 4; i++) /* the four ways of the set of 0x1000 */
        assert_int_equal(delay_of(f, 0x1000 + i * 0x400), 50);
    assert_int_equal(delay_of(f, 0x1000), 10);
    const struct memory_stats *stats = memory_statistics(f->memory);
    assert_int_equal(stats->requests, 8);
    assert_int_equal(stats->l1_hits, 1);
    assert_int_equal(stats->l2_hits, 1);
    assert_int_equal(stats->dram, 6);
}

static void least_recently_used_lines_leave(void **state)
{
    struct fixture *f = *state;
    f->params.memory.l2_kib = 0;
    start(f, 1);
    for (uint64_t i = 0; i < 4; i++)
        delay_of(f, i * 0x400);
    assert_int_equal(delay_of(f, 0), 3);          /* now the second is the oldest */
    assert_int_equal(delay_of(f, 4 * 0x400), 50); /* and leaves */
    assert_int_equal(delay_of(f, 0), 3);
    assert_int_equal(delay_of(f, 2 * 0x400), 3);
    assert_int_equal(delay_of(f, 3 * 0x400), 3);
    assert_int_equal(delay_of(f, 1 * 0x400), 50);
}

static void without_caches_all_is_slow(void **state)
{
    struct fixture *f = *state;
    f->params.memory.l1_kib = f->params.memory.l2_kib = 0;
    f->params.memory.dram_latency = 1;
    start(f, 1);
    assert_int_equal(delay_of(f, 0), 1);
    f->params.memory.dram_latency = 77;
    start(f, 1);
    assert_int_equal(delay_of(f, 0), 77);
    assert_int_equal(delay_of(f, 0), 77);
}

/* Sets that are no power of two, more ways than lines: whatever the table allows works. */
static void odd_geometries_work(void **state)
{
    struct fixture *f = *state;
    f->params.memory.l1_kib = 1;
    f->params.memory.l1_ways = 64;
    f->params.memory.l2_kib = 5;
    f->params.memory.l2_ways = 7;
    start(f, 1);
    for (unsigned i = 0; i < 1000; i++)
        delay_of(f, (uint64_t)i % 90 * 64);
    const struct memory_stats *stats = memory_statistics(f->memory);
    assert_int_equal(stats->l1_hits + stats->l2_hits + stats->dram, 1000);
}

static void exchange_needs_the_expected_value(void **state)
{
    struct fixture *f = *state;
    struct mem_resp resp;
    start(f, 1);
    phys_mem_write64(f->phys, 0x80, 7);
    ask(f, (struct mem_req){.addr = 0x80, .exchange = 1, .expected = 7, .desired = 9, .tag = 3}, &resp);
    assert_int_equal(resp.data, 7);
    assert_int_equal(resp.exchanged, 1);
    assert_int_equal(resp.tag, 3);
    assert_int_equal(resp.error, 0);
    assert_int_equal(phys_mem_read64(f->phys, 0x80), 9);
    ask(f, (struct mem_req){.addr = 0x80, .exchange = 1, .expected = 7, .desired = 11}, &resp);
    assert_int_equal(resp.data, 9);
    assert_int_equal(resp.exchanged, 0);
    assert_int_equal(phys_mem_read64(f->phys, 0x80), 9);
    ask(f, (struct mem_req){.addr = 0x80}, &resp);
    assert_int_equal(resp.data, 9);
    assert_int_equal(resp.exchanged, 0);
    assert_int_equal(memory_statistics(f->memory)->exchanges, 2);
    assert_int_equal(memory_statistics(f->memory)->exchange_failures, 1);
}

static void the_value_is_that_of_the_first_visible_cycle(void **state)
{
    struct fixture *f = *state;
    start(f, 1);
    phys_mem_write64(f->phys, 0x80, 1);
    step(f, &(struct mem_req){.addr = 0x80, .tag = 5}, false);
    while (f->cycle < 49) {
        assert_null(memory_response(f->memory));
        step(f, NULL, false);
    }
    phys_mem_write64(f->phys, 0x80, 2); /* still in time */
    assert_int_equal(f->served, 0);
    step(f, NULL, false);
    assert_int_equal(f->cycle, 50);
    assert_int_equal(f->served, 1);
    assert_int_equal(f->served_cycle, 50);
    assert_int_equal(f->served_req.addr, 0x80);
    assert_int_equal(f->served_resp.data, 2);
    phys_mem_write64(f->phys, 0x80, 3); /* too late */
    for (unsigned i = 0; i < 5; i++) {  /* held until taken */
        assert_non_null(memory_response(f->memory));
        assert_int_equal(memory_response(f->memory)->data, 2);
        assert_int_equal(memory_response(f->memory)->tag, 5);
        step(f, NULL, i == 4);
    }
    assert_null(memory_response(f->memory));
    assert_int_equal(f->served, 1);
}

static void answers_come_by_due_time_then_by_acceptance(void **state)
{
    struct fixture *f = *state;
    start(f, 1);
    delay_of(f, 0x1000); /* now cached */
    uint64_t from = f->cycle;
    step(f, &(struct mem_req){.addr = 0x2000, .tag = 0}, false); /* due at +50 */
    step(f, &(struct mem_req){.addr = 0x1000, .tag = 1}, false); /* due at +4 */
    while (f->cycle < from + 47)
        step(f, NULL, memory_response(f->memory) != NULL);
    assert_int_equal(f->served, 2);
    assert_int_equal(f->served_req.tag, 1);
    step(f, &(struct mem_req){.addr = 0x1000, .tag = 2}, false); /* due at +50 too */
    step(f, NULL, false);
    step(f, NULL, false);
    assert_int_equal(f->served_cycle, from + 50);
    assert_int_equal(memory_response(f->memory)->tag, 0);
    step(f, NULL, true);
    assert_int_equal(memory_response(f->memory)->tag, 2); /* one a cycle */
    assert_int_equal(f->served_cycle, from + 51);
}

static void a_full_queue_takes_nothing(void **state)
{
    struct fixture *f = *state;
    f->params.memory.queue = 64;
    start(f, 1);
    for (unsigned i = 0; i < 64; i++) {
        assert_true(memory_ready(f->memory));
        step(f, &(struct mem_req){.addr = i * 4096ull, .tag = (uint8_t)i}, false);
    }
    while (!memory_response(f->memory)) {
        assert_false(memory_ready(f->memory));
        step(f, NULL, false);
    }
    assert_false(memory_ready(f->memory)); /* the answer on offer still counts */
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(memory_response(f->memory)->tag, i);
        step(f, NULL, true);
        assert_true(memory_ready(f->memory));
    }
    assert_null(memory_response(f->memory));
}

static void poison_ends_one_access_each(void **state)
{
    struct fixture *f = *state;
    struct mem_resp resp;
    start(f, 1);
    phys_mem_write64(f->phys, 0x80, 7);
    memory_poison(f->memory, 0x80);
    memory_poison(f->memory, 0x80);
    memory_poison(f->memory, 0x100);
    ask(f, (struct mem_req){.addr = 0x88}, &resp);
    assert_int_equal(resp.error, 0);
    ask(f, (struct mem_req){.addr = 0x80, .exchange = 1, .expected = 7, .desired = 8}, &resp);
    assert_int_equal(resp.error, 1);
    assert_int_equal(resp.exchanged, 0);
    assert_int_equal(resp.data, 0);
    assert_int_equal(f->served_resp.error, 1);
    assert_int_equal(phys_mem_read64(f->phys, 0x80), 7);
    ask(f, (struct mem_req){.addr = 0x80}, &resp);
    assert_int_equal(resp.error, 1);
    ask(f, (struct mem_req){.addr = 0x80}, &resp);
    assert_int_equal(resp.error, 0);
    assert_int_equal(resp.data, 7);
    ask(f, (struct mem_req){.addr = 0x100}, &resp);
    assert_int_equal(resp.error, 1);
    assert_int_equal(memory_statistics(f->memory)->bus_errors, 3);
}

static void bus_errors_come_as_often_as_told(void **state)
{
    struct fixture *f = *state;
    struct mem_resp resp;
    f->params.memory.bus_errors = 100000; /* 10 % */
    start(f, 4);
    unsigned errors = 0;
    for (unsigned i = 0; i < 10000; i++) {
        ask(f, (struct mem_req){.addr = 0x40}, &resp);
        errors += resp.error;
    }
    assert_in_range(errors, 850, 1150);
}

static void back_pressure_is_a_function_of_the_cycle(void **state)
{
    struct fixture *f = *state;
    enum { CYCLES = 20000 };
    static bool ready[CYCLES];
    f->params.memory.backpressure = 300;
    start(f, 9);
    unsigned held = 0;
    for (unsigned i = 0; i < CYCLES; i++) {
        ready[i] = memory_ready(f->memory);
        held += !ready[i];
        step(f, NULL, false);
    }
    assert_in_range(held, CYCLES * 28 / 100, CYCLES * 32 / 100);
    start(f, 9);
    for (unsigned i = 0; i < CYCLES; i += 7) {
        assert_int_equal(memory_ready(f->memory), ready[i]);
        memory_skip(f->memory, 7);
    }
}

/* A random client; with `skip`, idle cycles are not simulated. Returns a digest of all that was seen. */
static uint64_t run_client(struct fixture *f, uint64_t seed, bool skip)
{
    struct random_source random;
    uint64_t digest = 0, next_request = 0;
    unsigned requests = 0, answers = 0;
    start(f, seed);
    random_seed(&random, 77);
    while (answers < 4000) {
        const struct mem_resp *resp = memory_response(f->memory);
        bool take = resp && random_mix(f->cycle) % 4 != 0;
        if (take) {
            digest = random_mix(digest ^ resp->data ^ (uint64_t)resp->tag << 48 ^ f->cycle << 8);
            answers++;
        }
        bool offer = requests < 4000 && f->cycle >= next_request;
        bool accepted = offer && memory_ready(f->memory);
        struct mem_req req = {0};
        if (accepted) {
            req = (struct mem_req){.addr = random_below(&random, 4096) * 8, .tag = requests % 64};
            next_request = f->cycle + (random_chance(&random, 50) ? 200 : random_below(&random, 8));
            requests++;
        }
        uint64_t idle = memory_idle_cycles(f->memory);
        if (skip && idle > 0 && !offer) {
            uint64_t until = requests < 4000 ? next_request - f->cycle : UINT64_MAX;
            uint64_t cycles = idle < until ? idle : until;
            assert_true(cycles < UINT64_MAX);
            memory_skip(f->memory, cycles);
            f->cycle += cycles;
            continue;
        }
        step(f, accepted ? &req : NULL, take);
    }
    assert_int_equal(memory_idle_cycles(f->memory), UINT64_MAX);
    return digest;
}

static void skipping_idle_cycles_changes_nothing(void **state)
{
    struct fixture *f = *state;
    f->params.memory.jitter = 30;
    f->params.memory.backpressure = 100;
    f->params.memory.bus_errors = 1000;
    for (uint64_t addr = 0; addr < 32768; addr += 8)
        phys_mem_write64(f->phys, addr, random_mix(addr));
    uint64_t digest = run_client(f, 5, false);
    assert_int_equal(run_client(f, 5, false), digest);
    assert_int_equal(run_client(f, 5, true), digest);
    assert_int_not_equal(run_client(f, 6, false), digest);
}

static void jitter_stays_in_its_range_and_reorders(void **state)
{
    struct fixture *f = *state;
    f->params.memory.jitter = 20;
    start(f, 3);
    delay_of(f, 0);
    uint64_t seen = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t delay = delay_of(f, 0);
        assert_in_range(delay, 3, 23);
        seen |= 1ull << delay;
    }
    assert_int_equal(seen, ((1ull << 24) - 1) & ~7ull);
    unsigned out_of_order = 0;
    for (unsigned i = 0; i < 100; i++) {
        step(f, &(struct mem_req){.tag = 0}, false);
        step(f, &(struct mem_req){.tag = 1}, false);
        for (unsigned answers = 0; answers < 2;) {
            const struct mem_resp *resp = memory_response(f->memory);
            out_of_order += resp && answers == 0 && resp->tag == 1;
            answers += resp != NULL;
            step(f, NULL, resp != NULL);
        }
    }
    assert_in_range(out_of_order, 20, 60);
}

static void random_source_gives_the_same_numbers_everywhere(void **state)
{
    (void)state;
    struct random_source random;
    random_seed(&random, 0);
    assert_int_equal(random_u64(&random),
                     0x99ec5f36cb75f2b4u); /* other numbers would change every seeded run */
    assert_int_equal(random_u64(&random), 0xbf6e1f784956452au);
    unsigned counts[10] = {0}, hits = 0;
    for (unsigned i = 0; i < 100000; i++) {
        counts[random_below(&random, 10)]++;
        hits += random_chance(&random, 250);
        assert_int_equal(random_below(&random, 1), 0);
    }
    for (unsigned i = 0; i < 10; i++)
        assert_in_range(counts[i], 9500, 10500);
    assert_in_range(hits, 24000, 26000);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_level_has_its_latency),
        TEST(least_recently_used_lines_leave),
        TEST(without_caches_all_is_slow),
        TEST(odd_geometries_work),
        TEST(exchange_needs_the_expected_value),
        TEST(the_value_is_that_of_the_first_visible_cycle),
        TEST(answers_come_by_due_time_then_by_acceptance),
        TEST(a_full_queue_takes_nothing),
        TEST(poison_ends_one_access_each),
        TEST(bus_errors_come_as_often_as_told),
        TEST(back_pressure_is_a_function_of_the_cycle),
        TEST(skipping_idle_cycles_changes_nothing),
        TEST(jitter_stays_in_its_range_and_reorders),
        cmocka_unit_test(random_source_gives_the_same_numbers_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
