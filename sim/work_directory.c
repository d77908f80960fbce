/* SPDX-License-Identifier: Apache-2.0 */
#include "work_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job_pool.h"
#include "options.h"

enum { OPTION_SLURM = 256 };

static const struct argp_option option_table[] = {
    {"jobs", 'j', "N", 0, "jobs at a time (default: the processors, of this machine or of the cluster)", 1},
    {"slurm", OPTION_SLURM, NULL, 0, "work in Slurm job arrays; DIR must be on a shared file system", 1},
    {"output", 'o', "DIR", 0, "directory of the results (default: in build/, by the file's name)", 1},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct work_options *options = state->input;

    switch (key) {
    case 'j':
        options->jobs = option_jobs(state, arg);
        return 0;
    case OPTION_SLURM:
        options->slurm = true;
        return 0;
    case 'o':
        options->directory = option_output(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (options->file != NULL)
            argp_error(state, "one file at a time");
        options->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (options->file == NULL)
            argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp work_options_argp = {.options = option_table, .parser = parse_option};

char *work_default_directory(const char *base, const char *file)
{
    const char *slash = strrchr(file, '/'), *name = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    char *directory;
    int length = dot != NULL && dot > name ? (int)(dot - name) : (int)strlen(name);

    return asprintf(&directory, "%s/%.*s", base, length, name) < 0 ? NULL : directory;
}

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk: out of memory\n");
    return -1;
}

static int make_directories(char *path)
{
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        int failed;

        if (slash != NULL)
            *slash = '\0';
        failed = mkdir(path, 0777) != 0 && errno != EEXIST;
        if (failed)
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
        if (failed || slash == NULL)
            return failed ? -1 : 0;
        *slash = '/';
    }
}

static int lock_directory(const char *directory, const char *what)
{
    char *path;
    int lock;

    if (asprintf(&path, "%s/lock", directory) < 0)
        return out_of_memory();
    lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock < 0) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "%s: another %s is at work there\n", directory, what);
        close(lock);
        lock = -1;
    }
    free(path);
    return lock;
}

int work_directory_open(const char *directory, const char *inner, const char *what)
{
    char *path;
    int made;

    if (asprintf(&path, "%s/%s", directory, inner) < 0)
        return out_of_memory();
    made = make_directories(path);
    free(path);
    return made == 0 ? lock_directory(directory, what) : -1;
}

/* Tasks that an earlier process has left with Slurm are taken over, or ended, with --slurm only. */
static void tell_of_tasks(const char *directory)
{
    char *pattern;
    glob_t found = {0};

    if (asprintf(&pattern, "%s/slurm/twinwalk-*", directory) < 0)
        return;
    glob(pattern, GLOB_NOESCAPE, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc; i++)
        fprintf(stderr,
                "%s: Slurm may still have tasks of an earlier process; without --slurm they are not taken "
                "over: scancel --name=%s ends them\n",
                found.gl_pathv[i], strrchr(found.gl_pathv[i], '/') + 1);
    globfree(&found);
    free(pattern);
}

struct job_pool *work_pool_create(const struct work_options *options)
{
    const struct slurm_options slurm = {
        .directory = options->directory,
        .tasks = options->jobs,
    };
    struct job_pool *pool;

    if (options->slurm)
        return slurm_pool_create(&slurm);
    tell_of_tasks(options->directory);
    pool = job_pool_create(options->jobs > 0 ? options->jobs : processors());
    if (pool == NULL)
        out_of_memory();
    return pool;
}
