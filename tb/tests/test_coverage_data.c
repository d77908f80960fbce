/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage of runs: merging, files, what a point's status is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "coverage_report.h"
#include "random_source.h"
#include "test_files.h"

#define DIRECTORY "build/test_coverage"
#define FILE_ONE  DIRECTORY "/one.json"
#define FILE_TWO  DIRECTORY "/two.json"
#define MESSAGES  DIRECTORY "/messages"

static int set_up(void **state)
{
    (void)state;
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    return 0;
}

static struct mmu_params machine(bool split)
{
    struct mmu_params params;
    mmu_params_default(&params);
    params.l2.split = split;
    return params;
}

/* A run that hits some points, by its seed; cycles below 8, so that many are the same. */
static struct coverage_data *run(const char *config, bool split, unsigned seed)
{
    struct coverage_hits *hits = calloc(1, sizeof(*hits));
    struct mmu_params params = machine(split);
    struct random_source source;
    char command[64];
    assert_non_null(hits);
    random_seed(&source, seed);
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (random_chance(&source, 300) && !coverage_unreachable(i) && !coverage_missing(i, &params))
            hits->count[i] = 1 + random_below(&source, 5), hits->first[i] = random_below(&source, 8);
    snprintf(command, sizeof(command), "twinwalk run -c %s --seed %u", config, seed);
    struct coverage_data *data = coverage_data_of_run(config, &params, command, 1000 + seed, hits);
    assert_non_null(data);
    free(hits);
    return data;
}

static void merge(struct coverage_data *data, struct coverage_data *other)
{
    assert_null(coverage_data_merge(data, other));
    coverage_data_destroy(other);
}

/* The file that some data makes, to be freed. */
static char *text_of(const struct coverage_data *data, const char *path)
{
    size_t room = 1 << 22;
    char *text = malloc(room);
    assert_non_null(text);
    assert_int_equal(coverage_data_write(data, path), 0);
    text[get_file(path, text, room - 1)] = '\0';
    return text;
}

static void assert_same(const struct coverage_data *one, const struct coverage_data *two)
{
    char *first = text_of(one, FILE_ONE), *second = text_of(two, FILE_TWO);
    assert_true(strlen(first) > 1000);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static struct coverage_data *member(unsigned number)
{
    static const struct {
        const char *config;
        bool split;
        unsigned seed;
    } members[] = {{"b", false, 1}, {"a", true, 2}, {"b", false, 3}, {"c", false, 4}};
    return run(members[number].config, members[number].split, members[number].seed);
}

static void test_merging_is_associative_and_commutative(void **state)
{
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}};
    struct coverage_data *reference = coverage_data_create();
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        merge(reference, member(i));
    for (unsigned o = 1; o < 4; o++) {
        struct coverage_data *data = coverage_data_create();
        for (unsigned i = 0; i < 4; i++)
            merge(data, member(orders[o][i]));
        assert_same(reference, data);
        coverage_data_destroy(data);
    }
    /* (0 1) (2 3) */
    struct coverage_data *left = member(0), *right = member(2);
    merge(left, member(1));
    merge(right, member(3));
    merge(left, right);
    assert_same(reference, left);
    coverage_data_destroy(left);
    coverage_data_destroy(reference);
}

static void test_merging_adds(void **state)
{
    struct coverage_data *one = run("a", false, 1), *two = run("b", true, 2), *sum = run("a", false, 1);
    struct coverage_data *copy = run("b", true, 2);
    unsigned both = 0;
    (void)state;
    merge(sum, copy);
    assert_int_equal(sum->run_count, 2);
    assert_int_equal(sum->config_count, 2);
    assert_int_equal(sum->runs[1].cycles, 1002);
    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        const struct coverage_total *x = &one->points[i], *y = &two->points[i], *z = &sum->points[i];
        assert_int_equal(z->hits, x->hits + y->hits);
        assert_int_equal(z->configs, (x->hits ? 1 : 0) | (y->hits ? 2 : 0));
        if (!z->hits)
            continue;
        bool second = !x->hits || (y->hits && y->first < x->first); /* of equals the first by name */
        assert_int_equal(z->first, second ? y->first : x->first);
        assert_int_equal(z->run, second);
        both += x->hits && y->hits;
    }
    assert_true(both > 100);
    coverage_data_destroy(one);
    coverage_data_destroy(two);
    coverage_data_destroy(sum);
}

