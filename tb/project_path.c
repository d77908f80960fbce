/* SPDX-License-Identifier: Apache-2.0 */
#include "project_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* build/twinwalk, build/tests/test_x, build/asan/tests/test_x: at most so far below the root. */
enum { LEVELS_ABOVE_PROGRAM = 4 };

char *project_path(const char *relative)
{
    char program[PATH_MAX];
    ssize_t length;
    char *path;

    if (access(relative, F_OK) == 0)
        return strdup(relative);

    length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length < 0)
        return NULL;
    program[length] = '\0';
    for (int level = 0; level < LEVELS_ABOVE_PROGRAM; level++) {
        char *slash = strrchr(program, '/');

        if (slash == NULL)
            return NULL;
        *slash = '\0';
        if (asprintf(&path, "%s/%s", program, relative) < 0)
            return NULL;
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}
