/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What x86-64 paging-structure entries mean, for the architectural judge:
 * written from the Intel SDM, volume 3A, chapter 4, and nothing else, so that
 * a misreading in the C model is not repeated here.
 */
#ifndef TWINWALK_JUDGE_RULES_H
#define TWINWALK_JUDGE_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mmu.h"

enum { RULES_MAX_LEVELS = 5 };

/* Bits of an entry (SDM tables 4-14 to 4-20). */
#define ENTRY_P   (1ull << 0)
#define ENTRY_RW  (1ull << 1)
#define ENTRY_US  (1ull << 2)
#define ENTRY_PWT (1ull << 3)
#define ENTRY_PCD (1ull << 4)
#define ENTRY_A   (1ull << 5)
#define ENTRY_D   (1ull << 6)
#define ENTRY_PS  (1ull << 7)
#define ENTRY_G   (1ull << 8)
#define ENTRY_XD  (1ull << 63)

/* The registers that paging looks at. */
struct rules_registers {
    uint64_t cr0, cr3, cr4, efer;
    uint32_t pkru, pkrs;
};

/* How entries are read: fixed by the hardware, CR4.LA57 and EFER.NXE. */
struct rules_format {
    unsigned levels;                              /* 4 or 5 */
    uint64_t address;                             /* bits MAXPHYADDR-1:12 */
    uint64_t reserved[RULES_MAX_LEVELS + 1];      /* by level 1..5: reserved in every present entry */
    uint64_t reserved_page[RULES_MAX_LEVELS + 1]; /* by level 2..3: reserved as well when PS is set */
};

enum rules_kind { RULES_NOT_PRESENT, RULES_RESERVED, RULES_TABLE, RULES_PAGE };

/* What all entries of a walk together allow (SDM 4.6). */
struct rules_rights {
    bool writable, user, no_execute;
    uint8_t key; /* protection key of the leaf */
};

/* What a walk ended in: a translation or a page fault. */
struct rules_outcome {
    uint64_t frame; /* physical address of the page's first byte */
    uint8_t size;   /* enum page_size */
    uint8_t pat;
    bool global;   /* the leaf's G, CR4.PGE not yet considered */
    bool accessed; /* A set in every entry */
    bool dirty;    /* D set in the leaf */
    struct rules_rights rights;
};

/* maxphyaddr: 36..52; gib_pages: PS allowed in a PDPTE. */
void rules_format_init(struct rules_format *format, unsigned maxphyaddr, bool gib_pages,
                       const struct rules_registers *regs);

/* SDM vol. 1, 3.3.7.1: bits 63 to 47 (56 with five levels) are equal. */
bool rules_canonical(uint64_t va, unsigned levels);

/* Physical address of the entry that translates va at level 1..5, in the table at `table`. */
uint64_t rules_entry_address(uint64_t table, uint64_t va, unsigned level);

/* SDM 4.5.4, figure 4-11: what the entry is. */
enum rules_kind rules_entry_kind(const struct rules_format *format, unsigned level, uint64_t entry);

/* Rights before the first entry, and with one more entry; the key is the last entry's. */
struct rules_rights rules_all_rights(void);
struct rules_rights rules_add_entry(struct rules_rights rights, uint64_t entry);

/* Translation by a leaf (RULES_PAGE) at level 1..3; `accessed` is the leaf's alone. */
struct rules_outcome rules_page(const struct rules_format *format, unsigned level, uint64_t entry,
                                struct rules_rights rights);

/* Bytes of a page. */
uint64_t rules_page_bytes(unsigned size);

/* SDM 4.6: whether an access with these attributes (ATTR_*) is allowed. */
bool rules_allowed(const struct rules_registers *regs, struct rules_rights rights, uint8_t attr);

/*
 * SDM 4.7: the error code of the page fault of an access that ended in an
 * entry of this kind; with RULES_PAGE the rights denied it.
 */
uint8_t rules_error_code(const struct rules_registers *regs, enum rules_kind kind, struct rules_rights rights,
                         uint8_t attr);

/* The PCID in use (0 without CR4.PCIDE) and the root table. */
uint16_t rules_pcid(const struct rules_registers *regs);
uint64_t rules_root(const struct rules_format *format, const struct rules_registers *regs);

/* "PDE" and the like; `bits` of an entry as text ("P RW US A D PS G XD key 3 PAT 1"). */
const char *rules_level_name(unsigned level);
void rules_describe_entry(const struct rules_format *format, unsigned level, uint64_t entry, char *text,
                          size_t len);

#endif
