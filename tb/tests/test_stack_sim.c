/* SPDX-License-Identifier: Apache-2.0 */
/* All arrays at once, against one array at a time that is simulated as it stands in the book. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random_source.h"
#include "stack_sim.h"

enum { MOST_PAGES = 1024, STEPS = 60000 };

/* One array: a fill takes an invalid way, else the one used least recently. */
struct array {
    unsigned set_bits, ways;
    uint64_t misses, now;
    uint64_t *pages; /* plus one; 0: invalid */
    uint64_t *used;
};

static struct array make_array(unsigned set_bits, unsigned ways)
{
    size_t entries = (size_t)ways << set_bits;
    struct array array = {.set_bits = set_bits,
                          .ways = ways,
                          .pages = calloc(entries, sizeof(*array.pages)),
                          .used = calloc(entries, sizeof(*array.used))};
    assert_true(array.pages && array.used);
    return array;
}

static size_t set_start(const struct array *array, uint64_t page)
{
    return (size_t)(page & ((1ull << array->set_bits) - 1)) * array->ways;
}

/* Index of the page's entry, or SIZE_MAX. */
static size_t look(const struct array *array, uint64_t page)
{
    size_t start = set_start(array, page);
    for (size_t i = start; i < start + array->ways; i++)
        if (array->pages[i] == page + 1)
            return i;
    return SIZE_MAX;
}

static void array_access(struct array *array, uint64_t page, bool fill)
{
    size_t at = look(array, page), start = set_start(array, page);
    array->misses += at == SIZE_MAX;
    if (at == SIZE_MAX && !fill)
        return;
    if (at == SIZE_MAX) {
        at = start;
        for (size_t i = start; i < start + array->ways && array->pages[at]; i++)
            if (!array->pages[i] || array->used[i] < array->used[at])
                at = i;
    }
    array->pages[at] = fill ? page + 1 : 0;
    array->used[at] = ++array->now;
}

static void array_drop(struct array *array, uint64_t page)
{
    size_t at = look(array, page);
    if (at != SIZE_MAX)
        array->pages[at] = 0;
}

static const struct {
    unsigned set_bits, ways;
} shapes[] = {{0, 1}, {0, 2}, {0, 7},  {0, 16}, {0, 100}, {0, 128}, {1, 3},  {2, 4},
              {3, 1}, {4, 4}, {4, 12}, {5, 5},  {7, 2},   {8, 128}, {10, 1}, {10, 4}};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

/* What is done to a page, in 1/1000; all other steps are accesses. */
struct mix {
    unsigned pages, again, drop, refuse, clear;
};

static void run(const struct mix *mix, uint64_t seed)
{
    struct stack_sim *sim = stack_sim_create(STACK_SET_BITS);
    struct array arrays[SHAPES];
    struct random_source random;
    uint64_t page = 0, accesses = 0;
    assert_non_null(sim);
    random_seed(&random, seed);
    for (size_t i = 0; i < SHAPES; i++)
        arrays[i] = make_array(shapes[i].set_bits, shapes[i].ways);
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned what = random_below(&random, 1000);
        /* many of few pages, some of all */
        if (what >= mix->again)
            page = random_below(&random, random_below(&random, 3) ? mix->pages / 8 : mix->pages);
        what = random_below(&random, 1000);
        uint32_t id = (uint32_t)page + 1;
        bool drop = what < mix->drop, refuse = !drop && what < mix->drop + mix->refuse;
        if (drop) {
            stack_sim_drop(sim, id, page);
        } else if (refuse) {
            stack_sim_refuse(sim, id, page);
        } else if (random_below(&random, 10000) < mix->clear) {
            stack_sim_clear(sim);
            for (size_t i = 0; i < SHAPES; i++)
                memset(arrays[i].pages, 0, (sizeof(uint64_t) * arrays[i].ways) << arrays[i].set_bits);
            continue;
        } else {
            stack_sim_access(sim, id, page);
            stack_sim_repeat(sim, 2);
        }
        accesses += drop ? 0 : refuse ? 1 : 3;
        for (size_t i = 0; i < SHAPES; i++) {
            if (drop)
                array_drop(&arrays[i], page);
            else
                array_access(&arrays[i], page, !refuse);
        }
    }
    assert_true(stack_sim_accesses(sim) == accesses);
    for (size_t i = 0; i < SHAPES; i++) {
        uint64_t misses = stack_sim_misses(sim, shapes[i].set_bits, shapes[i].ways);
        if (misses != arrays[i].misses)
            fail_msg("seed %u, %u sets of %u ways: %u misses, expected %u", (unsigned)seed,
                     1u << shapes[i].set_bits, shapes[i].ways, (unsigned)misses, (unsigned)arrays[i].misses);
        free(arrays[i].pages);
        free(arrays[i].used);
    }
    stack_sim_destroy(sim);
}

static void test_accesses(void **state)
{
    (void)state;
    static const struct mix mix[] = {{1024, 300, 0, 0, 0}, {200, 0, 0, 0, 0}, {16, 500, 0, 0, 0}};
    for (size_t i = 0; i < 3; i++)
        run(&mix[i], i);
}

static void test_drops(void **state)
{
    (void)state;
    static const struct mix mix[] = {{1024, 300, 50, 0, 0},
                                     {200, 0, 300, 0, 0},
                                     {64, 100, 100, 100, 0},
                                     {300, 100, 30, 10, 20},
                                     {16, 0, 400, 0, 0}};
    for (size_t i = 0; i < 5; i++)
        run(&mix[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accesses), cmocka_unit_test(test_drops)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
