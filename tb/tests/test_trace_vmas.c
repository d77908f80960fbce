/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of mappings, against a table that has an entry for each page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random_source.h"
#include "trace_vmas.h"

enum { PAGES = 48, PAGE = 4096, NOTHING = 0xff, CHANGES = 20000 };

/* The list says what the table does, in order, and neighbours that are alike are one. */
static void assert_same(const struct trace_vmas *vmas, const uint8_t *pages)
{
    for (uint64_t page = 0; page < PAGES; page++) {
        const struct trace_vma *vma = trace_vmas_find(vmas, page * PAGE + page);
        assert_int_equal(vma ? vma->flags : NOTHING, pages[page]);
    }
    for (size_t i = 0; i < vmas->count; i++) {
        assert_true(vmas->list[i].start < vmas->list[i].end);
        if (i == 0)
            continue;
        assert_true(vmas->list[i - 1].end <= vmas->list[i].start);
        assert_false(vmas->list[i - 1].end == vmas->list[i].start &&
                     vmas->list[i - 1].flags == vmas->list[i].flags);
    }
}

static void test_changes(void **state)
{
    (void)state;
    struct trace_vmas vmas = {0};
    struct random_source random;
    uint8_t pages[PAGES];
    memset(pages, NOTHING, sizeof(pages));
    random_seed(&random, 1);
    for (unsigned i = 0; i < CHANGES; i++) {
        unsigned start = random_below(&random, PAGES), end = start + 1 + random_below(&random, 8);
        end = end > PAGES ? PAGES : end;
        struct trace_change change = {
            .vma = {start * PAGE, (uint64_t)end * PAGE, (uint8_t)random_below(&random, 2)},
            .unmap = random_below(&random, 3) == 0,
        };
        assert_true(trace_vmas_apply(&vmas, &change));
        memset(pages + start, change.unmap ? NOTHING : change.vma.flags, end - start);
        assert_same(&vmas, pages);
    }
    trace_vmas_free(&vmas);
}

/* More than there is room for at first. */
static void test_many(void **state)
{
    (void)state;
    struct trace_vmas vmas = {0};
    for (uint64_t i = 0; i < 1000; i++) {
        struct trace_change change = {.vma = {(1000 - i) * 2 * PAGE, ((1000 - i) * 2 + 1) * PAGE, VMA_READ}};
        assert_true(trace_vmas_apply(&vmas, &change));
    }
    assert_int_equal(vmas.count, 1000);
    assert_null(trace_vmas_find(&vmas, PAGE));
    assert_true(trace_vmas_find(&vmas, 2 * PAGE) == &vmas.list[0]);
    assert_null(trace_vmas_find(&vmas, 3 * PAGE));
    assert_true(trace_vmas_find(&vmas, 2000 * PAGE + 4095) == &vmas.list[999]);
    assert_null(trace_vmas_find(&vmas, UINT64_MAX));
    trace_vmas_free(&vmas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_changes), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
