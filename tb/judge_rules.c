/* SPDX-License-Identifier: Apache-2.0 */
/* x86-64 paging-structure entries as the Intel SDM has them; see judge_rules.h. */
#include "judge_rules.h"

#include <stdio.h>

enum { KEY_SHIFT = 59, KEY_MASK = 15, LARGE_PAT_SHIFT = 12 };

/* Bits high:low set, both within 0..63. */
static uint64_t bits(unsigned high, unsigned low)
{
    return (~0ull >> (63 - high)) & (~0ull << low);
}

void rules_format_init(struct rules_format *format, unsigned maxphyaddr, bool gib_pages,
                       const struct rules_registers *regs)
{
    uint64_t always = maxphyaddr < 52 ? bits(51, maxphyaddr) : 0;

    if (!(regs->efer & EFER_NXE))
        always |= ENTRY_XD;
    *format = (struct rules_format){
        .levels = regs->cr4 & CR4_LA57 ? 5 : 4,
        .address = bits(maxphyaddr - 1, 12),
        .reserved =
            {
                [1] = always,
                [2] = always,
                [3] = always | (gib_pages ? 0 : ENTRY_PS),
                [4] = always | ENTRY_PS,
                [5] = always | ENTRY_PS,
            },
        .reserved_page = {[2] = bits(20, 13), [3] = bits(29, 13)},
    };
}

bool rules_canonical(uint64_t va, unsigned levels)
{
    unsigned sign = levels == 5 ? 56 : 47;
    uint64_t top = va >> sign;

    return top == 0 || top == ~0ull >> sign;
}

uint64_t rules_entry_address(uint64_t table, uint64_t va, unsigned level)
{
    return table | ((va >> (12 + 9 * (level - 1)) & 511) * 8);
}

enum rules_kind rules_entry_kind(const struct rules_format *format, unsigned level, uint64_t entry)
{
    if (!(entry & ENTRY_P))
        return RULES_NOT_PRESENT;
    if (entry & format->reserved[level])
        return RULES_RESERVED;
    if (level == 1)
        return RULES_PAGE;
    if (level <= 3 && (entry & ENTRY_PS))
        return entry & format->reserved_page[level] ? RULES_RESERVED : RULES_PAGE;
    return RULES_TABLE;
}

struct rules_rights rules_all_rights(void)
{
    return (struct rules_rights){.writable = true, .user = true};
}

struct rules_rights rules_add_entry(struct rules_rights rights, uint64_t entry)
{
    return (struct rules_rights){
        .writable = rights.writable && (entry & ENTRY_RW),
        .user = rights.user && (entry & ENTRY_US),
        .no_execute = rights.no_execute || (entry & ENTRY_XD),
        .key = entry >> KEY_SHIFT & KEY_MASK,
    };
}

uint64_t rules_page_bytes(unsigned size)
{
    return 4096ull << (9 * (size & 3));
}

struct rules_outcome rules_page(const struct rules_format *format, unsigned level, uint64_t entry,
                                struct rules_rights rights)
{
    unsigned size = level - 1;
    unsigned pat_shift = level == 1 ? 7 : LARGE_PAT_SHIFT;

    return (struct rules_outcome){
        .frame = entry & format->address & ~(rules_page_bytes(size) - 1),
        .size = size,
        .pat = (entry >> pat_shift & 1) << 2 | (entry & ENTRY_PCD ? 2 : 0) | (entry & ENTRY_PWT ? 1 : 0),
        .global = entry & ENTRY_G,
        .accessed = entry & ENTRY_A,
        .dirty = entry & ENTRY_D,
        .rights = rights,
    };
}

/*
 * SDM 4.6.2: protection keys bear on data accesses only; PKRU governs the
 * pages of user-mode addresses, IA32_PKRS the supervisor-mode ones.
 */
