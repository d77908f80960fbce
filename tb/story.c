/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

#include <stdlib.h>
#include <string.h>

#include "story_state.h"

enum { EXPLANATION_BYTES = 4096 };

struct story *story_create(void)
{
    struct story *story = calloc(1, sizeof *story);
    if (!story)
        return NULL;
    story->illegal = NO_ACCESS;
    for (size_t i = 0; i < sizeof story->walk_access / sizeof *story->walk_access; i++)
        story->walk_access[i] = NO_ACCESS;
    return story;
}

static void free_life(struct life *life)
{
    free(life->events);
    free(life->explanation);
    free(life);
}

void story_destroy(struct story *story)
{
    if (!story)
        return;
    struct life *life = story->lives;
    HASH_CLEAR(hh, story->lives);
    while (life) {
        struct life *next = life->hh.next;
        free_life(life);
        life = next;
    }
    struct provenance *provenance = story->provenances;
    HASH_CLEAR(hh, story->provenances);
    while (provenance) {
        struct provenance *next = provenance->hh.next;
        free(provenance);
        provenance = next;
    }
    free(story->verdict);
    free(story);
}

void story_set_judge(struct story *story, struct judge *judge)
{
    story->judge = judge;
}

struct life *story_life(const struct story *story, uint64_t index)
{
    struct life *life;
    HASH_FIND(hh, story->lives, &index, sizeof index, life);
    return life;
}

static void append(struct life *life, const struct told *told)
{
    if (life->count == life->room) {
        size_t room = life->room ? 2 * life->room : 16;
        struct told *events = realloc(life->events, room * sizeof *events);
        if (!events)
            return;
        life->events = events;
        life->room = room;
    }
    life->events[life->count++] = *told;
}

static struct life *begin_life(struct story *story, const struct event *event)
{
    struct life *life = calloc(1, sizeof *life);
    if (!life)
        return NULL;
    life->index = event->access;
    life->leader = NO_ACCESS;
    life->accepted = event->cycle;
    HASH_ADD(hh, story->lives, index, sizeof life->index, life);
    return life;
}

/* The event changes something for all accesses, or an entry that this one has read. */
static bool is_context(const struct life *life, const struct event *event)
{
    if (event->kind == EVENT_OP || event->kind == EVENT_OP_DONE || event->kind == EVENT_REGISTER ||
        event->kind == EVENT_BROADCAST || event->kind == EVENT_SWEEP)
        return true;
    if (event->kind != EVENT_WRITE)
        return false;
    for (size_t i = 0; i < life->count; i++) {
        const struct event *own = &life->events[i].event;
        if (own->kind >= EVENT_WALK_REQUEST && own->kind <= EVENT_BUS_ERROR &&
            own->memory.addr == event->memory.addr)
            return true;
    }
    return false;
}

void story_gather_context(const struct story *story, struct life *life)
{
    if (!life->count)
        return;
    uint64_t first = story->count > RECENT ? story->count - RECENT : 0;
    for (uint64_t i = story->count; i > first && i > life->events[0].number; i--) {
        const struct told *told = &story->recent[(i - 1) % RECENT];
        if (is_context(life, &told->event))
            append(life, told);
    }
}

/* The oldest of those answered makes room. */
static void end_life(struct story *story, struct life *life, const struct event *event)
{
    uint64_t *slot = &story->finished[story->finished_count % FINISHED];
    struct life *oldest = story->finished_count >= FINISHED ? story_life(story, *slot) : NULL;
    if (oldest) {
        HASH_DEL(story->lives, oldest);
        free_life(oldest);
    }
    *slot = life->index;
    story->finished_count++;
    life->is_answered = true;
    life->answered = event->cycle;
    story_gather_context(story, life);
    if (!story->judge)
        return;
    const struct access_result result = {.index = event->access,
                                         .va = event->va,
                                         .issue_cycle = life->accepted,
                                         .answer_cycle = event->cycle,
                                         .response = event->response,
                                         .attr = event->attr,
                                         .port = event->port};
    char text[EXPLANATION_BYTES];
    judge_explain_legal(story->judge, &result, text, sizeof text);
    life->explanation = strdup(text);
}

/* What an access that joins another one's lookup or walk shares with it. */
static bool is_shared(const struct event *event)
{
    return (event->kind >= EVENT_L2_HIT && event->kind <= EVENT_RESULT_LOST) || event->kind == EVENT_FILL;
}

static void share_leader(struct story *story, struct life *life)
{
    const struct life *leader = story_life(story, life->leader);
    size_t own = life->count;
    if (!leader)
        return;
    for (size_t i = 0; i < leader->count; i++) {
        const struct told *told = &leader->events[i];
        bool known = false;
        for (size_t j = 0; j < own && !known; j++)
            known = life->events[j].number == told->number;
        if (!known && is_shared(&told->event))
            append(life, told);
    }
}

static uint64_t place_of(const struct event *event)
{
    return (uint64_t)event->array << 56 | (uint64_t)event->set << 24 | event->way;
}

