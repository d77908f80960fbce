/* SPDX-License-Identifier: Apache-2.0 */
#include "mmu_events.h"

#include <stdlib.h>
#include <string.h>

#include "array_shadow.h"
#include "mmu_state.h"

/* What an L2 lookup or a walk's start will find in the arrays as they stand. */
struct found {
    unsigned array; /* enum event_array; ARRAY_NONE */
    uint32_t entry;
    uint64_t tag, data;
};

struct mmu_events {
    struct access_namer namer;
    struct event_listener listener;
    struct array_shadow arrays[EVENT_ARRAYS];
    uint64_t walk_access[WALKERS_MAX], walk_va[WALKERS_MAX]; /* of the walk begun last */

    /* the state before the clock edge */
    struct miss_queue queue;
    struct page_walker walker;
    struct control control;
    uint8_t miss;
    bool takes_response;
    uint64_t refused, l2_misses, l2_denied; /* statistics */
    int looked_up;                          /* the lookup that leaves the pipeline, or NO_ENTRY */
    struct found l2;                        /* by it */
    int candidate;                          /* for a walk, or NO_ENTRY */
    struct found cache;                     /* by it, in the walk caches */
    uint64_t cycle;
    bool begun; /* there is a state before */
};

struct mmu_events *mmu_events_create(const struct mmu *mmu, struct access_namer namer,
                                     struct event_listener listener)
{
    struct mmu_events *e = calloc(1, sizeof *e);
    int failed = 0;
    if (!e)
        return NULL;
    e->namer = namer;
    e->listener = listener;
    for (unsigned i = 0; i < EVENT_ARRAYS; i++)
        failed |= array_shadow_init(&e->arrays[i], mmu_array(mmu, i));
    if (failed) {
        mmu_events_destroy(e);
        return NULL;
    }
    const struct miss_queue *mq = &mmu->miss_queue;
    for (unsigned i = 0; i < WALKERS_MAX; i++) {
        unsigned id = mmu->page_walker.entry_id[i], port = 0;
        while (port + 1 < mmu->ports && !(mq->port[port] >> id & 1))
            port++;
        e->walk_access[i] = mq->walk >> id & 1 ? namer.index(namer.self, port, mq->tag[id]) : NO_ACCESS;
        e->walk_va[i] = mmu->page_walker.va[i];
    }
    return e;
}

void mmu_events_destroy(struct mmu_events *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < EVENT_ARRAYS; i++)
        array_shadow_free(&e->arrays[i]);
    free(e);
}

static void tell(const struct mmu_events *e, const struct event *event)
{
    e->listener.event(e->listener.self, event);
}

static unsigned lowest(uint32_t set)
{
    return (unsigned)__builtin_ctz(set);
}

/* An event about an entry of the miss queue. */
static struct event of_queue(const struct mmu_events *e, const struct miss_queue *mq, unsigned id,
                             enum event_kind kind)
{
    struct event event = event_of(e->cycle, kind);
    event.entry = (uint8_t)id;
    event.va = mq->va[id];
    event.attr = mq->attr[id];
    for (unsigned port = 0; port < mq->ports; port++) {
        if (mq->port[port] >> id & 1) {
            event.port = (uint8_t)port;
            event.access = e->namer.index(e->namer.self, port, mq->tag[id]);
        }
    }
    return event;
}

static struct event of_walker(const struct mmu_events *e, unsigned walker, enum event_kind kind)
{
    struct event event = event_of(e->cycle, kind);
    event.walker = (uint8_t)walker;
    event.access = e->walk_access[walker];
    event.va = e->walk_va[walker];
    event.attr = e->walker.attr[walker];
    event.entry = e->walker.entry_id[walker];
    event.level = e->walker.level[walker];
    return event;
}

static void set_place(struct event *event, const struct mmu *mmu, const struct found *found)
{
    const struct tlb_array *array = mmu_array(mmu, found->array);
    event->array = (uint8_t)found->array;
    event->set = found->entry / array->ways;
    event->way = found->entry % array->ways;
    event->cached.tag = found->tag;
    event->cached.data = found->data;
}

