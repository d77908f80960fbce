/* SPDX-License-Identifier: Apache-2.0 */
#include "explain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench_watch.h"
#include "commands.h"
#include "difference_path.h"
#include "page_log.h"
#include "story.h"

enum {
    ACCESSES_TOLD = 3,      /* lives told of a failure */
    UNDER_WAY_TOLD = 16,    /* lives told of a cycle */
    CYCLES_AROUND = 8,      /* before and after the cycle that is asked for */
    CYCLES_BEFORE = 4,      /* before a failure */
    PATH_LIMIT = 200000,    /* cycles from the first difference in which an output is waited for */
    ALONE_LIMIT = 20000,    /* cycles from there in which the judge may object */
    ANSWER_LIMIT = 1000000, /* cycles for the accesses under way in a cycle to be answered */
};

struct explanation {
    const struct explain_request *request;
    FILE *out;
    struct bench_loop *loop; /* from its first cycle on */

    /* where to begin: known from the request, or from the first pass */
    bool surveyed;
    uint64_t place; /* cycle; UINT64_MAX: not found */
    uint64_t accesses;
    uint64_t end;    /* cycle in which the run ends */
    bool run_failed; /* in its end, whatever was told of before */
    bool failed;     /* up to where the present pass goes */
    enum bench_outcome outcome;
    uint64_t failed_cycle;
    uint64_t began;         /* the same but of a hang, which is seen long after what hangs was accepted */
    uint64_t failed_access; /* whose answer was not as expected; NO_ACCESS: none's */
    char message[256];
    char *verdict;

    /* the second pass */
    bool telling;     /* events are gathered */
    bool stop_behind; /* the run goes on behind the place, but need not */
    struct story *story;
    struct page_log *page;
    struct difference_path *path;
    uint64_t concerned[ACCESSES_TOLD]; /* accesses that had to do with the first difference */
    unsigned concerned_count;
    uint64_t under_way[UNDER_WAY_TOLD];
    unsigned under_way_count;
    char *around;     /* what happened around the cycle asked for */
    char *difference; /* and up to the first difference */
    bool printed;     /* a life: the next one stands apart */
};

static void stop(struct explanation *e)
{
    if (e->loop)
        e->loop->visit = 0;
}

static void keep_failure(struct explanation *e, const struct bench_loop *loop)
{
    e->failed = true;
    e->outcome = loop->outcome;
    e->failed_cycle = loop->cycle;
    e->began = loop->outcome == OUTCOME_HANG ? bench_watch_oldest(loop) : loop->cycle;
    snprintf(e->message, sizeof e->message, "%s", loop->message);
    const char *verdict = loop->judge ? judge_verdict(loop->judge) : NULL;
    if (verdict && !e->verdict)
        e->verdict = strdup(verdict);
}

/* The run came to its end, but not all was as its script expects. */
static void keep_expectation(struct explanation *e, const struct bench_loop *loop)
{
    char place[200];
    loop->stimulus.first_failure(loop->stimulus.self, place, sizeof place);
    e->failed = true;
    e->outcome = OUTCOME_DONE;
    e->failed_cycle = e->began = loop->stimulus.failed->cycle;
    e->failed_access = loop->stimulus.failed->access;
    snprintf(e->message, sizeof e->message, "not as %s expects", place);
}

static bool ended(void *self, struct bench_loop *loop)
{
    struct explanation *e = self;
    if (loop->outcome == OUTCOME_DONE && bench_loop_expectation_failed(loop))
        keep_expectation(e, loop);
    else if (loop->outcome != OUTCOME_STOPPED && loop->outcome != OUTCOME_DONE)
        keep_failure(e, loop);
    e->end = loop->cycle;
    e->run_failed |= e->failed;
    return true;
}

/* --- the first pass: where is it, and does the run fail? --- */

static void survey_event(void *self, const struct event *event)
{
    struct explanation *e = self;
    if (event->kind != EVENT_ACCEPT)
        return;
    e->accesses = event->access + 1;
    if (e->request->what == EXPLAIN_ACCESS && event->access == e->request->number)
        e->place = event->cycle;
}

/* With a visitor no event of the model is looked for before he says so; this one never does. */
static void survey_visit(void *self, struct bench_loop *loop)
{
    (void)self;
    loop->visit = UINT64_MAX;
}

