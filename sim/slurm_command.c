/* SPDX-License-Identifier: Apache-2.0 */
#include "slurm_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void become_command(const struct job_pool *pool, const char *const *argv, int output)
{
    int input = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    if (input < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        _exit(127);
    sigprocmask(SIG_SETMASK, &pool->before, NULL);
    execvp(argv[0], (char *const *)argv);
    dprintf(STDERR_FILENO, "%s: %s", argv[0], strerror(errno));
    _exit(127);
}

static char *read_all(int file)
{
    char *text = NULL, buffer[4096];
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ssize_t length;

    if (out == NULL)
        return NULL;
    while ((length = read(file, buffer, sizeof(buffer))) > 0 || (length < 0 && errno == EINTR))
        if (length > 0)
            fwrite(buffer, 1, (size_t)length, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

int slurm_command(const struct job_pool *pool, const char *const *argv, char **output)
{
    int ends[2], status;
    pid_t pid;

    *output = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 127;
    pid = fork();
    if (pid == 0)
        become_command(pool, argv, ends[1]);
    close(ends[1]);
    if (pid > 0)
        *output = read_all(ends[0]);
    close(ends[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid)
        return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int slurm_processors(const struct job_pool *pool)
{
    static const char *const argv[] = {"sinfo", "--noheader", "--format=%C", NULL};
    char *output;
    int status = slurm_command(pool, argv, &output), most = 0;

    if (status != 0) {
        fprintf(stderr, "twinwalk: Slurm cannot be used: %s%s", output != NULL ? output : "out of memory\n",
                status == 127 ? "; is slurm-client installed?\n" : "");
        free(output);
        return -1;
    }
    /* Allocated, idle, neither, all: one line for all nodes of a partition. */
    for (char *line = strtok(output, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        int other, total;

        if (sscanf(line, "%*d/%*d/%d/%d", &other, &total) == 2 && total - other > most)
            most = total - other;
    }
    free(output);
    if (most == 0)
        fprintf(stderr, "twinwalk: Slurm has no node that is up, see sinfo\n");
    return most > 0 ? most : -1;
}

unsigned slurm_array_limit(const struct job_pool *pool)
{
    static const char *const argv[] = {"scontrol", "show", "config", NULL};
    char *output;
    int status = slurm_command(pool, argv, &output);
    const char *found = status == 0 && output != NULL ? strstr(output, "\nMaxArraySize") : NULL;
    unsigned limit;

    /* Indices are below it. When not known: what Slurm has by itself. */
    if (found == NULL || sscanf(found, " MaxArraySize = %u", &limit) != 1 || limit == 0)
        limit = 1001;
    free(output);
    return limit;
}

bool slurm_answers(const struct job_pool *pool)
{
    static const char *const argv[] = {"scontrol", "ping", NULL};
    char *output;
    int status = slurm_command(pool, argv, &output);
    bool answers = status == 0 && output != NULL && strstr(output, "UP") != NULL;

    free(output);
    return answers;
}

static bool is_last(const char *state)
{
    static const char *const last[] = {"COMPLETED", "CANCELLED", "FAILED",        "TIMEOUT", "NODE_FAIL",
                                       "PREEMPTED", "BOOT_FAIL", "OUT_OF_MEMORY", "REVOKED", "DEADLINE"};

    for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
        if (strcmp(state, last[i]) == 0)
            return true;
    return false;
}

bool slurm_list(const struct job_pool *pool, void (*visit)(void *context, const struct slurm_listed *listed),
                void *context)
{
    char user[24], *output, *rest;
    const char *const argv[] = {
        "squeue", "--noheader", "--array", "--states=all", "--user", user, "--format=%F|%j|%K|%T|%r", NULL};
    bool answered;

    snprintf(user, sizeof(user), "%u", (unsigned)getuid());
    answered = slurm_command(pool, argv, &output) == 0 && output != NULL;
    rest = output;
    for (char *line = answered ? strsep(&rest, "\n") : NULL; line != NULL; line = strsep(&rest, "\n")) {
        const char *id = strsep(&line, "|"), *name = strsep(&line, "|"), *index = strsep(&line, "|");
        const char *state = strsep(&line, "|");
        char *end;

        if (line == NULL)
            continue;
        struct slurm_listed listed = {
            .name = name,
            .id = (unsigned)strtoul(id, NULL, 10),
            .index = (unsigned)strtoul(index, &end, 10),
            .state = state,
            .reason = line,
            .over = is_last(state),
        };
        if (end != index) /* not "N/A": a task of an array */
            visit(context, &listed);
    }
    free(output);
    return answered;
}
