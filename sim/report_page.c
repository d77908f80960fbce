/* SPDX-License-Identifier: Apache-2.0 */
/* The page: sim/report/page.html with style, script and the results in it. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_keys.h"
#include "output_file.h"
#include "report.h"

/* A file of sim/report, which the linker has put into the program. */
struct resource {
    const char *bytes;
    size_t size;
};

#define DECLARE(name)                                                                                        \
    extern const char _binary_sim_report_##name##_start[], _binary_sim_report_##name##_end[];
#define RESOURCE(name)                                                                                       \
    ((struct resource){_binary_sim_report_##name##_start,                                                    \
                       (size_t)((uintptr_t)_binary_sim_report_##name##_end -                                 \
                                (uintptr_t)_binary_sim_report_##name##_start)})
DECLARE(page_html)
DECLARE(page_css)
DECLARE(chart_js)
DECLARE(page_js)

/* The members of nested objects by their whole names, in the order of `names`, which grows. */
static void flatten(const json_t *object, const char *prefix, json_t *names, json_t *values)
{
    const char *key;
    json_t *member;
    json_object_foreach((json_t *)object, key, member)
    {
        char *name;
        if (asprintf(&name, "%s%s%s", prefix, *prefix ? "." : "", key) < 0)
            return;
        if (json_is_object(member)) {
            flatten(member, name, names, values);
        } else {
            json_t *place = json_object_get(names, name);
            if (!place) {
                place = json_integer((json_int_t)json_object_size(names));
                json_object_set_new(names, name, place);
            }
            size_t index = (size_t)json_integer_value(place);
            while (json_array_size(values) <= index)
                json_array_append_new(values, json_null());
            json_array_set(values, index, member);
        }
        free(name);
    }
}

static json_t *number_or_null(double value)
{
    return isnan(value) ? json_null() : json_real(value);
}

/* One run: what its row of the table and its details need. */
static json_t *run_json(const struct report *report, size_t point, size_t workload, json_t *names)
{
    size_t index = point * report->workload_count + workload;
    const json_t *run = report->runs[index].json;
    static const char *const texts[] = {"kind",    "message",         "lockstep", "lockstep_message",
                                        "command", "lockstep_command"};
    json_t *object = json_object(), *values = json_array(), *statistics = json_array();
    for (size_t metric = 0; metric < report->metric_count; metric++)
        json_array_append_new(values, number_or_null(report->values[index * report->metric_count + metric]));
    json_object_set_new(object, "values", values);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        json_t *text = json_object_get(run, texts[i]);
        json_object_set(object, texts[i], json_is_string(text) ? text : json_null());
    }
    flatten(json_object_get(run, "statistics"), "", names, statistics);
    json_object_set_new(object, "statistics", statistics);
    return object;
}

static json_t *axes_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->axis_count; i++) {
        json_t *labels = json_array();
        for (size_t step = 0; step < report->axes[i].steps; step++)
            json_array_append_new(labels, json_string(report->axes[i].labels[step]));
        json_array_append_new(list, json_pack("{s:s, s:o}", "name", report->axes[i].name, "labels", labels));
    }
    return list;
}

static json_t *points_json(const struct report *report)
{
    const json_t *points = json_object_get(report->root, "points");
    json_t *list = json_array();
    for (size_t i = 0; i < report->point_count; i++) {
        const json_t *json = json_array_get(points, i);
        json_t *steps = json_array();
        for (size_t axis = 0; axis < report->axis_count; axis++)
            json_array_append_new(steps, json_integer((json_int_t)report->points[i].steps[axis]));
        json_array_append_new(list, json_pack("{s:o, s:O, s:O, s:s?, s:O?}", "steps", steps, "config",
                                              json_object_get(json, "config"), "set",
                                              json_object_get(json, "set"), "error", report->points[i].error,
                                              "configuration", report->points[i].configuration));
    }
    return list;
}

