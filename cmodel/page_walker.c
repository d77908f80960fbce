/* SPDX-License-Identifier: Apache-2.0 */
#include "page_walker.h"

void page_walker_init(struct page_walker *w, unsigned walkers)
{
    *w = (struct page_walker){.all = (uint8_t)((1u << walkers) - 1)};
}

static unsigned lowest(uint8_t set)
{
    return (unsigned)__builtin_ctz(set);
}

static void start_at_root(struct page_walker *w, unsigned i, const struct translation_context *context)
{
    w->level[i] = (uint8_t)x86_levels(context->mode);
    w->table[i] = context->root | DATA_RW | DATA_US;
}

bool page_walker_load(struct page_walker *w)
{
    if (!w->request || w->memory_valid)
        return false;
    uint8_t high = (uint8_t)(w->request & (0xffu << w->next));
    unsigned i = lowest(high ? high : w->request);
    uint8_t bit = (uint8_t)(1u << i);
    bool exchange = w->exchange & bit;
    w->request &= (uint8_t)~bit;
    w->wait |= bit;
    w->memory_valid = true;
    w->memory = (struct mem_req){.addr = x86_entry_address(w->table[i] & DATA_PFN, w->level[i], w->va[i]),
                                 .expected = exchange ? w->expected[i] : 0,
                                 .desired = exchange ? w->desired[i] : 0,
                                 .exchange = exchange,
                                 .tag = (uint8_t)i};
    w->next = w->all >> (i + 1) ? (uint8_t)(i + 1) : 0;
    return true;
}

/* The entry with the bits that this access sets: A, and D in the leaf of a write (SDM 4.8; APM 5.4.1). */
static uint64_t with_accessed_dirty(uint64_t entry, bool leaf, unsigned attr)
{
    bool dirty = leaf && (attr & ATTR_KIND) == ACCESS_WRITE;
    return entry | ENTRY_A | (dirty ? ENTRY_D : 0);
}

static void set_result(struct page_walker *w, unsigned i, enum fault_kind fault, uint8_t code, uint64_t tag,
                       uint64_t data, struct mmu_stats *stats, uint64_t cycle)
{
    w->result_valid = true;
    w->result_id = w->entry_id[i];
    w->result_fault = (uint8_t)fault;
    w->result_code = code;
    w->result_tag = tag;
    w->result_data = data;
    stat_sample(stats->walker_latency, cycle - w->started[i]);
    stats->walker_cycles += cycle - w->started[i];
    if (fault == FAULT_NONE)
        stats->walker_translations[x86_tag_size(tag)]++;
    else if (fault == FAULT_PAGE)
        stats->walker_faults++;
    else
        stats->walker_machine_checks++;
}

