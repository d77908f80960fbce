/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The C model under a random load: every access is answered once, skipped
 * cycles are like stepped ones, statistics add up, nothing is allocated.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mmu_rig.h"
#include "mmu_state.h"
#include "random_source.h"

enum { DATA_PORTS = 2, PORTS = 1 + DATA_PORTS, CYCLES = 60000, TABLES = 7, DRAIN_LIMIT = 5000 };

static uint64_t allocations;

#ifndef __SANITIZE_ADDRESS__ /* which has an allocator of its own */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}
#endif

struct load {
    struct mmu_rig rig;
    struct random_source random;
    bool issuing;                  /* accesses and operations are offered */
    uint64_t open[MMU_MAX_PORTS];  /* tags under way, a bit each */
    uint8_t fetch_order[MMU_TAGS]; /* tags of fetches, oldest first */
    unsigned fetches_open;
    uint64_t accepted[3], faults[4]; /* by enum access_kind, by enum fault_kind */
    uint64_t answered, operations;
};

/*
 * The root table at RIG_ROOT and those it leads to, a few entries used in each:
 * 4 KiB pages, a 2 MiB and a 1 GiB page, in both halves of the address space.
 */
static void build_tables(struct load *load)
{
    struct mmu_rig *rig = &load->rig;
    for (uint64_t i = 0; i < 2; i++) {
        *rig_word(rig, 0x1000 + 8 * 256 * i) = (0x2000 + 0x1000 * i) | RIG_TABLE;
        *rig_word(rig, 0x2000 + 0x1000 * i) = (0x4000 + 0x1000 * i) | RIG_TABLE | (i ? ENTRY_NX : 0);
        *rig_word(rig, 0x2008 + 0x1000 * i) = 0x40000000 | RIG_TABLE | ENTRY_PS | (i ? ENTRY_G : 0);
        *rig_word(rig, 0x4000 + 0x1000 * i) = (0x6000 + 0x1000 * i) | RIG_TABLE;
        *rig_word(rig, 0x4008 + 0x1000 * i) = 0x600000 | RIG_TABLE | ENTRY_PS | (i ? ENTRY_G : 0);
        for (uint64_t page = 0; page < 6; page++)
            *rig_word(rig, 0x6000 + 0x1000 * i + 8 * page) = (0x10000 + 0x1000 * page) | RIG_TABLE |
                                                             (page == 4 ? ENTRY_G : 0) |
                                                             (page == 5 ? 3ull << 59 : 0);
    }
}

static uint64_t random_va(struct random_source *random)
{
    return (random_chance(random, 300) ? 0xffff800000000000 : 0) |
           (random_chance(random, 5) ? 1ull << 62 : 0) | (uint64_t)random_chance(random, 100) << 30 |
           (uint64_t)random_chance(random, 100) << 21 | random_below(random, 6) << 12 |
           random_below(random, 4096);
}

static void random_access(struct load *load, unsigned port)
{
    static const uint8_t modes[] = {0, ATTR_USER, ATTR_USER, ATTR_IMPLICIT, ATTR_AC, 0};
    uint8_t tag = (uint8_t)random_below(&load->random, MMU_TAGS);
    uint8_t mode = modes[random_below(&load->random, 6)];
    uint8_t kind = mode != ATTR_IMPLICIT && random_chance(&load->random, 300) ? ACCESS_WRITE : ACCESS_READ;
    if (load->open[port] >> tag & 1)
        return;
    if (port == MMU_PORT_FETCH) {
        kind = ACCESS_FETCH;
        mode &= ATTR_USER;
    }
    load->rig.in.req_valid |= (uint8_t)(1u << port);
    load->rig.in.req[port] =
        (struct access_req){.va = random_va(&load->random), .attr = kind | mode, .tag = tag};
}

static struct op_req random_operation(struct random_source *random)
{
    struct op_req op = {.va = random_va(random), .pcid = (uint16_t)random_below(random, 3)};
    op.op = (uint8_t)random_below(random, OP_COUNT);
    switch (op.op) {
    case OP_WRITE_CR0:
        op.value = CR0_PG | (random_chance(random, 500) ? CR0_WP : 0);
        break;
    case OP_WRITE_CR3:
        op.value = RIG_ROOT | random_below(random, 3) | (random_chance(random, 500) ? CR3_NO_FLUSH : 0);
        break;
    case OP_WRITE_CR4:
        op.value = CR4_PCIDE | (random_chance(random, 700) ? CR4_PGE : 0) |
                   (random_chance(random, 500) ? CR4_SMAP | CR4_PKE : 0);
        break;
    case OP_WRITE_EFER:
        op.value = random_chance(random, 500) ? EFER_NXE : 0;
        break;
    default:
        op.value = (uint64_t)random_below(random, 4) << (op.op == OP_INVPCID ? 0 : 6);
    }
    return op;
}

