/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of mmu_params_check and bench_params_check. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "bench_params.h"
#include "params.h"

static struct mmu_params mmu_defaults(void)
{
    struct mmu_params params;

    mmu_params_default(&params);
    return params;
}

static struct bench_params bench_defaults(void)
{
    struct bench_params params;

    bench_params_default(&params);
    return params;
}

static void expect_mmu(const struct mmu_params *params, const char *key, const char *part_of_reason)
{
    const char *found = NULL;
    const char *reason = mmu_params_check(params, &found);

    assert_non_null(reason);
    assert_string_equal(found, key);
    assert_non_null(strstr(reason, part_of_reason));
}

static void expect_bench(const struct bench_params *params, const char *key, const char *part_of_reason)
{
    const char *found = NULL;
    const char *reason = bench_params_check(params, &found);

    assert_non_null(reason);
    assert_string_equal(found, key);
    assert_non_null(strstr(reason, part_of_reason));
}

static void defaults_pass(void **state)
{
    struct mmu_params mmu = mmu_defaults();
    struct bench_params bench = bench_defaults();
    const char *key;

    (void)state;
    assert_null(mmu_params_check(&mmu, &key));
    assert_null(bench_params_check(&bench, &key));
}

/* Each key of the table in turn, one below its minimum and one above its maximum. */
static void every_mmu_range_is_checked(void **state)
{
    (void)state;
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help)                                           \
    {                                                                                                        \
        struct mmu_params params = mmu_defaults();                                                           \
        params.section.key = (uint32_t)(max) + 1;                                                            \
        expect_mmu(&params, #section "." #key, "must be " #min " to " #max);                                 \
        if ((min) > 0) {                                                                                     \
            params.section.key = (uint32_t)(min)-1;                                                          \
            expect_mmu(&params, #section "." #key, "must be " #min " to " #max);                             \
        }                                                                                                    \
    }
#include "params.def"
}

static void every_bench_range_is_checked(void **state)
{
    (void)state;
#define PARAM(section, key, type, dflt, min, max, unit, help)                                                \
    {                                                                                                        \
        struct bench_params params = bench_defaults();                                                       \
        params.section.key = (uint32_t)(max) + 1;                                                            \
        expect_bench(&params, #section "." #key, "must be " #min " to " #max);                               \
        if ((min) > 0) {                                                                                     \
            params.section.key = (uint32_t)(min)-1;                                                          \
            expect_bench(&params, #section "." #key, "must be " #min " to " #max);                           \
        }                                                                                                    \
    }
#include "bench_params.def"
}

static void sets_are_powers_of_two(void **state)
{
    (void)state;
#define EXPECT_POWER_OF_TWO(section_key)                                                                     \
    {                                                                                                        \
        struct mmu_params params = mmu_defaults();                                                           \
        params.section_key = 3;                                                                              \
        expect_mmu(&params, #section_key, "power of two");                                                   \
    }
    EXPECT_POWER_OF_TWO(l1i.sets_4k)
    EXPECT_POWER_OF_TWO(l1i.sets_2m)
    EXPECT_POWER_OF_TWO(l1i.sets_1g)
    EXPECT_POWER_OF_TWO(l1d.sets_4k)
    EXPECT_POWER_OF_TWO(l1d.sets_2m)
    EXPECT_POWER_OF_TWO(l1d.sets_1g)
    EXPECT_POWER_OF_TWO(l2.sets)
    EXPECT_POWER_OF_TWO(l2.sets_2m)
    EXPECT_POWER_OF_TWO(l2i.sets)
    EXPECT_POWER_OF_TWO(l2i.sets_2m)
    EXPECT_POWER_OF_TWO(walk_cache.sets_pml5e)
    EXPECT_POWER_OF_TWO(walk_cache.sets_pml4e)
    EXPECT_POWER_OF_TWO(walk_cache.sets_pdpte)
    EXPECT_POWER_OF_TWO(walk_cache.sets_pde)
}

static void arrays_have_a_largest_size(void **state)
{
    struct mmu_params params = mmu_defaults();
    const char *key;

    (void)state;
    params.l1d.sets_4k = 1024;
    params.l1d.ways_4k = 16;
    assert_null(mmu_params_check(&params, &key));
    params.l1d.ways_4k = 17;
    expect_mmu(&params, "l1d.sets_4k", "16384");

    /* An array that is not there may have any size. */
    params.l1d.unified = 1;
    assert_null(mmu_params_check(&params, &key));
    params.l2i.sets = 1024;
    params.l2i.ways = 32;
    assert_null(mmu_params_check(&params, &key));
    params.l2.split = 1;
    expect_mmu(&params, "l2i.sets", "16384");
}

static void miss_queue_has_room_for_every_port(void **state)
{
    struct mmu_params params = mmu_defaults();
    const char *key;

    (void)state;
    for (uint32_t ports = 1; ports <= 3; ports++) {
        params.mmu.data_ports = ports;
        params.mmu.miss_queue = 2 * (1 + ports);
        assert_null(mmu_params_check(&params, &key));
        params.mmu.miss_queue--;
        /* With one port that is below the range already. */
        expect_mmu(&params, "mmu.miss_queue", "must be");
    }
}

static void ways_may_be_any_number(void **state)
{
    struct mmu_params params = mmu_defaults();
    const char *key;

    (void)state;
    for (uint32_t policy = POLICY_LRU; policy <= POLICY_RANDOM; policy++) {
        params.l1d.replacement = policy;
        for (uint32_t ways = 1; ways <= 128; ways++) {
            params.l1d.ways_4k = ways;
            assert_null(mmu_params_check(&params, &key));
        }
    }
}

static void memory_caches_divide_into_sets(void **state)
{
    struct bench_params params = bench_defaults();
    const char *key;

    (void)state;
    params.memory.l1_ways = 7;
    expect_bench(&params, "memory.l1_ways", "power of two");
    params.memory.l1_kib = 0;
    assert_null(bench_params_check(&params, &key));
    params.memory.l2_kib = 48;
    params.memory.l2_ways = 8; /* 96 sets */
    expect_bench(&params, "memory.l2_ways", "power of two");
    params.memory.l2_ways = 12; /* 64 sets */
    assert_null(bench_params_check(&params, &key));
}

static void weights_in_use_are_not_all_zero(void **state)
{
    struct bench_params params = bench_defaults();
    const char *key;

    (void)state;
    params.random.weight_user = 0;
    assert_null(bench_params_check(&params, &key));
    params.random.weight_supervisor = 0;
    expect_bench(&params, "random.weight_user", "modes");

    params = bench_defaults();
    params.random.weight_read = params.random.weight_write = params.random.weight_implicit = 0;
    expect_bench(&params, "random.weight_read", "accesses");

    params = bench_defaults();
    params.random.weight_invlpg = params.random.weight_invpcid = params.random.weight_cr3 = 0;
    params.random.weight_cr0 = params.random.weight_cr4 = params.random.weight_efer = 0;
    params.random.weight_pkeys = 0;
    expect_bench(&params, "random.weight_invlpg", "operations");
    params.random.op_rate = 0;
    assert_null(bench_params_check(&params, &key));

    params = bench_defaults();
    params.random.weight_map = params.random.weight_unmap = params.random.weight_permission = 0;
    params.random.weight_clear_ad = params.random.weight_promote = params.random.weight_split = 0;
    params.random.weight_alias = params.random.weight_corrupt = params.random.weight_poison = 0;
    expect_bench(&params, "random.weight_map", "software");
    params.random.software_rate = 0;
    assert_null(bench_params_check(&params, &key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_pass),
        cmocka_unit_test(every_mmu_range_is_checked),
        cmocka_unit_test(every_bench_range_is_checked),
        cmocka_unit_test(sets_are_powers_of_two),
        cmocka_unit_test(arrays_have_a_largest_size),
        cmocka_unit_test(miss_queue_has_room_for_every_port),
        cmocka_unit_test(ways_may_be_any_number),
        cmocka_unit_test(memory_caches_divide_into_sets),
        cmocka_unit_test(weights_in_use_are_not_all_zero),
    };

    return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
