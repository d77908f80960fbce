/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a verdict; see judge_explain.h. */
#include "judge_explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add_text(struct judge *judge, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_words(struct judge *judge, const char *format, va_list words)
{
    size_t used = strlen(judge->verdict);

    vsnprintf(judge->verdict + used, sizeof judge->verdict - used, format, words);
}

static void add_text(struct judge *judge, const char *format, ...)
{
    va_list words;

    va_start(words, format);
    add_words(judge, format, words);
    va_end(words);
}

bool judge_break(struct judge *judge, const char *rule, const char *text, ...)
{
    va_list words;

    if (judge->broken)
        return false;
    judge->broken = true;
    snprintf(judge->verdict, sizeof judge->verdict, "rule %s: ", rule);
    va_start(words, text);
    add_words(judge, text, words);
    va_end(words);
    add_text(judge, "\n");
    return false;
}

void judge_describe_access(const struct judge_access *access, char *text, size_t len)
{
    static const char *const kinds[] = {"read", "write", "fetch", "access of unknown kind"};
    const char *mode = access->attr & ATTR_USER       ? "user"
                       : access->attr & ATTR_IMPLICIT ? "implicit supervisor"
                                                      : "supervisor";

    snprintf(text, len,
             "access %" PRIu64 " (port %u, tag %u, %s %s of %016" PRIx64 "%s, accepted in cycle %" PRIu64 ")",
             access->index, access->port, access->tag, mode, kinds[access->attr & ATTR_KIND], access->va,
             access->attr & ATTR_AC ? ", AC" : "", access->cycle);
}

static const char *size_name(unsigned size)
{
    static const char *const names[] = {"4 KiB", "2 MiB", "1 GiB"};

    return size < 3 ? names[size] : "unknown size";
}

static void describe_response(const struct response *response, char *text, size_t len)
{
    if (response->fault == FAULT_NONE)
        snprintf(text, len, "physical address %" PRIx64 ", %s page, PAT %u", response->pa,
                 size_name(response->size), response->pat);
    else
        snprintf(text, len, "#PF with error code %#x", response->error_code);
}

static void add_registers(struct judge *judge)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } cr4_bits[] = {{CR4_PGE, "PGE"},   {CR4_LA57, "LA57"}, {CR4_PCIDE, "PCIDE"}, {CR4_SMEP, "SMEP"},
                    {CR4_SMAP, "SMAP"}, {CR4_PKE, "PKE"},   {CR4_PKS, "PKS"}};
    const struct rules_registers *regs = &judge->regs;

    add_text(judge, "  registers: root %" PRIx64 " PCID %u%s%s", judge->root, judge->pcid,
             regs->cr0 & CR0_WP ? " WP" : "", regs->efer & EFER_NXE ? " NXE" : "");
    for (size_t i = 0; i < sizeof cr4_bits / sizeof *cr4_bits; i++) {
        if (regs->cr4 & cr4_bits[i].bit)
            add_text(judge, " %s", cr4_bits[i].name);
    }
    if (regs->cr4 & CR4_PKE)
        add_text(judge, " PKRU %" PRIx32, regs->pkru);
    if (regs->cr4 & CR4_PKS)
        add_text(judge, " PKRS %" PRIx32, regs->pkrs);
    add_text(judge, "\n");
}

/* When the value came and, if it is gone, when and by whom it was replaced. */
static void add_times(struct judge *judge, const struct search_step *step)
{
    const struct word_history *word = history_find(judge->history, step->addr);
    const struct word_version *version = &step->version;

    if (version->from)
        add_text(judge, ", written %sin cycle %" PRIu64, version->by_walk ? "by an A/D update " : "",
                 (uint64_t)version->cycle);
    if (!word || version->end == MOMENT_NEVER)
        return;
    for (uint32_t i = 0; i < word->count; i++) {
        const struct word_version *next = &word->versions[i];
        if (next->from >= version->end) {
            add_text(judge, ", replaced %sin cycle %" PRIu64, next->by_walk ? "by an A/D update " : "",
                     (uint64_t)next->cycle);
            return;
        }
    }
}

static void add_walk(struct judge *judge, const struct search_step *steps, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[128];
        unsigned level = judge->format.levels - i;
        rules_describe_entry(&judge->format, level, steps[i].version.value, text, sizeof text);
        add_text(judge, "    %-5s at %" PRIx64 " = %016" PRIx64 " (%s)", rules_level_name(level),
                 steps[i].addr, steps[i].version.value, text);
        add_times(judge, &steps[i]);
        add_text(judge, "\n");
    }
}