/* The first of `count` arrays from `first` that translates vpn. */
static struct found search(const struct mmu *mmu, unsigned first, unsigned count, uint64_t vpn)
{
    for (unsigned i = first; i < first + count; i++) {
        const struct tlb_array *array = mmu_array(mmu, i);
        int entry = array->ways ? tlb_array_search(array, vpn, mmu->context.pcid) : TLB_MISS;
        if (entry != TLB_MISS)
            return (struct found){i, (uint32_t)entry, array->tag[entry], array->data[entry]};
    }
    return (struct found){.array = ARRAY_NONE};
}

/* What the lookup on a port finds; told in the cycle in which it is looked up. */
static void tell_lookup(const struct mmu_events *e, const struct mmu *mmu, unsigned port)
{
    const struct access_req *req = &mmu->lookup[port];
    uint8_t bit = (uint8_t)(1u << port);
    struct event event = event_of(e->cycle, EVENT_L1_HIT);
    event.port = (uint8_t)port;
    event.va = req->va;
    event.attr = req->attr;
    event.access = e->namer.index(e->namer.self, port, req->tag);
    if (mmu->miss & bit)
        event.kind = mmu->from_root & bit ? EVENT_L1_DENIED
                     : mmu->skip_l2 & bit ? EVENT_L1_NOT_DIRTY
                                          : EVENT_L1_MISS;
    else if (mmu->out.resp[port].fault)
        event.kind = EVENT_NON_CANONICAL;
    else if (!mmu->hit_array[port])
        event.kind = EVENT_UNPAGED;
    if (mmu->hit_array[port]) {
        const struct tlb_array *array = mmu->hit_array[port];
        uint32_t entry = (uint32_t)mmu->hit[port].entry;
        struct found found = {.array = (port == MMU_PORT_FETCH ? ARRAY_L1I : ARRAY_L1D) +
                                       (unsigned)mmu->hit[port].array,
                              .entry = entry,
                              .tag = array->tag[entry],
                              .data = array->data[entry]};
        set_place(&event, mmu, &found);
    }
    tell(e, &event);
}

void mmu_events_cycle(struct mmu_events *e, const struct mmu *mmu)
{
    const struct miss_queue *mq = &mmu->miss_queue;
    const struct page_walker *w = &mmu->page_walker;

    e->cycle = mmu->cycle;
    e->begun = true;
    for (uint8_t left = mmu->lookup_valid; left; left &= (uint8_t)(left - 1))
        tell_lookup(e, mmu, lowest(left));

    e->queue = *mq;
    e->walker = *w;
    e->control = mmu->control;
    e->miss = mmu->miss;
    e->takes_response = mmu->out.mem_resp_ready;
    e->refused = mmu->stats.miss_queue_merges_refused;
    e->l2_misses = mmu->stats.l2_misses + mmu->stats.l2i_misses;
    e->l2_denied = mmu->stats.l2_denied + mmu->stats.l2i_denied;
    e->looked_up = miss_queue_lookup_id(mq);
    if (e->looked_up != NO_ENTRY) {
        bool fetch = (mq->attr[e->looked_up] & ATTR_KIND) == ACCESS_FETCH;
        e->l2 = search(mmu, mmu->split && fetch ? ARRAY_L2I : ARRAY_L2, 3, x86_vpn(mq->va[e->looked_up]));
    }
    e->candidate = page_walker_idle(w) ? miss_queue_walk_candidate(mq) : NO_ENTRY;
    if (e->candidate != NO_ENTRY)
        e->cache = search(mmu, ARRAY_WALK_CACHE, WALK_CACHES, x86_vpn(mq->va[e->candidate]));
}

static bool broadcasting(const struct mmu_events *e)
{
    return e->control.state == CONTROL_BROADCAST;
}

/* Why something is dropped or sent back in this cycle. */
static enum event_cause cause(const struct mmu_events *e, enum event_cause otherwise)
{
    if (broadcasting(e))
        return e->control.dropping ? CAUSE_FAULT : CAUSE_OPERATION;
    return e->control.state == CONTROL_SWEEP ? CAUSE_OPERATION : otherwise;
}

