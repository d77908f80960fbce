/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of coverage: names, patterns, rules, classes, steering. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "coverage_report.h"
#include "coverage_steer.h"
#include "test_files.h"

static unsigned points_of(unsigned group, const char *pattern)
{
    const struct coverage_group_info *info = coverage_group(group);
    unsigned count = 0;
    for (unsigned i = info->first; i < info->first + info->count; i++)
        count += coverage_matches(i, pattern);
    return count;
}

/* The pattern is right, and there is something that it names. */
static void check_rule(const struct coverage_rule *rule)
{
    const char *error = coverage_pattern_error(rule->group, rule->pattern);
    if (error)
        fail_msg("%s \"%s\": %s", coverage_group(rule->group)->name, rule->pattern, error);
    if (!points_of(rule->group, rule->pattern))
        fail_msg("%s \"%s\" names no point", coverage_group(rule->group)->name, rule->pattern);
}

static void test_points_have_names(void **state)
{
    char name[COVERAGE_NAME_BYTES];
    unsigned next = 0;
    (void)state;
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *group = coverage_group(g);
        unsigned product = 1;
        assert_int_equal(coverage_find_group(group->name), g);
        assert_int_equal(group->first, next);
        for (unsigned i = 0; i < group->dimension_count; i++) {
            assert_in_range(group->dimensions[i]->count, 1, 64); /* a pattern's values are bits of a word */
            product *= group->dimensions[i]->count;
        }
        assert_int_equal(group->count, product);
        for (unsigned i = group->first; i < group->first + group->count; i++) {
            assert_int_equal(coverage_group_of(i), g);
            assert_int_equal(coverage_find_point(g, coverage_point_name(i, name)), i);
        }
        next += group->count;
    }
    assert_int_equal(next, COVERAGE_POINTS);
    assert_true(COVERAGE_POINTS > 4000);
    assert_int_equal(coverage_find_group("op"), -1);
    assert_int_equal(coverage_find_point(COVERAGE_op_queue, "cr3"), -1);
    assert_int_equal(coverage_find_point(COVERAGE_op_queue, "cr3/walks"), -1);
    assert_int_equal(coverage_find_point(COVERAGE_op_queue, "cr3/walk/walk"), -1);
    assert_int_equal(coverage_find_point(COVERAGE_op_queue, "cr3/"), -1);
}

static void test_patterns(void **state)
{
    unsigned values[COVERAGE_MAX_DIMENSIONS];
    int point = coverage_find_point(COVERAGE_overtaken_walk, "invlpg/pde/exchange/taken");
    (void)state;
    assert_true(point >= 0);
    coverage_values((unsigned)point, values);
    assert_int_equal(values[0], COVER_overtaking_invlpg);
    assert_int_equal(values[3], COVER_moment_taken);
    assert_true(coverage_matches((unsigned)point, ""));
    assert_true(coverage_matches((unsigned)point, "level=pte,pde"));
    assert_true(coverage_matches((unsigned)point, "level!=pte moment=taken request=exchange"));
    assert_false(coverage_matches((unsigned)point, "level=pte"));
    assert_false(coverage_matches((unsigned)point, "level!=pte,pde"));
    assert_false(coverage_matches((unsigned)point, "moment=taken level=pte"));
    assert_int_equal(points_of(COVERAGE_overtaken_walk, ""), coverage_group(COVERAGE_overtaken_walk)->count);
    assert_int_equal(points_of(COVERAGE_overtaken_walk, "overtaking=drop level!=pde"), 1 * 4 * 2 * 8);
    assert_null(coverage_pattern_error(COVERAGE_overtaken_walk, "level=pte,pde moment!=taken"));
    assert_non_null(coverage_pattern_error(COVERAGE_overtaken_walk, "levels=pte"));
    assert_non_null(coverage_pattern_error(COVERAGE_overtaken_walk, "level=ptes"));
    assert_non_null(coverage_pattern_error(COVERAGE_overtaken_walk, "level"));
    assert_non_null(coverage_pattern_error(COVERAGE_overtaken_walk, "level=pte,"));
    assert_non_null(coverage_pattern_error(COVERAGE_overtaken_walk, "level!pte"));
    assert_false(coverage_matches((unsigned)point, "levels=pde"));
}

static void test_rules_name_points(void **state)
{
    struct coverage_rule rule;
    unsigned count = 0;
    (void)state;
    for (unsigned i = 0; coverage_unreachable_rule(i, &rule); i++, count++) {
        check_rule(&rule);
        assert_true(strlen(rule.text) > 10);
    }
    for (unsigned i = 0; coverage_needs_rule(i, &rule); i++, count++) {
        check_rule(&rule);
        assert_true(strlen(rule.text) > 5);
    }
    assert_true(count > 100);
    for (unsigned i = 0; coverage_unreachable_rule(i, &rule); i++) {
        const struct coverage_group_info *group = coverage_group(rule.group);
        for (unsigned p = group->first; p < group->first + group->count; p++)
            if (coverage_matches(p, rule.pattern))
                assert_non_null(coverage_unreachable(p));
    }
}

/* No group is excused as a whole, and each has points in some shipped configuration. */
static void test_every_group_can_be_hit(void **state)
{
    glob_t shipped;
    (void)state;
    assert_int_equal(glob("configs/*.yaml", 0, NULL, &shipped), 0);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *group = coverage_group(g);
        unsigned possible = 0;
        for (unsigned c = 0; c < shipped.gl_pathc; c++) {
            struct config config;
            assert_int_equal(config_open(&config, shipped.gl_pathv[c], NULL, 0), 0);
            for (unsigned p = group->first; p < group->first + group->count; p++)
                possible += !coverage_unreachable(p) && !coverage_missing(p, &config.mmu);
            config_close(&config);
        }
        if (!possible)
            fail_msg("%s cannot be hit", group->name);
    }
    globfree(&shipped);
}

