/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_events.h"

#include <inttypes.h>
#include <stdlib.h>

enum { RING = 32 }; /* a power of two */

struct bench_events {
    uint64_t count;
    struct event ring[RING];
    unsigned listeners;
    struct event_listener listener[BENCH_LISTENERS];
};

struct bench_events *bench_events_create(void)
{
    return calloc(1, sizeof(struct bench_events));
}

void bench_events_destroy(struct bench_events *events)
{
    free(events);
}

void bench_events_listen(struct bench_events *events, struct event_listener listener)
{
    if (events->listeners < BENCH_LISTENERS)
        events->listener[events->listeners++] = listener;
}

void bench_events_tell(struct bench_events *events, const struct event *event)
{
    for (unsigned i = 0; i < events->listeners; i++)
        events->listener[i].event(events->listener[i].self, event);
}

/* An event at the interface, to be filled in and then told. */
static struct event *next_event(struct bench_events *events, uint64_t cycle, enum event_kind kind)
{
    struct event *event = &events->ring[events->count++ % RING];
    *event = event_of(cycle, kind);
    return event;
}

void bench_events_accept(struct bench_events *events, uint64_t cycle, uint64_t index, unsigned port,
                         const struct access_req *req)
{
    struct event *event = next_event(events, cycle, EVENT_ACCEPT);
    event->access = index;
    event->va = req->va;
    event->attr = req->attr;
    event->tag = req->tag;
    event->port = (uint8_t)port;
    bench_events_tell(events, event);
}

void bench_events_answer(struct bench_events *events, const struct access_result *result)
{
    struct event *event = next_event(events, result->answer_cycle, EVENT_ANSWER);
    event->access = result->index;
    event->va = result->va;
    event->attr = result->attr;
    event->tag = result->response.tag;
    event->port = result->port;
    event->response = result->response;
    bench_events_tell(events, event);
}

void bench_events_op(struct bench_events *events, uint64_t cycle, const struct op_req *op)
{
    struct event *event = next_event(events, cycle, EVENT_OP);
    event->va = op->va;
    event->op = *op;
    bench_events_tell(events, event);
}

void bench_events_op_done(struct bench_events *events, uint64_t cycle)
{
    bench_events_tell(events, next_event(events, cycle, EVENT_OP_DONE));
}

void bench_events_write(struct bench_events *events, uint64_t cycle, uint64_t addr, uint64_t old_value,
                        uint64_t new_value)
{
    struct event *event = next_event(events, cycle, EVENT_WRITE);
    event->memory.addr = addr;
    event->memory.expected = old_value;
    event->memory.value = new_value;
    bench_events_tell(events, event);
}

static struct event *memory_event(struct bench_events *events, uint64_t cycle, enum event_kind kind,
                                  const struct mem_req *req)
{
    struct event *event = next_event(events, cycle, kind);
    event->walker = req->tag;
    event->memory.addr = req->addr;
    event->memory.exchange = req->exchange;
    event->memory.expected = req->expected;
    event->memory.desired = req->desired;
    return event;
}

void bench_events_mem_req(struct bench_events *events, uint64_t cycle, const struct mem_req *req)
{
    bench_events_tell(events, memory_event(events, cycle, EVENT_MEM_REQ, req));
}

void bench_events_mem_resp(struct bench_events *events, uint64_t cycle, const struct mem_req *req,
                           const struct mem_resp *resp)
{
    struct event *event = memory_event(events, cycle, EVENT_MEM_RESP, req);
    event->memory.value = resp->data;
    event->memory.error = resp->error;
    event->memory.exchanged = resp->exchanged;
    bench_events_tell(events, event);
}

void bench_events_illegal(struct bench_events *events, uint64_t cycle, const char *verdict)
{
    struct event event = event_of(cycle, EVENT_ILLEGAL);
    event.verdict = verdict;
    bench_events_tell(events, &event);
}

void bench_events_print(const struct bench_events *events, FILE *out)
{
    uint64_t first = events->count > RING ? events->count - RING : 0;
    fprintf(out, "last events (cycle, what):\n");
    for (uint64_t i = first; i < events->count; i++) {
        const struct event *event = &events->ring[i % RING];
        char text[256];
        event_text(event, text, sizeof text);
        fprintf(out, "  %10" PRIu64 "  %s\n", event->cycle, text);
    }
}
