/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a walk that explains an answer; see judge_search.h. */
#include "judge_search.h"

static uint64_t max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static struct word_version present_version(const struct judge *judge, uint64_t addr)
{
    return (struct word_version){.value = phys_mem_read64(judge->phys, addr), .end = MOMENT_NEVER};
}

void search_present(const struct judge *judge, uint64_t va, struct search_present *present)
{
    struct rules_rights rights = rules_all_rights();
    uint64_t table = judge->root;
    bool accessed = true;

    present->count = 0;
    for (unsigned level = judge->format.levels;; level--) {
        uint64_t addr = rules_entry_address(table, va, level);
        uint64_t entry = phys_mem_read64(judge->phys, addr);
        present->steps[present->count++] =
            (struct search_step){.addr = addr, .version = {.value = entry, .end = MOMENT_NEVER}};
        present->kind = rules_entry_kind(&judge->format, level, entry);
        rights = rules_add_entry(rights, entry);
        accessed = accessed && (entry & ENTRY_A);
        if (present->kind != RULES_TABLE) {
            present->rights = rights;
            if (present->kind == RULES_PAGE) {
                present->outcome = rules_page(&judge->format, level, entry, rights);
                present->outcome.accessed = accessed;
            }
            return;
        }
        table = entry & judge->format.address;
    }
}

bool search_same_translation(const struct rules_outcome *outcome, uint64_t va,
                             const struct response *response)
{
    uint64_t pa = outcome->frame | (va & (rules_page_bytes(outcome->size) - 1));

    return pa == response->pa && outcome->size == response->size && outcome->pat == response->pat;
}

/*
 * Whether the entries of the chain can have been read one after the other: the
 * upper ones not before `upper` and the last not before `leaf`. A later start
 * never makes the end earlier, so reading each as early as possible decides;
 * a flush of the walk caches that was complete when the leaf was read moves
 * the start behind its acceptance.
 */
static bool chain_stands(struct search *search, uint64_t upper, uint64_t leaf, bool local)
{
    const struct floors *floors = search->judge->floors;
    unsigned last = search->count - 1;

    for (;;) {
        uint64_t moment = upper;
        for (unsigned i = 0; i <= last; i++) {
            const struct word_version *version = &search->steps[i].version;
            moment = max(moment, version->from);
            if (i == last)
                moment = max(moment, leaf);
            moment = i == 0 ? floors_next_root(floors, search->root, search->pcid, local, moment)
                            : floors_next_pcid(floors, search->pcid, moment);
            if (moment >= version->end || moment > search->now)
                return false;
            if (i == 0)
                search->moment = moment;
        }
        uint64_t flushed = last ? floors_walk_cache(floors, search->pcid, moment) : 0;
        if (flushed <= upper)
            return true;
        upper = flushed;
    }
}

/* The moments a translation through the present chain must respect. */
static bool answer_stands(struct search *search, bool global)
{
    const struct judge *judge = search->judge;
    const struct judge_access *access = search->access;
    unsigned size = search->outcome.size;
    uint64_t fault = floors_after_fault(judge->floors, access->va, judge->pcid, access->cycle);
    uint64_t leaf = max(fault, floors_leaf(judge->floors, access->va, size, judge->pcid, global));
    uint64_t upper = leaf;

    if (search->relaxed & SEARCH_ANY_TIME)
        return true;
    if (search->relaxed & SEARCH_ANY_UPPER)
        return search->steps[search->count - 1].version.end > leaf;
    if (global) {
        upper = floors_global_upper(judge->floors, access->va, size, search->pcid);
        if (search->pcid == judge->pcid)
            upper = max(upper, fault);
    }
    return chain_stands(search, upper, leaf, !global);
}

static bool answer_by_page(struct search *search)
{
    const struct judge *judge = search->judge;
    const struct judge_access *access = search->access;
    const struct rules_outcome *outcome = &search->outcome;
    bool global = outcome->global && (judge->regs.cr4 & CR4_PGE);
    bool write = (access->attr & ATTR_KIND) == ACCESS_WRITE;

    if (search->pcid != judge->pcid && !global && !(search->relaxed & SEARCH_ANY_SPACE))
        return false;
    if (!search_same_translation(outcome, access->va, search->response))
        return false;
    if (!(search->relaxed & SEARCH_ANY_AD) && (!outcome->accessed || (write && !outcome->dirty)))
        return false;
    if (!(search->relaxed & SEARCH_ANY_RIGHTS) && !rules_allowed(&judge->regs, outcome->rights, access->attr))
        return false;
    return answer_stands(search, global);
}

static bool fault_by_entry(struct search *search, enum rules_kind kind, struct rules_rights rights)
{
    const struct judge *judge = search->judge;
    const struct judge_access *access = search->access;

    if (kind == RULES_PAGE && rules_allowed(&judge->regs, rights, access->attr))
        return false;
    if (rules_error_code(&judge->regs, kind, rights, access->attr) != search->response->error_code)
        return false;
    if (search->relaxed & SEARCH_ANY_TIME)
        return true;
    return chain_stands(search, search->lowest, search->lowest, true);
}

/* The walk has come to the entry asked about. rights: with this entry. */
static bool word_reached(struct search *search, unsigned level, struct rules_rights rights)
{
    const struct judge *judge = search->judge;
    const struct mem_req *exchange = search->exchange;

    if (exchange) {
        uint64_t added = exchange->desired & ~exchange->expected;
        enum rules_kind kind = rules_entry_kind(&judge->format, level, exchange->expected);
        bool write = (search->access->attr & ATTR_KIND) == ACCESS_WRITE;

        if (kind != RULES_TABLE && kind != RULES_PAGE)
            return false;
        if ((added & ENTRY_D) && (kind != RULES_PAGE || !write))
            return false;
        if (kind == RULES_PAGE && !(search->relaxed & SEARCH_ANY_RIGHTS) &&
            !rules_allowed(&judge->regs, rights, search->access->attr))
            return false;
    }
    if ((search->relaxed & SEARCH_ANY_TIME) || search->count == 1)
        return true;
    search->count--;
    bool stands = chain_stands(search, search->lowest, search->lowest, true);
    search->count++;
    return stands;
}

