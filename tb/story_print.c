/* SPDX-License-Identifier: Apache-2.0 */
/* The story of an access as text. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench_names.h"
#include "story_state.h"

enum { TEXT_BYTES = 320 };

static int by_number(const void *one, const void *other)
{
    uint64_t a = ((const struct told *)one)->number, b = ((const struct told *)other)->number;
    return a < b ? -1 : a > b;
}

static void print_line(const struct event *event, const char *text, FILE *out)
{
    fprintf(out, "  %10" PRIu64 "  %s\n", event->cycle, text);
}

/* Who filled the entry that a lookup or walk has met. */
static void print_provenance(const struct story *story, const struct told *told, FILE *out)
{
    const struct event *event = &told->event;
    bool evicted = event->kind == EVENT_EVICT || event->kind == EVENT_DROP;
    if (!event_meets_entry(event) && !evicted)
        return;
    event_print_filled(out, told->place_known ? told->filled : NO_ACCESS, told->filler, story->first_cycle,
                       "this story");
}

/* An event of another access that this one has joined, or of this one. */
static void print_told(const struct story *story, const struct life *life, const struct told *told, FILE *out)
{
    char text[TEXT_BYTES];
    const struct event *event = &told->event;
    if (event->access == life->index)
        event_text_brief(event, text, sizeof text);
    else
        event_text(event, text, sizeof text);
    print_line(event, text, out);
    print_provenance(story, told, out);
}

static void print_heading(const struct life *life, FILE *out)
{
    const struct event *first = &life->events[0].event;
    fprintf(out, "access %" PRIu64 ": %s %s%s of 0x%016" PRIx64 " on port %u, ", life->index,
            bench_mode_name(first->attr), bench_kind_name(first->attr), first->attr & ATTR_AC ? " (AC)" : "",
            first->va, first->port);
    if (first->kind == EVENT_ACCEPT)
        fprintf(out, "accepted in cycle %" PRIu64, life->accepted);
    else
        fprintf(out, "accepted before cycle %" PRIu64, life->accepted);
    if (life->is_answered)
        fprintf(out, ", answered in cycle %" PRIu64 " (%" PRIu64 " cycles)\n", life->answered,
                life->answered - life->accepted);
    else
        fprintf(out, ", not answered yet\n");
}

void story_print_heading(const struct story *story, uint64_t access, FILE *out)
{
    const struct life *life = story_life(story, access);
    if (life && life->count)
        print_heading(life, out);
}

static void print_explanation(const struct story *story, const struct life *life, FILE *out)
{
    if (story->illegal == life->index && story->verdict)
        fprintf(out, "illegal: %s", story->verdict);
    else if (life->explanation && life->explanation[0])
        fputs(life->explanation, out);
    else if (life->is_answered)
        fprintf(out, "%s\n",
                life->explanation ? "the judge cannot tell which walk explains the answer"
                                  : "no judge has looked at the answer");
}

void story_print(const struct story *story, uint64_t access, FILE *out)
{
    const struct life *life = story_life(story, access);
    if (!life || !life->count)
        return;
    print_heading(life, out);
    struct life copy = *life;
    copy.events = malloc(life->room * sizeof *copy.events);
    if (!copy.events)
        return;
    memcpy(copy.events, life->events, life->count * sizeof *copy.events);
    if (!life->is_answered)
        story_gather_context(story, &copy);
    qsort(copy.events, copy.count, sizeof *copy.events, by_number);
    for (size_t i = 0; i < copy.count; i++)
        print_told(story, life, &copy.events[i], out);
    free(copy.events);
    print_explanation(story, life, out);
}

void story_print_cycles(const struct story *story, uint64_t first, uint64_t last, FILE *out)
{
    uint64_t oldest = story->count > RECENT ? story->count - RECENT : 0;
    for (uint64_t i = oldest; i < story->count; i++) {
        const struct told *told = &story->recent[i % RECENT];
        char text[TEXT_BYTES];
        if (told->event.cycle < first || told->event.cycle > last)
            continue;
        event_text(&told->event, text, sizeof text);
        print_line(&told->event, text, out);
        print_provenance(story, told, out);
    }
}
