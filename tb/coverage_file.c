/* SPDX-License-Identifier: Apache-2.0 */
/* Coverage data in files: JSON, see docs/coverage.md. */
#include "coverage_data.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "output_file.h"

enum { FILE_VERSION = 1 };

static const struct {
    const char *name;
    size_t offset;
} parameters[] = {
#define PARAM(section, key, ...) {#section "." #key, offsetof(struct mmu_params, section.key)},
#include "params.def"
};

enum { PARAMETERS = sizeof(parameters) / sizeof(parameters[0]) };

static uint32_t *parameter(struct mmu_params *params, unsigned i)
{
    return (uint32_t *)((char *)params + parameters[i].offset);
}

/* ---- Writing ---- */

static json_t *configs_to_json(const struct coverage_data *data)
{
    json_t *configs = json_array();
    for (uint32_t i = 0; i < data->config_count; i++) {
        struct mmu_params params = data->configs[i].params;
        json_t *values = json_object();
        for (unsigned k = 0; k < PARAMETERS; k++)
            json_object_set_new(values, parameters[k].name, json_integer(*parameter(&params, k)));
        json_array_append_new(configs,
                              json_pack("{s:s, s:o}", "name", data->configs[i].name, "parameters", values));
    }
    return configs;
}

static json_t *runs_to_json(const struct coverage_data *data)
{
    json_t *runs = json_array();
    for (uint32_t i = 0; i < data->run_count; i++)
        json_array_append_new(runs, json_pack("{s:s, s:i, s:I}", "command", data->runs[i].command,
                                              "configuration", (int)data->runs[i].config, "cycles",
                                              (json_int_t)data->runs[i].cycles));
    return runs;
}

static json_t *groups_to_json(const struct coverage_data *data)
{
    json_t *groups = json_object();
    char name[COVERAGE_NAME_BYTES];
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *info = coverage_group(g);
        json_t *points = json_object();
        for (unsigned i = info->first; i < info->first + info->count; i++) {
            const struct coverage_total *p = &data->points[i];
            if (p->hits)
                json_object_set_new(points, coverage_point_name(i, name),
                                    json_pack("[I, I, i, I]", (json_int_t)p->hits, (json_int_t)p->first,
                                              (int)p->run, (json_int_t)p->configs));
        }
        json_object_set_new(groups, info->name, points);
    }
    return groups;
}

int coverage_data_write(const struct coverage_data *data, const char *path)
{
    struct output_file file;
    json_t *root =
        json_pack("{s:i, s:o, s:o, s:o}", "twinwalk_coverage", FILE_VERSION, "configurations",
                  configs_to_json(data), "runs", runs_to_json(data), "groups", groups_to_json(data));
    if (!root) {
        fprintf(stderr, "%s: out of memory, or a name is not UTF-8\n", path);
        return -1;
    }
    if (output_file_open(&file, path)) {
        json_decref(root);
        return -1;
    }
    int failed = json_dumpf(root, file.stream, JSON_COMPACT);
    json_decref(root);
    if (failed || fputc('\n', file.stream) == EOF) {
        fprintf(stderr, "%s: cannot be written\n", path);
        output_file_discard(&file);
        return -1;
    }
    return output_file_commit(&file);
}

/* ---- Reading; each returns NULL or what is wrong ---- */

static const char *read_config(struct coverage_config *config, const json_t *value)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    const json_t *values = json_object_get(value, "parameters");
    if (!name || !json_is_object(values))
        return "a configuration has no name or no parameters";
    for (unsigned i = 0; i < PARAMETERS; i++) {
        const json_t *number = json_object_get(values, parameters[i].name);
        json_int_t n = json_integer_value(number);
        if (!json_is_integer(number) || n < 0 || n > UINT32_MAX)
            return "a configuration lacks a parameter of this program, or it is no number";
        *parameter(&config->params, i) = (uint32_t)n;
    }
    const char *key;
    if (mmu_params_check(&config->params, &key))
        return "a configuration's parameters are out of range";
    config->name = strdup(name);
    return config->name ? NULL : "out of memory";
}

