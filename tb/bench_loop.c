/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop is one always-inlined function, instantiated per engine and with or
 * without watchers (judge, results, record of events), so that a run of the
 * model alone pays for nothing else.
 */
#include "bench_loop.h"

#include <inttypes.h>
#include <string.h>

#include "bench_watch.h"

enum {
    FULL_COMPARE = 4096,  /* cycles between comparisons of array contents; a power of two */
    ROUTINE_CHECK = 8192, /* rounds of the loop between looks at the clock and the watchdog */
    SETTLE = 64,          /* cycles run after the last answer, in which nothing may come */
};

struct flags {
    bool model, rtl;
    bool watched; /* by judge, results, record of events or coverage */
    bool heard;   /* answers are of interest to these or to the stimulus */
};

#define UNLIKELY(x) __builtin_expect(!!(x), 0)

static __attribute__((noinline, cold)) void illegal(struct bench_loop *loop)
{
    bool first = loop->outcome == OUTCOME_DONE;
    bench_loop_fail(loop, OUTCOME_ILLEGAL);
    if (first && loop->events)
        bench_events_illegal(loop->events, loop->cycle, judge_verdict(loop->judge));
}

static void served(void *self, uint64_t cycle, const struct mem_req *req, const struct mem_resp *resp)
{
    struct bench_loop *loop = self;
    (void)cycle; /* the memory is clocked already; its edge belongs to the cycle before */
    if (loop->events)
        bench_events_mem_resp(loop->events, loop->cycle, req, resp);
    if (loop->judge && !judge_served(loop->judge, req, resp))
        illegal(loop);
}

void bench_loop_start(struct bench_loop *loop)
{
    if (!loop->visitor.visit)
        loop->visit = UINT64_MAX;
    loop->compare_mask = FULL_COMPARE - 1;
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        loop->ports[p].free_tags = ~1ull;
        loop->ports[p].next_tag = 0;
        loop->tags_left |= (uint8_t)(1u << p);
    }
    if (!loop->wave)
        loop->attention = UINT64_MAX;
    if (loop->judge || loop->events)
        memory_listen(loop->memory, (struct memory_listener){.self = loop, .served = served});
}

uint64_t bench_loop_access(const void *self, unsigned port, unsigned tag)
{
    const struct bench_loop *loop = self;
    return loop->ports[port].outstanding[tag].index;
}

static uint64_t open_accesses(const struct bench_loop *loop)
{
    return loop->counts.accepted - loop->counts.answered;
}

/* Number of bits set in a mask of ports. */
static inline unsigned ports_in(unsigned mask)
{
    return 0x4332322132212110u >> 4 * (mask & 15) & 7;
}

static __attribute__((noinline, cold)) void stray_answer(struct bench_loop *loop, unsigned port, unsigned tag)
{
    snprintf(loop->message, sizeof(loop->message), "port %u answers tag %u, which no access has", port, tag);
    bench_loop_fail(loop, OUTCOME_PROTOCOL);
}

static inline __attribute__((always_inline)) void
tell_answer(struct bench_loop *loop, unsigned p, const struct response *response, struct flags flags)
{
    const struct outstanding *access = &loop->ports[p].outstanding[response->tag];
    struct access_result result = {
        .index = access->index,
        .va = access->va,
        .issue_cycle = access->cycle,
        .answer_cycle = loop->cycle,
        .response = *response,
        .attr = access->attr,
        .port = (uint8_t)p,
    };
    if (flags.watched) {
        if (loop->events)
            bench_events_answer(loop->events, &result);
        if (loop->results)
            bench_results_write(loop->results, &result);
        if (loop->judge && !judge_answer(loop->judge, &result))
            illegal(loop);
    }
    if (loop->stimulus.answered) {
        loop->stimulus.answered(loop->stimulus.self, &result);
        loop->wake = 0;
    }
}

static inline __attribute__((always_inline)) void
take_answer(struct bench_loop *loop, unsigned p, const struct response *response, struct flags flags)
{
    struct bench_port *port = &loop->ports[p];
    unsigned tag = response->tag;
    if (UNLIKELY(tag >= MMU_TAGS || tag == port->next_tag || (port->free_tags >> tag & 1))) {
        stray_answer(loop, p, tag);
        return;
    }
    if (UNLIKELY(port->next_tag == NO_TAG)) {
        port->next_tag = (uint8_t)tag;
        loop->tags_left |= (uint8_t)(1u << p);
    } else {
        port->free_tags |= 1ull << tag;
    }
    port->answers[(response->source & 3) | (response->size & 3) << 2 | (response->fault & 3) << 4]++;
    uint64_t latency = loop->cycle - port->outstanding[tag].cycle;
    if (latency > 1)
        latency_counts_add(&loop->counts.latency, latency, 1);
    if (flags.heard)
        tell_answer(loop, p, response, flags);
}