/* Sets why, and with a page fault's drop, whose. */
static void set_cause(const struct mmu_events *e, struct event *event, enum event_cause otherwise)
{
    event->cause = (uint8_t)cause(e, otherwise);
    if (event->cause == CAUSE_FAULT)
        event->other = of_queue(e, &e->queue, e->walker.result_id, EVENT_FAULT_DROP).access;
}

static void tell_control(const struct mmu_events *e, const struct mmu *mmu)
{
    const struct control *b = &e->control, *a = &mmu->control;
    struct event event = event_of(e->cycle, EVENT_BROADCAST);

    event.op = (struct op_req){.op = a->op, .value = a->value, .va = a->va, .pcid = a->pcid};
    event.va = a->va;
    if (b->state == CONTROL_DRAIN && a->state != CONTROL_DRAIN && !a->dropping) {
        event.kind = EVENT_REGISTER;
        tell(e, &event);
    }
    if (broadcasting(e) && b->dropping) {
        event = of_queue(e, &e->queue, e->walker.result_id, EVENT_FAULT_DROP);
        tell(e, &event);
    } else if (broadcasting(e)) {
        event.kind = EVENT_BROADCAST;
        tell(e, &event);
    }
    if (a->state != b->state && a->state == CONTROL_SWEEP) {
        event.kind = EVENT_SWEEP;
        tell(e, &event);
    }
    if (a->state == CONTROL_SETTLE && b->state != CONTROL_SETTLE && !(broadcasting(e) && b->dropping)) {
        event.kind = EVENT_SETTLE;
        tell(e, &event);
    }
}

/* The request register's new request. */
static void tell_request(const struct mmu_events *e, const struct mmu *mmu)
{
    const struct page_walker *a = &mmu->page_walker;
    uint8_t loaded = e->walker.request & a->wait;
    if (!loaded)
        return;
    struct event event =
        of_walker(e, lowest(loaded), a->memory.exchange ? EVENT_WALK_EXCHANGE : EVENT_WALK_REQUEST);
    event.memory.addr = a->memory.addr;
    event.memory.exchange = a->memory.exchange;
    event.memory.expected = a->memory.expected;
    event.memory.desired = a->memory.desired;
    tell(e, &event);
}

/* What the walker does after its response, where that is the end or the root again. */
static void tell_walk_outcome(const struct mmu_events *e, const struct mmu *mmu, unsigned i, bool lost)
{
    const struct page_walker *a = &mmu->page_walker;
    uint8_t bit = (uint8_t)(1u << i);
    struct event event = of_walker(e, i, EVENT_WALK_DONE);

    if (a->result_valid && !e->walker.result_valid) {
        if (a->result_fault == FAULT_MACHINE_CHECK)
            return;
        if (a->result_fault == FAULT_PAGE) {
            event.kind = EVENT_WALK_FAULT;
            event.response = (struct response){.fault = FAULT_PAGE, .error_code = a->result_code};
        } else {
            event.cached.tag = a->result_tag;
            event.cached.data = a->result_data;
        }
        tell(e, &event);
    } else if (!lost && (e->walker.from_cache & ~a->from_cache & bit)) {
        event.kind = EVENT_CONFIRM;
        tell(e, &event);
    }
}

