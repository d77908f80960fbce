/* SPDX-License-Identifier: Apache-2.0 */
/* What the debugger prints of memory: words, paging structures, walks. */
#include <inttypes.h>
#include <stdio.h>

#include "debugger_state.h"
#include "mmu_state.h"
#include "page_walk.h"
#include "phys_mem.h"
#include "signal_decode.h"
#include "x86.h"

void debugger_print_memory(struct debugger *d, const struct debugger_words *words)
{
    uint64_t addr, count = 1;
    if (words->count < 3) {
        debugger_refuse(d, "print memory ADDRESS [WORDS]");
        return;
    }
    if (!debugger_number(d, words->word[2], &addr) ||
        (words->count > 3 && !debugger_number(d, words->word[3], &count)))
        return;
    if (addr % 8 || addr >> 52 || count > 512 || (addr + 8 * count) >> 52) {
        debugger_refuse(d, "the address is a multiple of 8 below 2^52, and at most 512 words are printed");
        return;
    }
    for (uint64_t i = 0; i < count; i++)
        printf("  0x%013" PRIx64 "  0x%016" PRIx64 "\n", addr + 8 * i,
               phys_mem_read64(d->loop->phys, addr + 8 * i));
}

/* A search for a table from the root on. */
struct table_search {
    const struct debugger *d;
    uint64_t addr;
    unsigned left; /* tables that may still be looked through */
};

/* The level of the table at search->addr, below the one at `table` of that level; 0: not found. */
static unsigned find_level(struct table_search *search, uint64_t table, unsigned level)
{
    const struct control *c = &search->d->loop->mmu->control;
    if (table == search->addr)
        return level;
    if (level == 1 || search->left == 0)
        return 0;
    search->left--;
    unsigned found = 0;
    for (unsigned i = 0; i < 512 && !found; i++) {
        uint64_t entry = phys_mem_read64(search->d->loop->phys, table + 8 * i);
        unsigned state = x86_entry_kind(entry, level, c->mode, c->maxphyaddr, c->gib_pages);
        if (state == ENTRY_IS_PRESENT)
            found = find_level(search, x86_entry_frame(entry, level, false) << 12, level - 1);
    }
    return found;
}

/* 0: no walk leads there. */
static unsigned level_of_table(const struct debugger *d, uint64_t addr)
{
    const struct control *c = &d->loop->mmu->control;
    struct table_search search = {.d = d, .addr = addr, .left = 100000};
    return find_level(&search, c->cr3 & (DATA_PFN << 12), x86_levels(c->mode));
}

static void print_table_entry(const struct debugger *d, uint64_t addr, uint64_t entry, unsigned level)
{
    const struct control *c = &d->loop->mmu->control;
    char text[128];
    if (level == 0) {
        signal_decode_text(DECODE_ENTRY, entry, text, sizeof(text));
        printf("  %5u  0x%013" PRIx64 "  %s\n", (unsigned)(addr / 8 % 512), addr, text);
        return;
    }
    event_entry_text(entry, level, x86_entry_kind(entry, level, c->mode, c->maxphyaddr, c->gib_pages), text,
                     sizeof(text));
    printf("  %5u  0x%013" PRIx64 "  0x%016" PRIx64 "  %s\n", (unsigned)(addr / 8 % 512), addr, entry, text);
}

/* The present entries of the table at an address, of the level that is given or at which walks come to it. */
void debugger_print_table(struct debugger *d, const struct debugger_words *words)
{
    uint64_t addr, level = 0;
    unsigned present = 0;
    if (words->count < 3) {
        debugger_refuse(d, "print table ADDRESS [LEVEL]");
        return;
    }
    if (!debugger_number(d, words->word[2], &addr) ||
        (words->count > 3 && !debugger_number(d, words->word[3], &level)))
        return;
    if (addr % 4096 || addr >> 52 || (words->count > 3 && level < 1) || level > PAGE_WALK_MAX_LEVELS) {
        debugger_refuse(d, "the address is a multiple of 4096 below 2^52, the level 1 (PTEs) to 5");
        return;
    }
    if (level == 0)
        level = level_of_table(d, addr);
    if (level == 0)
        printf("no walk from CR3 leads to this table: its level is not known\n");
    for (unsigned i = 0; i < 512; i++) {
        uint64_t entry = phys_mem_read64(d->loop->phys, addr + 8 * i);
        if (!(entry & ENTRY_P))
            continue;
        if (present++ == 0)
            printf("  index  %-5s at          value               bits\n",
                   level ? page_walk_level_name((unsigned)level) : "entry");
        print_table_entry(d, addr + 8 * i, entry, (unsigned)level);
    }
    printf("%u of 512 entries are present\n", present);
}

/* The control registers that stand behind the model's mode word. */
static struct page_walk_setting present_setting(const struct debugger *d)
{
    const struct control *c = &d->loop->mmu->control;
    const struct {
        uint32_t mode;
        uint64_t bit;
    } cr4_bits[] = {{MODE_SMEP, CR4_SMEP},   {MODE_SMAP, CR4_SMAP}, {MODE_PGE, CR4_PGE},
                    {MODE_PCIDE, CR4_PCIDE}, {MODE_PKE, CR4_PKE},   {MODE_PKS, CR4_PKS},
                    {MODE_LA57, CR4_LA57}};
    struct page_walk_setting setting = {
        .phys = d->loop->phys,
        .cr0 = (c->mode & MODE_PG ? CR0_PG : 0) | (c->mode & MODE_WP ? CR0_WP : 0),
        .cr3 = c->cr3,
        .cr4 = CR4_PAE,
        .efer = EFER_LME | EFER_LMA | (c->mode & MODE_NXE ? EFER_NXE : 0),
        .pkru = c->pkru,
        .pkrs = c->pkrs,
        .maxphyaddr = c->maxphyaddr,
        .gib_pages = c->gib_pages,
    };
    for (size_t i = 0; i < sizeof(cr4_bits) / sizeof(cr4_bits[0]); i++)
        if (c->mode & cr4_bits[i].mode)
            setting.cr4 |= cr4_bits[i].bit;
    return setting;
}

void debugger_print_walk(struct debugger *d, const struct debugger_words *words)
{
    uint64_t va;
    if (words->count < 3) {
        debugger_refuse(d, "print walk ADDRESS");
        return;
    }
    if (!debugger_number(d, words->word[2], &va))
        return;
    struct page_walk_setting setting = present_setting(d);
    const char *impossible = page_walk_check(&setting);
    if (impossible) {
        debugger_refuse(d, "%s", impossible);
        return;
    }
    struct page_walk walk;
    page_walk_run(&walk, &setting, va);
    page_walk_print(&walk, &setting, stdout);
}
