/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the bench with the model: exit codes, files, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "bench_loop.h"
#include "bench_report.h"
#include "output_file.h"
#include "test_files.h"

#define DIRECTORY "build/test_bench"
#define SCRIPT    DIRECTORY "/script.tw"
#define RESULTS   DIRECTORY "/results.jsonl"
#define STATS     DIRECTORY "/stats.txt"
#define JSON      DIRECTORY "/stats.json"
#define MESSAGES  DIRECTORY "/messages"

static const char set_up_tables[] = "tables 0x100000 0x200000\n"
                                    "cr3 = 0x80000\n"
                                    "let V = 0x7f0000000000\n"
                                    "map V -> 0x12345000 4k user\n";

struct fixture {
    struct mmu_params params;
    struct bench_params bench;
    struct bench_options options;
    char messages[8192];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    remove(RESULTS);
    remove(STATS);
    remove(JSON);
    mmu_params_default(&f->params);
    bench_params_default(&f->bench);
    f->options = bench_defaults(&f->params, &f->bench, ENGINE_MODEL);
    f->options.quiet = true;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

/* Runs; what goes to stderr is kept in f->messages. */
static int run(struct fixture *f)
{
    int saved = catch_messages(MESSAGES);
    int code = bench_run(&f->options);
    release_messages(saved, MESSAGES, f->messages, sizeof(f->messages));
    return code;
}

static int run_script(struct fixture *f, const char *statements)
{
    char text[2048];
    int length = snprintf(text, sizeof(text), "%s%s", set_up_tables, statements);
    put_file(SCRIPT, text, (size_t)length);
    f->options.script = SCRIPT;
    return run(f);
}

static void assert_nothing_temporary_left(void)
{
    glob_t found;
    assert_int_equal(glob(DIRECTORY "/*.??????", 0, NULL, &found), GLOB_NOMATCH);
    globfree(&found);
}

static void test_agreed(void **state)
{
    struct fixture *f = *state;
    f->options.judge = true;
    assert_int_equal(run_script(f, "read user V expect pa=0x12345000\ndrain\n"), 0);
    assert_string_equal(f->messages, "");
}

static void test_failed_expectation(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_script(f, "read user V expect pa=0x12346000\ndrain\n"), 1);
    assert_non_null(strstr(f->messages, SCRIPT ":5:"));
}

static void test_bad_input(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run_script(f, "dance\n"), 2);
    f->options.script = DIRECTORY "/none.tw";
    assert_int_equal(run(f), 2);
    f->options.script = NULL;
    f->options.random = true;
    f->options.image = DIRECTORY "/none.elf";
    assert_int_equal(run(f), 2);
    assert_non_null(strstr(f->messages, "none.elf"));
}

static void test_results(void **state)
{
    struct fixture *f = *state;
    f->options.results = RESULTS;
    assert_int_equal(
        run_script(f, "read user V + 8\ndrain\nwrite V + 0x1000\ndrain\nimplicit read 0x800000000000\n"
                      "drain\n"),
        0);
    FILE *file = fopen(RESULTS, "r");
    assert_non_null(file);
    json_t *lines[3];
    char line[512];
    for (unsigned i = 0; i < 3; i++) {
        assert_non_null(fgets(line, sizeof(line), file));
        lines[i] = json_loads(line, 0, NULL);
        assert_non_null(lines[i]);
        assert_int_equal(json_integer_value(json_object_get(lines[i], "index")), i);
        assert_true(json_integer_value(json_object_get(lines[i], "answer")) >
                    json_integer_value(json_object_get(lines[i], "issue")));
    }
    assert_null(fgets(line, sizeof(line), file));
    fclose(file);

#define STRING(i, key) json_string_value(json_object_get(lines[i], key))
    assert_string_equal(STRING(0, "va"), "0x00007f0000000008");
    assert_string_equal(STRING(0, "pa"), "0x12345008");
    assert_string_equal(STRING(0, "size"), "4K");
    assert_string_equal(STRING(0, "source"), "walk");
    assert_string_equal(STRING(0, "kind"), "read");
    assert_string_equal(STRING(0, "mode"), "user");
    assert_string_equal(STRING(1, "fault"), "page");
    assert_int_equal(json_integer_value(json_object_get(lines[1], "code")), PF_W);
    assert_string_equal(STRING(1, "kind"), "write");
    assert_string_equal(STRING(2, "fault"), "non-canonical");
    assert_string_equal(STRING(2, "mode"), "implicit");
#undef STRING
    for (unsigned i = 0; i < 3; i++)
        json_decref(lines[i]);
    assert_nothing_temporary_left();
}

