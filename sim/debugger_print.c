/* SPDX-License-Identifier: Apache-2.0 */
/* What the debugger's command print shows. */
#include <inttypes.h>
#include <string.h>

#include "array_shadow.h"
#include "bench_names.h"
#include "debugger_state.h"
#include "mmu_state.h"
#include "page_walk.h"
#include "signal_decode.h"

typedef void print_function(struct debugger *d, const struct debugger_words *words);

/* --- arrays --- */

static const char *policy_name(unsigned policy)
{
    static const char *const names[] = {
        [POLICY_LRU] = "lru", [POLICY_PLRU] = "plru", [POLICY_NRU] = "nru", [POLICY_RANDOM] = "random"};
    return policy < sizeof(names) / sizeof(names[0]) ? names[policy] : "?";
}

static unsigned count_valid(const struct tlb_array *a)
{
    unsigned count = 0;
    for (uint32_t entry = 0; entry < a->sets * a->ways; entry++)
        count += tlb_array_valid(a, entry);
    return count;
}

static unsigned victim_of(const struct tlb_array *a, uint32_t set)
{
    return replacement_victim(&a->replacement,
                              a->replacement_state + (size_t)set * a->replacement.state_bytes, a->lfsr);
}

static void print_filled(const struct debugger *d, unsigned array, uint32_t set, uint32_t way)
{
    uint64_t cycle, access;
    if (!story_filled(d->story, array, set, way, &cycle, &access))
        return;
    printf("  %10" PRIu64, cycle);
    if (access != NO_ACCESS)
        printf(" for access %" PRIu64, access);
}

static void print_array(const struct debugger *d, unsigned number, uint64_t only_set)
{
    const struct tlb_array *a = mmu_array(d->loop->mmu, number);
    printf("%s: sets %" PRIu32 ", ways %" PRIu32 ", %s, valid %u\n", event_array_name(number), a->sets,
           a->ways, policy_name(a->replacement.policy), count_valid(a));
    bool heading = false;
    for (uint32_t entry = 0; entry < a->sets * a->ways; entry++) {
        uint32_t set = entry / a->ways, way = entry % a->ways;
        char text[160];
        if (!tlb_array_valid(a, entry) || (only_set != UINT64_MAX && set != only_set))
            continue;
        if (!heading)
            printf("   set  way  entry (* the next victim of its set) %*s filled in cycle\n", 46, "");
        heading = true;
        if (number >= ARRAY_WALK_CACHE)
            signal_decode_table_entry(true, a->tag[entry], a->data[entry], text, sizeof(text));
        else
            signal_decode_entry(true, a->tag[entry], a->data[entry], text, sizeof(text));
        printf("  %4" PRIu32 " %3" PRIu32 "%c  %-84s", set, way, victim_of(a, set) == way ? '*' : ' ',
               text + strcspn(text, "V"));
        print_filled(d, number, set, way);
        putchar('\n');
    }
}

/* Arrays from `first` on; the third and fourth word may be "set N". */
static void print_arrays(struct debugger *d, const struct debugger_words *words, unsigned first,
                         unsigned count)
{
    uint64_t set = UINT64_MAX;
    if (words->count > 2 && (words->count != 4 || strcmp(words->word[2], "set") != 0)) {
        debugger_refuse(d, "print %s [set N]", words->word[1]);
        return;
    }
    if (words->count == 4 && !debugger_number(d, words->word[3], &set))
        return;
    unsigned there = 0, printed = 0;
    for (unsigned i = first; i < first + count; i++) {
        const struct tlb_array *a = mmu_array(d->loop->mmu, i);
        there += a->ways != 0;
        if (a->ways == 0 || (set != UINT64_MAX && set >= a->sets))
            continue;
        print_array(d, i, set);
        printed++;
    }
    if (!there)
        printf("this configuration has no such array\n");
    else if (!printed)
        debugger_refuse(d, "%s has no set %" PRIu64, words->word[1], set);
}

