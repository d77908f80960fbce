/* SPDX-License-Identifier: Apache-2.0 */
/* Images without headers: tables.bin (single pages with their addresses) and raw. */
#include "image_private.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PAGE_BYTES = 4096,
    RECORD_BYTES = 8 + PAGE_BYTES,
    FORGET_RECORDS = 4096, /* of which 16 MiB of memory have been touched */
};

int image_place(struct phys_mem *phys, uint64_t addr, const uint8_t *bytes, uint64_t len)
{
    uint64_t head = (PAGE_BYTES - addr % PAGE_BYTES) % PAGE_BYTES;
    if (head > len)
        head = len;
    uint64_t tail = (len - head) % PAGE_BYTES;
    uint64_t whole = len - head - tail;
    phys_mem_load(phys, addr, bytes, head);
    if (whole && phys_mem_map(phys, addr + head, bytes + head, whole))
        return -1;
    phys_mem_load(phys, addr + head + whole, bytes + head + whole, tail);
    return 0;
}

int image_load_raw(const struct image *image, const struct image_file *file, struct phys_mem *phys)
{
    if (file->size > IMAGE_ADDRESS_END) {
        fprintf(stderr, "%s: larger than 2^52 bytes\n", image->path);
        return -1;
    }
    if (image_place(phys, 0, file->bytes, file->size)) {
        fprintf(stderr, "%s: out of memory\n", image->path);
        return -1;
    }
    return 0;
}

struct record {
    uint64_t addr;
    uint64_t offset; /* of the record in the file */
};

static int compare_records(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    if (left->addr != right->addr)
        return left->addr < right->addr ? -1 : 1;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static int read_records(const struct image *image, const struct image_file *file, struct record *records,
                        uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint64_t addr;
        memcpy(&addr, file->bytes + i * RECORD_BYTES, sizeof(addr));
        addr = le64toh(addr);
        if (addr % PAGE_BYTES || addr >= IMAGE_ADDRESS_END) {
            fprintf(stderr,
                    "%s: byte offset %" PRIu64 ": 0x%" PRIx64
                    " is not the physical address of a 4 KiB page%s\n",
                    image->path, i * RECORD_BYTES, addr,
                    i ? "" : " (neither an ELF core nor tables; a raw image must be named *.raw)");
            return -1;
        }
        records[i] = (struct record){.addr = addr, .offset = i * RECORD_BYTES};
        if (i % FORGET_RECORDS == FORGET_RECORDS - 1)
            image_file_forget(file);
    }
    return 0;
}

static int place_records(const struct image *image, const struct image_file *file,
                         const struct record *records, uint64_t count, struct phys_mem *phys)
{
    for (uint64_t i = 0; i < count; i++) {
        if (i && records[i].addr == records[i - 1].addr) {
            fprintf(stderr,
                    "%s: byte offset %" PRIu64 ": physical address 0x%" PRIx64
                    " a second time, first at byte offset %" PRIu64 "\n",
                    image->path, records[i].offset, records[i].addr, records[i - 1].offset);
            return -1;
        }
        if (phys_mem_map(phys, records[i].addr, file->bytes + records[i].offset + 8, PAGE_BYTES)) {
            fprintf(stderr, "%s: out of memory\n", image->path);
            return -1;
        }
    }
    return 0;
}

int image_load_tables(const struct image *image, const struct image_file *file, struct phys_mem *phys)
{
    uint64_t count = file->size / RECORD_BYTES;
    struct record *records = malloc((count ? count : 1) * sizeof(*records));
    if (!records) {
        fprintf(stderr, "%s: out of memory\n", image->path);
        return -1;
    }
    /* Addresses first: they tell best when the file is of another kind altogether. */
    int result = read_records(image, file, records, count);
    if (!result && file->size % RECORD_BYTES) {
        fprintf(stderr,
                "%s: byte offset %" PRIu64
                ": truncated, a record (address and page) of %d bytes has only %" PRIu64 "\n",
                image->path, count * RECORD_BYTES, RECORD_BYTES, file->size % RECORD_BYTES);
        result = -1;
    }
    if (!result) {
        qsort(records, count, sizeof(*records), compare_records);
        result = place_records(image, file, records, count, phys);
    }
    free(records);
    return result;
}
