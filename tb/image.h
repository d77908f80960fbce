/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory images of real machines: an ELF core (QEMU dump-guest-memory,
 * makedumpfile -E), a compact tables.bin (repeated little-endian u64 physical
 * address and 4,096 bytes), or a raw image (named .raw, .img or .mem) loaded
 * at 0; each also as .zst, .xz or .gz. Images are memory-mapped, never read
 * whole; a compressed one is unpacked into a temporary file first.
 * A ".regs" text file beside the image (NAME.regs) gives or overrides
 * registers, one "cr3 0x..." a line. See docs/images.md.
 */
#ifndef TWINWALK_IMAGE_H
#define TWINWALK_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "phys_mem.h"

struct image {
    char *path;
    /* What neither notes nor .regs file give is as in a 64-bit kernel, with CR3 and keys 0. */
    uint64_t cr0, cr3, cr4, efer;
    uint32_t pkru, pkrs;
    bool has_registers; /* CR3 at least is known */
    void *backing;      /* private to image.c */
};

/*
 * Opens and maps `path` into phys. On bad input: message on stderr, NULL; phys
 * is then good for phys_mem_destroy only.
 */
struct image *image_open(const char *path, struct phys_mem *phys);
/* After phys is destroyed. */
void image_close(struct image *image);

#endif
