/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architectural judge: its interface, the accesses in flight, and the
 * control operations. Which walks explain an answer is decided in
 * judge_search.c, and what an illegal one is told in judge_explain.c.
 */
#include "judge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "judge_explain.h"
#include "judge_memo.h"
#include "judge_search.h"

/* The moment the oldest access in flight was accepted; the present one when there is none. */
static uint64_t oldest_accept(const struct judge *judge)
{
    uint64_t oldest = judge->moment;

    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        for (uint64_t tags = judge->tags[port]; tags; tags &= tags - 1) {
            uint64_t accept = judge->accesses[port][__builtin_ctzll(tags)].accept;
            if (accept < oldest)
                oldest = accept;
        }
    }
    return oldest;
}

static struct history_limits limits_now(const struct judge *judge)
{
    uint64_t in_flight = oldest_accept(judge);
    uint64_t base = floors_base(judge->floors);

    return (struct history_limits){.any = base < in_flight ? base : in_flight, .in_flight = in_flight};
}

/* A phys_mem_observer. Before the first access there is no past to keep. */
static void word_changes(void *self, uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    struct judge *judge = self;

    if (!judge->started)
        return;
    judge->moment++;
    if (!history_record(judge->history, addr, old_value, new_value, judge->moment, judge->cycle,
                        limits_now(judge)))
        judge_break(judge, "none", "memory is short: the judge cannot go on");
}

struct judge *judge_create(const struct mmu_params *params, struct phys_mem *phys)
{
    struct judge *judge = calloc(1, sizeof *judge);

    if (!judge)
        return NULL;
    judge->phys = phys;
    judge->maxphyaddr = params->mmu.maxphyaddr;
    judge->gib_pages = params->mmu.gib_pages;
    judge->regs = (struct rules_registers){.cr0 = CR0_PG, .cr4 = CR4_PAE, .efer = EFER_LME | EFER_LMA};
    rules_format_init(&judge->format, judge->maxphyaddr, judge->gib_pages, &judge->regs);
    judge->history = history_create();
    judge->floors = floors_create(judge->root, judge->pcid);
    if (!judge->history || !judge->floors) {
        judge_destroy(judge);
        return NULL;
    }
    phys_mem_observe(phys, word_changes, judge);
    return judge;
}

void judge_destroy(struct judge *judge)
{
    if (!judge)
        return;
    phys_mem_observe(judge->phys, NULL, NULL);
    history_destroy(judge->history);
    floors_destroy(judge->floors);
    free(judge);
}

void judge_cycle(struct judge *judge, uint64_t cycle)
{
    judge->cycle = cycle;
}

const char *judge_verdict(const struct judge *judge)
{
    return judge->broken ? judge->verdict : NULL;
}

/* --- control operations --- */

static struct judge_op *last_op(struct judge *judge)
{
    return &judge->ops[(judge->op_count - 1) % JUDGE_OPS];
}

/* INVLPG and INVPCID let accesses go on; the others wait for all of them. */
static bool op_is_serialising(uint8_t op)
{
    return op != OP_INVLPG && op != OP_INVPCID;
}

void judge_op_accept(struct judge *judge, const struct op_req *op)
{
    if (judge->op_pending) {
        judge_break(judge, "operation-order",
                    "an operation was accepted while the one before it was not complete");
        return;
    }
    judge->moment++;
    judge->op_pending = true;
    judge->op_count++;
    *last_op(judge) = (struct judge_op){
        .req = *op,
        .flush = {.accept = judge->moment, .done = MOMENT_NEVER},
        .accept_cycle = judge->cycle,
        .pcid = judge->pcid,
    };
}

static void flush_all(struct judge *judge, struct flush flush)
{
    floors_flush_all(judge->floors, flush);
    history_sweep(judge->history, limits_now(judge));
}

static void invalidate_page(struct judge *judge, uint64_t va, uint16_t pcid, bool globals, struct flush flush)
{
    /* INVLPG of a non-canonical address does nothing (SDM vol. 2A). */
    if (rules_canonical(va, judge->format.levels))
        floors_flush_page(judge->floors, va, pcid, globals, flush);
}

