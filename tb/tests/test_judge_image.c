/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge on the page tables of a running Linux, against what the emulator
 * that ran it said of them: each of 75,000 pages, and 1,195 single addresses.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compressed_file.h"
#include "image.h"
#include "judge_fixture.h"

enum { PAGES = 75354, ADDRESSES = 1195, UNMAPPED = 270, READ = ACCESS_READ | ATTR_AC };

static struct image *image;

static int setup(void **state)
{
    (void)state;
    fixture_create(&fixture, 40);
    image = image_open("configs/images/linux-l4.tables.bin.zst", fixture.phys);
    if (!image || !image->has_registers)
        return -1;
    fixture_op(&fixture, OP_WRITE_CR0, image->cr0);
    fixture_op(&fixture, OP_WRITE_CR4, image->cr4);
    fixture_op(&fixture, OP_WRITE_EFER, image->efer);
    fixture_op(&fixture, OP_WRITE_CR3, image->cr3);
    return 0;
}

static int teardown(void **state)
{
    image_close(image);
    return fixture_teardown(state);
}

/* The lines of a text file, compressed or not, each without its newline. */
static void for_each_line(const char *path, void (*use)(char *line))
{
    struct compressed_file *file = compressed_file_open(path, stderr);
    size_t size = 8u << 20, used = 0;
    char *text = malloc(size), *rest;
    ssize_t got;

    assert_non_null(file);
    assert_non_null(text);
    while ((got = compressed_file_read(file, text + used, size - 1 - used)) > 0)
        used += (size_t)got;
    assert_int_equal(got, 0);
    assert_true(used < size - 1);
    text[used] = 0;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        use(line);
    free(text);
    compressed_file_close(file);
}

/* Sets A in the entries of the walk of va that lack it, as a walk has to. */
static void set_accessed(uint64_t va)
{
    uint64_t table = image->cr3 & 0xfffffff000;

    for (unsigned level = 4; level; level--) {
        uint64_t addr = table + (va >> (12 + 9 * (level - 1)) & 511) * 8;
        uint64_t entry = phys_mem_read64(fixture.phys, addr);
        if (!(entry & 1))
            return;
        if (!(entry & 0x20) && !fixture_update(&fixture, addr, 0x20))
            fail_msg("%s", judge_verdict(fixture.judge));
        if (level < 4 && (entry & 0x80))
            return;
        table = entry & 0xfffffff000;
    }
}

/* How many page sizes the judge takes as right. */
static unsigned legal_sizes(uint64_t va, uint8_t attr, uint64_t pa, uint8_t pat, unsigned first,
                            unsigned last)
{
    unsigned legal = 0;

    for (unsigned size = first; size <= last; size++) {
        fixture_accept(&fixture, 0, va, attr);
        set_accessed(va);
        legal += fixture_answer(&fixture, 0, (struct response){.pa = pa, .size = (uint8_t)size, .pat = pat});
        fixture_rule(&fixture);
    }
    return legal;
}

static unsigned pages;

/* "ffffffffc01ff000: 000000015dd3f000 XGPDACTUW": no execute, global, large, D, A, PCD, PWT, user, writable.
 */
static void check_page(char *line)
{
    uint64_t va, pa;
    char flags[10];

    if (sscanf(line, "%" SCNx64 ": %" SCNx64 " %9s", &va, &pa, flags) != 3)
        fail_msg("line not understood: %s", line);
    bool large = flags[2] == 'P', user = flags[7] == 'U', writable = flags[8] == 'W',
         fetchable = flags[0] != 'X';
    uint8_t pat = (uint8_t)((flags[5] == 'C' ? 2 : 0) | (flags[6] == 'T' ? 1 : 0));
    unsigned first = large ? PAGE_2M : PAGE_4K, last = large ? PAGE_1G : PAGE_4K;

    if (legal_sizes(va, READ, pa, pat, first, last) != 1)
        fail_msg("no single page size is legal: %s", line);
    if (legal_sizes(va, READ, pa ^ 0x1000, pat, PAGE_4K, PAGE_1G) ||
        legal_sizes(va, READ, pa, pat ^ 1, first, last))
        fail_msg("a wrong translation is legal: %s", line);
    uint8_t mode = user ? ATTR_USER : 0;
    if (legal_sizes(va, ACCESS_FETCH | mode, pa, pat, first, last) != fetchable)
        fail_msg("fetches are not judged right: %s", line);
    if (!writable && legal_sizes(va, ACCESS_WRITE | ATTR_AC | mode, pa, pat, first, last))
        fail_msg("a write is legal: %s", line);
    if (!user && legal_sizes(va, ACCESS_READ | ATTR_USER, pa, pat, first, last))
        fail_msg("a user read is legal: %s", line);
    pages++;
}

static void test_every_page(void **state)
{
    (void)state;
    for_each_line("tb/data/linux-l4.tlb.txt.zst", check_page);
    assert_int_equal(pages, PAGES);
}

static unsigned addresses, unmapped;

static void check_address(char *line)
{
    uint64_t va, pa;

    if (sscanf(line, "%" SCNx64 " gpa: %" SCNx64, &va, &pa) == 2) {
        unsigned legal = 0;
        for (uint8_t pat = 0; pat < 8; pat++)
            legal += legal_sizes(va, READ, pa, pat, PAGE_4K, PAGE_1G);
        if (legal != 1)
            fail_msg("not legal, or in several ways: %s", line);
    } else if (strstr(line, " Unmapped")) {
        va = strtoull(line, NULL, 16);
        uint64_t sign = va >> 47;
        bool canonical = sign == 0 || sign == 0x1ffff;
        fixture_accept(&fixture, 0, va, READ);
        if (!fixture_answer(&fixture, 0,
                            (struct response){.fault = canonical ? FAULT_PAGE : FAULT_NON_CANONICAL}))
            fail_msg("%s\n%s", line, judge_verdict(fixture.judge));
        unmapped++;
    } else {
        fail_msg("line not understood: %s", line);
    }
    addresses++;
}

static void test_single_addresses(void **state)
{
    (void)state;
    for_each_line("tb/data/linux-l4.gva2gpa.txt", check_address);
    assert_int_equal(addresses, ADDRESSES);
    assert_int_equal(unmapped, UNMAPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_page, setup, teardown),
        cmocka_unit_test_setup_teardown(test_single_addresses, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
