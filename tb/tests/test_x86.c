/* SPDX-License-Identifier: Apache-2.0 */
/* The x86 rules of the C model, each against the section of the SDM (volume 3A) that its test names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "x86.h"

/* Vol. 1, 3.3.7.1: bits 63:47 (63:56 with CR4.LA57) of a linear address are identical. */
static void canonical_addresses(void **state)
{
    static const struct {
        uint64_t va;
        bool four_level, five_level;
    } cases[] = {
        {0, true, true},
        {0x00007fffffffffff, true, true},
        {0x0000800000000000, false, true},
        {0xffff7fffffffffff, false, true},
        {0xffff800000000000, true, true},
        {UINT64_MAX, true, true},
        {0x00ffffffffffffff, false, true},
        {0x0100000000000000, false, false},
        {0xfeffffffffffffff, false, false},
        {0xff00000000000000, false, true},
        {0x8000000000000000, false, false},
        {0x7fffffffffffffff, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(x86_canonical(cases[i].va, MODE_PG), cases[i].four_level);
        assert_int_equal(x86_canonical(cases[i].va, MODE_PG | MODE_LA57), cases[i].five_level);
    }
}

/* 4.5.4: nine address bits a level select the entry, from 20:12 (PTE) to 56:48 (PML5E). */
static void entry_addresses(void **state)
{
    static const unsigned lowest_bit[] = {0, 12, 21, 30, 39, 48};

    (void)state;
    assert_int_equal(x86_levels(MODE_PG), 4);
    assert_int_equal(x86_levels(MODE_PG | MODE_LA57), 5);
    for (unsigned level = 1; level <= 5; level++) {
        uint64_t table = 0xabcdeull;
        uint64_t index = 0x101 + level;
        uint64_t va = index << lowest_bit[level];

        assert_int_equal(x86_entry_address(table, level, va), (table << 12) + 8 * index);
        /* All other bits of the address are without influence. */
        assert_int_equal(x86_entry_address(table, level, ~(0x1ffull << lowest_bit[level])), table << 12);
    }
}

/* Tables 4-14 to 4-20: bit `bit` is reserved in a present entry. ps: the entry has bit 7 set. */
static bool bit_is_reserved(unsigned bit, unsigned level, bool ps, unsigned maxphyaddr, bool nxe, bool gib)
{
    if (bit >= maxphyaddr && bit <= 51)
        return true;
    if (bit == 63)
        return !nxe;
    switch (level) {
    case 5:
    case 4:
        return bit == 7;
    case 3:
        return gib ? ps && bit >= 13 && bit <= 29 : bit == 7;
    case 2:
        return ps && bit >= 13 && bit <= 20;
    default:
        return false;
    }
}

static void check_entry_kinds(unsigned level, bool ps, unsigned maxphyaddr, bool nxe, bool gib)
{
    uint32_t mode = MODE_PG | (nxe ? MODE_NXE : 0);
    bool leaf = level == 1 || (ps && (level == 2 || (level == 3 && gib)));
    bool base_reserved = ps && bit_is_reserved(7, level, ps, maxphyaddr, nxe, gib);

    for (unsigned bit = 1; bit < 64; bit++) {
        uint64_t entry = (ps ? ENTRY_PS : 0) | 1ull << bit;
        if (bit == 7 && !ps)
            continue;
        bool reserved = base_reserved || bit_is_reserved(bit, level, ps, maxphyaddr, nxe, gib);
        unsigned kind = x86_entry_kind(entry | ENTRY_P, level, mode, maxphyaddr, gib);

        assert_int_equal(x86_entry_kind(entry, level, mode, maxphyaddr, gib), 0);
        assert_true(kind & ENTRY_IS_PRESENT);
        assert_int_equal(!!(kind & ENTRY_IS_RESERVED), reserved);
        if (!reserved)
            assert_int_equal(!!(kind & ENTRY_IS_LEAF), leaf);
    }
}

static void entry_kinds(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 5; level++)
        for (unsigned maxphyaddr = 36; maxphyaddr <= 52; maxphyaddr++)
            for (unsigned flags = 0; flags < 8; flags++)
                check_entry_kinds(level, flags & 1, maxphyaddr, flags & 2, flags & 4);
}

