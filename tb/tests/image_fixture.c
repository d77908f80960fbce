/* SPDX-License-Identifier: Apache-2.0 */
#include "image_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "random_source.h"

enum { QEMU_NOTE = 440, CR_AT = 392 };

int image_fixture_set_up(void **state)
{
    struct image_fixture *f = calloc(1, sizeof(*f));
    strcpy(f->directory, "/tmp/twinwalk-test-XXXXXX");
    *state = f;
    return mkdtemp(f->directory) ? 0 : -1;
}

static void close_image(struct image_fixture *f)
{
    phys_mem_destroy(f->phys);
    image_close(f->image);
    f->phys = NULL;
    f->image = NULL;
}

void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void name_file(struct image_fixture *f, const char *name)
{
    if (f->path[0])
        unlink(f->path);
    snprintf(f->path, sizeof(f->path), "%s/%s", f->directory, name);
}

void write_regs(struct image_fixture *f, const char *name, const char *text)
{
    snprintf(f->regs, sizeof(f->regs), "%s/%s", f->directory, name);
    write_file(f->regs, text, strlen(text));
}

int image_fixture_tear_down(void **state)
{
    struct image_fixture *f = *state;
    close_image(f);
    unlink(f->path);
    unlink(f->regs);
    rmdir(f->directory);
    free(f);
    return 0;
}

/* Opens f->path with stderr caught in f->error. */
bool open_stored(struct image_fixture *f)
{
    close_image(f);
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    FILE *caught = tmpfile();
    assert_non_null(caught);
    dup2(fileno(caught), STDERR_FILENO);
    f->phys = phys_mem_create();
    f->image = image_open(f->path, f->phys);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(caught);
    f->error[fread(f->error, 1, sizeof(f->error) - 1, caught)] = '\0';
    fclose(caught);
    return f->image != NULL;
}

bool open_file(struct image_fixture *f)
{
    write_file(f->path, f->file, f->size);
    return open_stored(f);
}

void assert_fails(struct image_fixture *f, const char *message)
{
    assert_false(open_file(f));
    assert_int_equal(strncmp(f->error, f->path, strlen(f->path)), 0);
    if (!strstr(f->error, message))
        fail_msg("'%s' is not in: %s", message, f->error);
}

void fill_page(uint8_t *page, uint64_t seed)
{
    for (uint64_t i = 0; i < 512; i++) {
        uint64_t word = random_mix(seed * 512 + i);
        memcpy(page + 8 * i, &word, 8);
    }
}

void assert_page(const struct image_fixture *f, uint64_t addr, uint64_t seed)
{
    for (uint64_t i = 0; i < 512; i++)
        assert_int_equal(phys_mem_read64(f->phys, addr + 8 * i), random_mix(seed * 512 + i));
}

void add_record(struct image_fixture *f, uint64_t addr, uint64_t seed)
{
    memcpy(f->file + f->size, &addr, 8);
    fill_page(f->file + f->size + 8, seed);
    f->size += IMAGE_RECORD;
}

void compress_file(struct image_fixture *f)
{
    static uint8_t packed[IMAGE_MAX_FILE + IMAGE_MAX_FILE / 8];
    size_t size = ZSTD_compress(packed, sizeof(packed), f->file, f->size, 1);
    assert_false(ZSTD_isError(size) || size > IMAGE_MAX_FILE);
    memcpy(f->file, packed, size);
    f->size = size;
}

Elf64_Ehdr *elf_header(struct image_fixture *f)
{
    return (Elf64_Ehdr *)f->file;
}

Elf64_Phdr *program_header(struct image_fixture *f, unsigned index)
{
    return (Elf64_Phdr *)(f->file + sizeof(Elf64_Ehdr)) + index;
}

void start_elf(struct image_fixture *f, const char *name, unsigned count)
{
    name_file(f, name);
    memset(f->file, 0, sizeof(f->file));
    *elf_header(f) = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_CORE,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)count,
    };
    f->size = (sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr) + IMAGE_PAGE - 1) / IMAGE_PAGE * IMAGE_PAGE;
}

void add_segment(struct image_fixture *f, unsigned index, uint64_t addr, uint64_t pages, uint64_t seed)
{
    *program_header(f, index) = (Elf64_Phdr){.p_type = PT_LOAD,
                                             .p_offset = f->size,
                                             .p_paddr = addr,
                                             .p_filesz = pages * IMAGE_PAGE,
                                             .p_memsz = pages * IMAGE_PAGE};
    for (uint64_t i = 0; i < pages; i++, f->size += IMAGE_PAGE)
        fill_page(f->file + f->size, seed + i);
}

static void add_note(struct image_fixture *f, const char *name, uint32_t type, const void *desc,
                     uint32_t size)
{
    Elf64_Nhdr header = {.n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = size, .n_type = type};
    memcpy(f->file + f->size, &header, sizeof(header));
    memcpy(f->file + f->size + sizeof(header), name, header.n_namesz);
    f->size += sizeof(header) + (header.n_namesz + 3) / 4 * 4;
    memcpy(f->file + f->size, desc, size);
    f->size += (size + 3) / 4 * 4;
}

static void add_notes(struct image_fixture *f, unsigned index)
{
    size_t start = f->size;
    uint8_t status[336] = {0}, cpu[QEMU_NOTE] = {0};
    uint32_t version[2] = {1, QEMU_NOTE};
    memcpy(cpu, version, sizeof(version));
    for (uint64_t i = 1; i <= 2; i++)
        add_note(f, "CORE", NT_PRSTATUS, status, sizeof(status));
    for (uint64_t i = 1; i <= 2; i++) {
        uint64_t cr[5] = {0x80050033, 0, 0xdead, i * 0x1000, 0x750ef0};
        memcpy(cpu + CR_AT, cr, sizeof(cr));
        add_note(f, "QEMU", 0, cpu, sizeof(cpu));
    }
    *program_header(f, index) = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_offset = start, .p_filesz = f->size - start, .p_memsz = f->size - start};
}

void good_elf(struct image_fixture *f, const char *name)
{
    start_elf(f, name, 3);
    add_segment(f, 1, 0x100000000, 3, 10);
    add_segment(f, 2, 0, 2, 20);
    add_notes(f, 0);
}
