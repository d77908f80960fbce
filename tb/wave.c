/* SPDX-License-Identifier: Apache-2.0 */
#include "wave.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench_loop.h"
#include "fst_file.h"
#include "fst_guard.h"
#include "output_file.h"
#include "snapshots.h"
#include "wave_lanes.h"
#include "wave_order.h"
#include "wave_signals.h"
#include "wave_trigger.h"

/* What a process other than the run's own ends with. */
enum { WROTE = 0, WROTE_ANOTHER = 1, FAILED = 2 };

enum role {
    RUNS,    /* the run itself */
    REPLAYS, /* a snapshot that was woken */
    LINGERS, /* a copy that writes what comes after a failure */
};

struct wave {
    struct wave_options options;
    struct bench_loop *loop;
    const struct mmu_params *params;
    const char *comment;
    char *scope_text;
    const char *scopes[WAVE_MAX_SCOPES + 1];
    struct wave_trigger *trigger;
    enum role role;

    struct snapshots *snapshots; /* NULL: by hand, or not wanted any more */
    uint64_t next_snapshot;
    bool triggered; /* an event met the trigger */

    bool writing;
    struct output_file file;
    struct wave_lanes *lanes;
    bool own_events; /* the observer of the model is there for the wave only */
    bool attended;   /* wave_attend has been called in a cycle */
    uint64_t first;  /* cycle written */

    int voice, silence;      /* REPLAYS: stderr as it was, and none */
    struct wave_order order; /* REPLAYS, LINGERS */
    bool reproduced;         /* and marked */
    int status;              /* of the wave that was left: WROTE .. FAILED; -1: none yet */
};

static void hear(void *self, const struct event *event)
{
    struct wave *wave = self;
    wave_lanes_event(wave->lanes, event);
    if (wave->trigger && !wave->triggered && event->cycle >= wave->options.from)
        wave->triggered = wave_trigger_matches(wave->trigger, event);
}

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk: out of memory\n");
    return -1;
}

/* The events inside the model are found from the present cycle on. */
static int observe(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    if (!loop->mmu || loop->mmu_events)
        return 0;
    if (bench_loop_observe(loop))
        return out_of_memory();
    wave->own_events = true;
    if (wave->attended) /* else the loop has not begun the cycle, and will do it */
        mmu_events_cycle(loop->mmu_events, loop->mmu);
    return 0;
}

/* The wave may begin in the next cycle: then the events before wave_attend will be known. */
static int prepare(struct wave *wave)
{
    wave_lanes_tell(wave->lanes);
    return observe(wave);
}

static void end_observation(struct wave *wave)
{
    if (wave->own_events) {
        mmu_events_destroy(wave->loop->mmu_events);
        wave->loop->mmu_events = NULL;
        wave->own_events = false;
    }
    wave_lanes_write(wave->lanes, NULL, 0);
}

static uint64_t cycle_before(uint64_t cycle)
{
    return cycle > 0 ? cycle - 1 : 0;
}

/* What the options ask for. -1 after a message. */
static int set_up(struct wave *wave)
{
    const struct wave_options *o = &wave->options;
    struct bench_loop *loop = wave->loop;
    bool snapshots = o->on_failure || o->trigger;
    char error[256] = "out of memory";

    if (output_file_check(o->path))
        return -1;
    if (!(wave->lanes = wave_lanes_create(wave->params)) ||
        (o->scopes && (!(wave->scope_text = strdup(o->scopes)) ||
                       wave_scopes_split(wave->scope_text, wave->scopes, error, sizeof(error)) < 0)) ||
        (o->trigger && !(wave->trigger = wave_trigger_parse(o->trigger, error, sizeof(error)))) ||
        (snapshots && !(wave->snapshots = snapshots_create()))) {
        fprintf(stderr, "twinwalk: %s\n", error);
        return -1;
    }
    bench_events_listen(loop->events, (struct event_listener){.self = wave, .event = hear});
    /* Without a failure the build for waves is never needed; otherwise now is the time to see to it. */
    if ((!o->on_failure || getenv("TWINWALK_RTL")) && rtl_prepare_waves(loop->rtl))
        return -1;
    loop->attention = snapshots ? 0 : cycle_before(o->from);
    return loop->attention == 0 ? prepare(wave) : 0;
}

