/* SPDX-License-Identifier: Apache-2.0 */
/* A trace in memory is played as from its file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bench.h"
#include "sweep_state.h"
#include "test_files.h"
#include "trace_memory.h"

static const char results[] = "build/test_trace_memory.json";

/* The statistics of a run of the model; memory NULL: from the file. */
static json_t *play(const char *path, struct trace_memory *memory, uint64_t accesses)
{
    struct mmu_params params;
    struct bench_params bench;
    struct bench_options options;
    json_t *root;

    mmu_params_default(&params);
    bench_params_default(&bench);
    bench.trace.huge_pages = 300;
    options = bench_defaults(&params, &bench, ENGINE_MODEL);
    options.trace = path;
    if (memory != NULL) {
        options.open_stimulus = trace_memory_open;
        options.open_self = memory;
    }
    options.accesses = accesses;
    options.seed = 1;
    options.json = results;
    options.quiet = true;
    assert_int_equal(bench_run(&options), 0);
    root = json_load_file(results, 0, NULL);
    assert_non_null(root);
    unlink(results);
    return root;
}

static void as_from_the_file(const char *path, uint64_t accesses)
{
    bool too_large = true;
    struct trace_memory *memory = trace_memory_load(path, accesses, UINT64_MAX, &too_large);
    json_t *from_file = play(path, NULL, accesses);
    char difference[256] = "";

    assert_non_null(memory);
    assert_false(too_large);
    /* Each time anew. */
    for (unsigned i = 0; i < 2; i++) {
        json_t *from_memory = play(path, memory, accesses);

        if (!statistics_agree(from_file, from_memory, difference, sizeof(difference)))
            fail_msg("%s: %s", path, difference);
        json_decref(from_memory);
    }
    json_decref(from_file);
    trace_memory_free(memory);
}

static void as_from_files(void **state)
{
    (void)state;
    as_from_the_file("configs/traces/sqlite3.twt.zst", 150000);
    as_from_the_file("configs/traces/compiler.twt.zst", 300000); /* which has mappings, and changes of them */
    as_from_the_file("synthetic:uniform,count=30000,fetch=300,write=200", UINT64_MAX);
}

static void counts_instructions(void **state)
{
    bool too_large;
    struct trace_memory *memory =
        trace_memory_load("synthetic:sequential,count=9000,fetch=1000", UINT64_MAX, UINT64_MAX, &too_large);

    (void)state;
    assert_non_null(memory);
    assert_int_equal(trace_memory_instructions(memory, 9000), 9000);
    assert_int_equal(trace_memory_instructions(memory, 8999), 0);
    trace_memory_free(memory);
    assert_int_equal(trace_file_instructions("synthetic:sequential,count=9000,fetch=1000", 9000), 9000);
    assert_int_equal(trace_file_instructions("synthetic:sequential,count=9000,fetch=1000", 4096), 0);
}

/* A bound that is the trace's length leaves nothing out; one below it does. */
static void counts_instructions_of_all_alone(void **state)
{
    static const char trace[] = "configs/traces/hash_join.twt.zst";
    const uint64_t all = 4999997, bounds[] = {all, 8192, 4097, 100};
    bool too_large;

    (void)state;
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
        struct trace_memory *memory = trace_memory_load(trace, bounds[i], UINT64_MAX, &too_large);

        assert_non_null(memory);
        assert_int_equal(trace_memory_instructions(memory, bounds[i]), bounds[i] == all ? 3797267 : 0);
        trace_memory_free(memory);
    }
    assert_int_equal(trace_file_instructions(trace, all), 3797267);
    assert_int_equal(trace_file_instructions(trace, all - 1), 0);
}

static void a_bound_on_its_size(void **state)
{
    bool too_large = false;

    (void)state;
    assert_null(trace_memory_load("synthetic:uniform,count=50000", UINT64_MAX, 40000, &too_large));
    assert_true(too_large);
    assert_null(trace_memory_load("no/such/trace", UINT64_MAX, 40000, &too_large));
    assert_false(too_large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_from_files),
        cmocka_unit_test(counts_instructions),
        cmocka_unit_test(counts_instructions_of_all_alone),
        cmocka_unit_test(a_bound_on_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
