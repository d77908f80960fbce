/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of a view while it is read: RTL above C model, with a radix of their own. */
#ifndef TWINWALK_WAVE_ROWS_H
#define TWINWALK_WAVE_ROWS_H

#include <stdbool.h>

#include "wave_view.h"

struct wave_builder {
    struct wave_view *view;
    struct fst_file *wave;
    const char *file;
    unsigned line, open;
    unsigned shown;              /* lines of which the wave has a signal */
    unsigned lacking;            /* and others that should have one; */
    unsigned first_lacking_line; /* the first of them, */
    char first_lacking[128];     /* and its pattern */
};

/* The row to be filled in, or NULL. */
struct wave_row *wave_add_row(struct wave_builder *b, enum wave_row_kind kind, const char *label);

/* `path` is shown behind what says whose it is. */
void wave_add_signal(struct wave_builder *b, const struct fst_signal *signal, const char *path,
                     enum wave_side side, enum wave_radix radix, uint32_t table);

/* The signal whose path the format makes, or NULL. */
const struct fst_signal *wave_find(const struct wave_builder *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The signal of the RTL with the path of one of the model: inside the top module, or one of its ports. */
const struct fst_signal *wave_rtl_signal(const struct wave_builder *b, const char *path);

/* RTL above C model, as far as there are both. */
void wave_add_pair(struct wave_builder *b, const struct fst_signal *rtl, const struct fst_signal *model,
                   const char *path, enum wave_radix radix);
void wave_add_twin(struct wave_builder *b, const char *path, enum wave_radix radix);

/* Of a text below states.rtl and states.cmodel, where there is one. */
void wave_add_states(struct wave_builder *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What differs, in the order in which it began to. -1: memory is short. */
int wave_add_differences(struct wave_builder *b);

#endif
