/* SPDX-License-Identifier: Apache-2.0 */
/* An event as a line of text. */
#include "event.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "bench_names.h"
#include "judge_rules.h"
#include "signal_decode.h"
#include "x86.h"

struct line {
    char *text;
    size_t size;
    bool brief; /* the access is known */
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *line, const char *format, ...)
{
    size_t used = strlen(line->text);
    va_list words;

    va_start(words, format);
    vsnprintf(line->text + used, line->size - used, format, words);
    va_end(words);
}

void event_entry_text(uint64_t entry, unsigned level, unsigned state, char *text, size_t size)
{
    struct line line = {.text = text, .size = size};
    bool leaf = level && (state & ENTRY_IS_LEAF);

    text[0] = '\0';
    if (!(state & ENTRY_IS_PRESENT)) {
        add(&line, "not present");
        return;
    }
    add(&line, "P%s%s%s%s%s%s%s%s%s", entry & ENTRY_RW ? " RW" : "", entry & ENTRY_US ? " US" : "",
        entry & ENTRY_PWT ? " PWT" : "", entry & ENTRY_PCD ? " PCD" : "", entry & ENTRY_A ? " A" : "",
        leaf && (entry & ENTRY_D) ? " D" : "", level > 1 && (entry & ENTRY_PS) ? " PS" : "",
        leaf && (entry & ENTRY_G) ? " G" : "", entry & ENTRY_NX ? " NX" : "");
    if (state & ENTRY_IS_RESERVED) {
        add(&line, ", reserved bits set");
    } else if (leaf) {
        uint64_t data = x86_leaf_data(entry, level, 0);
        add(&line, " PAT %u key %u, %s page 0x%" PRIx64, (unsigned)(data >> DATA_PAT_SHIFT) & 7,
            (unsigned)(data >> DATA_PKEY_SHIFT) & 15, bench_size_name(level - 1),
            (uint64_t)(data & DATA_PFN) << 12);
    } else {
        add(&line, ", table 0x%" PRIx64, x86_entry_frame(entry, level, false) << 12);
    }
}

static void add_access(struct line *line, const struct event *event)
{
    if (event->access != NO_ACCESS)
        add(line, "access %" PRIu64 ", va 0x%016" PRIx64, event->access, event->va);
    else
        add(line, "va 0x%016" PRIx64, event->va);
}

/* "port 1, access 4, va ...: " and the like. */
static void add_subject(struct line *line, const struct event *event, const char *what, unsigned number)
{
    add(line, "%s %u", what, number);
    if (!line->brief) {
        add(line, ", ");
        add_access(line, event);
    }
    add(line, ": ");
}

static void add_port(struct line *line, const struct event *event)
{
    add_subject(line, event, "port", event->port);
}

static void add_queue(struct line *line, const struct event *event)
{
    add_subject(line, event, "miss queue", event->entry);
}

static void add_walker(struct line *line, const struct event *event)
{
    add_subject(line, event, "walker", event->walker);
}

static void add_place(struct line *line, const struct event *event)
{
    add(line, "%s set %" PRIu32 " way %" PRIu32, event_array_name(event->array), event->set, event->way);
}

/* The place, and the translation that it holds. */
static void add_cached(struct line *line, const struct event *event)
{
    char text[160];
    if (event->array >= ARRAY_WALK_CACHE)
        signal_decode_table_entry(true, event->cached.tag, event->cached.data, text, sizeof text);
    else
        signal_decode_entry(true, event->cached.tag, event->cached.data, text, sizeof text);
    add_place(line, event);
    add(line, " (%s)", text + strcspn(text, "V"));
}

static void add_outcome(struct line *line, const struct response *response)
{
    if (response->fault == FAULT_PAGE) {
        char code[96];
        signal_decode_text(DECODE_FAULT_CODE, response->error_code, code, sizeof code);
        add(line, "page fault, code %s", code);
    } else if (response->fault)
        add(line, "%s fault", bench_fault_name(response->fault));
    else
        add(line, "pa 0x%" PRIx64 ", %s page, PAT %u", response->pa, bench_size_name(response->size),
            response->pat);
}

static void add_op(struct line *line, const struct op_req *op)
{
    if (op->op == OP_INVLPG)
        add(line, "INVLPG 0x%016" PRIx64, op->va);
    else if (op->op == OP_INVPCID)
        add(line, "INVPCID type %" PRIu64 ", pcid 0x%x, va 0x%016" PRIx64, op->value, op->pcid, op->va);
    else
        add(line, "%s = 0x%" PRIx64, bench_op_name(op->op), op->value);
}

static void add_request(struct line *line, const struct event *event)
{
    add(line, "%s 0x%013" PRIx64, event->memory.exchange ? "exchanges" : "reads", event->memory.addr);
    if (event->memory.exchange)
        add(line, " 0x%016" PRIx64 " -> 0x%016" PRIx64, event->memory.expected, event->memory.desired);
}

static void add_level_address(struct line *line, const struct event *event)
{
    add(line, "%s at 0x%013" PRIx64, rules_level_name(event->level), event->memory.addr);
}