static void add_present(struct judge *judge, uint64_t va, uint8_t attr, struct search_present *present)
{
    search_present(judge, va, present);
    add_text(judge, "  memory as it stands:\n");
    for (unsigned i = 0; i < present->count; i++) {
        const struct word_history *word = history_find(judge->history, present->steps[i].addr);
        if (word)
            present->steps[i].version = word->versions[word->count - 1];
    }
    add_walk(judge, present->steps, present->count);
    if (present->kind == RULES_PAGE && rules_allowed(&judge->regs, present->rights, attr))
        add_text(judge, "    gives physical address %" PRIx64 ", %s page, PAT %u%s\n",
                 present->outcome.frame | (va & (rules_page_bytes(present->outcome.size) - 1)),
                 size_name(present->outcome.size), present->outcome.pat,
                 present->outcome.accessed ? "" : ", but A is not set everywhere");
    else
        add_text(judge, "    gives #PF with error code %#x\n",
                 rules_error_code(&judge->regs, present->kind, present->rights, attr));
}

/* The invalidation accepted at the moment of a floor. */
static void add_operation(struct judge *judge, const char *what, uint64_t accept)
{
    static const char *const names[OP_COUNT] = {
        [OP_WRITE_CR0] = "CR0 write",   [OP_WRITE_CR3] = "CR3 write",   [OP_WRITE_CR4] = "CR4 write",
        [OP_WRITE_EFER] = "EFER write", [OP_WRITE_PKRU] = "PKRU write", [OP_WRITE_PKRS] = "PKRS write",
        [OP_INVLPG] = "INVLPG",         [OP_INVPCID] = "INVPCID",
    };

    for (uint64_t i = 0; i < judge->op_count && i < JUDGE_OPS; i++) {
        const struct judge_op *op = &judge->ops[(judge->op_count - 1 - i) % JUDGE_OPS];
        if (op->flush.accept != accept || op->req.op >= OP_COUNT)
            continue;
        add_text(judge, "  %s: %s", what, names[op->req.op]);
        if (op->req.op == OP_INVLPG)
            add_text(judge, " of %" PRIx64 " in PCID %u", op->req.va, op->pcid);
        else if (op->req.op == OP_INVPCID)
            add_text(judge, " type %" PRIu64 ", PCID %u, address %" PRIx64, op->req.value, op->req.pcid,
                     op->req.va);
        else
            add_text(judge, " %" PRIx64, op->req.value);
        add_text(judge, ", accepted in cycle %" PRIu64 ", complete in cycle %" PRIu64 "\n", op->accept_cycle,
                 op->done_cycle);
        return;
    }
}

/* The walk that comes nearest, and the invalidations that forbid it. */
static void add_nearest(struct judge *judge, const struct search *search)
{
    const struct judge_access *access = search->access;
    bool global = search->outcome.global && (judge->regs.cr4 & CR4_PGE);
    uint64_t leaf = floors_leaf(judge->floors, access->va, search->outcome.size, judge->pcid, global);
    uint64_t walk_cache = floors_walk_cache(judge->floors, search->pcid, judge->moment);
    uint64_t fault = floors_after_fault(judge->floors, access->va, judge->pcid, access->cycle);

    add_text(judge, "  the answer is that of this walk (root %" PRIx64 ", PCID %u):\n", search->root,
             search->pcid);
    add_walk(judge, search->steps, search->count);
    if (search->aim != SEARCH_ANSWER)
        return;
    add_operation(judge, "last invalidation of the page", leaf);
    if (walk_cache != leaf)
        add_operation(judge, "last invalidation of the walk caches", walk_cache);
    if (fault > leaf)
        add_text(judge, "  a page fault of this page was answered before the access was accepted\n");
}

/* Finds a walk with some rules left aside. */
static bool nearest(struct search *search, unsigned relaxed)
{
    search->relaxed = relaxed;
    return search_walk(search);
}

static bool stands_now(const struct search *search)
{
    for (unsigned i = 0; i < search->count; i++) {
        if (search->steps[i].version.end != MOMENT_NEVER)
            return false;
    }
    return true;
}

struct finding {
    const char *rule, *text;
    bool walk; /* the search holds the nearest walk */
};

