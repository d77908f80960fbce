/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_params.h"
#include "random_source.h"

enum {
    LINE_SHIFT = 6, /* 64-byte lines */
    LINES_PER_KIB = 1024 >> LINE_SHIFT,
    MAX_QUEUE = 64, /* upper bound of memory.queue */
    SLOT_BITS = 6,
};

/* Tags of one cache. A set keeps its ways in order of use, the latest first. */
struct cache {
    uint64_t *tags; /* line number + 1, 0: empty */
    uint32_t ways;  /* 0: no such cache */
    uint64_t sets;
    uint64_t mask; /* sets - 1 when that is a power of two, else 0 */
};

/* A request in flight. */
struct pending {
    struct mem_req req;
    bool error;
};

struct memory {
    struct phys_mem *phys;
    struct memory_listener listener;
    uint64_t cycle;

    /*
     * A ring of the requests in flight, the one due first at `head`: (cycle in
     * which its response may first be visible) << SLOT_BITS | slot. Most requests
     * are due after those before them, so a new one seldom overtakes others.
     */
    uint64_t queue[MAX_QUEUE];
    unsigned head;
    unsigned queued;
    unsigned queue_limit;
    uint64_t next_due;   /* of the request at head; UINT64_MAX: there is none */
    uint64_t free_slots; /* bit per slot */
    struct pending slots[MAX_QUEUE];

    bool offered;
    struct mem_resp response;

    struct cache l1, l2;
    uint32_t l1_latency, l2_latency, dram_latency;
    uint32_t jitter, backpressure, bus_errors;
    uint64_t backpressure_seed;
    struct random_source random;

    uint64_t *poisoned; /* addresses, one element per error still to come */
    size_t poison_count, poison_capacity;

    struct memory_stats stats;
};

/* A size that is no multiple of the ways is rounded down to full sets. */
static int cache_create(struct cache *cache, uint32_t kib, uint32_t ways)
{
    uint64_t lines = (uint64_t)kib * LINES_PER_KIB;
    if (!lines)
        return 0;
    cache->ways = ways < lines ? ways : (uint32_t)lines;
    cache->sets = lines / cache->ways;
    cache->mask = (cache->sets & (cache->sets - 1)) == 0 ? cache->sets - 1 : 0;
    cache->tags = calloc(cache->sets * cache->ways, sizeof(*cache->tags));
    return cache->tags ? 0 : -1;
}

/* Looks a line up and makes it the latest of its set, in place of the oldest on a miss. */
static bool cache_access(struct cache *cache, uint64_t line)
{
    uint64_t set = cache->mask ? line & cache->mask : line % cache->sets;
    uint64_t *tags = &cache->tags[set * cache->ways];
    uint64_t tag = line + 1;
    uint64_t moved = tag;
    for (uint32_t way = 0; way < cache->ways; way++) {
        uint64_t here = tags[way];
        tags[way] = moved;
        if (here == tag)
            return true;
        moved = here;
    }
    return false;
}

struct memory *memory_create(const struct bench_params *params, struct phys_mem *phys, uint64_t seed)
{
    struct memory *memory = calloc(1, sizeof(*memory));
    if (!memory)
        return NULL;
    assert(params->memory.queue >= 1 && params->memory.queue <= MAX_QUEUE);
    memory->phys = phys;
    memory->queue_limit = params->memory.queue;
    memory->next_due = UINT64_MAX;
    memory->free_slots = UINT64_MAX;
    memory->l1_latency = params->memory.l1_latency;
    memory->l2_latency = params->memory.l2_latency;
    memory->dram_latency = params->memory.dram_latency;
    memory->jitter = params->memory.jitter;
    memory->backpressure = params->memory.backpressure;
    memory->bus_errors = params->memory.bus_errors;
    memory->backpressure_seed = random_mix(seed);
    random_seed(&memory->random, seed);
    if (cache_create(&memory->l1, params->memory.l1_kib, params->memory.l1_ways) ||
        cache_create(&memory->l2, params->memory.l2_kib, params->memory.l2_ways)) {
        memory_destroy(memory);
        return NULL;
    }
    return memory;
}

void memory_destroy(struct memory *memory)
{
    if (!memory)
        return;
    free(memory->poisoned);
    free(memory->l1.tags);
    free(memory->l2.tags);
    free(memory);
}

void memory_listen(struct memory *memory, struct memory_listener listener)
{
    memory->listener = listener;
}

const struct memory_stats *memory_statistics(const struct memory *memory)
{
    return &memory->stats;
}

void memory_poison(struct memory *memory, uint64_t addr)
{
    if (memory->poison_count == memory->poison_capacity) {
        size_t capacity = memory->poison_capacity ? 2 * memory->poison_capacity : 16;
        uint64_t *poisoned = realloc(memory->poisoned, capacity * sizeof(*poisoned));
        if (!poisoned) {
            fprintf(stderr, "twinwalk: out of memory for poisoned addresses\n");
            exit(3);
        }
        memory->poisoned = poisoned;
        memory->poison_capacity = capacity;
    }
    memory->poisoned[memory->poison_count++] = addr;
}

