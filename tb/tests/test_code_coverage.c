/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of Verilator and gcov: reading, merging, lines by their least part, toggles as ranges, bad files.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "code_coverage.h"
#include "test_files.h"

#define DIRECTORY "build/test_code_coverage"
#define DATA      DIRECTORY "/data.dat"
#define MODEL     DIRECTORY "/model.json"
#define SOURCE    DIRECTORY "/source.sv"
#define MESSAGES  DIRECTORY "/messages"

static const char source[] = "line one\n"
                             "  line two  \n"
                             "\tif (x) y;\n"
                             "line four\n"
                             "line five\n";

static int set_up(void **state)
{
    (void)state;
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    put_file(SOURCE, source, strlen(source));
    return 0;
}

static void put_text(const char *path, const char *text)
{
    put_file(path, text, strlen(text));
}

/* A counter as Verilator writes it. */
#define COUNTER(page, line, column, name, lines, instance, count)                                            \
    "C '\1f\2" SOURCE "\1l\2" #line "\1n\2" #column "\1page\2" page "\1o\2" name lines "\1h\2" instance      \
    "' " #count "\n"
#define LINES(text) "\1S\2" text
#define HEAD        "# SystemC::Coverage-3\n"

static int read_data(struct code_points *points, const char *text)
{
    put_text(DATA, text);
    return code_points_add_verilator(points, DATA);
}

static void test_lines_are_as_good_as_their_least_part(void **state)
{
    (void)state;
    struct code_points *points = code_points_create();
    struct code_coverage coverage;

    /* Two files: counters of one place add up, over instances, configurations and runs. */
    assert_int_equal(read_data(points, HEAD COUNTER("v_line/m__A1", 1, 1, "block", LINES("1-3,5"), "TOP.a", 7)
                                           COUNTER("v_branch/m__A1", 3, 5, "if", LINES("3"), "TOP.a", 0)
                                               COUNTER("v_branch/m__A1", 3, 6, "else", "", "TOP.a", 4)),
                     0);
    assert_int_equal(read_data(points, HEAD COUNTER("v_line/m__A2", 1, 1, "block", LINES("1-3,5"), "TOP.b", 2)
                                           COUNTER("v_line/m__A2", 4, 1, "elsif", LINES("4"), "TOP.b", 3)),
                     0);
    assert_int_equal(code_coverage_make(&coverage, points), 0);
    assert_int_equal(coverage.file_count[CODE_RTL], 1);
    const struct code_file *file = &coverage.files[CODE_RTL][0];
    static const struct {
        unsigned line;
        uint64_t count;
        const char *text;
    } wanted[] = {{1, 9, "line one"},
                  {2, 9, "line two"},
                  {3, 0, "if (x) y;"},
                  {4, 3, "line four"},
                  {5, 9, "line five"}};
    assert_int_equal(file->line_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(file->lines[i].line, wanted[i].line);
        assert_int_equal(file->lines[i].count, wanted[i].count);
        assert_string_equal(file->lines[i].text, wanted[i].text);
        assert_null(file->lines[i].waiver);
    }
    assert_int_equal(file->totals.lines, 5);
    assert_int_equal(file->totals.lines_run, 4);
    assert_int_equal(file->totals.branches, 2);
    assert_int_equal(file->totals.branches_taken, 1);
    code_coverage_free(&coverage);

    /* The other configuration takes the branch. */
    assert_int_equal(read_data(points, HEAD COUNTER("v_branch/m__A2", 3, 5, "if", LINES("3"), "TOP.b", 1)),
                     0);
    assert_int_equal(code_coverage_make(&coverage, points), 0);
    assert_int_equal(coverage.totals[CODE_RTL].lines_run, 5);
    assert_int_equal(coverage.totals[CODE_RTL].branches_taken, 2);
    code_coverage_free(&coverage);
    code_points_destroy(points);
}