static void test_merging_refuses(void **state)
{
    struct coverage_data *one = run("a", false, 1), *same = run("a", false, 1), *other = run("a", true, 2);
    char *before = text_of(one, FILE_ONE);
    (void)state;
    assert_non_null(coverage_data_merge(one, same));
    assert_non_null(strstr(coverage_data_merge(one, other), "two machines"));
    char *after = text_of(one, FILE_ONE);
    assert_string_equal(before, after);
    free(before);
    free(after);
    coverage_data_destroy(one);
    coverage_data_destroy(same);
    coverage_data_destroy(other);
}

static void test_files_are_read_as_written(void **state)
{
    struct coverage_data *data = member(0), *read;
    (void)state;
    merge(data, member(1));
    assert_int_equal(coverage_data_write(data, FILE_ONE), 0);
    read = coverage_data_read(FILE_ONE);
    assert_non_null(read);
    assert_same(data, read);
    coverage_data_destroy(read);
    coverage_data_destroy(data);
}

static void expect_refusal(const char *text, const char *expected)
{
    char messages[1024];
    put_file(FILE_ONE, text, strlen(text));
    int saved = catch_messages(MESSAGES);
    struct coverage_data *data = coverage_data_read(FILE_ONE);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_null(data);
    if (!strstr(messages, expected))
        fail_msg("\"%s\" is not in \"%s\"", expected, messages);
}

/* A good file with one text replaced. */
static void expect_refusal_of_change(const char *old, const char *new, const char *expected)
{
    struct coverage_data *data = run("a", false, 1);
    char *text = text_of(data, FILE_TWO), *at = strstr(text, old), *changed;
    assert_non_null(at);
    assert_true(asprintf(&changed, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) > 0);
    expect_refusal(changed, expected);
    free(changed);
    free(text);
    coverage_data_destroy(data);
}

static void test_bad_files(void **state)
{
    char messages[256];
    (void)state;
    expect_refusal("", FILE_ONE ":1:");
    expect_refusal("{\n \"a\": }", FILE_ONE ":2:");
    expect_refusal("{}", "not a file of coverage");
    expect_refusal("[1]", "not a file of coverage");
    expect_refusal("{\"twinwalk_coverage\":2}", "another version");
    expect_refusal("{\"twinwalk_coverage\":1}", "no lists");
    expect_refusal("{\"twinwalk_coverage\":1,\"configurations\":[],\"runs\":[]}", "no groups");
    expect_refusal("{\"twinwalk_coverage\":1,\"configurations\":[],\"runs\":[],\"groups\":{\"x\":{}}}",
                   "x: this program has no such group");
    expect_refusal_of_change("\"op_queue\":{", "\"op_queue\":{\"cr3/wlk\":[1,1,0,1],", "op_queue/cr3/wlk");
    expect_refusal_of_change("\"op_queue\":{", "\"op_queue\":{\"cr3/walk\":[1,1,0],", "four counts");
    expect_refusal_of_change("\"op_queue\":{", "\"op_queue\":{\"cr0/none\":[1,1,7,1],", "not there");
    expect_refusal_of_change("\"configuration\":0", "\"configuration\":1", "a run has no command");
    expect_refusal_of_change("\"mmu.data_ports\":2", "\"mmu.data_ports\":77", "out of range");
    expect_refusal_of_change("\"mmu.data_ports\":2", "\"mmu.data_prts\":2", "lacks a parameter");
    int saved = catch_messages(MESSAGES);
    assert_null(coverage_data_read(DIRECTORY "/nothing.json"));
    struct coverage_data *data = coverage_data_create();
    assert_int_equal(coverage_data_write(data, DIRECTORY "/no/where.json"), -1);
    coverage_data_destroy(data);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_non_null(strstr(messages, "nothing.json"));
    assert_non_null(strstr(messages, "no/where.json"));
}