/* Uses up one error for addr, if there is one. */
static bool take_poison(struct memory *memory, uint64_t addr)
{
    for (size_t i = 0; i < memory->poison_count; i++) {
        if (memory->poisoned[i] == addr) {
            memory->poisoned[i] = memory->poisoned[--memory->poison_count];
            return true;
        }
    }
    return false;
}

bool memory_ready(const struct memory *memory)
{
    if (memory->queued + memory->offered >= memory->queue_limit)
        return false;
    return !memory->backpressure ||
           random_mix(memory->backpressure_seed ^ memory->cycle) % 1000 >= memory->backpressure;
}

const struct mem_resp *memory_response(const struct memory *memory)
{
    return memory->offered ? &memory->response : NULL;
}

static uint32_t hierarchy_latency(struct memory *memory, uint64_t addr)
{
    uint64_t line = addr >> LINE_SHIFT;
    memory->stats.requests++;
    if (memory->l1.ways && cache_access(&memory->l1, line)) {
        memory->stats.l1_hits++;
        return memory->l1_latency;
    }
    if (memory->l2.ways && cache_access(&memory->l2, line)) {
        memory->stats.l2_hits++;
        return memory->l2_latency;
    }
    memory->stats.dram++;
    return memory->dram_latency;
}

/* Puts a request where its due time and, among equals, its acceptance say. */
static __attribute__((noinline)) void enqueue(struct memory *memory, const struct mem_req *req)
{
    uint64_t delay = hierarchy_latency(memory, req->addr);
    if (memory->jitter)
        delay += random_below(&memory->random, memory->jitter + 1);
    unsigned slot = (unsigned)__builtin_ctzll(memory->free_slots);
    memory->free_slots &= memory->free_slots - 1;
    memory->slots[slot] = (struct pending){
        .req = *req,
        .error = memory->bus_errors && random_below(&memory->random, 1000000) < memory->bus_errors,
    };

    uint64_t due = memory->cycle + delay;
    unsigned at = memory->head + memory->queued++; /* behind everything that is due no later */
    for (; at != memory->head; at--) {
        uint64_t before = memory->queue[(at - 1) % MAX_QUEUE];
        if (before >> SLOT_BITS <= due)
            break;
        memory->queue[at % MAX_QUEUE] = before;
    }
    memory->queue[at % MAX_QUEUE] = due << SLOT_BITS | slot;
    if (due < memory->next_due)
        memory->next_due = due;
}

/* The access takes place. */
static struct mem_resp perform(struct memory *memory, const struct pending *pending)
{
    const struct mem_req *req = &pending->req;
    struct mem_resp resp = {.tag = req->tag};
    bool poisoned = memory->poison_count && take_poison(memory, req->addr);
    if (poisoned || pending->error) {
        resp.error = 1;
        memory->stats.bus_errors++;
        return resp;
    }
    resp.data = phys_mem_read64(memory->phys, req->addr);
    if (req->exchange) {
        resp.exchanged = resp.data == req->expected;
        if (resp.exchanged)
            phys_mem_write64(memory->phys, req->addr, req->desired);
        memory->stats.exchanges++;
        memory->stats.exchange_failures += !resp.exchanged;
    }
    return resp;
}

/* Serves the request due first and offers the response. */
static __attribute__((noinline)) void serve(struct memory *memory)
{
    unsigned slot = (unsigned)(memory->queue[memory->head++ % MAX_QUEUE] % MAX_QUEUE);
    memory->queued--;
    memory->next_due = memory->queued ? memory->queue[memory->head % MAX_QUEUE] >> SLOT_BITS : UINT64_MAX;
    memory->free_slots |= 1ull << slot;
    memory->offered = true;
    memory->response = perform(memory, &memory->slots[slot]);
    if (memory->listener.served)
        memory->listener.served(memory->listener.self, memory->cycle, &memory->slots[slot].req,
                                &memory->response);
}

void memory_step(struct memory *memory, const struct mem_req *req, bool response_taken)
{
    if (req)
        enqueue(memory, req);
    memory->cycle++;
    if (response_taken)
        memory->offered = false;
    if (!memory->offered && memory->next_due <= memory->cycle)
        serve(memory);
}

uint64_t memory_idle_cycles(const struct memory *memory)
{
    if (memory->offered)
        return 0;
    if (!memory->queued)
        return UINT64_MAX;
    return memory->next_due > memory->cycle ? memory->next_due - memory->cycle - 1 : 0;
}

void memory_skip(struct memory *memory, uint64_t cycles)
{
    memory->cycle += cycles;
}
