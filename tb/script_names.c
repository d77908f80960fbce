/* SPDX-License-Identifier: Apache-2.0 */
/* The names that the script language knows from the start. */
#include <string.h>

#include "script_parser.h"
#include "table_builder.h"

struct flag {
    const char *name;
    uint64_t value;
};

static const struct flag cr0_flags[] = {
    {"wp", CR0_WP}, {"pg", CR0_PG}, {"pe", 1}, {"nopg", SCRIPT_NO_PAGING}, {NULL, 0}};

static const struct flag cr3_flags[] = {{"noflush", CR3_NO_FLUSH}, {NULL, 0}};

static const struct flag cr4_flags[] = {
    {"pae", CR4_PAE},     {"pge", CR4_PGE},   {"la57", CR4_LA57},
    {"pcide", CR4_PCIDE}, {"smep", CR4_SMEP}, {"smap", CR4_SMAP},
    {"pke", CR4_PKE},     {"pks", CR4_PKS},   {NULL, 0},
};

static const struct flag efer_flags[] = {{"lme", EFER_LME}, {"lma", EFER_LMA}, {"nxe", EFER_NXE}, {NULL, 0}};

static const struct flag entry_flags[] = {
    {"p", ENTRY_P},
    {"rw", ENTRY_RW},
    {"us", ENTRY_US},
    {"pwt", ENTRY_PWT},
    {"pcd", ENTRY_PCD},
    {"a", ENTRY_A},
    {"d", ENTRY_D},
    {"ps", ENTRY_PS},
    {"g", ENTRY_G},
    {"pat", ENTRY_PAT_4K},
    {"pathuge", ENTRY_PAT_HUGE},
    {"nx", ENTRY_NX},
    {NULL, 0},
};

static const struct flag error_code_flags[] = {{"p", PF_P}, {"w", PF_W},   {"u", PF_U}, {"rsvd", PF_RSVD},
                                               {"i", PF_I}, {"pk", PF_PK}, {NULL, 0}};

static const struct flag invpcid_types[] = {
    {"address", 0}, {"context", 1}, {"all", 2}, {"nonglobal", 3}, {NULL, 0}};

static const struct flag *const tables[] = {
    [NAMES_CR0] = cr0_flags,         [NAMES_CR3] = cr3_flags,     [NAMES_CR4] = cr4_flags,
    [NAMES_EFER] = efer_flags,       [NAMES_ENTRY] = entry_flags, [NAMES_ERROR_CODE] = error_code_flags,
    [NAMES_INVPCID] = invpcid_types,
};

/* ad0..ad15 and wd0..wd15 of PKRU and PKRS (SDM 4.6.2). */
static bool key_right(const char *text, size_t length, uint64_t *value)
{
    if (length < 3 || length > 4 || text[1] != 'd' || (text[0] != 'a' && text[0] != 'w'))
        return false;
    unsigned key = 0;
    for (size_t i = 2; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        key = key * 10 + (unsigned)(text[i] - '0');
    }
    if (key > 15 || (length == 4 && text[2] == '0'))
        return false;
    *value = (text[0] == 'a' ? 1ull : 2ull) << 2 * key;
    return true;
}

bool script_predefined(enum script_names names, const struct mmu_params *params, const char *text,
                       size_t length, uint64_t *value)
{
    const struct flag hardware[] = {
        {"MAXPHYADDR", params->mmu.maxphyaddr}, {"GIB_PAGES", params->mmu.gib_pages},
        {"DATA_PORTS", params->mmu.data_ports}, {"MISS_QUEUE", params->mmu.miss_queue},
        {"WALKERS", params->walker.count},      {NULL, 0},
    };
    if ((names == NAMES_PKRU || names == NAMES_PKRS) && key_right(text, length, value))
        return true;
    const struct flag *const both[] = {hardware,
                                       names < sizeof(tables) / sizeof(tables[0]) ? tables[names] : NULL};
    for (size_t i = 0; i < 2; i++)
        for (const struct flag *flag = both[i]; flag && flag->name; flag++)
            if (strlen(flag->name) == length && memcmp(flag->name, text, length) == 0) {
                *value = flag->value;
                return true;
            }
    return false;
}
