/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image_private.h"
#include "mmu.h"

/* true: the file starts like an ELF file. */
static bool is_elf(const struct image_file *file)
{
    return file->size >= 4 && !memcmp(file->bytes, "\177ELF", 4);
}

uint64_t image_assumed_efer(uint64_t cr0, uint64_t cr4)
{
    return (cr0 & CR0_PG) && (cr4 & CR4_PAE) ? EFER_LME | EFER_LMA | EFER_NXE : 0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Cuts the last extension of a file name off. false: it has none. */
static bool cut_extension(char *path)
{
    char *base = (char *)base_name(path);
    char *dot = strrchr(base, '.');
    if (!dot || dot == base)
        return false;
    *dot = '\0';
    return true;
}

/* Only the name can tell a raw image: .raw, .img or .mem, before .zst, .xz or .gz. */
static bool is_raw_name(const char *path)
{
    static const char *const compressed[] = {".zst", ".xz", ".gz"};
    static const char *const raw[] = {".raw", ".img", ".mem"};
    const char *base = base_name(path);
    size_t length = strlen(base);
    for (size_t i = 0; i < sizeof(compressed) / sizeof(compressed[0]); i++) {
        size_t suffix = strlen(compressed[i]);
        if (length > suffix && !strcmp(base + length - suffix, compressed[i])) {
            length -= suffix;
            break;
        }
    }
    for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++) {
        size_t suffix = strlen(raw[i]);
        if (length > suffix && !strncmp(base + length - suffix, raw[i], suffix))
            return true;
    }
    return false;
}

/* NAME.regs; for a.b.zst that is a.b.zst.regs, a.b.regs or a.regs, the first that exists. */
static int read_registers_beside(struct image *image)
{
    size_t size = strlen(image->path) + sizeof(".regs");
    char *name = malloc(size), *stem = strdup(image->path);
    int result = name && stem ? 0 : -1;
    if (result) {
        fprintf(stderr, "%s: out of memory\n", image->path);
    } else {
        do {
            snprintf(name, size, "%s.regs", stem);
            if (access(name, F_OK) == 0) {
                result = image_read_registers(image, name);
                break;
            }
        } while (cut_extension(stem));
    }
    free(name);
    free(stem);
    return result;
}

static int load(struct image *image, struct phys_mem *phys)
{
    struct image_file *file = image->backing;
    if (image_file_map(file, image->path))
        return -1;
    if (is_elf(file))
        return image_load_elf(image, file, phys);
    if (is_raw_name(image->path))
        return image_load_raw(image, file, phys);
    return image_load_tables(image, file, phys);
}

struct image *image_open(const char *path, struct phys_mem *phys)
{
    struct image *image = calloc(1, sizeof(*image));
    if (image) {
        image->path = strdup(path);
        image->backing = calloc(1, sizeof(struct image_file));
    }
    if (!image || !image->path || !image->backing) {
        fprintf(stderr, "%s: out of memory\n", path);
        image_close(image);
        return NULL;
    }
    image->cr0 = CR0_PG | CR0_WP | 1;
    image->cr4 = CR4_PAE;
    image->efer = image_assumed_efer(image->cr0, image->cr4);
    if (load(image, phys) || read_registers_beside(image)) {
        image_close(image);
        return NULL;
    }
    return image;
}

void image_close(struct image *image)
{
    if (!image)
        return;
    if (image->backing)
        image_file_unmap(image->backing);
    free(image->backing);
    free(image->path);
    free(image);
}
