/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "phys_mem.h"
#include "random_source.h"

enum { PAGE = 4096 };

static struct phys_mem *create(void)
{
    struct phys_mem *mem = phys_mem_create();
    assert_non_null(mem);
    return mem;
}

static void untouched_memory_reads_as_zero(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    assert_int_equal(phys_mem_read64(mem, 0), 0);
    assert_int_equal(phys_mem_read64(mem, (1ull << 52) - 8), 0);
    assert_false(phys_mem_backed(mem, 0));
    phys_mem_destroy(mem);
}

static void written_words_read_back(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    static const uint64_t addresses[] = {0, 8, PAGE - 8, PAGE, 1ull << 32, (1ull << 52) - 8};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(phys_mem_read64(mem, addresses[i]), 0); /* remembered as a zero page, then not */
        phys_mem_write64(mem, addresses[i], 0x1122334455667788u + i);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(phys_mem_read64(mem, addresses[i]), 0x1122334455667788u + i);
        assert_true(phys_mem_backed(mem, addresses[i]));
    }
    assert_int_equal(phys_mem_read64(mem, 16), 0);
    phys_mem_destroy(mem);
}

static void loads_cross_pages_at_any_alignment(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    uint8_t bytes[3 * PAGE];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    phys_mem_load(mem, 2 * PAGE - 3, bytes, sizeof(bytes));
    uint64_t word;
    memcpy(&word, bytes + 3, 8);
    assert_int_equal(phys_mem_read64(mem, 2 * PAGE), word);
    memcpy(&word, bytes + 3 + PAGE, 8);
    assert_int_equal(phys_mem_read64(mem, 3 * PAGE), word);
    assert_int_equal(phys_mem_read64(mem, 2 * PAGE - 8) >> 40,
                     (uint64_t)bytes[0] | (uint64_t)bytes[1] << 8 | (uint64_t)bytes[2] << 16);
    phys_mem_load(mem, 0, NULL, 0);
    phys_mem_destroy(mem);
}

static void mapped_pages_are_copied_on_write(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    uint8_t *bytes = calloc(4, PAGE), *copy = malloc(4 * PAGE);
    for (size_t i = 0; i < 4 * PAGE - 1; i++)
        bytes[i + 1] = (uint8_t)i; /* from an odd address: files align nothing */
    memcpy(copy, bytes, 4 * PAGE);
    assert_int_equal(phys_mem_read64(mem, 5 * PAGE), 0);
    assert_int_equal(phys_mem_map(mem, 5 * PAGE, bytes + 1, 3 * PAGE), 0);
    assert_int_equal(phys_mem_read64(mem, 5 * PAGE), 0x0706050403020100u);
    assert_int_equal(phys_mem_read64(mem, 4 * PAGE), 0);
    assert_int_equal(phys_mem_read64(mem, 8 * PAGE), 0);
    assert_true(phys_mem_backed(mem, 7 * PAGE));
    assert_false(phys_mem_backed(mem, 8 * PAGE));

    phys_mem_write64(mem, 6 * PAGE + 8, 42);
    assert_int_equal(phys_mem_read64(mem, 6 * PAGE + 8), 42);
    assert_int_equal(phys_mem_read64(mem, 6 * PAGE), 0x0706050403020100u);
    assert_int_equal(phys_mem_read64(mem, 6 * PAGE + 16), 0x1716151413121110u);
    assert_memory_equal(bytes, copy, 4 * PAGE);
    phys_mem_destroy(mem);
    free(bytes);
    free(copy);
}

static void ranges_do_not_overlap(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    uint8_t *bytes = calloc(8, PAGE);
    assert_int_equal(phys_mem_map(mem, 10 * PAGE, bytes, 4 * PAGE), 0);
    assert_int_equal(phys_mem_map(mem, 8 * PAGE, bytes, 2 * PAGE), 0);
    assert_int_equal(phys_mem_map(mem, 14 * PAGE, bytes, PAGE), 0);
    assert_int_equal(phys_mem_map(mem, 13 * PAGE, bytes, PAGE), -1);
    assert_int_equal(phys_mem_map(mem, 7 * PAGE, bytes, 2 * PAGE), -1);
    assert_int_equal(phys_mem_map(mem, 0, bytes, 0), 0);
    phys_mem_destroy(mem);
    free(bytes);
}