/* Walks fault, write A and D, lose an exchange. */
static void change_an_entry(struct load *load)
{
    static const uint64_t bits[] = {ENTRY_P, ENTRY_A, ENTRY_D, ENTRY_RW, ENTRY_US};
    uint64_t table = 0x1000 + 0x1000 * (uint64_t)random_below(&load->random, TABLES);
    uint64_t *word = rig_word(&load->rig, table + 8 * random_below(&load->random, 6));
    uint64_t bit = bits[random_below(&load->random, 5)];
    bool clear = bit == ENTRY_A || bit == ENTRY_D || random_chance(&load->random, 15);
    if (*word)
        *word = clear ? *word & ~bit : *word | bit;
}

static void take_answers(struct load *load)
{
    const struct mmu_out *out = mmu_outputs(load->rig.mmu);
    for (unsigned port = 0; port < PORTS; port++) {
        const struct response *resp = &out->resp[port];
        if (!(out->resp_valid >> port & 1))
            continue;
        assert_true(load->open[port] >> resp->tag & 1);
        load->open[port] &= ~(1ull << resp->tag);
        load->answered++;
        load->faults[resp->fault]++;
        if (port == MMU_PORT_FETCH) {
            assert_int_equal(resp->tag, load->fetch_order[0]);
            memmove(load->fetch_order, load->fetch_order + 1, --load->fetches_open);
        }
    }
}

/* One cycle of load: inputs, answers, clock edge. */
static void load_cycle(struct load *load)
{
    struct mmu_rig *rig = &load->rig;
    const struct mmu_out *out = mmu_outputs(rig->mmu);
    take_answers(load);
    for (unsigned port = 0; load->issuing && port < PORTS; port++)
        if (random_chance(&load->random, 300))
            random_access(load, port);
    if (load->issuing && random_chance(&load->random, 10)) {
        rig->in.op_valid = 1;
        rig->in.op = random_operation(&load->random);
    }
    if (random_chance(&load->random, 20))
        change_an_entry(load);
    rig->latency = 1 + random_below(&load->random, 6);
    rig->poisoned = random_chance(&load->random, 20) ? 0x4000 : 0;
    rig->stalled = random_chance(&load->random, 200) && rig->offered == RIG_NOTHING;
    load->operations += rig->in.op_valid && out->op_ready;
    for (unsigned port = 0; port < PORTS; port++)
        if ((rig->in.req_valid & out->req_ready) >> port & 1) {
            load->open[port] |= 1ull << rig->in.req[port].tag;
            load->accepted[rig->in.req[port].attr & ATTR_KIND]++;
            if (port == MMU_PORT_FETCH)
                load->fetch_order[load->fetches_open++] = rig->in.req[port].tag;
        }
    rig_step(rig);
}

static struct mmu_params small_params(void)
{
    struct mmu_params params;
    mmu_params_default(&params);
    params.mmu.data_ports = DATA_PORTS;
    params.mmu.miss_queue = 8;
    params.walker.count = 2;
    params.l1d.sets_4k = 1;
    params.l1d.ways_4k = 3;
    params.l2.sets = 2;
    params.l2.ways = 2;
    return params;
}

static void begin(struct load *load, uint64_t seed, bool twin)
{
    const struct mmu_params params = small_params();
    *load = (struct load){.issuing = true};
    random_seed(&load->random, seed);
    rig_init(&load->rig, &params, 1);
    if (twin)
        load->rig.twin = mmu_create(&params);
    build_tables(load);
    load->rig.in.op_valid = 1;
    load->rig.in.op = (struct op_req){.op = OP_WRITE_CR3, .value = RIG_ROOT};
    load->operations++;
    rig_step(&load->rig);
}