static int survey(struct explanation *e, const struct bench_options *options)
{
    struct bench_options pass = *options;
    pass.listener = (struct event_listener){.self = e, .event = survey_event};
    pass.visitor = (struct bench_visitor){.self = e, .visit = survey_visit, .ended = ended};
    e->place = UINT64_MAX;
    e->surveyed = true;
    return bench_run(&pass);
}

/* --- the second pass --- */

static bool all_answered(const struct explanation *e)
{
    for (unsigned i = 0; i < e->under_way_count; i++)
        if (story_knows(e->story, e->under_way[i]) && !story_answered(e->story, e->under_way[i]))
            return false;
    return true;
}

static void tell_event(void *self, const struct event *event)
{
    struct explanation *e = self;
    if (!e->telling)
        return;
    if (e->page)
        page_log_event(e->page, event);
    story_event(e->story, event);
    if (event->kind != EVENT_ANSWER)
        return;
    if (e->request->what == EXPLAIN_ACCESS && event->access == e->request->number)
        stop(e);
    if (e->around && all_answered(e))
        stop(e);
}

static void begin_telling(struct explanation *e, struct bench_loop *loop)
{
    e->telling = true;
    loop->compare_mask =
        0; /* a difference in an array shows at once, also one that the digests do not cover */
    story_set_judge(e->story, loop->judge);
    if (bench_loop_observe(loop))
        loop->outcome = OUTCOME_STOPPED;
}

/* Adds the accesses under way at the beginning of this cycle. */
static void note_under_way(struct explanation *e)
{
    uint64_t now[UNDER_WAY_TOLD];
    unsigned count = story_under_way(e->story, now, UNDER_WAY_TOLD);
    for (unsigned i = 0; i < count && e->under_way_count < UNDER_WAY_TOLD; i++)
        if (!e->under_way_count || now[i] > e->under_way[e->under_way_count - 1])
            e->under_way[e->under_way_count++] = now[i];
}

/* What happened in these cycles, as text; kept, as much may follow before it is printed. NULL: no memory. */
static char *cycles_text(const struct explanation *e, uint64_t cycle, uint64_t before, uint64_t after)
{
    char *text = NULL;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return NULL;
    story_print_cycles(e->story, cycle > before ? cycle - before : 0, cycle + after, memory);
    fclose(memory);
    return text;
}

/*
 * What is to be seen of the cycle asked for: the accesses at its beginning and
 * those that come in it, then what happened around it. false: nothing more
 * need be waited for.
 */
static bool visit_cycle(struct explanation *e, struct bench_loop *loop)
{
    if (loop->cycle <= e->place + 1) {
        note_under_way(e);
        loop->visit = loop->cycle <= e->place ? e->place + 1 : e->place + CYCLES_AROUND + 1;
        return true;
    }
    if (e->around)
        return false;
    e->around = cycles_text(e, e->place, CYCLES_AROUND, CYCLES_AROUND);
    loop->visit = e->place + ANSWER_LIMIT;
    return !all_answered(e);
}

static void tell_visit(void *self, struct bench_loop *loop)
{
    struct explanation *e = self;
    uint64_t from = e->place > e->request->history ? e->place - e->request->history : 0;
    e->loop = loop;
    if (!e->telling && loop->cycle < from) {
        loop->visit = from;
        return;
    }
    if (!e->telling) {
        begin_telling(e, loop);
        loop->visit = e->request->what == EXPLAIN_CYCLE ? e->place
                      : e->stop_behind                  ? e->place + 1
                                                        : UINT64_MAX;
        if (loop->cycle != loop->visit)
            return;
    }
    if (e->request->what == EXPLAIN_CYCLE && visit_cycle(e, loop))
        return;
    loop->outcome = loop->model_lost ? OUTCOME_MISMATCH : OUTCOME_STOPPED;
}

/* What happened at the clock edge behind the first difference, and whom it concerned. */
static void keep_difference(struct explanation *e, uint64_t edge)
{
    e->difference = cycles_text(e, edge, CYCLES_BEFORE, 0);
    unsigned flags = difference_path_flags(e->path);
    e->concerned_count = story_accesses(e->story, edge, flags, e->concerned, ACCESSES_TOLD);
    if (e->concerned_count == 0)
        e->concerned_count = story_accesses(e->story, edge, DEBUG_ALL, e->concerned, ACCESSES_TOLD);
}

