/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are read as a whole. */
#ifndef TWINWALK_SMALL_FILE_H
#define TWINWALK_SMALL_FILE_H

#include <stddef.h>

/*
 * The contents of a file of at most `most` bytes, to be freed. NULL after a
 * message on stderr; "too large for `what`" is one.
 */
char *small_file_read(const char *path, size_t most, const char *what, size_t *length);

/* The first line of a file, or what of it there is room for; "": there is none. */
void first_line_of(const char *path, char *line, size_t size);

#endif