/* 4.6.1: how rights of a path come together: W and U by AND, XD by OR. */
static void accumulated_rights(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t above = (i & 1 ? DATA_RW : 0) | (i & 2 ? DATA_US : 0) | (i & 4 ? DATA_NX : 0);
        uint64_t entry = ENTRY_P | (i & 8 ? ENTRY_RW : 0) | (i & 16 ? ENTRY_US : 0) | (i & 32 ? ENTRY_NX : 0);
        uint64_t with_nxe =
            ((i & 9) == 9 ? DATA_RW : 0) | ((i & 18) == 18 ? DATA_US : 0) | ((i & 36) ? DATA_NX : 0);
        uint64_t without = (with_nxe & ~DATA_NX) | (i & 4 ? DATA_NX : 0);

        assert_int_equal(x86_accumulate(above, entry, MODE_PG | MODE_NXE), with_nxe);
        assert_int_equal(x86_accumulate(above, entry, MODE_PG), without);
    }
}

/* One access to one page under one set of registers. */
struct attempt {
    bool user, implicit, ac;
    enum access_kind kind;
    bool rw, us, nx;                    /* rights of the page's path */
    bool wp, smep, smap, pke, pks;      /* control registers */
    bool pkru_ad, pkru_wd, ad, wd, all; /* PKRU and PKRS for the page's key; all: the other keys deny */
    unsigned key;
};

/* 4.6.1, "Determination of access rights", case by case. */
static bool rights_permit(const struct attempt *a)
{
    bool smap_permits = !a->smap || (a->ac && !a->implicit);
    if (!a->user && !a->us) /* supervisor-mode access to a supervisor-mode address */
        return a->kind == ACCESS_READ || (a->kind == ACCESS_WRITE ? !a->wp || a->rw : !a->nx);
    if (!a->user) /* supervisor-mode access to a user-mode address */
        return a->kind == ACCESS_READ    ? smap_permits
               : a->kind == ACCESS_WRITE ? smap_permits && (!a->wp || a->rw)
                                         : !a->smep && !a->nx;
    if (!a->us) /* user-mode access to a supervisor-mode address */
        return false;
    return a->kind == ACCESS_READ || (a->kind == ACCESS_WRITE ? a->rw : !a->nx);
}

/* 4.6.2: PKRU for user-mode addresses, IA32_PKRS for supervisor-mode addresses; never for fetches. */
static bool key_permits(const struct attempt *a)
{
    bool enabled = a->us ? a->pke : a->pks;
    bool access_disable = a->us ? a->pkru_ad : a->ad, write_disable = a->us ? a->pkru_wd : a->wd;
    if (!enabled || a->kind == ACCESS_FETCH)
        return true;
    if (access_disable)
        return false;
    return !(write_disable && a->kind == ACCESS_WRITE && (a->user || a->wp));
}

static uint32_t key_register(const struct attempt *a, bool access_disable, bool write_disable)
{
    uint32_t others = a->all ? ~(3u << (2 * a->key)) : 0;
    return others | (access_disable ? 1u : 0) << (2 * a->key) | (write_disable ? 2u : 0) << (2 * a->key);
}

static void check_attempt(const struct attempt *a)
{
    uint64_t data = 0x12345 | (a->rw ? DATA_RW : 0) | (a->us ? DATA_US : 0) | (a->nx ? DATA_NX : 0) |
                    (uint64_t)a->key << DATA_PKEY_SHIFT;
    unsigned attr =
        a->kind | (a->user ? ATTR_USER : 0) | (a->implicit ? ATTR_IMPLICIT : 0) | (a->ac ? ATTR_AC : 0);
    uint32_t mode = MODE_PG | MODE_NXE | (a->wp ? MODE_WP : 0) | (a->smep ? MODE_SMEP : 0) |
                    (a->smap ? MODE_SMAP : 0) | (a->pke ? MODE_PKE : 0) | (a->pks ? MODE_PKS : 0);
    unsigned denied =
        x86_denied(data, attr, mode, key_register(a, a->pkru_ad, a->pkru_wd), key_register(a, a->ad, a->wd));
    unsigned expected = key_permits(a) ? (rights_permit(a) ? 0 : DENIED) : DENIED | DENIED_BY_KEY;
    if (denied != expected)
        fail_msg("kind %d attr %x data %llx mode %x: %u, not %u", a->kind, attr, (unsigned long long)data,
                 mode, denied, expected);
}