/* No more accesses: until all are answered and the operation under way is complete. */
static void drain(struct load *load)
{
    load->issuing = false;
    for (unsigned i = 0; i < DRAIN_LIMIT; i++)
        load_cycle(load);
    take_answers(load);
    for (unsigned port = 0; port < PORTS; port++)
        assert_int_equal(load->open[port], 0);
}

static uint64_t sum(const uint64_t *counts, unsigned n)
{
    return n ? counts[0] + sum(counts + 1, n - 1) : 0;
}

static void statistics_add_up(void **state)
{
    (void)state;
    struct load load;
    begin(&load, 1, false);
    for (unsigned i = 0; i < CYCLES; i++)
        load_cycle(&load);
    drain(&load);

    const struct mmu_stats *s = mmu_statistics(load.rig.mmu);
    uint64_t accesses = sum(load.accepted, 3);
    uint64_t l1i = s->l1i_misses + s->l1i_denied + s->l1i_not_dirty;
    uint64_t l1d = s->l1d_misses + s->l1d_denied + s->l1d_not_dirty;
    assert_true(accesses > CYCLES / 10);
    assert_int_equal(load.answered, accesses);
    assert_int_equal(s->mmu_cycles, mmu_cycle(load.rig.mmu));
    assert_int_equal(s->mmu_reads, load.accepted[ACCESS_READ]);
    assert_int_equal(s->mmu_writes, load.accepted[ACCESS_WRITE]);
    assert_int_equal(s->mmu_fetches, load.accepted[ACCESS_FETCH]);
    assert_int_equal(s->mmu_page_faults, load.faults[FAULT_PAGE]);
    assert_int_equal(s->mmu_non_canonical, load.faults[FAULT_NON_CANONICAL]);
    assert_int_equal(s->mmu_machine_checks, load.faults[FAULT_MACHINE_CHECK]);
    assert_int_equal(sum(s->l1i_hits, 3) + l1i + sum(s->l1d_hits, 3) + l1d + s->mmu_non_canonical, accesses);
    assert_int_equal(s->miss_queue_allocations, l1i + l1d);
    assert_int_equal(s->miss_queue_peak, 8);

    uint64_t results = sum(s->walker_translations, 3) + s->walker_faults + s->walker_machine_checks;
    assert_int_equal(s->walker_walks, results + s->walker_overtaken);
    assert_int_equal(sum(s->walker_latency, STAT_BUCKETS), results);
    assert_true(s->walker_reads + s->walker_exchanges <= load.rig.requests);
    assert_true(sum(s->walk_cache_hits, 4) + s->walk_cache_misses <= s->walker_walks);
    assert_true(sum(s->l1d_fills, 3) >= sum(s->l1d_evictions, 3) + sum(s->l1d_invalidations, 3));
    assert_true(sum(s->l2_fills, 3) >= sum(s->l2_evictions, 3) + sum(s->l2_invalidations, 3));
    assert_int_equal(s->control_register_writes + s->control_invlpg + s->control_invpcid, load.operations);
    assert_int_equal(sum(s->control_latency, STAT_BUCKETS), load.operations);

    /* The load was worth its name. */
    assert_true(s->miss_queue_merges && s->miss_queue_merges_refused && s->miss_queue_restarts);
    assert_true(s->walker_exchanges_lost && s->walker_confirmations && s->walker_overtaken);
    assert_true(sum(s->l2_hits, 3) && s->l2_denied && s->l2_not_dirty && s->control_fault_drops);
    rig_free(&load.rig);
}

static void expect_same_outputs(const struct mmu_out *a, const struct mmu_out *b)
{
    assert_int_equal(a->req_ready, b->req_ready);
    assert_int_equal(a->resp_valid, b->resp_valid);
    assert_int_equal(a->op_ready, b->op_ready);
    assert_int_equal(a->op_done, b->op_done);
    assert_int_equal(a->mem_req_valid, b->mem_req_valid);
    assert_int_equal(a->mem_resp_ready, b->mem_resp_ready);
    if (a->mem_req_valid)
        assert_memory_equal(&a->mem_req, &b->mem_req, sizeof a->mem_req);
    for (unsigned port = 0; port < PORTS; port++)
        if (a->resp_valid >> port & 1)
            assert_memory_equal(&a->resp[port], &b->resp[port], sizeof a->resp[port]);
}