/* The JSON value of a dotted name. */
static json_t *member(json_t *object, const char *dotted)
{
    char name[128], *rest = name;
    snprintf(name, sizeof(name), "%s", dotted);
    for (char *part = strsep(&rest, "."); part && object; part = strsep(&rest, "."))
        object = json_object_get(object, part);
    return object;
}

static void test_statistics(void **state)
{
    struct fixture *f = *state;
    f->options.stats = STATS;
    f->options.json = JSON;
    assert_int_equal(run_script(f, "read user V\ndrain\nread user V\ndrain\nwrite V + 0x1000\ndrain\n"), 0);
    json_t *root = json_load_file(JSON, 0, NULL);
    assert_non_null(root);
    assert_int_equal(json_integer_value(member(root, "bench.accesses")), 3);
    assert_int_equal(json_integer_value(member(root, "bench.page_faults")), 1);
    assert_int_equal(json_integer_value(member(root, "bench.walk_answers.4k")), 1);
    assert_int_equal(json_integer_value(member(root, "bench.l1_answers.4k")), 1);
    assert_int_equal(json_integer_value(member(root, "l1d.hits.4k")), 1);
    assert_int_equal(json_integer_value(member(root, "bench.mismatches")), 0);

    FILE *file = fopen(STATS, "r");
    assert_non_null(file);
    char line[512], name[128];
    unsigned lines = 0;
    double value;
    while (fgets(line, sizeof(line), file)) {
        assert_int_equal(sscanf(line, "%127s %lf #", name, &value), 2);
        json_t *same = member(root, name);
        assert_non_null(same);
        if (json_is_integer(same))
            assert_true((double)json_integer_value(same) == value);
        lines++;
    }
    assert_true(lines > 100);
    fclose(file);
    json_decref(root);
    assert_nothing_temporary_left();
}

static void test_files_that_cannot_be_written(void **state)
{
    struct fixture *f = *state;
    f->options.results = DIRECTORY "/none/results";
    assert_int_equal(run_script(f, "read user V\n"), 2);
    assert_non_null(strstr(f->messages, "none/results"));
    f->options.results = NULL;
    f->options.stats = "/dev/full";
    assert_int_equal(run_script(f, "read user V\n"), 2);
    f->options.stats = NULL;
    f->options.json = DIRECTORY;
    assert_int_equal(run_script(f, "read user V\n"), 2);
}

static void test_discarded_file(void **state)
{
    (void)state;
    struct output_file file;
    assert_int_equal(output_file_open(&file, RESULTS), 0);
    fprintf(file.stream, "half");
    output_file_discard(&file);
    assert_int_equal(access(RESULTS, F_OK), -1);
    assert_nothing_temporary_left();
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    f->options.random = true;
    f->options.json = JSON;
    f->options.cycles = 5000;
    assert_int_equal(run(f), 0);
    json_t *root = json_load_file(JSON, 0, NULL);
    json_int_t cycles = json_integer_value(member(root, "bench.cycles"));
    assert_true(cycles >= 5000 && cycles < 10000);
    json_decref(root);

    f->options.cycles = 0;
    f->options.accesses = 77;
    assert_int_equal(run(f), 0);
    root = json_load_file(JSON, 0, NULL);
    assert_int_equal(json_integer_value(member(root, "bench.accesses")), 77);
    json_decref(root);
}

