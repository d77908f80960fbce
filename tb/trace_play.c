/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a trace: as many accesses per cycle as the ports take, in program
 * order on each port; a load or store is offered once the fetches before it
 * in the trace have been accepted. Works on blocks, so that the part that runs
 * in every cycle is small.
 *
 * Where a block begins with a change of the program's mappings that takes pages
 * away, it waits until all accesses before are answered: a write of PKRU that
 * changes nothing completes then. Then come the writes of the page tables and
 * the operations that invalidate.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench_params.h"
#include "prologue.h"
#include "stimulus.h"
#include "trace_map.h"

enum { MOST_OPS = TRACE_MAP_MOST_OPS };
_Static_assert(PROLOGUE_MAX_OPS <= (int)MOST_OPS, "room for the prologue");

/* Accesses in program order, not offered yet. */
struct lane {
    const struct trace_access *next, *end;
};

struct trace_player {
    struct lane data, fetch;
    uint8_t held; /* ports whose offer was not accepted yet */
    bool ended;   /* all blocks are in the lanes */
    bool failed;
    bool in_order;    /* accesses of the block have fetches to wait for */
    bool straight;    /* nothing but ports limits what is offered: no fetches, nothing held, no bound */
    bool op_accepted; /* an operation of the prologue runs */
    unsigned data_ports;
    unsigned prologue_left;
    uint64_t in_flight; /* offered and not answered; means something where there is a bound */
    uint64_t most_in_flight;
    uint32_t fetched;                     /* fetches accepted, modulo 2^32 */
    uint32_t fetches_read;                /* modulo 2^32 */
    struct access_req req[MMU_MAX_PORTS]; /* held */
    const struct op_req *prologue_next;
    struct op_req prologue[MOST_OPS];
    struct trace_reader *reader;
    struct trace_map *map; /* NULL: runs over an image */
    uint64_t accesses_left;
    ssize_t read_ahead; /* accesses in `block` that are not in the lanes yet */
    size_t changing;    /* as many accesses of `block` wait for a change of mappings; 0: none do */
    bool quiet;         /* all accesses before it are answered */
    struct trace_access block[TRACE_BLOCK], fetch_block[TRACE_BLOCK];
};

/*
 * Moves the fetches of a block to a block of their own. Every other access
 * remembers how many fetches come before it.
 */
static void split(struct trace_player *player, size_t count)
{
    struct trace_access *data = player->block, *fetch = player->fetch_block;
    uint32_t fetches = player->fetches_read;
    for (size_t i = 0; i < count; i++) {
        struct trace_access access = player->block[i];
        bool is_fetch = (access.attr & ATTR_KIND) == ACCESS_FETCH;
        access.fetches = fetches;
        *data = access;
        *fetch = access;
        data += !is_fetch;
        fetch += is_fetch;
        fetches += is_fetch;
    }
    player->fetches_read = fetches;
    player->data = (struct lane){.next = player->block, .end = data};
    player->fetch = (struct lane){.next = player->fetch_block, .end = fetch};
}

static bool has_fetch(const struct trace_access *accesses, size_t count)
{
    unsigned fetches = 0;
    for (size_t i = 0; i < count; i++)
        fetches |= (accesses[i].attr & ATTR_KIND) == ACCESS_FETCH;
    return fetches != 0;
}

/* Puts the block that was read, of `count` accesses, into the lanes, which are empty. */
static void play_block(struct trace_player *player, size_t count)
{
    const char *wrong = player->map ? trace_map_touch(player->map, player->block, count) : NULL;
    if (wrong) {
        fprintf(stderr, "%s: %s\n", player->reader->path, wrong);
        player->ended = true;
        player->failed = true;
        return;
    }
    player->in_order = has_fetch(player->block, count) || player->held & 1;
    player->straight = !player->in_order && player->most_in_flight == UINT64_MAX;
    if (player->in_order)
        split(player, count);
    else
        player->data = (struct lane){.next = player->block, .end = player->block + count};
}

