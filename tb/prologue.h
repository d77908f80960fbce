/* SPDX-License-Identifier: Apache-2.0 */
/* The control operations that bring the MMU from reset to the registers of an image. */
#ifndef TWINWALK_PROLOGUE_H
#define TWINWALK_PROLOGUE_H

#include "image.h"
#include "mmu.h"

enum { PROLOGUE_MAX_OPS = 6 };

/* Writes the operations, in order, to ops[PROLOGUE_MAX_OPS]; returns how many; 0 without registers. */
unsigned prologue_of_image(const struct image *image, struct op_req *ops);

#endif
