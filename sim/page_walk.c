/* SPDX-License-Identifier: Apache-2.0 */
#include "page_walk.h"

#include <stdarg.h>
#include <string.h>

#include "x86.h"

const char *page_walk_level_name(unsigned level)
{
    static const char *const names[] = {"", "PTE", "PDE", "PDPTE", "PML4E", "PML5E"};
    return names[level];
}

/* The control register bits of the model's mode word. */
static uint32_t mode_of(const struct page_walk_setting *setting)
{
    const struct {
        uint64_t value, bit;
        uint32_t mode;
    } table[] = {
        {setting->cr0, CR0_PG, MODE_PG},       {setting->cr0, CR0_WP, MODE_WP},
        {setting->efer, EFER_NXE, MODE_NXE},   {setting->cr4, CR4_SMEP, MODE_SMEP},
        {setting->cr4, CR4_SMAP, MODE_SMAP},   {setting->cr4, CR4_PGE, MODE_PGE},
        {setting->cr4, CR4_PCIDE, MODE_PCIDE}, {setting->cr4, CR4_PKE, MODE_PKE},
        {setting->cr4, CR4_PKS, MODE_PKS},     {setting->cr4, CR4_LA57, MODE_LA57},
    };
    uint32_t mode = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].value & table[i].bit)
            mode |= table[i].mode;
    return mode;
}

static uint64_t root_of(const struct page_walk_setting *setting)
{
    return setting->cr3 & 0x000ffffffffff000u;
}

const char *page_walk_check(const struct page_walk_setting *setting)
{
    if (!(setting->cr0 & CR0_PG))
        return "paging is off (CR0.PG, bit 31, is 0)";
    if (!(setting->cr4 & CR4_PAE))
        return "not 64-bit paging (CR4.PAE, bit 5, is 0)";
    if (!(setting->efer & EFER_LME))
        return "not 64-bit paging (EFER.LME, bit 8, is 0)";
    if (root_of(setting) >> setting->maxphyaddr)
        return "CR3 points beyond the physical addresses (mmu.maxphyaddr)";
    return NULL;
}

/* Bits of a present entry that must be 0, found by asking x86.h about each that is set. */
static uint64_t reserved_bits(uint64_t entry, unsigned level, uint32_t mode,
                              const struct page_walk_setting *setting)
{
    uint64_t base = ENTRY_P | (entry & ENTRY_PS), reserved = 0;
    if (x86_entry_kind(base, level, mode, setting->maxphyaddr, setting->gib_pages) & ENTRY_IS_RESERVED) {
        reserved = ENTRY_PS;
        base = ENTRY_P;
    }
    for (unsigned i = 0; i < 64; i++) {
        uint64_t bit = entry & (1ull << i) & ~ENTRY_PS;
        unsigned kind = x86_entry_kind(base | bit, level, mode, setting->maxphyaddr, setting->gib_pages);
        if (bit && (kind & ENTRY_IS_RESERVED))
            reserved |= bit;
    }
    return reserved;
}

__attribute__((format(printf, 2, 3))) static void add_reason(struct page_walk *walk, const char *format, ...)
{
    size_t used = strlen(walk->reason);
    if (used)
        used += (size_t)snprintf(walk->reason + used, sizeof(walk->reason) - used, "; ");
    if (used >= sizeof(walk->reason))
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(walk->reason + used, sizeof(walk->reason) - used, format, arguments);
    va_end(arguments);
}

/* "bits 51:46, 7" */
static void add_reserved_reason(struct page_walk *walk, const struct page_walk_step *step)
{
    char list[PAGE_WALK_REASON_CHARS] = "";
    size_t used = 0;
    unsigned count = 0;
    for (int high = 63; high >= 0; high--) {
        if (!(step->reserved >> high & 1))
            continue;
        int low = high;
        while (low > 0 && (step->reserved >> (low - 1) & 1))
            low--;
        used += (size_t)snprintf(list + used, sizeof(list) - used, used ? ", %d" : "%d", high);
        if (low < high)
            used += (size_t)snprintf(list + used, sizeof(list) - used, ":%d", low);
        count += (unsigned)(high - low) + 1;
        high = low;
    }
    add_reason(walk, "reserved bit%s %s set in the %s", count > 1 ? "s" : "", list,
               page_walk_level_name(step->level));
    if (step->reserved & ENTRY_NX)
        add_reason(walk, "bit 63 is reserved as EFER.NXE is 0");
    if (step->reserved & ENTRY_PS)
        add_reason(walk, "there is no page of that size at this level");
}

/* The entry that takes a right away: the first of the path whose accumulated rights lack (or have) it. */
static const char *culprit(const struct page_walk *walk, uint64_t bit, bool set)
{
    for (unsigned i = 0; i < walk->step_count; i++)
        if (!(walk->steps[i].rights & bit) == !set)
            return page_walk_level_name(walk->steps[i].level);
    return "?";
}

