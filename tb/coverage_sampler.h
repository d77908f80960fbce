/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the files that sample coverage: coverage.c and coverage_*.c. */
#ifndef TWINWALK_COVERAGE_SAMPLER_H
#define TWINWALK_COVERAGE_SAMPLER_H

#include <assert.h>

#include "coverage.h"
#include "mmu_state.h"

enum { COVERAGE_SEEN = 64, COVERAGE_ARRAYS = COVER_array_COUNT };

/* A walker's present walk. */
struct coverage_walk {
    uint8_t start;  /* value of dimension `start` */
    uint8_t again;  /* of dimension `again` */
    uint8_t fault;  /* of dimension `end`: what the page fault is for */
    uint8_t access; /* of dimension `access`, of this or the latest walk */
    bool walked;    /* there was one */
    uint64_t taken; /* cycle in which memory took its request */
};

/* Arrays as in dimension `array`, NULL where there is none, and what fills of them show. */
struct coverage_array {
    const struct tlb_array *array;
    uint32_t *epochs; /* of each entry, when it was filled */
    uint16_t lfsr;
    uint64_t evictions, entries; /* before the clock edge */
};

struct coverage {
    struct coverage_hits hits_of;
    const struct mmu_params *params;
    uint64_t cycle;
    struct coverage_array arrays[COVERAGE_ARRAYS];
    bool attached;

    /* lookups sampled lately: the same again shows nothing new */
    struct {
        uint64_t key, generation;
    } seen[MMU_MAX_PORTS][COVERAGE_SEEN];
    uint8_t last_size[COVER_size_place_COUNT][MMU_MAX_PORTS]; /* and 1; 0: none yet */

    /* the operation accepted last, and that before it */
    struct op_req request;
    uint32_t waited;  /* values of dimension `waiting` sampled for this register write, a bit each */
    uint16_t op_pcid; /* that it is for */
    uint8_t op;       /* value of dimension `op` */
    bool any_op;
    uint8_t offered; /* value of dimension `control_state` sampled last for the one on offer, and 1 */

    /* broadcasts, and the latest */
    uint8_t broadcast_kind; /* value of dimension `overtaking`, or its COUNT */
    bool broadcast;         /* there was one */
    bool filled;            /* and a fill of an L1 TLB */
    uint32_t broadcasts;
    uint8_t flushes[COVER_flush_COUNT]; /* of each kind, up to those that are watched whole */
    uint64_t broadcast_cycle;
    struct invalidation broadcast_inv;
    uint64_t filled_cycle, filled_tag; /* latest fill of an L1 TLB */

    struct coverage_walk walks[WALKERS_MAX];
    uint64_t request_offered;        /* cycle */
    uint8_t sent[MISS_QUEUE_MAX][2]; /* times an entry was sent back, by an operation and by a drop */
    uint32_t not_ready; /* why ports took nothing in the cycle before, MMU_MAX_PORTS bits for each reason */
    uint32_t epoch;     /* counts changes of the PCID */
    uint16_t epoch_pcid;

    /* the present cycle, before its clock edge */
    bool busy;
    bool may_fill;                     /* some array may be filled at the edge */
    bool looking_up;                   /* a lookup in the L2 TLB ends and is not sent back */
    bool finishing;                    /* the miss queue takes the result */
    bool responding;                   /* a response is taken */
    bool taking;                       /* memory takes the request */
    uint32_t to_fill;                  /* arrays that may be filled, a bit each */
    uint32_t used;                     /* entries of the miss queue */
    int looked_up;                     /* entry whose lookup ends, or NO_ENTRY */
    unsigned responder;                /* walker */
    uint64_t fill_vpn;                 /* of what the L1 TLB gets */
    struct l1_hit hits[MMU_MAX_PORTS]; /* of this cycle's lookups */
    struct {
        uint32_t pend, merged, lookup, walk_pend, walk, answer;
    } queue;
    struct {
        uint8_t request, wait, drain, result_id, result_fault;
        bool result_valid, memory_valid;
    } walker;
    struct {
        uint8_t state;
        bool dropping;
    } control;
    uint8_t lookup_valid, miss, answer_valid;
};

static inline void cover_point(struct coverage *c, uint32_t *count)
{
    if (__builtin_expect(*count == 0, 0))
        c->hits_of.first[count - c->hits_of.count] = c->cycle;
    *count += *count != UINT32_MAX;
}

/* cover_<group>(c, value...): the point of these values is hit. */
#ifdef __SANITIZE_ADDRESS__
#define COVER_CHECKED(dimension, value) (assert((value) < COVER_##dimension##_COUNT), (value))
#else
#define COVER_CHECKED(dimension, value) (value)
#endif
#define COVER_GROUP1(name, a, text)                                                                          \
    static inline void cover_##name(struct coverage *k, unsigned i)                                          \
    {                                                                                                        \
        cover_point(k, &k->hits_of.of.name[COVER_CHECKED(a, i)]);                                            \
    }
#define COVER_GROUP2(name, a, b, text)                                                                       \
    static inline void cover_##name(struct coverage *k, unsigned i, unsigned j)                              \
    {                                                                                                        \
        unsigned at = COVER_CHECKED(a, i) * COVER_##b##_COUNT + COVER_CHECKED(b, j);                         \
        cover_point(k, &k->hits_of.of.name[at]);                                                             \
    }