static void expect_same_array(const struct tlb_array *a, const struct tlb_array *b)
{
    assert_int_equal(a->digest, b->digest);
    assert_int_equal(a->lfsr, b->lfsr);
    for (uint32_t entry = 0; entry < a->sets * a->ways; entry++)
        assert_int_equal(tlb_array_valid(a, entry), tlb_array_valid(b, entry));
    assert_memory_equal(a->replacement_state, b->replacement_state,
                        (size_t)a->sets * a->replacement.state_bytes);
}

/* The arrays of the small configuration in turn, then NULL. */
static const struct tlb_array *array_of(const struct mmu *m, unsigned which)
{
    const struct tlb_array *const arrays[] = {
#define TLB_ARRAY(block, name, rtl, model) &(model),
#define P_L1iWays2m                        1
#define P_L1dWays2m                        1
#define P_L1dWays1g                        1
#define P_L2Ways1g                         1
#define P_WcWaysPde                        1
#define P_WcWaysPdpte                      1
#define P_WcWaysPml4e                      1
#define P_WcWaysPml5e                      1
#include "signals.def"
        NULL};
    return arrays[which];
}

/* Every register that the lockstep compares. */
static void expect_same_state(const struct mmu *a, const struct mmu *b)
{
    const struct mmu *const both[2] = {a, b};
    uint64_t mixed[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        const struct mmu *m = both[i];
#define SIGNAL(block, name, decode, rtl, model) mixed[i] = random_mix(mixed[i] ^ (model));
#define ELEMENTS(block, name, decode, rtl, model)                                                            \
    for (size_t n = 0; n < sizeof(model) / sizeof *(model); n++)                                             \
        mixed[i] = random_mix(mixed[i] ^ (model)[n]);
#include "signals.def"
    }
    assert_int_equal(mixed[0], mixed[1]);
    for (unsigned i = 0; array_of(a, i); i++)
        expect_same_array(array_of(a, i), array_of(b, i));
}

/* One model steps through inactive cycles, the other one passes over them: no output and no register differs.
 */
static void skipped_cycles_are_like_stepped_ones(void **state)
{
    static const struct mmu_in inactive;
    unsigned limited = 0, unlimited = 0;
    struct load load;

    (void)state;
    begin(&load, 2, true);
    for (unsigned i = 0; i < CYCLES; i++) {
        struct mmu *stepped = load.rig.mmu, *skipped = load.rig.twin;
        load.issuing = i / 100 % 3 != 0;
        uint64_t idle = mmu_idle_cycles(stepped);
        assert_int_equal(mmu_idle_cycles(skipped), idle);
        uint64_t wanted = random_below(&load.random, 12), pass = idle < wanted ? idle : wanted;
        limited += pass && idle != UINT64_MAX;
        unlimited += pass && idle == UINT64_MAX;
        uint64_t first_part = random_below(&load.random, (uint32_t)pass + 1);
        mmu_skip(skipped, first_part);
        mmu_skip(skipped, pass - first_part);
        for (uint64_t n = 0; n < pass; n++) {
            mmu_step(stepped, &inactive);
            expect_same_outputs(mmu_outputs(stepped), mmu_outputs(skipped));
        }
        assert_int_equal(mmu_cycle(stepped), mmu_cycle(skipped));
        if (pass)
            expect_same_state(stepped, skipped);
        load_cycle(&load);
        expect_same_outputs(mmu_outputs(stepped), mmu_outputs(skipped));
    }
    assert_true(limited > CYCLES / 100);
    assert_true(unlimited > CYCLES / 100);
    drain(&load);
    expect_same_state(load.rig.mmu, load.rig.twin);
    assert_memory_equal(mmu_statistics(load.rig.mmu), mmu_statistics(load.rig.twin),
                        sizeof(struct mmu_stats));
    rig_free(&load.rig);
}

/* Nothing is allocated but by mmu_create. */
static void no_allocation_in_a_step(void **state)
{
    struct load load;

    (void)state;
    begin(&load, 3, false);
    uint64_t before = allocations;
#ifndef __SANITIZE_ADDRESS__
    assert_true(before > 0);
#endif
    for (unsigned i = 0; i < CYCLES; i++)
        load_cycle(&load);
    assert_int_equal(allocations, before);
    rig_free(&load.rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_add_up),
        cmocka_unit_test(skipped_cycles_are_like_stepped_ones),
        cmocka_unit_test(no_allocation_in_a_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