static void tell_response(const struct mmu_events *e, const struct mmu *mmu, const struct mem_resp *response)
{
    const struct page_walker *b = &e->walker;
    unsigned i = response->tag;
    uint8_t bit = (uint8_t)(1u << i);
    bool exchange = b->exchange & bit;
    struct event event = of_walker(e, i, EVENT_ENTRY_READ);

    if (b->drain & bit) {
        event.kind = EVENT_DRAINED;
        tell(e, &event);
        return;
    }
    event.memory.addr = x86_entry_address(b->table[i] & DATA_PFN, b->level[i], b->va[i]);
    event.memory.exchange = exchange;
    event.memory.expected = exchange ? b->expected[i] : 0;
    event.memory.desired = exchange ? b->desired[i] : 0;
    event.memory.value = response->data;
    event.memory.error = response->error;
    event.memory.exchanged = response->exchanged;
    if (response->error)
        event.kind = EVENT_BUS_ERROR;
    else if (exchange)
        event.kind = response->exchanged ? EVENT_EXCHANGE_WON : EVENT_EXCHANGE_LOST;
    if (event.kind == EVENT_EXCHANGE_WON)
        event.memory.value = b->desired[i];
    event.state = (uint8_t)x86_entry_kind(event.memory.value, b->level[i], mmu->context.mode,
                                          mmu->context.maxphyaddr, mmu->context.gib_pages);
    tell(e, &event);
    tell_walk_outcome(e, mmu, i, event.kind == EVENT_EXCHANGE_LOST);
}

/* Walks that neither a response nor the request register has ended. */
static void tell_given_up(const struct mmu_events *e, const struct mmu *mmu, const struct mmu_in *in)
{
    const struct page_walker *b = &e->walker, *a = &mmu->page_walker;
    uint8_t responded = in->mem_resp_valid && e->takes_response ? (uint8_t)(1u << in->mem_resp.tag) : 0;
    uint8_t gone = (uint8_t)((b->request | b->wait) & ~(a->request | a->wait) & ~responded);
    for (; gone; gone &= (uint8_t)(gone - 1)) {
        struct event event = of_walker(e, lowest(gone), EVENT_WALK_GIVEN_UP);
        set_cause(e, &event, CAUSE_NONE);
        event.state = a->drain >> lowest(gone) & 1;
        tell(e, &event);
    }
    if (b->result_valid && !a->result_valid && (mmu->miss_queue.pend >> b->result_id & 1)) {
        struct event event = of_queue(e, &e->queue, b->result_id, EVENT_RESULT_LOST);
        tell(e, &event);
    }
}

static void tell_walk_start(struct mmu_events *e, const struct mmu *mmu)
{
    const struct page_walker *b = &e->walker, *a = &mmu->page_walker;
    uint32_t started = e->queue.walk_pend & mmu->miss_queue.walk;
    uint8_t walkers = page_walker_idle(b) & a->request;
    if (!started || !walkers)
        return;
    unsigned i = lowest(walkers), id = lowest(started);
    struct event event = of_queue(e, &mmu->miss_queue, id, EVENT_WALK_START);
    e->walk_access[i] = event.access;
    e->walk_va[i] = event.va;
    if ((a->from_cache >> i & 1) && e->candidate == (int)id && e->cache.array != ARRAY_NONE)
        set_place(&event, mmu, &e->cache);
    event.walker = (uint8_t)i;
    event.level = a->level[i];
    event.cached.data = a->table[i];
    tell(e, &event);
}

/* The lookup that has left the pipeline of the L2 TLB. */
static void tell_l2(const struct mmu_events *e, const struct mmu *mmu)
{
    const struct miss_queue *a = &mmu->miss_queue;
    if (e->looked_up == NO_ENTRY)
        return;
    unsigned id = (unsigned)e->looked_up;
    struct event event = of_queue(e, &e->queue, id, EVENT_L2_HIT);
    if (a->walk_pend >> id & 1) {
        bool denied = mmu->stats.l2_denied + mmu->stats.l2i_denied != e->l2_denied;
        bool missed = mmu->stats.l2_misses + mmu->stats.l2i_misses != e->l2_misses;
        event.kind = denied ? EVENT_L2_DENIED : missed ? EVENT_L2_MISS : EVENT_L2_NOT_DIRTY;
    } else if (!(a->answer >> id & 1)) {
        return; /* sent back */
    }
    if (event.kind != EVENT_L2_MISS && e->l2.array != ARRAY_NONE)
        set_place(&event, mmu, &e->l2);
    tell(e, &event);
}

