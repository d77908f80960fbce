/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical memory: sparse, up to 2^52 bytes, in 4 KiB pages. Pages may be
 * backed by a mapped image file (read-only, shared); such a page is copied on
 * its first write. Memory never written nor mapped reads as zero.
 */
#ifndef TWINWALK_PHYS_MEM_H
#define TWINWALK_PHYS_MEM_H

#include <stdbool.h>
#include <stdint.h>

struct phys_mem;

struct phys_mem *phys_mem_create(void);
void phys_mem_destroy(struct phys_mem *mem);

/* addr: 8-byte aligned, below 2^52. */
uint64_t phys_mem_read64(const struct phys_mem *mem, uint64_t addr);
void phys_mem_write64(struct phys_mem *mem, uint64_t addr, uint64_t value);

/* false: nobody wrote, loaded or mapped the page of addr (below 2^52); it reads as zero. */
bool phys_mem_backed(const struct phys_mem *mem, uint64_t addr);

/*
 * Backs [addr, addr + len) (4 KiB aligned) with bytes that outlive `mem`,
 * without copying them and without cost per page; bytes need no alignment.
 * Pages written or loaded before keep their contents. -1 when memory is short
 * or when the range overlaps one mapped before.
 */
int phys_mem_map(struct phys_mem *mem, uint64_t addr, const void *bytes, uint64_t len);

/* Copies len bytes to addr; any alignment. */
void phys_mem_load(struct phys_mem *mem, uint64_t addr, const void *bytes, uint64_t len);

/*
 * Called for each phys_mem_write64 that changes a word, before it changes.
 * One observer (the architectural judge's version history); NULL: none.
 */
typedef void phys_mem_observer(void *self, uint64_t addr, uint64_t old_value, uint64_t new_value);
void phys_mem_observe(struct phys_mem *mem, phys_mem_observer *observer, void *self);

/* A second observer, called after the first: the bench's record of recent events. */
void phys_mem_watch(struct phys_mem *mem, phys_mem_observer *watcher, void *self);

#endif
