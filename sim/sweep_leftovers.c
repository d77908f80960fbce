/* SPDX-License-Identifier: Apache-2.0 */
/* What earlier processes left in DIR/work. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "line_tail.h"
#include "sweep_state.h"

static int take_line(void *self, char *text)
{
    struct sweep_state *state = self;
    json_t *line = json_loads(text, 0, NULL);
    const char *key = json_string_value(json_object_get(line, "run"));
    struct evaluation evaluation = {.attempts = 1};
    int failed = 0;

    if (key != NULL) {
        snprintf(evaluation.key, sizeof(evaluation.key), "%s", key);
        evaluation_of_line(&evaluation, line);
        /* What crashed is for another try. */
        if (evaluation.kind[0] == '\0')
            failed = sweep_settle(state, &evaluation, "model");
        json_decref(evaluation.data);
    }
    json_decref(line);
    return failed;
}

/* Whoever still works on the order ends then. Results of inputs that are not what they were go with it. */
static int withdraw(struct sweep_state *state, const char *order)
{
    json_t *root = json_load_file(order, 0, NULL);
    struct input_stamps inputs = {0};
    char *results = NULL, message[64];
    int failed = input_stamps_take(&inputs, json_object_get(root, "inputs")) != 0 ||
                 asprintf(&results, "%.*s.out", (int)(strlen(order) - strlen(".json")), order) < 0;

    (void)state;
    unlink(order);
    if (!failed && !input_stamps_hold(&inputs, message, sizeof(message)))
        unlink(results);
    free(results);
    input_stamps_free(&inputs);
    json_decref(root);
    return failed ? sweep_out_of_memory() : 0;
}

static int take_results(struct sweep_state *state, const char *results)
{
    long at = 0;
    int failed = line_tail_read(results, &at, take_line, state);

    if (!failed)
        unlink(results);
    return failed;
}

static int discard(struct sweep_state *state, const char *file)
{
    (void)state;
    unlink(file);
    return 0;
}

/* What to do with all files there whose names end so. */
static int each_file(struct sweep_state *state, const char *path, const char *ending,
                     int (*act)(struct sweep_state *state, const char *file))
{
    DIR *directory = opendir(path);
    const struct dirent *entry;
    int failed = 0;

    while (directory != NULL && !failed && (entry = readdir(directory)) != NULL) {
        size_t length = strlen(entry->d_name);
        char *file;

        if (entry->d_name[0] == '.' || length < strlen(ending) ||
            strcmp(entry->d_name + length - strlen(ending), ending) != 0)
            continue;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0) {
            failed = sweep_out_of_memory();
            break;
        }
        failed = act(state, file);
        free(file);
    }
    if (directory != NULL)
        closedir(directory);
    return failed;
}

int sweep_take_leftovers(struct sweep_state *state)
{
    char *path;
    int failed;

    if (asprintf(&path, "%s/work", state->options->directory) < 0)
        return sweep_out_of_memory();
    failed = mkdir(path, 0777) != 0 && errno != EEXIST;
    if (failed)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    failed = failed || each_file(state, path, ".json", withdraw) != 0 ||
             each_file(state, path, ".out", take_results) != 0 || each_file(state, path, "", discard) != 0;
    free(path);
    return failed ? -1 : 0;
}