static void test_toggles_of_ports_and_registers(void **state)
{
    (void)state;
    struct code_points *points = code_points_create();
    struct code_coverage coverage;

    assert_int_equal(
        read_data(points, HEAD COUNTER("v_toggle/m", 1, 1, "a_q[0]", "", "TOP.a",
                                       1) COUNTER("v_toggle/m", 1, 1, "a_q[1]", "", "TOP.a", 0)
                              COUNTER("v_toggle/m", 1, 1, "a_q[2]", "", "TOP.a", 0)
                                  COUNTER("v_toggle/m", 1, 1, "a_q[3]", "", "TOP.a", 0)
                                      COUNTER("v_toggle/m", 1, 1, "a_q[3]", "", "TOP.b", 2)
                                          COUNTER("v_toggle/m", 2, 1, "b_q[1][5]", "", "TOP.a", 0)
                                              COUNTER("v_toggle/m", 2, 9, "in_i", "", "TOP.a", 0)
                                                  COUNTER("v_toggle/m", 2, 9, "digest_q[1]", "", "TOP.a", 0)
                                                      COUNTER("v_toggle/m", 2, 9, "wire", "", "TOP.a", 0)),
        0);
    assert_int_equal(code_coverage_make(&coverage, points), 0);
    const struct code_file *file = &coverage.files[CODE_RTL][0];
    assert_int_equal(file->totals.toggles, 6);
    assert_int_equal(file->totals.toggled, 2);
    assert_int_equal(file->untoggled_count, 3);
    assert_string_equal(file->untoggled[0], "a_q[2:1]");
    assert_string_equal(file->untoggled[1], "b_q[1][5]");
    assert_string_equal(file->untoggled[2], "in_i");
    code_coverage_free(&coverage);
    code_points_destroy(points);
}

static void test_gcov(void **state)
{
    (void)state;
    struct code_points *points = code_points_create();
    struct code_coverage coverage;

    /* Two units that include the same header; what is not the model's does not count. */
    put_text(MODEL,
             "{\"files\": [{\"file\": \"cmodel/x86.h\", \"lines\": [{\"line_number\": 1, \"count\": 0,"
             " \"branches\": [{\"count\": 1}, {\"count\": 0}]}]},"
             " {\"file\": \"/usr/include/stdio.h\", \"lines\": [{\"line_number\": 1, \"count\": 5}]}]}\n"
             "{\"files\": [{\"file\": \"cmodel/x86.h\", \"lines\": [{\"line_number\": 1, \"count\": 4,"
             " \"branches\": [{\"count\": 2}, {\"count\": 0}]},"
             " {\"line_number\": 2, \"count\": 0}]}]}\n");
    assert_int_equal(code_points_add_gcov(points, MODEL), 0);
    assert_int_equal(code_coverage_make(&coverage, points), 0);
    assert_int_equal(coverage.file_count[CODE_RTL], 0);
    assert_int_equal(coverage.file_count[CODE_MODEL], 1);
    const struct code_totals *totals = &coverage.totals[CODE_MODEL];
    assert_int_equal(totals->lines, 2);
    assert_int_equal(totals->lines_run, 1);
    assert_int_equal(totals->branches, 2);
    assert_int_equal(totals->branches_taken, 1);
    assert_int_equal(coverage.files[CODE_MODEL][0].lines[0].count, 4);
    code_coverage_free(&coverage);
    code_points_destroy(points);
}

