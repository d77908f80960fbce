/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for the values of signals, as files that GTKWave reads. The wave has a
 * table for some of its signals; the FST format has room for short tables only,
 * the others are made here after tb/signals.def.
 */
#ifndef TWINWALK_WAVE_NAMES_H
#define TWINWALK_WAVE_NAMES_H

#include "wave_view.h"

/* The radix that the values of a signal read best in. */
enum wave_radix wave_names_radix(const struct fst_signal *signal);

/* The name of the file for the values of a row's signal, to be freed; NULL: it has none. */
char *wave_names_of(const struct wave_row *row, const struct fst_file *wave);

/* Writes all files that the rows of a view need. -1 after a message. */
int wave_names_write(const struct wave_view *view, const struct fst_file *wave, const char *directory);

#endif