static void invpcid(struct judge *judge, const struct op_req *req, struct flush flush)
{
    uint16_t pcid = req->pcid & 0xfff;

    switch (req->value) {
    case 0:
        invalidate_page(judge, req->va, pcid, false, flush);
        break;
    case 1:
        floors_flush_pcid(judge->floors, pcid, flush);
        break;
    case 2:
        flush_all(judge, flush);
        break;
    case 3:
        /* Without CR4.PGE there are no globals. */
        if (judge->regs.cr4 & CR4_PGE)
            floors_flush_local(judge->floors, flush);
        else
            flush_all(judge, flush);
        break;
    default:
        break;
    }
}

/*
 * The registers change; SDM 4.10.4.1 says what that invalidates. Beyond it our
 * MMU promises that a change of EFER.NXE and of CR4.LA57 invalidates all.
 */
static void write_register(struct judge *judge, const struct op_req *req, struct flush flush)
{
    struct rules_registers old = judge->regs;
    unsigned old_levels = judge->format.levels;
    uint16_t old_pcid = judge->pcid;
    bool all = false, pcid = false;

    switch (req->op) {
    case OP_WRITE_CR0:
        judge->regs.cr0 = req->value;
        all = (old.cr0 ^ req->value) & CR0_PG;
        break;
    case OP_WRITE_CR3:
        judge->regs.cr3 = req->value & ~CR3_NO_FLUSH;
        pcid = !(old.cr4 & CR4_PCIDE) || !(req->value & CR3_NO_FLUSH);
        all = pcid && !(old.cr4 & (CR4_PCIDE | CR4_PGE));
        break;
    case OP_WRITE_CR4:
        judge->regs.cr4 = req->value;
        all = ((old.cr4 ^ req->value) & (CR4_PGE | CR4_LA57)) || (old.cr4 & ~req->value & CR4_PCIDE);
        pcid = ~old.cr4 & req->value & CR4_SMEP;
        break;
    case OP_WRITE_EFER:
        judge->regs.efer = req->value;
        all = (old.efer ^ req->value) & EFER_NXE;
        break;
    case OP_WRITE_PKRU:
        judge->regs.pkru = (uint32_t)req->value;
        break;
    default:
        judge->regs.pkrs = (uint32_t)req->value;
        break;
    }
    rules_format_init(&judge->format, judge->maxphyaddr, judge->gib_pages, &judge->regs);
    uint64_t old_root = judge->root;
    judge->root = rules_root(&judge->format, &judge->regs);
    judge->pcid = rules_pcid(&judge->regs);
    if (all)
        flush_all(judge, flush);
    else if (pcid)
        floors_flush_pcid(judge->floors, judge->pcid, flush);

    bool moved = judge->root != old_root || judge->pcid != old_pcid;
    if (all && (moved || judge->format.levels != old_levels || ((old.cr0 ^ judge->regs.cr0) & CR0_PG))) {
        floors_restart(judge->floors, judge->root, judge->pcid, flush.done);
        judge->memo_floor = flush.done;
    } else if (moved) {
        bool same_flushed = pcid && judge->pcid == old_pcid;
        if (!floors_new_root(judge->floors, judge->root, judge->pcid, flush.done, same_flushed))
            judge_break(judge, "none", "memory is short: the judge cannot go on");
        if (same_flushed)
            judge->memo_floor = flush.done;
    }
}

void judge_op_done(struct judge *judge)
{
    if (!judge->op_pending) {
        judge_break(judge, "operation-order", "an operation completed that was not accepted");
        return;
    }
    struct judge_op *op = last_op(judge);
    judge->op_pending = false;
    judge->moment++;
    op->flush.done = judge->moment;
    op->done_cycle = judge->cycle;
    if (op->req.op == OP_INVLPG) {
        invalidate_page(judge, op->req.va, judge->pcid, true, op->flush);
    } else if (op->req.op == OP_INVPCID) {
        invpcid(judge, &op->req, op->flush);
    } else {
        for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
            if (judge->tags[port]) {
                char text[256];
                judge_describe_access(&judge->accesses[port][__builtin_ctzll(judge->tags[port])], text,
                                      sizeof text);
                judge_break(judge, "operation-order",
                            "a register write accepted in cycle %" PRIu64 " completed before %s was answered",
                            op->accept_cycle, text);
                return;
            }
        }
        write_register(judge, &op->req, op->flush);
    }
}

/* --- accesses --- */

