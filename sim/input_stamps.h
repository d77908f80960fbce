/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What files were when they were first looked at: results that are kept under
 * the digest of their contents must not come from what has taken their place.
 */
#ifndef TWINWALK_INPUT_STAMPS_H
#define TWINWALK_INPUT_STAMPS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input_stamp {
    char *path;
    /* As stat() has them: another file in its place differs in one of them. */
    int64_t size, seconds, nanoseconds, inode;
};

struct input_stamps {
    struct input_stamp *stamps;
    size_t count;
};

/* Notes what a file is now; one that is known already stays as it was noted. -1: errno says why. */
int input_stamps_add(struct input_stamps *stamps, const char *path);
void input_stamps_free(struct input_stamps *stamps);

/* Whether all are still what was noted. false: *message names one that is not. */
bool input_stamps_hold(const struct input_stamps *stamps, char *message, size_t size);

/* For another process. NULL: out of memory, or a path that is not UTF-8. */
json_t *input_stamps_json(const struct input_stamps *stamps);

/* Adds what another process noted; what is no such list adds nothing. -1: out of memory. */
int input_stamps_take(struct input_stamps *stamps, const json_t *list);

#endif
