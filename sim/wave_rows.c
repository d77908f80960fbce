/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_rows.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wave_names.h"

struct wave_row *wave_add_row(struct wave_builder *b, enum wave_row_kind kind, const char *label)
{
    struct wave_view *view = b->view;
    if (!(view->count & (view->count - 1))) {
        size_t room = view->count ? 2 * view->count : 1;
        struct wave_row *grown = realloc(view->rows, room * sizeof(*grown));
        if (!grown)
            return NULL;
        view->rows = grown;
    }
    struct wave_row *row = &view->rows[view->count++];
    *row = (struct wave_row){.kind = kind, .label = label ? strdup(label) : NULL};
    return row;
}

void wave_add_signal(struct wave_builder *b, const struct fst_signal *signal, const char *path,
                     enum wave_side side, enum wave_radix radix, uint32_t table)
{
    static const char *const whose[] = {
        [SIDE_NONE] = "", [SIDE_RTL] = "RTL ", [SIDE_MODEL] = "C   ", [SIDE_DIFFERENCE] = "DIFF "};
    struct wave_row *row = wave_add_row(b, ROW_SIGNAL, NULL);
    if (!row || asprintf(&row->label, "%s%s", whose[side], path) < 0)
        return;
    /* GTKWave shows what is behind the last dot. */
    for (char *dot = strchr(row->label, '.'); dot; dot = strchr(dot, '.'))
        *dot = '/';
    row->signal = signal;
    row->table = table;
    row->radix = radix == RADIX_OWN ? wave_names_radix(signal) : radix;
    row->side = side;
}

const struct fst_signal *wave_find(const struct wave_builder *b, const char *format, ...)
{
    const struct fst_signal *signal = NULL;
    va_list arguments;
    char *path;

    va_start(arguments, format);
    if (vasprintf(&path, format, arguments) >= 0) {
        signal = fst_file_find(b->wave, path);
        free(path);
    }
    va_end(arguments);
    return signal;
}

const struct fst_signal *wave_rtl_signal(const struct wave_builder *b, const char *path)
{
    const struct fst_signal *inside = wave_find(b, "TOP.mmu.%s", path);
    return inside ? inside : wave_find(b, "TOP.%s", path);
}

/* The RTL has no names of its own. */
void wave_add_pair(struct wave_builder *b, const struct fst_signal *rtl, const struct fst_signal *model,
                   const char *path, enum wave_radix radix)
{
    const struct fst_signal *const pair[] = {rtl, model};
    for (unsigned i = 0; i < 2; i++) {
        if (pair[i])
            wave_add_signal(b, pair[i], path, i ? SIDE_MODEL : SIDE_RTL, radix, model ? model->table : 0);
    }
}

void wave_add_twin(struct wave_builder *b, const char *path, enum wave_radix radix)
{
    wave_add_pair(b, wave_rtl_signal(b, path), wave_find(b, "cmodel.%s", path), path, radix);
}

void wave_add_states(struct wave_builder *b, const char *format, ...)
{
    va_list arguments;
    char *path;

    va_start(arguments, format);
    if (vasprintf(&path, format, arguments) >= 0) {
        wave_add_pair(b, wave_find(b, "states.rtl.%s", path), wave_find(b, "states.cmodel.%s", path), path,
                      RADIX_OWN);
        free(path);
    }
    va_end(arguments);
}
