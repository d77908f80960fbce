/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of what differs, and that whoever reads them finds the names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "difference_path.h"
#include "signal_report.h"
#include "x86.h"

static void assert_written(char *text, const char *wanted)
{
    assert_non_null(text);
    assert_string_equal(text, wanted);
    free(text);
}

static void test_values(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    signal_report_value(out, "miss_queue.pend", DECODE_BITS, 5, 5);
    signal_report_value(out, "miss_queue.pend", DECODE_BITS, 5, 0);
    signal_report_value(out, "page_walker.result_tag", DECODE_TAG,
                        x86_tag(x86_vpn(0xffff800000001000), 1, true, PAGE_2M), 1);
    fclose(out);
    assert_written(text, "  miss_queue.pend                RTL {0 2}                            C {}\n"
                         "  page_walker.result_tag\n"
                         "    RTL VA 0xffff800000001000 PCID 0x1 global 2M\n"
                         "    C   VA 0x1000 PCID 0x0 4K\n");
}

static void test_entries(void **state)
{
    (void)state;
    const struct signal_entry rtl = {.valid = true, .known = true, .tag = 1, .data = 0x12 | DATA_RW};
    const struct signal_entry model = {.valid = false, .known = true, .tag = 1, .data = 0x12 | DATA_RW};
    const struct signal_entry unknown = {.valid = true};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    signal_report_entry(out, "l1d", "4k", 1, 0, &rtl, &rtl);
    signal_report_entry(out, "l1d", "4k", 1, 0, &rtl, &model);
    signal_report_entry(out, "walk_cache", "pde", 0, 1, &rtl, &model);
    signal_report_entry(out, "l2", "4k", 104, 0, &unknown, &model);
    fclose(out);
    assert_written(text, "  l1d.4k set 1 way 0\n"
                         "    RTL valid   VA 0x1000 PCID 0x0 4K frame 0x12 RW PAT 0 key 0\n"
                         "    C   invalid VA 0x1000 PCID 0x0 4K frame 0x12 RW PAT 0 key 0\n"
                         "  walk_cache.pde set 0 way 1\n"
                         "    RTL valid   VA 0x1000 PCID 0x0 table 0x12000 RW\n"
                         "    C   invalid VA 0x1000 PCID 0x0 table 0x12000 RW\n"
                         "  l2.4k set 104 way 0\n"
                         "    RTL valid (what it holds is not in the wave)\n"
                         "    C   invalid VA 0x1000 PCID 0x0 4K frame 0x12 RW PAT 0 key 0\n");
}

static void test_replacement(void **state)
{
    (void)state;
    static const uint8_t rtl[] = {0, 1, 2, 3}, model[] = {1, 0, 2, 3};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    signal_report_replacement(out, "l2", "4k", 7, rtl, rtl, 4);
    signal_report_replacement(out, "l2", "4k", 7, rtl, model, 4);
    fclose(out);
    assert_written(text, "  l2.4k set 7 replacement        RTL 0 1 2 3                          C 1 0 2 3\n");
}

/* Each value is told of once, in the cycle in which it begins to differ, and an output is known by its name.
 */
static void test_path(void **state)
{
    (void)state;
    struct difference_path *path = difference_path_create();
    char *text = NULL;
    size_t size;
    assert_false(difference_path_add(path, 7, "  miss_queue.result[1]\n    RTL a\n    C   b\n"));
    assert_true(difference_path_add(path, 9,
                                    "  miss_queue.result[1]\n    RTL c\n    C   d\n"
                                    "  mmu.resp_valid                 RTL {1}      C {}\n"));
    assert_int_equal(difference_path_first(path), 7);
    assert_int_equal(difference_path_output(path), 9);
    FILE *out = open_memstream(&text, &size);
    difference_path_print(path, out);
    fclose(out);
    assert_written(text, "cycle 7:\n  miss_queue.result[1]\n    RTL a\n    C   b\n"
                         "cycle 9, an output among them:\n"
                         "  mmu.resp_valid                 RTL {1}      C {}\n");
    difference_path_destroy(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_replacement),
        cmocka_unit_test(test_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
