/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the image reader share. */
#ifndef TWINWALK_IMAGE_PRIVATE_H
#define TWINWALK_IMAGE_PRIVATE_H

#include <stddef.h>
#include <stdint.h>

#include "image.h"

/* Physical addresses end here. */
#define IMAGE_ADDRESS_END (1ull << 52)

/* A file in the address space, read-only; what nobody touches costs nothing. */
struct image_file {
    const uint8_t *bytes;
    uint64_t size; /* at least 1 */
};

/*
 * Maps `path`; a compressed file, or one that cannot be mapped (a pipe), is
 * first unpacked into a sparse temporary file without a name in $TMPDIR,
 * /var/tmp or /tmp. -1 after a message on stderr.
 */
int image_file_map(struct image_file *file, const char *path);
void image_file_unmap(struct image_file *file);

/* Gives back the memory of what has been read so far; it is read again when needed. */
void image_file_forget(const struct image_file *file);

/* EFER of a kernel with these registers: long mode and NX in use, or 0 when CR0.PG or CR4.PAE says not. */
uint64_t image_assumed_efer(uint64_t cr0, uint64_t cr4);

/*
 * Each puts the file's contents into phys, which refers to file->bytes from
 * then on; the ELF reader sets the registers of `image` too if its notes have
 * them. -1 after a message on stderr.
 */
int image_load_elf(struct image *image, const struct image_file *file, struct phys_mem *phys);
int image_load_tables(const struct image *image, const struct image_file *file, struct phys_mem *phys);
int image_load_raw(const struct image *image, const struct image_file *file, struct phys_mem *phys);

/*
 * Puts len bytes at a physical address (below IMAGE_ADDRESS_END, as is the
 * end): whole pages by reference, the rest by copy. -1: memory short or
 * overlap with what is there.
 */
int image_place(struct phys_mem *phys, uint64_t addr, const uint8_t *bytes, uint64_t len);

/*
 * Reads registers from a .regs file: "name value" lines or the text of QEMU's
 * `info registers`. What the file does not name keeps its value. -1 after a
 * message on stderr.
 */
int image_read_registers(struct image *image, const char *path);

#endif