static void denied_accesses(void **state)
{
    static const unsigned keys[] = {0, 7, 15};

    (void)state;
    for (uint32_t i = 0; i < 1u << 16; i++)
        for (unsigned kind = ACCESS_READ; kind <= ACCESS_FETCH; kind++) {
            struct attempt a = {.user = i & 1,
                                .implicit = i & 2,
                                .ac = i & 4,
                                .kind = (enum access_kind)kind,
                                .rw = i & 8,
                                .us = i & 16,
                                .nx = i & 32,
                                .wp = i & 64,
                                .smep = i & 128,
                                .smap = i & 256,
                                .pke = i & 512,
                                .pks = i & 1024,
                                .pkru_ad = i & 2048,
                                .pkru_wd = i & 4096,
                                .ad = i & 8192,
                                .wd = i & 16384,
                                .all = i & 32768,
                                .key = keys[i % 3]};
            if (!(a.user && a.implicit))
                check_attempt(&a);
        }
}

/* 4.7, figure 4-12. */
static void error_codes(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 128; i++) {
        bool present = i & 1, reserved = i & 2, by_key = i & 4, user = i & 8, nxe = i & 16, smep = i & 32;
        uint32_t mode = MODE_PG | (nxe ? MODE_NXE : 0) | (smep ? MODE_SMEP : 0) | (i & 64 ? MODE_WP : 0);
        unsigned kind = present ? ENTRY_IS_PRESENT | (reserved ? ENTRY_IS_RESERVED : 0) : 0;
        for (unsigned access = ACCESS_READ; access <= ACCESS_FETCH; access++) {
            unsigned expected = (present ? PF_P : 0) | (present && reserved ? PF_RSVD : 0) |
                                (by_key ? PF_PK : 0) | (user ? PF_U : 0) |
                                (access == ACCESS_WRITE ? PF_W : 0) |
                                (access == ACCESS_FETCH && (nxe || smep) ? PF_I : 0);
            assert_int_equal(x86_error_code(kind, by_key ? DENIED | DENIED_BY_KEY : DENIED,
                                            access | (user ? ATTR_USER : 0), mode),
                             expected);
        }
    }
}

/* Tables 4-15, 4-17 and 4-20; 4.9.2: PAT index from PAT, PCD and PWT, and bit 12 is PAT in a large page. */
static void leaf_words(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 3; level++)
        for (unsigned i = 0; i < 256; i++) {
            unsigned pat = i & 7, key = i >> 3 & 15;
            bool dirty = i & 128;
            uint64_t frame = 0xfedcba9876ull & ~x86_offset_mask(level - 1);
            uint64_t entry = ENTRY_P | frame << 12 | (uint64_t)key << 59 | (pat & 1 ? ENTRY_PWT : 0) |
                             (pat & 2 ? ENTRY_PCD : 0) | (dirty ? ENTRY_D : 0);
            if (level > 1)
                entry |= ENTRY_PS | (pat & 4 ? 1ull << 12 : 0);
            else
                entry |= pat & 4 ? 1ull << 7 : 0;
            uint64_t data = x86_leaf_data(entry, level, DATA_US | DATA_NX);

            assert_int_equal(data & DATA_PFN, frame);
            assert_int_equal(data & DATA_RIGHTS, DATA_US | DATA_NX);
            assert_int_equal(!!(data & DATA_D), dirty);
            assert_int_equal(data >> DATA_PAT_SHIFT & 7, pat);
            assert_int_equal(data >> DATA_PKEY_SHIFT & 15, key);
        }
}

