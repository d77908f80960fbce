/* SPDX-License-Identifier: Apache-2.0 */
/* What the harnesses share. Each harness defines LLVMFuzzerTestOneInput of libFuzzer. */
#ifndef TWINWALK_FUZZ_INPUT_H
#define TWINWALK_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Runs one input. Returns 0; what is wrong ends in abort() or in a sanitizer's
 * report, never in a return value.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A path under which a reader finds these bytes: a file in memory, the same one
 * for every input, good until the next call. Aborts when it cannot be made.
 */
const char *fuzz_input_path(const uint8_t *data, size_t size);

#endif
