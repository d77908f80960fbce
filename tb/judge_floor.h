/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What completed invalidations have put an end to: for a page and a PCID, the
 * earliest moment from which an answer may still derive (its floor), and for
 * the walk caches the same as it was at any past moment. Also which root table
 * and PCID walks used when. SDM vol. 3A, 4.10.
 *
 * An invalidation is accepted at one moment and complete at a later one. What
 * derives from before its acceptance may be used until it is complete.
 */
#ifndef TWINWALK_JUDGE_FLOOR_H
#define TWINWALK_JUDGE_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Moments of a completed invalidation. */
struct flush {
    uint64_t accept, done;
};

/* Walks from `start` to `end`, both included, used this root and PCID. */
struct root_period {
    uint64_t start, end;
    uint64_t root;
    uint16_t pcid;
    bool only_global; /* a flush has taken all of it but global translations */
};

/* A page fault, which invalidates the page (SDM 4.10.4.1). */
struct page_fault_floor {
    uint64_t key;
    uint64_t accept;       /* moment in which the faulting access was accepted */
    uint64_t answer_cycle; /* accesses accepted after this cycle are bound by it */
};

struct floors;

/* NULL when memory is short. Walks may start at moment 0 with root and pcid. */
struct floors *floors_create(uint64_t root, uint16_t pcid);
void floors_destroy(struct floors *floors);

/* Everything, walk caches and globals included. */
void floors_flush_all(struct floors *floors, struct flush flush);
/* Everything but globals, of every PCID (INVPCID type 3) and of one. */
void floors_flush_local(struct floors *floors, struct flush flush);
void floors_flush_pcid(struct floors *floors, uint16_t pcid, struct flush flush);
/* The page at va whatever its size, and all walk caches of pcid; globals too: INVLPG. */
void floors_flush_page(struct floors *floors, uint64_t va, uint16_t pcid, bool globals, struct flush flush);
/* A page fault at va of an access accepted at moment `accept`, answered in `cycle`. */
void floors_page_fault(struct floors *floors, uint64_t va, uint16_t pcid, uint64_t accept, uint64_t cycle);

/*
 * From the moment `start` on walks use this root and PCID. same_pcid_flushed:
 * by a flush of that PCID, so the old root of the PCID has no non-global
 * translations left, even if they were made after the flush was accepted.
 * false: memory is short, and the judge can no longer be trusted.
 */
bool floors_new_root(struct floors *floors, uint64_t root, uint16_t pcid, uint64_t start,
                     bool same_pcid_flushed);

/* As floors_new_root, but nothing that an earlier walk did is usable any more. */
void floors_restart(struct floors *floors, uint64_t root, uint16_t pcid, uint64_t start);

/* How often a limit of memory made the judge forget a floor, and so more lenient. */
uint64_t floors_forgotten(const struct floors *floors);

/* Changes whenever a floor may have risen. */
uint64_t floors_generation(const struct floors *floors);

/* The moment before which nothing is needed any more. */
uint64_t floors_base(const struct floors *floors);

/*
 * The floor of the leaf entry of the page of this size at va: for PCID pcid
 * when it is not global, for all PCIDs when it is.
 */
uint64_t floors_leaf(const struct floors *floors, uint64_t va, unsigned size, uint16_t pcid, bool global);

/* The lowest floor any entry may have that a walk of PCID pcid uses for any address. */
uint64_t floors_lowest(const struct floors *floors, uint16_t pcid, bool global);

/*
 * The floor of the upper entries that translate to a global page when it is
 * walked in PCID pcid: by invalidations of that page only.
 */
uint64_t floors_global_upper(const struct floors *floors, uint64_t va, unsigned size, uint16_t pcid);

/* The floor that page faults at va put under an access accepted in `cycle`. */
uint64_t floors_after_fault(const struct floors *floors, uint64_t va, uint16_t pcid, uint64_t cycle);

/* The floor, as of `moment`, of what the walk caches hold for PCID pcid. */
uint64_t floors_walk_cache(const struct floors *floors, uint16_t pcid, uint64_t moment);

/*
 * The first moment >= from at which walks used PCID pcid (and the root, for
 * floors_next_root); UINT64_MAX: none. local: for a translation not global.
 */
uint64_t floors_next_pcid(const struct floors *floors, uint16_t pcid, uint64_t from);
uint64_t floors_next_root(const struct floors *floors, uint64_t root, uint16_t pcid, bool local,
                          uint64_t from);

/* The periods that explanations may use, oldest first; the last one is the present. */
const struct root_period *floors_periods(const struct floors *floors, size_t *count);

/*
 * The roots that walks used before the present one, latest first, whether or
 * not anything of them is still usable: to explain a verdict. NULL: no more.
 */
const struct root_period *floors_former_root(const struct floors *floors, unsigned back);

#endif
