/* SPDX-License-Identifier: Apache-2.0 */
#include "event_parse.h"

#include <inttypes.h>
#include <string.h>

#include "bench_names.h"
#include "x86.h"

/* What stands behind the word in the text; NULL: it is not there. */
static const char *behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);
    return at ? at + strlen(word) : NULL;
}

static bool begins(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* "access 4, va 0x...: " behind port, walker or entry of the miss queue; *rest is behind it. */
static bool parse_subject(const char *text, struct event *event, const char **rest)
{
    int length = 0;
    sscanf(text, "%*[a-z ]%*u, access %" SCNu64 ", va %" SCNx64 ": %n", &event->access, &event->va, &length);
    *rest = text + length;
    return length != 0;
}

static bool parse_answer(const char *text, struct event *event)
{
    const char *outcome = behind(text, "): ");
    if (sscanf(text, "port %*u answers tag %*u (access %" SCNu64 ", va %" SCNx64 ")", &event->access,
               &event->va) != 2 ||
        !outcome)
        return false;
    event->kind = EVENT_ANSWER;
    event->response.fault = begins(outcome, "pa ") ? FAULT_NONE : FAULT_PAGE;
    const char *source = behind(outcome, ", from ");
    event->response.source =
        source && strcmp(source, bench_source_name(SOURCE_L1)) == 0 ? SOURCE_L1 : SOURCE_WALK;
    return true;
}

/* "l1d.4k set 1 way 1" */
static bool parse_place(const char *text, struct event *event)
{
    char name[20];
    if (sscanf(text, "%19s set %" SCNu32 " way %" SCNu32, name, &event->set, &event->way) != 3)
        return false;
    for (unsigned array = 0; array < EVENT_ARRAYS; array++)
        if (strcmp(name, event_array_name(array)) == 0)
            event->array = (uint8_t)array;
    return event->array != ARRAY_NONE;
}

/* What a lookup has found. */
static bool parse_found(const char *text, struct event *event)
{
    static const char *const words[] = {"hits ", "denied by ", "write hits without D "};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (begins(text, words[i]))
            return parse_place(text + strlen(words[i]), event);
    return false;
}

static bool parse_port(const char *text, struct event *event)
{
    const char *rest;
    if (sscanf(text, "port %*u accepts tag %*u (access %" SCNu64 ")", &event->access) == 1) {
        const char *va = behind(text, " 0x");
        event->kind = EVENT_ACCEPT;
        return va && sscanf(va, "%" SCNx64, &event->va) == 1;
    }
    if (parse_answer(text, event))
        return true;
    if (!parse_subject(text, event, &rest))
        return false;
    event->kind = !parse_found(rest, event) ? EVENT_L1_MISS
                  : begins(rest, "hits ")   ? EVENT_L1_HIT
                                            : EVENT_L1_DENIED;
    return true;
}

static bool parse_queue(const char *text, struct event *event)
{
    const char *rest;
    if (!parse_subject(text, event, &rest))
        return false;
    event->kind = parse_found(rest, event) ? EVENT_L2_DENIED : EVENT_RESULT;
    return true;
}

static bool parse_walker(const char *text, struct event *event)
{
    const char *rest;
    if (!parse_subject(text, event, &rest))
        return false;
    event->kind = EVENT_WALK_REQUEST;
    if (begins(rest, "begins at ")) {
        const char *from = behind(rest, "for miss queue ");
        event->kind = EVENT_WALK_START;
        if (from)
            parse_place(from + strspn(from, "0123456789, "), event);
    }
    if (begins(rest, "read ") && sscanf(rest, "read %*s at %" SCNx64, &event->memory.addr) == 1)
        event->kind = EVENT_ENTRY_READ;
    return true;
}

/* "l1d.4k set 1 way 1 (VA 0x... PCID 0x0 global 4K ...": of walk caches the array says what an entry covers.
 */
static bool parse_cached(const char *text, struct event *event)
{
    uint64_t va;
    char size[8];
    if (!parse_place(text, event) ||
        sscanf(text, "%*s set %*u way %*u (VA %" SCNx64 " PCID %*x %7s", &va, size) != 2)
        return false;
    if (strcmp(size, "global") == 0 && sscanf(behind(text, "global "), "%7s", size) != 1)
        return false;
    unsigned bits = PAGE_4K;
    while (bits < PAGE_1G && strcmp(size, bench_size_name(bits)) != 0)
        bits++;
    event->cached.tag = x86_tag(x86_vpn(va), 0, false, bits);
    const char *access = behind(text, ") for access ");
    if (access)
        sscanf(access, "%" SCNu64, &event->access);
    return true;
}

static bool parse_array(const char *text, struct event *event)
{
    static const struct {
        const char *word;
        enum event_kind kind;
    } kinds[] = {{"fills ", EVENT_FILL}, {"evicted from ", EVENT_EVICT}, {"dropped from ", EVENT_DROP}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (begins(text, kinds[i].word)) {
            event->kind = (uint8_t)kinds[i].kind;
            return parse_cached(text + strlen(kinds[i].word), event);
        }
    return false;
}

static bool parse_op(const char *text, struct op_req *op)
{
    unsigned pcid;
    if (sscanf(text, "INVLPG %" SCNx64, &op->va) == 1) {
        op->op = OP_INVLPG;
        return true;
    }
    if (sscanf(text, "INVPCID type %" SCNu64 ", pcid %x, va %" SCNx64, &op->value, &pcid, &op->va) == 3) {
        op->op = OP_INVPCID;
        op->pcid = (uint16_t)pcid;
        return true;
    }
    for (unsigned number = 0; number < OP_INVLPG; number++) {
        const char *name = bench_op_name(number);
        if (begins(text, name) && sscanf(text + strlen(name), " = %" SCNx64, &op->value) == 1) {
            op->op = (uint8_t)number;
            return true;
        }
    }
    return false;
}

static bool parse_operation(const char *text, struct event *event)
{
    static const struct {
        const char *word;
        enum event_kind kind;
    } kinds[] = {{"operation accepted: ", EVENT_OP},
                 {"register changes: ", EVENT_REGISTER},
                 {"broadcast of ", EVENT_BROADCAST}};

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (begins(text, kinds[i].word)) {
            event->kind = (uint8_t)kinds[i].kind;
            return parse_op(text + strlen(kinds[i].word), &event->op);
        }
    return false;
}

static bool parse_memory(const char *text, struct event *event)
{
    event->kind = EVENT_WRITE;
    return sscanf(text, "memory %" SCNx64 " changes: ", &event->memory.addr) == 1;
}

static bool parse_fault_drop(const char *text, struct event *event)
{
    event->kind = EVENT_FAULT_DROP;
    return sscanf(text, "page fault's drop: access %" SCNu64 ", va %" SCNx64, &event->access, &event->va) ==
           2;
}

bool event_parse(const char *text, struct event *event)
{
    static const struct {
        const char *word;
        bool (*parse)(const char *text, struct event *event);
    } subjects[] = {{"port ", parse_port},
                    {"miss queue ", parse_queue},
                    {"walker ", parse_walker},
                    {"memory 0x", parse_memory},
                    {"page fault's ", parse_fault_drop}};

    *event = event_of(0, EVENT_KINDS);
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++)
        if (begins(text, subjects[i].word))
            return subjects[i].parse(text, event);
    return parse_array(text, event) || parse_operation(text, event);
}
