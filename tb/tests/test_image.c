/* SPDX-License-Identifier: Apache-2.0 */
/* Images without headers, and registers beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "image_fixture.h"
#include "random_source.h"

static void tables_in_any_order(void **state)
{
    struct image_fixture *f = *state;
    name_file(f, "tables.bin");
    add_record(f, 0x140000000, 1);
    add_record(f, 0x1000, 2);
    add_record(f, 0xffffffffff000, 3);
    assert_true(open_file(f));
    assert_string_equal(f->error, "");
    assert_false(f->image->has_registers);
    assert_int_equal(f->image->efer, 0xd00);
    assert_page(f, 0x140000000, 1);
    assert_page(f, 0x1000, 2);
    assert_page(f, 0xffffffffff000, 3);
    assert_false(phys_mem_backed(f->phys, 0x2000));
    compress_file(f);
    assert_true(open_file(f));
    assert_page(f, 0x1000, 2);
}

static void bad_tables_are_refused_with_their_offset(void **state)
{
    struct image_fixture *f = *state;
    name_file(f, "tables.bin");
    assert_fails(f, "is empty");
    add_record(f, 0x5000, 1);
    add_record(f, 0x7000, 1);
    add_record(f, 0x5000, 1);
    assert_fails(f, "byte offset 8208: physical address 0x5000 a second time, first at byte offset 0");
    f->size -= 100;
    assert_fails(f, "byte offset 8208: truncated");
    f->size = 3;
    assert_fails(f, "byte offset 0: truncated");
    f->size = 0;
    add_record(f, 0x5000, 1);
    add_record(f, 0x7001, 1);
    assert_fails(f, "byte offset 4104: 0x7001 is not the physical address of a 4 KiB page");
    f->size = IMAGE_RECORD;
    add_record(f, 1ull << 52, 1);
    assert_fails(f, "byte offset 4104: 0x10000000000000 is not");
    f->size = 0;
    add_record(f, 123, 1);
    assert_fails(f, "a raw image must be named *.raw");
    compress_file(f);
    f->size -= 4;
    assert_fails(f, "truncated, at byte");
    unlink(f->path);
    assert_false(open_stored(f));
    assert_non_null(strstr(f->error, "No such file"));
}

static void raw_images_start_at_zero(void **state)
{
    struct image_fixture *f = *state;
    name_file(f, "machine.raw");
    for (uint64_t i = 0; i < 5; i++)
        fill_page(f->file + i * IMAGE_PAGE, i);
    f->size = 4 * IMAGE_PAGE + 24; /* the last page is not whole */
    assert_true(open_file(f));
    assert_page(f, 3 * IMAGE_PAGE, 3);
    assert_int_equal(phys_mem_read64(f->phys, 4 * IMAGE_PAGE + 16), random_mix(4 * 512 + 2));
    assert_int_equal(phys_mem_read64(f->phys, 4 * IMAGE_PAGE + 24), 0);
    name_file(f, "machine.img.zst");
    memset(f->file + IMAGE_PAGE, 0, 2 * IMAGE_PAGE); /* becomes a hole of the unpacked file */
    compress_file(f);
    assert_true(open_file(f));
    assert_page(f, 0, 0);
    assert_int_equal(phys_mem_read64(f->phys, IMAGE_PAGE), 0);
    assert_page(f, 3 * IMAGE_PAGE, 3);
}

static void registers_beside_the_image(void **state)
{
    struct image_fixture *f = *state;
    name_file(f, "linux.tables.bin");
    add_record(f, 0x5000, 1);
    write_regs(f, "linux.regs",
               "# of a test\ncr3 0x5000\nCR4 = 0x1020 # LA57\n\n\tpkru 0x55555554\npkrs 0\n");
    assert_true(open_file(f));
    assert_true(f->image->has_registers);
    assert_int_equal(f->image->cr3, 0x5000);
    assert_int_equal(f->image->cr4, 0x1020);
    assert_int_equal(f->image->cr0, 0x80010001);
    assert_int_equal(f->image->efer, 0xd00);
    assert_int_equal(f->image->pkru, 0x55555554);
    unlink(f->regs);

    good_elf(f, "core");
    write_regs(f, "core.regs", "efer 0x500\n");
    assert_true(open_file(f));
    assert_int_equal(f->image->cr3, 0x1000); /* of the note */
    assert_int_equal(f->image->efer, 0x500);
}

static void registers_as_the_monitor_prints_them(void **state)
{
    struct image_fixture *f = *state;
    name_file(f, "tables.bin");
    add_record(f, 0x5000, 1);
    write_regs(f, "tables.regs",
               "\nCPU#0\nRAX=000000003285195b RBX=00000000004ab3b0\n"
               "CR0=80050033 CR2=00000000005eaeb0 CR3=000000014297e000 CR4=00750ef0\n"
               "EFER=0000000000000d01\nFPR0=0000000000000000 0000\n"
               "\nCPU#1\nCR0=1 CR2=2 CR3=3 CR4=4\n");
    assert_true(open_file(f));
    assert_int_equal(f->image->cr0, 0x80050033);
    assert_int_equal(f->image->cr3, 0x14297e000);
    assert_int_equal(f->image->cr4, 0x750ef0);
    assert_int_equal(f->image->efer, 0xd01);
}

static void bad_registers_are_refused_with_their_place(void **state)
{
    struct image_fixture *f = *state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"cr3 0x1000\ncr5 0x1\n", "tables.regs:2:1: not one of cr0"},
        {"cr3 1000\n", "tables.regs:1:5: not a number like 0x1f"},
        {"cr3\n", "tables.regs:1:4: not a number"},
        {"cr3 0x\n", "tables.regs:1:5: not a hexadecimal number"},
        {"cr3 0x11112222333344445\n", "tables.regs:1:5: not a hexadecimal number of at most 16 digits"},
        {"  cr3 0x1000 0x2000\n", "tables.regs:1:14: more after the number"},
        {"cr3 0x10g\n", "tables.regs:1:9: more after the number"},
        {"pkru 0x100000000\n", "tables.regs:1:6: PKRU and PKRS have 32 bits"},
        {"RAX=0 CR3=xyz\n", "tables.regs:1:11: not a hexadecimal number"},
        {"# nothing\n", "tables.regs: names no register"},
    };
    name_file(f, "tables.bin");
    add_record(f, 0x5000, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_regs(f, "tables.regs", cases[i].text);
        assert_false(open_file(f));
        if (!strstr(f->error, cases[i].message))
            fail_msg("'%s' is not in: %s", cases[i].message, f->error);
    }
    write_file(f->regs, "cr3 0x1\0", 8);
    assert_false(open_file(f));
    assert_non_null(strstr(f->error, "not a text file"));
}

static void directories_are_no_images(void **state)
{
    struct image_fixture *f = *state;
    snprintf(f->path, sizeof(f->path), "%s", f->directory);
    assert_false(open_stored(f));
    assert_non_null(strstr(f->error, "is a directory"));
    f->path[0] = '\0';
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMAGE_TEST(tables_in_any_order),
        IMAGE_TEST(bad_tables_are_refused_with_their_offset),
        IMAGE_TEST(raw_images_start_at_zero),
        IMAGE_TEST(registers_beside_the_image),
        IMAGE_TEST(registers_as_the_monitor_prints_them),
        IMAGE_TEST(bad_registers_are_refused_with_their_place),
        IMAGE_TEST(directories_are_no_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
