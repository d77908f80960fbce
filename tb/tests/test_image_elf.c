/* SPDX-License-Identifier: Apache-2.0 */
/* ELF cores, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "image_fixture.h"
#include "random_source.h"

static void elf_cores_have_memory_and_registers(void **state)
{
    struct image_fixture *f = *state;
    for (unsigned packed = 0; packed < 2; packed++) {
        good_elf(f, "core");
        program_header(f, 2)->p_memsz = 10 * IMAGE_PAGE; /* the rest was zero */
        if (packed)
            compress_file(f);
        assert_true(open_file(f));
        assert_string_equal(f->error, "");
        for (uint64_t i = 0; i < 3; i++)
            assert_page(f, 0x100000000 + i * IMAGE_PAGE, 10 + i);
        assert_page(f, IMAGE_PAGE, 21);
        assert_int_equal(phys_mem_read64(f->phys, 2 * IMAGE_PAGE), 0);
        assert_true(f->image->has_registers);
        assert_int_equal(f->image->cr0, 0x80050033);
        assert_int_equal(f->image->cr3, 0x1000);
        assert_int_equal(f->image->cr4, 0x750ef0);
        assert_int_equal(f->image->efer, 0xd00);
    }
}

static void segments_need_no_alignment(void **state)
{
    struct image_fixture *f = *state;
    start_elf(f, "core", 2);
    f->size += 5;
    add_segment(f, 0, 0x10000 + 8, 3, 1); /* an odd place in the file, half pages in memory */
    program_header(f, 0)->p_filesz -= 16;
    add_segment(f, 1, 0x20010, 1, 9);
    program_header(f, 1)->p_filesz = 8;
    assert_true(open_file(f));
    for (uint64_t word = 0; word < 3 * 512 - 2; word++)
        assert_int_equal(phys_mem_read64(f->phys, 0x10008 + 8 * word), random_mix(512 + word));
    assert_int_equal(phys_mem_read64(f->phys, 0x10000), 0);
    assert_int_equal(phys_mem_read64(f->phys, 0x12ff8), 0);
    assert_int_equal(phys_mem_read64(f->phys, 0x20010), random_mix(9 * 512));
    assert_int_equal(phys_mem_read64(f->phys, 0x20018), 0);
}

static void segments_may_overlap_when_they_agree(void **state)
{
    struct image_fixture *f = *state;
    start_elf(f, "core", 4);
    add_segment(f, 0, 0x10000, 8, 100);
    add_segment(f, 1, 0x12000, 2, 102);            /* the same contents again, elsewhere in the file */
    add_segment(f, 2, 0x16000, 4, 106);            /* half of it */
    *program_header(f, 3) = *program_header(f, 0); /* the same bytes of the file */
    assert_true(open_file(f));
    for (uint64_t i = 0; i < 10; i++)
        assert_page(f, 0x10000 + i * IMAGE_PAGE, 100 + i);
    f->file[program_header(f, 2)->p_offset + IMAGE_PAGE] ^= 1; /* at 0x17000 */
    assert_fails(f,
                 "segments 0 and 2 both have physical addresses 0x16000 to 0x17fff, with different contents");
}

static void far_too_many_overlaps_are_refused(void **state)
{
    struct image_fixture *f = *state;
    enum { COUNT = 8000 };
    start_elf(f, "core", COUNT);
    size_t at = f->size;
    f->size += 64 * IMAGE_PAGE; /* zeros, so that all agree */
    for (unsigned i = 0; i < COUNT; i++)
        *program_header(f, i) = (Elf64_Phdr){.p_type = PT_LOAD,
                                             .p_offset = at + i % 7,
                                             .p_paddr = 0x10000 + i,
                                             .p_filesz = 32 * IMAGE_PAGE,
                                             .p_memsz = 32 * IMAGE_PAGE};
    assert_fails(f, "its segments overlap far too much");
}

