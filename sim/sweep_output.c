/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a sweep's results, as CSV and JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_run.h"
#include "output_file.h"
#include "sweep_result.h"

enum { SWEEP_DIGITS = 15 };

char *sweep_command(const struct sweep_results *results, const struct sweep_run *run, const char *engine)
{
    const struct sweep_point *point = &results->points->points[run->point];
    const struct sweep_workload *workload = &results->sweep->workloads[run->workload];
    struct word_list settings = {0};
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    bool good = out != NULL && sweep_point_settings(results->sweep, point, workload, &settings);

    if (good) {
        print_shell_word(out, results->program);
        fputs(" run -c ", out);
        print_shell_word(out, point->config);
        for (size_t i = 0; i < settings.count; i++) {
            fputs(" -s ", out);
            print_shell_word(out, settings.words[i]);
        }
        fprintf(out, " --engine %s ", engine);
        fputs(workload->trace != NULL ? "--trace " : "--random", out);
        if (workload->trace != NULL)
            print_shell_word(out, workload->trace);
        if (workload->image != NULL) {
            fputs(" --image ", out);
            print_shell_word(out, workload->image);
        }
        if (workload->cycles > 0)
            fprintf(out, " --cycles %llu", (unsigned long long)workload->cycles);
        if (workload->accesses > 0)
            fprintf(out, " --accesses %llu", (unsigned long long)workload->accesses);
        fprintf(out, " --seed %llu", (unsigned long long)workload->seed);
    }
    word_list_free(&settings);
    if (out != NULL && fclose(out) == 0 && good)
        return line;
    free(line);
    return NULL;
}

int sweep_columns_make(struct sweep_columns *columns, const struct sweep *sweep)
{
    size_t most = SWEEP_METRICS;

    for (size_t i = 0; i < sweep->external_count; i++)
        most += sweep->externals[i].gives.count;
    *columns = (struct sweep_columns){.columns = calloc(most, sizeof(*columns->columns))};
    if (columns->columns == NULL)
        return -1;
    for (size_t i = 0; i < SWEEP_METRICS; i++) {
        const struct sweep_metric *metric = sweep_metric(i);

        if (sweep->metrics[i])
            columns->columns[columns->count++] = (struct sweep_column){
                .name = strdup(metric->name),
                .unit = metric->unit,
                .description = metric->description,
                .source = metric->measured ? "measured" : "counted",
                .better = metric->better,
                .metric = i,
            };
    }
    for (size_t i = 0; i < sweep->external_count; i++) {
        const struct sweep_external *external = &sweep->externals[i];

        for (size_t word = 0; word < external->gives.count; word++) {
            char *name;

            if (asprintf(&name, "%s.%s", external->name, external->gives.words[word]) < 0)
                return -1;
            columns->columns[columns->count++] = (struct sweep_column){
                .name = name,
                .unit = "",
                .description = external->command,
                .source = "external",
                .better = -1,
                .metric = SWEEP_METRICS,
                .external = i,
            };
        }
    }
    return 0;
}

void sweep_columns_free(struct sweep_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->columns[i].name);
    free(columns->columns);
    *columns = (struct sweep_columns){0};
}

/* To as many digits as all tables have, so that these hold the same number. */
static double rounded(double value)
{
    char text[32];

    snprintf(text, sizeof(text), "%.*g", SWEEP_DIGITS, value);
    return strtod(text, NULL);
}

bool sweep_value(const struct sweep_results *results, const struct sweep_run *run,
                 const struct sweep_column *column, double *value)
{
    const struct evaluation *evaluation = &run->model;

    if (column->metric == SWEEP_METRICS) {
        size_t index = (size_t)(run - results->runs);
        size_t cost = results->cost_of[index * results->sweep->external_count + column->external];
        const json_t *number;

        if (cost == SWEEP_NO_COST)
            return false;
        evaluation = &results->costs[cost].values;
        number = json_object_get(evaluation->data,
                                 column->name + strlen(results->sweep->externals[column->external].name) + 1);
        *value = rounded(json_number_value(number));
        return json_is_number(number) && evaluation->kind[0] == '\0';
    }
    if (evaluation->metrics == NULL || evaluation->kind[0] != '\0')
        return false;
    *value = rounded(evaluation->metrics[column->metric]);
    return true;
}

