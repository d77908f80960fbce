/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is recorded of a run, said again as a script: to the cycle when it is the
 * whole run. The rest of shrinking is tested with real bugs, in shrink.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "config.h"
#include "record.h"
#include "shrink_labels.h"
#include "shrink_rename.h"
#include "shrink_window.h"
#include "table_builder.h"
#include "test_files.h"

#define DIRECTORY "build/test_shrink"
#define SCRIPT    DIRECTORY "/replay.tw"
#define FIRST     DIRECTORY "/first.jsonl"
#define SECOND    DIRECTORY "/second.jsonl"

enum { RESULTS_BYTES = 64 << 20 };

static int set_up(void **state)
{
    (void)state;
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    return 0;
}

static size_t print_case(const struct shrink_case *c)
{
    FILE *out = fopen(SCRIPT, "w");
    assert_non_null(out);
    size_t statements = shrink_case_print(c, NULL, out);
    assert_int_equal(fclose(out), 0);
    return statements;
}

static void assert_same_results(void)
{
    char *first = malloc(RESULTS_BYTES), *second = malloc(RESULTS_BYTES);
    assert_non_null(first);
    assert_non_null(second);
    size_t length = get_file(FIRST, first, RESULTS_BYTES);
    assert_true(length > 0 && length < RESULTS_BYTES);
    assert_int_equal(get_file(SECOND, second, RESULTS_BYTES), length);
    assert_memory_equal(first, second, length);
    free(first);
    free(second);
}

/* A run and its replay have the same answers in the same cycles. */
static void replay(const char *configuration, const char *image, uint64_t seed, const char *const *settings,
                   size_t count)
{
    struct config config;
    assert_int_equal(config_open(&config, configuration, settings, count), 0);
    struct bench_options run = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    run.quiet = true;
    run.seed = seed;
    run.judge = true;

    struct bench_options first = run;
    first.random = true;
    first.image = image;
    first.accesses = 5000;
    first.results = FIRST;
    first.record = record_create();
    assert_non_null(first.record);
    assert_int_equal(bench_run(&first), 0);
    assert_false(record_is_cut(first.record));

    struct shrink_case c = {.bench = config.bench, .seed = seed};
    assert_true(shrink_window(&c, first.record, 0));
    size_t statements = print_case(&c);
    assert_true(statements > 5000);

    struct bench_options second = run;
    second.script = SCRIPT;
    second.results = SECOND;
    assert_int_equal(bench_run(&second), 0);
    assert_same_results();

    shrink_case_free(&c);
    record_destroy(first.record);
    config_close(&config);
}

static void test_a_whole_run_is_the_same_to_the_cycle(void **state)
{
    (void)state;
    static const char *const busy[] = {"random.op_rate=100", "random.software_rate=100", "memory.jitter=30",
                                       "memory.backpressure=300", "memory.bus_errors=3000"};
    for (uint64_t seed = 1; seed <= 3; seed++)
        replay("tiny", NULL, seed, NULL, 0);
    replay("tiny", NULL, 4, busy, sizeof(busy) / sizeof(busy[0]));
    replay("default", NULL, 5, busy, sizeof(busy) / sizeof(busy[0]));
}

static void test_an_image_becomes_words(void **state)
{
    (void)state;
    replay("zen4", "configs/images/linux-l4.tables.bin.zst", 6, NULL, 0);
}

static void test_an_end_of_a_run_is_legal(void **state)
{
    (void)state;
    struct config config;
    assert_int_equal(config_open(&config, "tiny", NULL, 0), 0);
    struct bench_options run = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    run.quiet = true;
    run.judge = true;
    struct bench_options first = run;
    first.random = true;
    first.accesses = 20000;
    first.record = record_create();
    assert_non_null(first.record);
    assert_int_equal(bench_run(&first), 0);
    for (size_t events = 100; events <= 6400; events *= 4) {
        struct shrink_case c = {.bench = config.bench, .seed = 1};
        struct bench_options second = run;
        size_t start = shrink_window_start(first.record, events), found = 0;

        assert_true(start > 0);
        assert_true(shrink_window(&c, first.record, start));
        for (size_t i = 0; i < c.count; i++)
            found += c.items[i].kind != SHRINK_INITIAL && c.items[i].gap == GAP_AT;
        assert_int_equal(found, events);
        print_case(&c);
        second.script = SCRIPT;
        second.results = SECOND;
        assert_int_equal(bench_run(&second), 0);
        shrink_case_free(&c);
    }
    record_destroy(first.record);
    config_close(&config);
}

static struct shrink_item word(uint64_t address, uint64_t value)
{
    return (struct shrink_item){.kind = SHRINK_INITIAL, .address = address, .value = value};
}

static void test_pages_get_small_numbers(void **state)
{
    (void)state;
    struct shrink_case c = {0};
    const struct shrink_item items[] = {
        word(0x90000088, 0x7000 | ENTRY_P | ENTRY_NX), /* PTE; 0x7000 is no page of tables */
        word(0xabcdef000, 0x90000000 | ENTRY_P),       /* PDE */
        word(0xfedcba000, 0xabcdef000 | ENTRY_P),      /* PDPTE */
        word(0x123456000, 0xfedcba000 | ENTRY_P),      /* PML4E */
        {.kind = SHRINK_OP, .op = OP_WRITE_CR3, .value = 0x123456000 | 5},
        {.kind = SHRINK_ACCESS, .address = 0x11000, .port = 1},
        {.kind = SHRINK_POISON, .address = 0xabcdef000},
    };
    for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
        assert_true(shrink_case_add(&c, &items[i]));
    assert_int_equal(shrink_rename_count(&c, RENAME_TABLES), 5);
    assert_int_equal(shrink_rename_count(&c, RENAME_FRAMES), 2);

    assert_true(shrink_rename(&c, RENAME_TABLES, 0));
    assert_int_equal(c.count, 7);
    /* in the order of the walk, and sorted */
    static const struct {
        uint64_t address, value;
    } wanted[] = {
        {0x1000, 0x2001}, {0x2000, 0x3001}, {0x3000, 0x4001}, {0x4088, 0x7000 | ENTRY_P | ENTRY_NX}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(c.items[i].address, wanted[i].address);
        assert_int_equal(c.items[i].value, wanted[i].value);
    }
    assert_int_equal(c.items[4].value, 0x1005);
    assert_int_equal(c.items[6].address, 0x3000);

    struct shrink_labels *labels = shrink_labels_create(&c);
    assert_string_equal(shrink_label(labels, 0x1000), "PML4E of 0x11000");
    assert_string_equal(shrink_label(labels, 0x4088), "PTE of 0x11000");
    assert_null(shrink_label(labels, 0x4080));
    shrink_labels_destroy(labels);

    assert_true(shrink_rename(&c, RENAME_FRAMES, 1));
    assert_int_equal(c.items[3].value, ENTRY_P | ENTRY_NX);
    /* nothing is left to be renamed: no candidate */
    assert_true(shrink_rename(&c, RENAME_TABLES, 0));
    assert_int_equal(c.count, 0);
    shrink_case_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_whole_run_is_the_same_to_the_cycle),
        cmocka_unit_test(test_an_image_becomes_words),
        cmocka_unit_test(test_an_end_of_a_run_is_legal),
        cmocka_unit_test(test_pages_get_small_numbers),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
