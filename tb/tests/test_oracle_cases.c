/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of x86-walk-cases: what it makes of a line, and of bad ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "oracle_cases.h"

#define REGISTERS "4 1 0 0 1 1 0 0 1 4 8"
#define ENTRIES   "- 2027 3027 4007 5067"
#define AFTER     "- = = 4027 ="
#define GOOD      "4-1 va " REGISTERS " uw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER "\n"

static char path[32];

/* Opens a file with this text. */
static struct oracle_cases *cases_of(const char *text)
{
    snprintf(path, sizeof path, "/tmp/oracle_cases_XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct oracle_cases *cases = oracle_cases_open(path);
    assert_non_null(cases);
    return cases;
}

static void done(struct oracle_cases *cases)
{
    oracle_cases_close(cases);
    unlink(path);
}

static void test_a_line(void **state)
{
    (void)state;
    struct oracle_cases *cases = cases_of("# comment\n" GOOD);
    struct oracle_case test;

    assert_int_equal(oracle_cases_next(cases, &test), 1);
    assert_string_equal(test.id, "4-1");
    assert_string_equal(test.suite, "va");
    assert_int_equal(test.levels, 4);
    assert_int_equal(test.cr0, CR0_PG | CR0_WP);
    assert_int_equal(test.cr4, CR4_PAE | CR4_SMAP | CR4_PGE);
    assert_int_equal(test.efer, EFER_LME | EFER_LMA);
    assert_int_equal(test.pkru, 4);
    assert_int_equal(test.pkrs, 8);
    assert_int_equal(test.attr, ACCESS_WRITE | ATTR_USER | ATTR_AC);
    assert_int_equal(test.va, 0x8040201abc);
    assert_false(test.used[5]);
    assert_int_equal(test.address[4], 0x1008);
    assert_int_equal(test.address[1], 0x4008);
    assert_int_equal(test.after[2], 0x4027);
    assert_int_equal(test.after[1], 0x5067);
    assert_int_equal(test.fault, FAULT_NONE);
    assert_int_equal(test.pa, 0x5abc);
    assert_int_equal(oracle_cases_next(cases, &test), 0);
    done(cases);
}

static void test_memory_of_a_case(void **state)
{
    (void)state;
    struct oracle_cases *cases = cases_of(GOOD);
    struct phys_mem *phys = phys_mem_create();
    struct oracle_case test;

    assert_int_equal(oracle_cases_next(cases, &test), 1);
    oracle_case_write(&test, phys);
    assert_int_equal(phys_mem_read64(phys, 0x1008), 0x2027);
    assert_int_equal(phys_mem_read64(phys, 0x4008), 0x5067);
    oracle_case_erase(&test, phys);
    assert_int_equal(phys_mem_read64(phys, 0x1008), 0);
    assert_int_equal(phys_mem_read64(phys, 0x4008), 0);
    phys_mem_destroy(phys);
    done(cases);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "4-1 va\n",
        "4-1 va " REGISTERS " uw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER " more\n",
        "4-1 va " REGISTERS " zw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "4-1 va " REGISTERS " uq 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "4-1 va " REGISTERS " uw 8040201abcg 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "4-1 va " REGISTERS " uw 18040201abc00000000 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "4-1 va " REGISTERS " uw 8040201abc 1000 - - 3027 4007 5067 OK - 5abc " AFTER "\n",
        "4-1 va " REGISTERS " uw 8040201abc 1000 " ENTRIES " PF - - " AFTER "\n",
        "4-1 va " REGISTERS " uw 8040201abc 1000 " ENTRIES " OK - - " AFTER "\n",
        "4-1 va " REGISTERS " uw 8040201abc 1000 " ENTRIES " XX 1 - " AFTER "\n",
        "4-1 va 6 1 0 0 1 1 0 0 1 4 8 uw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "4-1 va 4 2 0 0 1 1 0 0 1 4 8 uw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER "\n",
        "a-name-that-is-too-long-for-a-case va " REGISTERS " uw 8040201abc 1000 " ENTRIES " OK - 5abc " AFTER
        "\n",
        ("4-1 va " REGISTERS),
    };
    struct oracle_case test;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct oracle_cases *cases = cases_of(bad[i]);
        assert_int_equal(oracle_cases_next(cases, &test), -1);
        done(cases);
    }
    char *line = malloc(5000);
    memset(line, 'a', 4999);
    line[4999] = 0;
    struct oracle_cases *cases = cases_of(line);
    assert_int_equal(oracle_cases_next(cases, &test), -1);
    done(cases);
    free(line);
}

static void test_no_file(void **state)
{
    (void)state;
    assert_null(oracle_cases_open("/nonexistent/cases.txt"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line),
        cmocka_unit_test(test_memory_of_a_case),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_no_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
