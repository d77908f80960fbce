/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds x86-64 page tables in physical memory as an operating system would
 * (Intel SDM vol. 3A 4.5). Knows the layout of the tables only; what entries
 * mean is the business of the MMU and of the judge.
 */
#ifndef TWINWALK_TABLE_BUILDER_H
#define TWINWALK_TABLE_BUILDER_H

#include <stdint.h>

#include "mmu.h"
#include "phys_mem.h"

#define ENTRY_P        (1ull << 0)
#define ENTRY_RW       (1ull << 1)
#define ENTRY_US       (1ull << 2)
#define ENTRY_PWT      (1ull << 3)
#define ENTRY_PCD      (1ull << 4)
#define ENTRY_A        (1ull << 5)
#define ENTRY_D        (1ull << 6)
#define ENTRY_PS       (1ull << 7) /* levels 2 and 3 */
#define ENTRY_PAT_4K   (1ull << 7)
#define ENTRY_G        (1ull << 8)
#define ENTRY_PAT_HUGE (1ull << 12)
#define ENTRY_KEY(key) ((uint64_t)(key) << 59)
#define ENTRY_NX       (1ull << 63)
#define ENTRY_ADDRESS  0x000ffffffffff000ull

/* Free physical pages for tables, taken in ascending order; both 4 KiB aligned. */
struct table_pool {
    uint64_t next;
    uint64_t end;
};

struct table_mapping {
    uint64_t va;
    uint64_t pa;         /* aligned to the page size */
    uint64_t root;       /* physical address of the PML4 or PML5 table */
    uint64_t leaf_bits;  /* all bits of the leaf but address and PS */
    uint64_t table_bits; /* all bits but the address of the entries above that must be made */
    uint8_t levels;      /* 4 or 5 */
    uint8_t size;        /* enum page_size */
};

/* No entry: an entry above is not present or maps a large page. */
#define TABLE_NO_ENTRY UINT64_MAX

/*
 * Maps one page. Entries above the leaf are made where not present and left
 * alone where present; the leaf is replaced whatever it was. NULL when done,
 * else why not: no table page left, or a large page in the way.
 */
const char *table_builder_map(struct phys_mem *phys, struct table_pool *pool,
                              const struct table_mapping *map);

/*
 * Physical address of the entry for va at `level` (1 PTE .. 5 PML5E), or
 * TABLE_NO_ENTRY. level <= levels.
 */
uint64_t table_builder_entry(const struct phys_mem *phys, uint64_t root, unsigned levels, uint64_t va,
                             unsigned level);

#endif