static struct finding stale_translation(struct search *search)
{
    if (stands_now(search) && search->root != search->judge->root)
        return (struct finding){"stale-root", "the translation is that of a root table no longer in use",
                                true};
    struct search leaf_only = *search;
    if (nearest(&leaf_only, SEARCH_ANY_UPPER)) {
        *search = leaf_only;
        return (struct finding){
            "stale-upper",
            "an upper entry of the walk was replaced, and invalidated, before the leaf was read", true};
    }
    return (struct finding){"stale-leaf", "the translation was replaced, and its page invalidated since",
                            true};
}

static struct finding find_translation_rule(struct search *search, const struct search_present *present)
{
    const struct judge_access *access = search->access;
    const struct response *response = search->response;
    unsigned everything = SEARCH_ANY_TIME | SEARCH_ANY_AD | SEARCH_ANY_RIGHTS | SEARCH_ANY_SPACE;

    if (nearest(search, SEARCH_ANY_TIME))
        return stale_translation(search);
    if (nearest(search, SEARCH_ANY_AD)) {
        if (!search->outcome.accessed)
            return (struct finding){"missing-accessed", "answered before A was set in every entry", true};
        return (struct finding){"missing-dirty", "a write was answered before D was set in the leaf", true};
    }
    if (nearest(search, SEARCH_ANY_RIGHTS))
        return (struct finding){"missing-fault", "the entries do not allow the access", true};
    if (nearest(search, SEARCH_ANY_RIGHTS | SEARCH_ANY_AD))
        return (struct finding){"missing-fault", "the entries do not allow the access, nor is A or D set",
                                true};
    if (nearest(search, SEARCH_ANY_TIME | SEARCH_ANY_SPACE))
        return (struct finding){"wrong-address-space",
                                "the translation is that of another PCID, and not global", true};
    if (nearest(search, everything))
        return (struct finding){"no-walk",
                                "no walk explains the answer; the nearest one breaks several rules", true};
    if (present->kind != RULES_PAGE || !rules_allowed(&search->judge->regs, present->rights, access->attr))
        return (struct finding){"missing-fault", "no walk ever gave a translation like this", false};

    const struct rules_outcome *outcome = &present->outcome;
    uint64_t offset = access->va & (rules_page_bytes(outcome->size) - 1);
    if (response->pa != (outcome->frame | offset))
        return (struct finding){"wrong-address", "no walk ever gave this physical address", false};
    if (response->size != outcome->size)
        return (struct finding){"wrong-size", "no walk ever gave this page size", false};
    return (struct finding){"wrong-pat", "no walk ever gave this PAT index", false};
}

static struct finding find_fault_rule(struct search *search, const struct search_present *present)
{
    if (nearest(search, SEARCH_ANY_TIME))
        return (struct finding){
            "stale-fault", "the fault does not come from memory as it stood while the access was in flight",
            true};
    if (present->kind == RULES_PAGE &&
        rules_allowed(&search->judge->regs, present->rights, search->access->attr))
        return (struct finding){"unjustified-fault", "the entries allow the access", false};
    return (struct finding){"wrong-error-code", "the access faults, but not with this error code", false};
}

bool judge_break_answer(struct judge *judge, const struct judge_access *access,
                        const struct response *response)
{
    bool fault = response->fault != FAULT_NONE;
    struct search search = {
        .judge = judge, .access = access, .aim = fault ? SEARCH_FAULT : SEARCH_ANSWER, .response = response};
    struct search_present present;
    char text[256];

    if (judge->broken)
        return false;
    search_present(judge, access->va, &present);
    struct finding finding =
        fault ? find_fault_rule(&search, &present) : find_translation_rule(&search, &present);
    judge_break(judge, finding.rule, "%s", finding.text);
    judge_describe_access(access, text, sizeof text);
    add_text(judge, "  %s\n", text);
    describe_response(response, text, sizeof text);
    add_text(judge, "  answered in cycle %" PRIu64 ": %s\n", judge->cycle, text);
    add_registers(judge);
    add_present(judge, access->va, access->attr, &present);
    if (finding.walk)
        add_nearest(judge, &search);
    return false;
}

