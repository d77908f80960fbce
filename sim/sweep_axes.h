/* SPDX-License-Identifier: Apache-2.0 */
/* Private to sweep_file.c: the axes of a sweep as they stand in its YAML. */
#ifndef TWINWALK_SWEEP_AXES_H
#define TWINWALK_SWEEP_AXES_H

#include "sweep_file.h"
#include "yaml_tree.h"

/* Reads the list of axes. -1 after a message. */
int sweep_axes_read(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *list);

/* Takes the scalars of a list over. -1 after a message: an element is none, or empty. */
int sweep_words_read(struct word_list *words, struct yaml_tree *tree, const yaml_node_t *list,
                     const char *what);

#endif