static enum coverage_status status_of(const struct coverage_data *data, unsigned group, const char *name)
{
    const char *why;
    int point = coverage_find_point(group, name);
    assert_true(point >= 0);
    return coverage_status(data, (unsigned)point, &why);
}

static void hit(struct coverage_data *data, unsigned group, const char *name, uint64_t configs)
{
    int point = coverage_find_point(group, name);
    assert_true(point >= 0);
    data->points[point] = (struct coverage_total){.hits = 1, .configs = configs, .first = 5};
}

static struct coverage_data *untouched(const char *config, bool split)
{
    static struct coverage_hits none;
    struct mmu_params params = machine(split);
    return coverage_data_of_run(config, &params, config, 1, &none);
}

static void test_status(void **state)
{
    struct coverage_data *data = untouched("a", false);
    (void)state;
    assert_int_equal(status_of(data, COVERAGE_op_queue, "cr3/walk"), COVERAGE_HOLE);
    assert_int_equal(status_of(data, COVERAGE_op_result, "cr3/page_fault"), COVERAGE_UNREACHABLE);
    assert_int_equal(status_of(data, COVERAGE_tlb_hit, "l2i/4k/answers"), COVERAGE_NOT_HERE);
    merge(data, untouched("b", true));
    assert_int_equal(status_of(data, COVERAGE_tlb_hit, "l2i/4k/answers"), COVERAGE_HOLE);
    hit(data, COVERAGE_tlb_hit, "l2i/4k/answers", 2);
    assert_int_equal(status_of(data, COVERAGE_tlb_hit, "l2i/4k/answers"), COVERAGE_HIT);
    /* a points to the configuration that cannot have hit it */
    hit(data, COVERAGE_tlb_hit, "l2i/4k/answers", 1);
    assert_int_equal(status_of(data, COVERAGE_tlb_hit, "l2i/4k/answers"), COVERAGE_CONTRADICTION);
    hit(data, COVERAGE_op_result, "cr3/page_fault", 1);
    assert_int_equal(status_of(data, COVERAGE_op_result, "cr3/page_fault"), COVERAGE_CONTRADICTION);

    char first[256], messages[2048];
    int saved = catch_messages(MESSAGES);
    assert_int_equal(coverage_contradictions(data, first, sizeof(first)), 2);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_string_equal(first, "op_result/cr3/page_fault");
    assert_non_null(strstr(messages, "to reproduce: a"));
    coverage_data_destroy(data);
}

static void test_report_counts(void **state)
{
    struct coverage_data *data = untouched("a", true);
    struct coverage_report *report;
    const struct coverage_counts *counts;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    hit(data, COVERAGE_merge, "walk/write_read/user", 1);
    report = coverage_report_create(data);
    counts = &report->groups[COVERAGE_merge];
    assert_int_equal(counts->hit, 1);
    assert_int_equal(counts->holes, coverage_group(COVERAGE_merge)->count - 1);
    assert_int_equal(report->all.hit, 1);
    assert_int_equal(report->all.hit + report->all.holes + report->all.unreachable + report->all.not_here,
                     COVERAGE_POINTS);
    assert_true(coverage_percent(counts) > 3 && coverage_percent(counts) < 4);
    coverage_report_text(report, 2, out);
    coverage_report_check(report, out);
    fclose(out);
    assert_non_null(strstr(text, "functional coverage: 1 of "));
    /* holes come before everything else, some of each group */
    assert_true(strstr(text, "merge/lookup/read_read/user") < strstr(text, "groups:"));
    assert_non_null(strstr(text, "merge: and 24 more"));
    assert_null(strstr(text, "merge/walk/write_read/user\n"));
    assert_non_null(strstr(text, "coverage of merge: 1 of 27 points"));
    assert_non_null(strstr(text, "\n0 passed, "));
    free(text);
    free(report);
    coverage_data_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merging_is_associative_and_commutative),
        cmocka_unit_test(test_merging_adds),
        cmocka_unit_test(test_merging_refuses),
        cmocka_unit_test(test_files_are_read_as_written),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_report_counts),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
