/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a configuration: cmodel/params.def and tb/bench_params.def as one
 * table, for whoever reads, prints or documents them.
 */
#ifndef TWINWALK_CONFIG_KEYS_H
#define TWINWALK_CONFIG_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum config_key_index {
#define PARAM(section, key, ...) CONFIG_KEY_##section##_##key,
#include "params.def"
#define PARAM(section, key, ...) CONFIG_KEY_##section##_##key,
#include "bench_params.def"
    CONFIG_KEYS
};

enum config_type { CONFIG_UINT, CONFIG_BOOL, CONFIG_POLICY, CONFIG_HUGE_WHERE };

struct config_key {
    const char *section;
    const char *key;
    const char *section_help;
    const char *rtl; /* SystemVerilog parameter; NULL: the bench's own */
    const char *unit;
    const char *help;
    size_t offset; /* of the uint32_t in struct config */
    uint32_t dflt, min, max;
    enum config_type type;
};

/* Key `index`, 0..CONFIG_KEYS-1, in the order of the tables; a section's keys are neighbours. */
const struct config_key *config_key(size_t index);

/* Index of a key by its two names, or -1. key NULL: of the first key of the section. */
int config_key_find(const char *section, const char *key);

/* A value as YAML has it. buffer is used for numbers, so 12 bytes suffice. */
const char *config_value_text(const struct config_key *key, uint32_t value, char *buffer, size_t size);

/* What a value may be: "1 to 3", "true or false", "lru, plru, ...". 64 bytes suffice. */
const char *config_range_text(const struct config_key *key, char *buffer, size_t size);

#endif
