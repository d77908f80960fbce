/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is x86-64 about the MMU: paging-structure entries, access rights,
 * canonical addresses, invalidation rules. The C twin of rtl/x86_pkg.sv. What
 * these words mean is decided here; other blocks only take fields out of them,
 * by the layouts below: the arrays those of a tag, which they compare, the page
 * walkers the frame, A, D and G of an entry, whoever hits D and the PAT index.
 * Sections are those of the Intel SDM, volume 3A; "APM": of AMD's manual, volume 2.
 */
#ifndef TWINWALK_X86_H
#define TWINWALK_X86_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"

/* The control register bits that translation looks at (mode_q in the RTL). */
enum {
    MODE_PG = 1 << 0,
    MODE_WP = 1 << 1,
    MODE_NXE = 1 << 2,
    MODE_SMEP = 1 << 3,
    MODE_SMAP = 1 << 4,
    MODE_PGE = 1 << 5,
    MODE_PCIDE = 1 << 6,
    MODE_PKE = 1 << 7,
    MODE_PKS = 1 << 8,
    MODE_LA57 = 1 << 9,
    MODE_CR0 = MODE_PG | MODE_WP,
    MODE_CR4 = MODE_SMEP | MODE_SMAP | MODE_PGE | MODE_PCIDE | MODE_PKE | MODE_PKS | MODE_LA57,
};

/* A paging-structure entry (4.5). */
#define ENTRY_P       (1ull << 0)
#define ENTRY_RW      (1ull << 1)
#define ENTRY_US      (1ull << 2)
#define ENTRY_PWT     (1ull << 3)
#define ENTRY_PCD     (1ull << 4)
#define ENTRY_A       (1ull << 5)
#define ENTRY_D       (1ull << 6)
#define ENTRY_PS      (1ull << 7) /* levels 2 to 5 */
#define ENTRY_PAT_4K  (1ull << 7) /* level 1 */
#define ENTRY_G       (1ull << 8)
#define ENTRY_PAT_BIG (1ull << 12) /* levels 2 and 3 with PS */
#define ENTRY_NX      (1ull << 63)

/*
 * A cached translation is two words. The tag: VA[56:12] in 44:0, PCID in
 * 56:45, global in 57, size of the page in 59:58. The data: physical frame
 * (4 KiB units) in 39:0 and the rights of the whole path. Walk caches use the
 * same layout; their frame is that of the next table, and only RW, US and NX
 * of the rights are used.
 */
#define TAG_VPN         ((1ull << 45) - 1)
#define TAG_PCID_SHIFT  45
#define TAG_PCID        (0xfffull << TAG_PCID_SHIFT)
#define TAG_GLOBAL      (1ull << 57)
#define TAG_SIZE_SHIFT  58
#define DATA_PFN        ((1ull << 40) - 1)
#define DATA_RW         (1ull << 40)
#define DATA_US         (1ull << 41)
#define DATA_NX         (1ull << 42)
#define DATA_D          (1ull << 43)
#define DATA_PAT_SHIFT  44
#define DATA_PKEY_SHIFT 47
#define DATA_RIGHTS     (DATA_RW | DATA_US | DATA_NX)

static inline uint64_t x86_vpn(uint64_t va)
{
    return (va >> 12) & TAG_VPN;
}

/* The page-number bits that are offset inside a page of that size. */
static inline uint64_t x86_offset_mask(unsigned size)
{
    return (1ull << (9 * size)) - 1;
}

static inline uint64_t x86_tag(uint64_t vpn, unsigned pcid, bool global, unsigned size)
{
    return vpn | (uint64_t)pcid << TAG_PCID_SHIFT | (global ? TAG_GLOBAL : 0) |
           (uint64_t)size << TAG_SIZE_SHIFT;
}

static inline unsigned x86_tag_size(uint64_t tag)
{
    return (unsigned)(tag >> TAG_SIZE_SHIFT) & 3;
}

/* Physical address of va through a cached translation of a page of that size. */
static inline uint64_t x86_physical(uint64_t data, unsigned size, uint64_t va)
{
    uint64_t offset = x86_offset_mask(size);
    return ((data & DATA_PFN & ~offset) | (x86_vpn(va) & offset)) << 12 | (va & 0xfff);
}

/* Vol. 1, 3.3.7.1; APM 5.3.1: bits 63:47 (63:56 with 5-level paging) are all equal. */
static inline bool x86_canonical(uint64_t va, uint32_t mode)
{
    unsigned top = mode & MODE_LA57 ? 56 : 47;
    int64_t high = (int64_t)va >> top;
    return high == 0 || high == -1;
}

/* How many levels a walk has. */
static inline unsigned x86_levels(uint32_t mode)
{
    return mode & MODE_LA57 ? 5 : 4;
}

/* Address of the entry for va at that level (1 = PTE .. 5 = PML5E) in the table at frame pfn. */
static inline uint64_t x86_entry_address(uint64_t pfn, unsigned level, uint64_t va)
{
    return (pfn << 12) | ((va >> (12 + 9 * (level - 1))) & 0x1ff) << 3;
}

