/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_marks.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wave_options.h"

enum {
    NEAR = 24,  /* cycles up to which accept and invalidation are shown together with the failure */
    AROUND = 8, /* cycles shown before the first of them and after the failure */
};

static const uint64_t NEVER = UINT64_MAX;

static uint64_t mark(struct fst_file *wave, const char *path)
{
    uint64_t cycle = fst_file_last(wave, fst_file_find(wave, path));
    return cycle ? 2 * cycle : NEVER;
}

/* The wave is about an event that somebody waited for, not about a failure. */
static bool is_about_event(struct fst_file *wave)
{
    char reason[128];
    fst_file_last_text(wave, fst_file_find(wave, "marks.reason"), reason, sizeof(reason));
    return strcmp(reason, WAVE_REASON_EVENT) == 0;
}

/* An access as the texts of its port name it. */
struct life {
    char access[32];
    uint64_t accepted, answered;
};

/* One text may tell of several events of a cycle, with bars between them. */
static void take_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct life *life = self;
    (void)handle;
    for (const char *at = strstr(value, life->access); at; at = strstr(at + 1, life->access)) {
        char behind = at[strlen(life->access)];
        const char *begin = at;
        while (begin > value && strncmp(begin, " | ", 3) != 0)
            begin--;
        size_t length = (size_t)(at - begin);
        if (behind == ')' && life->accepted == NEVER && memmem(begin, length, "accepts tag ", 12))
            life->accepted = time;
        if (behind == ',' && life->answered == NEVER && memmem(begin, length, "answers tag ", 12))
            life->answered = time;
    }
}

static int find_access(struct wave_marks *marks, struct fst_file *wave, uint64_t access)
{
    const struct fst_signal **ports = calloc(wave->count + 1, sizeof(struct fst_signal *));
    struct life life = {.accepted = NEVER, .answered = NEVER};
    size_t count = 0;

    if (!ports)
        return -1;
    snprintf(life.access, sizeof(life.access), "(access %" PRIu64, access);
    for (size_t i = 0; i < wave->count; i++)
        if (strncmp(wave->signals[i].path, "events.port_", 12) == 0)
            ports[count++] = &wave->signals[i];
    fst_file_changes(wave, ports, count, take_text, &life);
    free(ports);
    if (life.accepted == NEVER && life.answered == NEVER) {
        fprintf(stderr, "twinwalk wave: access %" PRIu64 " is neither accepted nor answered in this wave%s\n",
                access, count ? "" : ": it has no scope `events`");
        return -1;
    }
    marks->time[MARK_ACCEPT] = life.accepted;
    marks->time[MARK_ANSWER] = life.answered;
    marks->focus = life.accepted != NEVER ? life.accepted : life.answered;
    marks->first = marks->focus;
    marks->last = life.answered != NEVER ? life.answered : life.accepted;
    return 0;
}

static int find_cycle(struct wave_marks *marks, const struct fst_file *wave, uint64_t cycle)
{
    if (cycle < wave->start / 2 || cycle > wave->end / 2) {
        fprintf(stderr, "twinwalk wave: the wave has cycles %" PRIu64 " to %" PRIu64 "\n", wave->start / 2,
                wave->end / 2);
        return -1;
    }
    marks->time[MARK_CYCLE] = marks->focus = marks->first = marks->last = 2 * cycle;
    return 0;
}

/*
 * Where the two sides began to differ, else where the run failed, else (a hang is seen only long after) what
 * got stuck, else the beginning; and what is near.
 */
static void find_failure(struct wave_marks *marks, const struct fst_file *wave)
{
    const uint64_t *time = marks->time;
    uint64_t at = time[MARK_DIFFERENCE] != NEVER    ? time[MARK_DIFFERENCE]
                  : time[MARK_FAILURE] <= wave->end ? time[MARK_FAILURE]
                  : time[MARK_ACCEPT] != NEVER      ? time[MARK_ACCEPT]
                                                    : wave->start;
    marks->focus = marks->first = marks->last = at;
    for (unsigned i = MARK_ACCEPT; i <= MARK_INVALIDATION; i++)
        if (time[i] < marks->first && at - time[i] <= 2 * NEAR)
            marks->first = time[i];
    if (time[MARK_FAILURE] != NEVER && time[MARK_FAILURE] > at && time[MARK_FAILURE] - at <= 2 * NEAR)
        marks->last = time[MARK_FAILURE];
}

int wave_marks_read(struct wave_marks *marks, struct fst_file *wave, const struct wave_request *request)
{
    int failed = 0;

    *marks = (struct wave_marks){
        .time = {[MARK_ACCEPT] = mark(wave, "marks.accept"),
                 [MARK_INVALIDATION] = mark(wave, "marks.invalidation"),
                 [MARK_DIFFERENCE] = mark(wave, "diff.first_cycle"),
                 [MARK_FAILURE] = mark(wave, "marks.failure"),
                 [MARK_ANSWER] = NEVER,
                 [MARK_CYCLE] = NEVER},
        .name = {[MARK_ACCEPT] = "accept",
                 [MARK_INVALIDATION] = "inval",
                 [MARK_DIFFERENCE] = "diff",
                 [MARK_FAILURE] = is_about_event(wave) ? "event" : "fail",
                 [MARK_ANSWER] = "answer",
                 [MARK_CYCLE] = "cycle"},
    };
    if (request->access != NEVER)
        failed = find_access(marks, wave, request->access);
    else if (request->cycle != NEVER)
        failed = find_cycle(marks, wave, request->cycle);
    else
        find_failure(marks, wave);
    marks->first = marks->first > wave->start + 2 * AROUND ? marks->first - 2 * AROUND : wave->start;
    marks->last += 2 * AROUND;
    return failed;
}