static void pages_written_before_a_map_stay(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    uint8_t bytes[2 * PAGE];
    memset(bytes, 0xff, sizeof(bytes));
    phys_mem_write64(mem, PAGE, 1);
    assert_int_equal(phys_mem_map(mem, PAGE, bytes, 2 * PAGE), 0);
    assert_int_equal(phys_mem_read64(mem, PAGE), 1);
    assert_int_equal(phys_mem_read64(mem, 2 * PAGE), UINT64_MAX);
    phys_mem_destroy(mem);
}

struct change {
    unsigned count;
    const struct phys_mem *mem;
    uint64_t addr, old_value, new_value, seen;
};

static void observe(void *self, uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    struct change *change = self;
    change->count++;
    change->addr = addr;
    change->old_value = old_value;
    change->new_value = new_value;
    change->seen = phys_mem_read64(change->mem, addr);
}

static void the_observer_hears_of_changes_before_they_happen(void **state)
{
    (void)state;
    struct phys_mem *mem = create();
    struct change change = {.mem = mem};
    phys_mem_observe(mem, observe, &change);
    phys_mem_write64(mem, 64, 0); /* changes nothing */
    assert_int_equal(change.count, 0);
    assert_false(phys_mem_backed(mem, 64));
    phys_mem_write64(mem, 64, 5);
    phys_mem_write64(mem, 64, 5);
    phys_mem_write64(mem, 64, 6);
    assert_int_equal(change.count, 2);
    assert_int_equal(change.addr, 64);
    assert_int_equal(change.old_value, 5);
    assert_int_equal(change.new_value, 6);
    assert_int_equal(change.seen, 5);
    phys_mem_observe(mem, NULL, NULL);
    phys_mem_write64(mem, 64, 7);
    assert_int_equal(change.count, 2);
    phys_mem_destroy(mem);
}

/* More pages than the table of recent ones has, over mapped and unmapped memory, against a plain array. */
static void random_traffic_agrees_with_an_array(void **state)
{
    (void)state;
    enum { PAGES = 6000, STRIDE = 0x12345 };
    struct phys_mem *mem = create();
    uint64_t *reference = calloc(PAGES, sizeof(*reference)); /* one word per page */
    uint64_t *file = calloc((PAGES / 2) * (PAGE / 8), sizeof(*file));
    for (unsigned page = 0; page < PAGES / 2; page++) {
        reference[page] = file[page * (PAGE / 8) + page % 512] = random_mix(page);
        assert_int_equal(phys_mem_map(mem, (uint64_t)page * STRIDE * PAGE, file + page * (PAGE / 8), PAGE),
                         0);
    }
    struct random_source random;
    random_seed(&random, 1);
    for (unsigned i = 0; i < 300000; i++) {
        uint64_t page = random_below(&random, PAGES);
        uint64_t addr = page * STRIDE * PAGE + page % 512 * 8;
        if (random_chance(&random, 200)) {
            reference[page] = random_u64(&random);
            phys_mem_write64(mem, addr, reference[page]);
        }
        assert_int_equal(phys_mem_read64(mem, addr), reference[page]);
    }
    phys_mem_destroy(mem);
    free(file);
    free(reference);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched_memory_reads_as_zero),
        cmocka_unit_test(written_words_read_back),
        cmocka_unit_test(loads_cross_pages_at_any_alignment),
        cmocka_unit_test(mapped_pages_are_copied_on_write),
        cmocka_unit_test(ranges_do_not_overlap),
        cmocka_unit_test(pages_written_before_a_map_stay),
        cmocka_unit_test(the_observer_hears_of_changes_before_they_happen),
        cmocka_unit_test(random_traffic_agrees_with_an_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
