/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_events.h"

#include <inttypes.h>
#include <stdlib.h>

#include "bench_names.h"

enum { RING = 32 }; /* a power of two */

enum event_kind {
    EVENT_ACCEPT,
    EVENT_ANSWER,
    EVENT_OP,
    EVENT_OP_DONE,
    EVENT_WRITE,
    EVENT_MEM_REQ,
    EVENT_MEM_RESP,
};

struct event {
    uint64_t cycle;
    enum event_kind kind;
    union {
        struct {
            struct access_req req;
            unsigned port;
        } accept;
        struct access_result answer;
        struct op_req op;
        struct {
            uint64_t addr, old_value, new_value;
        } write;
        struct mem_req mem_req;
        struct {
            struct mem_req req;
            struct mem_resp resp;
        } mem_resp;
    };
};

struct bench_events {
    uint64_t count;
    struct event ring[RING];
};

struct bench_events *bench_events_create(void)
{
    return calloc(1, sizeof(struct bench_events));
}

void bench_events_destroy(struct bench_events *events)
{
    free(events);
}

static struct event *next_event(struct bench_events *events, uint64_t cycle, enum event_kind kind)
{
    struct event *event = &events->ring[events->count++ % RING];
    event->cycle = cycle;
    event->kind = kind;
    return event;
}

void bench_events_accept(struct bench_events *events, uint64_t cycle, unsigned port,
                         const struct access_req *req)
{
    struct event *event = next_event(events, cycle, EVENT_ACCEPT);
    event->accept.req = *req;
    event->accept.port = port;
}

void bench_events_answer(struct bench_events *events, const struct access_result *result)
{
    next_event(events, result->answer_cycle, EVENT_ANSWER)->answer = *result;
}

void bench_events_op(struct bench_events *events, uint64_t cycle, const struct op_req *op)
{
    next_event(events, cycle, EVENT_OP)->op = *op;
}

void bench_events_op_done(struct bench_events *events, uint64_t cycle)
{
    next_event(events, cycle, EVENT_OP_DONE);
}

void bench_events_write(struct bench_events *events, uint64_t cycle, uint64_t addr, uint64_t old_value,
                        uint64_t new_value)
{
    struct event *event = next_event(events, cycle, EVENT_WRITE);
    event->write.addr = addr;
    event->write.old_value = old_value;
    event->write.new_value = new_value;
}

void bench_events_mem_req(struct bench_events *events, uint64_t cycle, const struct mem_req *req)
{
    next_event(events, cycle, EVENT_MEM_REQ)->mem_req = *req;
}

void bench_events_mem_resp(struct bench_events *events, uint64_t cycle, const struct mem_req *req,
                           const struct mem_resp *resp)
{
    struct event *event = next_event(events, cycle, EVENT_MEM_RESP);
    event->mem_resp.req = *req;
    event->mem_resp.resp = *resp;
}

static void print_answer(const struct access_result *result, FILE *out)
{
    const struct response *response = &result->response;
    fprintf(out, "port %u answers tag %u (access %" PRIu64 ", va 0x%016" PRIx64 "): ", result->port,
            response->tag, result->index, result->va);
    if (response->fault == FAULT_PAGE)
        fprintf(out, "page fault, code 0x%02x", response->error_code);
    else if (response->fault)
        fprintf(out, "%s fault", bench_fault_name(response->fault));
    else
        fprintf(out, "pa 0x%" PRIx64 ", %s page, PAT %u", response->pa, bench_size_name(response->size),
                response->pat);
    fprintf(out, ", from %s\n", bench_source_name(response->source));
}

static void print_op(const struct op_req *op, FILE *out)
{
    if (op->op == OP_INVLPG)
        fprintf(out, "INVLPG 0x%016" PRIx64 "\n", op->va);
    else if (op->op == OP_INVPCID)
        fprintf(out, "INVPCID type %" PRIu64 ", pcid 0x%x, va 0x%016" PRIx64 "\n", op->value, op->pcid,
                op->va);
    else
        fprintf(out, "%s = 0x%" PRIx64 "\n", bench_op_name(op->op), op->value);
}

static void print_mem_req(const struct mem_req *req, FILE *out)
{
    fprintf(out, "walker %u %s 0x%013" PRIx64, req->tag, req->exchange ? "exchanges" : "reads", req->addr);
    if (req->exchange)
        fprintf(out, " 0x%016" PRIx64 " -> 0x%016" PRIx64, req->expected, req->desired);
}

static void print_mem_resp(const struct mem_req *req, const struct mem_resp *resp, FILE *out)
{
    fprintf(out, "memory serves: ");
    print_mem_req(req, out);
    if (resp->error)
        fprintf(out, ": bus error\n");
    else if (req->exchange)
        fprintf(out, ": %s, found 0x%016" PRIx64 "\n", resp->exchanged ? "done" : "failed", resp->data);
    else
        fprintf(out, ": 0x%016" PRIx64 "\n", resp->data);
}

static void print_event(const struct event *event, FILE *out)
{
    fprintf(out, "  %10" PRIu64 "  ", event->cycle);
    switch (event->kind) {
    case EVENT_ACCEPT:
        fprintf(out, "port %u accepts tag %u: %s %s%s 0x%016" PRIx64 "\n", event->accept.port,
                event->accept.req.tag, bench_mode_name(event->accept.req.attr),
                bench_kind_name(event->accept.req.attr), event->accept.req.attr & ATTR_AC ? " (AC)" : "",
                event->accept.req.va);
        break;
    case EVENT_ANSWER:
        print_answer(&event->answer, out);
        break;
    case EVENT_OP:
        fprintf(out, "operation accepted: ");
        print_op(&event->op, out);
        break;
    case EVENT_OP_DONE:
        fprintf(out, "operation complete\n");
        break;
    case EVENT_WRITE:
        fprintf(out, "memory 0x%013" PRIx64 " changes: 0x%016" PRIx64 " -> 0x%016" PRIx64 "\n",
                event->write.addr, event->write.old_value, event->write.new_value);
        break;
    case EVENT_MEM_REQ:
        print_mem_req(&event->mem_req, out);
        fprintf(out, ": request taken\n");
        break;
    case EVENT_MEM_RESP:
        print_mem_resp(&event->mem_resp.req, &event->mem_resp.resp, out);
        break;
    }
}

void bench_events_print(const struct bench_events *events, FILE *out)
{
    uint64_t first = events->count > RING ? events->count - RING : 0;
    fprintf(out, "last events (cycle, what):\n");
    for (uint64_t i = first; i < events->count; i++)
        print_event(&events->ring[i % RING], out);
}
