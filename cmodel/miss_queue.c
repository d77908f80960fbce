/* SPDX-License-Identifier: Apache-2.0 */
#include "miss_queue.h"

void miss_queue_init(struct miss_queue *mq, const struct mmu_params *params)
{
    uint32_t entries = params->mmu.miss_queue;
    *mq = (struct miss_queue){
        .all = entries == 32 ? UINT32_MAX : (1u << entries) - 1,
        .ports = (uint8_t)(1 + params->mmu.data_ports),
        .latency = (uint8_t)params->l2.latency,
    };
}

static unsigned lowest(uint32_t set)
{
    return (unsigned)__builtin_ctz(set);
}

/* Round robin: the first entry of a set at or after `from`. */
static int pick(uint32_t set, unsigned from)
{
    uint32_t high = set & (UINT32_MAX << from);
    return set ? (int)lowest(high ? high : set) : NO_ENTRY;
}

static uint8_t after(const struct miss_queue *mq, unsigned id)
{
    return id < 31 && mq->all >> (id + 1) ? (uint8_t)(id + 1) : 0;
}

int miss_queue_walk_candidate(const struct miss_queue *mq)
{
    return pick(mq->walk_pend, mq->next_walk);
}

uint32_t miss_queue_same_gib(const struct miss_queue *mq, uint64_t va)
{
    uint32_t same = 0;
    for (uint32_t left = miss_queue_valid(mq); left; left &= left - 1) {
        unsigned id = lowest(left);
        if (!((x86_vpn(mq->va[id]) ^ x86_vpn(va)) & ~x86_offset_mask(PAGE_1G)))
            same |= 1u << id;
    }
    return same;
}

enum l2_verdict miss_queue_l2_verdict(const struct miss_queue *mq, const struct translation_context *context,
                                      unsigned id, bool hit, uint64_t data)
{
    if (!hit)
        return L2_MISS;
    if (x86_denied(data, mq->attr[id], context->mode, context->pkru, context->pkrs))
        return L2_DENIED;
    bool write = (mq->attr[id] & ATTR_KIND) == ACCESS_WRITE;
    return write && !(data & DATA_D) ? L2_NOT_DIRTY : L2_ANSWERS;
}

/* A result for one access serves the other: same mode, same kind, or a read beside a write. */
static bool may_merge(unsigned leader, unsigned attr)
{
    if ((leader ^ attr) & ~(unsigned)ATTR_KIND)
        return false;
    unsigned kind = attr & ATTR_KIND, leader_kind = leader & ATTR_KIND;
    return kind == leader_kind || (leader_kind == ACCESS_WRITE && kind == ACCESS_READ);
}

/* The lowest entry under way that `id` may wait for, or NO_ENTRY. */
static int find_leader(const struct miss_queue *mq, unsigned id, uint32_t leaving, struct mmu_stats *stats)
{
    bool refused = false;
    for (uint32_t left = (mq->lookup | mq->walk_pend | mq->walk) & ~leaving; left; left &= left - 1) {
        unsigned other = lowest(left);
        if (x86_vpn(mq->va[other]) != x86_vpn(mq->va[id]))
            continue;
        if (may_merge(mq->attr[other], mq->attr[id]))
            return (int)other;
        refused = true;
    }
    stats->miss_queue_merges_refused += refused;
    return NO_ENTRY;
}

static uint32_t followers(const struct miss_queue *mq, unsigned leader)
{
    uint32_t found = 0;
    for (uint32_t left = mq->merged; left; left &= left - 1)
        if (mq->leader[lowest(left)] == leader)
            found |= left & -left;
    return found;
}

/* Any of the entries -> PEND */
static void send_back(struct miss_queue *mq, uint32_t entries)
{
    mq->merged &= ~entries;
    mq->lookup &= ~entries;
    mq->walk_pend &= ~entries;
    mq->walk &= ~entries;
    mq->answer &= ~entries;
    mq->pend |= entries;
}

/* LOOKUP, WALK or MERGED -> ANSWER, for the entry and those merged with it */
static void complete(struct miss_queue *mq, unsigned id, uint64_t result)
{
    uint32_t served = 1u << id;
    uint32_t merged = followers(mq, id);
    if (miss_result_fault(result) == FAULT_NONE)
        served |= merged;
    else
        send_back(mq, merged);
    mq->lookup &= ~served;
    mq->walk &= ~served;
    mq->merged &= ~served;
    mq->answer |= served;
    for (uint32_t left = served; left; left &= left - 1)
        mq->result[lowest(left)] = result;
}