static __attribute__((noinline)) void finish_op(struct bench_loop *loop)
{
    if (!loop->op_running) {
        snprintf(loop->message, sizeof(loop->message), "an operation is complete, but none was running");
        bench_loop_fail(loop, OUTCOME_PROTOCOL);
        return;
    }
    loop->op_running = false;
    loop->counts.ops_done++;
    if (loop->events)
        bench_events_op_done(loop->events, loop->cycle);
    if (loop->judge)
        judge_op_done(loop->judge);
    loop->stimulus.op_done(loop->stimulus.self, loop->cycle);
    loop->wake = 0;
}

static __attribute__((noinline)) void begin_op(struct bench_loop *loop, const struct op_req *op)
{
    loop->op_running = true;
    loop->op_cycle = loop->cycle;
    loop->counts.ops[op->op < OP_COUNT ? op->op : 0]++;
    if (loop->events)
        bench_events_op(loop->events, loop->cycle, op);
    if (loop->judge)
        judge_op_accept(loop->judge, op);
}

static inline __attribute__((always_inline)) void
accept(struct bench_loop *loop, unsigned p, const struct access_req *req, uint64_t index, struct flags flags)
{
    struct bench_port *port = &loop->ports[p];
    struct outstanding *access = &port->outstanding[req->tag];
    access->va = req->va;
    access->cycle = loop->cycle;
    if (flags.heard) {
        access->index = index;
        access->attr = req->attr;
    }
    if (flags.watched) {
        if (loop->events)
            bench_events_accept(loop->events, loop->cycle, index, p, req);
        if (loop->judge)
            judge_accept(loop->judge, index, p, req);
    }
    if (UNLIKELY(!port->free_tags)) {
        port->next_tag = NO_TAG;
        loop->tags_left &= (uint8_t) ~(1u << p);
    } else {
        port->next_tag = (uint8_t)__builtin_ctzll(port->free_tags);
        port->free_tags &= port->free_tags - 1;
    }
}

/* RTL and model differ: whether the visitor wants the run to go on. */
static __attribute__((noinline, cold)) bool go_on(struct bench_loop *loop)
{
    return loop->visitor.difference && loop->visitor.difference(loop->visitor.self, loop);
}

/*
 * How many cycles from now neither model nor memory nor stimulus can change
 * anything, given that nothing is accepted and nothing moves on the memory
 * channel in this one. 0: at least this cycle must be simulated.
 */
static __attribute__((noinline)) uint64_t quiet_cycles(struct bench_loop *loop)
{
    uint64_t quiet = mmu_idle_cycles(loop->mmu);
    if (!quiet)
        return 0;
    uint64_t memory = memory_idle_cycles(loop->memory);
    if (!memory)
        return 0;
    if (memory < quiet)
        quiet = memory;
    if (!loop->stopped) {
        if (loop->wake != UINT64_MAX && loop->wake - loop->cycle < quiet)
            quiet = loop->wake - loop->cycle;
        uint64_t limit = loop->cycle_limit - 1; /* the last cycle in which it is asked */
        if (loop->cycle_limit != UINT64_MAX && limit - loop->cycle < quiet)
            quiet = limit - loop->cycle;
    }
    if (loop->visit != UINT64_MAX && loop->visit - loop->cycle < quiet)
        quiet = loop->visit - loop->cycle;
    if (quiet != UINT64_MAX)
        return quiet;

    /* Nothing will ever happen again: no need to wait for hang_limit. */
    if (bench_watch_waiting(loop, 0))
        return 0;
    if (loop->offer.req_valid || loop->offer.op_valid) {
        bench_watch_refused(loop, loop->cycle);
    } else if (!loop->stopped) {
        snprintf(loop->message, sizeof(loop->message), "the stimulus waits, but nothing is outstanding");
        bench_loop_fail(loop, OUTCOME_STUCK);
    }
    return 0;
}

static bool is_drained(const struct bench_loop *loop)
{
    return !open_accesses(loop) && !loop->op_running && !loop->offer.req_valid && !loop->offer.op_valid;
}

/*
 * Not inlined: the compiler would read both valid fields as one word, which the
 * processor cannot forward from the stimulus's two stores.
 */
static __attribute__((noinline)) void look_for_end(struct bench_loop *loop)
{
    bool nothing = !loop->offer.req_valid && !loop->offer.op_valid;
    if (loop->cycle + 1 >= loop->cycle_limit || (nothing && loop->stimulus.finished(loop->stimulus.self)))
        loop->stopped = true;
}

