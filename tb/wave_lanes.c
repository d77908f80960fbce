/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_lanes.h"

#include <stdlib.h>
#include <string.h>

#include "bench_names.h"
#include "lane_text.h"
#include "miss_queue.h"
#include "page_walker.h"

enum {
    EVENT_LENGTH = 1600,
    TEXT_LENGTH = 8000, /* of a lane: the drops of one invalidation may be many */
    MARK_LENGTH = 40,   /* room for how many more there are */
    NAME_LENGTH = 24,
    SHOWN = 16,   /* cycles for which a text of one cycle stays readable */
    RECENT = 256, /* accesses whose acceptance is remembered; a power of two */
};

/* Lanes of which there is one; those of ports, entries and walkers follow. */
enum lane {
    LANE_OPERATION, /* from its acceptance until it is complete */
    LANE_INVALIDATION,
    LANE_FILL,
    LANE_EVICT,
    LANE_DROP,
    LANE_MEMORY, /* changes by software */
    LANE_FAULT,  /* answered */
    LANE_FAULT_CODE,
    LANE_VERDICT,
    LANE_RULE,
    LANE_FAILURE,
    LANE_ACCEPT,
    LANE_LAST_INVALIDATION,
    LANE_REASON,
    SINGLE_LANES,
    MAX_LANES = SINGLE_LANES + MMU_MAX_PORTS + MISS_QUEUE_MAX + WALKERS_MAX
};

struct value {
    bool fleeting;  /* of its cycle only */
    uint64_t cycle; /* it was set in */
    uint64_t number;
    size_t length; /* of the events in the text, each whole */
    unsigned more; /* events of the cycle for which there is no room */
    bool blank;    /* the text ends in one */
    char text[TEXT_LENGTH];
};

struct wave_lanes {
    struct rtl *rtl; /* NULL: no wave is open */
    bool telling;    /* events are put into words */
    struct rtl_wave_lane list[MAX_LANES];
    struct value values[MAX_LANES];
    char names[MAX_LANES][NAME_LENGTH];
    size_t count;
    unsigned ports, entries, walkers; /* first lane of each */
    struct {
        uint64_t access, cycle;
    } accepted[RECENT];    /* by number of the access */
    uint64_t invalidation; /* cycle in which the last operation was accepted, or a fault dropped its page */
    uint64_t concerned;    /* the access that an event named last */
    uint64_t answered;     /* the access answered last */
    bool illegal;
};

static const char *const verdicts[] = {"legal", "ILLEGAL", NULL};
static const char *const faults[] = {"-", "page_fault", "non_canonical", "machine_check", NULL};

static void add_single(struct wave_lanes *lanes)
{
    static const struct rtl_wave_lane single[SINGLE_LANES] = {
        [LANE_OPERATION] = {"events", "operation", 0, NULL},
        [LANE_INVALIDATION] = {"events", "invalidation", 0, NULL},
        [LANE_FILL] = {"events", "fill", 0, NULL},
        [LANE_EVICT] = {"events", "evict", 0, NULL},
        [LANE_DROP] = {"events", "drop", 0, NULL},
        [LANE_MEMORY] = {"events", "memory_write", 0, NULL},
        [LANE_FAULT] = {"events", "fault", 2, faults},
        [LANE_FAULT_CODE] = {"events", "fault_code", 6, NULL},
        [LANE_VERDICT] = {"judge", "verdict", 2, verdicts},
        [LANE_RULE] = {"judge", "rule", 0, NULL},
        [LANE_FAILURE] = {"marks", "failure", 64, NULL},
        [LANE_ACCEPT] = {"marks", "accept", 64, NULL},
        [LANE_LAST_INVALIDATION] = {"marks", "invalidation", 64, NULL},
        [LANE_REASON] = {"marks", "reason", 0, NULL},
    };
    memcpy(lanes->list, single, sizeof(single));
    for (size_t i = LANE_INVALIDATION; i <= LANE_FAULT_CODE; i++)
        lanes->values[i].fleeting = true;
    lanes->count = SINGLE_LANES;
}

/* Lanes name_0, name_1 and so on; the first one's index. */
static unsigned add_several(struct wave_lanes *lanes, const char *name, unsigned number, bool fleeting)
{
    unsigned first = (unsigned)lanes->count;
    for (unsigned i = 0; i < number; i++) {
        char *own = lanes->names[lanes->count];
        snprintf(own, NAME_LENGTH, "%s_%u", name, i);
        lanes->values[lanes->count].fleeting = fleeting;
        lanes->list[lanes->count++] = (struct rtl_wave_lane){.scope = "events", .name = own};
    }
    return first;
}

