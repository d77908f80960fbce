/* SPDX-License-Identifier: Apache-2.0 */
/* Digests of contents: two are the same only when nothing that went into them differs. */
#ifndef TWINWALK_DIGEST_H
#define TWINWALK_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "config.h"

enum { DIGEST_BYTES = 16, DIGEST_TEXT_BYTES = 2 * DIGEST_BYTES + 1 };

struct digest;

/* NULL: out of memory; that can be given to all functions below. */
struct digest *digest_begin(void);

void digest_bytes(struct digest *digest, const void *bytes, size_t length);

/* With its end, so that "a", "bc" is not "ab", "c". */
void digest_text(struct digest *digest, const char *text);

/* -1: it cannot be read, errno says why. */
int digest_file(struct digest *digest, const char *path);

/* All values of a configuration, with their names. */
void digest_config(struct digest *digest, const struct config *config);

/* Frees it. All zeros when it was NULL. */
void digest_finish(struct digest *digest, uint8_t result[DIGEST_BYTES]);

/* As hexadecimal text. */
void digest_print(char text[DIGEST_TEXT_BYTES], const uint8_t digest[DIGEST_BYTES]);

#endif