static bool key_forbids(const struct rules_registers *regs, struct rules_rights rights, uint8_t attr)
{
    bool enabled = regs->cr4 & (rights.user ? CR4_PKE : CR4_PKS);
    uint32_t key_rights = (rights.user ? regs->pkru : regs->pkrs) >> (2 * rights.key);
    unsigned kind = attr & ATTR_KIND;

    if (!enabled || kind == ACCESS_FETCH)
        return false;
    if (key_rights & 1)
        return true;
    return (key_rights & 2) && kind == ACCESS_WRITE && ((attr & ATTR_USER) || (regs->cr0 & CR0_WP));
}

bool rules_allowed(const struct rules_registers *regs, struct rules_rights rights, uint8_t attr)
{
    unsigned kind = attr & ATTR_KIND;
    bool user_access = attr & ATTR_USER;

    if (user_access && !rights.user)
        return false;
    if (kind == ACCESS_FETCH) {
        if (!user_access && rights.user && (regs->cr4 & CR4_SMEP))
            return false;
        return !rights.no_execute;
    }
    if (!user_access && rights.user && (regs->cr4 & CR4_SMAP) &&
        ((attr & ATTR_IMPLICIT) || !(attr & ATTR_AC)))
        return false;
    if (kind == ACCESS_WRITE && !rights.writable && (user_access || (regs->cr0 & CR0_WP)))
        return false;
    return !key_forbids(regs, rights, attr);
}

uint8_t rules_error_code(const struct rules_registers *regs, enum rules_kind kind, struct rules_rights rights,
                         uint8_t attr)
{
    uint8_t code = 0;

    if ((attr & ATTR_KIND) == ACCESS_WRITE)
        code |= PF_W;
    if (attr & ATTR_USER)
        code |= PF_U;
    if ((attr & ATTR_KIND) == ACCESS_FETCH && ((regs->cr4 & CR4_SMEP) || (regs->efer & EFER_NXE)))
        code |= PF_I;
    if (kind != RULES_NOT_PRESENT)
        code |= PF_P;
    if (kind == RULES_RESERVED)
        code |= PF_RSVD;
    if (kind == RULES_PAGE && key_forbids(regs, rights, attr))
        code |= PF_PK;
    return code;
}

uint16_t rules_pcid(const struct rules_registers *regs)
{
    return regs->cr4 & CR4_PCIDE ? regs->cr3 & 0xfff : 0;
}

uint64_t rules_root(const struct rules_format *format, const struct rules_registers *regs)
{
    return regs->cr3 & format->address;
}

const char *rules_level_name(unsigned level)
{
    static const char *const names[RULES_MAX_LEVELS + 1] = {"?", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

    return names[level];
}

void rules_describe_entry(const struct rules_format *format, unsigned level, uint64_t entry, char *text,
                          size_t len)
{
    enum rules_kind kind = rules_entry_kind(format, level, entry);
    bool page = kind == RULES_PAGE;

    if (kind == RULES_NOT_PRESENT) {
        snprintf(text, len, "not present");
        return;
    }
    int used = snprintf(text, len, "P%s%s%s%s%s%s%s", entry & ENTRY_RW ? " RW" : "",
                        entry & ENTRY_US ? " US" : "", entry & ENTRY_A ? " A" : "",
                        page && (entry & ENTRY_D) ? " D" : "", level > 1 && (entry & ENTRY_PS) ? " PS" : "",
                        page && (entry & ENTRY_G) ? " G" : "", entry & ENTRY_XD ? " XD" : "");
    if (used < 0 || (size_t)used >= len)
        return;
    if (kind == RULES_RESERVED) {
        snprintf(text + used, len - (size_t)used, ", reserved bits set");
    } else if (page) {
        struct rules_outcome page_of =
            rules_page(format, level, entry, rules_add_entry(rules_all_rights(), entry));
        snprintf(text + used, len - (size_t)used, " key %u PAT %u", page_of.rights.key, page_of.pat);
    }
}