/* 4.5.4: the offset in a page of 4 KiB, 2 MiB, 1 GiB is bits 11:0, 20:0, 29:0 of the address. */
static void physical_addresses(void **state)
{
    static const unsigned offset_bits[] = {12, 21, 30};
    const uint64_t va = 0xffff923456789abc, page = 0x000ffedc80000000;

    (void)state;
    for (unsigned size = PAGE_4K; size <= PAGE_1G; size++) {
        uint64_t offset = va & ((1ull << offset_bits[size]) - 1);
        assert_int_equal(x86_physical(page >> 12 | DATA_RW | DATA_D, size, va), page + offset);
        /* A fragment has its own frame; what is below the page's size still comes from the address. */
        uint64_t fragment = (page >> 12) | (x86_vpn(va) & x86_offset_mask(size));
        assert_int_equal(x86_physical(fragment, size, va), page + offset);
    }
}

/* The registers' bits that count (2.5, 4.1.1), one at a time; a write leaves those of other registers. */
static void mode_after_writes(void **state)
{
    static const struct {
        uint64_t bit;
        uint32_t mode, op;
    } cases[] = {
        {CR0_PG, MODE_PG, OP_WRITE_CR0},       {CR0_WP, MODE_WP, OP_WRITE_CR0},
        {CR4_PGE, MODE_PGE, OP_WRITE_CR4},     {CR4_LA57, MODE_LA57, OP_WRITE_CR4},
        {CR4_PCIDE, MODE_PCIDE, OP_WRITE_CR4}, {CR4_SMEP, MODE_SMEP, OP_WRITE_CR4},
        {CR4_SMAP, MODE_SMAP, OP_WRITE_CR4},   {CR4_PKE, MODE_PKE, OP_WRITE_CR4},
        {CR4_PKS, MODE_PKS, OP_WRITE_CR4},     {EFER_NXE, MODE_NXE, OP_WRITE_EFER},
        {EFER_LME, 0, OP_WRITE_EFER},          {CR4_PAE, 0, OP_WRITE_CR4},
    };
    const uint32_t everything = MODE_CR0 | MODE_CR4 | MODE_NXE;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t op = cases[i].op;
        uint32_t own = op == OP_WRITE_CR0 ? MODE_CR0 : op == OP_WRITE_CR4 ? MODE_CR4 : MODE_NXE;
        assert_int_equal(x86_mode_after(0, op, cases[i].bit), cases[i].mode);
        assert_int_equal(x86_mode_after(everything, op, cases[i].bit), (everything & ~own) | cases[i].mode);
    }
    for (unsigned op = 0; op < OP_COUNT; op++) {
        assert_int_equal(x86_is_register_write(op), op != OP_INVLPG && op != OP_INVPCID);
        if (op == OP_WRITE_CR3 || op > OP_WRITE_EFER)
            assert_int_equal(x86_mode_after(MODE_PG | MODE_PGE, op, UINT64_MAX), MODE_PG | MODE_PGE);
    }
}

/*
 * 4.10.4.1, operation by operation: which cached translations go. One letter
 * each for those of the page at the operation's address and its PCID, of
 * another page and its PCID, of the page and another PCID; then the same for
 * global ones. 'x' goes, '.' may stay.
 */