static void print_l1i(struct debugger *d, const struct debugger_words *words)
{
    print_arrays(d, words, ARRAY_L1I, 3);
}

static void print_l1d(struct debugger *d, const struct debugger_words *words)
{
    print_arrays(d, words, ARRAY_L1D, 3);
}

static void print_l2(struct debugger *d, const struct debugger_words *words)
{
    print_arrays(d, words, ARRAY_L2, 3);
}

static void print_l2i(struct debugger *d, const struct debugger_words *words)
{
    print_arrays(d, words, ARRAY_L2I, 3);
}

static void print_walk_cache(struct debugger *d, const struct debugger_words *words)
{
    print_arrays(d, words, ARRAY_WALK_CACHE, 4);
}

/* --- blocks --- */

static const char *queue_state(const struct miss_queue *mq, unsigned id)
{
    const struct {
        uint32_t entries;
        const char *name;
    } states[] = {{mq->pend, "PEND"},           {mq->merged, "MERGED"}, {mq->lookup, "LOOKUP"},
                  {mq->walk_pend, "WALK_PEND"}, {mq->walk, "WALK"},     {mq->answer, "ANSWER"}};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (states[i].entries >> id & 1)
            return states[i].name;
    return "free";
}

static void attributes_text(uint8_t attr, char *text, size_t size)
{
    signal_decode_text(DECODE_ATTRIBUTES, attr, text, size);
}

static void print_queue_entry(const struct debugger *d, unsigned id)
{
    const struct miss_queue *mq = &d->loop->mmu->miss_queue;
    char attributes[48], note[64] = "";
    unsigned port = 0;
    while (port + 1 < mq->ports && !(mq->port[port] >> id & 1))
        port++;
    attributes_text(mq->attr[id], attributes, sizeof(attributes));
    if (mq->merged >> id & 1)
        snprintf(note, sizeof(note), "with entry %u", mq->leader[id]);
    else if (mq->answer >> id & 1)
        snprintf(note, sizeof(note), "%s, from %s",
                 miss_result_fault(mq->result[id]) ? bench_fault_name(miss_result_fault(mq->result[id]))
                                                   : "translation",
                 bench_source_name(mq->result[id] >> RESULT_SOURCE_SHIFT & 3));
    else if (mq->from_root >> id & 1)
        snprintf(note, sizeof(note), "to be walked from the root");
    else if (mq->skip_l2 >> id & 1)
        snprintf(note, sizeof(note), "without the L2 TLB");
    printf("  %5u  %-9s  %6" PRIu64 "  %4u %3u  0x%016" PRIx64 "  %-20s %s\n", id, queue_state(mq, id),
           bench_loop_access(d->loop, port, mq->tag[id]), port, mq->tag[id], mq->va[id], attributes, note);
}

static void print_queue(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    const struct mmu *mmu = d->loop->mmu;
    const struct miss_queue *mq = &mmu->miss_queue;
    printf("miss queue: %u of %u entries in use, next issue %u, next walk %u\n",
           (unsigned)__builtin_popcount(miss_queue_valid(mq)), mmu->entries, mq->next_issue, mq->next_walk);
    if (miss_queue_valid(mq))
        printf("  entry  state      access  port tag  address             access\n");
    for (unsigned id = 0; id < mmu->entries; id++)
        if (miss_queue_valid(mq) >> id & 1)
            print_queue_entry(d, id);
}