struct wave *wave_create(const struct wave_options *options, struct bench_loop *loop,
                         const struct mmu_params *params, const char *comment)
{
    struct wave *wave = calloc(1, sizeof(*wave));
    if (!wave && out_of_memory())
        return NULL;
    *wave =
        (struct wave){.options = *options, .loop = loop, .params = params, .comment = comment, .status = -1};
    if (set_up(wave) == 0)
        return wave;
    wave_destroy(wave);
    return NULL;
}

static void stop_writing(struct wave *wave)
{
    end_observation(wave);
    wave->writing = false;
    wave_file_ended();
}

void wave_destroy(struct wave *wave)
{
    if (!wave)
        return;
    if (wave->lanes)
        stop_writing(wave);
    output_file_discard(&wave->file);
    snapshots_destroy(wave->snapshots);
    wave_lanes_destroy(wave->lanes);
    wave_trigger_free(wave->trigger);
    free(wave->scope_text);
    free(wave);
}

/* In a process of its own: ends it. */
static void __attribute__((noreturn)) leave(struct wave *wave, int status)
{
    wave_file_ended();
    output_file_discard(&wave->file);
    _exit(status);
}

/* What a replay has to say of the wave is heard; what the run says again in it is not. */
static void speak(const struct wave *wave, bool aloud)
{
    if (wave->role == REPLAYS)
        dup2(aloud ? wave->voice : wave->silence, STDERR_FILENO);
}

/* Opens the wave in the present cycle. */
static int open_wave(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;

    if (output_file_open(&wave->file, wave->options.path))
        return -1;
    wave_file_begun(wave->file.temporary);
    struct rtl_wave_contents contents = {
        .model = loop->mmu,
        .cycle = loop->cycle,
        .scopes = wave->scopes,
        .comment = wave->comment,
    };
    contents.lanes = wave_lanes_list(wave->lanes, &contents.lane_count);
    if (observe(wave) || rtl_wave_begin(loop->rtl, wave->file.temporary, &contents))
        return -1;
    wave_lanes_write(wave->lanes, loop->rtl, loop->cycle);
    wave->writing = true;
    wave->first = loop->cycle;
    if (wave->role == RUNS)
        wave_on_request(WAVE_REQUEST_NOTED);
    return 0;
}

static int begin(struct wave *wave)
{
    speak(wave, true);
    int failed = open_wave(wave);
    speak(wave, false);
    return failed;
}

/* Completes the wave, with the present cycle if wanted; WROTE or FAILED. */
static int complete(struct wave *wave, bool present)
{
    wave_on_request(WAVE_REQUEST_ABANDONS);
    speak(wave, true);
    int failed =
        rtl_wave_end(wave->loop->rtl, present) || fst_check(wave->file.temporary, wave->options.path);
    stop_writing(wave);
    if (failed)
        fprintf(stderr, "%s: the wave could not be written whole; is there no room left?\n",
                wave->options.path);
    else
        wave_scopes_warn(wave->scopes, wave->file.temporary);
    if (!failed && wave_path_is_vcd(wave->options.path))
        failed = fst_file_to_vcd(wave->file.temporary);
    failed = failed || output_file_commit(&wave->file);
    output_file_discard(&wave->file);
    if (wave->role == RUNS)
        wave_on_request(WAVE_REQUEST_ENDS);
    return failed ? FAILED : WROTE;
}

static void say_where(const struct wave *wave, uint64_t first, uint64_t last)
{
    fprintf(stderr, "wave: %s: cycles %" PRIu64 " to %" PRIu64 "\n", wave->options.path, first, last);
}

/* Ctrl-C or a request to end, while a wave is written: what there is stays readable. */
static void end_by_signal(struct wave *wave)
{
    int number = wave_request();
    uint64_t first = wave->first, last = wave->loop->cycle;
    if (complete(wave, true) == WROTE)
        say_where(wave, first, last);
    raise(number);
}