/* The two differ: goes on until an output does, then for a while with the RTL alone. */
static bool tell_difference(void *self, struct bench_loop *loop)
{
    struct explanation *e = self;
    char *report = NULL;
    size_t size;
    FILE *memory = open_memstream(&report, &size);
    if (!memory)
        return false;
    rtl_report(loop->rtl, loop->mmu, memory);
    fclose(memory);
    bool output = difference_path_add(e->path, loop->cycle, report);
    free(report);
    if (loop->cycle == difference_path_first(e->path))
        keep_difference(e, loop->cycle ? loop->cycle - 1 : 0);
    if (output) {
        /* The model has no sensible inputs from now on. */
        loop->model_lost = true;
        mmu_events_destroy(loop->mmu_events);
        loop->mmu_events = NULL;
        loop->visit = loop->cycle + ALONE_LIMIT;
    }
    return loop->cycle - difference_path_first(e->path) <= PATH_LIMIT;
}

static int tell(struct explanation *e, const struct bench_options *options)
{
    struct bench_options pass = *options;
    pass.listener = (struct event_listener){.self = e, .event = tell_event};
    pass.visitor =
        (struct bench_visitor){.self = e, .visit = tell_visit, .difference = tell_difference, .ended = ended};
    pass.told_before = e->surveyed;
    e->stop_behind = e->request->what == EXPLAIN_FAILURE && e->outcome == OUTCOME_DONE;
    e->failed = false;
    return bench_run(&pass);
}

/* --- what comes of it --- */

static void print_life(struct explanation *e, uint64_t access)
{
    if (access == NO_ACCESS || !story_knows(e->story, access))
        return;
    if (e->printed)
        fputc('\n', e->out);
    e->printed = true;
    story_print(e->story, access, e->out);
}

static void print_difference(struct explanation *e)
{
    uint64_t first = difference_path_first(e->path), output = difference_path_output(e->path);
    uint64_t edge = first ? first - 1 : 0;

    fprintf(e->out,
            "RTL and C model first differ in cycle %" PRIu64
            ": the cause is the clock edge that ends cycle %" PRIu64 "\n",
            first, edge);
    difference_path_print(e->path, e->out);
    if (output == UINT64_MAX)
        fprintf(e->out, "no output differs up to cycle %" PRIu64 "\n", e->failed_cycle);
    else if (e->verdict)
        fprintf(e->out, "then the RTL alone; in cycle %" PRIu64 " the judge finds it illegal:\n%s",
                e->failed_cycle, e->verdict);
    e->printed = true;
    fprintf(e->out, "\nwhat the C model did up to that clock edge:\n");
    if (e->difference)
        fputs(e->difference, e->out);
    for (unsigned i = 0; i < e->concerned_count; i++)
        print_life(e, e->concerned[i]);
}

static void print_failure(struct explanation *e)
{
    uint64_t access = story_illegal(e->story);

    if (difference_path_first(e->path) != UINT64_MAX) {
        print_difference(e);
        return;
    }
    e->printed = true;
    switch (e->outcome) {
    case OUTCOME_ILLEGAL:
        fprintf(e->out, "illegal by the architecture in cycle %" PRIu64 "\n", e->failed_cycle);
        if (access == NO_ACCESS && e->verdict)
            fputs(e->verdict, e->out);
        break;
    case OUTCOME_HANG:
        fprintf(e->out, "the MMU hangs in cycle %" PRIu64 ": %s\n", e->failed_cycle, e->message);
        access = story_oldest(e->story);
        break;
    case OUTCOME_DONE:
        access = e->failed_access;
        /* fallthrough */
    default:
        fprintf(e->out, "cycle %" PRIu64 ": %s\n", e->failed_cycle, e->message);
        break;
    }
    uint64_t filler = access == NO_ACCESS ? NO_ACCESS : story_filler(e->story, access);
    if (filler != access)
        print_life(e, filler);
    print_life(e, access);
    if (e->outcome == OUTCOME_HANG)
        return;
    fprintf(e->out, "\nthe last cycles:\n");
    story_print_cycles(e->story, e->failed_cycle > CYCLES_BEFORE ? e->failed_cycle - CYCLES_BEFORE : 0,
                       e->failed_cycle, e->out);
}

