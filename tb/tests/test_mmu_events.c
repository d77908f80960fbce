/* SPDX-License-Identifier: Apache-2.0 */
/* Events: their number is that of the statistics, they are the same with every engine, and tell what
 * happened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "config.h"
#include "test_files.h"

#define DIRECTORY "build/test_mmu_events"
#define SCRIPT    DIRECTORY "/script.tw"
#define JSON      DIRECTORY "/stats.json"
#define RESULTS   DIRECTORY "/results.jsonl"

/* Everything that one run told. */
struct record {
    char *lines;
    size_t size;
    FILE *out;
    uint64_t counts[EVENT_KINDS][4]; /* by class of array: L1I, L1D, L2 and L2I, walk caches */
    uint64_t overtaken_drops[4];
    uint64_t last_cycle;
    bool in_order;
};

static unsigned class_of(const struct event *event)
{
    unsigned flags = event_flags(event);
    return flags & DEBUG_L1I ? 0 : flags & DEBUG_L1D ? 1 : flags & DEBUG_L2 ? 2 : 3;
}

static void record_event(void *self, const struct event *event)
{
    struct record *record = self;
    char text[320];
    event_text(event, text, sizeof text);
    fprintf(record->out, "%" PRIu64 " %s: %s\n", event->cycle, event_name(event->kind), text);
    record->counts[event->kind][class_of(event)]++;
    if (event->kind == EVENT_DROP && (event->cause == CAUSE_OPERATION || event->cause == CAUSE_FAULT))
        record->overtaken_drops[class_of(event)]++;
    record->in_order &= event->cycle >= record->last_cycle;
    record->last_cycle = event->cycle;
}

static void run(struct bench_options *options, struct record *record)
{
    *record = (struct record){.in_order = true};
    record->out = open_memstream(&record->lines, &record->size);
    options->quiet = true;
    options->listener = (struct event_listener){.self = record, .event = record_event};
    assert_int_equal(bench_run(options), 0);
    fclose(record->out);
    assert_true(record->in_order);
}

static uint64_t count(const struct record *record, enum event_kind kind)
{
    const uint64_t *of = record->counts[kind];
    return of[0] + of[1] + of[2] + of[3];
}

/* A statistic by its dotted name; of one per size or level, the sum. */
static uint64_t statistic(json_t *json, const char *dotted)
{
    char name[64], *rest = name;
    snprintf(name, sizeof name, "%s", dotted);
    for (char *part = strsep(&rest, "."); part; part = strsep(&rest, "."))
        json = json_object_get(json, part);
    assert_non_null(json);
    if (json_is_integer(json))
        return (uint64_t)json_integer_value(json);
    uint64_t sum = 0;
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value) sum += (uint64_t)json_integer_value(value);
    return sum;
}

static void random_options(struct bench_options *options, const struct config *config, enum engine engine)
{
    *options = bench_defaults(&config->mmu, &config->bench, engine);
    options->random = true;
    options->seed = 7;
    options->accesses = 6000;
}

