/* SPDX-License-Identifier: Apache-2.0 */
/* Reads what a sweep found, and finds what a report begins with. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "report.h"

enum { VERSION = 1, LABEL_BYTES = 64 };

static bool complain(const char *path, const char *what, const char *name)
{
    fprintf(stderr, "%s: not the results of a sweep: %s%s\n", path, what, name);
    return false;
}

static bool out_of_memory(const char *path)
{
    fprintf(stderr, "%s: out of memory\n", path);
    return false;
}

static const char *string_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

/* A value of an axis as text. */
static void append_value(FILE *out, const json_t *value)
{
    if (json_is_string(value))
        fputs(json_string_value(value), out);
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", out);
    else
        fprintf(out, "%.10g", json_number_value(value));
}

/* The values of the keys of an axis, joined: of one step, or of a point. */
static char *join_values(const json_t *keys, size_t step, const json_t *values)
{
    char *text = NULL;
    size_t size, i;
    const json_t *key;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    json_array_foreach(keys, i, key)
    {
        fputs(i > 0 ? "/" : "", out);
        append_value(out, values ? json_object_get(values, string_of(key, "key"))
                                 : json_array_get(json_object_get(key, "values"), step));
    }
    fclose(out);
    return text;
}

/* A section is named once where the next key is of the same. */
static char *join_keys(const json_t *keys)
{
    char *text = NULL;
    const char *before = "";
    size_t size, i;
    const json_t *key;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    json_array_foreach(keys, i, key)
    {
        const char *name = string_of(key, "key"), *dot = strchr(name, '.');
        bool same = dot && strncmp(before, name, (size_t)(dot - name) + 1) == 0;
        fprintf(out, "%s%s", i > 0 ? "/" : "", same ? dot + 1 : name);
        before = name;
    }
    fclose(out);
    return text;
}

static bool read_axis(struct report_axis *axis, const json_t *json, const char *path)
{
    const json_t *keys = json_object_get(json, "keys"), *key;
    size_t i;
    if (json_array_size(keys) == 0)
        return complain(path, "an axis without keys", "");
    axis->steps = json_array_size(json_object_get(json_array_get(keys, 0), "values"));
    json_array_foreach(keys, i, key)
    {
        if (!string_of(key, "key") || json_array_size(json_object_get(key, "values")) != axis->steps)
            return complain(path, "an axis without name or values", "");
    }
    axis->name = join_keys(keys);
    axis->labels = calloc(axis->steps + 1, sizeof(*axis->labels));
    if (!axis->name || !axis->labels)
        return out_of_memory(path);
    for (size_t step = 0; step < axis->steps; step++) {
        axis->labels[step] = join_values(keys, step, NULL);
        if (!axis->labels[step])
            return out_of_memory(path);
    }
    return true;
}

/* Which step of the axis the point is at; `steps` if at none. */
static size_t step_of(const struct report_axis *axis, const json_t *keys, const json_t *values)
{
    char *text = join_values(keys, 0, values);
    size_t step = 0;
    while (text && step < axis->steps && strcmp(axis->labels[step], text) != 0)
        step++;
    free(text);
    return step;
}

static bool read_point(struct report *report, size_t index, const json_t *json, const char *path)
{
    struct report_point *point = &report->points[index];
    const json_t *axes = json_object_get(report->root, "axes");
    const json_t *values = json_object_get(json, "values");
    if (json_integer_value(json_object_get(json, "point")) != (json_int_t)index ||
        !string_of(json, "config") || !json_is_object(values))
        return complain(path, "a point without number, config or values", "");
    point->error = string_of(json, "error");
    point->steps = calloc(report->axis_count + 1, sizeof(*point->steps));
    if (!point->steps)
        return out_of_memory(path);
    for (size_t axis = 0; axis < report->axis_count; axis++) {
        const json_t *keys = json_object_get(json_array_get(axes, axis), "keys");
        point->steps[axis] = step_of(&report->axes[axis], keys, values);
        if (point->steps[axis] == report->axes[axis].steps)
            return complain(path, "a point with a value that is not on the axis ", report->axes[axis].name);
    }
    return true;
}

/* ---- Configurations ---- */

