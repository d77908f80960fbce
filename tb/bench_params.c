/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_params.h"

#include <stdbool.h>
#include <stddef.h>

enum { CACHE_LINE_BYTES = 64 };

struct range {
    const char *key;
    const char *reason;
    size_t offset;
    uint32_t min, max;
};

static const struct range ranges[] = {
#define PARAM(section, key, type, dflt, min, max, unit, help)                                                \
    {#section "." #key, "must be " #min " to " #max, offsetof(struct bench_params, section.key), min, max},
#include "bench_params.def"
};

static const char *check_ranges(const struct bench_params *params, const char **key)
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

/* A cache of `kib` (0: none) in `ways` has a whole, power-of-two number of sets of 64-byte lines. */
static bool cache_possible(uint32_t kib, uint32_t ways)
{
    uint32_t lines = kib * (1024 / CACHE_LINE_BYTES);
    uint32_t sets = lines / ways;

    return lines % ways == 0 && (sets & (sets - 1)) == 0;
}

static const char *check_weights(const struct bench_params *p, const char **key)
{
    *key = "random.weight_read";
    if (p->random.weight_read + p->random.weight_write + p->random.weight_implicit +
            p->random.weight_implicit_write ==
        0)
        return "the weights of all accesses are 0";
    *key = "random.weight_user";
    if (p->random.weight_user + p->random.weight_supervisor == 0)
        return "the weights of all modes are 0";
    *key = "random.weight_invlpg";
    if (p->random.op_rate != 0 && p->random.weight_invlpg + p->random.weight_invpcid + p->random.weight_cr3 +
                                          p->random.weight_cr0 + p->random.weight_cr4 +
                                          p->random.weight_efer + p->random.weight_pkeys +
                                          p->random.weight_paging ==
                                      0)
        return "the weights of all operations are 0, but random.op_rate is not";
    *key = "random.weight_map";
    if (p->random.software_rate != 0 &&
        p->random.weight_map + p->random.weight_unmap + p->random.weight_permission +
                p->random.weight_clear_ad + p->random.weight_promote + p->random.weight_split +
                p->random.weight_alias + p->random.weight_corrupt + p->random.weight_poison ==
            0)
        return "the weights of all writes by software are 0, but random.software_rate is not";
    return NULL;
}

void bench_params_default(struct bench_params *params)
{
    *params = (struct bench_params){
#define PARAM(section, key, type, dflt, min, max, unit, help) .section.key = (dflt),
#include "bench_params.def"
    };
}

const char *bench_params_check(const struct bench_params *params, const char **key)
{
    const char *reason = check_ranges(params, key);

    if (reason != NULL)
        return reason;
    *key = "memory.l1_ways";
    if (!cache_possible(params->memory.l1_kib, params->memory.l1_ways))
        return "memory.l1_kib in 64-byte lines does not divide into a power of two of sets of so many ways";
    *key = "memory.l2_ways";
    if (!cache_possible(params->memory.l2_kib, params->memory.l2_ways))
        return "memory.l2_kib in 64-byte lines does not divide into a power of two of sets of so many ways";
    reason = check_weights(params, key);
    if (reason != NULL)
        return reason;
    *key = NULL;
    return NULL;
}