static const char *read_run(struct coverage_run *run, const json_t *value, uint32_t configs)
{
    const char *command = json_string_value(json_object_get(value, "command"));
    json_int_t config = json_integer_value(json_object_get(value, "configuration"));
    json_int_t cycles = json_integer_value(json_object_get(value, "cycles"));
    if (!command || config < 0 || config >= configs || cycles < 0)
        return "a run has no command, configuration or cycles";
    *run = (struct coverage_run){
        .command = strdup(command), .config = (uint32_t)config, .cycles = (uint64_t)cycles};
    return run->command ? NULL : "out of memory";
}

static const char *read_lists(struct coverage_data *data, const json_t *configs, const json_t *runs)
{
    size_t config_count = json_array_size(configs), run_count = json_array_size(runs);
    const char *error = NULL;
    if (!json_is_array(configs) || !json_is_array(runs))
        return "there are no lists of configurations and runs";
    if (config_count > COVERAGE_MAX_CONFIGS)
        return "there are more configurations than 62";
    data->configs = calloc(config_count + 1, sizeof(*data->configs));
    data->runs = calloc(run_count + 1, sizeof(*data->runs));
    if (!data->configs || !data->runs)
        return "out of memory";
    for (size_t i = 0; i < config_count && !error; i++) {
        error = read_config(&data->configs[i], json_array_get(configs, i));
        data->config_count += !error;
        if (!error && i > 0 && strcmp(data->configs[i - 1].name, data->configs[i].name) >= 0)
            error = "configurations are not in order";
    }
    for (size_t i = 0; i < run_count && !error; i++) {
        error = read_run(&data->runs[i], json_array_get(runs, i), data->config_count);
        data->run_count += !error;
        if (!error && i > 0 && strcmp(data->runs[i - 1].command, data->runs[i].command) >= 0)
            error = "runs are not in order";
    }
    return error;
}

static const char *read_point(struct coverage_data *data, unsigned point, const json_t *value)
{
    json_int_t n[4];
    for (unsigned i = 0; i < 4; i++) {
        const json_t *number = json_array_get(value, i);
        n[i] = json_integer_value(number);
        if (!json_is_integer(number) || n[i] < 0)
            return "a point is not a list of four counts";
    }
    if (n[0] == 0 || n[2] >= data->run_count || n[3] >> data->config_count)
        return "a point names a run or configuration that is not there";
    data->points[point] = (struct coverage_total){
        .hits = (uint64_t)n[0], .first = (uint64_t)n[1], .run = (uint32_t)n[2], .configs = (uint64_t)n[3]};
    return NULL;
}

static const char *read_groups(struct coverage_data *data, json_t *groups, char *where, size_t size)
{
    const char *group_name, *name, *error = NULL;
    json_t *points, *value;
    if (!json_is_object(groups))
        return "there are no groups";
    json_object_foreach(groups, group_name, points)
    {
        int group = coverage_find_group(group_name);
        snprintf(where, size, "%s: ", group_name);
        if (group < 0)
            return "this program has no such group";
        json_object_foreach(points, name, value)
        {
            int point = coverage_find_point((unsigned)group, name);
            snprintf(where, size, "%s/%s: ", group_name, name);
            error = point < 0 ? "this program has no such point" : read_point(data, (unsigned)point, value);
            if (error)
                return error;
        }
    }
    where[0] = '\0';
    return NULL;
}

struct coverage_data *coverage_data_read(const char *path)
{
    json_error_t json_error;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &json_error);
    char where[2 * COVERAGE_NAME_BYTES] = "";
    if (!root) {
        if (json_error.line > 0)
            fprintf(stderr, "%s:%d:%d: %s\n", path, json_error.line, json_error.column, json_error.text);
        else
            fprintf(stderr, "%s: %s\n", path, json_error.text);
        return NULL;
    }
    struct coverage_data *data = coverage_data_create();
    const char *error = data ? NULL : "out of memory";
    if (!error && json_integer_value(json_object_get(root, "twinwalk_coverage")) != FILE_VERSION)
        error = "not a file of coverage, or of another version";
    if (!error)
        error = read_lists(data, json_object_get(root, "configurations"), json_object_get(root, "runs"));
    if (!error)
        error = read_groups(data, json_object_get(root, "groups"), where, sizeof(where));
    json_decref(root);
    if (!error)
        return data;
    fprintf(stderr, "%s: %s%s\n", path, where, error);
    coverage_data_destroy(data);
    return NULL;
}
