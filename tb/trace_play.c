/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays a trace: as many accesses per cycle as the ports take, in program
 * order on each port; a load or store is offered once the fetches before it
 * in the trace have been accepted. Works on blocks, so that the part that runs
 * in every cycle is small.
 */
#include <stdio.h>
#include <stdlib.h>

#include "prologue.h"
#include "stimulus.h"
#include "trace_map.h"

struct lane {
    uint64_t va[TRACE_BLOCK];
    uint8_t attr[TRACE_BLOCK];
    unsigned next, count;
};

struct trace_player {
    struct access_req req[MMU_MAX_PORTS]; /* offered */
    uint8_t held;                         /* ports whose offer was not accepted yet */
    unsigned data_ports;
    uint32_t fetched;            /* fetches accepted, modulo 2^32 */
    uint32_t after[TRACE_BLOCK]; /* by access of `data`: fetches that come before it */
    uint32_t fetches_read;       /* modulo 2^32 */
    bool ended;                  /* all blocks are in the lanes */
    bool op_accepted;            /* an operation of the prologue runs */
    struct lane fetch, data;
    struct op_req prologue[PROLOGUE_MAX_OPS];
    unsigned prologue_next, prologue_count;
    struct trace_reader *reader;
    struct trace_map *map; /* NULL: runs over an image */
    uint64_t accesses_left;
    bool failed;
    struct trace_access block[TRACE_BLOCK];
};

static void fail(struct trace_player *player)
{
    player->failed = true;
    player->ended = true;
}

/* Reads the next block into the lanes, which are empty. */
static void refill(struct trace_player *player)
{
    player->fetch.next = player->fetch.count = 0;
    player->data.next = player->data.count = 0;
    if (player->accesses_left == 0) {
        player->ended = true;
        return;
    }
    ssize_t got = trace_reader_read(player->reader, player->block, TRACE_BLOCK);
    if (got <= 0) {
        player->ended = true;
        player->failed = got < 0;
        return;
    }
    size_t count = (uint64_t)got < player->accesses_left ? (size_t)got : (size_t)player->accesses_left;
    player->accesses_left -= count;
    const char *wrong = player->map ? trace_map_touch(player->map, player->block, count) : NULL;
    if (wrong) {
        fprintf(stderr, "%s: %s\n", player->reader->path, wrong);
        fail(player);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_fetch = (player->block[i].attr & ATTR_KIND) == ACCESS_FETCH;
        struct lane *lane = is_fetch ? &player->fetch : &player->data;
        player->after[player->data.count] = player->fetches_read;
        lane->va[lane->count] = player->block[i].va;
        lane->attr[lane->count] = player->block[i].attr;
        lane->count++;
        player->fetches_read += is_fetch;
    }
}

static void take(struct lane *lane, struct access_req *req)
{
    req->va = lane->va[lane->next];
    req->attr = lane->attr[lane->next];
    lane->next++;
}

static void drive_prologue(struct trace_player *player, bool op_ready, struct stimulus_offer *offer)
{
    if (player->op_accepted)
        return;
    offer->op = player->prologue[player->prologue_next];
    offer->op_valid = 1;
    player->op_accepted = op_ready;
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct trace_player *player = self;
    (void)cycle;
    offer->req_valid = 0;
    offer->op_valid = 0;
    if (player->prologue_next < player->prologue_count) {
        drive_prologue(player, op_ready, offer);
        return;
    }
    if (player->fetch.next == player->fetch.count && player->data.next == player->data.count &&
        !player->ended)
        refill(player);
    uint8_t valid = player->held;
    for (unsigned port = 1; port <= player->data_ports; port++) {
        if (valid >> port & 1)
            continue;
        if (player->data.next == player->data.count ||
            (int32_t)(player->fetched - player->after[player->data.next]) < 0)
            break;
        take(&player->data, &player->req[port]);
        valid |= (uint8_t)(1u << port);
    }
    if (!(valid & 1) && player->fetch.next < player->fetch.count) {
        take(&player->fetch, &player->req[MMU_PORT_FETCH]);
        valid |= 1;
    }
    for (unsigned port = 0; port <= player->data_ports; port++)
        if (valid >> port & 1)
            offer->req[port] = player->req[port];
    offer->req_valid = valid;
    player->held = valid & (uint8_t)~ready;
    player->fetched += valid & ready & 1;
}

static void answered(void *self, const struct access_result *result)
{
    (void)self;
    (void)result;
}

static void op_done(void *self, uint64_t cycle)
{
    struct trace_player *player = self;
    (void)cycle;
    player->prologue_next++;
    player->op_accepted = false;
}

static bool finished(void *self)
{
    const struct trace_player *player = self;
    return player->ended && !player->held && player->fetch.next == player->fetch.count &&
           player->data.next == player->data.count;
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    const struct trace_player *player = self;
    return player->op_accepted || finished(self) ? UINT64_MAX : cycle;
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

int trace_open(const char *path, const struct stimulus_env *env, struct stimulus *out)
{
    struct trace_reader *reader = trace_reader_open(path);
    if (!reader)
        return -1;
    struct trace_player *player = calloc(1, sizeof(*player));
    struct trace_map *map = env->image ? NULL : trace_map_create(env);
    if (!player || (!env->image && !map)) {
        fprintf(stderr, "%s: out of memory\n", path);
        trace_reader_close(reader);
        trace_map_destroy(map);
        free(player);
        return -1;
    }
    player->reader = reader;
    player->map = map;
    player->data_ports = env->params->mmu.data_ports;
    player->accesses_left = env->max_accesses;
    if (map) {
        player->prologue[0] = (struct op_req){.op = OP_WRITE_CR3, .value = trace_map_root(map)};
        player->prologue_count = 1;
    } else {
        player->prologue_count = prologue_of_image(env->image, player->prologue);
    }
    *out = (struct stimulus){
        .self = player,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
        .failures = failures,
        .destroy = destroy,
    };
    return 0;
}
