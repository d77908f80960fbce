/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of images: a file that is made, opened and judged. */
#ifndef TWINWALK_IMAGE_FIXTURE_H
#define TWINWALK_IMAGE_FIXTURE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

enum {
    IMAGE_PAGE = 4096,
    IMAGE_RECORD = 8 + IMAGE_PAGE,
    IMAGE_MAX_FILE = 1 << 20,
    IMAGE_ERROR_CHARS = 4096,
};

struct image_fixture {
    char directory[64];
    char path[128], regs[128];
    uint8_t file[IMAGE_MAX_FILE]; /* what will be written to path */
    size_t size;
    struct phys_mem *phys;
    struct image *image;
    char error[IMAGE_ERROR_CHARS]; /* what image_open said on stderr */
};

int image_fixture_set_up(void **state);
int image_fixture_tear_down(void **state);
#define IMAGE_TEST(function)                                                                                 \
    cmocka_unit_test_setup_teardown(function, image_fixture_set_up, image_fixture_tear_down)

/* Chooses the name of the image, writes any file, or a .regs file of some name. */
void name_file(struct image_fixture *f, const char *name);
void write_file(const char *path, const void *bytes, size_t size);
void write_regs(struct image_fixture *f, const char *name, const char *text);

/* Opens the image as it is on disk, or as it is in f->file. false: it failed. */
bool open_stored(struct image_fixture *f);
bool open_file(struct image_fixture *f);
/* The same, and it must fail with a message that starts with the path and has this in it. */
void assert_fails(struct image_fixture *f, const char *message);

/* A page of 512 words that follow from `seed`; and whether memory has it. */
void fill_page(uint8_t *page, uint64_t seed);
void assert_page(const struct image_fixture *f, uint64_t addr, uint64_t seed);

/* Appends such a page to tables.bin; makes the whole f->file a .zst. */
void add_record(struct image_fixture *f, uint64_t addr, uint64_t seed);
void compress_file(struct image_fixture *f);

/* ELF: a core with room for `count` program headers; contents follow at the next page boundary. */
void start_elf(struct image_fixture *f, const char *name, unsigned count);
Elf64_Ehdr *elf_header(struct image_fixture *f);
Elf64_Phdr *program_header(struct image_fixture *f, unsigned index);
/* A segment of whole pages with contents seed, seed + 1, ... */
void add_segment(struct image_fixture *f, unsigned index, uint64_t addr, uint64_t pages, uint64_t seed);
/* Pages 10, 11, 12 at 4 GiB, 20 and 21 at 0, and QEMU's notes of two processors with CR3 0x1000 and 0x2000.
 */
void good_elf(struct image_fixture *f, const char *name);

#endif