static void hostile_headers_are_refused(void **state)
{
    struct image_fixture *f = *state;
    good_elf(f, "core");
    program_header(f, 1)->p_offset = 1 << 30;
    assert_fails(f, "truncated: segment 1 is at byte offset 1073741824");
    good_elf(f, "core");
    program_header(f, 1)->p_offset = UINT64_MAX - 100;
    assert_fails(f, "truncated: segment 1");
    good_elf(f, "core");
    program_header(f, 1)->p_filesz = UINT64_MAX;
    assert_fails(f, "truncated: segment 1");
    good_elf(f, "core");
    program_header(f, 1)->p_memsz = IMAGE_PAGE;
    assert_fails(f, "segment 1: 4096 bytes of memory, but 12288 in the file");
    good_elf(f, "core");
    program_header(f, 1)->p_paddr = (1ull << 52) - IMAGE_PAGE;
    assert_fails(f, "beyond 2^52");
    good_elf(f, "core");
    program_header(f, 1)->p_memsz = UINT64_MAX;
    assert_fails(f, "beyond 2^52");
    good_elf(f, "core");
    elf_header(f)->e_phnum = 65000;
    f->size = 3 * IMAGE_PAGE;
    assert_fails(f, "65000 program headers");
    good_elf(f, "core");
    elf_header(f)->e_phoff = 1ull << 60;
    assert_fails(f, "program headers");
    good_elf(f, "core");
    elf_header(f)->e_phentsize = 57;
    assert_fails(f, "program headers of 57 bytes");
    good_elf(f, "core");
    elf_header(f)->e_type = ET_EXEC;
    assert_fails(f, "not a core");
    good_elf(f, "core");
    elf_header(f)->e_machine = EM_AARCH64;
    assert_fails(f, "not a core");
    good_elf(f, "core");
    elf_header(f)->e_ident[EI_CLASS] = ELFCLASS32;
    assert_fails(f, "not a 64-bit");
    good_elf(f, "core");
    f->size = 20;
    assert_fails(f, "truncated: an ELF header");
    start_elf(f, "core", 0);
    assert_fails(f, "no memory");
    good_elf(f, "core");
    program_header(f, 1)->p_paddr = 0;
    assert_fails(f, "the core of a process?");
}

static void bad_notes_are_refused(void **state)
{
    struct image_fixture *f = *state;
    good_elf(f, "core");
    Elf64_Nhdr *note = (Elf64_Nhdr *)(f->file + program_header(f, 0)->p_offset);
    note->n_descsz = 1 << 30;
    assert_fails(f, "malformed note at byte offset");
    good_elf(f, "core");
    program_header(f, 0)->p_filesz += 1 << 20;
    assert_fails(f, "truncated: segment 0");
    good_elf(f, "core");
    program_header(f, 0)->p_filesz = 0; /* no notes at all are no error */
    assert_true(open_file(f));
    assert_false(f->image->has_registers);
}

/* Damaged headers of all kinds end in success or a message, and in no other way. */
static void random_damage_is_survived(void **state)
{
    struct image_fixture *f = *state;
    struct random_source random;
    random_seed(&random, 11);
    unsigned failures = 0;
    for (unsigned i = 0; i < 3000; i++) {
        good_elf(f, "core");
        size_t notes = program_header(f, 0)->p_offset;
        for (uint32_t flips = 1 + random_below(&random, 4); flips > 0; flips--) {
            size_t at = random_chance(&random, 200)
                            ? notes + random_below(&random, 60)
                            : 6 + random_below(&random, sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Phdr) - 6);
            f->file[at] ^= (uint8_t)(1u << random_below(&random, 8));
        }
        bool good = open_file(f);
        assert_int_equal(f->error[0] == '\0', good);
        failures += !good;
        for (uint64_t addr = 0; good && addr < 4 * IMAGE_PAGE; addr += 8)
            phys_mem_read64(f->phys, addr);
    }
    assert_in_range(failures, 100, 2900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IMAGE_TEST(elf_cores_have_memory_and_registers),
        IMAGE_TEST(segments_need_no_alignment),
        IMAGE_TEST(segments_may_overlap_when_they_agree),
        IMAGE_TEST(far_too_many_overlaps_are_refused),
        IMAGE_TEST(hostile_headers_are_refused),
        IMAGE_TEST(bad_notes_are_refused),
        IMAGE_TEST(random_damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
