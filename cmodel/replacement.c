/* SPDX-License-Identifier: Apache-2.0 */
#include "replacement.h"

#include <stdbool.h>
#include <string.h>

/* Tree-PLRU and NRU keep one byte per bit: node n at state[n], way w at state[w]. */

void replacement_init(struct replacement *r, enum replacement_policy policy, unsigned ways)
{
    unsigned leaves = 1;
    while (leaves < ways)
        leaves *= 2;
    r->policy = (uint8_t)policy;
    r->ways = (uint8_t)ways;
    r->leaves = (uint8_t)leaves;
    r->state_bytes = policy == POLICY_RANDOM ? 0 : (uint16_t)leaves;
}

void replacement_reset(const struct replacement *r, uint8_t *state)
{
    memset(state, 0, r->state_bytes);
    if (r->policy == POLICY_LRU)
        for (unsigned way = 0; way < r->ways; way++)
            state[way] = (uint8_t)way;
}

void replacement_touch(const struct replacement *r, uint8_t *state, unsigned way)
{
    switch ((enum replacement_policy)r->policy) {
    case POLICY_LRU: {
        uint8_t age = state[way];
        if (age == 0)
            return;
        for (unsigned i = 0; i < r->ways; i++)
            state[i] = (uint8_t)(state[i] + (state[i] < age));
        state[way] = 0;
        return;
    }
    case POLICY_PLRU:
        for (unsigned node = way + r->leaves; node > 1; node /= 2)
            state[node / 2] = !(node & 1);
        return;
    case POLICY_NRU: {
        state[way] = 1;
        for (unsigned i = 0; i < r->ways; i++)
            if (!state[i])
                return;
        memset(state, 0, r->ways);
        state[way] = 1;
        return;
    }
    case POLICY_RANDOM:
        return;
    }
}

unsigned replacement_victim(const struct replacement *r, const uint8_t *state, uint16_t lfsr)
{
    switch ((enum replacement_policy)r->policy) {
    case POLICY_LRU:
        for (unsigned way = 0; way < r->ways; way++)
            if (state[way] == r->ways - 1)
                return way;
        return 0;
    case POLICY_PLRU: {
        unsigned node = 1, first = 0, span = r->leaves;
        while (span > 1) {
            span /= 2;
            bool right = state[node] && first + span < r->ways;
            node = 2 * node + right;
            first += right ? span : 0;
        }
        return first;
    }
    case POLICY_NRU:
        for (unsigned way = 0; way < r->ways; way++)
            if (!state[way])
                return way;
        return 0;
    case POLICY_RANDOM:
        return (unsigned)lfsr * r->ways >> 16;
    }
    return 0;
}