void miss_queue_issue(struct miss_queue *mq, int looked_up, struct mmu_stats *stats)
{
    int picked = pick(mq->pend, mq->next_issue);
    if (picked == NO_ENTRY)
        return;
    unsigned id = (unsigned)picked;
    uint32_t bit = 1u << id;
    int leader = find_leader(mq, id, looked_up == NO_ENTRY ? 0 : 1u << looked_up, stats);
    mq->pend &= ~bit;
    mq->next_issue = after(mq, id);
    if (leader != NO_ENTRY) {
        mq->merged |= bit;
        mq->leader[id] = (uint8_t)leader;
        stats->miss_queue_merges++;
    } else if (mq->skip_l2 & bit) {
        mq->walk_pend |= bit;
    } else {
        mq->lookup |= bit;
        mq->pipe_valid |= 1;
        mq->pipe_id |= id;
    }
}

void miss_queue_start_walk(struct miss_queue *mq, unsigned id)
{
    mq->walk_pend &= ~(1u << id);
    mq->walk |= 1u << id;
    mq->next_walk = after(mq, id);
}

void miss_queue_end_lookup(struct miss_queue *mq, unsigned id, enum l2_verdict verdict, uint64_t tag,
                           uint64_t data)
{
    uint32_t bit = 1u << id;
    if (verdict == L2_ANSWERS) {
        complete(mq, id, miss_result(data, FAULT_NONE, 0, x86_tag_size(tag), SOURCE_L2));
        return;
    }
    if (verdict == L2_DENIED)
        mq->from_root |= bit;
    mq->lookup &= ~bit;
    mq->walk_pend |= bit;
}

void miss_queue_return_lookup(struct miss_queue *mq, unsigned id)
{
    send_back(mq, 1u << id | followers(mq, id));
}

void miss_queue_end_walk(struct miss_queue *mq, unsigned id, uint64_t result)
{
    complete(mq, id, result);
}

void miss_queue_restart(struct miss_queue *mq, uint32_t entries, struct mmu_stats *stats)
{
    stats->miss_queue_restarts += (unsigned)__builtin_popcount(entries & ~mq->pend);
    send_back(mq, entries);
    /* Their lookups leave the pipeline: they will be issued anew. */
    for (unsigned stage = 0; stage < mq->latency; stage++) {
        unsigned shift = ENTRY_ID_BITS * stage;
        unsigned id = mq->pipe_id >> shift & (MISS_QUEUE_MAX - 1);
        if ((mq->pipe_valid >> stage & 1) && (entries >> id & 1)) {
            mq->pipe_valid &= (uint16_t) ~(1u << stage);
            mq->pipe_id &= ~((uint64_t)(MISS_QUEUE_MAX - 1) << shift);
        }
    }
}

static void count_fault(unsigned fault, struct mmu_stats *stats)
{
    stats->mmu_page_faults += fault == FAULT_PAGE;
    stats->mmu_machine_checks += fault == FAULT_MACHINE_CHECK;
}

void miss_queue_answer(struct miss_queue *mq, uint32_t answering, struct response *resp,
                       struct mmu_stats *stats)
{
    mq->answer_valid = 0;
    for (unsigned port = 0; port < mq->ports && answering; port++) {
        uint32_t waiting = answering & mq->port[port];
        if (!waiting)
            continue;
        unsigned id = lowest(waiting);
        mq->answer &= ~(1u << id);
        mq->port[port] &= ~(1u << id);
        mq->fetch_busy &= port != MMU_PORT_FETCH;
        mq->answer_valid |= (uint8_t)(1u << port);
        resp[port] = miss_result_response(mq->result[id], mq->va[id]);
        resp[port].tag = mq->tag[id];
        count_fault(resp[port].fault, stats);
    }
}

void miss_queue_allocate(struct miss_queue *mq, uint32_t used, uint8_t miss, uint8_t skip_l2,
                         uint8_t from_root, const struct access_req *access, struct mmu_stats *stats)
{
    uint32_t free = mq->all & ~used;
    for (uint8_t left = miss; left; left &= (uint8_t)(left - 1)) {
        unsigned port = lowest(left), id = lowest(free);
        uint32_t bit = 1u << id;
        free &= ~bit;
        mq->pend |= bit;
        mq->skip_l2 = (mq->skip_l2 & ~bit) | (skip_l2 >> port & 1 ? bit : 0);
        mq->from_root = (mq->from_root & ~bit) | (from_root >> port & 1 ? bit : 0);
        mq->port[port] |= bit;
        mq->va[id] = access[port].va;
        mq->attr[id] = access[port].attr;
        mq->tag[id] = access[port].tag;
        mq->fetch_busy |= port == MMU_PORT_FETCH;
        stats->miss_queue_allocations++;
    }
}