struct wave_lanes *wave_lanes_create(const struct mmu_params *params)
{
    struct wave_lanes *lanes = calloc(1, sizeof(*lanes));
    if (!lanes)
        return NULL;
    add_single(lanes);
    lanes->ports = add_several(lanes, "port", params->mmu.data_ports + 1, true);
    lanes->entries = add_several(lanes, "entry", params->mmu.miss_queue, false);
    lanes->walkers = add_several(lanes, "walker", params->walker.count, false);
    lanes->invalidation = lanes->concerned = lanes->answered = UINT64_MAX;
    for (unsigned i = 0; i < RECENT; i++)
        lanes->accepted[i].access = NO_ACCESS;
    return lanes;
}

void wave_lanes_destroy(struct wave_lanes *lanes)
{
    free(lanes);
}

const struct rtl_wave_lane *wave_lanes_list(const struct wave_lanes *lanes, size_t *count)
{
    *count = lanes->count;
    return lanes->list;
}

void wave_lanes_tell(struct wave_lanes *lanes)
{
    lanes->telling = true;
}

static void show(struct wave_lanes *lanes, unsigned lane)
{
    if (!lanes->rtl)
        return;
    if (lanes->list[lane].bits)
        rtl_wave_number(lanes->rtl, lane, lanes->values[lane].number);
    else
        rtl_wave_text(lanes->rtl, lane, lanes->values[lane].text);
}

void wave_lanes_write(struct wave_lanes *lanes, struct rtl *rtl, uint64_t cycle)
{
    lanes->rtl = rtl;
    if (!rtl) {
        lanes->telling = false;
        return;
    }
    lanes->telling = true;
    for (unsigned i = 0; i < lanes->count; i++) {
        struct value *value = &lanes->values[i];
        bool before = value->cycle != cycle && value->text[0];
        if (before && value->fleeting) {
            value->text[0] = '\0';
        } else if (before) {
            size_t length = strlen(LANE_TEXT_BEFORE); /* there is room: that of the mark, which is left out */
            memmove(value->text + length, value->text, value->length);
            memcpy(value->text, LANE_TEXT_BEFORE, length);
            value->text[length + value->length] = '\0';
        }
        if (!value->fleeting || value->cycle == cycle)
            show(lanes, i);
    }
}

/*
 * Puts a text into a lane, behind what it has got in this cycle already. A lane that would show the same as
 * in the cycles before ends in a blank, as nobody sees an event where nothing changes.
 */
static void put(struct wave_lanes *lanes, unsigned lane, uint64_t cycle, const char *text)
{
    struct value *value = &lanes->values[lane];
    size_t length = strlen(text);

    if (value->cycle != cycle || !value->text[0]) {
        value->blank = !value->blank && strncmp(value->text, text, length) == 0;
        value->length = value->more = 0;
    }
    if (value->length + length + MARK_LENGTH > TEXT_LENGTH)
        value->more++;
    else
        value->length += (size_t)snprintf(value->text + value->length, TEXT_LENGTH - value->length, "%s%s",
                                          value->length ? " | " : "", text);
    char mark[MARK_LENGTH] = "";
    if (value->more)
        snprintf(mark, sizeof(mark), " | and %u more", value->more);
    snprintf(value->text + value->length, TEXT_LENGTH - value->length, "%s%s", mark, value->blank ? " " : "");
    value->cycle = cycle;
    show(lanes, lane);
}

static void put_number(struct wave_lanes *lanes, unsigned lane, uint64_t cycle, uint64_t number)
{
    lanes->values[lane].number = number;
    lanes->values[lane].cycle = cycle;
    show(lanes, lane);
}

static void clear(struct wave_lanes *lanes, unsigned lane)
{
    lanes->values[lane].text[0] = '\0';
    lanes->values[lane].number = 0;
    show(lanes, lane);
}

static void put_fault(struct wave_lanes *lanes, const struct event *event)
{
    if (event->kind != EVENT_ANSWER || event->response.fault == FAULT_NONE)
        return;
    put_number(lanes, LANE_FAULT, event->cycle, event->response.fault);
    put_number(lanes, LANE_FAULT_CODE, event->cycle, event->response.error_code);
}

/* The lane that tells of a kind of event whatever it concerns; MAX_LANES: none. */
static unsigned lane_of_kind(const struct event *event)
{
    switch (event->kind) {
    case EVENT_OP:
        return LANE_OPERATION;
    case EVENT_REGISTER:
    case EVENT_BROADCAST:
    case EVENT_FAULT_DROP:
    case EVENT_SWEEP:
    case EVENT_SETTLE:
        return LANE_INVALIDATION;
    case EVENT_FILL:
        return LANE_FILL;
    case EVENT_EVICT:
        return LANE_EVICT;
    case EVENT_DROP:
        return LANE_DROP;
    case EVENT_WRITE:
        return LANE_MEMORY;
    default:
        return MAX_LANES;
    }
}

