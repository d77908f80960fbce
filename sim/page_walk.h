/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One untimed walk with everything that is to be known about it, for `twinwalk
 * walk`. It reads memory and changes nothing; the rules are those of x86.h.
 */
#ifndef TWINWALK_PAGE_WALK_H
#define TWINWALK_PAGE_WALK_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mmu.h"
#include "phys_mem.h"

enum { PAGE_WALK_MAX_LEVELS = 5, PAGE_WALK_REASON_CHARS = 512 };

/* What all walks of a command have in common. */
struct page_walk_setting {
    const struct phys_mem *phys;
    uint64_t cr0, cr3, cr4, efer;
    uint32_t pkru, pkrs;
    unsigned maxphyaddr; /* bits */
    bool gib_pages;
    bool has_access; /* false: rights are not judged */
    uint8_t attr;    /* of the access, ATTR_ bits */
};

struct page_walk_step {
    uint64_t address; /* of the entry */
    uint64_t entry;
    uint64_t reserved; /* its bits that must be 0 and are not; 0 when not present */
    uint64_t target;   /* physical address of the table or page, when valid */
    uint64_t rights;   /* DATA_RIGHTS bits of the path so far */
    unsigned level;    /* 1 = PTE .. 5 = PML5E */
    unsigned kind;     /* ENTRY_IS_ bits */
    bool in_image;     /* false: the memory read is not part of the image */
};

struct page_walk {
    uint64_t va;
    uint32_t mode; /* MODE_ bits */
    struct page_walk_step steps[PAGE_WALK_MAX_LEVELS];
    unsigned step_count;
    enum fault_kind fault;
    uint8_t error_code;                  /* FAULT_PAGE with an access */
    char reason[PAGE_WALK_REASON_CHARS]; /* of the fault */
    bool translated;                     /* there is a page, allowed or not: */
    uint64_t pa;
    uint64_t data; /* DATA_ bits of x86.h */
    enum page_size size;
    bool global;
};

/*
 * NULL when walks are possible with these registers, else why not: not in
 * 64-bit paging (4.1.1), CR3 beyond MAXPHYADDR. A static string.
 */
const char *page_walk_check(const struct page_walk_setting *setting);

void page_walk_run(struct page_walk *walk, const struct page_walk_setting *setting, uint64_t va);

/* "PML4E", ... of a level 1..5. */
const char *page_walk_level_name(unsigned level);

/* Whether the page found allows an access with these attributes. */
bool page_walk_allows(const struct page_walk *walk, const struct page_walk_setting *setting, uint8_t attr);

/* Columns for people; one JSON object on a line for machines. */
void page_walk_print(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out);
/* -1: out of memory. */
int page_walk_print_json(const struct page_walk *walk, const struct page_walk_setting *setting, FILE *out);

/* "user-read", "supervisor-write", "implicit-read", "supervisor-read+ac"...: -1 when it is none. */
int page_walk_parse_access(const char *text, uint8_t *attr);
/* The same back, in a buffer of at least 32 bytes. */
const char *page_walk_access_name(uint8_t attr, char *buffer, size_t size);

#endif