/* A snapshot takes over the run: nothing of it is to be heard or written but the wave. */
static void become_replay(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    wave->role = REPLAYS;
    snapshots_destroy(wave->snapshots);
    wave->snapshots = NULL;
    wave_trigger_free(wave->trigger);
    wave->trigger = NULL;
    loop->results = NULL;
    loop->progress = NULL;
    wave_on_request(WAVE_REQUEST_ABANDONS);
    wave->voice = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    wave->silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (wave->voice < 0 || wave->silence < 0)
        _exit(FAILED);
    speak(wave, false);
}

/* Has a snapshot write the wave that the order says. */
static void wake(struct wave *wave, const struct wave_order *order)
{
    struct bench_loop *loop = wave->loop;
    loop->attention = UINT64_MAX;
    /* Its messages are those of this process; the snapshot only loads what is there. */
    int status = rtl_prepare_waves(loop->rtl) ? -1 : snapshots_wake(wave->snapshots, order, sizeof(*order));
    wave->status = status == WROTE || status == WROTE_ANOTHER ? status : FAILED;
    wave->first = order->begin;
    snapshots_destroy(wave->snapshots);
    wave->snapshots = NULL;
    if (status == WROTE)
        say_where(wave, order->begin, order->end - 1);
    else if (status == WROTE_ANOTHER)
        fprintf(
            stderr,
            "wave: %s: played again, the run did not fail in the same way: what it depends on is not all in "
            "the program\n",
            wave->options.path);
    else
        fprintf(stderr, "wave: %s was not written\n", wave->options.path);
}

/* Begins the wave with the first cycle wanted, prepares in the one before. false: it cannot be. */
static bool begin_at(struct wave *wave, uint64_t first)
{
    struct bench_loop *loop = wave->loop;

    if (loop->cycle >= first ? begin(wave) : loop->cycle >= cycle_before(first) && prepare(wave))
        return false;
    loop->attention = wave->writing ? 0 : loop->cycle >= cycle_before(first) ? first : cycle_before(first);
    return true;
}

static void attend_by_hand(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    uint64_t first = rtl_waves_from(loop->rtl);

    if (first < wave->options.from)
        first = wave->options.from;
    if (wave->writing && loop->cycle >= wave->options.to) {
        wave->status = complete(wave, false);
        if (wave->status == WROTE)
            say_where(wave, wave->first, loop->cycle - 1);
    } else if (!wave->writing && wave->status < 0 && !begin_at(wave, first)) {
        wave->status = FAILED;
    }
    if (wave->status >= 0)
        loop->attention = UINT64_MAX;
}

static void attend_run(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    const struct wave_options *o = &wave->options;
    if (!wave->snapshots) {
        attend_by_hand(wave);
        return;
    }
    if (wave->triggered || bench_loop_expectation_failed(loop)) {
        struct wave_order order = wave_order(&wave->options, loop);
        wake(wave, &order);
        return;
    }
    if (loop->cycle >= wave->next_snapshot) {
        wave->next_snapshot = cycles_later(loop->cycle, o->every);
        if (snapshots_take(wave->snapshots, &wave->order, sizeof(wave->order))) {
            become_replay(wave);
            loop->attention = cycle_before(wave->order.begin);
            return;
        }
        end_observation(wave); /* which the copy may need for its first cycle */
    }
    if (wave->trigger && loop->cycle >= o->from && observe(wave)) {
        wave->status = FAILED;
        loop->attention = UINT64_MAX;
        return;
    }
    loop->attention = wave->trigger || loop->stimulus.failed ? 0 : wave->next_snapshot;
}

/* A wave that nothing more is to be added to, in a process of its own. */
static void __attribute__((noreturn)) finish(struct wave *wave)
{
    int status = wave->writing ? complete(wave, wave->loop->cycle < wave->order.end) : FAILED;
    if (status == WROTE && !wave->reproduced)
        status = WROTE_ANOTHER;
    leave(wave, status);
}

/* The failure or trigger is as it was. */
static void mark(struct wave *wave)
{
    wave->reproduced = true;
    wave_lanes_failure(wave->lanes, wave->order.focus, wave->order.accept,
                       wave_order_reason(&wave->order, wave->loop));
}