static bool of_queue(const struct event *event)
{
    return event->kind >= EVENT_ALLOCATE && event->kind <= EVENT_L2_NOT_DIRTY;
}

static bool of_walker(const struct event *event)
{
    return event->kind >= EVENT_WALK_START && event->kind <= EVENT_RESULT_LOST;
}

/* The walker has nothing to do any more: its text does not stay until it has. */
static bool ends_walk(const struct event *event)
{
    switch (event->kind) {
    case EVENT_BUS_ERROR:
    case EVENT_WALK_DONE:
    case EVENT_WALK_FAULT:
    case EVENT_DRAINED:
    case EVENT_RESULT_LOST:
        return true;
    default:
        return event->kind == EVENT_WALK_GIVEN_UP && !event->state;
    }
}

static void write_event(struct wave_lanes *lanes, const struct event *event)
{
    char whole[EVENT_LENGTH], text[EVENT_LENGTH];
    unsigned lane = lane_of_kind(event);

    event_text(event, whole, sizeof(whole));
    lane_text(whole, text, sizeof(text));
    if (lane != MAX_LANES)
        put(lanes, lane, event->cycle, text);
    else if (event->kind == EVENT_OP_DONE)
        clear(lanes, LANE_OPERATION);
    else if (event->kind == EVENT_ILLEGAL)
        put_number(lanes, LANE_VERDICT, event->cycle, 1);
    if (event->kind == EVENT_ILLEGAL)
        put(lanes, LANE_RULE, event->cycle, event->verdict);
    put_fault(lanes, event);
    if (event->kind <= EVENT_UNPAGED && event->kind != EVENT_OP && event->port < MMU_MAX_PORTS)
        put(lanes, lanes->ports + event->port, event->cycle, text);
    if (event->kind == EVENT_DEQUEUE && event->entry < MISS_QUEUE_MAX)
        clear(lanes, lanes->entries + event->entry);
    else if (of_queue(event) && event->entry < MISS_QUEUE_MAX)
        put(lanes, lanes->entries + event->entry, event->cycle, text);
    if (of_walker(event) && event->walker < WALKERS_MAX) {
        put(lanes, lanes->walkers + event->walker, event->cycle, text);
        lanes->values[lanes->walkers + event->walker].fleeting = ends_walk(event);
    }
}

void wave_lanes_event(void *self, const struct event *event)
{
    struct wave_lanes *lanes = self;

    if (event->kind == EVENT_ACCEPT) {
        lanes->accepted[event->access % RECENT].access = event->access;
        lanes->accepted[event->access % RECENT].cycle = event->cycle;
    } else if (event->access != NO_ACCESS) {
        lanes->concerned = event->access;
    }
    if (event->kind == EVENT_ANSWER)
        lanes->answered = event->access;
    if (event->kind == EVENT_ILLEGAL)
        lanes->illegal = true;
    if (event->kind == EVENT_OP || event->kind == EVENT_FAULT_DROP)
        lanes->invalidation = event->cycle;
    if (lanes->telling)
        write_event(lanes, event);
}

void wave_lanes_cycle(struct wave_lanes *lanes, uint64_t cycle)
{
    for (unsigned i = 0; i < lanes->count; i++) {
        struct value *value = &lanes->values[i];
        if (!value->fleeting || value->cycle == cycle)
            continue;
        if (lanes->list[i].bits || (value->text[0] && cycle - value->cycle >= SHOWN))
            clear(lanes, i);
    }
}

void wave_lanes_failure(struct wave_lanes *lanes, uint64_t cycle, uint64_t accept, const char *reason)
{
    uint64_t access = lanes->illegal && lanes->answered != NO_ACCESS ? lanes->answered : lanes->concerned;

    if (accept == UINT64_MAX && access != NO_ACCESS && lanes->accepted[access % RECENT].access == access)
        accept = lanes->accepted[access % RECENT].cycle;
    put_number(lanes, LANE_FAILURE, cycle, cycle);
    put(lanes, LANE_REASON, cycle, reason);
    if (accept != UINT64_MAX)
        put_number(lanes, LANE_ACCEPT, cycle, accept);
    if (lanes->invalidation != UINT64_MAX)
        put_number(lanes, LANE_LAST_INVALIDATION, cycle, lanes->invalidation);
}
