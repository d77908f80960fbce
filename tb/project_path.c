/* SPDX-License-Identifier: Apache-2.0 */
#include "project_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* build/twinwalk, build/tests/test_x, build/asan/tests/test_x: at most so far below the root. */
enum { LEVELS_ABOVE_PROGRAM = 4 };

/* A file that no other directory has: build/ has an rtl/ and a tb/ too. */
static const char mark_of_root[] = "tb/build_rtl.sh";

char *program_path(void)
{
    char *path = realpath("/proc/self/exe", NULL);

    if (path == NULL)
        fprintf(stderr, "/proc/self/exe: %s\n", strerror(errno));
    return path;
}

/* The file in the directory, to be freed; NULL: there is none, or no memory. */
static char *existing(const char *directory, const char *relative)
{
    char *path;

    if (asprintf(&path, "%s/%s", directory, relative) < 0)
        return NULL;
    if (access(path, F_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *project_root(void)
{
    char *directory, *found = NULL;

    if (access(mark_of_root, F_OK) == 0)
        return strdup(".");
    directory = program_path();
    for (int level = 0; level < LEVELS_ABOVE_PROGRAM && directory != NULL && found == NULL; level++) {
        char *slash = strrchr(directory, '/');

        if (slash == NULL)
            break;
        *slash = '\0';
        found = existing(directory, mark_of_root);
    }
    if (found == NULL) {
        free(directory);
        return NULL;
    }
    free(found);
    return directory;
}

char *project_path(const char *relative)
{
    char *root, *path;

    if (access(relative, F_OK) == 0)
        return strdup(relative);
    root = project_root();
    path = root != NULL ? existing(root, relative) : NULL;
    free(root);
    return path;
}
