/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_digest.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "project_path.h"

enum { INCLUDE_DEPTH = 9 }; /* of scripts, see docs/scripts.md */

static void finish(uint8_t digest[DIGEST_BYTES], XXH3_state_t *state)
{
    XXH128_canonical_t canonical;

    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    memcpy(digest, canonical.digest, DIGEST_BYTES);
    XXH3_freeState(state);
}

static XXH3_state_t *begin(void)
{
    XXH3_state_t *state = XXH3_createState();

    if (state != NULL)
        XXH3_128bits_reset(state);
    return state;
}

/* With its end, so that "a", "bc" is not "ab", "c". */
static void add_text(XXH3_state_t *state, const char *text)
{
    XXH3_128bits_update(state, text, strlen(text) + 1);
}

static int add_file(XXH3_state_t *state, const char *path)
{
    FILE *file = fopen(path, "rb");
    char buffer[1 << 16];
    uint64_t total = 0;
    size_t length;
    int failed;

    if (file == NULL)
        return -1;
    while ((length = fread(buffer, 1, sizeof(buffer), file)) > 0) {
        XXH3_128bits_update(state, buffer, length);
        total += length;
    }
    failed = ferror(file) ? -1 : 0;
    fclose(file);
    XXH3_128bits_update(state, &total, sizeof(total));
    return failed;
}

/* The file that a line of a script includes, to be freed, or NULL. */
static char *included(const char *script, const char *line)
{
    const char *slash = strrchr(script, '/'), *quote;
    char *path;

    line += strspn(line, " \t");
    if (strncmp(line, "include", 7) != 0)
        return NULL;
    line += 7 + strspn(line + 7, " \t");
    quote = *line == '"' ? strchr(line + 1, '"') : NULL;
    if (quote == NULL)
        return NULL;
    if (asprintf(&path, "%.*s%.*s", slash != NULL && line[1] != '/' ? (int)(slash - script + 1) : 0, script,
                 (int)(quote - line - 1), line + 1) < 0)
        return NULL;
    return path;
}

/* A file that cannot be read is for the run to complain about. */
static void add_includes(XXH3_state_t *state, const char *path, unsigned depth)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    while (file != NULL && getline(&line, &size, file) > 0) {
        char *inner = included(path, line);

        if (inner != NULL && depth < INCLUDE_DEPTH) {
            add_text(state, inner);
            if (add_file(state, inner) == 0)
                add_includes(state, inner, depth + 1);
        }
        free(inner);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

int digest_of_series(uint8_t digest[DIGEST_BYTES], const struct config *config, const char *stimulus,
                     const char *image)
{
    XXH3_state_t *state = begin();
    size_t length = stimulus != NULL ? strlen(stimulus) : 0;
    int failed = 0;

    if (state == NULL)
        return -1;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        uint32_t value = config_get(config, i);

        add_text(state, config_key(i)->key);
        XXH3_128bits_update(state, &value, sizeof(value));
    }
    if (stimulus != NULL)
        failed |= add_file(state, stimulus);
    if (length > 3 && strcmp(stimulus + length - 3, ".tw") == 0)
        add_includes(state, stimulus, 0);
    if (image != NULL)
        failed |= add_file(state, image);
    finish(digest, state);
    return failed;
}

/* All files that match, in the order of their names; none is no mistake. */
static int add_files(XXH3_state_t *state, const char *directory, const char *pattern)
{
    char *all;
    glob_t found = {0};
    int failed = 0;

    if (asprintf(&all, "%s/%s", directory, pattern) < 0)
        return -1;
    if (glob(all, 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            failed |= add_file(state, found.gl_pathv[i]);
    globfree(&found);
    free(all);
    return failed;
}

/* What tb/build_rtl.sh builds from. */
static int add_rtl(XXH3_state_t *state)
{
    static const char *const seam[] = {"rtl_seam.*", "signals.def", "build_rtl.sh", "signal_decode.*",
                                       "bench_names.*"};
    const char *given = getenv("RTL_DIR");
    char *rtl = given != NULL ? strdup(given) : project_path("rtl");
    char *bench = project_path("tb"), *model = project_path("cmodel");
    int failed = 0;

    if (rtl != NULL)
        failed |= add_files(state, rtl, "*.sv");
    for (size_t i = 0; i < sizeof(seam) / sizeof(seam[0]) && bench != NULL; i++)
        failed |= add_files(state, bench, seam[i]);
    if (model != NULL)
        failed |= add_files(state, model, "*.h");
    free(rtl);
    free(bench);
    free(model);
    return failed;
}

int digest_of_program(uint8_t digest[DIGEST_BYTES])
{
    const char *library = getenv("TWINWALK_RTL"), *compiler = getenv("RTL_CXX");
    XXH3_state_t *state = begin();
    int failed = state == NULL || add_file(state, "/proc/self/exe") != 0;

    if (state == NULL) {
        fprintf(stderr, "twinwalk: out of memory\n");
        return -1;
    }
    if (library != NULL) {
        add_text(state, "TWINWALK_RTL");
        failed |= add_file(state, library);
        if (failed)
            fprintf(stderr, "%s: %s\n", library, strerror(errno));
    } else {
        failed |= add_rtl(state);
        add_text(state, compiler != NULL ? compiler : "");
        if (failed)
            fprintf(stderr, "twinwalk: the program or the RTL's sources cannot be read: %s\n",
                    strerror(errno));
    }
    finish(digest, state);
    return failed ? -1 : 0;
}

void run_key(char key[RUN_KEY_BYTES], const uint8_t program[DIGEST_BYTES], const struct series *series,
             uint64_t seed)
{
    XXH3_state_t *state = begin();
    uint8_t digest[DIGEST_BYTES] = {0};

    if (state != NULL) {
        XXH3_128bits_update(state, program, DIGEST_BYTES);
        XXH3_128bits_update(state, series->digest, DIGEST_BYTES);
        add_text(state, series->entry);
        for (size_t i = 0; i < series->options_count; i++)
            add_text(state, series->options[i]);
        XXH3_128bits_update(state, &seed, sizeof(seed));
        finish(digest, state);
    }
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        snprintf(key + 2 * i, 3, "%02x", digest[i]);
}
