/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mappings of a program, as its operating system keeps them: ranges of
 * addresses that do not overlap, whole 4 KiB pages, each with its rights and
 * with what huge pages need to know. Neighbours that are alike are one.
 */
#ifndef TWINWALK_TRACE_VMAS_H
#define TWINWALK_TRACE_VMAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_vma_flags {
    VMA_READ = 1,
    VMA_WRITE = 2,
    VMA_EXECUTE = 4,
    VMA_ANONYMOUS = 8, /* private, and no file's */
    VMA_ADVISED = 16,  /* madvise(MADV_HUGEPAGE) */
    VMA_REFUSED = 32,  /* madvise(MADV_NOHUGEPAGE) */
    VMA_RIGHTS = VMA_READ | VMA_WRITE | VMA_EXECUTE,
    VMA_ADVICE = VMA_ADVISED | VMA_REFUSED,
    VMA_FLAGS = 63,
};

/* Addresses start..end - 1. */
struct trace_vma {
    uint64_t start, end;
    uint8_t flags;
};

struct trace_vmas {
    struct trace_vma *list; /* by address */
    size_t count, room;
};

/* What a program does to its mappings: [start, end) is mapped anew with these flags, or is mapped no more. */
struct trace_change {
    struct trace_vma vma;
    bool unmap;
    bool keeps; /* new advice alone: the pages there stay as they are */
};

void trace_vmas_free(struct trace_vmas *vmas);

/* What was mapped in the range is replaced. false: memory is short, and nothing has changed. */
bool trace_vmas_apply(struct trace_vmas *vmas, const struct trace_change *change);

/* Whether a change, not applied yet, gives one mapping or a part of it new advice and changes nothing else.
 */
bool trace_vmas_advises(const struct trace_vmas *vmas, const struct trace_change *change);

/* The mapping at an address, or NULL. */
const struct trace_vma *trace_vmas_find(const struct trace_vmas *vmas, uint64_t va);

#endif
