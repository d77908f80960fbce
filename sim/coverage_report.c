/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_report.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "output_file.h"

/* The classes and, behind each, its parts. */
struct class_row {
    const char *class; /* NULL: a part of the class before */
    struct coverage_rule part;
};

static const struct class_row class_rows[] = {
#define COVER_CLASS(name)                  {.class = name},
#define COVER_CLASS_POINTS(group, pattern) {.part = {COVERAGE_##group, pattern, NULL}},
#include "coverage_classes.def"
};

enum { CLASS_ROWS = sizeof(class_rows) / sizeof(class_rows[0]) };

static void count(struct coverage_counts *counts, enum coverage_status status)
{
    switch (status) {
    case COVERAGE_HIT:
        counts->hit++;
        break;
    case COVERAGE_HOLE:
        counts->holes++;
        break;
    case COVERAGE_UNREACHABLE:
        counts->unreachable++;
        break;
    case COVERAGE_NOT_HERE:
        counts->not_here++;
        break;
    case COVERAGE_CONTRADICTION:
        counts->contradictions++;
        break;
    }
}

struct coverage_report *coverage_report_create(const struct coverage_data *data)
{
    struct coverage_report *report = calloc(1, sizeof(*report));

    if (report == NULL)
        return NULL;
    report->data = data;
    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        enum coverage_status status = coverage_status(data, i, &report->why[i]);

        report->status[i] = (uint8_t)status;
        count(&report->groups[coverage_group_of(i)], status);
        count(&report->all, status);
    }
    for (uint32_t i = 0; i < data->run_count; i++)
        report->cycles += data->runs[i].cycles;
    return report;
}

/* Row of a class, or CLASS_ROWS. */
static unsigned class_row(unsigned index)
{
    unsigned row = 0;

    for (; row < CLASS_ROWS; row++)
        if (class_rows[row].class != NULL && index-- == 0)
            break;
    return row;
}

bool coverage_class_points(unsigned index, unsigned *at, struct coverage_rule *rule)
{
    unsigned row = class_row(index) + 1 + *at;

    if (row >= CLASS_ROWS || class_rows[row].class != NULL)
        return false;
    *rule = class_rows[row].part;
    ++*at;
    return true;
}

bool coverage_class(const struct coverage_report *report, unsigned index, const char **name,
                    struct coverage_counts *counts)
{
    unsigned row = class_row(index), at = 0;
    struct coverage_rule rule;

    if (row == CLASS_ROWS)
        return false;
    *name = class_rows[row].class;
    *counts = (struct coverage_counts){0};
    while (coverage_class_points(index, &at, &rule)) {
        const struct coverage_group_info *group = coverage_group(rule.group);

        for (unsigned i = group->first; i < group->first + group->count; i++)
            if (coverage_matches(i, rule.pattern))
                count(counts, report->status[i]);
    }
    return true;
}

double coverage_percent(const struct coverage_counts *counts)
{
    unsigned reachable = counts->hit + counts->holes + counts->contradictions;

    return reachable > 0 ? 100.0 * (double)counts->hit / (double)reachable : 100.0;
}

struct coverage_counts coverage_counts_of_config(const struct coverage_report *report, uint32_t config)
{
    struct coverage_counts counts = {0};

    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        if (report->status[i] == COVERAGE_UNREACHABLE ||
            coverage_missing(i, &report->data->configs[config].params) != NULL)
            continue;
        count(&counts, report->data->points[i].configs >> config & 1 ? COVERAGE_HIT : COVERAGE_HOLE);
    }
    return counts;
}

/* ---- Text ---- */

static void print_point(const struct coverage_report *report, unsigned point, FILE *out)
{
    char name[COVERAGE_NAME_BYTES];

    fprintf(out, "  %s/%s", coverage_group(coverage_group_of(point))->name, coverage_point_name(point, name));
    if (report->why[point] != NULL)
        fprintf(out, ": %s", report->why[point]);
    putc('\n', out);
}

static void print_holes(const struct coverage_report *report, unsigned group, unsigned most, FILE *out)
{
    const struct coverage_group_info *info = coverage_group(group);
    unsigned shown = 0;

    for (unsigned i = info->first; i < info->first + info->count; i++)
        if (report->status[i] == COVERAGE_HOLE && shown++ < most)
            print_point(report, i, out);
    if (shown > most)
        fprintf(out, "  %s: and %u more\n", info->name, shown - most);
}

static void print_configs(const struct coverage_report *report, FILE *out)
{
    const struct coverage_data *data = report->data;

    fputs("\nby configuration\n", out);
    for (uint32_t c = 0; c < data->config_count; c++) {
        struct coverage_counts counts = coverage_counts_of_config(report, c);

        fprintf(out, "  %-24s %5u of %5u\n", data->configs[c].name, counts.hit, counts.hit + counts.holes);
    }
}

static void print_classes(const struct coverage_report *report, FILE *out)
{
    struct coverage_counts counts;
    const char *name;

    fputs("\nclasses of the bug catalogue, and their points\n", out);
    for (unsigned i = 0; coverage_class(report, i, &name, &counts); i++)
        fprintf(out, "  %5u of %5u  %s\n", counts.hit, counts.hit + counts.holes, name);
}

