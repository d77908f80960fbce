/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_batch.h"

#include <stdio.h>
#include <stdlib.h>

#include "output_file.h"

json_t *sweep_batch_run(const char *key, const struct sweep *sweep, const struct sweep_point *point,
                        const struct sweep_workload *workload)
{
    struct word_list settings = {0};
    json_t *set = json_array();
    int failed = !sweep_point_settings(sweep, point, workload, &settings);

    for (size_t i = 0; i < settings.count && !failed; i++)
        failed = json_array_append_new(set, json_string(settings.words[i]));
    word_list_free(&settings);
    if (!failed)
        return json_pack("{s:s, s:s, s:o}", "run", key, "config", point->config, "set", set);
    json_decref(set);
    return NULL;
}

int sweep_batch_write(const char *path, const struct sweep *sweep, const struct sweep_workload *workload,
                      json_t *runs)
{
    json_t *root = json_pack("{s:{s:s?, s:b, s:s?, s:I, s:I, s:I}, s:f, s:o, s:o}", "workload", "trace",
                             workload->trace, "random", workload->trace == NULL, "image", workload->image,
                             "seed", (json_int_t)workload->seed, "cycles", (json_int_t)workload->cycles,
                             "accesses", (json_int_t)workload->accesses, "limit", sweep->limit_minutes * 60,
                             "inputs", input_stamps_json(&sweep->inputs), "runs", runs);
    char *name = NULL;
    struct output_file file;
    int failed = -1;

    if (root == NULL || asprintf(&name, "%s.json", path) < 0) {
        fprintf(stderr, "%s: out of memory, or a name that is not UTF-8\n", path);
    } else if (output_file_open(&file, name) == 0) {
        /* A failure to write shows in the stream. */
        json_dumpf(root, file.stream, JSON_COMPACT);
        failed = output_file_commit(&file);
    }
    json_decref(root);
    free(name);
    return failed;
}