static const char *missing(const char *config_name, unsigned group, const char *point)
{
    struct config config;
    int number = coverage_find_point(group, point);
    assert_true(number >= 0);
    assert_int_equal(config_open(&config, config_name, NULL, 0), 0);
    const char *what = coverage_missing((unsigned)number, &config.mmu);
    config_close(&config);
    return what;
}

static void test_needs_of_configurations(void **state)
{
    (void)state;
    assert_null(missing("zen4", COVERAGE_inv_effect, "invlpg/l2i/drops_current"));
    assert_non_null(missing("default", COVERAGE_inv_effect, "invlpg/l2i/drops_current"));
    assert_null(missing("zen4", COVERAGE_replaced_way, "l1d_4k/64_up"));
    assert_non_null(missing("sapphire_rapids", COVERAGE_replaced_way, "l1d_4k/6"));
    assert_null(missing("sapphire_rapids", COVERAGE_replaced_way, "l1d_4k/5"));
    assert_non_null(missing("zen4", COVERAGE_replaced_way, "l1d_2m/0"));
    assert_null(missing("tiny", COVERAGE_victim_policy, "l2_4k/nru"));
    assert_non_null(missing("tiny", COVERAGE_victim_policy, "l2_4k/plru"));
    assert_null(missing("tiny", COVERAGE_inv_fragments, "invlpg/l1i/2m"));
    assert_non_null(missing("zen4", COVERAGE_inv_fragments, "invlpg/l1i/2m"));
    assert_non_null(missing("zen4", COVERAGE_multi_size, "l1d/4k_2m/hit"));
    assert_null(missing("zen4", COVERAGE_multi_size, "l2/4k_2m/hit"));
    assert_null(missing("default", COVERAGE_overtaken_lookup, "invlpg/6"));
    assert_non_null(missing("default", COVERAGE_overtaken_lookup, "drop/6"));
    assert_non_null(missing("tiny", COVERAGE_overtaken_lookup, "invlpg/2"));
    assert_null(missing("tiny", COVERAGE_reserved_bit, "pte/40"));
    assert_non_null(missing("default", COVERAGE_reserved_bit, "pte/45"));
    assert_null(missing("default", COVERAGE_reserved_bit, "pte/46"));
}

static unsigned count_text(const char *text, const char *wanted)
{
    unsigned count = 0;
    for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
        count++;
    return count;
}

/* Each class of the catalogue has points, and each class that has points is one of the catalogue. */
static void test_classes_are_those_of_the_catalogue(void **state)
{
    static char text[1 << 18];
    struct coverage_data *data = coverage_data_create();
    struct coverage_report *report = coverage_report_create(data);
    struct coverage_counts counts;
    struct coverage_rule rule;
    const char *name;
    unsigned classes = 0;
    (void)state;
    text[get_file("docs/bug-catalogue.md", text, sizeof(text) - 1)] = '\0';
    char *end = strstr(text, "## Bugs, stimulus, verdict");
    assert_non_null(end);
    *end = '\0';
    for (; coverage_class(report, classes, &name, &counts); classes++) {
        unsigned at = 0;
        char row[256];
        snprintf(row, sizeof(row), "\n| %s", name);
        if (!strstr(text, row))
            fail_msg("docs/bug-catalogue.md has no class \"%s\"", name);
        while (coverage_class_points(classes, &at, &rule))
            check_rule(&rule);
        assert_true(at > 0 && counts.holes > 0);
    }
    /* rows of the tables that are neither heads nor lines below them */
    unsigned rows = count_text(text, "\n| ") - count_text(text, "\n| class |") -
                    count_text(text, "\n| line |") - count_text(text, "\n| `");
    assert_int_equal(classes, rows);
    free(report);
    coverage_data_destroy(data);
}

static void test_steering_is_usable(void **state)
{
    struct coverage_rule rule;
    struct steering all = {0};
    (void)state;
    for (unsigned i = 0; steering_rule(i, &rule); i++)
        check_rule(&rule);
    for (unsigned p = 0; p < COVERAGE_POINTS; p++) {
        struct steering one = {0};
        struct config config;
        assert_true(steering_add(&one, p));
        assert_true(steering_add(&all, p));
        if (p % 16 == 0) {
            assert_int_equal(config_open(&config, "tiny", (const char *const *)one.settings, one.count), 0);
            config_close(&config);
        }
        steering_free(&one);
    }
    for (size_t i = 0; i < all.count; i++)
        for (size_t j = 0; j < i; j++) {
            size_t length = strcspn(all.settings[i], "=");
            assert_false(strncmp(all.settings[i], all.settings[j], length + 1) == 0);
        }
    steering_free(&all);
    int point = coverage_find_point(COVERAGE_rights_key, "l1/user/keys1/ad/read_user/wp1");
    assert_non_null(strstr(steering_of((unsigned)point), "weight_pkeys"));
    assert_null(steering_of((unsigned)coverage_find_point(COVERAGE_walk_start, "root/4/read")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_have_names),
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_rules_name_points),
        cmocka_unit_test(test_every_group_can_be_hit),
        cmocka_unit_test(test_needs_of_configurations),
        cmocka_unit_test(test_classes_are_those_of_the_catalogue),
        cmocka_unit_test(test_steering_is_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
