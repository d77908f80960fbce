/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Verilated build of one configuration offers (tb/rtl_seam.cpp), as
 * found in its shared object under RTL_SEAM_SYMBOL.
 */
#ifndef TWINWALK_RTL_SEAM_H
#define TWINWALK_RTL_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "mmu.h"

#define RTL_SEAM_SYMBOL "twinwalk_rtl_seam"

struct rtl_instance;

struct rtl_seam {
    struct rtl_instance *(*create)(void);                     /* in reset, clocked once */
    void (*wave)(struct rtl_instance *rtl, const char *path); /* NULL: not built for waves */
    void (*destroy)(struct rtl_instance *rtl);
    size_t (*model_size)(void); /* sizeof(struct mmu) as the library knows it */
    const struct mmu_out *(*outputs)(struct rtl_instance *rtl);
    void (*step)(struct rtl_instance *rtl, const struct mmu_in *in);
    bool (*compare)(struct rtl_instance *rtl, const struct mmu *model, bool full);
    void (*report)(struct rtl_instance *rtl, const struct mmu *model, FILE *out);
};

#endif
