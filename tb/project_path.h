/* SPDX-License-Identifier: Apache-2.0 */
/* Where the program is, and the files that ship with the project. */
#ifndef TWINWALK_PROJECT_PATH_H
#define TWINWALK_PROJECT_PATH_H

/* The running program's own path. To be freed; NULL after a message. */
char *program_path(void);

/*
 * The project's root: the current directory if it is that, else one above the
 * running program. To be freed; NULL when there is none (or no memory).
 */
char *project_root(void);

/*
 * The path of an existing file that may be the user's: `relative` to the current
 * directory, else to the project's root. To be freed; NULL when there is none
 * (or no memory).
 */
char *project_path(const char *relative);

#endif