static void add_denied_reasons(struct page_walk *walk, const struct page_walk_setting *setting,
                               unsigned denied)
{
    unsigned kind = setting->attr & ATTR_KIND;
    bool user = setting->attr & ATTR_USER;
    bool us_page = walk->data & DATA_US;
    if (user && !us_page)
        add_reason(walk, "user access to a supervisor page (US is 0 in the %s)",
                   culprit(walk, DATA_US, false));
    if (kind == ACCESS_WRITE && !(walk->data & DATA_RW) && (user || (walk->mode & MODE_WP)))
        add_reason(walk, "write to a read-only page (RW is 0 in the %s)", culprit(walk, DATA_RW, false));
    if (kind == ACCESS_FETCH && (walk->data & DATA_NX))
        add_reason(walk, "fetch from a no-execute page (NX is 1 in the %s)", culprit(walk, DATA_NX, true));
    if (kind == ACCESS_FETCH && !user && us_page && (walk->mode & MODE_SMEP))
        add_reason(walk, "SMEP: supervisor fetch from a user page");
    bool smap = kind != ACCESS_FETCH && !user && us_page && (walk->mode & MODE_SMAP);
    if (smap && (setting->attr & ATTR_IMPLICIT))
        add_reason(walk, "SMAP: implicit supervisor access to a user page");
    else if (smap && !(setting->attr & ATTR_AC))
        add_reason(walk, "SMAP: supervisor access to a user page with EFLAGS.AC 0");
    if (denied & DENIED_BY_KEY)
        add_reason(walk, "protection key %u of %s forbids it", (unsigned)(walk->data >> DATA_PKEY_SHIFT) & 15,
                   us_page ? "PKRU" : "PKRS");
}

static unsigned denied(const struct page_walk *walk, const struct page_walk_setting *setting, uint8_t attr)
{
    return x86_denied(walk->data, attr, walk->mode, setting->pkru, setting->pkrs);
}

bool page_walk_allows(const struct page_walk *walk, const struct page_walk_setting *setting, uint8_t attr)
{
    return walk->translated && !denied(walk, setting, attr);
}

static void fault(struct page_walk *walk, const struct page_walk_setting *setting, unsigned kind,
                  unsigned why_denied)
{
    walk->fault = FAULT_PAGE;
    if (setting->has_access)
        walk->error_code = x86_error_code(kind, why_denied, setting->attr, walk->mode);
}

static void finish(struct page_walk *walk, const struct page_walk_setting *setting,
                   const struct page_walk_step *leaf)
{
    walk->translated = true;
    walk->size = (enum page_size)(leaf->level - 1);
    walk->data = x86_leaf_data(leaf->entry, leaf->level, leaf->rights);
    walk->pa = x86_physical(walk->data, walk->size, walk->va);
    walk->global = (leaf->entry & ENTRY_G) && (walk->mode & MODE_PGE);
    unsigned why = setting->has_access ? denied(walk, setting, setting->attr) : 0;
    if (why) {
        fault(walk, setting, leaf->kind, why);
        add_denied_reasons(walk, setting, why);
    }
}

static struct page_walk_step read_entry(const struct page_walk *walk, const struct page_walk_setting *setting,
                                        uint64_t frame, unsigned level, uint64_t rights)
{
    struct page_walk_step step = {.level = level, .address = x86_entry_address(frame, level, walk->va)};
    step.in_image = phys_mem_backed(setting->phys, step.address);
    step.entry = phys_mem_read64(setting->phys, step.address);
    step.kind = x86_entry_kind(step.entry, level, walk->mode, setting->maxphyaddr, setting->gib_pages);
    step.rights = rights;
    if (!(step.kind & ENTRY_IS_PRESENT))
        return step;
    if (step.kind & ENTRY_IS_RESERVED)
        step.reserved = reserved_bits(step.entry, level, walk->mode, setting);
    step.target = x86_entry_frame(step.entry, level, step.kind & ENTRY_IS_LEAF) << 12;
    step.rights = x86_accumulate(rights, step.entry, walk->mode);
    return step;
}

void page_walk_run(struct page_walk *walk, const struct page_walk_setting *setting, uint64_t va)
{
    *walk = (struct page_walk){.va = va, .mode = mode_of(setting)};
    if (!x86_canonical(va, walk->mode)) {
        walk->fault = FAULT_NON_CANONICAL;
        add_reason(walk, "not canonical: bits 63:%d are not all equal", walk->mode & MODE_LA57 ? 56 : 47);
        return;
    }
    uint64_t frame = root_of(setting) >> 12, rights = DATA_RW | DATA_US;
    for (unsigned level = x86_levels(walk->mode); level >= 1; level--) {
        struct page_walk_step *step = &walk->steps[walk->step_count++];
        *step = read_entry(walk, setting, frame, level, rights);
        if (!(step->kind & ENTRY_IS_PRESENT)) {
            fault(walk, setting, step->kind, 0);
            add_reason(walk, "the %s is not present", page_walk_level_name(level));
            if (!step->in_image)
                add_reason(walk, "its table is not in the image");
            return;
        }
        if (step->kind & ENTRY_IS_RESERVED) {
            fault(walk, setting, step->kind, 0);
            add_reserved_reason(walk, step);
            return;
        }
        if (step->kind & ENTRY_IS_LEAF) {
            finish(walk, setting, step);
            return;
        }
        frame = step->target >> 12;
        rights = step->rights;
    }
}