void coverage_report_text(const struct coverage_report *report, unsigned most, FILE *out)
{
    const struct coverage_counts *all = &report->all;

    fprintf(out, "functional coverage: %u of %u points, %.2f %%; %u holes\n", all->hit, all->hit + all->holes,
            coverage_percent(all), all->holes);
    fprintf(out, "%u points are unreachable, %u are not in these configurations; %u runs, %llu cycles\n",
            all->unreachable, all->not_here, report->data->run_count, (unsigned long long)report->cycles);
    if (all->contradictions > 0)
        fprintf(out, "\nhit, though coverage.def says otherwise\n");
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (report->status[i] == COVERAGE_CONTRADICTION)
            print_point(report, i, out);
    if (all->holes > 0 && most > 0)
        fputs("\nholes\n", out);
    for (unsigned group = 0; group < COVERAGE_GROUPS && most > 0; group++)
        print_holes(report, group, most, out);
    fputs("\ngroups: points hit of those that can be; unreachable, not in these configurations\n", out);
    for (unsigned group = 0; group < COVERAGE_GROUPS; group++) {
        const struct coverage_counts *counts = &report->groups[group];

        fprintf(out, "  %-24s %5u of %5u %5u %5u  %s\n", coverage_group(group)->name, counts->hit,
                counts->hit + counts->holes, counts->unreachable, counts->not_here,
                coverage_group(group)->text);
    }
    print_configs(report, out);
    print_classes(report, out);
}

void coverage_report_check(const struct coverage_report *report, FILE *out)
{
    unsigned failed = 0;

    for (unsigned group = 0; group < COVERAGE_GROUPS; group++) {
        const struct coverage_counts *counts = &report->groups[group];
        bool complete = counts->holes == 0 && counts->contradictions == 0;

        failed += !complete;
        fprintf(out, "%s %u - coverage of %s: %u of %u points\n", complete ? "ok" : "not ok", group + 1,
                coverage_group(group)->name, counts->hit,
                counts->hit + counts->holes + counts->contradictions);
        if (!complete)
            print_holes(report, group, UINT32_MAX, out);
    }
    fprintf(out, "1..%d\n%u passed, %u failed\n", COVERAGE_GROUPS, COVERAGE_GROUPS - failed, failed);
}

/* ---- JSON ---- */

static const char *status_name(enum coverage_status status)
{
    static const char *const names[] = {"hit", "hole", "unreachable", "not in these configurations",
                                        "contradiction"};

    return names[status];
}

static json_t *point_to_json(const struct coverage_report *report, unsigned i)
{
    const struct coverage_total *point = &report->data->points[i];
    json_t *object = json_pack("{s:s}", "status", status_name(report->status[i]));

    if (report->why[i] != NULL)
        json_object_set_new(object, "why", json_string(report->why[i]));
    if (point->hits > 0) {
        json_object_set_new(object, "hits", json_integer((json_int_t)point->hits));
        json_object_set_new(object, "cycle", json_integer((json_int_t)point->first));
        json_object_set_new(object, "run", json_string(report->data->runs[point->run].command));
    }
    return object;
}

static json_t *counts_to_json(const struct coverage_counts *counts)
{
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:f}", "hit", counts->hit, "holes", counts->holes,
                     "unreachable", counts->unreachable, "not_here", counts->not_here, "contradictions",
                     counts->contradictions, "percent", coverage_percent(counts));
}

int coverage_report_json(const struct coverage_report *report, const char *path)
{
    json_t *root = json_object(), *groups = json_object(), *list = json_object();
    struct coverage_counts counts;
    const char *name;
    struct output_file file;
    int failed;

    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *group = coverage_group(g);
        json_t *object = counts_to_json(&report->groups[g]), *points = json_object();
        char point[COVERAGE_NAME_BYTES];

        for (unsigned i = group->first; i < group->first + group->count; i++)
            json_object_set_new(points, coverage_point_name(i, point), point_to_json(report, i));
        json_object_set_new(object, "points", points);
        json_object_set_new(groups, group->name, object);
    }
    for (unsigned i = 0; coverage_class(report, i, &name, &counts); i++)
        json_object_set_new(list, name, counts_to_json(&counts));
    json_object_set_new(root, "all", counts_to_json(&report->all));
    json_object_set_new(root, "runs", json_integer(report->data->run_count));
    json_object_set_new(root, "cycles", json_integer((json_int_t)report->cycles));
    json_object_set_new(root, "groups", groups);
    json_object_set_new(root, "classes", list);
    if (output_file_open(&file, path) != 0) {
        json_decref(root);
        return -1;
    }
    failed = json_dumpf(root, file.stream, JSON_INDENT(1));
    json_decref(root);
    if (failed != 0) {
        fprintf(stderr, "%s: cannot be written\n", path);
        output_file_discard(&file);
        return -1;
    }
    return output_file_commit(&file);
}
