/* SPDX-License-Identifier: Apache-2.0 */
#include "line_tail.h"

#include <stdio.h>
#include <stdlib.h>

int line_tail_read(const char *path, long *at, int (*take)(void *self, char *line), void *self)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int result = 0;

    if (file == NULL)
        return 0;
    if (fseek(file, *at, SEEK_SET) == 0) {
        while (result == 0 && (length = getline(&line, &size, file)) > 0 && line[length - 1] == '\n') {
            *at += length;
            line[length - 1] = '\0';
            result = take(self, line);
        }
    }
    free(line);
    fclose(file);
    return result;
}
