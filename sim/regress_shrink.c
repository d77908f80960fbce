/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_shrink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd_run.h"
#include "commands.h"
#include "job_pool.h"
#include "progress.h"
#include "project_path.h"
#include "regress_command.h"

enum {
    SPARE_SECONDS = 600
}; /* for the run itself, which comes before the shrinking, and for its last proof */

static char *shrunk_path(const char *directory, const char *key, const char *ending)
{
    char *path;

    return asprintf(&path, "%s/shrunk/%s.%s", directory, key, ending) < 0 ? NULL : path;
}

static char *present(char *path)
{
    if (path == NULL || access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *regress_shrunk(const char *directory, const struct run_result *result)
{
    return present(shrunk_path(directory, result->key, "tw"));
}

char *regress_wave(const char *directory, const struct run_result *result)
{
    return present(shrunk_path(directory, result->key, "fst"));
}

static bool can_be_shrunk(const struct run_result *result)
{
    static const char *const kinds[] = {"mismatch", "illegal", "hang", "protocol"};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(result->kind, kinds[i]) == 0)
            return true;
    return false;
}

/* Runs one job to its end; -1 when interrupted. */
static int wait_for(struct job_pool *pool, struct job_end *end)
{
    enum job_event event;

    do
        event = job_pool_wait(pool, 1, end);
    while (event == JOB_NOTHING);
    return event == JOB_ENDED ? 0 : -1;
}

static int start_shrinking(const struct regress_options *options, const struct run_result *result,
                           char *script, unsigned seconds)
{
    const struct series *series = result->series;
    char seed[24], bound[16], *program = program_path();
    char *log = regress_log_path(options->directory, result->key, "shrink.log"), **argv = NULL;
    int failed = -1;

    snprintf(seed, sizeof(seed), "%llu", (unsigned long long)result->seed);
    snprintf(bound, sizeof(bound), "%u", seconds);
    /* As the user calls it, if that is a path: the script names it. */
    if (program != NULL && log != NULL)
        argv = regress_arguments(
            strchr(options->program, '/') != NULL ? options->program : program, series, series->options_count,
            (const char *[]){"--seed", seed, "-q", "--seconds", bound, "-o", script, NULL});
    if (argv != NULL) {
        argv[1] = "shrink";
        failed = job_pool_start(options->pool,
                                &(struct job){.argv = argv, .log = log, .seconds = seconds + SPARE_SECONDS});
    }
    free(argv);
    free(log);
    free(program);
    return failed;
}

static int shrink_one(const struct regress_options *options, const struct run_result *result,
                      unsigned seconds)
{
    char *script = shrunk_path(options->directory, result->key, "tw");
    struct job_end end;
    int failed = -1;

    if (script != NULL && access(script, R_OK) == 0)
        failed = 0;
    else if (script != NULL && start_shrinking(options, result, script, seconds) == 0)
        failed = wait_for(options->pool, &end);
    free(script);
    return failed;
}

/* The command line that runs a shrunk script, which is the comment behind "# in cycle". To be freed; NULL:
 * none. */
static char *line_of_script(const char *script)
{
    FILE *file = fopen(script, "re");
    char *line = NULL, *command = NULL;
    size_t size = 0;
    bool next = false;

    while (file != NULL && command == NULL && getline(&line, &size, file) > 0 && line[0] == '#') {
        if (next)
            command = strndup(line + 1, strcspn(line + 1, "\n"));
        next = strncmp(line, "# in cycle ", 11) == 0;
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return command;
}

/* The line for a shell that leaves the wave of a script. To be freed; NULL: out of memory, or it has none. */
static char *wave_command(const char *script, const char *wave)
{
    char *run = line_of_script(script), *line = NULL;
    size_t size;
    FILE *out = run != NULL ? open_memstream(&line, &size) : NULL;

    if (out != NULL) {
        fprintf(out, "exec env %s -q --wave-on-failure=", run);
        print_shell_word(out, wave);
        if (fclose(out) != 0) {
            free(line);
            line = NULL;
        }
    }
    free(run);
    return line;
}

/* Why there is no wave is in the log. */
static int draw_one(const struct regress_options *options, const struct run_result *result)
{
    char *script = regress_shrunk(options->directory, result);
    char *wave = shrunk_path(options->directory, result->key, "fst");
    char *log = regress_log_path(options->directory, result->key, "wave.log"), *line = NULL;
    char shell[] = "/bin/sh", option[] = "-c";
    struct job_end end;
    int failed = 0;

    if (script != NULL && wave != NULL && log != NULL && access(wave, R_OK) != 0)
        line = wave_command(script, wave);
    if (line != NULL) {
        char *argv[] = {shell, option, line, NULL};
        failed = job_pool_start(options->pool,
                                &(struct job){.argv = argv, .log = log, .seconds = SPARE_SECONDS}) != 0 ||
                         wait_for(options->pool, &end) != 0
                     ? -1
                     : 0;
        if (!failed && access(wave, R_OK) == 0)
            unlink(log);
    }
    free(line);
    free(log);
    free(wave);
    free(script);
    return failed;
}

static int make_directory(const char *directory)
{
    char *path;
    int failed = 0;

    if (asprintf(&path, "%s/shrunk", directory) < 0)
        return -1;
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        failed = -1;
    }
    free(path);
    return failed;
}

int regress_shrink(const struct regress_options *options, const struct result_list *results, unsigned seconds,
                   bool waves)
{
    size_t count, shrinkable = 0;
    struct result_group *groups = result_groups(results, &count);
    int failed = 0;

    for (size_t i = 0; i < count; i++)
        shrinkable += can_be_shrunk(groups[i].example);
    if (shrinkable > 0)
        failed = make_directory(options->directory);
    for (size_t i = 0, done = 0; i < count && !failed; i++) {
        if (!can_be_shrunk(groups[i].example))
            continue;
        done++;
        if (options->progress)
            fprintf(stderr, "\rshrinking failure %zu of %zu: %-40.40s", done, shrinkable,
                    groups[i].example->signature);
        failed = shrink_one(options, groups[i].example, seconds);
        if (!failed && waves && groups[i].example->series->needs_rtl)
            failed = draw_one(options, groups[i].example);
    }
    if (options->progress && shrinkable > 0)
        progress_clear();
    free(groups);
    return failed;
}