static uint32_t entries_of(const struct mmu_params *p)
{
    uint32_t entries = p->l2.sets * p->l2.ways + p->l2.ways_1g;
    if (!p->l2.shared_2m)
        entries += p->l2.sets_2m * p->l2.ways_2m;
    if (p->l2.split) {
        entries += p->l2i.sets * p->l2i.ways + p->l2i.ways_1g;
        if (!p->l2i.shared_2m)
            entries += p->l2i.sets_2m * p->l2i.ways_2m;
    }
    entries += p->l1d.unified ? p->l1d.ways_4k
                              : p->l1d.sets_4k * p->l1d.ways_4k + p->l1d.sets_2m * p->l1d.ways_2m +
                                    p->l1d.sets_1g * p->l1d.ways_1g;
    entries += p->l1i.unified ? p->l1i.ways_4k
                              : p->l1i.sets_4k * p->l1i.ways_4k + p->l1i.sets_2m * p->l1i.ways_2m +
                                    p->l1i.sets_1g * p->l1i.ways_1g;
    return entries + p->walk_cache.sets_pml5e * p->walk_cache.ways_pml5e +
           p->walk_cache.sets_pml4e * p->walk_cache.ways_pml4e +
           p->walk_cache.sets_pdpte * p->walk_cache.ways_pdpte +
           p->walk_cache.sets_pde * p->walk_cache.ways_pde;
}

/* Resolves the configuration of a point. false: it cannot be read here (told on stderr). */
static bool resolve(struct report *report, size_t index, const json_t *json)
{
    const json_t *set = json_object_get(json, "set"), *word;
    size_t count = json_array_size(set), i;
    const char **settings = calloc(count + 1, sizeof(*settings));
    struct config config;
    if (!settings)
        return false;
    json_array_foreach(set, i, word)
    {
        settings[i] = json_string_value(word) ? json_string_value(word) : "";
    }
    bool good = config_open(&config, string_of(json, "config"), settings, count) == 0;
    free(settings);
    if (!good)
        return false;
    json_t *values = json_array();
    for (size_t key = 0; key < CONFIG_KEYS; key++) {
        char text[LABEL_BYTES];
        json_array_append_new(values, json_string(config_value_text(config_key(key), config_get(&config, key),
                                                                    text, sizeof(text))));
    }
    report->points[index].configuration = values;
    for (size_t workload = 0; workload < report->workload_count; workload++)
        report->values[(index * report->workload_count + workload + 1) * report->metric_count - 1] =
            entries_of(&config.mmu);
    config_close(&config);
    return true;
}

/* ---- Runs ---- */

static bool read_metrics(struct report *report, const json_t *metrics, const char *path)
{
    size_t i;
    const json_t *json;
    json_array_foreach(metrics, i, json)
    {
        struct report_metric *metric = &report->metrics[i];
        *metric = (struct report_metric){.name = string_of(json, "metric"),
                                         .unit = string_of(json, "unit"),
                                         .description = string_of(json, "description"),
                                         .better = (int)json_integer_value(json_object_get(json, "better"))};
        if (!metric->name || !metric->unit || !metric->description)
            return complain(path, "a metric without name, unit or description", "");
    }
    report->metrics[i] = (struct report_metric){
        .name = REPORT_ENTRIES,
        .unit = "entries",
        .description =
            "entries of all TLBs and walk caches, of any size: a measure of cost where there is no other",
        .better = -1,
    };
    return true;
}

static size_t workload_of(const struct report *report, const char *name)
{
    size_t workload = 0;
    while (name && workload < report->workload_count && strcmp(report->workloads[workload], name) != 0)
        workload++;
    return name ? workload : report->workload_count;
}

static bool read_run(struct report *report, const json_t *json, const char *path)
{
    const json_t *metrics = json_object_get(json, "metrics"), *number = json_object_get(json, "point");
    size_t workload = workload_of(report, string_of(json, "workload"));
    json_int_t point = json_integer_value(number);
    if (!json_is_integer(number) || point < 0 || (size_t)point >= report->point_count ||
        workload == report->workload_count || !string_of(json, "kind"))
        return complain(path, "a run of no point, of no workload or without kind", "");
    size_t run = (size_t)point * report->workload_count + workload;
    report->runs[run].json = json;
    for (size_t metric = 0; metric + 1 < report->metric_count; metric++) {
        const json_t *value = json_object_get(metrics, report->metrics[metric].name);
        if (json_is_number(value))
            report->values[run * report->metric_count + metric] = json_number_value(value);
    }
    return true;
}

