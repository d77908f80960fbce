/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FST library trusts what it reads: of a damaged file it may crash, loop or
 * end the program. Between these two calls that becomes the error it is: the
 * message "PATH: is damaged", and the exit code of bad input.
 */
#ifndef TWINWALK_FST_GUARD_H
#define TWINWALK_FST_GUARD_H

void fst_guard_begin(const char *path);
void fst_guard_end(void);

/*
 * -1 after a message that calls the file `name`: no FST file, or not all of it is there. The format has no
 * checksum; what can be checked is that its blocks follow each other up to the
 * end, and that the last of them have been written.
 */
int fst_check(const char *path, const char *name);

#endif
