/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_outcome.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "commands.h"
#include "small_file.h"

static void set_failure(struct run_result *result, const char *kind, const char *signature)
{
    snprintf(result->kind, sizeof(result->kind), "%s", kind);
    snprintf(result->signature, sizeof(result->signature), "%s", signature);
}

/* The first line that a run printed: why it could not do its work. */
static void set_first_line(struct run_result *result, const char *kind, const char *log)
{
    char line[sizeof(result->signature)];

    first_line_of(log, line, sizeof(line));
    set_failure(result, kind, line[0] != '\0' ? line : "no message");
}

static uint64_t count_of(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : otherwise;
}

/* The counts, and what failed; false: there are no results. */
static bool read_results(struct run_result *result, const char *path)
{
    json_t *root = json_load_file(path, 0, NULL);
    const json_t *bench = json_object_get(root, "bench");
    const json_t *failure = json_object_get(root, "failure");

    if (bench != NULL) {
        result->cycles = count_of(bench, "cycles");
        result->accesses = count_of(bench, "accesses");
    }
    if (failure != NULL) {
        set_failure(result, text_of(failure, "kind", "failure"), text_of(failure, "signature", ""));
        result->cycle = count_of(failure, "cycle");
    }
    json_decref(root);
    return bench != NULL;
}

void result_of_job(struct run_result *result, const struct job_end *end, const char *json, const char *log)
{
    char text[64];
    bool complete;

    result->seconds = end->seconds;
    set_failure(result, "", "");
    if (end->lost[0] != '\0') {
        set_failure(result, "crash", end->lost);
        return;
    }
    if (end->timed_out) {
        set_failure(result, "timeout", "not finished within the limit of its entry");
        return;
    }
    if (WIFSIGNALED(end->status)) {
        snprintf(text, sizeof(text), "killed by signal %d (%s)", WTERMSIG(end->status),
                 strsignal(WTERMSIG(end->status)));
        set_failure(result, "crash", text);
        return;
    }
    complete = read_results(result, json);
    switch (WEXITSTATUS(end->status)) {
    case EXIT_AGREED:
    case EXIT_MISMATCH:
        /* The exit code and the file of results must tell the same story. */
        if (!complete || (result->kind[0] != '\0') != (WEXITSTATUS(end->status) == EXIT_MISMATCH)) {
            snprintf(text, sizeof(text), "exit code %d without fitting results", WEXITSTATUS(end->status));
            set_failure(result, "crash", text);
        }
        return;
    case EXIT_USAGE:
        set_first_line(result, "input", log);
        return;
    case EXIT_INTERNAL:
        if (result->kind[0] == '\0')
            set_first_line(result, "internal", log);
        return;
    default:
        snprintf(text, sizeof(text), "exit code %d", WEXITSTATUS(end->status));
        set_failure(result, "crash", text);
        return;
    }
}

bool kind_may_be_retried(const char *kind)
{
    return strcmp(kind, "crash") == 0 || strcmp(kind, "timeout") == 0 || strcmp(kind, "internal") == 0;
}
