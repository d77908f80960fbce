/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The MMU as a cycle-level model: the C twin of rtl/mmu.sv.
 *
 * All outputs of a cycle are functions of registered state alone (Moore), so a
 * cycle is: read mmu_outputs(), decide the inputs, mmu_step(). A request on
 * port p is accepted in a cycle in which both req_valid and req_ready have bit
 * p set; likewise for op and for the memory channel. Cycles count from 0, the
 * first after reset.
 */
#ifndef TWINWALK_MMU_H
#define TWINWALK_MMU_H

#include <stdbool.h>
#include <stdint.h>

#include "params.h"

enum {
    MMU_PORT_FETCH = 0, /* the instruction port; data ports follow it */
    MMU_MAX_PORTS = 4,
    MMU_TAGS = 64, /* tags per port: 0..63, not reused while unanswered */
};

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

/* Access attributes, one byte, as on rtl/mmu.sv's req_attr_i. */
enum {
    ATTR_KIND = 0x3,     /* enum access_kind */
    ATTR_USER = 0x4,     /* user-mode access (CPL 3) */
    ATTR_IMPLICIT = 0x8, /* implicit supervisor access (SDM 4.6.1); never with ATTR_USER */
    ATTR_AC = 0x10,      /* EFLAGS.AC at the access */
    ATTR_MASK = 0x1f,
};

struct access_req {
    uint64_t va;
    uint8_t attr;
    uint8_t tag; /* 0..MMU_TAGS-1 */
};

enum fault_kind {
    FAULT_NONE,
    FAULT_PAGE,          /* #PF with error_code */
    FAULT_NON_CANONICAL, /* #GP */
    FAULT_MACHINE_CHECK, /* a read of the walk ended with a bus error */
};

/* Bits of the #PF error code (SDM 4.7). */
enum { PF_P = 1, PF_W = 2, PF_U = 4, PF_RSVD = 8, PF_I = 16, PF_PK = 32 };

enum page_size { PAGE_4K, PAGE_2M, PAGE_1G };

/* Where an answer came from. */
enum answer_source { SOURCE_L1, SOURCE_L2, SOURCE_WALK };

struct response {
    uint64_t pa;        /* 0 with a fault */
    uint8_t tag;        /* of the request */
    uint8_t fault;      /* enum fault_kind */
    uint8_t error_code; /* FAULT_PAGE only, else 0 */
    uint8_t size;       /* enum page_size; 0 with a fault */
    uint8_t pat;        /* PAT index 0..7; 0 with a fault */
    uint8_t source;     /* enum answer_source */
};

/* Control operations. Each is serialised: one at a time. */
enum mmu_op {
    OP_WRITE_CR0,  /* value */
    OP_WRITE_CR3,  /* value; bit 63 with CR4.PCIDE: do not flush */
    OP_WRITE_CR4,  /* value */
    OP_WRITE_EFER, /* value */
    OP_WRITE_PKRU, /* value */
    OP_WRITE_PKRS, /* value */
    OP_INVLPG,     /* va */
    OP_INVPCID,    /* type 0..3 in value; pcid; va */
    OP_COUNT
};

/* Control register bits that the MMU looks at; the others are ignored. */
#define CR0_WP       (1ull << 16)
#define CR0_PG       (1ull << 31)
#define CR3_NO_FLUSH (1ull << 63)
#define CR4_PAE      (1ull << 5)
#define CR4_PGE      (1ull << 7)
#define CR4_LA57     (1ull << 12)
#define CR4_PCIDE    (1ull << 17)
#define CR4_SMEP     (1ull << 20)
#define CR4_SMAP     (1ull << 21)
#define CR4_PKE      (1ull << 22)
#define CR4_PKS      (1ull << 24)
#define EFER_LME     (1ull << 8)
#define EFER_LMA     (1ull << 10)
#define EFER_NXE     (1ull << 11)

struct op_req {
    uint64_t value;
    uint64_t va;
    uint16_t pcid; /* OP_INVPCID only, 0..4095 */
    uint8_t op;    /* enum mmu_op */
};

/* A 64-bit read of a paging-structure entry, or a compare-exchange on one. */
struct mem_req {
    uint64_t addr;     /* 8-byte aligned physical address */
    uint64_t expected; /* compare-exchange: value the entry must still have */
    uint64_t desired;  /* compare-exchange: value with A (and D) set */
    uint8_t exchange;  /* 0: read; 1: compare-exchange */
    uint8_t tag;       /* walker, 0..walker.count-1; one request in flight each */
};

struct mem_resp {
    uint64_t data;     /* the value found in memory */
    uint8_t tag;       /* of the request */
    uint8_t error;     /* bus error: data means nothing, memory is unchanged */
    uint8_t exchanged; /* compare-exchange: 1 when memory had `expected` and now has `desired` */
};

struct mmu_in {
    struct access_req req[MMU_MAX_PORTS];
    uint8_t req_valid; /* bit per port */
    uint8_t op_valid;
    uint8_t mem_req_ready;
    uint8_t mem_resp_valid;
    struct op_req op;
    struct mem_resp mem_resp;
};

struct mmu_out {
    uint8_t req_ready;  /* bit per port */
    uint8_t resp_valid; /* bit per port */
    uint8_t op_ready;
    uint8_t op_done; /* one cycle: the op accepted last is complete; see docs/microarchitecture.md */
    uint8_t mem_req_valid;
    uint8_t mem_resp_ready;
    struct mem_req mem_req;
    struct response resp[MMU_MAX_PORTS];
};

struct mmu;
struct mmu_stats;

/*
 * A model of checked parameters, in reset. NULL when memory is short.
 * After reset paging is on, with four levels; all else in the registers is 0.
 */
struct mmu *mmu_create(const struct mmu_params *params);
void mmu_destroy(struct mmu *mmu);

/* The outputs of the present cycle; valid until the next mmu_step or mmu_skip. */
const struct mmu_out *mmu_outputs(const struct mmu *mmu);

/* One clock edge. */
void mmu_step(struct mmu *mmu, const struct mmu_in *in);

/*
 * For how many cycles from now nothing but counters of time would change if
 * every input stayed inactive (no request, no op, no memory response, memory
 * request not taken). 0 when the next step can change something;
 * UINT64_MAX when only an input can.
 */
uint64_t mmu_idle_cycles(const struct mmu *mmu);

/* Lets `cycles` such cycles pass, at most mmu_idle_cycles(). */
void mmu_skip(struct mmu *mmu, uint64_t cycles);

/* Present cycle. */
uint64_t mmu_cycle(const struct mmu *mmu);

/* Statistics since mmu_create (table: stats.def). */
const struct mmu_stats *mmu_statistics(struct mmu *mmu);

#endif