enum { ENTRY_IS_PRESENT = 1, ENTRY_IS_RESERVED = 2, ENTRY_IS_LEAF = 4 };

/*
 * What an entry says at its level: 4.5.4 with tables 4-14 to 4-20. A reserved
 * bit counts only in a present entry.
 */
static inline unsigned x86_entry_kind(uint64_t entry, unsigned level, uint32_t mode, unsigned maxphyaddr,
                                      bool gib_pages)
{
    if (!(entry & ENTRY_P))
        return 0;
    unsigned kind = ENTRY_IS_PRESENT;
    uint64_t reserved = ((1ull << 52) - 1) & ~((1ull << maxphyaddr) - 1);
    if (!(mode & MODE_NXE))
        reserved |= ENTRY_NX;
    bool ps = entry & ENTRY_PS;
    if (level == 1 || (ps && (level == 2 || (level == 3 && gib_pages))))
        kind |= ENTRY_IS_LEAF;
    if (level >= 4 || (level == 3 && !gib_pages))
        reserved |= ENTRY_PS;
    else if (ps && level == 3)
        reserved |= 0x3fffe000; /* bits 29:13 of a 1 GiB page's address */
    else if (ps && level == 2)
        reserved |= 0x1fe000; /* bits 20:13 of a 2 MiB page's address */
    if (entry & reserved)
        kind |= ENTRY_IS_RESERVED;
    return kind;
}

/* Frame of the table or page that a valid entry points to. */
static inline uint64_t x86_entry_frame(uint64_t entry, unsigned level, bool leaf)
{
    uint64_t frame = (entry >> 12) & DATA_PFN;
    return leaf ? frame & ~x86_offset_mask(level - 1) : frame;
}

/* 4.6.1; APM 5.6.1 to 5.6.3: rights of the path so far and of one more entry. */
static inline uint64_t x86_accumulate(uint64_t rights, uint64_t entry, uint32_t mode)
{
    if (!(entry & ENTRY_RW))
        rights &= ~DATA_RW;
    if (!(entry & ENTRY_US))
        rights &= ~DATA_US;
    if ((entry & ENTRY_NX) && (mode & MODE_NXE))
        rights |= DATA_NX;
    return rights;
}

/*
 * The data word that caches a leaf entry; `rights` of the whole path; D as it
 * is in the entry; PAT index: 4.9.2, APM 5.4.1; protection key: 4.6.2.
 */
static inline uint64_t x86_leaf_data(uint64_t entry, unsigned level, uint64_t rights)
{
    uint64_t pat = (entry & ENTRY_PWT ? 1 : 0) | (entry & ENTRY_PCD ? 2 : 0) |
                   (entry & (level == 1 ? ENTRY_PAT_4K : ENTRY_PAT_BIG) ? 4 : 0);
    return x86_entry_frame(entry, level, true) | rights | (entry & ENTRY_D ? DATA_D : 0) |
           pat << DATA_PAT_SHIFT | ((entry >> 59) & 0xf) << DATA_PKEY_SHIFT;
}

enum { DENIED = 1, DENIED_BY_KEY = 2 };

/* 4.6.1 and 4.6.2; APM 5.6: 0, or DENIED, with DENIED_BY_KEY where the protection key forbids the access. */
static inline unsigned x86_denied(uint64_t data, unsigned attr, uint32_t mode, uint32_t pkru, uint32_t pkrs)
{
    unsigned kind = attr & ATTR_KIND;
    bool user = attr & ATTR_USER;
    bool us_page = data & DATA_US;
    bool write = kind == ACCESS_WRITE;
    bool fetch = kind == ACCESS_FETCH;
    unsigned result = 0;

    if (user ? !us_page
             : us_page && !fetch && (mode & MODE_SMAP) && ((attr & ATTR_IMPLICIT) || !(attr & ATTR_AC)))
        result = DENIED;
    if (write && !(data & DATA_RW) && (user || (mode & MODE_WP)))
        result = DENIED;
    if (fetch && ((data & DATA_NX) || (!user && us_page && (mode & MODE_SMEP))))
        result = DENIED;

    uint32_t keys = us_page ? (mode & MODE_PKE ? pkru : 0) : (mode & MODE_PKS ? pkrs : 0);
    if (keys && !fetch) {
        unsigned key = (unsigned)(data >> DATA_PKEY_SHIFT) & 0xf;
        unsigned disable = keys >> (2 * key); /* bit 0: access, bit 1: write */
        if ((disable & 1) || ((disable & 2) && write && (user || (mode & MODE_WP))))
            result = DENIED | DENIED_BY_KEY;
    }
    return result;
}