/* What the entries above have come to. */
struct above {
    struct rules_rights rights;
    bool accessed;     /* A set in all of them */
    uint64_t earliest; /* no entry below can have been read before this moment */
};

static bool descend(struct search *search, uint64_t table, unsigned level, struct above above);

/* Goes on through the entry that the last step holds. */
static bool visit(struct search *search, unsigned level, struct above above)
{
    const struct rules_format *format = &search->judge->format;
    const struct word_version *version = &search->steps[search->count - 1].version;
    uint64_t entry = version->value;
    enum rules_kind kind = rules_entry_kind(format, level, entry);

    above.rights = rules_add_entry(above.rights, entry);
    above.accessed = above.accessed && (entry & ENTRY_A);
    if (kind == RULES_TABLE) {
        if (search->aim == SEARCH_ANSWER && !above.accessed && !(search->relaxed & SEARCH_ANY_AD))
            return false;
        if (!(search->relaxed & (SEARCH_ANY_TIME | SEARCH_ANY_UPPER)))
            above.earliest = max(above.earliest, version->from);
        return descend(search, entry & format->address, level - 1, above);
    }
    if (search->aim == SEARCH_FAULT)
        return fault_by_entry(search, kind, above.rights);
    if (search->aim == SEARCH_WORD || kind != RULES_PAGE)
        return false;
    search->outcome = rules_page(format, level, entry, above.rights);
    search->outcome.accessed = above.accessed;
    return answer_by_page(search);
}

/* Tries every value the entry at this level may have had, newest first. */
static bool descend(struct search *search, uint64_t table, unsigned level, struct above above)
{
    uint64_t addr = rules_entry_address(table, search->access->va, level);
    const struct word_history *word = history_find(search->judge->history, addr);
    struct search_step *step = &search->steps[search->count++];

    step->addr = addr;
    if (search->aim == SEARCH_WORD && addr == search->word) {
        uint64_t entry =
            search->exchange ? search->exchange->expected : phys_mem_read64(search->judge->phys, addr);
        step->version = (struct word_version){.value = entry, .end = MOMENT_NEVER};
        if (word_reached(search, level, rules_add_entry(above.rights, entry)))
            return true;
    }
    if (!word) {
        step->version = present_version(search->judge, addr);
        if (visit(search, level, above))
            return true;
    } else {
        for (uint32_t i = word->count; i-- > 0 && word->versions[i].end > above.earliest;) {
            step->version = word->versions[i];
            if (visit(search, level, above))
                return true;
        }
        if (word->forgotten > above.earliest)
            search->forgotten = true;
    }
    search->count--;
    return false;
}

static bool from_root(struct search *search, uint64_t root, uint16_t pcid)
{
    search->root = root;
    search->pcid = pcid;
    search->count = 0;
    struct above above = {.rights = rules_all_rights(), .accessed = true, .earliest = search->lowest};
    return descend(search, root, search->judge->format.levels, above);
}

/*
 * Every root that walks used, each once, the present one first. What the walk
 * caches hold for a PCID may come from another root that had the same PCID, and
 * a global translation from another PCID.
 */
static bool from_any_root(struct search *search)
{
    const struct judge *judge = search->judge;
    bool globals = search->aim == SEARCH_ANSWER && (judge->regs.cr4 & CR4_PGE);
    size_t count;
    const struct root_period *periods = floors_periods(judge->floors, &count);

    for (size_t i = count; i-- > 0;) {
        bool local = periods[i].pcid == judge->pcid || (search->relaxed & SEARCH_ANY_SPACE);
        bool seen = false;
        if (!local && !globals)
            continue;
        for (size_t later = i + 1; later < count && !seen; later++)
            seen = periods[later].root == periods[i].root && periods[later].pcid == periods[i].pcid;
        if (!seen && from_root(search, periods[i].root, periods[i].pcid))
            return true;
    }
    const struct root_period *former;
    for (unsigned back = 0;
         (search->relaxed & SEARCH_ANY_TIME) && (former = floors_former_root(judge->floors, back)); back++) {
        if (from_root(search, former->root, former->pcid))
            return true;
    }
    return false;
}

bool search_walk(struct search *search)
{
    const struct judge *judge = search->judge;
    const struct floors *floors = judge->floors;
    const struct judge_access *access = search->access;
    bool globals = judge->regs.cr4 & CR4_PGE;
    uint64_t page = floors_leaf(floors, access->va, PAGE_4K, judge->pcid, false);

    search->now = judge->moment;
    search->forgotten = false;
    switch (search->aim) {
    case SEARCH_ANSWER:
        search->lowest = floors_lowest(floors, judge->pcid, globals);
        break;
    case SEARCH_FAULT:
        search->lowest = max(access->accept, page);
        break;
    case SEARCH_WORD:
        search->lowest = max(page, floors_walk_cache(floors, judge->pcid, search->now));
        search->lowest =
            max(search->lowest, floors_after_fault(floors, access->va, judge->pcid, access->cycle));
        break;
    }
    if (search->relaxed & (SEARCH_ANY_TIME | SEARCH_ANY_UPPER))
        search->lowest = 0;
    /* A fault is confirmed by a walk from the root, which finds nothing of another root. */
    if (search->aim == SEARCH_FAULT)
        return from_root(search, judge->root, judge->pcid);
    return from_any_root(search);
}