/* Reads the next block into the lanes, which are empty, unless it has to wait. */
static void refill(struct trace_player *player)
{
    if (player->accesses_left == 0) {
        player->ended = true;
        return;
    }
    ssize_t got = player->read_ahead;
    player->read_ahead = 0;
    if (got == 0)
        got = trace_reader_read(player->reader, player->block, TRACE_BLOCK);
    if (got <= 0) {
        player->ended = true;
        player->failed = got < 0;
        return;
    }
    size_t count = (uint64_t)got < player->accesses_left ? (size_t)got : (size_t)player->accesses_left;
    player->accesses_left -= count;
    if (player->map &&
        trace_map_is_touched(player->map, player->reader->changes, player->reader->change_count))
        player->changing = count;
    else
        play_block(player, count);
}

/* Nothing is offered and no operation runs: the next step of a change. */
static void change_mappings(struct trace_player *player)
{
    player->prologue_next = player->prologue;
    if (!player->quiet) {
        player->prologue[0] = (struct op_req){.op = OP_WRITE_PKRU, .value = 0};
        player->prologue_left = 1;
        player->quiet = true;
        return;
    }
    player->prologue_left = trace_map_change(player->map, player->reader->changes,
                                             player->reader->change_count, player->prologue);
    player->quiet = false;
    play_block(player, player->changing);
    player->changing = 0;
    player->straight = false; /* the operations go first */
}

static void drive_prologue(struct trace_player *player, bool op_ready, struct stimulus_offer *offer)
{
    offer->req_valid = 0;
    offer->op_valid = !player->op_accepted;
    if (player->op_accepted)
        return;
    offer->op = *player->prologue_next;
    player->op_accepted = op_ready;
}

/* Offers again what was not accepted. */
static void offer_held(const struct trace_player *player, struct stimulus_offer *offer)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        if (player->held >> port & 1)
            offer->req[port] = player->req[port];
}

/* Keeps what is offered for the first time and not accepted. */
static void hold(struct trace_player *player, uint8_t held, const struct stimulus_offer *offer)
{
    for (unsigned port = 0; port < MMU_MAX_PORTS; port++)
        if ((held & ~player->held) >> port & 1)
            player->req[port] = offer->req[port];
    player->held = held;
}

static __attribute__((noinline)) void drive_any(struct trace_player *player, uint8_t ready, bool op_ready,
                                                struct stimulus_offer *offer)
{
    if (player->changing > 0 && player->prologue_left == 0 && !player->held)
        change_mappings(player);
    if (player->prologue_left > 0) {
        drive_prologue(player, op_ready, offer);
        return;
    }
    if (player->data.next == player->data.end && player->fetch.next == player->fetch.end && !player->ended &&
        player->changing == 0)
        refill(player);
    uint8_t valid = player->held;
    if (valid)
        offer_held(player, offer);
    const struct trace_access *next = player->data.next, *end = player->data.end;
    for (unsigned port = 1; port <= player->data_ports; port++) {
        if (valid >> port & 1)
            continue;
        if (next == end || (player->in_order && (int32_t)(player->fetched - next->fetches) < 0) ||
            player->in_flight >= player->most_in_flight)
            break;
        player->in_flight++;
        offer->req[port].va = next->va;
        offer->req[port].attr = next->attr;
        valid |= (uint8_t)(1u << port);
        next++;
    }
    player->data.next = next;
    if (!(valid & 1) && player->fetch.next != player->fetch.end &&
        player->in_flight < player->most_in_flight) {
        player->in_flight++;
        offer->req[MMU_PORT_FETCH].va = player->fetch.next->va;
        offer->req[MMU_PORT_FETCH].attr = player->fetch.next->attr;
        valid |= 1;
        player->fetch.next++;
    }
    offer->req_valid = valid;
    offer->op_valid = 0;
    uint8_t held = valid & (uint8_t)~ready;
    if (held != player->held)
        hold(player, held, offer);
    player->fetched += valid & ready & 1;
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct trace_player *player = self;
    const struct trace_access *next = player->data.next;
    (void)cycle;
    if (!player->straight || player->held || player->data.end - next < (ptrdiff_t)player->data_ports) {
        drive_any(player, ready, op_ready, offer);
        return;
    }
    /* The usual case: a load or store for each data port. */
    uint8_t valid = 0;
    for (unsigned port = 1; port <= player->data_ports; port++) {
        offer->req[port].va = next->va;
        offer->req[port].attr = next->attr;
        valid |= (uint8_t)(1u << port);
        next++;
    }
    player->data.next = next;
    offer->req_valid = valid;
    offer->op_valid = 0;
    uint8_t held = valid & (uint8_t)~ready;
    if (held)
        hold(player, held, offer);
}

