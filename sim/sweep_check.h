/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of single words of a sweep by those who will read them: what these say is told with the place. */
#ifndef TWINWALK_SWEEP_CHECK_H
#define TWINWALK_SWEEP_CHECK_H

#include <stdio.h>

#include "config.h"
#include "input_stamps.h"
#include "yaml_tree.h"

/* What is said on stderr, between begin and end. */
struct hearing {
    FILE *before;
    char *text;
    size_t size;
};

void hearing_begin(struct hearing *hearing);
/* Its first line, to be freed; `otherwise` when nothing was said. NULL: out of memory. */
char *hearing_end(struct hearing *hearing, const char *otherwise);

/* Each: 0, or -1 after a message "file:line:column: reason" that names the node. */

/* "section.key=value": whether there is such a key, and a value of its kind and in its range: *value, as a
 * configuration is printed. */
int sweep_check_setting(struct yaml_tree *tree, const yaml_node_t *node, const char *setting,
                        char value[CONFIG_VALUE_BYTES]);

/* The name of a configuration, or its path; the rules between its values are not looked at. Its
 * file is noted. */
int sweep_check_config(struct yaml_tree *tree, const yaml_node_t *node, const char *name,
                       struct input_stamps *inputs);

/* A trace, of which the first block is read. */
int sweep_check_trace(struct yaml_tree *tree, const yaml_node_t *node, const char *path);

/* A memory image, opened as a run opens it. */
int sweep_check_image(struct yaml_tree *tree, const yaml_node_t *node, const char *path);

#endif