#define COVER_GROUP3(name, a, b, c, text)                                                                    \
    static inline void cover_##name(struct coverage *k, unsigned i, unsigned j, unsigned l)                  \
    {                                                                                                        \
        unsigned at = COVER_CHECKED(a, i) * COVER_##b##_COUNT + COVER_CHECKED(b, j);                         \
        cover_point(k, &k->hits_of.of.name[at * COVER_##c##_COUNT + COVER_CHECKED(c, l)]);                   \
    }
#define COVER_GROUP4(name, a, b, c, d, text)                                                                 \
    static inline void cover_##name(struct coverage *k, unsigned i, unsigned j, unsigned l, unsigned m)      \
    {                                                                                                        \
        unsigned at = COVER_CHECKED(a, i) * COVER_##b##_COUNT + COVER_CHECKED(b, j);                         \
        at = at * COVER_##c##_COUNT + COVER_CHECKED(c, l);                                                   \
        cover_point(k, &k->hits_of.of.name[at * COVER_##d##_COUNT + COVER_CHECKED(d, m)]);                   \
    }
#define COVER_GROUP5(name, a, b, c, d, e, text)                                                              \
    static inline void cover_##name(struct coverage *k, unsigned i, unsigned j, unsigned l, unsigned m,      \
                                    unsigned n)                                                              \
    {                                                                                                        \
        unsigned at = COVER_CHECKED(a, i) * COVER_##b##_COUNT + COVER_CHECKED(b, j);                         \
        at = at * COVER_##c##_COUNT + COVER_CHECKED(c, l);                                                   \
        at = at * COVER_##d##_COUNT + COVER_CHECKED(d, m);                                                   \
        cover_point(k, &k->hits_of.of.name[at * COVER_##e##_COUNT + COVER_CHECKED(e, n)]);                   \
    }
#define COVER_GROUP6(name, a, b, c, d, e, f, text)                                                           \
    static inline void cover_##name(struct coverage *k, unsigned i, unsigned j, unsigned l, unsigned m,      \
                                    unsigned n, unsigned o)                                                  \
    {                                                                                                        \
        unsigned at = COVER_CHECKED(a, i) * COVER_##b##_COUNT + COVER_CHECKED(b, j);                         \
        at = at * COVER_##c##_COUNT + COVER_CHECKED(c, l);                                                   \
        at = at * COVER_##d##_COUNT + COVER_CHECKED(d, m);                                                   \
        at = at * COVER_##e##_COUNT + COVER_CHECKED(e, n);                                                   \
        cover_point(k, &k->hits_of.of.name[at * COVER_##f##_COUNT + COVER_CHECKED(f, o)]);                   \
    }
#include "coverage.def"

/* The lowest bit of a set that is not empty, as a number. */
static inline unsigned coverage_lowest(uint32_t set)
{
    return (unsigned)__builtin_ctz(set);
}

/* At most `most`. */
static inline unsigned coverage_capped(unsigned value, unsigned most)
{
    return value < most ? value : most;
}

static inline unsigned coverage_who(unsigned attr)
{
    return attr & ATTR_USER       ? COVER_who_user
           : attr & ATTR_IMPLICIT ? COVER_who_implicit
                                  : COVER_who_supervisor;
}

static inline unsigned coverage_access(unsigned attr)
{
    unsigned kind = attr & ATTR_KIND;
    if (kind == ACCESS_FETCH)
        return attr & ATTR_USER ? COVER_access_fetch_user : COVER_access_fetch_supervisor;
    return kind * COVER_who_COUNT + coverage_who(attr);
}

/* Value of dimension `control_state`. */
unsigned coverage_control_state(const struct control *control, bool fault_waiting);

/* coverage_ops.c: control operations that are offered, accepted, waiting. */
void coverage_sample_ops(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in);

/* coverage_lookups.c: lookups in L1 TLBs, and in the L2 TLB. */
void coverage_sample_lookups(struct coverage *c, const struct mmu *mmu);
void coverage_sample_l2(struct coverage *c, const struct mmu *mmu);
/* A page's rights and an access meet; place: value of dimension `place`. */
void coverage_sample_rights(struct coverage *c, unsigned place, uint64_t data, unsigned attr,
                            const struct translation_context *context);

/* The array and entry of an L2 TLB that translates for a miss queue entry; false: none. */
bool coverage_find_l2(const struct coverage *c, const struct mmu *mmu, unsigned id, unsigned *array,
                      uint32_t *entry);

/* coverage_misses.c: the miss queue. */
void coverage_sample_queue_before(struct coverage *c, const struct mmu *mmu);
void coverage_sample_queue_after(struct coverage *c, const struct mmu *mmu);

/* coverage_walks.c: walks and the memory channel. */
void coverage_sample_memory(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in);
void coverage_sample_walk_caches(struct coverage *c, const struct mmu *mmu);
void coverage_sample_walks_after(struct coverage *c, const struct mmu *mmu);

/* coverage_overtaken.c and coverage_drops.c: the cycles of broadcasts and sweeps. */
void coverage_sample_overtaken(struct coverage *c, const struct mmu *mmu, const struct mmu_in *in);
void coverage_sample_drops(struct coverage *c, const struct mmu *mmu, const struct invalidation *inv);
void coverage_sample_sweep(struct coverage *c, const struct mmu *mmu);

/* coverage_arrays.c: fills, ways, tags. */
void coverage_attach(struct coverage *c, const struct mmu *mmu);
void coverage_sample_fills_before(struct coverage *c, const struct mmu *mmu);
void coverage_sample_fills_after(struct coverage *c, const struct mmu *mmu);
/* A hit: how old the entry is, whose it is. array: value of dimension `array`. */
void coverage_sample_hit_entry(struct coverage *c, const struct mmu *mmu, unsigned array, uint32_t entry);
/* A miss: what the array has that nearly matches. */
void coverage_sample_near(struct coverage *c, const struct mmu *mmu, unsigned array, uint64_t vpn);
/* Value of dimension `tlb` or `store` of an array; walk caches only of `store`. */
unsigned coverage_store_of(unsigned array);
unsigned coverage_way_value(unsigned way);

#endif
