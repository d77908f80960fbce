/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the Slurm pool and its tasks: the files of a submission, which is
 * one job array. All are in the directory of the submission; N is the index of
 * a task in the array.
 *
 *   script   what Slurm starts: twinwalk task DIRECTORY N
 *   N.json   the jobs of the task: {"jobs": [{"name", "argv", "log", "results", "seconds"}]};
 *            a task whose file is gone is to end
 *   N.out    what became of them, written by the task, a line at a time:
 *            "begin JOB NODE" and
 *            "end JOB STATUS SECONDS CPU-SECONDS MEMORY-KIB TIMED-OUT"
 *   N.log    what the task itself had to say
 */
#ifndef TWINWALK_SLURM_FILES_H
#define TWINWALK_SLURM_FILES_H

#include <jansson.h>

#include "job_pool.h"

/* DIRECTORY/N.ENDING, to be freed; NULL: out of memory. */
char *slurm_file(const char *directory, unsigned index, const char *ending);

/* The jobs of a task: an array to be freed by json_decref. NULL: there is no such file, or not of this form.
 */
json_t *slurm_jobs_read(const char *directory, unsigned index);

/* Takes over `jobs`. -1 after a message. */
int slurm_jobs_write(const char *directory, unsigned index, json_t *jobs);

/* The job as Slurm's side keeps it. NULL: out of memory, or a text that is not UTF-8. */
json_t *slurm_job_pack(const struct job *job);

/* The line for an end, or 0: it does not tell of one; the owner is left alone. */
int slurm_end_print(char *line, size_t size, size_t job, const struct job_end *end);
int slurm_end_parse(const char *line, size_t *job, struct job_end *end);

#endif
