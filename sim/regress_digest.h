/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content keys: two runs have the same key only when nothing that can change
 * their result differs.
 */
#ifndef TWINWALK_REGRESS_DIGEST_H
#define TWINWALK_REGRESS_DIGEST_H

#include <stdint.h>

#include "digest.h"
#include "regress_plan.h"

enum { RUN_KEY_BYTES = DIGEST_TEXT_BYTES };

/*
 * Of a configuration's values and of the contents of a stimulus' file, with the
 * files that a script includes, and of an image; NULL: none. -1: one cannot be read.
 */
int digest_of_series(uint8_t result[DIGEST_BYTES], const struct config *config, const char *stimulus,
                     const char *image);

/* Of this program. -1 after a message. */
int digest_of_executable(uint8_t result[DIGEST_BYTES]);

/* Of this program, the RTL's sources and what the environment puts in their place. -1 after a message. */
int digest_of_program(uint8_t result[DIGEST_BYTES]);

/* The key of one run, as hexadecimal text. */
void run_key(char key[RUN_KEY_BYTES], const uint8_t program[DIGEST_BYTES], const struct series *series,
             uint64_t seed);

#endif
