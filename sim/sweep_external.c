/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluations by other programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cmd_run.h"
#include "output_file.h"
#include "sweep_state.h"

/* The configuration as a file: what it is made from. */
static int write_config(const struct sweep_state *state, const struct sweep_run *run, const char *path)
{
    const struct sweep_point *point = &state->results->points->points[run->point];
    const struct sweep_workload *workload = &state->sweep->workloads[run->workload];
    struct config config;
    struct output_file file;
    char *error, buffer[16];

    if (sweep_point_config(&config, state->sweep, point, workload, true, &error) != 0) {
        fprintf(stderr, "%s\n", error);
        free(error);
        return -1;
    }
    if (output_file_open(&file, path) != 0) {
        config_close(&config);
        return -1;
    }
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = config_key(i);

        if (i == 0 || strcmp(config_key(i - 1)->section, key->section) != 0)
            fprintf(file.stream, "%s:\n", key->section);
        fprintf(file.stream, "  %s: %s\n", key->key,
                config_value_text(key, config_get(&config, i), buffer, sizeof(buffer)));
    }
    config_close(&config);
    return output_file_commit(&file);
}

/* The command with the files in place of {config} and {output}; to be freed, NULL: out of memory. */
static char *fill_in(const char *command, const char *config, const char *output)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    while (*command != '\0') {
        if (strncmp(command, "{config}", 8) == 0) {
            print_shell_word(out, config);
            command += 8;
        } else if (strncmp(command, "{output}", 8) == 0) {
            print_shell_word(out, output);
            command += 8;
        } else {
            putc(*command++, out);
        }
    }
    fclose(out);
    return text;
}

static int start_external(struct sweep_state *state, size_t number)
{
    struct sweep_cost *cost = &state->results->costs[number];
    struct sweep_job *job = sweep_create_job(state, JOB_EXTERNAL, 1);
    char *config = job != NULL ? sweep_file(job->path, "yaml") : NULL;
    char *output = job != NULL ? sweep_file(job->path, "json") : NULL;
    char *command = NULL;
    int started = -1;

    if (config != NULL && output != NULL)
        command = fill_in(state->sweep->externals[cost->external].command, config, output);
    if (command == NULL) {
        sweep_out_of_memory();
        sweep_free_job(job);
    } else if (write_config(state, &state->results->runs[cost->run], config) != 0) {
        sweep_free_job(job);
    } else {
        job->runs[job->count++] = number;
        cost->values.state = EVALUATION_UNDERWAY;
        cost->values.attempts++;
        state->external.wanted--;
        started = sweep_start_job(state, job, (char *[]){"/bin/sh", "-c", command, NULL}, output,
                                  state->sweep->limit_minutes * 60, sweep_mean(&state->external));
    }
    free(command);
    free(config);
    free(output);
    return started;
}

int sweep_start_external(struct sweep_state *state)
{
    for (size_t i = 0; i < state->results->cost_count && state->external.wanted > 0; i++)
        if (state->results->costs[i].values.state == EVALUATION_WANTED)
            return start_external(state, i);
    return 0;
}

/* The names that it is to give are numbers in the file that it left. */
int sweep_end_external(struct sweep_state *state, struct sweep_job *job, const struct job_end *end)
{
    struct sweep_cost *cost = &state->results->costs[job->runs[0]];
    const struct sweep_external *external = &state->sweep->externals[cost->external];
    struct evaluation *values = &cost->values;
    json_t *root = sweep_load_json(job);
    char line[200];
    int failed;

    values->kind[0] = values->message[0] = '\0';
    values->seconds = end->seconds;
    values->cpu_seconds = end->cpu_seconds;
    values->memory_kib = end->memory_kib;
    sweep_first_line(job->path, "log", line, sizeof(line));
    if (end->lost[0] != '\0' || end->timed_out || WIFSIGNALED(end->status)) {
        snprintf(values->kind, sizeof(values->kind), "%s", end->timed_out ? "timeout" : "crash");
        snprintf(values->message, sizeof(values->message), "%s", end->lost[0] != '\0' ? end->lost : line);
    } else if (WEXITSTATUS(end->status) != 0) {
        snprintf(values->kind, sizeof(values->kind), "external");
        snprintf(values->message, sizeof(values->message), "exit code %d: %s", WEXITSTATUS(end->status),
                 line);
    }
    for (size_t i = 0; i < external->gives.count && values->kind[0] == '\0'; i++) {
        if (json_is_number(json_object_get(root, external->gives.words[i])))
            continue;
        snprintf(values->kind, sizeof(values->kind), "external");
        snprintf(values->message, sizeof(values->message), "there is no number %s in what it left",
                 external->gives.words[i]);
    }
    json_decref(values->data);
    values->data = root;
    for (size_t i = 0; i < 2; i++)
        sweep_remove_file(job->path, (const char *[]){"json", "yaml"}[i]);
    sweep_keep_log(state, job, values);
    failed = sweep_settle(state, values, external->name);
    state->external.wanted += values->state == EVALUATION_WANTED;
    if (values->state == EVALUATION_DONE) {
        state->external.runs++;
        state->external.seconds += values->seconds;
        state->failed += values->kind[0] != '\0';
    }
    return failed;
}