static void add_entry(struct line *line, const struct event *event)
{
    char text[128];
    event_entry_text(event->memory.value, event->level, event->state, text, sizeof text);
    add_level_address(line, event);
    add(line, " = 0x%016" PRIx64 " (%s)", event->memory.value, text);
}

static void add_cause(struct line *line, const struct event *event)
{
    static const char *const texts[] = {
        [CAUSE_NONE] = "for no reason seen",
        [CAUSE_OPERATION] = "by the operation",
        [CAUSE_FAULT] = "by a page fault's drop",
        [CAUSE_FILL] = "by a fill that overlaps it",
        [CAUSE_LEADER] = "as the access that it had joined ended in a page fault",
    };
    if (event->cause == CAUSE_FAULT && event->other != NO_ACCESS)
        add(line, "by the drop for the page fault of access %" PRIu64, event->other);
    else
        add(line, "%s", texts[event->cause]);
}

static void interface_text(struct line *line, const struct event *event)
{
    switch (event->kind) {
    case EVENT_ACCEPT:
        add(line, "port %u accepts tag %u", event->port, event->tag);
        if (!line->brief)
            add(line, " (access %" PRIu64 ")", event->access);
        add(line, ": %s %s%s 0x%016" PRIx64, bench_mode_name(event->attr), bench_kind_name(event->attr),
            event->attr & ATTR_AC ? " (AC)" : "", event->va);
        return;
    case EVENT_ANSWER:
        add(line, "port %u answers tag %u", event->port, event->tag);
        if (!line->brief) {
            add(line, " (");
            add_access(line, event);
            add(line, ")");
        }
        add(line, ": ");
        add_outcome(line, &event->response);
        add(line, ", from %s", bench_source_name(event->response.source));
        return;
    case EVENT_OP:
        add(line, "operation accepted: ");
        add_op(line, &event->op);
        return;
    case EVENT_OP_DONE:
        add(line, "operation complete");
        return;
    case EVENT_WRITE:
        add(line, "memory 0x%013" PRIx64 " changes: 0x%016" PRIx64 " -> 0x%016" PRIx64, event->memory.addr,
            event->memory.expected, event->memory.value);
        return;
    case EVENT_MEM_REQ:
        add(line, "walker %u ", event->walker);
        add_request(line, event);
        add(line, ": request taken");
        return;
    case EVENT_MEM_RESP:
        add(line, "memory serves: walker %u ", event->walker);
        add_request(line, event);
        if (event->memory.error)
            add(line, ": bus error");
        else if (event->memory.exchange)
            add(line, ": %s, found 0x%016" PRIx64, event->memory.exchanged ? "done" : "failed",
                event->memory.value);
        else
            add(line, ": 0x%016" PRIx64, event->memory.value);
        return;
    default:
        add(line, "%.*s", (int)strcspn(event->verdict, "\n"), event->verdict);
        return;
    }
}

static void lookup_text(struct line *line, const struct event *event)
{
    static const char *const found[EVENT_KINDS] = {
        [EVENT_L1_HIT] = "hits ",
        [EVENT_L1_DENIED] = "denied by ",
        [EVENT_L1_NOT_DIRTY] = "write hits without D ",
        [EVENT_L2_HIT] = "hits ",
        [EVENT_L2_DENIED] = "denied by ",
        [EVENT_L2_NOT_DIRTY] = "write hits without D ",
    };
    if (event->kind >= EVENT_L2_HIT)
        add_queue(line, event);
    else
        add_port(line, event);
    if (found[event->kind]) {
        add(line, "%s", found[event->kind]);
        add_cached(line, event);
        return;
    }
    if (event->kind == EVENT_L1_MISS)
        add(line, "misses L1");
    else if (event->kind == EVENT_L2_MISS)
        add(line, "misses L2");
    else
        add(line, "%s", event->kind == EVENT_UNPAGED ? "paging is off" : "not canonical");
}

static void queue_text(struct line *line, const struct event *event)
{
    add_queue(line, event);
    switch (event->kind) {
    case EVENT_ALLOCATE:
        add(line, "allocated for port %u", event->port);
        return;
    case EVENT_MERGE:
        add(line, "merged with entry %u (access %" PRIu64 ")", event->leader, event->other);
        return;
    case EVENT_MERGE_REFUSED:
        add(line, "not merged with entry %u (access %" PRIu64 "): mode or kind differ", event->leader,
            event->other);
        return;
    case EVENT_ISSUE_LOOKUP:
        add(line, "issued to the L2 TLB");
        return;
    case EVENT_ISSUE_WALK:
        add(line, "issued to a walker, not to the L2 TLB");
        return;
    case EVENT_RESULT:
        add(line, "has ");
        add_outcome(line, &event->response);
        add(line, ", from %s", bench_source_name(event->response.source));
        return;
    case EVENT_RESTART:
        add(line, "sent back ");
        add_cause(line, event);
        return;
    default:
        add(line, "leaves, answered in the next cycle");
        return;
    }
}

