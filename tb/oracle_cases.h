/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads tb/data/x86-walk-cases.txt.zst: translations answered by emulators
 * that are not part of this project (QEMU 7.2 and Bochs), one a line of 29
 * columns. MAXPHYADDR is 40, 1 GiB pages exist, all TLBs are empty before each.
 */
#ifndef TWINWALK_ORACLE_CASES_H
#define TWINWALK_ORACLE_CASES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "mmu.h"
#include "phys_mem.h"

enum { ORACLE_MAXPHYADDR = 40, ORACLE_LEVELS = 5 };

struct oracle_case {
    char id[24];
    char suite[16];  /* va, perm, present, ad, adfault, bit, rsvd, pku, pks, canon, rand */
    unsigned levels; /* 4 or 5 */
    /* registers to set: values for OP_WRITE_* */
    uint64_t cr0, cr3, cr4, efer;
    uint32_t pkru, pkrs;
    /* the access */
    uint64_t va;
    uint8_t attr; /* ATTR_* */
    /* entries by level 1..5 */
    bool used[ORACLE_LEVELS + 1];        /* an entry to write; else memory there is zero */
    uint64_t address[ORACLE_LEVELS + 1]; /* physical address of a used entry */
    uint64_t before[ORACLE_LEVELS + 1];  /* its value before the access */
    uint64_t after[ORACLE_LEVELS + 1];   /* and after it; */
    bool check_after[ORACLE_LEVELS + 1]; /* only known after a successful access */
    /* the answer; the page size and PAT index are not told */
    uint8_t fault; /* FAULT_NONE, FAULT_PAGE or FAULT_NON_CANONICAL */
    uint8_t error_code;
    uint64_t pa;
};

struct oracle_cases;

/* NULL after a message on stderr. */
struct oracle_cases *oracle_cases_open(const char *path);
void oracle_cases_close(struct oracle_cases *cases);

/* 1: a case; 0: the end; -1: bad input, after a message on stderr. */
int oracle_cases_next(struct oracle_cases *cases, struct oracle_case *out);

/* Writes the entries as they are before the access; or zeroes over them again. */
void oracle_case_write(const struct oracle_case *test, struct phys_mem *phys);
void oracle_case_erase(const struct oracle_case *test, struct phys_mem *phys);

#endif