/* Every count that both keep, for one configuration. */
static void count_in(const char *name)
{
    static const struct {
        enum event_kind kind;
        int array; /* class, or -1: all */
        const char *statistic;
    } same[] = {
        {EVENT_L1_HIT, 0, "l1i.hits"},
        {EVENT_L1_HIT, 1, "l1d.hits"},
        {EVENT_L1_MISS, 0, "l1i.misses"},
        {EVENT_L1_MISS, 1, "l1d.misses"},
        {EVENT_L1_DENIED, 0, "l1i.denied"},
        {EVENT_L1_DENIED, 1, "l1d.denied"},
        {EVENT_L1_NOT_DIRTY, 1, "l1d.not_dirty"},
        {EVENT_NON_CANONICAL, -1, "mmu.non_canonical"},
        {EVENT_FILL, 0, "l1i.fills"},
        {EVENT_FILL, 1, "l1d.fills"},
        {EVENT_FILL, 3, "walk_cache.fills"},
        {EVENT_EVICT, 0, "l1i.evictions"},
        {EVENT_EVICT, 1, "l1d.evictions"},
        {EVENT_EVICT, 3, "walk_cache.evictions"},
        {EVENT_ALLOCATE, -1, "miss_queue.allocations"},
        {EVENT_MERGE, -1, "miss_queue.merges"},
        {EVENT_MERGE_REFUSED, -1, "miss_queue.merges_refused"},
        {EVENT_WALK_START, -1, "walker.walks"},
        {EVENT_EXCHANGE_LOST, -1, "walker.exchanges_lost"},
        {EVENT_CONFIRM, -1, "walker.confirmations"},
        {EVENT_WALK_DONE, -1, "walker.translations"},
        {EVENT_WALK_FAULT, -1, "walker.faults"},
        {EVENT_BUS_ERROR, -1, "walker.machine_checks"},
        {EVENT_WALK_GIVEN_UP, -1, "walker.overtaken"},
        {EVENT_FAULT_DROP, -1, "control.fault_drops"},
        {EVENT_ANSWER, -1, "bench.accesses"},
        {EVENT_MEM_REQ, -1, "memory.requests"},
    };
    struct config config;
    struct bench_options options;
    struct record record;

    assert_int_equal(config_open(&config, name, NULL, 0), 0);
    random_options(&options, &config, ENGINE_MODEL);
    options.json = JSON;
    run(&options, &record);
    json_t *json = json_load_file(JSON, 0, NULL);
    assert_non_null(json);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        uint64_t told =
            same[i].array < 0 ? count(&record, same[i].kind) : record.counts[same[i].kind][same[i].array];
        if (told != statistic(json, same[i].statistic))
            fail_msg("%s: %" PRIu64 " events %s, but %s is %" PRIu64, name, told, event_name(same[i].kind),
                     same[i].statistic, statistic(json, same[i].statistic));
    }
    /* What two statistics share. */
    assert_int_equal(record.counts[EVENT_FILL][2],
                     statistic(json, "l2.fills") + statistic(json, "l2i.fills"));
    assert_int_equal(count(&record, EVENT_L2_HIT), statistic(json, "l2.hits") + statistic(json, "l2i.hits"));
    assert_int_equal(count(&record, EVENT_L2_MISS),
                     statistic(json, "l2.misses") + statistic(json, "l2i.misses"));
    assert_int_equal(count(&record, EVENT_L2_DENIED),
                     statistic(json, "l2.denied") + statistic(json, "l2i.denied"));
    assert_int_equal(count(&record, EVENT_L2_NOT_DIRTY),
                     statistic(json, "l2.not_dirty") + statistic(json, "l2i.not_dirty"));
    assert_int_equal(count(&record, EVENT_ENTRY_READ) + count(&record, EVENT_EXCHANGE_WON) +
                         count(&record, EVENT_EXCHANGE_LOST) + count(&record, EVENT_BUS_ERROR),
                     statistic(json, "walker.reads") + statistic(json, "walker.exchanges"));
    assert_int_equal(record.overtaken_drops[1], statistic(json, "l1d.invalidations"));
    assert_int_equal(record.overtaken_drops[3], statistic(json, "walk_cache.invalidations"));
    /* None of these is missing because nothing of the kind happens here. */
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++)
        if (kind != EVENT_ILLEGAL && kind != EVENT_UNPAGED && kind != EVENT_L2_NOT_DIRTY &&
            !count(&record, kind))
            fail_msg("%s: no event %s", name, event_name(kind));
    json_decref(json);
    free(record.lines);
    config_close(&config);
}

static void test_counts(void **state)
{
    (void)state;
    count_in("tiny");
    count_in("default");
    count_in("zen4");
}

/* The first line in which two texts differ. */
static void assert_same_lines(const char *one, const char *other)
{
    size_t line = 0;
    for (size_t i = 0; one[i] || other[i]; i++) {
        if (one[i] != other[i])
            fail_msg("%.*s\nand\n%.*s", (int)strcspn(one + line, "\n"), one + line,
                     (int)strcspn(other + line, "\n"), other + line);
        if (one[i] == '\n')
            line = i + 1;
    }
}

static void test_lockstep_tells_the_same(void **state)
{
    (void)state;
    struct config config;
    struct bench_options options;
    struct record alone, lockstep;

    assert_int_equal(config_open(&config, "tiny", NULL, 0), 0);
    random_options(&options, &config, ENGINE_MODEL);
    run(&options, &alone);
    random_options(&options, &config, ENGINE_LOCKSTEP);
    run(&options, &lockstep);
    assert_same_lines(alone.lines, lockstep.lines);
    assert_true(strlen(alone.lines) > 100000);
    free(alone.lines);
    free(lockstep.lines);
    config_close(&config);
}

static char *results_of(struct bench_options *options)
{
    char *text = calloc(1, 2 << 20);
    options->results = RESULTS;
    options->quiet = true;
    assert_int_equal(bench_run(options), 0);
    get_file(RESULTS, text, (2 << 20) - 1);
    return text;
}