/* Whether some access in flight explains the update with rules left aside. */
static bool any_access(struct judge *judge, struct search *search, const struct mem_req *exchange,
                       unsigned relaxed)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        for (uint64_t tags = judge->tags[port]; tags; tags &= tags - 1) {
            *search = (struct search){
                .judge = judge,
                .access = &judge->accesses[port][__builtin_ctzll(tags)],
                .aim = SEARCH_WORD,
                .word = exchange->addr,
                .exchange = exchange,
                .relaxed = relaxed,
            };
            if (search_walk(search))
                return true;
        }
    }
    return false;
}

static struct finding find_update_rule(struct judge *judge, struct search *search,
                                       const struct mem_req *exchange)
{
    struct mem_req accessed_only = *exchange;

    accessed_only.desired = exchange->expected | ENTRY_A;
    if (any_access(judge, search, &accessed_only, 0))
        return (struct finding){"update-dirty",
                                "D was set, but no write in flight may use this entry as its leaf", true};
    if (any_access(judge, search, exchange, SEARCH_ANY_RIGHTS))
        return (struct finding){"update-not-allowed", "A was set in a leaf that does not allow the access",
                                true};
    if (any_access(judge, search, exchange, SEARCH_ANY_TIME))
        return (struct finding){"stale-update",
                                "the walk came through an entry that was replaced and invalidated", true};
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++) {
        for (uint64_t tags = judge->tags[port]; tags; tags &= tags - 1) {
            *search = (struct search){.judge = judge,
                                      .access = &judge->accesses[port][__builtin_ctzll(tags)],
                                      .aim = SEARCH_WORD,
                                      .word = exchange->addr};
            if (search_walk(search))
                return (struct finding){"update-unusable",
                                        "A was set in an entry that is not present or has reserved bits set",
                                        true};
        }
    }
    return (struct finding){"update-off-path", "no access in flight walks through this entry", false};
}

bool judge_break_exchange(struct judge *judge, const struct mem_req *exchange)
{
    struct search search;

    if (judge->broken)
        return false;
    struct finding finding = find_update_rule(judge, &search, exchange);
    search.exchange = exchange;
    judge_break(judge, finding.rule, "%s", finding.text);
    add_text(judge, "  A/D update in cycle %" PRIu64 " at %" PRIx64 ": %016" PRIx64 " to %016" PRIx64 "\n",
             judge->cycle, exchange->addr, exchange->expected, exchange->desired);
    add_registers(judge);
    if (finding.walk) {
        struct search_present present;
        char text[256];
        judge_describe_access(search.access, text, sizeof text);
        add_text(judge, "  nearest: %s\n", text);
        add_present(judge, search.access->va, search.access->attr, &present);
        add_nearest(judge, &search);
    }
    return false;
}

/* The text of a legal answer, in the place of the verdict that is not there. */
static void explain_walk(struct judge *judge, const struct judge_access *access,
                         const struct response *response)
{
    struct search search = {.judge = judge,
                            .access = access,
                            .aim = response->fault ? SEARCH_FAULT : SEARCH_ANSWER,
                            .response = response};
    if (!search_walk(&search))
        return;
    add_text(judge, "legal: this walk explains it (root %" PRIx64 ", PCID %u):\n", search.root, search.pcid);
    add_walk(judge, search.steps, search.count);
    if (!stands_now(&search))
        add_text(judge,
                 "  memory has changed since, but no invalidation that was accepted after the change has "
                 "made it stale\n");
    add_registers(judge);
}

void judge_explain_legal(struct judge *judge, const struct access_result *result, char *text, size_t size)
{
    const struct judge_access *access =
        &judge->accesses[result->port % MMU_MAX_PORTS][result->response.tag % MMU_TAGS];
    bool canonical = rules_canonical(access->va, judge->format.levels);

    text[0] = '\0';
    if (judge->broken || access->index != result->index)
        return;
    judge->verdict[0] = '\0';
    if (!judge_paging(judge))
        add_text(judge, "legal: paging is off, the address is physical\n");
    else if (result->response.fault == FAULT_NON_CANONICAL && !canonical)
        add_text(judge, "legal: the address is not canonical\n");
    else if (result->response.fault == FAULT_MACHINE_CHECK && access->bus_error)
        add_text(judge, "legal: a read on its path ended in a bus error while it was in flight\n");
    else if (result->response.fault == FAULT_NONE || result->response.fault == FAULT_PAGE)
        explain_walk(judge, access, &result->response);
    snprintf(text, size, "%s", judge->verdict);
    judge->verdict[0] = '\0';
}
