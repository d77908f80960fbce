/* SPDX-License-Identifier: Apache-2.0 */
/* Images: ELF cores and tables.bin, and a few of the words that they put into memory. */
#include "fuzz_input.h"
#include "image.h"

enum { MAX_ENTRIES = 512 };

/* Goes from table to table as a walk would, so that memory backed by the file is read. */
static uint64_t follow(const struct phys_mem *phys, uint64_t table)
{
    uint64_t last = 0;
    for (unsigned i = 0; i < MAX_ENTRIES; i++) {
        uint64_t entry = phys_mem_read64(phys, (table & 0xffffffffff000ull) + 8 * i);
        if (entry & 1)
            last = entry;
    }
    return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct phys_mem *phys = phys_mem_create();
    struct image *image = phys ? image_open(fuzz_input_path(data, size), phys) : NULL;
    if (image) {
        uint64_t table = image->cr3;
        for (unsigned level = 0; level < 5; level++)
            table = follow(phys, table);
        phys_mem_write64(phys, image->cr3 & 0xffffffffff000ull, table);
    }
    phys_mem_destroy(phys);
    image_close(image);
    return 0;
}