void judge_accept(struct judge *judge, uint64_t index, unsigned port, const struct access_req *req)
{
    struct judge_access *access = &judge->accesses[port][req->tag];
    uint64_t tag = 1ull << req->tag;

    if (!judge->started) {
        judge->started = true;
        judge->moment++;
        flush_all(judge, (struct flush){judge->moment, judge->moment});
    }
    if (judge->tags[port] & tag)
        judge_break(judge, "tag-in-use",
                    "port %u tag %u was given to access %" PRIu64 " while access %" PRIu64 " has it", port,
                    req->tag, index, access->index);
    if (judge->op_pending && op_is_serialising(last_op(judge)->req.op) &&
        last_op(judge)->accept_cycle != judge->cycle)
        judge_break(judge, "operation-order",
                    "access %" PRIu64 " was accepted in cycle %" PRIu64
                    ", during the register write accepted in cycle %" PRIu64,
                    index, judge->cycle, last_op(judge)->accept_cycle);
    judge->tags[port] |= tag;
    *access = (struct judge_access){
        .index = index,
        .va = req->va,
        .cycle = judge->cycle,
        .accept = judge->moment,
        .attr = req->attr,
        .port = port,
        .tag = req->tag,
    };
}

static bool legal_translation(struct judge *judge, const struct judge_access *access,
                              const struct response *response)
{
    struct search_present present;

    if (judge_memo_explains(judge, access, response))
        return true;
    search_present(judge, access->va, &present);
    const struct rules_outcome *outcome = &present.outcome;
    bool write = (access->attr & ATTR_KIND) == ACCESS_WRITE;
    if (present.kind == RULES_PAGE && outcome->accessed && (!write || outcome->dirty) &&
        search_same_translation(outcome, access->va, response) &&
        rules_allowed(&judge->regs, outcome->rights, access->attr)) {
        judge_memo_add(judge, access, response, outcome, judge->moment);
        return true;
    }

    struct search search = {.judge = judge, .access = access, .aim = SEARCH_ANSWER, .response = response};
    if (search_walk(&search)) {
        judge_memo_add(judge, access, response, &search.outcome, search.moment);
        return true;
    }
    return search.forgotten;
}

static bool legal_page_fault(struct judge *judge, const struct judge_access *access,
                             const struct response *response)
{
    struct search_present present;

    search_present(judge, access->va, &present);
    if ((present.kind != RULES_PAGE || !rules_allowed(&judge->regs, present.rights, access->attr)) &&
        rules_error_code(&judge->regs, present.kind, present.rights, access->attr) == response->error_code)
        return true;

    struct search search = {.judge = judge, .access = access, .aim = SEARCH_FAULT, .response = response};
    return search_walk(&search) || search.forgotten;
}

static bool break_access(struct judge *judge, const struct judge_access *access, const char *rule,
                         const char *text)
{
    char who[256];

    judge_describe_access(access, who, sizeof who);
    return judge_break(judge, rule, "%s, answered in cycle %" PRIu64 ": %s", who, judge->cycle, text);
}

static bool judge_response(struct judge *judge, const struct judge_access *access,
                           const struct response *response)
{
    bool canonical = rules_canonical(access->va, judge->format.levels);

    if (response->fault != FAULT_NONE && (response->pa || response->size || response->pat))
        return break_access(judge, access, "answer-form", "a fault together with a translation");
    if (response->fault != FAULT_PAGE && response->error_code)
        return break_access(judge, access, "answer-form", "an error code without a page fault");
    if (!judge_paging(judge)) {
        if (response->fault == FAULT_NONE && response->pa == (access->va & 0xffffffff) &&
            response->size == PAGE_4K && response->pat == 0)
            return true;
        return break_access(judge, access, "paging-off",
                            "without paging the address is the physical address");
    }
    if (!canonical && response->fault != FAULT_NON_CANONICAL)
        return break_access(judge, access, "non-canonical",
                            "the address is not canonical, but was answered without #GP");
    switch (response->fault) {
    case FAULT_NONE:
        return legal_translation(judge, access, response) || judge_break_answer(judge, access, response);
    case FAULT_PAGE:
        if (!legal_page_fault(judge, access, response))
            return judge_break_answer(judge, access, response);
        floors_page_fault(judge->floors, access->va, judge->pcid, access->accept, judge->cycle);
        judge_memo_drop(judge, access->va);
        return true;
    case FAULT_NON_CANONICAL:
        return !canonical ||
               break_access(judge, access, "non-canonical", "#GP, but the address is canonical");
    case FAULT_MACHINE_CHECK:
        return access->bus_error || break_access(judge, access, "machine-check",
                                                 "a machine check, but no read on the access's path ended in "
                                                 "a bus error while it was in flight");
    default:
        return break_access(judge, access, "answer-form", "a fault of unknown kind");
    }
}