/* Asks the stimulus, or keeps what it offered last until that is accepted or it has something else to do. */
static inline __attribute__((always_inline)) void drive(struct bench_loop *loop, uint8_t ready, bool op_ready)
{
    const struct stimulus *stimulus = &loop->stimulus;
    struct stimulus_offer *offer = &loop->offer;
    if (UNLIKELY(loop->stopped))
        return;
    if (loop->cycle >= loop->wake || (offer->req_valid & ready) || (offer->op_valid && op_ready)) {
        stimulus->drive(stimulus->self, loop->cycle, ready, op_ready, offer);
        bool accepted = (offer->req_valid & ready) || (offer->op_valid && op_ready);
        loop->wake = accepted ? 0 : stimulus->next_cycle(stimulus->self, loop->cycle + 1);
    }
    if (UNLIKELY(!offer->req_valid) || UNLIKELY(loop->cycle + 1 >= loop->cycle_limit))
        look_for_end(loop);
}

/* Something is wrong: true only where a wave is to show what comes after it. */
static __attribute__((noinline, cold)) bool lingers(struct bench_loop *loop)
{
    return loop->wave && wave_lingers(loop->wave);
}

static inline __attribute__((always_inline)) enum bench_outcome run(struct bench_loop *loop,
                                                                    struct flags flags)
{
    struct mmu_in in;
    unsigned routine = ROUTINE_CHECK;
    uint64_t settle = SETTLE;
    uint64_t lag = 0;    /* cycles that the memory has not been told of yet */
    unsigned asking = 0; /* requests that it has not answered */
    struct bench_watch watch = {.since = loop->cycle};
    memset(&in, 0, sizeof(in));

