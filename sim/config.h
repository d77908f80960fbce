/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration: the defaults of the tables, over them a YAML file, over that
 * the command line's key=value settings.
 */
#ifndef TWINWALK_CONFIG_H
#define TWINWALK_CONFIG_H

#include <stddef.h>

#include "bench_params.h"
#include "config_keys.h"
#include "params.h"

enum config_source { CONFIG_FROM_DEFAULT, CONFIG_FROM_FILE, CONFIG_FROM_COMMAND_LINE };

/* Where a value comes from; line and column count from 1 and are those of the value in the file. */
struct config_origin {
    enum config_source source;
    unsigned line, column;
};

struct config {
    struct mmu_params mmu;
    struct bench_params bench;
    struct config_origin origins[CONFIG_KEYS];
    char *path; /* of the file */
};

/*
 * Reads and checks a configuration. `name` is the path of a YAML file or the
 * name of a shipped one (NAME for configs/NAME.yaml of the current directory or
 * of the project that the program was built in). `settings` are `count` strings
 * "section.key=value", the last of a key counts.
 *
 * Returns 0; on bad input -1, with a message "file:line:column: key: reason" on
 * stderr and nothing to free.
 */
int config_open(struct config *config, const char *name, const char *const *settings, size_t count);

/* The path of the file that such a name stands for; to be freed, NULL after a message. */
char *config_find(const char *name);

/* Its first half: reading, which looks at each value by itself, without the rules between values. */
int config_load(struct config *config, const char *name, const char *const *settings, size_t count);

enum { CONFIG_VALUE_BYTES = 16 };

/* Whether a setting is good by itself: there is such a key, and the value is of its kind and in its range;
 * *value is as config_value_text() has it. -1 after a message. */
int config_check_setting(const char *setting, char value[CONFIG_VALUE_BYTES]);
void config_close(struct config *config);

/* The value of key `index`, 0..CONFIG_KEYS-1. */
uint32_t config_get(const struct config *config, size_t index);

#endif
