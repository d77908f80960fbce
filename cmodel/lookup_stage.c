/* SPDX-License-Identifier: Apache-2.0 */
#include "lookup_stage.h"

void lookup_stage_accept(struct mmu *mmu, const struct mmu_in *in)
{
    mmu->lookup_valid = in->req_valid & mmu->out.req_ready;
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        /* Word by word: whoever filled in the tag just now wrote a byte, and a wider load would wait for it. */
        mmu->lookup[port].va = in->req[port].va;
        mmu->lookup[port].attr = in->req[port].attr;
        mmu->lookup[port].tag = in->req[port].tag;
        mmu->accepted[in->req[port].attr & ATTR_MASK]++;
    }
}

void lookup_stage_forget(struct mmu *mmu)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        mmu->memo[port].key = NO_KEY;
}

/* Accesses with one key are answered alike but for the offset in the page. */
static inline uint64_t lookup_key(const struct access_req *req)
{
    return req->va >> 12 << 5 | (req->attr & ATTR_MASK);
}

static void answer(struct mmu *mmu, unsigned port, uint64_t pa, unsigned fault)
{
    mmu->out.resp[port] = (struct response){
        .pa = pa, .tag = mmu->lookup[port].tag, .fault = (uint8_t)fault, .source = SOURCE_L1};
    mmu->out.resp_valid |= (uint8_t)(1u << port);
}

/* The whole lookup, where no memo helps. */
static void look_up_port(struct mmu *mmu, unsigned port)
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
        mmu->memo[port] = (struct lookup_memo){
            .key = lookup_key(req), .frame = pa & ~0xfffull, .response = mmu->out.resp[port], .hit = hit};
    }
}

void lookup_stage_look_up(struct mmu *mmu)
{
    mmu->miss = mmu->skip_l2 = mmu->from_root = 0;
    mmu->out.resp_valid = 0;
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        const struct access_req *req = &mmu->lookup[port];
        const struct lookup_memo *memo = &mmu->memo[port];
        if (memo->key == lookup_key(req)) {
            mmu->hit[port] = memo->hit;
            mmu->out.resp[port] = memo->response;
            mmu->out.resp[port].pa = memo->frame | (req->va & 0xfff);
            mmu->out.resp[port].tag = req->tag;
            mmu->out.resp_valid |= (uint8_t)(1u << port);
        } else {
            mmu->hit[port] = (struct l1_hit){TLB_MISS, TLB_MISS};
            look_up_port(mmu, port);
        }
    }
}

/* The hits of this cycle's lookups; ports without one have none. */
static void collect_hits(const struct mmu *mmu, struct l1_hit *hits)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        hits[port] = mmu->lookup_valid >> port & 1 ? mmu->hit[port] : (struct l1_hit){TLB_MISS, TLB_MISS};
}

void lookup_stage_clock(struct mmu *mmu, const struct l1_fill *fill)
{
    struct l1_hit hits[MMU_MAX_PORTS];
    if (!mmu->lookup_valid && !fill->valid)
        return;
    collect_hits(mmu, hits);
    if ((mmu->lookup_valid & 1) || (fill->valid && fill->fetch))
        l1_tlb_clock(&mmu->l1i, hits, 1, fill->valid && fill->fetch, fill->tag, fill->data);
    if (mmu->lookup_valid >> 1 || (fill->valid && !fill->fetch))
        l1_tlb_clock(&mmu->l1d, hits + 1, mmu->ports - 1u, fill->valid && !fill->fetch, fill->tag,
                     fill->data);
    if (fill->valid)
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
    static const struct l1_fill none;
    uint8_t left = mmu->lookup_valid;
    if (!left)
        return;
    /* The common case: each port hits, by its memo, the entry that its array marked last. */
    for (; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        struct l1_hit hit = mmu->hit[port];
        struct l1_tlb *l1 = port == MMU_PORT_FETCH ? &mmu->l1i : &mmu->l1d;
        if (hit.array == TLB_MISS || l1->array[hit.array].last_marked != hit.entry)
            break;
    }
    if (left) {
        lookup_stage_count(mmu);
        lookup_stage_clock(mmu, &none);
        return;
    }
    for (left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1)) {
        unsigned port = (unsigned)__builtin_ctz(left);
        struct l1_hit hit = mmu->hit[port];
        struct l1_tlb *l1 = port == MMU_PORT_FETCH ? &mmu->l1i : &mmu->l1d;
        unsigned l1_port = port == MMU_PORT_FETCH ? 0 : port - 1;
        tlb_array_digest(&l1->array[hit.array], (uint64_t)hit.entry << 2 | l1_port);
        mmu->hits[port][mmu->out.resp[port].size]++;
    }
}
