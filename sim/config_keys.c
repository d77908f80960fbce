/* SPDX-License-Identifier: Apache-2.0 */
#include "config_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config.h"

/* One string variable per section, so that the rows of the key table can name theirs. */
#define PARAM(...)
#define PARAM_SECTION(section, help) static const char section##_help[] = help;
#include "params.def"
#define PARAM(...)
#define PARAM_SECTION(section, help) static const char section##_help[] = help;
#include "bench_params.def"

#define KEY(part, section_, key_, type_, rtl_, dflt_, min_, max_, unit_, help_)                              \
    {                                                                                                        \
        .section = #section_,                                                                                \
        .key = #key_,                                                                                        \
        .section_help = section_##_help,                                                                     \
        .rtl = (rtl_),                                                                                       \
        .unit = (unit_),                                                                                     \
        .help = (help_),                                                                                     \
        .offset = offsetof(struct config, part.section_.key_),                                               \
        .dflt = (dflt_),                                                                                     \
        .min = (min_),                                                                                       \
        .max = (max_),                                                                                       \
        .type = CONFIG_##type_,                                                                              \
    },

static const struct config_key keys[CONFIG_KEYS] = {
#define PARAM(section, key, type, rtl, dflt, min, max, unit, help)                                           \
    KEY(mmu, section, key, type, #rtl, dflt, min, max, unit, help)
#include "params.def"
#define PARAM(section, key, type, dflt, min, max, unit, help)                                                \
    KEY(bench, section, key, type, NULL, dflt, min, max, unit, help)
#include "bench_params.def"
};

static const char *const policy_names[] = {
    [POLICY_LRU] = "lru",
    [POLICY_PLRU] = "plru",
    [POLICY_NRU] = "nru",
    [POLICY_RANDOM] = "random",
};

static const char *const huge_where_names[] = {
    [HUGE_ANYWHERE] = "anywhere",
    [HUGE_ANONYMOUS] = "anonymous",
    [HUGE_ADVISED] = "advised",
};

const struct config_key *config_key(size_t index)
{
    return &keys[index];
}

int config_key_find(const char *section, const char *key)
{
    for (int i = 0; i < CONFIG_KEYS; i++)
        if (strcmp(keys[i].section, section) == 0 && (key == NULL || strcmp(keys[i].key, key) == 0))
            return i;
    return -1;
}

const char *config_value_text(const struct config_key *key, uint32_t value, char *buffer, size_t size)
{
    if (key->type == CONFIG_BOOL)
        return value ? "true" : "false";
    if (key->type == CONFIG_POLICY)
        return policy_names[value];
    if (key->type == CONFIG_HUGE_WHERE)
        return huge_where_names[value];
    snprintf(buffer, size, "%" PRIu32, value);
    return buffer;
}

const char *config_range_text(const struct config_key *key, char *buffer, size_t size)
{
    if (key->type == CONFIG_BOOL)
        return "true or false";
    if (key->type == CONFIG_POLICY)
        return "lru, plru, nru or random";
    if (key->type == CONFIG_HUGE_WHERE)
        return "anywhere, anonymous or advised";
    snprintf(buffer, size, "%" PRIu32 " to %" PRIu32, key->min, key->max);
    return buffer;
}