static void what_operations_invalidate(void **state)
{
    static const struct {
        uint64_t value;
        uint32_t op, before;
        const char *gone;
    } cases[] = {
        {CR0_WP, OP_WRITE_CR0, MODE_PG, "xxxxxx"}, /* PG cleared */
        {CR0_PG, OP_WRITE_CR0, 0, "......"},       /* PG set */
        {CR0_PG | CR0_WP, OP_WRITE_CR0, MODE_PG, "......"},
        {0x1000, OP_WRITE_CR3, 0, "xx...."},
        {0x1000 | CR3_NO_FLUSH, OP_WRITE_CR3, 0, "xx...."}, /* bit 63 counts with PCIDE only */
        {0x1000, OP_WRITE_CR3, MODE_PCIDE, "xx...."},
        {0x1000 | CR3_NO_FLUSH, OP_WRITE_CR3, MODE_PCIDE, "......"},
        {CR4_PGE, OP_WRITE_CR4, 0, "xxxxxx"},
        {0, OP_WRITE_CR4, MODE_PGE, "xxxxxx"},
        {CR4_PCIDE, OP_WRITE_CR4, 0, "......"},
        {0, OP_WRITE_CR4, MODE_PCIDE, "xxxxxx"},
        {CR4_SMEP, OP_WRITE_CR4, 0, "xx.xxx"}, /* those of the current PCID, globals with them */
        {0, OP_WRITE_CR4, MODE_SMEP, "......"},
        {CR4_SMAP | CR4_PKE | CR4_PKS, OP_WRITE_CR4, 0, "......"},
        {CR4_PGE | CR4_SMEP, OP_WRITE_CR4, MODE_PGE | MODE_SMEP, "......"},
        {CR4_LA57, OP_WRITE_CR4, 0, "xxxxxx"},  /* this MMU's choice */
        {EFER_NXE, OP_WRITE_EFER, 0, "xxxxxx"}, /* likewise */
        {0, OP_WRITE_EFER, MODE_NXE, "xxxxxx"},
        {EFER_NXE, OP_WRITE_EFER, MODE_NXE, "......"},
        {UINT32_MAX, OP_WRITE_PKRU, 0, "......"},
        {UINT32_MAX, OP_WRITE_PKRS, 0, "......"},
        {0, OP_INVLPG, MODE_PCIDE, "x..x.x"},
        {0, OP_INVPCID, MODE_PCIDE, "x....."},
        {1, OP_INVPCID, MODE_PCIDE, "xx...."},
        {2, OP_INVPCID, MODE_PCIDE, "xxxxxx"},
        {3, OP_INVPCID, MODE_PCIDE, "xxx..."},
    };
    const uint64_t page = 0x7f123456, other = 0x7f123457;
    const unsigned pcid = 0x123, other_pcid = 0x124;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t after = x86_mode_after(cases[i].before, cases[i].op, cases[i].value);
        unsigned flags = x86_invalidation(cases[i].op, cases[i].value, cases[i].before, after);
        for (unsigned entry = 0; entry < 6; entry++) {
            uint64_t tag = x86_tag(entry % 3 == 1 ? other : page, entry % 3 == 2 ? other_pcid : pcid,
                                   entry >= 3, PAGE_4K);
            bool gone = flags != NO_INVALIDATION && x86_invalidates(flags, page, pcid, tag, 0);
            if (gone != (cases[i].gone[entry] == 'x'))
                fail_msg("operation %u, value %llx, mode %x, entry %u", cases[i].op,
                         (unsigned long long)cases[i].value, cases[i].before, entry);
        }
    }
    assert_int_equal(INV_PAGE_FAULT, x86_invalidation(OP_INVLPG, 0, 0, 0));
}

/* 4.10.2.3 and 4.10.4.1: an address names the whole page, of which a fragment may be all that is cached. */
static void invalidation_by_address(void **state)
{
    const uint64_t vpn = 0x123456789aull & ~x86_offset_mask(4);
    static const uint64_t reach[] = {1, 1ull << 9, 1ull << 18, 1ull << 27, 1ull << 36};

    (void)state;
    for (unsigned size = PAGE_4K; size <= PAGE_1G; size++)
        for (unsigned grain = 0; grain <= 4; grain++) {
            uint64_t covered = reach[size > grain ? size : grain];
            uint64_t tag = x86_tag(vpn | (covered - 1), 5, false, size);
            assert_true(x86_invalidates(INV_ADDRESS | INV_PCID, vpn, 5, tag, grain));
            assert_true(x86_invalidates(INV_ADDRESS | INV_PCID, vpn + covered - 1, 5, tag, grain));
            assert_false(x86_invalidates(INV_ADDRESS | INV_PCID, vpn + covered, 5, tag, grain));
            assert_false(x86_invalidates(INV_ADDRESS | INV_PCID, vpn - 1, 5, tag, grain));
            assert_false(x86_invalidates(INV_ADDRESS | INV_PCID, vpn, 6, tag, grain));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_addresses),
        cmocka_unit_test(entry_addresses),
        cmocka_unit_test(entry_kinds),
        cmocka_unit_test(accumulated_rights),
        cmocka_unit_test(denied_accesses),
        cmocka_unit_test(error_codes),
        cmocka_unit_test(leaf_words),
        cmocka_unit_test(physical_addresses),
        cmocka_unit_test(mode_after_writes),
        cmocka_unit_test(what_operations_invalidate),
        cmocka_unit_test(invalidation_by_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
