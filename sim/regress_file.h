/* SPDX-License-Identifier: Apache-2.0 */
/* Private to regress_plan.c and regress_file.c: the YAML of a plan as it stands there. */
#ifndef TWINWALK_REGRESS_FILE_H
#define TWINWALK_REGRESS_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum plan_key {
    PLAN_ENTRY, /* the entry itself */
    PLAN_NAME,
    PLAN_CONFIGS,
    PLAN_SET,
    PLAN_ENGINE,
    PLAN_RANDOM,
    PLAN_SCRIPTS,
    PLAN_TRACES,
    PLAN_IMAGE,
    PLAN_SEEDS,
    PLAN_CYCLES,
    PLAN_ACCESSES,
    PLAN_MINUTES,
    PLAN_LIMIT,
    PLAN_KEYS
};

/* One element of the list `runs`; what is not given is NULL, 0 or false. */
struct plan_entry {
    char *name;
    char **configs, **set, **scripts, **traces;
    unsigned configs_count, set_count, scripts_count, traces_count;
    unsigned random;
    char *engine, *image, *seeds, *cycles, *accesses, *minutes, *limit;
};

struct plan_file {
    const char *path;
    struct plan_entry *runs;
    unsigned runs_count;
    struct plan_mark *marks; /* where everything stands */
    size_t marks_count;
    void *loaded; /* what libcyaml has allocated */
};

/*
 * Reads a plan: syntax, keys and shapes are checked, values are not. `path` must
 * stay as long as the file. -1 after a message "file:line:column: reason" on
 * stderr, with nothing to close.
 */
int plan_file_read(struct plan_file *file, const char *path);
void plan_file_close(struct plan_file *file);

/*
 * Says on stderr what is wrong with a value, at its place; `element` counts
 * those of a list from 0. Returns -1.
 */
__attribute__((format(printf, 5, 6))) int plan_file_complain(const struct plan_file *file, unsigned entry,
                                                             enum plan_key key, unsigned element,
                                                             const char *format, ...);

#endif
