/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup_stage.h"

void lookup_stage_accept(struct mmu *mmu, const struct mmu_in *in)
{
    mmu->lookup_valid = in->req_valid & mmu->out.req_ready;
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        /* Word by word: whoever filled in the tag just now wrote a byte, and a wider load would wait for it.
         */
        mmu->lookup[port].va = in->req[port].va;
        mmu->lookup[port].attr = in->req[port].attr;
        mmu->lookup[port].tag = in->req[port].tag;
        mmu->accepted[in->req[port].attr & ATTR_MASK]++;
    }
}

void lookup_stage_forget(struct mmu *mmu)
{
    mmu->generation++;
}

/* Accesses with one key are answered alike but for the offset in the page. */
static inline uint64_t lookup_key(const struct access_req *req)
{
    return req->va >> 12 << 5 | (req->attr & ATTR_MASK);
}

static inline struct lookup_memo *memo_of(struct mmu *mmu, unsigned port)
{
    const struct access_req *req = &mmu->lookup[port];
    return &mmu->memo[port][(req->va >> 12 ^ req->va >> 16) % LOOKUP_MEMOS];
}

static void answer(struct mmu *mmu, unsigned port, uint64_t pa, unsigned fault)
{
    mmu->out.resp[port] = (struct response){
        .pa = pa, .tag = mmu->lookup[port].tag, .fault = (uint8_t)fault, .source = SOURCE_L1};
    mmu->out.resp_valid |= (uint8_t)(1u << port);
}

/* The whole lookup, where no memo helps; out of the quick way's registers. */
static __attribute__((noinline)) void look_up_port(struct mmu *mmu, unsigned port)
{
    const struct access_req *req = &mmu->lookup[port];
    uint8_t bit = (uint8_t)(1u << port);
    uint32_t mode = mmu->context.mode;

    if (!(mode & MODE_PG)) {
        /* Without paging this is not long mode: linear addresses have 32 bits and are physical (4.1.1). */
        answer(mmu, port, req->va & UINT32_MAX, FAULT_NONE);
        return;
    }
    if (!x86_canonical(req->va, mode)) {
        answer(mmu, port, 0, FAULT_NON_CANONICAL);
        return;
    }
    struct l1_tlb *l1 = port == MMU_PORT_FETCH ? &mmu->l1i : &mmu->l1d;
    struct l1_hit hit = l1_tlb_lookup(l1, x86_vpn(req->va), mmu->context.pcid);
    mmu->hit[port] = hit;
    if (hit.array == TLB_MISS) {
        mmu->miss |= bit;
        return;
    }
    mmu->hit_array[port] = &l1->array[hit.array];
    /*
     * An entry that denies the access may be older than memory: only a walk
     * from the root may say so (SDM 4.10.4.3). A write through one without D
     * goes to a walk that sets it (SDM 4.8).
     */
    uint64_t data = l1->array[hit.array].data[hit.entry];
    unsigned size = x86_tag_size(l1->array[hit.array].tag[hit.entry]);
    if (x86_denied(data, req->attr, mode, mmu->context.pkru, mmu->context.pkrs)) {
        mmu->miss |= bit;
        mmu->skip_l2 |= bit;
        mmu->from_root |= bit;
    } else if ((req->attr & ATTR_KIND) == ACCESS_WRITE && !(data & DATA_D)) {
        mmu->miss |= bit;
        mmu->skip_l2 |= bit;
    } else {
        uint64_t pa = x86_physical(data, size, req->va);
        answer(mmu, port, pa, FAULT_NONE);
        mmu->out.resp[port].size = (uint8_t)size;
        mmu->out.resp[port].pat = (data >> DATA_PAT_SHIFT) & 7;
        *memo_of(mmu, port) = (struct lookup_memo){.key = lookup_key(req),
                                                   .generation = mmu->generation,
                                                   .frame = pa & ~0xfffull,
                                                   .response = mmu->out.resp[port],
                                                   .hit = hit,
                                                   .array = mmu->hit_array[port]};
    }
}

