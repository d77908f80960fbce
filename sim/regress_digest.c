/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_digest.h"

#include <errno.h>
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "project_path.h"

enum { INCLUDE_DEPTH = 9 }; /* of scripts, see docs/scripts.md */

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
static void add_includes(struct digest *digest, const char *path, unsigned depth)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    while (file != NULL && getline(&line, &size, file) > 0) {
        char *inner = included(path, line);

        if (inner != NULL && depth < INCLUDE_DEPTH) {
            digest_text(digest, inner);
            if (digest_file(digest, inner) == 0)
                add_includes(digest, inner, depth + 1);
        }
        free(inner);
    }
    free(line);
    if (file != NULL)
        fclose(file);
}

int digest_of_series(uint8_t result[DIGEST_BYTES], const struct config *config, const char *stimulus,
                     const char *image)
{
    struct digest *digest = digest_begin();
    size_t length = stimulus != NULL ? strlen(stimulus) : 0;
    int failed = 0;

    if (digest == NULL)
        return -1;
    digest_config(digest, config);
    if (stimulus != NULL)
        failed |= digest_file(digest, stimulus);
    if (length > 3 && strcmp(stimulus + length - 3, ".tw") == 0)
        add_includes(digest, stimulus, 0);
    if (image != NULL)
        failed |= digest_file(digest, image);
    digest_finish(digest, result);
    return failed;
}

/* All files of the directory that match, one at least, in the order of their names. */
static int add_files(struct digest *digest, const char *directory, const char *pattern)
{
    char *all;
    glob_t found = {0};
    int failed = -1;

    if (asprintf(&all, "%s/%s", directory, pattern) < 0)
        return -1;
    errno = ENOENT; /* what glob says where nothing matches is no errno */
    if (glob(all, 0, NULL, &found) == 0) {
        failed = 0;
        for (size_t i = 0; i < found.gl_pathc; i++)
            failed |= digest_file(digest, found.gl_pathv[i]);
    }
    globfree(&found);
    free(all);
    return failed;
}

/* What tb/build_rtl.sh builds from; beside no project it builds nothing. */
static int add_rtl(struct digest *digest)
{
    static const char *const seam[] = {"cmodel/*.h",         "tb/rtl_*.cpp",    "tb/rtl_*.h",
                                       "tb/signals.def",     "tb/build_rtl.sh", "tb/signal_decode.*",
                                       "tb/signal_report.*", "tb/bench_names.*"};
    const char *given = getenv("RTL_DIR");
    char *root = project_root();
    int failed = 0;

    if (root == NULL)
        return 0;
    failed |= given != NULL ? add_files(digest, given, "*.sv") : add_files(digest, root, "rtl/*.sv");
    for (size_t i = 0; i < sizeof(seam) / sizeof(seam[0]); i++)
        failed |= add_files(digest, root, seam[i]);
    free(root);
    return failed;
}

int digest_of_executable(uint8_t result[DIGEST_BYTES])
{
    struct digest *digest = digest_begin();
    int failed = digest_file(digest, "/proc/self/exe");

    if (failed)
        fprintf(stderr, "/proc/self/exe: %s\n", strerror(errno));
    digest_finish(digest, result);
    return failed;
}

int digest_of_program(uint8_t result[DIGEST_BYTES])
{
    const char *library = getenv("TWINWALK_RTL"), *compiler = getenv("RTL_CXX");
    struct digest *digest = digest_begin();
    int failed = digest == NULL || digest_file(digest, "/proc/self/exe") != 0;

    if (digest == NULL) {
        fprintf(stderr, "twinwalk: out of memory\n");
        return -1;
    }
    if (library != NULL) {
        digest_text(digest, "TWINWALK_RTL");
        failed |= digest_file(digest, library);
        if (failed)
            fprintf(stderr, "%s: %s\n", library, strerror(errno));
    } else {
        failed |= add_rtl(digest);
        digest_text(digest, compiler != NULL ? compiler : "");
        if (failed)
            fprintf(stderr, "twinwalk: the program or the RTL's sources cannot be read: %s\n",
                    strerror(errno));
    }
    digest_finish(digest, result);
    return failed ? -1 : 0;
}

void run_key(char key[RUN_KEY_BYTES], const uint8_t program[DIGEST_BYTES], const struct series *series,
             uint64_t seed)
{
    struct digest *digest = digest_begin();
    uint8_t result[DIGEST_BYTES];

    digest_bytes(digest, program, DIGEST_BYTES);
    digest_bytes(digest, series->digest, DIGEST_BYTES);
    digest_text(digest, series->entry);
    for (size_t i = 0; i < series->options_count; i++)
        digest_text(digest, series->options[i]);
    digest_bytes(digest, &seed, sizeof(seed));
    digest_finish(digest, result);
    digest_print(key, result);
}
