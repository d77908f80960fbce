/* SPDX-License-Identifier: Apache-2.0 */
/* Private to config*.c: one YAML text over a configuration. */
#ifndef TWINWALK_CONFIG_YAML_H
#define TWINWALK_CONFIG_YAML_H

#include "config.h"

/*
 * Sets what the text says, and those keys' origins to `source`. Checks syntax,
 * key names and types, not ranges. `name` starts messages, followed by
 * ":line:column" unless the source is the command line.
 *
 * Returns 0, or -1 with a message on stderr.
 */
int config_yaml_read(struct config *config, const char *name, enum config_source source, const char *text,
                     size_t length);

#endif