const char *sweep_lockstep_text(const struct sweep_run *run)
{
    if (!run->verified)
        return "";
    if (run->lockstep.state != EVALUATION_DONE)
        return "pending";
    return run->lockstep.kind[0] == '\0' ? "agrees" : run->lockstep.kind;
}

static const char *kind_text(const struct sweep_run *run)
{
    return run->model.state != EVALUATION_DONE ? "pending" : run->model.kind;
}

/* As RFC 4180 has it. */
static void csv_text(FILE *out, const char *text)
{
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        fputs(text, out);
        return;
    }
    putc('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putc('"', out);
        putc(*text, out);
    }
    putc('"', out);
}

static void csv_head(FILE *out, const struct sweep *sweep, const struct sweep_columns *columns)
{
    fputs("point,workload", out);
    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
            fprintf(out, ",%s", sweep->axes[axis].keys.words[key]);
    for (size_t i = 0; i < columns->count; i++) {
        putc(',', out);
        csv_text(out, columns->columns[i].name);
    }
    fputs(",kind,message,lockstep\n", out);
}

static void csv_run(FILE *out, const struct sweep_results *results, const struct sweep_run *run,
                    const struct sweep_columns *columns)
{
    const struct sweep *sweep = results->sweep;
    const struct sweep_point *point = &results->points->points[run->point];

    fprintf(out, "%zu,", run->point);
    csv_text(out, sweep->workloads[run->workload].name);
    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++) {
            putc(',', out);
            csv_text(out, sweep_point_value(sweep, point, axis, key));
        }
    }
    for (size_t i = 0; i < columns->count; i++) {
        double value;

        putc(',', out);
        if (sweep_value(results, run, &columns->columns[i], &value))
            fprintf(out, "%.*g", SWEEP_DIGITS, value);
    }
    putc(',', out);
    csv_text(out, kind_text(run));
    putc(',', out);
    csv_text(out, run->model.message);
    fprintf(out, ",%s\n", sweep_lockstep_text(run));
}

int sweep_write_csv(const struct sweep_results *results, const char *path)
{
    struct sweep_columns columns;
    struct output_file file;
    int failed = -1;

    if (sweep_columns_make(&columns, results->sweep) == 0 && output_file_open(&file, path) == 0) {
        csv_head(file.stream, results->sweep, &columns);
        for (size_t i = 0; i < results->run_count; i++)
            csv_run(file.stream, results, &results->runs[i], &columns);
        failed = output_file_commit(&file);
    }
    sweep_columns_free(&columns);
    return failed;
}

/* A value of an axis: a number where it is one. */
static json_t *json_word(const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 0);

    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
        return json_boolean(text[0] == 't');
    return *end == '\0' ? json_integer(number) : json_string(text);
}

static json_t *json_words(const struct word_list *words)
{
    json_t *list = json_array();

    for (size_t i = 0; i < words->count; i++)
        json_array_append_new(list, json_word(words->words[i]));
    return list;
}

static json_t *json_axes(const struct sweep *sweep)
{
    json_t *list = json_array();

    for (size_t axis = 0; axis < sweep->axis_count; axis++) {
        json_t *keys = json_array();

        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
            json_array_append_new(keys, json_pack("{s:s, s:o}", "key", sweep->axes[axis].keys.words[key],
                                                  "values", json_words(&sweep->axes[axis].values[key])));
        json_array_append_new(list, json_pack("{s:o}", "keys", keys));
    }
    return list;
}

static json_t *json_workloads(const struct sweep *sweep)
{
    json_t *list = json_array();

    for (size_t i = 0; i < sweep->workload_count; i++) {
        const struct sweep_workload *workload = &sweep->workloads[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s?, s:I, s:I, s:I, s:o}", "name", workload->name,
                                        "stimulus", workload->trace != NULL ? workload->trace : "random",
                                        "image", workload->image, "accesses", (json_int_t)workload->accesses,
                                        "cycles", (json_int_t)workload->cycles, "seed",
                                        (json_int_t)workload->seed, "set", json_words(&workload->set)));
    }
    return list;
}

static json_t *json_metrics(const struct sweep_columns *columns)
{
    json_t *list = json_array();

    for (size_t i = 0; i < columns->count; i++) {
        const struct sweep_column *column = &columns->columns[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:s, s:s}", "metric", column->name, "unit",
                                              column->unit, "better", column->better, "source",
                                              column->source, "description", column->description));
    }
    return list;
}

