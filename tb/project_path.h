/* SPDX-License-Identifier: Apache-2.0 */
/* Where the files are that ship with the project. */
#ifndef TWINWALK_PROJECT_PATH_H
#define TWINWALK_PROJECT_PATH_H

/*
 * The path of an existing file that ships with the project, `relative` to its
 * root: looked for in the current directory, then in the directories above the
 * running program. To be freed; NULL when there is none (or no memory).
 */
char *project_path(const char *relative);

#endif
