/* SPDX-License-Identifier: Apache-2.0 */
#include "random_gaps.h"

/* Whole numbers only: logarithms differ between machines. */
void random_gaps_set(struct random_gaps *gaps, uint32_t per_mille)
{
    uint64_t above = 1ull << 40; /* the chance, in 2^-40, that it takes more than k cycles */
    unsigned k = 0;

    gaps->never = per_mille == 0;
    if (gaps->never)
        return;
    above = above * (1000 - per_mille) / 1000;
    for (unsigned i = 0; i < RANDOM_GAPS; i++) {
        while (above >= (uint64_t)(RANDOM_GAPS - i) << (40 - RANDOM_GAP_BITS)) {
            above = above * (1000 - per_mille) / 1000;
            k++;
        }
        gaps->cycles[i] = (uint16_t)k;
    }
}
