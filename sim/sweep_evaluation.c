/* SPDX-License-Identifier: Apache-2.0 */
/* What lines and files of jobs say about evaluations. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "commands.h"
#include "sweep_state.h"

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

static void set_failure(struct evaluation *evaluation, const char *kind, const char *message)
{
    snprintf(evaluation->kind, sizeof(evaluation->kind), "%s", kind);
    snprintf(evaluation->message, sizeof(evaluation->message), "%s", message);
}

void evaluation_of_line(struct evaluation *evaluation, const json_t *line)
{
    int status = (int)json_integer_value(json_object_get(line, "status"));
    const json_t *statistics = json_object_get(line, "statistics");
    const json_t *failure = json_object_get(statistics, "failure");
    char text[64];

    evaluation->seconds = json_number_value(json_object_get(line, "seconds"));
    evaluation->cpu_seconds = json_number_value(json_object_get(line, "cpu_seconds"));
    evaluation->memory_kib = (long)json_integer_value(json_object_get(line, "memory_kib"));
    evaluation->instructions = json_number_value(json_object_get(line, "instructions"));
    set_failure(evaluation, "", "");
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        set_failure(evaluation, "timeout", "not finished within the limit");
    } else if (WIFSIGNALED(status)) {
        snprintf(text, sizeof(text), "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
        set_failure(evaluation, "crash", text);
    } else if (WEXITSTATUS(status) == EXIT_USAGE) {
        set_failure(evaluation, "input", text_of(line, "message"));
    } else if (failure != NULL) {
        set_failure(evaluation, text_of(failure, "kind"), text_of(failure, "signature"));
    } else if (WEXITSTATUS(status) == EXIT_INTERNAL) {
        set_failure(evaluation, "internal", text_of(line, "message"));
    } else if (WEXITSTATUS(status) != EXIT_AGREED || statistics == NULL) {
        snprintf(text, sizeof(text), "exit code %d without fitting results", WEXITSTATUS(status));
        set_failure(evaluation, "crash", text);
    } else {
        json_decref(evaluation->data);
        evaluation->data = json_incref((json_t *)statistics);
    }
}

bool evaluation_take_metrics(struct evaluation *evaluation)
{
    if (evaluation->data == NULL)
        return true;
    free(evaluation->metrics);
    evaluation->metrics = calloc(SWEEP_METRICS, sizeof(*evaluation->metrics));
    for (size_t i = 0; i < SWEEP_METRICS && evaluation->metrics != NULL; i++)
        evaluation->metrics[i] = sweep_metric_value(i, evaluation->data, evaluation->instructions);
    json_decref(evaluation->data);
    evaluation->data = NULL;
    return evaluation->metrics != NULL;
}

/* Measured on the host, or counted by the judge alone. */
static bool is_of_the_run(const char *name)
{
    return strncmp(name, "host_", 5) != 0 && strncmp(name, "judge_", 6) != 0;
}

bool statistics_agree(const json_t *model, const json_t *lockstep, char *message, size_t size)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)model, name, value)
    {
        const json_t *other = json_object_get(lockstep, name);
        char inner[200];

        if (!is_of_the_run(name) || json_equal(value, other))
            continue;
        if (json_is_object(value)) {
            if (statistics_agree(value, other, inner, sizeof(inner)))
                continue;
            snprintf(message, size, "%s.%s", name, inner);
        } else {
            snprintf(message, size, "%s: %.10g in the model's run, %.10g in lockstep", name,
                     json_number_value(value), json_number_value(other));
        }
        return false;
    }
    return true;
}
