/* SPDX-License-Identifier: Apache-2.0 */
/* The random stimulus against the model, through a spy that sees every offer and answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bench_loop.h"
#include "bench_params.h"
#include "image.h"
#include "random_gaps.h"
#include "random_stimulus.h"

enum { CYCLES = 200000 };

struct spy {
    struct stimulus inner;
    uint64_t hash;
    bool skipping; /* cycles in which nothing is due may be left out */
    uint64_t drives;
    uint64_t ops[OP_COUNT], invpcid[4], no_flush, la57_changes;
    uint64_t kinds[3], modes[3], answers[64], error_bits, offers_after_end;
    uint64_t cr3, cr4;
    bool levels_set;
    struct stimulus_offer held;
};

static void mix(struct spy *spy, uint64_t value)
{
    spy->hash = random_mix(spy->hash ^ value);
}

static void check_op(struct spy *spy, const struct op_req *op)
{
    bool pcide = spy->cr4 & CR4_PCIDE;

    assert_in_range(op->op, 0, OP_COUNT - 1);
    spy->ops[op->op]++;
    switch (op->op) {
    case OP_WRITE_CR0:
        assert_true(op->value & CR0_PG);
        break;
    case OP_WRITE_CR3:
        assert_true(pcide || !(op->value & CR3_NO_FLUSH));
        spy->no_flush += op->value >> 63;
        spy->cr3 = op->value & ~CR3_NO_FLUSH;
        break;
    case OP_WRITE_CR4:
        if (!pcide && (op->value & CR4_PCIDE))
            assert_int_equal(spy->cr3 & 0xfff, 0); /* else #GP */
        if (spy->levels_set && ((op->value ^ spy->cr4) & CR4_LA57))
            spy->la57_changes++;
        spy->levels_set = true;
        spy->cr4 = op->value;
        break;
    case OP_INVPCID:
        assert_in_range(op->value, 0, 3);
        assert_true(op->pcid <= 0xfff && (pcide || op->pcid == 0));
        spy->invpcid[op->value]++;
        break;
    default:
        break;
    }
}

static void check_access(struct spy *spy, unsigned port, const struct access_req *req)
{
    unsigned kind = req->attr & ATTR_KIND;
    assert_in_range(kind, 0, ACCESS_FETCH);
    assert_int_equal(kind == ACCESS_FETCH, port == MMU_PORT_FETCH);
    if (req->attr & ATTR_IMPLICIT)
        assert_int_equal(req->attr & (ATTR_KIND | ATTR_USER), ACCESS_READ);
    spy->kinds[kind]++;
    spy->modes[req->attr & ATTR_USER ? 0 : req->attr & ATTR_IMPLICIT ? 1 : 2]++;
}

static void drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready, struct stimulus_offer *offer)
{
    struct spy *spy = self;
    spy->drives++;
    spy->inner.drive(spy->inner.self, cycle, ready, op_ready, offer);

    assert_int_equal(spy->held.req_valid & ~offer->req_valid, 0);
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        const struct access_req *req = &offer->req[p];
        if (spy->held.req_valid >> p & 1)
            assert_true(spy->held.req[p].va == req->va && spy->held.req[p].attr == req->attr);
        if (offer->req_valid & ready & 1u << p) {
            check_access(spy, p, req);
            mix(spy, cycle);
            mix(spy, req->va ^ (uint64_t)req->attr << 56 ^ p);
        }
    }
    if (spy->held.op_valid)
        assert_true(offer->op_valid && offer->op.op == spy->held.op.op &&
                    offer->op.value == spy->held.op.value && offer->op.va == spy->held.op.va);
    if (offer->op_valid && op_ready) {
        check_op(spy, &offer->op);
        mix(spy, cycle ^ (uint64_t)offer->op.op << 56);
        mix(spy, offer->op.value ^ offer->op.va ^ offer->op.pcid);
    }
    spy->held = *offer;
    spy->held.req_valid &= (uint8_t)~ready;
    spy->held.op_valid = offer->op_valid && !op_ready;
}

static void answered(void *self, const struct access_result *result)
{
    struct spy *spy = self;
    const struct response *response = &result->response;
    mix(spy, result->answer_cycle);
    mix(spy, response->pa ^ response->fault ^ (uint64_t)response->error_code << 8);
    spy->answers[response->source | response->size << 2 | response->fault << 4]++;
    spy->error_bits |= response->error_code;
    spy->inner.answered(spy->inner.self, result);
}

static void op_done(void *self, uint64_t cycle)
{
    struct spy *spy = self;
    spy->inner.op_done(spy->inner.self, cycle);
}

static uint64_t next_cycle(void *self, uint64_t cycle)
{
    struct spy *spy = self;
    return spy->skipping ? spy->inner.next_cycle(spy->inner.self, cycle) : cycle;
}

static bool finished(void *self)
{
    struct spy *spy = self;
    return spy->inner.finished(spy->inner.self);
}

