/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that a regression or a campaign keeps its results in. */
#ifndef TWINWALK_REGRESS_DIRECTORY_H
#define TWINWALK_REGRESS_DIRECTORY_H

/*
 * Makes the directory, those above it, and logs/ in it, and locks it for this
 * process: a file descriptor, to be closed. -1 after a message on stderr.
 */
int regress_directory_open(const char *directory);

#endif