static void test_listening_changes_nothing(void **state)
{
    (void)state;
    struct config config;
    struct bench_options options;
    struct record record = {0};

    assert_int_equal(config_open(&config, "tiny", NULL, 0), 0);
    random_options(&options, &config, ENGINE_MODEL);
    char *unheard = results_of(&options);
    record.out = open_memstream(&record.lines, &record.size);
    options.listener = (struct event_listener){.self = &record, .event = record_event};
    char *heard = results_of(&options);
    fclose(record.out);
    assert_string_equal(unheard, heard);
    assert_true(strlen(heard) > 100000);
    free(unheard);
    free(heard);
    free(record.lines);
    config_close(&config);
}

/* A read that walks, one that hits, an INVLPG between two more. */
static void test_story(void **state)
{
    (void)state;
    static const char script[] = "tables 0x100000 0x200000\n"
                                 "cr3 = 0x80000\n"
                                 "let V = 0x7f0000000000\n"
                                 "map V -> 0x12345000 4k user\n"
                                 "read user V\ndrain\nread user V + 8\ndrain\ninvlpg V\nread user V\ndrain\n";
    static const char exchange[] =
        "walk_exchange: walker 0, access 0, va 0x00007f0000000000: requests a compare-exchange of the PML4E "
        "at 0x00000000807f0: ";
    static const char *const expected[] = {
        "accepted: port 1 accepts tag 0 (access 0): user read 0x00007f0000000000",
        "l1_miss: port 1, access 0, va 0x00007f0000000000: misses L1",
        "allocated: miss queue 0, access 0, va 0x00007f0000000000: allocated for port 1",
        "issued: miss queue 0, access 0, va 0x00007f0000000000: issued to the L2 TLB",
        "l2_miss: miss queue 0, access 0, va 0x00007f0000000000: misses L2",
        "walk_start: walker 0, access 0, va 0x00007f0000000000: begins at the PML4E in ",
        "walk_request: walker 0, access 0, va 0x00007f0000000000: requests the PML4E at 0x00000000807f0",
        "entry_read: walker 0, access 0, va 0x00007f0000000000: read PML4E at 0x00000000807f0 = ",
        exchange,
        "exchange_won: walker 0, access 0, va 0x00007f0000000000: exchange done, PML4E at ",
        "fill: fills walk_cache.pml4e set 0 way 0 (VA 0x",
        "entry_read: walker 0, access 0, va 0x00007f0000000000: read PDPTE at ",
        "entry_read: walker 0, access 0, va 0x00007f0000000000: read PDE at ",
        "entry_read: walker 0, access 0, va 0x00007f0000000000: read PTE at ",
        "walk_done: walker 0, access 0, va 0x00007f0000000000: has VA 0x7f0000000000 ",
        "result: miss queue 0, access 0, va 0x00007f0000000000: has pa 0x12345000, 4K page, PAT 0, from walk",
        "fill: fills l1d.4k set 0 way 0 (VA 0x7f0000000000 PCID 0x0 4K frame 0x12345",
        "fill: fills l2.4k set 0 way 0 (VA 0x7f0000000000 PCID 0x0 4K frame 0x12345",
        "dequeued: miss queue 0, access 0, va 0x00007f0000000000: leaves, answered in the next cycle",
        "answered: port 1 answers tag 0 (access 0, va 0x00007f0000000000): pa 0x12345000, 4K page",
        "l1_hit: port 2, access 1, va 0x00007f0000000008: hits l1d.4k set 0 way 0 (VA 0x7f0000000000",
        "operation: operation accepted: INVLPG 0x00007f0000000000",
        "broadcast: broadcast of INVLPG 0x00007f0000000000",
        "settle: settles",
        "drop: dropped from l1d.4k set 0 way 0 (VA 0x7f0000000000 PCID 0x0 4K frame 0x12345",
        "complete: operation complete",
        "answered: port 1 answers tag 1 (access 2, va 0x00007f0000000000): pa 0x12345000",
    };
    struct config config;
    struct record record;

    put_file(SCRIPT, script, sizeof script - 1);
    assert_int_equal(config_open(&config, "tiny", NULL, 0), 0);
    struct bench_options options = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    options.script = SCRIPT;
    run(&options, &record);
    const char *at = record.lines;
    assert_non_null(at);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *found = strstr(at, expected[i]);
        if (!found) {
            fail_msg("not there, or not in this order: %s; after\n%s", expected[i], at);
            return;
        }
        at = found;
    }
    free(record.lines);
    config_close(&config);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < EVENT_KINDS; i++) {
        assert_true(strlen(event_name(i)) > 1 && strlen(event_help(i)) > 5);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(event_name(i), event_name(j));
    }
    for (unsigned i = 0; i < DEBUG_FLAGS; i++)
        assert_true(strlen(debug_flag_name(i)) > 1 && strlen(debug_flag_help(i)) > 5);
}

int main(void)
{
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_story),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_listening_changes_nothing),
        cmocka_unit_test(test_lockstep_tells_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
