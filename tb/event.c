/* SPDX-License-Identifier: Apache-2.0 */
#include "event.h"

enum flag_of_kind {
#define DEBUG_FLAG(name, help) FLAG_##name = 1 << DEBUG_##name##_NUMBER,
#include "debug_flags.def"
    FLAG_Array = 0,
};

static const struct {
    const char *name, *help;
    enum flag_of_kind flag;
} kinds[EVENT_KINDS] = {
#define EVENT(KIND, flag_, name_, help_)                                                                     \
    [EVENT_##KIND] = {.name = #name_, .help = help_, .flag = FLAG_##flag_},
#include "event.def"
};

static const struct {
    const char *name, *help;
} flags[DEBUG_FLAGS] = {
#define DEBUG_FLAG(name_, help_) {.name = #name_, .help = help_},
#include "debug_flags.def"
};

const char *event_name(enum event_kind kind)
{
    return kinds[kind].name;
}

const char *event_help(enum event_kind kind)
{
    return kinds[kind].help;
}

const char *event_array_name(unsigned array)
{
    static const char *const names[EVENT_ARRAYS] = {
        "l1i.4k",
        "l1i.2m",
        "l1i.1g",
        "l1d.4k",
        "l1d.2m",
        "l1d.1g",
        "l2.4k",
        "l2.2m",
        "l2.1g",
        "l2i.4k",
        "l2i.2m",
        "l2i.1g",
        "walk_cache.pde",
        "walk_cache.pdpte",
        "walk_cache.pml4e",
        "walk_cache.pml5e",
    };
    return array < EVENT_ARRAYS ? names[array] : "no array";
}

/* The flag of an array, or of the L1 TLB that a lookup without one was in. */
static unsigned array_flag(const struct event *event)
{
    switch (event->kind) {
    case EVENT_L2_HIT:
    case EVENT_L2_MISS:
    case EVENT_L2_DENIED:
    case EVENT_L2_NOT_DIRTY:
        return DEBUG_L2;
    case EVENT_FILL:
    case EVENT_EVICT:
    case EVENT_DROP:
        return event->array < ARRAY_L1D          ? DEBUG_L1I
               : event->array < ARRAY_L2         ? DEBUG_L1D
               : event->array < ARRAY_WALK_CACHE ? DEBUG_L2
                                                 : DEBUG_WalkCache;
    default:
        return event->port == MMU_PORT_FETCH ? DEBUG_L1I : DEBUG_L1D;
    }
}

unsigned event_flags(const struct event *event)
{
    unsigned flag =
        kinds[event->kind].flag == FLAG_Array ? array_flag(event) : (unsigned)kinds[event->kind].flag;
    bool overtaken = event->cause == CAUSE_OPERATION || event->cause == CAUSE_FAULT;
    if (overtaken || event->kind == EVENT_DRAINED || event->kind == EVENT_RESULT_LOST)
        flag |= DEBUG_Inval;
    return flag;
}

bool event_meets_entry(const struct event *event)
{
    bool lookup = (event->kind >= EVENT_L1_HIT && event->kind <= EVENT_L1_NOT_DIRTY) ||
                  (event->kind >= EVENT_L2_HIT && event->kind <= EVENT_WALK_START);
    return lookup && event->array != ARRAY_NONE;
}

const char *debug_flag_name(unsigned number)
{
    return flags[number].name;
}

const char *debug_flag_help(unsigned number)
{
    return flags[number].help;
}
