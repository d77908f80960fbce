/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include <stdbool.h>

/* Larger arrays are beyond any hardware and would only make digests and resets slow. */
enum { MAX_ARRAY_ENTRIES = 16384 };

struct range {
    const char *key;
    const char *reason;
    size_t offset;
    uint32_t min, max;
};

static const struct range ranges[] = {
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help)                                           \
    {#section "." #key, "must be " #min " to " #max, offsetof(struct mmu_params, section.key), min, max},
#include "params.def"
};

/* An array of sets x ways; `used` tells whether the hardware has it. */
struct geometry {
    const char *sets_key;
    uint32_t sets, ways;
    bool used;
};

static const char *check_ranges(const struct mmu_params *params, const char **key)
{
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        uint32_t value = *(const uint32_t *)((const char *)params + ranges[i].offset);
        if (value < ranges[i].min || value > ranges[i].max) {
            *key = ranges[i].key;
            return ranges[i].reason;
        }
    }
    return NULL;
}

/* Sets that are not built are held to the power of two as well: the RTL elaborates their index widths. */
static const char *check_arrays(const struct mmu_params *p, const char **key)
{
    const struct geometry arrays[] = {
        {"l1i.sets_4k", p->l1i.sets_4k, p->l1i.ways_4k, !p->l1i.unified},
        {"l1i.sets_2m", p->l1i.sets_2m, p->l1i.ways_2m, !p->l1i.unified},
        {"l1i.sets_1g", p->l1i.sets_1g, p->l1i.ways_1g, !p->l1i.unified},
        {"l1d.sets_4k", p->l1d.sets_4k, p->l1d.ways_4k, !p->l1d.unified},
        {"l1d.sets_2m", p->l1d.sets_2m, p->l1d.ways_2m, !p->l1d.unified},
        {"l1d.sets_1g", p->l1d.sets_1g, p->l1d.ways_1g, !p->l1d.unified},
        {"l2.sets", p->l2.sets, p->l2.ways, true},
        {"l2.sets_2m", p->l2.sets_2m, p->l2.ways_2m, !p->l2.shared_2m},
        {"l2i.sets", p->l2i.sets, p->l2i.ways, p->l2.split},
        {"l2i.sets_2m", p->l2i.sets_2m, p->l2i.ways_2m, p->l2.split && !p->l2i.shared_2m},
        {"walk_cache.sets_pml5e", p->walk_cache.sets_pml5e, p->walk_cache.ways_pml5e, true},
        {"walk_cache.sets_pml4e", p->walk_cache.sets_pml4e, p->walk_cache.ways_pml4e, true},
        {"walk_cache.sets_pdpte", p->walk_cache.sets_pdpte, p->walk_cache.ways_pdpte, true},
        {"walk_cache.sets_pde", p->walk_cache.sets_pde, p->walk_cache.ways_pde, true},
    };

    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        *key = arrays[i].sets_key;
        if ((arrays[i].sets & (arrays[i].sets - 1)) != 0)
            return "sets must be a power of two";
        if (arrays[i].used && arrays[i].sets * arrays[i].ways > MAX_ARRAY_ENTRIES)
            return "sets times ways must be at most 16384 entries";
    }
    return NULL;
}

void mmu_params_default(struct mmu_params *params)
{
    *params = (struct mmu_params){
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help) .section.key = (dflt),
#include "params.def"
    };
}

const char *mmu_params_check(const struct mmu_params *params, const char **key)
{
    const char *reason = check_ranges(params, key);

    if (reason != NULL)
        return reason;
    reason = check_arrays(params, key);
    if (reason != NULL)
        return reason;

    /* Every port may have one miss on its way into the queue while another is stored. */
    if (params->mmu.miss_queue < 2 * (1 + params->mmu.data_ports)) {
        *key = "mmu.miss_queue";
        return "must be at least 2 x (1 + mmu.data_ports)";
    }
    *key = NULL;
    return NULL;
}
