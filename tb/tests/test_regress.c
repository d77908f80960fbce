/* SPDX-License-Identifier: Apache-2.0 */
/* Regressions: reading plans, the database, grouping, and what a job's end means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench_failure.h"
#include "regress_outcome.h"
#include "regress_plan.h"
#include "regress_report.h"
#include "regress_result.h"
#include "test_files.h"

static char path[] = "/tmp/twinwalk-plan-XXXXXX";
static char messages_path[] = "/tmp/twinwalk-plan-messages-XXXXXX";

static int open_plan(struct plan *plan, const char *text, char *messages, size_t room)
{
    int saved = catch_messages(messages_path), failed;

    put_file(path, text, strlen(text));
    failed = plan_open(plan, path);
    release_messages(saved, messages_path, messages, room);
    return failed;
}

static void expect_refusal(const char *text, const char *expected)
{
    struct plan plan;
    char messages[2048], wanted[512];

    assert_int_equal(open_plan(&plan, text, messages, sizeof(messages)), -1);
    snprintf(wanted, sizeof(wanted), "%s:%s\n", path, expected);
    if (strstr(messages, wanted) == NULL)
        fail_msg("expected '%s', got '%s'", wanted, messages);
}

static void plans_become_series(void **state)
{
    static const char text[] = "runs:\n"
                               "  - name: first\n"
                               "    configs: [tiny, zen4]\n"
                               "    set: [l2.latency=9, random.op_rate=50]\n"
                               "    random: true\n"
                               "    scripts: [tb/scripts/invlpg*.tw]\n"
                               "    seeds: 5-7\n"
                               "    cycles: 2k\n"
                               "  - name: second\n"
                               "    configs: [tiny]\n"
                               "    engine: model\n"
                               "    traces: [configs/traces/sqlite3.twt.zst]\n"
                               "    image: configs/images/linux-l4.tables.bin.zst\n"
                               "    accesses: 10\n"
                               "    minutes: 0.5\n"
                               "    limit: 3\n";
    struct plan plan;
    char messages[256];

    (void)state;
    assert_int_equal(open_plan(&plan, text, messages, sizeof(messages)), 0);
    assert_string_equal(messages, "");
    assert_int_equal(plan.series_count, 7); /* two configurations x (random and two scripts), and a trace */
    assert_int_equal(plan.rtl_count, 2);
    assert_string_equal(plan.series[0].stimulus, "random");
    assert_string_equal(plan.series[1].stimulus, "tb/scripts/invlpg.tw");
    assert_string_equal(plan.series[2].stimulus, "tb/scripts/invlpg_walk_caches.tw");
    assert_string_equal(plan.series[3].config, "zen4");
    assert_int_equal(plan.series[0].first_seed, 5);
    assert_int_equal(plan.series[0].last_seed, 7);
    assert_int_equal(plan.series[0].cycles, 2000);
    assert_int_equal(plan.series[0].config_options, 6);
    assert_int_not_equal(plan.series[0].rtl, plan.series[3].rtl);
    assert_false(plan.series[6].needs_rtl);
    assert_true(plan.series[6].minutes == 0.5);
    assert_true(plan.series[6].limit_minutes == 3);
    assert_int_equal(plan.series[6].first_seed, 1);
    plan_close(&plan);
}

static void shipped_plans_are_good(void **state)
{
    static const char *const paths[] = {"configs/regress/smoke.yaml", "configs/regress/ci.yaml",
                                        "configs/regress/nightly.yaml"};
    struct plan plan;
    uint64_t cycles = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(plan_open(&plan, paths[i]), 0);
        cycles = 0;
        for (size_t s = 0; s < plan.series_count; s++)
            cycles += plan.series[s].cycles * (plan.series[s].last_seed - plan.series[s].first_seed + 1);
        plan_close(&plan);
    }
    assert_true(cycles >= 1000000000); /* of the nightly one */
}

#define ENTRY "runs:\n  - name: a\n    configs: [tiny]\n"

