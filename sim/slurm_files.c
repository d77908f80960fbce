/* SPDX-License-Identifier: Apache-2.0 */
#include "slurm_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "output_file.h"

char *slurm_file(const char *directory, unsigned index, const char *ending)
{
    char *path;

    return asprintf(&path, "%s/%u.%s", directory, index, ending) < 0 ? NULL : path;
}

json_t *slurm_jobs_read(const char *directory, unsigned index)
{
    char *path = slurm_file(directory, index, "json");
    json_t *root = path != NULL ? json_load_file(path, 0, NULL) : NULL;
    json_t *jobs = json_incref(json_object_get(root, "jobs"));

    json_decref(root);
    free(path);
    if (json_is_array(jobs))
        return jobs;
    json_decref(jobs);
    return NULL;
}

int slurm_jobs_write(const char *directory, unsigned index, json_t *jobs)
{
    char *path = slurm_file(directory, index, "json");
    json_t *root = json_pack("{s:o}", "jobs", jobs);
    struct output_file file;
    int failed = -1;

    if (path == NULL || root == NULL) {
        fprintf(stderr, "%s: out of memory\n", directory);
    } else if (output_file_open(&file, path) == 0) {
        /* A failure to write shows in the stream. */
        json_dumpf(root, file.stream, JSON_COMPACT);
        failed = output_file_commit(&file);
    }
    json_decref(root);
    free(path);
    return failed;
}

json_t *slurm_job_pack(const struct job *job)
{
    json_t *argv = json_array();
    int failed = 0;

    for (size_t i = 0; job->argv[i] != NULL; i++)
        failed |= json_array_append_new(argv, json_string(job->argv[i]));
    if (failed) {
        json_decref(argv);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:s, s:s?, s:f}", "name", job->name != NULL ? job->name : "", "argv", argv,
                     "log", job->log, "results", job->results, "seconds", job->seconds);
}

int slurm_end_print(char *line, size_t size, size_t job, const struct job_end *end)
{
    return snprintf(line, size, "end %zu %d %.6f %.6f %ld %d\n", job, end->status, end->seconds,
                    end->cpu_seconds, end->memory_kib, end->timed_out);
}

int slurm_end_parse(const char *line, size_t *job, struct job_end *end)
{
    int timed_out;

    if (sscanf(line, "end %zu %d %lf %lf %ld %d", job, &end->status, &end->seconds, &end->cpu_seconds,
               &end->memory_kib, &timed_out) != 6)
        return 0;
    end->timed_out = timed_out != 0;
    return 1;
}