static void print_walker(const struct page_walker *w, unsigned i)
{
    const char *state = w->request >> i & 1 ? "REQUEST"
                        : w->wait >> i & 1  ? "WAIT"
                        : w->drain >> i & 1 ? "DRAIN"
                                            : "IDLE";
    printf("  %6u  %-7s", i, state);
    if (page_walker_idle(w) >> i & 1) {
        putchar('\n');
        return;
    }
    printf("  %5u  %-5s at 0x%013" PRIx64 "  0x%016" PRIx64 " %s%s\n", w->entry_id[i],
           page_walk_level_name(w->level[i] <= PAGE_WALK_MAX_LEVELS ? w->level[i] : 0),
           x86_entry_address(w->table[i] & DATA_PFN, w->level[i], w->va[i]), w->va[i],
           w->exchange >> i & 1 ? " exchange" : "", w->from_cache >> i & 1 ? " from a walk cache" : "");
}

static void print_walkers(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    const struct page_walker *w = &d->loop->mmu->page_walker;
    printf("  walker  state    entry  paging-structure entry   address\n");
    for (unsigned i = 0; w->all >> i; i++)
        print_walker(w, i);
    if (w->memory_valid)
        printf("request register: walker %u %s 0x%013" PRIx64 "\n", w->memory.tag,
               w->memory.exchange ? "exchanges" : "reads", w->memory.addr);
    else
        printf("request register: empty\n");
    if (!w->result_valid)
        printf("result register: empty\n");
    else if (w->result_fault == FAULT_PAGE) {
        char code[96];
        signal_decode_text(DECODE_FAULT_CODE, w->result_code, code, sizeof(code));
        printf("result register: miss queue %u, page fault, code %s\n", w->result_id, code);
    } else
        printf("result register: miss queue %u, %s\n", w->result_id,
               w->result_fault ? bench_fault_name(w->result_fault) : "translation");
}

static void print_decoded(const char *name, enum signal_decode decode, uint64_t value)
{
    char text[128];
    signal_decode_text(decode, value, text, sizeof(text));
    printf("  %-10s %s\n", name, text);
}

static void print_control(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    const struct control *c = &d->loop->mmu->control;
    print_decoded("state", DECODE_CONTROL_STATE, c->state);
    if (c->state != CONTROL_IDLE) {
        print_decoded("operation", DECODE_OPERATION, c->op);
        print_decoded("drops", DECODE_INVALIDATION, c->flags);
        print_decoded("value", DECODE_HEX, c->value);
        print_decoded("address", DECODE_HEX, c->va);
        print_decoded("PCID", DECODE_HEX, c->pcid);
    }
    if (c->dropping)
        printf("  a page fault's drop; then %s\n",
               c->resume == CONTROL_IDLE ? "IDLE" : "on with the operation");
    if (c->blocking)
        printf("  no access is accepted\n");
    if (c->progress_owed)
        printf("  the next operation waits until an access is answered\n");
    print_decoded("CR3", DECODE_HEX, c->cr3);
    print_decoded("mode", DECODE_MODE, c->mode);
    print_decoded("PKRU", DECODE_HEX, c->pkru);
    print_decoded("PKRS", DECODE_HEX, c->pkrs);
}

static void print_ports(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    const struct mmu *mmu = d->loop->mmu;
    for (unsigned port = 0; port < mmu->ports; port++) {
        const struct response *response = &mmu->out.resp[port];
        printf("port %u: %s", port, mmu->out.req_ready >> port & 1 ? "ready" : "not ready");
        if (mmu->lookup_valid >> port & 1)
            printf("; looks up access %" PRIu64 ", 0x%016" PRIx64,
                   bench_loop_access(d->loop, port, mmu->lookup[port].tag), mmu->lookup[port].va);
        if ((mmu->out.resp_valid >> port & 1) && response->fault)
            printf("; answers tag %u: %s fault", response->tag, bench_fault_name(response->fault));
        else if (mmu->out.resp_valid >> port & 1)
            printf("; answers tag %u: pa 0x%" PRIx64 " from %s", response->tag, response->pa,
                   bench_source_name(response->source));
        putchar('\n');
    }
}

/* --- what has happened --- */

