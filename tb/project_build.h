/* SPDX-License-Identifier: Apache-2.0 */
/* What is built when it is first needed, by scripts that ship with the project. */
#ifndef TWINWALK_PROJECT_BUILD_H
#define TWINWALK_PROJECT_BUILD_H

/*
 * Runs the script, a path below the project's root, in the root with `setting`
 * ("NAME=VALUE", NULL: none) in its environment. Returns what it prints, a path
 * below the root, as one that dlopen takes; to be freed. NULL after a message
 * that `what` does not build.
 */
char *project_build(const char *script, char *const *argv, char *setting, const char *what);

#endif