void lookup_stage_look_up(struct mmu *mmu)
{
    mmu->miss = mmu->skip_l2 = mmu->from_root = 0;
    mmu->out.resp_valid = 0;
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        const struct access_req *req = &mmu->lookup[port];
        const struct lookup_memo *memo = memo_of(mmu, port);
        if (memo->key == lookup_key(req) && memo->generation == mmu->generation) {
            mmu->hit[port] = memo->hit;
            mmu->hit_array[port] = memo->array;
            mmu->out.resp[port] = memo->response;
            mmu->out.resp[port].pa = memo->frame | (req->va & 0xfff);
            mmu->out.resp[port].tag = req->tag;
            mmu->out.resp_valid |= (uint8_t)(1u << port);
        } else {
            mmu->hit[port] = (struct l1_hit){TLB_MISS, TLB_MISS};
            mmu->hit_array[port] = NULL;
            look_up_port(mmu, port);
        }
    }
}

/* Marks what a port's lookup hit, if it did. `higher`: ports above it with a lookup. */
static inline void mark_hit(struct mmu *mmu, unsigned port, uint8_t higher)
{
    struct tlb_array *array = mmu->hit_array[port];
    if (!array)
        return;
    uint32_t entry = (uint32_t)mmu->hit[port].entry;
    tlb_array_digest(array, (uint64_t)entry << 2 | (port == MMU_PORT_FETCH ? 0 : port - 1));
    /* Of several ports that use one set the highest decides. */
    for (; higher; higher &= (uint8_t)(higher - 1)) {
        unsigned other = (unsigned)__builtin_ctz(higher);
        if (mmu->hit_array[other] == array &&
            tlb_array_set(array, (uint32_t)mmu->hit[other].entry) == tlb_array_set(array, entry))
            return;
    }
    tlb_array_touch(array, entry);
}

/* The hits of this cycle's lookups; ports without one have none. */
static void collect_hits(const struct mmu *mmu, struct l1_hit *hits)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        hits[port] = mmu->lookup_valid >> port & 1 ? mmu->hit[port] : (struct l1_hit){TLB_MISS, TLB_MISS};
}

void lookup_stage_clock(struct mmu *mmu, const struct l1_fill *fill)
{
    if (!fill->valid) {
        for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1))
            mark_hit(mmu, (unsigned)__builtin_ctz(left), left & (uint8_t)(left - 1));
        return;
    }
    struct l1_hit hits[MMU_MAX_PORTS];
    collect_hits(mmu, hits);
    if ((mmu->lookup_valid & 1) || fill->fetch)
        l1_tlb_clock(&mmu->l1i, hits, 1, fill->fetch, fill->tag, fill->data);
    if (mmu->lookup_valid >> 1 || !fill->fetch)
        l1_tlb_clock(&mmu->l1d, hits + 1, mmu->ports - 1u, !fill->fetch, fill->tag, fill->data);
    lookup_stage_forget(mmu);
}

void lookup_stage_invalidate(struct mmu *mmu, const struct invalidation *inv)
{
    struct l1_hit hits[MMU_MAX_PORTS];
    collect_hits(mmu, hits);
    l1_tlb_invalidate(&mmu->l1i, hits, 1, inv->flags, inv->vpn, inv->pcid);
    l1_tlb_invalidate(&mmu->l1d, hits + 1, mmu->ports - 1u, inv->flags, inv->vpn, inv->pcid);
    lookup_stage_forget(mmu);
}

static void count_port(struct mmu *mmu, unsigned port)
{
    struct mmu_stats *stats = &mmu->stats;
    bool fetch = port == MMU_PORT_FETCH;
    uint8_t bit = (uint8_t)(1u << port);
    const struct response *resp = &mmu->out.resp[port];
    if (mmu->out.resp_valid & bit) {
        if (resp->fault)
            stats->mmu_non_canonical++;
        else if (mmu->hit[port].array != TLB_MISS)
            mmu->hits[port][resp->size]++;
    } else if (mmu->from_root & bit) {
        (*(fetch ? &stats->l1i_denied : &stats->l1d_denied))++;
    } else if (mmu->skip_l2 & bit) {
        (*(fetch ? &stats->l1i_not_dirty : &stats->l1d_not_dirty))++;
    } else {
        (*(fetch ? &stats->l1i_misses : &stats->l1d_misses))++;
    }
}

void lookup_stage_count(struct mmu *mmu)
{
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1))
        count_port(mmu, (unsigned)__builtin_ctz(left));
}

void lookup_stage_mark_hits(struct mmu *mmu)
{
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        if (!mmu->hit_array[port])
            mmu->stats.mmu_non_canonical += mmu->out.resp[port].fault != FAULT_NONE;
        else
            mmu->hits[port][mmu->out.resp[port].size]++;
        mark_hit(mmu, port, left & (uint8_t)(left - 1));
    }
}
