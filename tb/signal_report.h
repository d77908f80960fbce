/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What differs between RTL and C model, in lines. From the state of both
 * (tb/rtl_seam.cpp), or from a wave.
 */
#ifndef TWINWALK_SIGNAL_REPORT_H
#define TWINWALK_SIGNAL_REPORT_H

#include <stdio.h>

#include "signal_decode.h"

/* What one side has in an entry of an array. */
struct signal_entry {
    bool valid;
    bool known; /* tag and data */
    uint64_t tag, data;
};

/* One line, or three where the texts are long, unless the values are equal. name: "miss_queue.va[3]". */
void signal_report_value(FILE *out, const char *name, enum signal_decode decode, uint64_t rtl,
                         uint64_t model);

/* Three lines, unless the two are equal. block, array: "l1d", "4k". */
void signal_report_entry(FILE *out, const char *block, const char *array, uint32_t set, uint32_t way,
                         const struct signal_entry *rtl, const struct signal_entry *model);

/* The replacement state of a set: a number for each way or node, as in cmodel/replacement.h. */
void signal_report_replacement(FILE *out, const char *block, const char *array, uint32_t set,
                               const uint8_t *rtl, const uint8_t *model, unsigned count);

#endif