/* What a run is made of; changed by a test before run(). */
struct setting {
    struct mmu_params params;
    struct bench_params bench;
    const char *image;
    uint64_t seed, cycles, accesses;
    bool walk_every_cycle;
};

struct outcome {
    struct spy spy;
    struct random_counts counts;
    uint64_t cycles, accepted;
};

static struct setting usual(uint64_t seed)
{
    struct setting setting = {.seed = seed, .cycles = CYCLES, .accesses = UINT64_MAX};
    mmu_params_default(&setting.params);
    bench_params_default(&setting.bench);
    setting.bench.memory.dram_latency = 40;
    return setting;
}

static struct outcome *run(const struct setting *setting)
{
    struct outcome *outcome = calloc(1, sizeof(*outcome));
    struct bench_loop *loop = calloc(1, sizeof(*loop));
    struct phys_mem *phys = phys_mem_create();
    struct image *image = setting->image ? image_open(setting->image, phys) : NULL;
    assert_true(outcome && loop && phys && (image || !setting->image));
    loop->memory = memory_create(&setting->bench, phys, setting->seed);
    loop->mmu = mmu_create(&setting->params);
    const struct stimulus_env env = {
        .params = &setting->params,
        .bench = &setting->bench,
        .phys = phys,
        .memory = loop->memory,
        .image = image,
        .seed = setting->seed,
        .max_accesses = setting->accesses,
    };
    assert_int_equal(random_open(&env, &outcome->spy.inner), 0);
    outcome->spy.skipping = !setting->walk_every_cycle;
    loop->stimulus = (struct stimulus){
        .self = &outcome->spy,
        .drive = drive,
        .answered = answered,
        .op_done = op_done,
        .next_cycle = next_cycle,
        .finished = finished,
    };
    loop->cycle_limit = setting->cycles;
    loop->hang_limit = 1000000;
    bench_loop_start(loop);
    assert_int_equal(bench_loop_run(loop), OUTCOME_DONE);
    outcome->counts = random_counts(&outcome->spy.inner);
    outcome->cycles = loop->cycle;
    outcome->accepted = loop->counts.accepted;

    outcome->spy.inner.destroy(outcome->spy.inner.self);
    mmu_destroy(loop->mmu);
    memory_destroy(loop->memory);
    phys_mem_destroy(phys);
    if (image)
        image_close(image);
    free(loop);
    return outcome;
}

static uint64_t hash_of(const struct setting *setting)
{
    struct outcome *outcome = run(setting);
    uint64_t hash = outcome->spy.hash;
    free(outcome);
    return hash;
}

static void test_same_seed_same_run(void **state)
{
    (void)state;
    struct setting a = usual(5), b = usual(6);
    a.cycles = b.cycles = 50000;
    uint64_t first = hash_of(&a);
    assert_true(first == hash_of(&a));
    assert_true(first != hash_of(&b));
}

static void test_skipping_changes_nothing(void **state)
{
    (void)state;
    struct setting setting = usual(7);
    setting.bench.random.access_rate = 20;
    struct outcome *skipped = run(&setting);
    setting.walk_every_cycle = true;
    struct outcome *walked = run(&setting);
    assert_true(skipped->spy.hash == walked->spy.hash);
    assert_int_equal(skipped->cycles, walked->cycles);
    assert_true(skipped->spy.drives < walked->spy.drives);
    free(skipped);
    free(walked);
}

static void test_everything_occurs(void **state)
{
    (void)state;
    struct setting setting = usual(1);
    struct outcome *outcome = run(&setting);
    const struct spy *spy = &outcome->spy;

    for (unsigned op = 0; op < OP_COUNT; op++)
        assert_true(spy->ops[op] > 1);
    for (unsigned type = 0; type < 4; type++)
        assert_true(spy->invpcid[type] > 5);
    assert_true(spy->no_flush > 5);
    assert_int_equal(spy->la57_changes, 0);
    for (unsigned change = 0; change < CHANGE_COUNT; change++)
        assert_true(outcome->counts.changes[change] > 5);
    for (unsigned phase = 0; phase < PHASE_COUNT; phase++)
        assert_true(outcome->counts.phases[phase] > 5);
    for (unsigned i = 0; i < 3; i++)
        assert_true(spy->kinds[i] > 100 && spy->modes[i] > 100);
    for (unsigned source = SOURCE_L1; source <= SOURCE_WALK; source++) {
        for (unsigned size = PAGE_4K; size <= PAGE_1G; size++)
            assert_true(spy->answers[source | size << 2] > 0);
    }
    assert_true(spy->answers[SOURCE_WALK | FAULT_PAGE << 4] > 100);
    assert_true(spy->answers[SOURCE_WALK | FAULT_MACHINE_CHECK << 4] > 0);
    uint64_t non_canonical = 0;
    for (unsigned source = SOURCE_L1; source <= SOURCE_WALK; source++)
        non_canonical += spy->answers[source | FAULT_NON_CANONICAL << 4];
    assert_true(non_canonical > 0);
    assert_int_equal(spy->error_bits, PF_P | PF_W | PF_U | PF_RSVD | PF_I | PF_PK);
    free(outcome);
}

