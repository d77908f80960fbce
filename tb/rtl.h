/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Verilated RTL behind a C interface. Cycles are those of mmu.h: outputs
 * are functions of the present state, rtl_step is one clock edge.
 */
#ifndef TWINWALK_RTL_H
#define TWINWALK_RTL_H

#include <stdbool.h>
#include <stdio.h>

#include "mmu.h"
#include "params.h"

struct rtl;

/*
 * The shared object of the RTL with these parameters: what TWINWALK_RTL names,
 * or what is built by Verilator on first use. To be freed; NULL after a message
 * on stderr.
 */
char *rtl_library(const struct mmu_params *params, bool wave);

/*
 * The RTL with these parameters, in reset; built by Verilator on first use and
 * kept by content. wave: an FST file to be written with all its signals, or NULL.
 * NULL after a message on stderr.
 */
struct rtl *rtl_open(const struct mmu_params *params, const char *wave);
void rtl_close(struct rtl *rtl);

/* The outputs of the present cycle; valid until the next rtl_step. */
const struct mmu_out *rtl_outputs(struct rtl *rtl);

/* One clock edge. */
void rtl_step(struct rtl *rtl, const struct mmu_in *in);

/*
 * true: outputs and state of the RTL and of the model are equal; full: the
 * contents of every array too, else these by the digest of their writes.
 */
bool rtl_compare(struct rtl *rtl, const struct mmu *model, bool full);

/* Prints the signals that differ, RTL against model, with their meaning. */
void rtl_report(struct rtl *rtl, const struct mmu *model, FILE *out);

#endif