bool judge_answer(struct judge *judge, const struct access_result *result)
{
    const struct response *response = &result->response;
    uint64_t tag = 1ull << (response->tag % MMU_TAGS);

    if (result->port >= MMU_MAX_PORTS || response->tag >= MMU_TAGS || !(judge->tags[result->port] & tag))
        return judge_break(judge, "unasked-answer",
                           "port %u answered tag %u in cycle %" PRIu64 ", which no access in flight has",
                           result->port, response->tag, judge->cycle);
    struct judge_access access = judge->accesses[result->port][response->tag];
    judge->tags[result->port] &= ~tag;
    if (result->index != access.index || result->va != access.va || result->attr != access.attr)
        return judge_break(judge, "unasked-answer",
                           "port %u tag %u belongs to access %" PRIu64
                           ", but was answered as access %" PRIu64,
                           result->port, response->tag, access.index, result->index);
    return judge_response(judge, &access, response) && !judge->broken;
}

bool judge_finish(struct judge *judge)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        if (judge->tags[port]) {
            char text[256];
            judge_describe_access(&judge->accesses[port][__builtin_ctzll(judge->tags[port])], text,
                                  sizeof text);
            judge_break(judge, "lost-access", "%s was never answered", text);
        }
    }
    if (judge->op_pending)
        judge_break(judge, "operation-order", "the operation accepted in cycle %" PRIu64 " never completed",
                    last_op(judge)->accept_cycle);
    return !judge->broken;
}

/* --- what the memory served --- */

/* Some level of the walk of va indexes the entry at addr. */
static bool may_use(const struct judge *judge, uint64_t va, uint64_t addr)
{
    for (unsigned level = judge->format.levels; level; level--) {
        if (rules_entry_address(addr & ~0xfffull, va, level) == addr)
            return true;
    }
    return false;
}

static void bus_error(struct judge *judge, uint64_t addr)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        for (uint64_t tags = judge->tags[port]; tags; tags &= tags - 1) {
            struct judge_access *access = &judge->accesses[port][__builtin_ctzll(tags)];
            struct search search = {.judge = judge, .access = access, .aim = SEARCH_WORD, .word = addr};
            if (may_use(judge, access->va, addr) && (search_walk(&search) || search.forgotten))
                access->bus_error = true;
        }
    }
}

static bool legal_exchange(struct judge *judge, const struct mem_req *req)
{
    uint64_t accessed = req->expected | ENTRY_A;
    const struct word_history *word = history_find(judge->history, req->addr);

    if (req->desired == req->expected || (req->desired != accessed && req->desired != (accessed | ENTRY_D)))
        return judge_break(judge, "update-bits",
                           "the entry at %#" PRIx64 " was changed from %#" PRIx64 " to %#" PRIx64
                           " in cycle %" PRIu64 "; a walk may only set A, and D with it",
                           req->addr, req->expected, req->desired, judge->cycle);
    if (!word || word->count < 2 || word->versions[word->count - 1].value != req->desired ||
        word->versions[word->count - 2].value != req->expected ||
        word->versions[word->count - 1].from != judge->moment)
        return judge_break(judge, "update-lost-write",
                           "the entry at %#" PRIx64 " was changed to %#" PRIx64 " in cycle %" PRIu64
                           ", but did not hold the expected %#" PRIx64,
                           req->addr, req->desired, judge->cycle, req->expected);
    history_mark_walk(judge->history, req->addr);
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        for (uint64_t tags = judge->tags[port]; tags; tags &= tags - 1) {
            struct judge_access *access = &judge->accesses[port][__builtin_ctzll(tags)];
            struct search search = {
                .judge = judge, .access = access, .aim = SEARCH_WORD, .word = req->addr, .exchange = req};
            if (may_use(judge, access->va, req->addr) && (search_walk(&search) || search.forgotten))
                return true;
        }
    }
    return judge_break_exchange(judge, req);
}

bool judge_served(struct judge *judge, const struct mem_req *req, const struct mem_resp *resp)
{
    if (resp->error)
        bus_error(judge, req->addr);
    else if (req->exchange && resp->exchanged)
        return legal_exchange(judge, req) && !judge->broken;
    return !judge->broken;
}

uint64_t judge_forgotten(const struct judge *judge)
{
    return floors_forgotten(judge->floors);
}
