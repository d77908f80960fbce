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
#include "rtl_seam.h"

struct rtl;

/*
 * What a script of the project makes of the RTL with these parameters, in its
 * directory `cache`; as project_build.
 */
char *rtl_script(const char *script, const char *cache, const struct mmu_params *params, char *setting,
                 const char *what);

/*
 * The shared object of the RTL with these parameters: what TWINWALK_RTL names,
 * or what is built by Verilator on first use. To be freed; NULL after a message
 * on stderr.
 */
char *rtl_library(const struct mmu_params *params, bool wave);

/*
 * The RTL with these parameters, in reset; built by Verilator on first use and
 * kept by content. NULL after a message on stderr.
 */
struct rtl *rtl_open(const struct mmu_params *params);
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

/*
 * Flips a bit of a register as Verilator names it, in the present cycle: for
 * tests of those who watch. false: there is no such register or bit.
 */
bool rtl_disturb(struct rtl *rtl, const char *name, unsigned bit);

/*
 * Waves come from a build of their own, which is slower and made on first use.
 * The RTL changes over to it and back between two cycles, with all its state.
 */

/* Makes and loads that build now, not when the first wave begins. -1 after a message. */
int rtl_prepare_waves(struct rtl *rtl);

/*
 * The first cycle that a wave can show: TWINWALK_RTL_LATE=CYCLE:LIBRARY lets the
 * run go over to another build in that cycle, so that a bug is there from then
 * on only. Else 0.
 */
uint64_t rtl_waves_from(const struct rtl *rtl);

/* From the present cycle on every rtl_step adds its cycle to a new FST file. -1 after a message. */
int rtl_wave_begin(struct rtl *rtl, const char *path, const struct rtl_wave_contents *contents);

/* Writes the present cycle with its inputs, before anything is clocked. */
void rtl_wave_sample(struct rtl *rtl, const struct mmu_in *in);

/* A lane's value from the present cycle on. */
void rtl_wave_number(struct rtl *rtl, size_t lane, uint64_t value);
void rtl_wave_text(struct rtl *rtl, size_t lane, const char *text);

/* A copy of this process goes on with the file: this one writes nothing more to it. */
void rtl_wave_forget(struct rtl *rtl);

/* Completes the file, with the present cycle if wanted; -1: it could not be written. */
int rtl_wave_end(struct rtl *rtl, bool present);

#endif