static void print_access(struct debugger *d, const struct debugger_words *words)
{
    uint64_t access;
    if (words->count < 3) {
        debugger_refuse(d, "print access N");
        return;
    }
    if (!debugger_number(d, words->word[2], &access))
        return;
    if (story_knows(d->story, access))
        story_print(d->story, access, stdout);
    else
        debugger_refuse(d, "access %" PRIu64 " has not come yet, or too much has come since", access);
}

static void print_accesses(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    uint64_t accesses[MMU_TAGS * MMU_MAX_PORTS];
    unsigned count = story_under_way(d->story, accesses, MMU_TAGS * MMU_MAX_PORTS);
    printf("under way: %u\n", count);
    for (unsigned i = 0; i < count; i++)
        story_print_heading(d->story, accesses[i], stdout);
}

static void print_events(struct debugger *d, const struct debugger_words *words)
{
    uint64_t cycles = 10, now = d->loop->cycle;
    if (words->count > 2 && !debugger_number(d, words->word[2], &cycles))
        return;
    story_print_cycles(d->story, now > cycles ? now - cycles : 0, now, stdout);
}

static void print_difference(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    if (!d->loop->rtl)
        debugger_refuse(d, "there is no RTL in this run");
    else if (rtl_compare(d->loop->rtl, d->loop->mmu, true))
        printf("RTL and C model are equal\n");
    else
        rtl_report(d->loop->rtl, d->loop->mmu, stdout);
}

static const struct printed {
    const char *name, *arguments, *help;
    unsigned most; /* words, "print" included */
    print_function *function;
} printed[] = {
    {"l1i", "[set N]", "the valid entries of the L1 instruction TLB", 4, print_l1i},
    {"l1d", "[set N]", "of the L1 data TLB", 4, print_l1d},
    {"l2", "[set N]", "of the L2 TLB", 4, print_l2},
    {"l2i", "[set N]", "of the L2 instruction TLB, where there is one", 4, print_l2i},
    {"walk_cache", "[set N]", "of the walk caches", 4, print_walk_cache},
    {"queue", "", "the miss queue", 2, print_queue},
    {"walkers", "", "the page walkers, their request and result register", 2, print_walkers},
    {"control", "", "control registers, and the operation under way", 2, print_control},
    {"ports", "", "what is looked up and answered in this cycle", 2, print_ports},
    {"walk", "ADDRESS", "the walk of that address through memory as it stands", 3, debugger_print_walk},
    {"table", "ADDRESS [LEVEL]", "the present entries of a paging structure; level 1: a page table", 4,
     debugger_print_table},
    {"memory", "ADDRESS [WORDS]", "words of memory", 4, debugger_print_memory},
    {"access", "N", "the life of access N up to now", 3, print_access},
    {"accesses", "", "all accesses under way", 2, print_accesses},
    {"events", "[CYCLES]", "what has happened in the last cycles (10)", 3, print_events},
    {"difference", "", "what differs between RTL and C model", 2, print_difference},
};

void debugger_print_help(FILE *out)
{
    fprintf(out, "What can be printed; arrays and blocks are the C model's:\n");
    for (size_t i = 0; i < sizeof(printed) / sizeof(printed[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s %s", printed[i].name, printed[i].arguments);
        fprintf(out, "     %-26s %s\n", text, printed[i].help);
    }
}

void debugger_print(struct debugger *d, const struct debugger_words *words)
{
    for (size_t i = 0; words->count > 1 && i < sizeof(printed) / sizeof(printed[0]); i++) {
        if (strcmp(words->word[1], printed[i].name) == 0) {
            char command[32];
            snprintf(command, sizeof(command), "print %s", printed[i].name);
            if (words->count > printed[i].most)
                debugger_refuse_word(d, words, printed[i].most, command, printed[i].arguments);
            else
                printed[i].function(d, words);
            return;
        }
    }
    if (words->count > 1)
        debugger_refuse(d, "'%s' cannot be printed; help lists what can", words->word[1]);
    else
        debugger_refuse(d, "print what? help lists what can be");
}
