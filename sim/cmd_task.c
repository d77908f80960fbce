/* SPDX-License-Identifier: Apache-2.0 */
/*
 * twinwalk task: one task of a Slurm job array. Its jobs run one after the
 * other; what becomes of them goes to the task's file at once, since the node
 * may die.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "commands.h"
#include "options.h"
#include "slurm_files.h"

static const double look_seconds = 1;

/* Whole lines only: the collector reads at any time. */
static int say(int out, const char *line, int length)
{
    if (length > 0 && write(out, line, (size_t)length) == length)
        return 0;
    fprintf(stderr, "twinwalk task: the file of results: %s\n", strerror(errno));
    return -1;
}

static int start_job(struct job_pool *pool, const json_t *job)
{
    const json_t *list = json_object_get(job, "argv");
    size_t count = json_array_size(list);
    char **argv = calloc(count + 1, sizeof(*argv));
    int failed = -1;

    for (size_t i = 0; i < count && argv != NULL; i++)
        argv[i] = (char *)json_string_value(json_array_get(list, i));
    if (argv != NULL && argv[0] != NULL && json_string_value(json_object_get(job, "log")) != NULL)
        failed = job_pool_start(pool, &(struct job){
                                          .argv = argv,
                                          .log = json_string_value(json_object_get(job, "log")),
                                          .results = json_string_value(json_object_get(job, "results")),
                                          .seconds = json_number_value(json_object_get(job, "seconds")),
                                      });
    free(argv);
    return failed;
}

/* One job to its end; -1: the task is to end. */
static int run_job(struct job_pool *pool, const json_t *job, size_t number, int out, const char *order)
{
    char line[512];
    struct utsname name = {.nodename = ""};
    struct job_end end;
    enum job_event event;

    if (access(order, F_OK) != 0)
        return -1;
    uname(&name);
    if (say(out, line, snprintf(line, sizeof(line), "begin %zu %s\n", number, name.nodename)) != 0 ||
        start_job(pool, job) != 0)
        return -1;
    while ((event = job_pool_wait(pool, look_seconds, &end)) == JOB_NOTHING)
        if (access(order, F_OK) != 0)
            return -1;
    return event == JOB_ENDED ? say(out, line, slurm_end_print(line, sizeof(line), number, &end)) : -1;
}

static int run_jobs(const json_t *jobs, int out, const char *order)
{
    struct job_pool *pool = job_pool_create(1);
    size_t done = 0;

    while (pool != NULL && done < json_array_size(jobs) &&
           run_job(pool, json_array_get(jobs, done), done, out, order) == 0)
        done++;
    job_pool_destroy(pool);
    return done == json_array_size(jobs) ? EXIT_AGREED : EXIT_INTERNAL;
}

struct arguments {
    const char *directory;
    uint64_t index;
    unsigned given;
};

static error_t parse_argument(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    if (key == ARGP_KEY_ARG && arguments->given == 0)
        arguments->directory = arg;
    else if (key == ARGP_KEY_ARG &&
             (arguments->given > 1 || !parse_count(arg, &arguments->index) || arguments->index > UINT32_MAX))
        argp_error(state, "'%s' is not the number of a task", arg);
    else if (key == ARGP_KEY_END && arguments->given != 2)
        argp_error(state, "give DIRECTORY and N");
    else if (key != ARGP_KEY_ARG)
        return ARGP_ERR_UNKNOWN;
    arguments->given++;
    return 0;
}

int cmd_task(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_argument,
        .args_doc = "DIRECTORY N",
        .doc = "Do the jobs of task N of a Slurm job array. Option --slurm of other commands starts it "
               "(docs/regression.md).",
    };
    struct arguments arguments = {0};
    char *order, *path;
    json_t *jobs;
    int out, code = EXIT_INTERNAL;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    order = slurm_file(arguments.directory, (unsigned)arguments.index, "json");
    path = slurm_file(arguments.directory, (unsigned)arguments.index, "out");
    jobs = slurm_jobs_read(arguments.directory, (unsigned)arguments.index);
    if (jobs == NULL) {
        fprintf(stderr, "twinwalk task: %s: no list of jobs\n", order != NULL ? order : arguments.directory);
        code = EXIT_USAGE;
    } else if (path != NULL) {
        out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
        if (out >= 0)
            code = run_jobs(jobs, out, order);
        else
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (out >= 0 && close(out) != 0)
            code = EXIT_INTERNAL;
    }
    json_decref(jobs);
    free(path);
    free(order);
    return code;
}