/* Most accesses are translated, however long the tables have been changed. */
static void test_stays_useful(void **state)
{
    (void)state;
    struct setting setting = usual(2);
    setting.cycles = 1000000;
    struct outcome *outcome = run(&setting);
    uint64_t translated = 0;
    for (unsigned i = 0; i < 16; i++)
        translated += outcome->spy.answers[i];
    assert_true(outcome->accepted > 50000);
    assert_true(translated > outcome->accepted * 6 / 10);
    free(outcome);
}

static void test_levels(void **state)
{
    (void)state;
    for (unsigned five = 0; five < 2; five++) {
        struct setting setting = usual(3);
        setting.cycles = 5000;
        setting.bench.random.la57 = five ? 1000 : 0;
        struct outcome *outcome = run(&setting);
        assert_int_equal(!!(outcome->spy.cr4 & CR4_LA57), five);
        free(outcome);
    }
}

static void test_end(void **state)
{
    (void)state;
    struct setting setting = usual(4);
    setting.cycles = UINT64_MAX;
    setting.accesses = 1234;
    struct outcome *outcome = run(&setting);
    assert_int_equal(outcome->accepted, 1234);
    free(outcome);
}

/* Rates of 0: registers are set up, then there are accesses to tables that nobody changes. */
static void test_rates_of_zero(void **state)
{
    (void)state;
    struct setting setting = usual(8);
    setting.cycles = 40000;
    setting.bench.random.op_rate = 0;
    setting.bench.random.software_rate = 0;
    setting.bench.random.non_canonical = 0;
    struct outcome *outcome = run(&setting);
    uint64_t ops = 0, changes = 0;
    for (unsigned op = 0; op < OP_COUNT; op++)
        ops += outcome->spy.ops[op];
    for (unsigned change = 0; change < CHANGE_COUNT; change++)
        changes += outcome->counts.changes[change];
    assert_int_equal(ops, 6);
    assert_int_equal(changes, 0);
    free(outcome);

    setting.bench.random.access_rate = 0;
    outcome = run(&setting);
    assert_int_equal(outcome->accepted, 0);
    free(outcome);
}

/* The corners of the parameters. */
static void test_extremes(void **state)
{
    (void)state;
    static const struct {
        uint32_t maxphyaddr, spaces, regions, pages;
        bool gib_pages;
    } cases[] = {{36, 1, 1, 1, false}, {52, 64, 3, 2, true}, {36, 64, 256, 8, true}, {52, 2, 5, 4096, false}};
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct setting setting = usual(i);
        setting.cycles = 30000;
        setting.params.mmu.maxphyaddr = cases[i].maxphyaddr;
        setting.params.mmu.gib_pages = cases[i].gib_pages;
        setting.bench.random.address_spaces = cases[i].spaces;
        setting.bench.random.regions = cases[i].regions;
        setting.bench.random.pages = cases[i].pages;
        struct outcome *outcome = run(&setting);
        assert_true(outcome->accepted > 100);
        free(outcome);
    }
}

static void test_image(void **state)
{
    (void)state;
    struct setting setting = usual(9);
    setting.image = "configs/images/linux-l4.tables.bin.zst";
    struct outcome *outcome = run(&setting);
    uint64_t translated = 0;
    for (unsigned i = 0; i < 16; i++)
        translated += outcome->spy.answers[i];
    assert_true(translated > outcome->accepted / 2);
    free(outcome);
}

/* The mean of a geometric distribution. */
static void test_gaps(void **state)
{
    (void)state;
    struct random_source source;
    struct random_gaps gaps;
    random_seed(&source, 1);
    for (uint32_t chance = 1; chance <= 1000; chance = chance * 3 + 1) {
        random_gaps_set(&gaps, chance);
        uint64_t sum = 0;
        enum { DRAWS = 200000 };
        for (unsigned i = 0; i < DRAWS; i++)
            sum += random_gap(&gaps, &source, random_u64(&source));
        double mean = (double)sum / DRAWS, expected = 1000.0 / chance - 1;
        assert_true(mean > expected * 0.97 - 0.01 && mean < expected * 1.03 + 0.01);
    }
    random_gaps_set(&gaps, 1000);
    assert_int_equal(random_gap(&gaps, &source, RANDOM_GAPS - 1), 0);
    random_gaps_set(&gaps, 0);
    assert_true(random_gap(&gaps, &source, 0) >= UINT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_run),
        cmocka_unit_test(test_skipping_changes_nothing),
        cmocka_unit_test(test_everything_occurs),
        cmocka_unit_test(test_stays_useful),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_rates_of_zero),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_image),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