    for (;;) {
        if (flags.rtl && flags.model && !loop->model_lost &&
            UNLIKELY(!rtl_compare(loop->rtl, loop->mmu, !(loop->cycle & loop->compare_mask))) &&
            !go_on(loop)) {
            bench_loop_fail(loop, OUTCOME_MISMATCH);
            if (!lingers(loop))
                break;
        }
        if (flags.watched && UNLIKELY(loop->cycle >= loop->visit)) {
            loop->visitor.visit(loop->visitor.self, loop);
            if (loop->outcome != OUTCOME_DONE)
                break;
        }
        if (flags.watched && loop->judge)
            judge_cycle(loop->judge, loop->cycle);
        if (flags.watched && flags.model && UNLIKELY(loop->mmu_events != NULL))
            mmu_events_cycle(loop->mmu_events, loop->mmu);
        const struct mmu_out *out = flags.rtl ? rtl_outputs(loop->rtl) : mmu_outputs(loop->mmu);
        if (out->op_done)
            finish_op(loop);
        for (unsigned valid = out->resp_valid; valid; valid &= valid - 1) {
            unsigned p = (unsigned)__builtin_ctz(valid);
            take_answer(loop, p, &out->resp[p], flags);
        }

        loop->counts.answered += ports_in(out->resp_valid);

        uint8_t ready = out->req_ready & loop->tags_left;
        drive(loop, ready, out->op_ready);
        if (UNLIKELY(loop->outcome != OUTCOME_DONE) && !lingers(loop))
            break; /* from the answers, from quiet_cycles or bench_watch_look, or from the memory's listener
                    */

        struct stimulus_offer *offer = &loop->offer;
        uint8_t accepted = offer->req_valid & ready;
        bool op_accepted = offer->op_valid && out->op_ready;
        uint64_t index = loop->counts.accepted;
        /* The model does not look at what it does not accept. */
        in.req_valid = flags.rtl ? offer->req_valid & loop->tags_left : accepted;
        for (unsigned valid = in.req_valid; valid; valid &= valid - 1) {
            unsigned p = (unsigned)__builtin_ctz(valid);
            /* Field by field, as the stimulus wrote them: a wider load could not be forwarded. */
            in.req[p].va = offer->req[p].va;
            in.req[p].attr = offer->req[p].attr;
            in.req[p].tag = loop->ports[p].next_tag;
            if (!flags.rtl || accepted >> p & 1)
                accept(loop, p, &in.req[p], index++, flags);
        }
        loop->counts.accepted = index;
        offer->req_valid &= (uint8_t)~accepted;
        in.op_valid = offer->op_valid;
        if (UNLIKELY(offer->op_valid)) {
            in.op = offer->op;
            if (op_accepted)
                begin_op(loop, &in.op);
            offer->op_valid = !op_accepted;
        }

        /* With nothing asked, the memory's time may lag behind: only a request or an answer shows it. */
        bool asked = out->mem_req_valid || asking;
        const struct mem_resp *resp = NULL;
        in.mem_req_ready = false;
        if (flags.rtl || asked) {
            memory_skip(loop->memory, lag);
            lag = 0;
            resp = memory_response(loop->memory);
            in.mem_req_ready = memory_ready(loop->memory);
        }
        in.mem_resp_valid = resp != NULL;
        if (resp)
            in.mem_resp = *resp;

        if (flags.watched && loop->coverage)
            coverage_before(loop->coverage, loop->mmu, &in, loop->cycle);
        uint64_t quiet = 0;
        if (!flags.rtl && !accepted && !op_accepted && !resp && !out->mem_req_valid)
            quiet = quiet_cycles(loop);
        /* Of the last cycles, too: so a run ends in the same cycle with every engine. */
        if (UNLIKELY(loop->stopped) && quiet && is_drained(loop)) {
            quiet = quiet < settle ? quiet : settle;
            settle -= quiet;
        }
        if (!flags.rtl && quiet) {
            mmu_skip(loop->mmu, quiet);
            lag += quiet;
            loop->cycle += quiet;
        } else {
            if (UNLIKELY(loop->stopped) && is_drained(loop) && settle-- == 0)
                break;
            if (flags.rtl && UNLIKELY(loop->cycle >= loop->attention)) {
                wave_attend(loop->wave, &in);
                out = rtl_outputs(loop->rtl);
            }
            bool taken = out->mem_req_valid && in.mem_req_ready;
            bool given = resp && out->mem_resp_ready;
            if (flags.watched && taken && loop->events)
                bench_events_mem_req(loop->events, loop->cycle, &out->mem_req);
            if (flags.rtl || asked)
                memory_step(loop->memory, taken ? &out->mem_req : NULL, given);
            else
                lag++;
            asking += taken;
            asking -= given;
            if (flags.model && !loop->model_lost)
                mmu_step(loop->mmu, &in);
            if (flags.watched && flags.model && UNLIKELY(loop->mmu_events != NULL))
                mmu_events_step(loop->mmu_events, loop->mmu, &in);
            if (flags.watched && loop->coverage)
                coverage_after(loop->coverage, loop->mmu);
            if (flags.rtl) /* last: events of this edge go into the wave of this cycle */
                rtl_step(loop->rtl, &in);
            loop->cycle++;
        }
        if (--routine == 0) {
            routine = ROUTINE_CHECK;
            bench_watch_look(&watch, loop);
            if (loop->progress)
                loop->progress(loop->progress_self, loop);
        }
    }

    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        for (unsigned i = 0; i < ANSWER_KINDS; i++)
            loop->counts.answers[i] += loop->ports[p].answers[i];
    }
    latency_counts_add(&loop->counts.latency, 1, loop->counts.answered - loop->counts.latency.total);
    if (loop->outcome == OUTCOME_DONE && flags.watched && loop->judge && !judge_finish(loop->judge))
        illegal(loop);
    if (loop->outcome == OUTCOME_DONE && flags.rtl && flags.model && !loop->model_lost &&
        !rtl_compare(loop->rtl, loop->mmu, true))
        bench_loop_fail(loop, OUTCOME_MISMATCH);
    return loop->outcome;
}

static void tell_event(void *self, const struct event *event)
{
    bench_events_tell(self, event);
}

int bench_loop_observe(struct bench_loop *loop)
{
    loop->mmu_events =
        mmu_events_create(loop->mmu, (struct access_namer){.self = loop, .index = bench_loop_access},
                          (struct event_listener){.self = loop->events, .event = tell_event});
    return loop->mmu_events ? 0 : -1;
}

static enum bench_outcome run_engine(struct bench_loop *loop)
{
    bool watched = loop->judge || loop->results || loop->events || loop->coverage;
    bool heard = watched || loop->stimulus.answered;

    if (loop->mmu && loop->rtl)
        return run(loop, (struct flags){.model = true, .rtl = true, .watched = true, .heard = true});
    if (loop->rtl)
        return heard ? run(loop, (struct flags){.rtl = true, .watched = true, .heard = true})
                     : run(loop, (struct flags){.rtl = true});
    if (watched)
        return run(loop, (struct flags){.model = true, .watched = true, .heard = true});
    return heard ? run(loop, (struct flags){.model = true, .heard = true})
                 : run(loop, (struct flags){.model = true});
}

enum bench_outcome bench_loop_run(struct bench_loop *loop)
{
    enum bench_outcome outcome = run_engine(loop);
    if (loop->wave)
        wave_loop_ended(loop->wave);
    return outcome;
}