/* Judge and results change nothing about the run. */
static void test_watching_changes_nothing(void **state)
{
    struct fixture *f = *state;
    json_t *root[2];
    f->options.random = true;
    f->options.json = JSON;
    f->options.cycles = 50000;
    for (unsigned i = 0; i < 2; i++) {
        f->options.judge = i;
        assert_int_equal(run(f), 0);
        root[i] = json_load_file(JSON, 0, NULL);
        json_t *bench = json_object_get(root[i], "bench");
        json_object_del(bench, "judge_forgotten");
        json_object_del(bench, "host_seconds");
        json_object_del(bench, "host_user_seconds");
        json_object_del(bench, "host_peak_memory");
        json_object_del(bench, "host_cycle_rate");
        json_object_del(bench, "host_access_rate");
    }
    assert_true(json_equal(root[0], root[1]));
    json_decref(root[0]);
    json_decref(root[1]);
}

/* A memory that never takes a request. */
static void test_hang(void **state)
{
    struct fixture *f = *state;
    f->bench.memory.backpressure = 1000;
    f->options.judge = true;
    f->options.reproduce = "twinwalk again";
    assert_int_equal(run_script(f, "read user V\n"), 1);
    assert_non_null(strstr(f->messages, "hangs"));
    assert_non_null(strstr(f->messages, "0x00007f0000000000"));
    assert_non_null(strstr(f->messages, "last events"));
    assert_non_null(strstr(f->messages, "to reproduce: twinwalk again"));
}

static void never_drive(void *self, uint64_t cycle, uint8_t ready, bool op_ready,
                        struct stimulus_offer *offer)
{
    (void)self, (void)cycle, (void)ready, (void)op_ready;
    offer->req_valid = 0;
}

static uint64_t never(void *self, uint64_t cycle)
{
    (void)self, (void)cycle;
    return UINT64_MAX;
}

static bool not_finished(void *self)
{
    (void)self;
    return false;
}

static void test_stuck_stimulus(void **state)
{
    struct fixture *f = *state;
    struct phys_mem *phys = phys_mem_create();
    struct bench_loop loop = {
        .mmu = mmu_create(&f->params),
        .memory = memory_create(&f->bench, phys, 1),
        .stimulus = {.drive = never_drive, .next_cycle = never, .finished = not_finished},
        .cycle_limit = UINT64_MAX,
        .hang_limit = 1000000,
    };
    bench_loop_start(&loop);
    assert_int_equal(bench_loop_run(&loop), OUTCOME_STUCK);
    mmu_destroy(loop.mmu);
    memory_destroy(loop.memory);
    phys_mem_destroy(phys);
}

static void count_stat(void *self, const struct bench_stat *stat)
{
    unsigned *count = self;
    assert_non_null(strchr(stat->name, '.'));
    assert_true(strlen(stat->description) > 5);
    ++*count;
}

static void test_every_statistic_is_described(void **state)
{
    (void)state;
    static const struct bench_counts counts;
    static const struct memory_stats memory;
    static const struct mmu_stats model;
    unsigned with_model = 0, without = 0;
    bench_report_each(&(struct bench_report){.counts = &counts, .memory = &memory, .model = &model},
                      count_stat, &with_model);
    bench_report_each(&(struct bench_report){.counts = &counts, .memory = &memory}, count_stat, &without);
    assert_true(with_model > without && without > 20);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_agreed),
        TEST(test_failed_expectation),
        TEST(test_bad_input),
        TEST(test_results),
        TEST(test_statistics),
        TEST(test_files_that_cannot_be_written),
        TEST(test_discarded_file),
        TEST(test_limits),
        TEST(test_watching_changes_nothing),
        TEST(test_hang),
        TEST(test_stuck_stimulus),
        TEST(test_every_statistic_is_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