static void walker_text(struct line *line, const struct event *event)
{
    add_walker(line, event);
    switch (event->kind) {
    case EVENT_WALK_START:
        add(line, "begins at the %s in table 0x%" PRIx64 " for miss queue %u, ",
            rules_level_name(event->level), (uint64_t)(event->cached.data & DATA_PFN) << 12, event->entry);
        if (event->array == ARRAY_NONE)
            add(line, "from the root");
        else
            add_place(line, event);
        return;
    case EVENT_WALK_REQUEST:
        add(line, "requests the ");
        add_level_address(line, event);
        return;
    case EVENT_WALK_EXCHANGE: {
        uint64_t set = event->memory.desired & ~event->memory.expected;
        add(line, "requests a compare-exchange of the ");
        add_level_address(line, event);
        add(line, ": 0x%016" PRIx64 " to 0x%016" PRIx64 " (sets%s%s)", event->memory.expected,
            event->memory.desired, set & ENTRY_A ? " A" : "", set & ENTRY_D ? " D" : "");
        return;
    }
    case EVENT_ENTRY_READ:
        add(line, "read ");
        add_entry(line, event);
        return;
    case EVENT_EXCHANGE_WON:
        add(line, "exchange done, ");
        add_entry(line, event);
        return;
    case EVENT_EXCHANGE_LOST:
        add(line, "exchange lost, ");
        add_level_address(line, event);
        add(line, " is 0x%016" PRIx64 " and not 0x%016" PRIx64 "; begins again at the root",
            event->memory.value, event->memory.expected);
        return;
    case EVENT_BUS_ERROR:
        add(line, "bus error at the ");
        add_level_address(line, event);
        return;
    case EVENT_CONFIRM:
        add(line, "would fault, but began in a walk cache; begins again at the root");
        return;
    case EVENT_WALK_DONE: {
        char text[160];
        signal_decode_entry(true, event->cached.tag, event->cached.data, text, sizeof text);
        add(line, "has %s", text + strcspn(text, "V"));
        return;
    }
    case EVENT_WALK_FAULT:
        add(line, "ends in a ");
        add_outcome(line, &event->response);
        return;
    case EVENT_WALK_GIVEN_UP:
        add(line, "given up ");
        add_cause(line, event);
        add(line, "%s", event->state ? ", its response still to come" : "");
        return;
    case EVENT_DRAINED:
        add(line, "given up before; its response is thrown away");
        return;
    default:
        add(line, "result thrown away");
        return;
    }
}

static void array_text(struct line *line, const struct event *event)
{
    switch (event->kind) {
    case EVENT_FILL:
        add(line, "fills ");
        add_cached(line, event);
        if (event->access != NO_ACCESS && !line->brief)
            add(line, " for access %" PRIu64, event->access);
        return;
    case EVENT_EVICT:
        add(line, "evicted from ");
        add_cached(line, event);
        return;
    default:
        add(line, "dropped from ");
        add_cached(line, event);
        add(line, " ");
        add_cause(line, event);
        return;
    }
}

static void control_text(struct line *line, const struct event *event)
{
    switch (event->kind) {
    case EVENT_REGISTER:
        add(line, "register changes: ");
        add_op(line, &event->op);
        return;
    case EVENT_BROADCAST:
        add(line, "broadcast of ");
        add_op(line, &event->op);
        return;
    case EVENT_FAULT_DROP:
        add(line, "page fault's drop: ");
        add_access(line, event);
        return;
    case EVENT_SWEEP:
        add(line, "sweep of the L2 TLBs begins");
        return;
    default:
        add(line, "settles: awaits compare-exchanges of walks given up");
        return;
    }
}

static void write_text(const struct event *event, struct line line)
{
    line.text[0] = '\0';
    bool lookup = (event->kind >= EVENT_L1_HIT && event->kind <= EVENT_UNPAGED) ||
                  (event->kind >= EVENT_L2_HIT && event->kind <= EVENT_L2_NOT_DIRTY);
    if (event->kind <= EVENT_ILLEGAL)
        interface_text(&line, event);
    else if (lookup)
        lookup_text(&line, event);
    else if (event->kind <= EVENT_DEQUEUE)
        queue_text(&line, event);
    else if (event->kind <= EVENT_RESULT_LOST)
        walker_text(&line, event);
    else if (event->kind <= EVENT_DROP)
        array_text(&line, event);
    else
        control_text(&line, event);
}

void event_text(const struct event *event, char *text, size_t size)
{
    write_text(event, (struct line){.text = text, .size = size});
}

void event_text_brief(const struct event *event, char *text, size_t size)
{
    write_text(event, (struct line){.text = text, .size = size, .brief = true});
}

void event_print_filled(FILE *out, uint64_t filled, uint64_t filler, uint64_t first, const char *what)
{
    fprintf(out, "  %10s    (filled ", "");
    if (filled == NO_ACCESS)
        fprintf(out, "before cycle %" PRIu64 ", where %s begins)\n", first, what);
    else if (filler == NO_ACCESS)
        fprintf(out, "in cycle %" PRIu64 ")\n", filled);
    else
        fprintf(out, "in cycle %" PRIu64 " for access %" PRIu64 ")\n", filled, filler);
}
