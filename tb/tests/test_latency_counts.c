/* SPDX-License-Identifier: Apache-2.0 */
/* Latencies in ranges: mean and shares against lists of values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "latency_counts.h"

static void exact_below_the_ranges(void **state)
{
    struct latency_counts counts = {0};

    (void)state;
    assert_int_equal(latency_counts_at(&counts, 0.5), 0);
    assert_true(latency_counts_mean(&counts) == 0);
    latency_counts_add(&counts, 1, 90);
    latency_counts_add(&counts, 9, 9);
    latency_counts_add(&counts, 63, 1);
    assert_int_equal(latency_counts_at(&counts, 0.5), 1);
    assert_int_equal(latency_counts_at(&counts, 0.9), 1);
    assert_int_equal(latency_counts_at(&counts, 0.901), 9);
    assert_int_equal(latency_counts_at(&counts, 0.99), 9);
    assert_int_equal(latency_counts_at(&counts, 0.999), 63);
    assert_true(latency_counts_mean(&counts) == (90 + 81 + 63) / 100.0);
}

/* Up to the last range, which is open: each ends at most 1/32 above its latencies, and they follow each
 * other. */
static void ranges_are_close(void **state)
{
    (void)state;
    for (uint64_t latency = 1; latency < UINT64_C(63) << 26; latency += 1 + latency / 1000) {
        struct latency_counts counts = {0};
        uint64_t at;

        latency_counts_add(&counts, latency, 1);
        latency_counts_add(&counts, UINT64_MAX / 4, 1); /* so that the largest does not bound the first */
        at = latency_counts_at(&counts, 0.5);
        assert_true(at >= latency);
        assert_true(at - latency <= latency / 32);
        assert_true(latency_range(latency + 1) - latency_range(latency) <= 1);
    }
}

static void never_above_the_largest(void **state)
{
    struct latency_counts counts = {0};

    (void)state;
    latency_counts_add(&counts, 1000, 1);
    assert_int_equal(latency_counts_at(&counts, 1), 1000);
    latency_counts_add(&counts, UINT64_MAX, 1);
    assert_int_equal(latency_counts_at(&counts, 0.5), 1007); /* the end of the range of 1000 */
    assert_int_equal(latency_counts_at(&counts, 1), UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_below_the_ranges),
        cmocka_unit_test(ranges_are_close),
        cmocka_unit_test(never_above_the_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