/* The exit code where something else than the failure is asked for; says of a failure that was not come to.
 */
static int verdict_of_run(const struct explanation *e)
{
    if (e->run_failed && !e->failed && difference_path_first(e->path) == UINT64_MAX)
        fprintf(e->out,
                "\nthe run fails in cycle %" PRIu64
                "; what it fails by is told without --access, --va and --cycle\n",
                e->failed_cycle);
    return e->run_failed ? EXIT_MISMATCH : EXIT_AGREED;
}

static int print_access(struct explanation *e)
{
    print_life(e, e->request->number);
    bool answered = story_answered(e->story, e->request->number);
    bool illegal = story_illegal(e->story) == e->request->number;
    bool differed = difference_path_first(e->path) != UINT64_MAX;
    if (e->failed && (!answered || differed) && !illegal) {
        fputc('\n', e->out);
        print_failure(e);
    }
    return verdict_of_run(e);
}

static int print_cycle(struct explanation *e)
{
    if (e->around)
        fputs(e->around, e->out);
    e->printed = e->around && e->around[0];
    for (unsigned i = 0; i < e->under_way_count; i++)
        print_life(e, e->under_way[i]);
    if (e->under_way_count == 0)
        fprintf(e->out, "no access is under way in cycle %" PRIu64 "\n", e->request->number);
    return verdict_of_run(e);
}

static int print(struct explanation *e)
{
    switch (e->request->what) {
    case EXPLAIN_FAILURE:
        print_failure(e);
        return EXIT_MISMATCH;
    case EXPLAIN_ACCESS:
        return print_access(e);
    case EXPLAIN_PAGE:
        page_log_print(e->page, e->out);
        return verdict_of_run(e);
    case EXPLAIN_CYCLE:
        return print_cycle(e);
    }
    return EXIT_INTERNAL;
}

/* Finds the place. EXIT_AGREED, or what there is to say against it, after a message. */
static int find_place(struct explanation *e, const struct bench_options *options)
{
    if (e->request->what == EXPLAIN_PAGE) {
        e->place = 0;
        return EXIT_AGREED;
    }
    int code = survey(e, options);
    if (code == EXIT_USAGE || code == EXIT_INTERNAL)
        return code;
    if (e->request->what == EXPLAIN_CYCLE && e->request->number > e->end) {
        fprintf(stderr,
                "twinwalk explain: there is no cycle %" PRIu64 ": the run ends in cycle %" PRIu64 "\n",
                e->request->number, e->end);
        return EXIT_USAGE;
    }
    if (e->request->what == EXPLAIN_CYCLE)
        e->place = e->request->number;
    bool missing = e->request->what == EXPLAIN_ACCESS && e->place == UINT64_MAX;
    if (missing && !e->failed) {
        fprintf(stderr, "twinwalk explain: there is no access %" PRIu64 ": the run has %" PRIu64 "\n",
                e->request->number, e->accesses);
        return EXIT_USAGE;
    }
    if (e->request->what == EXPLAIN_FAILURE && !e->failed) {
        fprintf(stderr,
                "twinwalk explain: the run does not fail: say what to tell of it, by --access, --va or "
                "--cycle\n");
        return EXIT_USAGE;
    }
    if (e->request->what == EXPLAIN_FAILURE || missing)
        e->place = e->began;
    return EXIT_AGREED;
}

int explain(const struct bench_options *options, const struct explain_request *request, FILE *out)
{
    struct explanation e = {.request = request, .out = out};
    int code = find_place(&e, options);
    if (code != EXIT_AGREED)
        return code;
    e.story = story_create();
    e.path = difference_path_create();
    e.page = request->what == EXPLAIN_PAGE ? page_log_create(request->number) : NULL;
    if (!e.story || !e.path || (request->what == EXPLAIN_PAGE && !e.page)) {
        fprintf(stderr, "twinwalk explain: out of memory\n");
        code = EXIT_INTERNAL;
    } else {
        free(e.verdict);
        e.verdict = NULL;
        code = tell(&e, options);
        if (code == EXIT_AGREED || code == EXIT_MISMATCH)
            code = print(&e);
    }
    free(e.verdict);
    free(e.around);
    free(e.difference);
    story_destroy(e.story);
    difference_path_destroy(e.path);
    page_log_destroy(e.page);
    return code;
}