static void answered(void *self, const struct access_result *result)
{
    struct trace_player *player = self;
    (void)result;
    player->in_flight--;
}

static void op_done(void *self, uint64_t cycle)
{
    struct trace_player *player = self;
    (void)cycle;
    player->prologue_next++;
    player->prologue_left--;
    player->op_accepted = false;
}

static bool finished(void *self)
{
    const struct trace_player *player = self;
    return player->ended && !player->held && player->fetch.next == player->fetch.end &&
           player->data.next == player->data.end;
}

/* While something is held, only its acceptance changes what is offered, or a new block. */
static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct trace_player *player = self;
    bool block_used = player->data.next == player->data.end && player->fetch.next == player->fetch.end;
    bool waits =
        (player->held && (player->ended || !block_used)) || player->in_flight >= player->most_in_flight;
    return player->op_accepted || waits || finished(self) ? UINT64_MAX : cycle;
}

static uint64_t failures(void *self)
{
    const struct trace_player *player = self;
    return player->failed ? UINT64_MAX : 0;
}

static void destroy(void *self)
{
    struct trace_player *player = self;
    trace_reader_close(player->reader);
    trace_map_destroy(player->map);
    free(player);
}

static int give_up(struct trace_player *player)
{
    destroy(player);
    return -1;
}

int trace_open(const char *path, const struct stimulus_env *env, struct stimulus *out)
{
    struct trace_reader *reader = trace_reader_open(path);
    return reader ? trace_play(reader, env, out) : -1;
}

int trace_play(struct trace_reader *reader, const struct stimulus_env *env, struct stimulus *out)
{
    struct trace_player *player = calloc(1, sizeof(*player));
    if (!player) {
        fprintf(stderr, "%s: out of memory\n", reader->path);
        trace_reader_close(reader);
        return -1;
    }
    player->reader = reader;
    /* what is no trace at all shows in the first block */
    player->read_ahead = trace_reader_read(player->reader, player->block, TRACE_BLOCK);
    if (player->read_ahead < 0)
        return give_up(player);
    if (!env->image) {
        player->map = trace_map_create(env, player->reader);
        if (!player->map) {
            fprintf(stderr, "%s: out of memory\n", reader->path);
            return give_up(player);
        }
        player->prologue[0] = (struct op_req){.op = OP_WRITE_CR3, .value = trace_map_root(player->map)};
        player->prologue_left = 1;
        if (player->reader->has_mappings) /* of which some are not executable */
            player->prologue[player->prologue_left++] =
                (struct op_req){.op = OP_WRITE_EFER, .value = EFER_NXE};
    } else {
        player->prologue_left = prologue_of_image(env->image, player->prologue);
    }
    player->prologue_next = player->prologue;
    player->data_ports = env->params->mmu.data_ports;
    player->accesses_left = env->max_accesses;
    player->most_in_flight = env->bench->trace.in_flight ? env->bench->trace.in_flight : UINT64_MAX;
    *out = (struct stimulus){
        .self = player,
        .drive = drive,
        .answered = env->bench->trace.in_flight ? answered : NULL,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .failures = failures,
        .destroy = destroy,
    };
    return 0;
}
