/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree whose nodes know where they stand, for files whose
 * values take more than libcyaml's schemas to judge. What is wrong with one is
 * said as "file:line:column: reason" on stderr.
 */
#ifndef TWINWALK_YAML_TREE_H
#define TWINWALK_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct yaml_tree {
    const char *path;
    yaml_document_t document;
};

/*
 * `path` must stay as long as the tree; `what` it is, for messages. The root is
 * a mapping. -1 after a message, with nothing to close.
 */
int yaml_tree_open(struct yaml_tree *tree, const char *path, const char *what);
void yaml_tree_close(struct yaml_tree *tree);

yaml_node_t *yaml_tree_root(struct yaml_tree *tree);

/* Returns -1. `skip`: characters of a scalar before the place that is meant. */
__attribute__((format(printf, 4, 5))) int yaml_tree_complain(const struct yaml_tree *tree,
                                                             const yaml_node_t *node, size_t skip,
                                                             const char *format, ...);

/* A key that a mapping may have, and where its value goes; NULL there: it is not given. */
struct yaml_member {
    const char *key;
    yaml_node_type_t type; /* YAML_NO_NODE: any */
    yaml_node_t **value;
};

/*
 * Takes a mapping apart; `what` names it in messages. -1 after a message: it is
 * none, has a key that is not among the members or is there twice, or a value
 * is of another type.
 */
int yaml_tree_members(struct yaml_tree *tree, yaml_node_t *mapping, const char *what,
                      const struct yaml_member *members, size_t count);

/* The elements of a sequence. */
size_t yaml_tree_count(const yaml_node_t *sequence);
yaml_node_t *yaml_tree_element(struct yaml_tree *tree, const yaml_node_t *sequence, size_t index);

/* The text of a scalar; NULL: it is another node, or has a zero byte. */
const char *yaml_tree_text(const yaml_node_t *node);

#endif