/* ---- What a report begins with ---- */

static size_t find_metric(const struct report *report, const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < report->metric_count; i++)
        if (strncmp(report->metrics[i].name, name, length) == 0)
            return i;
    return report->metric_count;
}

double report_value(const struct report *report, size_t point, size_t workload, size_t metric)
{
    const double *values = report->values + point * report->workload_count * report->metric_count + metric;
    if (workload != (size_t)REPORT_ALL_WORKLOADS)
        return values[workload * report->metric_count];
    double sum = 0, logarithms = 0;
    bool positive = true;
    for (size_t i = 0; i < report->workload_count; i++) {
        double value = values[i * report->metric_count];
        sum += value;
        positive = positive && value > 0;
        logarithms += positive ? log(value) : 0;
    }
    if (isnan(sum))
        return NAN;
    double count = (double)report->workload_count;
    return positive ? exp(logarithms / count) : sum / count;
}

/* As a number of which less is better. */
static double cost_of(const struct report *report, size_t point, size_t workload, size_t metric)
{
    double value = report_value(report, point, workload, metric);
    return report->metrics[metric].better > 0 ? -value : value;
}

bool *report_front(const struct report *report, size_t workload)
{
    size_t count = report->point_count;
    bool *front = calloc(count + 1, sizeof(*front));
    double(*costs)[2] = calloc(count + 1, sizeof(*costs));
    for (size_t i = 0; front && costs && i < count; i++) {
        costs[i][0] = cost_of(report, i, workload, report->cost);
        costs[i][1] = cost_of(report, i, workload, report->benefit);
    }
    for (size_t i = 0; front && costs && i < count; i++) {
        front[i] = !isnan(costs[i][0]) && !isnan(costs[i][1]);
        for (size_t j = 0; front[i] && j < count; j++)
            front[i] = !(costs[j][0] <= costs[i][0] && costs[j][1] <= costs[i][1] &&
                         (costs[j][0] < costs[i][0] || costs[j][1] < costs[i][1]));
    }
    if (!costs) {
        free(front);
        front = NULL;
    }
    free(costs);
    return front;
}

/* The point on the front that is nearest to the best of both metrics, in shares of what the front spans. */
static size_t nearest_to_best(const struct report *report, const bool *front)
{
    const size_t metrics[2] = {report->cost, report->benefit}, all = (size_t)REPORT_ALL_WORKLOADS;
    double low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY}, best = INFINITY;
    size_t nearest = 0;
    for (size_t point = 0; point < report->point_count; point++)
        for (int i = 0; front[point] && i < 2; i++) {
            low[i] = fmin(low[i], cost_of(report, point, all, metrics[i]));
            high[i] = fmax(high[i], cost_of(report, point, all, metrics[i]));
        }
    for (size_t point = 0; point < report->point_count; point++) {
        double distance = 0;
        for (int i = 0; front[point] && i < 2; i++) {
            double above = cost_of(report, point, all, metrics[i]) - low[i];
            distance += high[i] > low[i] ? pow(above / (high[i] - low[i]), 2) : 0;
        }
        bool nearer =
            distance < best || (distance == best && cost_of(report, point, all, report->benefit) <
                                                        cost_of(report, nearest, all, report->benefit));
        if (front[point] && nearer) {
            best = distance;
            nearest = point;
        }
    }
    return nearest;
}

static bool no_such_benefit(const struct report *report, const char *path, const char *name)
{
    fprintf(stderr, "%s: there is no metric '%s'; there are:", path, name);
    for (size_t i = 0; i < report->metric_count; i++)
        fprintf(stderr, " %s", report->metrics[i].name);
    fputc('\n', stderr);
    return false;
}

/* For cost an area if there is one, else the entries; for benefit what is asked for, or cycles if they are
 * there. */
static bool choose(struct report *report, const char *path, const char *benefit)
{
    size_t area = find_metric(report, "area."), cycles = find_metric(report, "cycles_per_access");
    report->cost = area < report->metric_count ? area : report->metric_count - 1;
    report->benefit = cycles < report->metric_count ? cycles : 0;
    if (benefit) {
        report->benefit = 0;
        while (strcmp(report->metrics[report->benefit].name, benefit) != 0)
            if (++report->benefit == report->metric_count)
                return no_such_benefit(report, path, benefit);
    }
    bool *front = report_front(report, (size_t)REPORT_ALL_WORKLOADS);
    if (!front)
        return out_of_memory(path);
    report->reference = nearest_to_best(report, front);
    free(front);
    return true;
}

