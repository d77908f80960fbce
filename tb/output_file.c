/* SPDX-License-Identifier: Apache-2.0 */
#include "output_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int explain(const struct output_file *file, int error)
{
    fprintf(stderr, "%s: %s\n", file->path, error ? strerror(error) : "cannot be written");
    return -1;
}

/* The temporary files that are open, for a signal handler; of more than there is room for, the first. */
enum { MOST_OPEN = 32 };
static char *volatile open_files[MOST_OPEN];

static void replace_open(char *from, char *to)
{
    for (unsigned i = 0; i < MOST_OPEN; i++)
        if (open_files[i] == from) {
            open_files[i] = to;
            return;
        }
}

void output_files_abandon(void)
{
    for (unsigned i = 0; i < MOST_OPEN; i++)
        if (open_files[i])
            unlink(open_files[i]);
}

static void release(struct output_file *file)
{
    if (file->temporary)
        replace_open(file->temporary, NULL);
    free(file->path);
    free(file->temporary);
    *file = (struct output_file){0};
}

/* What mkostemp makes of it, and glob finds again: the digits of the one are the wildcards of the other. */
#define TEMPORARY(digit) "." digit digit digit digit digit digit

/* A device or pipe has no name to be moved to: it is written directly. */
static int open_special(struct output_file *file)
{
    file->stream = fopen(file->path, "we");
    if (file->stream)
        return 0;
    explain(file, errno);
    release(file);
    return -1;
}

int output_file_open(struct output_file *file, const char *path)
{
    struct stat status;

    *file = (struct output_file){.path = strdup(path)};
    if (!file->path) {
        fprintf(stderr, "%s: %s\n", path, strerror(ENOMEM));
        return -1;
    }
    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
        return open_special(file);

    int fd = -1;
    if (asprintf(&file->temporary, "%s" TEMPORARY("X"), path) < 0)
        file->temporary = NULL;
    else
        fd = mkostemp(file->temporary, O_CLOEXEC);
    if (fd >= 0) {
        mode_t mask = umask(0);
        umask(mask);
        fchmod(fd, 0666 & ~mask); /* mkostemp makes it private */
        file->stream = fdopen(fd, "w");
        if (file->stream) {
            replace_open(NULL, file->temporary);
            return 0;
        }
        close(fd);
        unlink(file->temporary);
    }
    explain(file, errno);
    release(file);
    return -1;
}

int output_file_check(const char *path)
{
    struct output_file file;
    struct stat status;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        fprintf(stderr, "%s: %s\n", path, S_ISDIR(status.st_mode) ? strerror(EISDIR) : "not a regular file");
        return -1;
    }
    if (output_file_open(&file, path))
        return -1;
    output_file_discard(&file);
    return 0;
}

int output_file_commit(struct output_file *file)
{
    errno = 0;
    int failed = ferror(file->stream);
    if (fclose(file->stream) || failed) {
        explain(file, errno);
        if (file->temporary)
            unlink(file->temporary);
        release(file);
        return -1;
    }
    if (file->temporary && rename(file->temporary, file->path)) {
        explain(file, errno);
        unlink(file->temporary);
        release(file);
        return -1;
    }
    release(file);
    return 0;
}

void output_file_discard(struct output_file *file)
{
    if (!file->stream)
        return;
    fclose(file->stream);
    if (file->temporary)
        unlink(file->temporary);
    release(file);
}

void output_file_remove(const char *path)
{
    static const char wildcards[] = TEMPORARY("[A-Za-z0-9]");
    char *pattern = malloc(2 * strlen(path) + sizeof(wildcards)), *end = pattern;
    glob_t left;

    unlink(path);
    if (!pattern)
        return;
    for (; *path != '\0'; *end++ = *path++)
        if (strchr("*?[\\", *path))
            *end++ = '\\';
    memcpy(end, wildcards, sizeof(wildcards));
    if (glob(pattern, GLOB_NOSORT, NULL, &left) == 0) {
        for (size_t i = 0; i < left.gl_pathc; i++)
            unlink(left.gl_pathv[i]);
        globfree(&left);
    }
    free(pattern);
}