static void bad_plans_are_refused(void **state)
{
    (void)state;
    expect_refusal("", "1:1: empty: there is no plan in it");
    expect_refusal("jobs: 3\n", "1:1: jobs: unknown key; a plan has the list 'runs'");
    expect_refusal(ENTRY "    sead: 3\n", "4:5: sead: unknown key");
    expect_refusal(ENTRY "    name: b\n", "4:5: name: key given twice");
    expect_refusal(ENTRY, "2:5: no stimulus: give random, scripts or traces");
    expect_refusal(ENTRY "    random: yes\n", "2:5: random needs a bound for each run: cycles or accesses");
    expect_refusal(ENTRY "    random: yes\n    cycles: many\n",
                   "5:13: cycles: 'many' is not a number above 0 (k, M and G may follow it)");
    expect_refusal(ENTRY "    random: yes\n    minutes: -1\n",
                   "5:14: minutes: '-1' is not a number of minutes above 0");
    expect_refusal(ENTRY "    random: yes\n    cycles: 1k\n    seeds: 9-3\n",
                   "6:12: seeds: '9-3' is neither a number nor a range such as 1-100");
    expect_refusal(ENTRY "    scripts:\n      - tb/scripts/invlpg.tw\n      - tb/scripts/none.tw\n",
                   "6:9: tb/scripts/none.tw: no such file");
    expect_refusal(ENTRY "    scripts: [tb/scripts/none*.tw]\n", "4:15: tb/scripts/none*.tw: no such files");
    expect_refusal(ENTRY "    scripts: [tb/scripts/invlpg.tw, tb/scripts/invlpg.tw]\n",
                   "2:5: tb/scripts/invlpg.tw is given twice");
    expect_refusal(ENTRY "    scripts: [tb/scripts/invlpg.tw]\n    engine: fpga\n",
                   "5:13: engine: must be lockstep, model or rtl");
    expect_refusal(ENTRY
                   "    scripts: [tb/scripts/invlpg.tw]\n  - name: a\n    configs: [tiny]\n    random: on\n",
                   "7:13: Invalid ENUM value: on");
    expect_refusal(ENTRY "    scripts: [tb/scripts/invlpg.tw]\n  - name: a\n    configs: [tiny]\n"
                         "    random: yes\n    cycles: 1\n",
                   "5:11: name: another entry has it");
    expect_refusal("runs:\n  - name: a\n    configs: [tiny, none]\n    random: yes\n    cycles: 1\n",
                   "3:21: none: the configuration cannot be used");
    expect_refusal(ENTRY "    set: [l2.latency=0]\n    random: yes\n    cycles: 1\n",
                   "3:15: tiny: the configuration cannot be used");
    expect_refusal(ENTRY "    random: yes\n    cycles: 1\n    image: nowhere\n",
                   "6:12: nowhere: no such file");
    expect_refusal("runs: [", "2:1: not YAML: did not find expected node content");
}

static void keys_follow_the_content(void **state)
{
    struct plan plan, other;
    char messages[256], key[4][RUN_KEY_BYTES];
    const uint8_t program[DIGEST_BYTES] = {1}, newer[DIGEST_BYTES] = {2};

    (void)state;
    assert_int_equal(open_plan(&plan, ENTRY "    random: yes\n    cycles: 1000\n", messages, 256), 0);
    assert_int_equal(open_plan(&other,
                               ENTRY "    set: [random.op_rate=1]\n    random: yes\n    cycles: 1000\n",
                               messages, 256),
                     0);
    run_key(key[0], program, &plan.series[0], 1);
    run_key(key[1], program, &plan.series[0], 1);
    assert_string_equal(key[0], key[1]);
    run_key(key[1], program, &plan.series[0], 2);
    run_key(key[2], newer, &plan.series[0], 1);
    run_key(key[3], program, &other.series[0], 1);
    for (unsigned i = 1; i < 4; i++)
        assert_string_not_equal(key[0], key[i]);
    plan_close(&plan);
    plan_close(&other);
}

static struct series series = {.entry = "e", .config = "c", .stimulus = "random"};

static void add(struct result_list *list, const char *key, const char *kind, const char *signature,
                uint64_t cycle)
{
    struct run_result *result = result_list_add(list);

    assert_non_null(result);
    result->series = &series;
    result->cycle = cycle;
    result->attempts = 1;
    snprintf(result->key, sizeof(result->key), "%s", key);
    snprintf(result->kind, sizeof(result->kind), "%s", kind);
    snprintf(result->signature, sizeof(result->signature), "%s", signature);
}

static void failures_are_grouped(void **state)
{
    struct result_list list = {0};
    size_t count;

    (void)state;
    add(&list, "1", "", "", 0);
    add(&list, "2", "hang", "a", 7);
    add(&list, "3", "mismatch", "b", 9);
    add(&list, "4", "mismatch", "b", 5);
    add(&list, "5", "illegal", "b", 1);
    struct result_group *groups = result_groups(&list, &count);
    assert_int_equal(count, 3);
    assert_int_equal(groups[0].count, 2);
    assert_string_equal(groups[0].example->key, "4"); /* the earliest */
    assert_string_equal(groups[1].example->signature, "a");
    assert_int_equal(regress_totals(&list, NULL, NULL).failed, 4);
    free(groups);
    result_list_free(&list);
    assert_null(result_groups(&list, &count));
    assert_int_equal(count, 0);
}