static void tell_issue(const struct mmu_events *e, const struct mmu *mmu)
{
    const struct miss_queue *a = &mmu->miss_queue;
    uint32_t issued = e->queue.pend & ~a->pend;
    if (!issued)
        return;
    unsigned id = lowest(issued);
    struct event event = of_queue(e, a, id, EVENT_ISSUE_LOOKUP);
    if (a->merged & issued) {
        event.kind = EVENT_MERGE;
        event.leader = a->leader[id];
        event.other = of_queue(e, a, a->leader[id], EVENT_MERGE).access;
    } else if (mmu->stats.miss_queue_merges_refused != e->refused) {
        struct event refused = event;
        uint32_t others = e->queue.lookup | e->queue.walk_pend | e->queue.walk;
        while (others && x86_vpn(a->va[lowest(others)]) != x86_vpn(a->va[id]))
            others &= others - 1;
        if (others) {
            refused.kind = EVENT_MERGE_REFUSED;
            refused.leader = (uint8_t)lowest(others);
            refused.other = of_queue(e, &e->queue, lowest(others), EVENT_MERGE).access;
            tell(e, &refused);
        }
    }
    if (a->walk_pend & issued)
        event.kind = EVENT_ISSUE_WALK;
    tell(e, &event);
}

static void tell_queue(const struct mmu_events *e, const struct mmu *mmu)
{
    const struct miss_queue *b = &e->queue, *a = &mmu->miss_queue;
    uint32_t valid = miss_queue_valid(b), still = miss_queue_valid(a);

    for (uint32_t left = a->answer & ~b->answer; left; left &= left - 1) {
        struct event event = of_queue(e, a, lowest(left), EVENT_RESULT);
        event.response = miss_result_response(a->result[event.entry], event.va);
        tell(e, &event);
    }
    for (uint32_t left = valid & ~b->pend & a->pend; left; left &= left - 1) {
        struct event event = of_queue(e, b, lowest(left), EVENT_RESTART);
        set_cause(e, &event, CAUSE_LEADER);
        tell(e, &event);
    }
    for (uint32_t left = valid & ~still; left; left &= left - 1) {
        struct event event = of_queue(e, b, lowest(left), EVENT_DEQUEUE);
        tell(e, &event);
    }
    for (uint32_t left = still & ~valid; left; left &= left - 1) {
        struct event event = of_queue(e, a, lowest(left), EVENT_ALLOCATE);
        tell(e, &event);
    }
}

static void tell_arrays(struct mmu_events *e, const struct mmu *mmu, const struct mmu_in *in)
{
    struct event l2_fill = event_of(e->cycle, EVENT_FILL), walk_fill = l2_fill;
    if (e->looked_up != NO_ENTRY)
        l2_fill = of_queue(e, &e->queue, (unsigned)e->looked_up, EVENT_FILL);
    else if (e->walker.result_valid)
        l2_fill = of_queue(e, &e->queue, e->walker.result_id, EVENT_FILL);
    if (in->mem_resp_valid)
        walk_fill = of_walker(e, in->mem_resp.tag, EVENT_FILL);
    for (unsigned i = 0; i < EVENT_ARRAYS; i++) {
        if (!e->arrays[i].tag)
            continue;
        const struct event *whose = i < ARRAY_WALK_CACHE ? &l2_fill : &walk_fill;
        const struct array_change change = {
            .event = event_of(e->cycle, EVENT_DROP),
            .access = whose->access,
            .va = whose->va,
            .vpn = x86_vpn(whose->va),
            .pcid = mmu->context.pcid,
            .cause = (uint8_t)cause(e, CAUSE_FILL),
            .listener = e->listener,
        };
        array_shadow_update(&e->arrays[i], i, mmu_array(mmu, i), &change);
    }
}

void mmu_events_step(struct mmu_events *e, const struct mmu *mmu, const struct mmu_in *in)
{
    if (!e->begun)
        return;
    tell_control(e, mmu);
    tell_given_up(e, mmu, in);
    tell_l2(e, mmu);
    if (in->mem_resp_valid && e->takes_response)
        tell_response(e, mmu, &in->mem_resp);
    tell_request(e, mmu);
    tell_walk_start(e, mmu);
    tell_issue(e, mmu);
    tell_queue(e, mmu);
    tell_arrays(e, mmu, in);
}
