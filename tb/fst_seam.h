/* SPDX-License-Identifier: Apache-2.0 */
/* What the shared object around the FST library offers (tb/fst_seam.c), as found there under FST_SEAM_SYMBOL.
 */
#ifndef TWINWALK_FST_SEAM_H
#define TWINWALK_FST_SEAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FST_SEAM_SYMBOL "twinwalk_fst_seam"

struct fst_listener {
    void *self;
    /* The scopes with a dot after each, the name as it is there, bits (0: a text), its table of names (0:
     * none). */
    void (*signal)(void *self, const char *scopes, const char *name, unsigned bits, uint32_t handle,
                   uint32_t table);
    /* A table by its number, from 1: text and value ('0' and '1') of each. */
    void (*table)(void *self, uint32_t number, const char *name, unsigned count, char *const *texts,
                  char *const *values);
    void (*comment)(void *self, const char *text);
};

struct fst_seam {
    void *(*open)(const char *path); /* NULL: not an FST file */
    void (*close)(void *reader);
    void (*times)(void *reader, uint64_t *start, uint64_t *end);
    /* Every item in the file's order, to the functions of `listener`. */
    void (*items)(void *reader, const struct fst_listener *listener);
    /* Every change of these handles, in order of time. */
    void (*changes)(void *reader, const uint32_t *handles, size_t count,
                    void (*change)(void *self, uint64_t time, uint32_t handle, const char *value),
                    void *self);
    int (*vcd)(void *reader, FILE *out); /* -1: broken */
};

#endif