/* ---- All of it ---- */

static bool allocate(struct report *report)
{
    size_t runs = report->point_count * report->workload_count;
    report->axes = calloc(report->axis_count + 1, sizeof(*report->axes));
    report->points = calloc(report->point_count + 1, sizeof(*report->points));
    report->workloads = calloc(report->workload_count + 1, sizeof(*report->workloads));
    report->metrics = calloc(report->metric_count + 1, sizeof(*report->metrics));
    report->runs = calloc(runs + 1, sizeof(*report->runs));
    report->values = malloc((runs * report->metric_count + 1) * sizeof(*report->values));
    if (!report->axes || !report->points || !report->workloads || !report->metrics || !report->runs ||
        !report->values)
        return false;
    for (size_t i = 0; i < runs * report->metric_count; i++)
        report->values[i] = NAN;
    return true;
}

static bool read_parts(struct report *report, const char *path, const char *benefit)
{
    const json_t *axes = json_object_get(report->root, "axes"),
                 *points = json_object_get(report->root, "points");
    const json_t *runs = json_object_get(report->root, "runs"), *json;
    const json_t *workloads = json_object_get(report->root, "workloads");
    bool resolved = true;
    size_t i;
    json_array_foreach(axes, i, json)
    {
        if (!read_axis(&report->axes[i], json, path))
            return false;
    }
    json_array_foreach(workloads, i, json)
    {
        report->workloads[i] = string_of(json, "name");
        if (!report->workloads[i])
            return complain(path, "a workload without name", "");
    }
    if (!read_metrics(report, json_object_get(report->root, "metrics"), path))
        return false;
    json_array_foreach(points, i, json)
    {
        if (!read_point(report, i, json, path))
            return false;
        /* one message is enough */
        resolved = resolved && (report->points[i].error || resolve(report, i, json));
    }
    if (!resolved)
        fprintf(stderr, "%s: configurations are not in the report: they cannot be read here\n", path);
    json_array_foreach(runs, i, json)
    {
        if (!read_run(report, json, path))
            return false;
    }
    return choose(report, path, benefit);
}

bool report_read(struct report *report, const char *path, const char *benefit)
{
    static const char *const lists[] = {"axes", "workloads", "metrics", "points", "runs"};
    json_error_t error;
    *report = (struct report){.root = json_load_file(path, JSON_REJECT_DUPLICATES, &error)};
    if (!report->root) {
        if (error.line > 0)
            fprintf(stderr, "%s:%d:%d: %s\n", path, error.line, error.column, error.text);
        else
            fprintf(stderr, "%s\n", error.text);
        return false;
    }
    if (json_integer_value(json_object_get(report->root, "version")) != VERSION)
        return complain(path, "a version that is not known", "");
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (!json_is_array(json_object_get(report->root, lists[i])))
            return complain(path, "there is no list ", lists[i]);
    report->axis_count = json_array_size(json_object_get(report->root, "axes"));
    report->workload_count = json_array_size(json_object_get(report->root, "workloads"));
    report->metric_count = json_array_size(json_object_get(report->root, "metrics")) + 1;
    report->point_count = json_array_size(json_object_get(report->root, "points"));
    if (report->workload_count == 0 || report->point_count == 0)
        return complain(path, "there are no points or no workloads", "");
    return allocate(report) ? read_parts(report, path, benefit) : out_of_memory(path);
}

void report_free(struct report *report)
{
    for (size_t axis = 0; report->axes && axis < report->axis_count; axis++) {
        for (size_t step = 0; report->axes[axis].labels && step < report->axes[axis].steps; step++)
            free(report->axes[axis].labels[step]);
        free(report->axes[axis].labels);
        free(report->axes[axis].name);
    }
    for (size_t point = 0; report->points && point < report->point_count; point++) {
        free(report->points[point].steps);
        json_decref(report->points[point].configuration);
    }
    free(report->axes);
    free(report->points);
    free((void *)report->workloads);
    free(report->metrics);
    free(report->runs);
    free(report->values);
    json_decref(report->root);
    *report = (struct report){0};
}