/* WAIT -> REQUEST or IDLE */
static struct walk_cache_fill take_response(struct page_walker *w, unsigned i,
                                            const struct translation_context *context,
                                            const struct mem_resp *response, struct mmu_stats *stats,
                                            uint64_t cycle)
{
    struct walk_cache_fill fill = {0};
    uint8_t bit = (uint8_t)(1u << i);
    bool was_exchange = w->exchange & bit;
    w->wait &= (uint8_t)~bit;
    w->exchange &= (uint8_t)~bit;
    if (was_exchange)
        stats->walker_exchanges++;
    else
        stats->walker_reads++;

    if (response->error) {
        set_result(w, i, FAULT_MACHINE_CHECK, 0, 0, 0, stats, cycle);
        return fill;
    }
    if (was_exchange && !response->exchanged) {
        stats->walker_exchanges_lost++;
        w->from_cache &= (uint8_t)~bit;
        start_at_root(w, i, context);
        w->request |= bit;
        return fill;
    }

    unsigned level = w->level[i];
    uint64_t entry = was_exchange ? w->desired[i] : response->data;
    unsigned kind = x86_entry_kind(entry, level, context->mode, context->maxphyaddr, context->gib_pages);
    bool leaf = kind & ENTRY_IS_LEAF;
    uint64_t updated = with_accessed_dirty(entry, leaf, w->attr[i]);
    uint64_t rights = x86_accumulate(w->table[i] & DATA_RIGHTS, entry, context->mode);
    unsigned denied = 0;
    if (leaf)
        denied = x86_denied(x86_leaf_data(entry, level, rights), w->attr[i], context->mode, context->pkru,
                            context->pkrs);

    if (!(kind & ENTRY_IS_PRESENT) || (kind & ENTRY_IS_RESERVED) || denied) {
        if (w->from_cache & bit) {
            stats->walker_confirmations++;
            w->from_cache &= (uint8_t)~bit;
            start_at_root(w, i, context);
            w->request |= bit;
        } else {
            /* A reserved bit is reported without the rights: those of an unusable entry mean nothing. */
            unsigned reported = kind & ENTRY_IS_RESERVED ? 0 : denied;
            set_result(w, i, FAULT_PAGE, x86_error_code(kind, reported, w->attr[i], context->mode), 0, 0,
                       stats, cycle);
        }
    } else if (updated != entry) {
        w->expected[i] = entry;
        w->desired[i] = updated;
        w->exchange |= bit;
        w->request |= bit;
    } else if (leaf) {
        /* G counts in a leaf alone, and only with CR4.PGE (SDM 4.10.2.4; APM 5.5.2). */
        bool global = (entry & ENTRY_G) && (context->mode & MODE_PGE);
        uint64_t tag = x86_tag(x86_vpn(w->va[i]), context->pcid, global, level - 1);
        set_result(w, i, FAULT_NONE, 0, tag, x86_leaf_data(entry, level, rights), stats, cycle);
    } else {
        uint64_t frame = x86_entry_frame(entry, level, false);
        fill = (struct walk_cache_fill){.level = (uint8_t)level,
                                        .tag = x86_tag(x86_vpn(w->va[i]), context->pcid, false, PAGE_4K),
                                        .data = frame | rights};
        w->level[i] = (uint8_t)(level - 1);
        w->table[i] = fill.data;
        w->request |= bit;
    }
    return fill;
}

struct walk_cache_fill page_walker_respond(struct page_walker *w, const struct translation_context *context,
                                           const struct mem_resp *response, struct mmu_stats *stats,
                                           uint64_t cycle)
{
    uint8_t bit = (uint8_t)(1u << response->tag);
    if (!(w->drain & bit))
        return take_response(w, response->tag, context, response, stats, cycle);
    w->drain &= (uint8_t)~bit;
    w->exchange &= (uint8_t)~bit;
    return (struct walk_cache_fill){0};
}

void page_walker_start(struct page_walker *w, uint8_t idle, const struct walk_start *start,
                       struct mmu_stats *stats, uint64_t cycle)
{
    unsigned i = lowest(idle);
    uint8_t bit = (uint8_t)(1u << i);
    w->request |= bit;
    w->exchange &= (uint8_t)~bit;
    w->from_cache = (uint8_t)((w->from_cache & ~bit) | (start->from_cache ? bit : 0));
    w->entry_id[i] = start->id;
    w->level[i] = start->level;
    w->table[i] = start->data;
    w->va[i] = start->va;
    w->attr[i] = start->attr;
    w->started[i] = cycle;
    stats->walker_walks++;
}

void page_walker_abort(struct page_walker *w, uint32_t entries, struct mmu_stats *stats, uint64_t cycle)
{
    for (uint8_t left = w->request | w->wait; left; left &= (uint8_t)(left - 1)) {
        unsigned i = lowest(left);
        uint8_t bit = (uint8_t)(1u << i);
        if (!(entries >> w->entry_id[i] & 1))
            continue;
        stats->walker_overtaken++;
        stats->walker_cycles_lost += cycle - w->started[i];
        w->drain |= w->wait & bit;
        w->request &= (uint8_t)~bit;
        w->wait &= (uint8_t)~bit;
    }
}
