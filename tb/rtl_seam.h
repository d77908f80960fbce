/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a Verilated build of one configuration offers (tb/rtl_seam.cpp, for
 * waves tb/rtl_wave.cpp), as found in its shared object under RTL_SEAM_SYMBOL.
 */
#ifndef TWINWALK_RTL_SEAM_H
#define TWINWALK_RTL_SEAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "mmu.h"

#define RTL_SEAM_SYMBOL "twinwalk_rtl_seam"

struct rtl_instance;
struct rtl_wave;

/* A part of an instance's state, at that offset of what state() returns. */
struct rtl_register {
    const char *name;
    size_t offset, size;
};

/* A signal of the bench in a wave: a text, or a number that may have names. */
struct rtl_wave_lane {
    const char *scope, *name;
    unsigned bits;            /* 0: a text; else up to 64 */
    const char *const *names; /* of the values from 0, NULL after the last; NULL: the number itself */
};

/* What a wave is to hold. All of it stays valid as long as the wave is open. */
struct rtl_wave_contents {
    const struct mmu *model;           /* whose state is shown beside the RTL's; NULL: none */
    uint64_t cycle;                    /* the present one; cycle n begins at time 2 n */
    const struct rtl_wave_lane *lanes; /* of the bench */
    size_t lane_count;
    const char *const *scopes; /* the only ones wanted, such as "cmodel" or "rtl.u_l2"; NULL after the last */
    const char *comment;       /* kept in the file */
};

struct rtl_wave_seam {
    /*
     * From now on step() writes its cycle; NULL: the file cannot be made. The
     * model must still be in the state before the clock edge when the cycle is
     * written: sample() does that before its step().
     */
    struct rtl_wave *(*open)(struct rtl_instance *rtl, const char *path,
                             const struct rtl_wave_contents *contents);
    void (*sample)(struct rtl_wave *wave, const struct mmu_in *in);
    /* A lane's value from the present cycle on, until it is set again; also between sample() and step(). */
    void (*set_number)(struct rtl_wave *wave, size_t lane, uint64_t value);
    void (*set_text)(struct rtl_wave *wave, size_t lane, const char *text);
    /* A copy of this process goes on with it: nothing more is written here. */
    void (*forget)(struct rtl_wave *wave);
    /* Completes the file, with the present cycle too if wanted; false: it is not complete. */
    bool (*close)(struct rtl_wave *wave, bool present);
};

struct rtl_seam {
    struct rtl_instance *(*create)(void); /* in reset, clocked once */
    void (*destroy)(struct rtl_instance *rtl);
    size_t (*model_size)(void); /* sizeof(struct mmu) as the library knows it */
    const struct mmu_out *(*outputs)(struct rtl_instance *rtl);
    void (*step)(struct rtl_instance *rtl, const struct mmu_in *in);
    bool (*compare)(struct rtl_instance *rtl, const struct mmu *model, bool full);
    void (*report)(struct rtl_instance *rtl, const struct mmu *model, FILE *out);

    /* The whole state between two clock edges, sorted by name. After writing it, restored() must follow. */
    const struct rtl_register *registers;
    size_t register_count;
    void *(*state)(struct rtl_instance *rtl);
    void (*restored)(struct rtl_instance *rtl);

    const struct rtl_wave_seam *wave; /* NULL: not built for waves */
};

#endif