static json_t *metrics_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->metric_count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:i}", "name", report->metrics[i].name, "unit",
                                        report->metrics[i].unit, "description",
                                        report->metrics[i].description, "better", report->metrics[i].better));
    return list;
}

static json_t *keys_json(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        json_array_append_new(list, json_sprintf("%s.%s", config_key(i)->section, config_key(i)->key));
    return list;
}

static json_t *names_json(const json_t *names)
{
    json_t *list = json_array();
    const char *name;
    json_t *place;
    json_object_foreach((json_t *)names, name, place)
    {
        json_array_append_new(list, json_string(name));
    }
    return list;
}

static json_t *page_json(const struct report *report)
{
    static const char *const heads[] = {"file", "base", "seed", "verify", "left_out_by_constraints"};
    json_t *root = json_object(), *runs = json_array(), *names = json_object();
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        json_t *value = json_object_get(report->root, heads[i]);
        json_object_set(root, heads[i], value ? value : json_null());
    }
    for (size_t point = 0; point < report->point_count; point++)
        for (size_t workload = 0; workload < report->workload_count; workload++)
            json_array_append_new(runs, run_json(report, point, workload, names));
    json_object_set_new(root, "axes", axes_json(report));
    json_object_set(root, "workloads", json_object_get(report->root, "workloads"));
    json_object_set_new(root, "metrics", metrics_json(report));
    json_object_set_new(root, "points", points_json(report));
    json_object_set_new(root, "runs", runs);
    json_object_set_new(root, "statistics", names_json(names));
    json_object_set_new(root, "keys", keys_json());
    json_object_set_new(root, "cost", json_integer((json_int_t)report->cost));
    json_object_set_new(root, "benefit", json_integer((json_int_t)report->benefit));
    json_object_set_new(root, "reference", json_integer((json_int_t)report->reference));
    json_decref(names);
    return root;
}

/* JSON that cannot end the element it stands in. */
static int write_json(const char *buffer, size_t size, void *stream)
{
    FILE *out = stream;
    for (size_t i = 0; i < size; i++)
        if (buffer[i] == '<')
            fputs("\\u003c", out);
        else
            putc(buffer[i], out);
    return 0;
}

static void write_resource(FILE *out, struct resource resource)
{
    fwrite(resource.bytes, 1, resource.size, out);
}

/* Writes what stands in the template's place of a line @NAME@. 1: it is none; 0; -1: it could not. */
static int write_part(const char *line, const json_t *data, FILE *out)
{
    if (strncmp(line, "@STYLE@\n", 8) == 0) {
        write_resource(out, RESOURCE(page_css));
    } else if (strncmp(line, "@SCRIPT@\n", 9) == 0) {
        write_resource(out, RESOURCE(chart_js));
        write_resource(out, RESOURCE(page_js));
    } else if (strncmp(line, "@DATA@\n", 7) == 0) {
        int failed = json_dump_callback(data, write_json, out, JSON_COMPACT | JSON_REAL_PRECISION(12));
        putc('\n', out);
        return failed;
    } else {
        return 1;
    }
    return 0;
}

static bool write_template(const json_t *data, FILE *out)
{
    struct resource rest = RESOURCE(page_html);
    while (rest.size > 0) {
        const char *newline = memchr(rest.bytes, '\n', rest.size);
        size_t length = newline ? (size_t)(newline - rest.bytes) + 1 : rest.size;
        int part = write_part(rest.bytes, data, out);
        if (part < 0)
            return false;
        if (part > 0)
            write_resource(out, (struct resource){rest.bytes, length});
        rest.bytes += length;
        rest.size -= length;
    }
    return true;
}

bool report_write_page(const struct report *report, const char *path)
{
    struct output_file file;
    json_t *data = page_json(report);
    if (!data || output_file_open(&file, path) != 0) {
        json_decref(data);
        return false;
    }
    bool good = write_template(data, file.stream);
    json_decref(data);
    if (good)
        return output_file_commit(&file) == 0;
    fprintf(stderr, "%s: out of memory\n", path);
    output_file_discard(&file);
    return false;
}
