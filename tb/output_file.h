/* SPDX-License-Identifier: Apache-2.0 */
/* A file that appears under its name only when it is complete. */
#ifndef TWINWALK_OUTPUT_FILE_H
#define TWINWALK_OUTPUT_FILE_H

#include <stdio.h>

struct output_file {
    FILE *stream;
    char *path;
    char *temporary; /* beside it */
};

/* Opens a temporary file beside `path`. -1 after a message on stderr. */
int output_file_open(struct output_file *file, const char *path);

/*
 * Closes it and gives it its name. -1 after a message on stderr when it could
 * not be written whole; nothing is left then.
 */
int output_file_commit(struct output_file *file);

/* Removes what was not committed; nothing to do after a commit. */
void output_file_discard(struct output_file *file);

/* Whether a file of that name could be opened and would be a regular one; -1 after a message. */
int output_file_check(const char *path);

/* Removes all that is not committed, from a signal handler that ends the process. */
void output_files_abandon(void);

/* Removes the file at `path`, if there is one, and what writers of it left that were killed. */
void output_file_remove(const char *path);

#endif
