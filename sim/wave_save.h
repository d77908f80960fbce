/* SPDX-License-Identifier: Apache-2.0 */
/* GTKWave's save files: a view of a wave with its markers, ready to be opened. */
#ifndef TWINWALK_WAVE_SAVE_H
#define TWINWALK_WAVE_SAVE_H

#include "fst_file.h"
#include "wave_marks.h"
#include "wave_view.h"

/*
 * Writes the view of `wave` (the file at wave_path) to `path`, and the names of
 * values as files in the directory path.names. -1 after a message on stderr.
 */
int wave_save(const struct wave_view *view, struct fst_file *wave, const struct wave_marks *marks,
              const char *wave_path, const char *path);

#endif
