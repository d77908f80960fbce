/* SPDX-License-Identifier: Apache-2.0 */
/* For rtl_arrays.cpp: an array of the RTL beside its C twin, and where they differ. */
#ifndef TWINWALK_TESTS_RTL_ARRAY_PAIR_H
#define TWINWALK_TESTS_RTL_ARRAY_PAIR_H

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

extern "C" {
#include "tlb_array.h"
}

namespace
{

/* A block's name, and whether it has been found to differ from its twin. */
struct verdict {
    std::string name;
    bool differs = false;
    uint64_t hits = 0;
};

/* The state of one array on both sides. */
struct array_pair {
    verdict *block;
    const char *path;
    const tlb_array *c;
    const void *tag, *data, *valid, *state;
    size_t state_bytes; /* of one set's word */
    const uint16_t *lfsr;
    const uint64_t *digest;
};

void differ(verdict &block, uint64_t cycle, const char *what)
{
    if (!block.differs)
        printf("# cycle %llu: %s: %s differs\n", (unsigned long long)cycle, block.name.c_str(), what);
    block.differs = true;
}

uint64_t bits(const void *word, unsigned low, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++)
        value |= (uint64_t)(static_cast<const uint8_t *>(word)[(low + i) / 8] >> (low + i) % 8 & 1) << i;
    return value;
}

bool same_replacement_state(const array_pair &pair)
{
    const replacement &r = pair.c->replacement;
    if (r.policy == POLICY_RANDOM)
        return true;
    unsigned width = 1, count = r.policy == POLICY_PLRU ? r.leaves : r.ways;
    if (r.policy == POLICY_LRU)
        while (1u << width < r.ways)
            width++;
    for (uint32_t set = 0; set < pair.c->sets; set++) {
        const uint8_t *state = pair.c->replacement_state + (size_t)set * r.state_bytes;
        const void *word = static_cast<const char *>(pair.state) + set * pair.state_bytes;
        for (unsigned i = 0; i < count; i++)
            if (bits(word, i * width, width) != state[i])
                return false;
    }
    return true;
}

void compare(const array_pair &pair, uint64_t cycle)
{
    size_t entries = (size_t)pair.c->sets * pair.c->ways;
    const char *what = nullptr;
    if (memcmp(pair.tag, pair.c->tag, entries * sizeof(uint64_t)) != 0)
        what = "tag_q";
    else if (memcmp(pair.data, pair.c->data, entries * sizeof(uint64_t)) != 0)
        what = "data_q";
    else if (memcmp(pair.valid, pair.c->valid, (entries + 7) / 8) != 0)
        what = "valid_q";
    else if (*pair.lfsr != pair.c->lfsr)
        what = "lfsr_q";
    else if (*pair.digest != pair.c->digest)
        what = "digest_q";
    else if (!same_replacement_state(pair))
        what = "repl_q";
    if (what)
        differ(*pair.block, cycle, (std::string(pair.path) + " " + what).c_str());
}

} // namespace

#endif