static const struct provenance *find_provenance(const struct story *story, const struct event *event)
{
    struct provenance *provenance;
    uint64_t place = place_of(event);
    HASH_FIND(hh, story->provenances, &place, sizeof place, provenance);
    return provenance;
}

static void keep_provenance(struct story *story, const struct event *event)
{
    struct provenance *provenance = (struct provenance *)find_provenance(story, event);
    if (!provenance) {
        provenance = calloc(1, sizeof *provenance);
        if (!provenance)
            return;
        provenance->place = place_of(event);
        HASH_ADD(hh, story->provenances, place, sizeof provenance->place, provenance);
    }
    provenance->cycle = event->cycle;
    provenance->access = event->access;
}

/* The access behind what the judge complains of: the event before. */
static void keep_illegal(struct story *story, const struct event *event)
{
    const struct event *before = story->count > 1 ? &story->recent[(story->count - 2) % RECENT].event : NULL;
    if (story->verdict)
        return;
    story->verdict = strdup(event->verdict);
    if (before && before->kind == EVENT_ANSWER)
        story->illegal = before->access;
    else if (before && before->walker != EVENT_NO_NUMBER)
        story->illegal = story->walk_access[before->walker];
}

void story_event(void *self, const struct event *event)
{
    struct story *story = self;
    struct told *told = &story->recent[story->count % RECENT];
    if (story->count == 0)
        story->first_cycle = event->cycle;
    *told = (struct told){.number = story->count++, .event = *event};
    const struct provenance *filled = event->array == ARRAY_NONE ? NULL : find_provenance(story, event);
    if (filled) {
        told->place_known = true;
        told->filled = filled->cycle;
        told->filler = filled->access;
    }

    if (event->kind == EVENT_WALK_START)
        story->walk_access[event->walker] = event->access;
    if (event->kind == EVENT_FILL)
        keep_provenance(story, event);
    if (event->kind == EVENT_ILLEGAL) {
        keep_illegal(story, event);
        told->event.verdict = story->verdict ? story->verdict : "";
    }
    if (event->access == NO_ACCESS)
        return;
    struct life *life =
        event->kind == EVENT_ACCEPT ? begin_life(story, event) : story_life(story, event->access);
    if (!life)
        return;
    append(life, told);
    if (event->kind == EVENT_MERGE)
        life->leader = event->other;
    bool left_leader = event->kind == EVENT_RESTART || event->kind == EVENT_ANSWER;
    if (left_leader && life->leader != NO_ACCESS) {
        share_leader(story, life);
        life->leader = NO_ACCESS;
    }
    if (event->kind == EVENT_ANSWER)
        end_life(story, life, event);
}

bool story_filled(const struct story *story, unsigned array, uint32_t set, uint32_t way, uint64_t *cycle,
                  uint64_t *access)
{
    struct event event = event_of(0, EVENT_FILL);
    event.array = (uint8_t)array;
    event.set = set;
    event.way = way;
    const struct provenance *provenance = find_provenance(story, &event);
    if (provenance) {
        *cycle = provenance->cycle;
        *access = provenance->access;
    }
    return provenance != NULL;
}

bool story_knows(const struct story *story, uint64_t access)
{
    return story_life(story, access) != NULL;
}

bool story_answered(const struct story *story, uint64_t access)
{
    const struct life *life = story_life(story, access);
    return life && life->is_answered;
}

uint64_t story_illegal(const struct story *story)
{
    return story->illegal;
}

unsigned story_under_way(const struct story *story, uint64_t *accesses, unsigned max)
{
    unsigned count = 0;
    struct life *life, *next;
    HASH_ITER(hh, story->lives, life, next)
    if (!life->is_answered && count < max)
        accesses[count++] = life->index;
    return count;
}

uint64_t story_oldest(const struct story *story)
{
    uint64_t oldest = NO_ACCESS;
    story_under_way(story, &oldest, 1); /* the table is in order of acceptance */
    return oldest;
}

uint64_t story_filler(const struct story *story, uint64_t access)
{
    const struct life *life = story_life(story, access);
    uint64_t filler = NO_ACCESS;
    for (size_t i = 0; life && i < life->count; i++) {
        const struct told *told = &life->events[i];
        if (told->place_known && event_meets_entry(&told->event))
            filler = told->filler;
    }
    return filler;
}

unsigned story_accesses(const struct story *story, uint64_t cycle, unsigned flags, uint64_t *accesses,
                        unsigned max)
{
    unsigned count = 0;
    uint64_t first = story->count > RECENT ? story->count - RECENT : 0;
    for (uint64_t i = first; i < story->count && count < max; i++) {
        const struct told *told = &story->recent[i % RECENT];
        const struct event *event = &told->event;
        uint64_t access = event->access == NO_ACCESS && told->place_known ? told->filler : event->access;
        bool known = access == NO_ACCESS || event->cycle != cycle || !(event_flags(event) & flags);
        for (unsigned j = 0; j < count && !known; j++)
            known = accesses[j] == access;
        if (!known)
            accesses[count++] = access;
    }
    return count;
}