static void results_are_kept(void **state)
{
    struct result_list list = {0};
    struct run_result wanted = {.key = "2"};
    struct result_db *db;

    (void)state;
    unlink(path);
    db = result_db_open(path);
    assert_non_null(db);
    add(&list, "1", "", "", 0);
    add(&list, "2", "hang", "it's <here>", 7);
    list.results[1].seed = UINT64_MAX;
    list.results[1].seconds = 1.5;
    assert_int_equal(result_db_store(db, list.results, list.count), 0);
    assert_int_equal(result_db_store(db, list.results, list.count), 0); /* again: replaces */
    result_db_close(db);
    db = result_db_open(path);
    assert_int_equal(result_db_find(db, &wanted), 1);
    assert_string_equal(wanted.kind, "hang");
    assert_string_equal(wanted.signature, "it's <here>");
    assert_true(wanted.seed == UINT64_MAX && wanted.cycle == 7 && wanted.seconds == 1.5 && wanted.earlier);
    strcpy(wanted.key, "3");
    assert_int_equal(result_db_find(db, &wanted), 0);
    result_db_close(db);
    result_list_free(&list);

    char messages[256];
    int saved = catch_messages(messages_path);
    put_file(path, "no database, but long enough to look at", 39);
    assert_null(result_db_open(path));
    release_messages(saved, messages_path, messages, sizeof(messages));
    assert_non_null(strstr(messages, "not a database"));
}

static void expect_outcome(int status, bool timed_out, const char *json, const char *log, const char *kind,
                           const char *signature)
{
    struct run_result result = {0};

    put_file(path, json, strlen(json));
    put_file(messages_path, log, strlen(log));
    result_of_job(&result, &(struct job_end){.status = status, .timed_out = timed_out}, path, messages_path);
    assert_string_equal(result.kind, kind);
    assert_string_equal(result.signature, signature);
    assert_int_equal(kind_may_be_retried(result.kind), strcmp(kind, "crash") == 0 ||
                                                           strcmp(kind, "timeout") == 0 ||
                                                           strcmp(kind, "internal") == 0);
}

static void ends_of_jobs_are_understood(void **state)
{
    static const char good[] = "{\"bench\": {\"cycles\": 9, \"accesses\": 2}}";
    static const char bad[] = "{\"bench\": {\"cycles\": 9}, \"failure\": {\"kind\": \"hang\","
                              " \"signature\": \"x\", \"cycle\": 8}}";

    (void)state;
    expect_outcome(0, false, good, "", "", "");
    expect_outcome(1 << 8, false, bad, "", "hang", "x");
    expect_outcome(0, false, "", "", "crash", "exit code 0 without fitting results");
    expect_outcome(0, false, bad, "", "crash", "exit code 0 without fitting results");
    expect_outcome(1 << 8, false, good, "", "crash", "exit code 1 without fitting results");
    expect_outcome(2 << 8, false, "", "f:1:2: wrong\nmore\n", "input", "f:1:2: wrong");
    expect_outcome(3 << 8, false, "", "", "internal", "no message");
    expect_outcome(3 << 8, false, bad, "", "hang", "x");
    expect_outcome(127 << 8, false, "", "", "crash", "exit code 127");
    expect_outcome(SIGSEGV, false, "", "", "crash", "killed by signal 11 (Segmentation fault)");
    expect_outcome(SIGKILL, true, "", "", "timeout", "not finished within the limit of its entry");
}

static void expect_signal(const char *report, const char *signature)
{
    char text[160];

    bench_failure_signal(report, text, sizeof(text));
    assert_string_equal(text, signature);
}

static void mismatches_have_signatures(void **state)
{
    (void)state;
    expect_signal("  page_walker.state[1]           RTL idle                             C read\n  x\n",
                  "page_walker.state: RTL idle, C read");
    expect_signal("  mmu.resp_pa[2]                 RTL 0x1000                           C 0x2000\n",
                  "mmu.resp_pa");
    expect_signal("  l1d.4k set 1 way 1\n    RTL valid   VA 0x7f1234569000 PCID 0x0\n"
                  "    C   invalid VA 0x7f1234569000 PCID 0x0\n",
                  "l1d.4k: RTL valid, C invalid");
    expect_signal("  l2.4k set 3 replacement        RTL 0 1                              C 1 0\n", "l2.4k");
    expect_signal("", "no signal differs any more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_become_series),        cmocka_unit_test(bad_plans_are_refused),
        cmocka_unit_test(keys_follow_the_content),    cmocka_unit_test(failures_are_grouped),
        cmocka_unit_test(results_are_kept),           cmocka_unit_test(ends_of_jobs_are_understood),
        cmocka_unit_test(mismatches_have_signatures), cmocka_unit_test(shipped_plans_are_good),
    };
    int a = mkstemp(path), b = mkstemp(messages_path), failed;

    if (a < 0 || b < 0)
        return 1;
    close(a);
    close(b);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    unlink(messages_path);
    return failed;
}