static void test_reports(void **state)
{
    (void)state;
    struct code_points *points = code_points_create();
    struct code_coverage coverage;
    char text[16384];

    assert_int_equal(read_data(points, HEAD COUNTER("v_line/m", 1, 1, "block", LINES("1"), "TOP.a", 7)
                                           COUNTER("v_line/m", 2, 1, "block", LINES("2"), "TOP.a", 0)
                                               COUNTER("v_toggle/m", 2, 9, "in_i", "", "TOP.a", 0)),
                     0);
    assert_int_equal(code_coverage_make(&coverage, points), 0);
    assert_int_equal(code_coverage_text(&coverage, DIRECTORY "/report.txt"), 0);
    text[get_file(DIRECTORY "/report.txt", text, sizeof(text) - 1)] = '\0';
    assert_non_null(strstr(text, "RTL: lines 1 of 2 (50.00 %)"));
    assert_non_null(strstr(text, SOURCE ":2: line two"));
    assert_non_null(strstr(text, SOURCE ": in_i"));
    assert_int_equal(code_coverage_json(&coverage, DIRECTORY "/report.json"), 0);
    json_t *root = json_load_file(DIRECTORY "/report.json", 0, NULL);
    const json_t *file = json_array_get(json_object_get(json_object_get(root, "rtl"), "files"), 0);
    const json_t *line = json_array_get(json_object_get(file, "not_run"), 0);
    assert_int_equal(json_integer_value(json_object_get(line, "line")), 2);
    assert_string_equal(json_string_value(json_object_get(line, "text")), "line two");
    assert_true(json_is_null(json_object_get(line, "reason")));
    json_decref(root);
    assert_int_equal(code_coverage_html(&coverage, DIRECTORY "/report.html"), 0);
    text[get_file(DIRECTORY "/report.html", text, sizeof(text) - 1)] = '\0';
    assert_non_null(strstr(text, "<tr><td><code>" SOURCE ":2</code><td><code>line two</code>"));
    code_coverage_free(&coverage);
    code_points_destroy(points);
}

static size_t waivers_in_table(void)
{
    size_t count = 0;
#define WAIVER(file, text, reason) count++;
#include "code_waivers.def"
    return count;
}

/* With no sources counted every waiver is stale, and each is told. */
static void test_stale_waivers_are_told(void **state)
{
    (void)state;
    struct code_coverage coverage = {0};
    char messages[65536];
    int saved = catch_messages(MESSAGES);
    size_t stale = code_coverage_stale_waivers(&coverage);
    size_t told = 0;

    release_messages(saved, MESSAGES, messages, sizeof(messages));
    for (const char *at = messages; (at = strstr(at, "the waiver is stale")) != NULL; at++)
        told++;
    assert_int_equal(stale, waivers_in_table());
    assert_int_equal(told, stale);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", ":1: is empty"},
        {"hello\n", ":1: not written by a Verilated model"},
        {HEAD "C no counter\n", ":2: no counter"},
        {HEAD "C '\1f\2x.sv' 3\n", ":2: a counter without its place"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct code_points *points = code_points_create();
        char messages[1024];
        int saved = catch_messages(MESSAGES);
        int failed = read_data(points, cases[i].text);

        release_messages(saved, MESSAGES, messages, sizeof(messages));
        assert_int_equal(failed, -1);
        if (!strstr(messages, cases[i].message))
            fail_msg("%s", messages);
        code_points_destroy(points);
    }
    struct code_points *points = code_points_create();
    struct code_coverage coverage;
    char messages[1024];
    int saved = catch_messages(MESSAGES);
    put_text(MODEL, "{\"files\": [");
    assert_int_equal(code_points_add_gcov(points, MODEL), -1);
    assert_int_equal(code_points_add_gcov(points, DIRECTORY "/nowhere"), -1);
    /* counted with other sources */
    assert_int_equal(read_data(points, HEAD COUNTER("v_line/m", 9, 1, "block", LINES("9"), "TOP.a", 7)), 0);
    assert_int_equal(code_coverage_make(&coverage, points), -1);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_non_null(strstr(messages, "has no line 9"));
    code_coverage_free(&coverage);
    code_points_destroy(points);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_are_as_good_as_their_least_part),
        cmocka_unit_test(test_toggles_of_ports_and_registers),
        cmocka_unit_test(test_gcov),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_stale_waivers_are_told),
        cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
