/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what QEMU's monitor says of a machine's page tables: "info tlb" and "gva2gpa". */
#ifndef TWINWALK_ORACLE_MONITOR_H
#define TWINWALK_ORACLE_MONITOR_H

#include <stddef.h>
#include <stdint.h>

/* What a line tells; the first nine are "info tlb"'s flags in its order: those of the leaf entry. */
enum {
    PAGE_NX = 1 << 0,
    PAGE_GLOBAL = 1 << 1,
    PAGE_LARGE = 1 << 2, /* PS: 2 MiB or 1 GiB */
    PAGE_DIRTY = 1 << 3,
    PAGE_ACCESSED = 1 << 4,
    PAGE_PCD = 1 << 5,
    PAGE_PWT = 1 << 6,
    PAGE_USER = 1 << 7,
    PAGE_WRITABLE = 1 << 8,
    PAGE_SINGLE = 1 << 9,    /* an address asked with gva2gpa: no flags are known */
    PAGE_UNMAPPED = 1 << 10, /* such an address that has no translation */
};

struct monitor_page {
    uint64_t va, pa; /* of the page's first byte; the very address with PAGE_SINGLE */
    uint32_t flags;
};

struct monitor_pages {
    struct monitor_page *pages;
    size_t count, room;
};

/*
 * Appends what a file says: lines "VA: PA XGPDACTUW" of "info tlb", or lines
 * "VA gpa: PA" and "VA Unmapped"; it may be compressed. pages starts as zero.
 * -1 after a message on stderr; pages is to be freed all the same.
 */
int monitor_read_tlb(struct monitor_pages *pages, const char *path);
int monitor_read_gva2gpa(struct monitor_pages *pages, const char *path);
void monitor_free(struct monitor_pages *pages);

#endif