/* 4.7: the #PF error code of an access; `kind` from x86_entry_kind, `denied` from x86_denied. */
static inline uint8_t x86_error_code(unsigned kind, unsigned denied, unsigned attr, uint32_t mode)
{
    unsigned code = 0;
    if (kind & ENTRY_IS_PRESENT)
        code |= PF_P;
    if ((attr & ATTR_KIND) == ACCESS_WRITE)
        code |= PF_W;
    if (attr & ATTR_USER)
        code |= PF_U;
    if (kind & ENTRY_IS_RESERVED)
        code |= PF_RSVD;
    if ((attr & ATTR_KIND) == ACCESS_FETCH && (mode & (MODE_NXE | MODE_SMEP)))
        code |= PF_I;
    if (denied & DENIED_BY_KEY)
        code |= PF_PK;
    return (uint8_t)code;
}

/* Which cached translations an invalidation drops (4.10.4.1). */
enum {
    INV_ADDRESS = 1, /* only those of the page at the key's address */
    INV_PCID = 2,    /* of the non-global ones, only those of the key's PCID */
    INV_GLOBALS = 4, /* global ones too, of whichever PCID */
};

/*
 * The entry is dropped by an invalidation with these flags and the key's
 * address and PCID. grain: what the entry covers at least (0: 4 KiB .. 4); a
 * fragment of a large page is dropped with the whole page (4.10.2.3).
 */
static inline bool x86_invalidates(unsigned flags, uint64_t key_vpn, unsigned key_pcid, uint64_t tag,
                                   unsigned grain)
{
    unsigned size = x86_tag_size(tag) > grain ? x86_tag_size(tag) : grain;
    if ((flags & INV_ADDRESS) && ((tag ^ key_vpn) & TAG_VPN & ~x86_offset_mask(size)))
        return false;
    if (tag & TAG_GLOBAL)
        return flags & INV_GLOBALS;
    return !(flags & INV_PCID) || (tag & TAG_PCID) >> TAG_PCID_SHIFT == key_pcid;
}

/* What a write to a control register leaves of the mode. */
static inline uint32_t x86_mode_after(uint32_t mode, unsigned op, uint64_t value)
{
    uint32_t bits = 0;
    switch (op) {
    case OP_WRITE_CR0:
        bits = (value & CR0_PG ? MODE_PG : 0) | (value & CR0_WP ? MODE_WP : 0);
        return (mode & ~(uint32_t)MODE_CR0) | bits;
    case OP_WRITE_CR4:
        bits = (value & CR4_SMEP ? MODE_SMEP : 0) | (value & CR4_SMAP ? MODE_SMAP : 0) |
               (value & CR4_PGE ? MODE_PGE : 0) | (value & CR4_PCIDE ? MODE_PCIDE : 0) |
               (value & CR4_PKE ? MODE_PKE : 0) | (value & CR4_PKS ? MODE_PKS : 0) |
               (value & CR4_LA57 ? MODE_LA57 : 0);
        return (mode & ~(uint32_t)MODE_CR4) | bits;
    case OP_WRITE_EFER:
        return (mode & ~(uint32_t)MODE_NXE) | (value & EFER_NXE ? MODE_NXE : 0);
    default:
        return mode;
    }
}

/* An operation that changes registers and waits for every access before it; the others only invalidate. */
static inline bool x86_is_register_write(unsigned op)
{
    return op <= OP_WRITE_PKRS;
}

enum { NO_INVALIDATION = 8 };

/*
 * What an operation invalidates (4.10.4.1; APM 5.5.1 to 5.5.3): INV_ flags, or
 * NO_INVALIDATION.
 * EFER.NXE and CR4.LA57 change how entries are read; the manual leaves their
 * invalidation to software, this MMU drops everything.
 */
static inline unsigned x86_invalidation(unsigned op, uint64_t value, uint32_t before, uint32_t after)
{
    uint32_t changed = before ^ after;
    switch (op) {
    case OP_WRITE_CR0:
        return changed & before & MODE_PG ? INV_GLOBALS : NO_INVALIDATION;
    case OP_WRITE_CR3:
        return (value & CR3_NO_FLUSH) && (before & MODE_PCIDE) ? NO_INVALIDATION : INV_PCID;
    case OP_WRITE_CR4:
        if (changed & (MODE_PGE | MODE_LA57 | (before & MODE_PCIDE)))
            return INV_GLOBALS;
        return changed & after & MODE_SMEP ? INV_PCID | INV_GLOBALS : NO_INVALIDATION;
    case OP_WRITE_EFER:
        return changed & MODE_NXE ? INV_GLOBALS : NO_INVALIDATION;
    case OP_INVLPG:
        return INV_ADDRESS | INV_PCID | INV_GLOBALS;
    case OP_INVPCID:
        switch (value & 3) {
        case 0:
            return INV_ADDRESS | INV_PCID;
        case 1:
            return INV_PCID;
        case 2:
            return INV_GLOBALS;
        default:
            return 0;
        }
    default:
        return NO_INVALIDATION;
    }
}

/* A page fault drops the entries for its address (4.10.4.1; APM 5.5.3). */
enum { INV_PAGE_FAULT = INV_ADDRESS | INV_PCID | INV_GLOBALS };

#endif