static json_t *json_points(const struct sweep_results *results)
{
    const struct sweep *sweep = results->sweep;
    json_t *list = json_array();

    for (size_t i = 0; i < results->points->count; i++) {
        const struct sweep_point *point = &results->points->points[i];
        struct word_list settings = {0};
        json_t *values = json_object();

        for (size_t axis = 0; axis < sweep->axis_count; axis++)
            for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
                json_object_set_new(values, sweep->axes[axis].keys.words[key],
                                    json_word(sweep_point_value(sweep, point, axis, key)));
        sweep_point_settings(sweep, point, NULL, &settings);
        json_array_append_new(list, json_pack("{s:I, s:s, s:o, s:o, s:s?}", "point", (json_int_t)i, "config",
                                              point->config, "set", json_words(&settings), "values", values,
                                              "error", point->error));
        word_list_free(&settings);
    }
    return list;
}

static json_t *json_run(const struct sweep_results *results, const struct sweep_run *run,
                        const struct sweep_columns *columns, json_t *statistics)
{
    json_t *values = json_object(), *object;
    char *model = sweep_command(results, run, "model"), *lockstep = sweep_command(results, run, "lockstep");

    for (size_t i = 0; i < columns->count; i++) {
        double value;

        if (sweep_value(results, run, &columns->columns[i], &value))
            json_object_set_new(values, columns->columns[i].name, json_real(value));
    }
    object =
        json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s?, s:s?, s:o, s:o*}", "point",
                  (json_int_t)run->point, "workload", results->sweep->workloads[run->workload].name, "key",
                  run->model.key, "kind", kind_text(run), "message", run->model.message, "lockstep",
                  sweep_lockstep_text(run), "lockstep_message", run->lockstep.message, "command", model,
                  "lockstep_command", lockstep, "metrics", values, "statistics", statistics);
    free(model);
    free(lockstep);
    return object;
}

/* "name": value; takes the value over. -1: it cannot be written. */
static int write_member(FILE *out, const char *name, json_t *value)
{
    int failed;

    fprintf(out, "\"%s\": ", name);
    failed = value == NULL ||
             json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(SWEEP_DIGITS)) != 0;
    json_decref(value);
    fputs(",\n", out);
    return failed ? -1 : 0;
}

/* One after the other: all of them may be more than fits into memory. */
static int write_runs(FILE *out, const struct sweep_results *results, struct sweep_db *db,
                      const struct sweep_columns *columns)
{
    int failed = 0;

    fputs("\"runs\": [", out);
    for (size_t i = 0; i < results->run_count && !failed; i++) {
        const struct sweep_run *run = &results->runs[i];
        json_t *statistics = run->model.metrics != NULL ? sweep_db_statistics(db, run->model.key) : NULL;
        json_t *object = json_run(results, run, columns, statistics);

        fputs(i > 0 ? ",\n" : "\n", out);
        failed =
            object == NULL || json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(SWEEP_DIGITS)) != 0;
        json_decref(object);
    }
    fputs("\n]}\n", out);
    return failed ? -1 : 0;
}

static int write_members(FILE *out, const struct sweep_results *results, const struct sweep_columns *columns)
{
    const struct sweep *sweep = results->sweep;

    return write_member(out, "version", json_integer(1)) |
           write_member(out, "file", json_string(results->path)) |
           write_member(out, "base", json_string(sweep->base)) |
           write_member(out, "seed", json_integer((json_int_t)sweep->seed)) |
           write_member(out, "verify", json_real(sweep->verify)) |
           write_member(out, "left_out_by_constraints", json_integer((json_int_t)results->points->left_out)) |
           write_member(out, "axes", json_axes(sweep)) |
           write_member(out, "workloads", json_workloads(sweep)) |
           write_member(out, "metrics", json_metrics(columns)) |
           write_member(out, "points", json_points(results));
}

int sweep_write_json(const struct sweep_results *results, struct sweep_db *db, const char *path)
{
    struct sweep_columns columns;
    struct output_file file;
    int failed = -1;

    if (sweep_columns_make(&columns, results->sweep) == 0 && output_file_open(&file, path) == 0) {
        putc('{', file.stream);
        if (write_members(file.stream, results, &columns) != 0 ||
            write_runs(file.stream, results, db, &columns) != 0) {
            fprintf(stderr, "%s: the results could not be written as JSON\n", path);
            output_file_discard(&file);
        } else {
            failed = output_file_commit(&file);
        }
    }
    sweep_columns_free(&columns);
    return failed;
}
