/* SPDX-License-Identifier: Apache-2.0 */
#include "project_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "project_path.h"

/* The first line that the script prints, run in the directory `root`. -1: it failed. */
static int run(const char *root, const char *script, char *const *argv, char *setting, char *line,
               size_t size)
{
    int output[2];
    if (pipe(output))
        return -1;
    pid_t child = fork();
    if (child == 0) {
        if (chdir(root) || (setting && putenv(setting)))
            _exit(127);
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        execv(script, argv);
        _exit(127);
    }
    close(output[1]);
    size_t length = 0;
    ssize_t got = 1;
    while (got > 0 && length + 1 < size) {
        got = read(output[0], line + length, size - 1 - length);
        length += got > 0 ? (size_t)got : 0;
    }
    close(output[0]);
    line[length] = '\0';
    line[strcspn(line, "\n")] = '\0';
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

char *project_build(const char *script, char *const *argv, char *setting, const char *what)
{
    char *root = project_root();
    char line[512], *path = NULL;

    if (!root) {
        fprintf(stderr, "twinwalk: %s is not there: %s can be built only beside the project's files\n",
                script, what);
        return NULL;
    }
    fflush(stdout);
    if (run(root, script, argv, setting, line, sizeof line))
        fprintf(stderr, "twinwalk: %s does not build\n", what);
    else if (asprintf(&path, "%s/%s", root, line) < 0)
        path = NULL;
    free(root);
    return path;
}
