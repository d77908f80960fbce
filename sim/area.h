/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration costs in silicon: counts of Yosys, block by block. */
#ifndef TWINWALK_AREA_H
#define TWINWALK_AREA_H

#include <stdint.h>

#include "params.h"

/* The blocks of the MMU, each without those it contains: AREA_BLOCK(name, module of the synthesized design,
 * what it is) */
#define AREA_BLOCKS                                                                                          \
    AREA_BLOCK(l1i, "mmu.u_lookup_stage.u_l1i", "L1 instruction TLB")                                        \
    AREA_BLOCK(l1d, "mmu.u_lookup_stage.u_l1d", "L1 data TLB")                                               \
    AREA_BLOCK(lookup_stage, "mmu.u_lookup_stage", "lookups, without the L1 TLBs")                           \
    AREA_BLOCK(l2, "mmu.u_l2", "L2 TLB")                                                                     \
    AREA_BLOCK(l2i, "mmu.g_split.u_l2i", "L2 instruction TLB")                                               \
    AREA_BLOCK(miss_queue, "mmu.u_miss_queue", "miss queue")                                                 \
    AREA_BLOCK(walk_cache, "mmu.u_walk_cache", "walk caches")                                                \
    AREA_BLOCK(page_walker, "mmu.u_page_walker", "page walkers")                                             \
    AREA_BLOCK(control, "mmu.u_control", "control operations")                                               \
    AREA_BLOCK(mmu, "mmu", "between the blocks")

enum area_block {
#define AREA_BLOCK(name, module, help) AREA_##name,
    AREA_BLOCKS
#undef AREA_BLOCK
        AREA_BLOCK_COUNT
};

struct area_counts {
    uint64_t cells; /* gates and flip-flops */
    uint64_t flip_flops;
    uint64_t memory_bits; /* of arrays that stay memories */
    uint64_t gates;       /* NAND2 equivalents of gates and flip-flops, without memories */
    uint64_t depth;       /* gates on the longest path between registers, memories and other blocks */
};

struct area {
    struct area_counts blocks[AREA_BLOCK_COUNT];
    struct area_counts total; /* its depth: of the whole MMU, through all blocks */
};

/*
 * Synthesizes the RTL with these parameters, or finds the counts of an earlier
 * time (tb/synthesize_rtl.sh; the cache is build/area). Several may ask at once.
 * 0, or -1 after a line on stderr.
 */
int area_measure(const struct mmu_params *params, struct area *area);

const char *area_block_name(enum area_block block);
const char *area_block_help(enum area_block block);

#endif
