/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct digest {
    XXH3_state_t *state;
};

struct digest *digest_begin(void)
{
    struct digest *digest = malloc(sizeof(*digest));

    if (digest == NULL)
        return NULL;
    digest->state = XXH3_createState();
    if (digest->state != NULL && XXH3_128bits_reset(digest->state) == XXH_OK)
        return digest;
    free(digest);
    return NULL;
}

void digest_bytes(struct digest *digest, const void *bytes, size_t length)
{
    if (digest != NULL)
        XXH3_128bits_update(digest->state, bytes, length);
}

void digest_text(struct digest *digest, const char *text)
{
    digest_bytes(digest, text, strlen(text) + 1);
}

int digest_file(struct digest *digest, const char *path)
{
    FILE *file = fopen(path, "rb");
    char buffer[1 << 16];
    uint64_t total = 0;
    size_t length;
    int error;

    if (file == NULL)
        return -1;
    while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        digest_bytes(digest, buffer, length);
        total += length;
    }
    error = ferror(file) ? errno : 0;
    fclose(file);
    digest_bytes(digest, &total, sizeof(total));
    errno = error;
    return error ? -1 : 0;
}

void digest_config(struct digest *digest, const struct config *config)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        uint32_t value = config_get(config, i);

        digest_text(digest, config_key(i)->key);
        digest_bytes(digest, &value, sizeof(value));
    }
}

void digest_finish(struct digest *digest, uint8_t result[DIGEST_BYTES])
{
    XXH128_canonical_t canonical;

    memset(result, 0, DIGEST_BYTES);
    if (digest == NULL)
        return;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(digest->state));
    memcpy(result, canonical.digest, DIGEST_BYTES);
    XXH3_freeState(digest->state);
    free(digest);
}

void digest_print(char text[DIGEST_TEXT_BYTES], const uint8_t digest[DIGEST_BYTES])
{
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
}
