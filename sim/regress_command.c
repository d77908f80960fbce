/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_run.h"

char *regress_log_path(const char *directory, const char *key, const char *ending)
{
    char *path;

    return asprintf(&path, "%s/logs/%s.%s", directory, key, ending) < 0 ? NULL : path;
}

char **regress_arguments(const char *program, const struct series *series, size_t count,
                         const char *const *more)
{
    size_t extra = 0, used = 0;
    char **argv;

    while (more[extra] != NULL)
        extra++;
    argv = calloc(3 + count + extra, sizeof(*argv));
    if (argv == NULL)
        return NULL;
    argv[used++] = (char *)program;
    argv[used++] = "run";
    for (size_t i = 0; i < count; i++)
        argv[used++] = series->options[i];
    for (size_t i = 0; i < extra; i++)
        argv[used++] = (char *)more[i];
    return argv;
}

char *regress_command(const char *program, const struct series *series, uint64_t seed)
{
    char *variables = series->needs_rtl ? rtl_variables() : strdup("");
    char text[24], *line = NULL, *rest = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);
    char **argv;

    snprintf(text, sizeof(text), "%llu", (unsigned long long)seed);
    argv = regress_arguments(program, series, series->options_count, (const char *[]){"--seed", text, NULL});
    if (out != NULL && argv != NULL) {
        int argc = 0;

        while (argv[argc] != NULL)
            argc++;
        /* As run takes it down itself: argv[0] is the subcommand's. */
        rest = run_command_line(program, argc - 1, argv + 1);
        fputs(variables != NULL ? variables : "", out);
        fputs(rest != NULL ? rest : "", out);
    }
    free(argv);
    if (out == NULL || fclose(out) != 0 || rest == NULL || variables == NULL) {
        free(line);
        line = NULL;
    }
    free(variables);
    free(rest);
    return line;
}