static void attend_copy(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    if (!wave->writing && !begin_at(wave, wave->order.begin))
        leave(wave, FAILED);
    /* Of a hang in the last cycle written: an operation that has to do with it may come after what got stuck.
     */
    uint64_t marked = wave->order.outcome == OUTCOME_HANG ? wave->order.end - 1 : wave->order.focus;
    bool ends = wave->order.outcome == OUTCOME_HANG || wave->order.outcome == OUTCOME_DONE;
    if (!wave->reproduced && ends && loop->cycle == marked)
        mark(wave);
    if (loop->cycle >= wave->order.end)
        finish(wave);
}

void wave_attend(struct wave *wave, const struct mmu_in *in)
{
    wave->attended = true;
    if (wave_request())
        end_by_signal(wave);
    if (wave->role == RUNS)
        attend_run(wave);
    if (wave->role != RUNS && wave->loop->cycle >= wave->loop->attention)
        attend_copy(wave);
    if (wave->writing) {
        if (wave->role == RUNS && !wave->reproduced && bench_loop_expectation_failed(wave->loop)) {
            wave->order = wave_order(&wave->options, wave->loop);
            mark(wave);
        }
        wave_lanes_cycle(wave->lanes, wave->loop->cycle);
        rtl_wave_sample(wave->loop->rtl, in);
    }
}

/* A copy of this process goes on with the wave; this one has done with it. */
static bool fork_lingering(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    pid_t parent = getpid();

    fflush(NULL); /* both will end, and what is unwritten would be written twice */
    pid_t process = fork();
    if (process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            leave(wave, FAILED);
        wave->role = LINGERS;
        wave->reproduced = false;
        wave_on_request(WAVE_REQUEST_ABANDONS);
        wave->order = wave_order(&wave->options, loop);
        if (wave->order.end > wave->options.to)
            wave->order.end = wave->options.to;
        loop->progress = NULL;
        loop->results = NULL;
        return true;
    }
    int status = -1;
    if (process > 0)
        while (waitpid(process, &status, 0) < 0 && errno == EINTR)
            ;
    wave->status = process > 0 && WIFEXITED(status) && WEXITSTATUS(status) == WROTE ? WROTE : FAILED;
    if (wave->status == FAILED)
        fprintf(stderr, "%s: the wave could not be written\n", wave->options.path);
    rtl_wave_forget(loop->rtl);
    stop_writing(wave);
    output_file_discard(&wave->file); /* where the copy has completed it, there is nothing under that name */
    wave_on_request(WAVE_REQUEST_ENDS);
    loop->attention = UINT64_MAX;
    return false;
}

bool wave_lingers(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;

    if (wave->role == RUNS && (!wave->writing || !fork_lingering(wave)))
        return false;
    if (!wave->writing && begin(wave)) /* failed before it should */
        leave(wave, FAILED);
    if (!wave->reproduced) {
        if (loop->cycle != wave->order.focus || loop->outcome != wave->order.outcome)
            finish(wave);
        mark(wave);
    }
    loop->outcome = OUTCOME_DONE;
    loop->judge = NULL;
    loop->attention = 0;
    return true;
}

void wave_loop_ended(struct wave *wave)
{
    const struct bench_loop *loop = wave->loop;

    if (wave->role == RUNS)
        return;
    /* The run has ended before what was wanted. */
    if (!wave->reproduced && wave->writing && loop->cycle == wave->order.focus &&
        loop->outcome == wave->order.outcome)
        mark(wave);
    finish(wave);
}

int wave_end(struct wave *wave)
{
    struct bench_loop *loop = wave->loop;
    bool failed = loop->outcome != OUTCOME_DONE || bench_loop_expectation_failed(loop);

    if (wave->writing) {
        uint64_t last = loop->cycle;
        wave->status = complete(wave, true);
        if (wave->status == WROTE)
            say_where(wave, wave->first, last);
        if (wave_request())
            raise(wave_request());
    } else if (wave->snapshots && wave->status < 0 && failed && wave->options.on_failure) {
        struct wave_order order = wave_order(&wave->options, loop);
        wake(wave, &order);
    } else if (wave->trigger && wave->status < 0) {
        fprintf(stderr, "wave: none: no event met the condition '%s'\n", wave->options.trigger);
        return 0;
    } else if (!wave->snapshots && wave->status < 0) {
        fprintf(stderr, "wave: none: the run ended in cycle %" PRIu64 "\n", loop->cycle);
        return 0;
    }
    return wave->status == FAILED ? -1 : 0;
}
