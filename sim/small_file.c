/* SPDX-License-Identifier: Apache-2.0 */
#include "small_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *small_file_read(const char *path, size_t most, const char *what, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(most + 1);
    bool good = false;

    *length = 0;
    if (file != NULL && text != NULL)
        *length = fread(text, 1, most + 1, file);
    if (file == NULL || text == NULL || ferror(file))
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    else if (*length > most)
        fprintf(stderr, "%s: too large for %s\n", path, what);
    else
        good = true;
    if (file != NULL)
        fclose(file);
    if (good)
        return text;
    free(text);
    return NULL;
}

void first_line_of(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");

    line[0] = '\0';
    if (file == NULL)
        return;
    if (fgets(line, (int)size, file) == NULL)
        line[0] = '\0';
    fclose(file);
    line[strcspn(line, "\n")] = '\0';
}
