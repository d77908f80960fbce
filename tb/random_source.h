/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small pseudo-random generator (xoshiro256**, seeded by splitmix64; both
 * by Blackman and Vigna, public domain) that gives the same numbers on every
 * machine, with any compiler and library.
 */
#ifndef TWINWALK_RANDOM_SOURCE_H
#define TWINWALK_RANDOM_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct random_source {
    uint64_t state[4];
};

/* A well-mixed function of x: splitmix64's output step. */
static inline uint64_t random_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* Any seed is good, 0 included. */
static inline void random_seed(struct random_source *source, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        source->state[i] = random_mix(seed);
        seed += 0x9e3779b97f4a7c15u;
    }
}

static inline uint64_t random_rotate(uint64_t x, int count)
{
    return (x << count) | (x >> (64 - count));
}

/* All 64 bits are random. */
static inline uint64_t random_u64(struct random_source *source)
{
    uint64_t *s = source->state;
    uint64_t result = random_rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = random_rotate(s[3], 45);
    return result;
}

/* 0..n-1, n at least 1; the bias is below n / 2^32. */
static inline uint32_t random_below(struct random_source *source, uint32_t n)
{
    return (uint32_t)(((random_u64(source) >> 32) * n) >> 32);
}

/* true with a chance of per_mille / 1000. */
static inline bool random_chance(struct random_source *source, uint32_t per_mille)
{
    return random_below(source, 1000) < per_mille;
}

#endif
