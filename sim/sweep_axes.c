/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_axes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "options.h"
#include "sweep_check.h"

enum { MOST_VALUES = 10000 };

bool word_list_add(struct word_list *list, const char *word)
{
    char **grown = realloc(list->words, (list->count + 1) * sizeof(char *));
    char *copy = strdup(word);

    if (grown != NULL)
        list->words = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return false;
    }
    grown[list->count++] = copy;
    return true;
}

static bool word_list_set(struct word_list *list, size_t index, const char *word)
{
    char *copy = strdup(word);

    if (copy == NULL)
        return false;
    free(list->words[index]);
    list->words[index] = copy;
    return true;
}

void word_list_free(struct word_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->words[i]);
    free(list->words);
    *list = (struct word_list){0};
}

int sweep_words_read(struct word_list *words, struct yaml_tree *tree, const yaml_node_t *list,
                     const char *what)
{
    for (size_t i = 0; i < yaml_tree_count(list); i++) {
        const yaml_node_t *element = yaml_tree_element(tree, list, i);
        const char *text = yaml_tree_text(element);

        if (text == NULL || text[0] == '\0')
            return yaml_tree_complain(tree, element, 0, "%s: must be a list of values", what);
        if (!word_list_add(words, text))
            return yaml_tree_complain(tree, element, 0, "out of memory");
    }
    return 0;
}

/* "FROM-TO", both numbers above or equal to 0. */
static int read_bounds(struct yaml_tree *tree, const yaml_node_t *node, const char *what, uint64_t *from,
                       uint64_t *to)
{
    const char *text = yaml_tree_text(node), *dash = text != NULL ? strchr(text, '-') : NULL;
    char first[32] = "";

    if (dash != NULL)
        snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
    if (dash == NULL || !parse_count(first, from) || !parse_count(dash + 1, to) || *to < *from)
        return yaml_tree_complain(tree, node, 0, "%s: must be two numbers such as 1-8", what);
    return 0;
}

static int add_number(struct word_list *words, struct yaml_tree *tree, const yaml_node_t *node,
                      uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
    if (words->count >= MOST_VALUES)
        return yaml_tree_complain(tree, node, 0, "more than %d values", MOST_VALUES);
    return word_list_add(words, text) ? 0 : yaml_tree_complain(tree, node, 0, "out of memory");
}

static int read_range(struct word_list *words, struct yaml_tree *tree, const yaml_node_t *range,
                      const yaml_node_t *step_node)
{
    uint64_t from, to, step = 1;

    if (read_bounds(tree, range, "range", &from, &to) != 0)
        return -1;
    if (step_node != NULL &&
        (yaml_tree_text(step_node) == NULL || !parse_count(yaml_tree_text(step_node), &step) || step == 0))
        return yaml_tree_complain(tree, step_node, 0, "step: must be a number above 0");
    for (uint64_t value = from; value <= to; value += step) {
        if (add_number(words, tree, range, value) != 0)
            return -1;
        if (value > UINT64_MAX - step)
            break;
    }
    return 0;
}

static int read_powers(struct word_list *words, struct yaml_tree *tree, const yaml_node_t *powers)
{
    uint64_t from, to;

    if (read_bounds(tree, powers, "powers_of_two", &from, &to) != 0)
        return -1;
    if (from == 0 || (from & (from - 1)) != 0 || (to & (to - 1)) != 0)
        return yaml_tree_complain(tree, powers, 0, "powers_of_two: both ends must be powers of two");
    for (uint64_t value = from; value != 0 && value <= to; value *= 2)
        if (add_number(words, tree, powers, value) != 0)
            return -1;
    return 0;
}

/* A list, {range: A-B, step: S} or {powers_of_two: A-B}. */
static int read_values(struct word_list *words, struct yaml_tree *tree, yaml_node_t *node, const char *key)
{
    yaml_node_t *range, *step, *powers;
    const struct yaml_member members[] = {
        {"range", YAML_SCALAR_NODE, &range},
        {"step", YAML_SCALAR_NODE, &step},
        {"powers_of_two", YAML_SCALAR_NODE, &powers},
    };

    if (node->type == YAML_SEQUENCE_NODE) {
        if (yaml_tree_count(node) == 0)
            return yaml_tree_complain(tree, node, 0, "%s: no values", key);
        if (yaml_tree_count(node) > MOST_VALUES)
            return yaml_tree_complain(tree, node, 0, "%s: more than %d values", key, MOST_VALUES);
        return sweep_words_read(words, tree, node, key);
    }
    if (node->type != YAML_MAPPING_NODE)
        return yaml_tree_complain(tree, node, 0,
                                  "%s: must be a list, {range: 1-8} or {powers_of_two: 64-1024}", key);
    if (yaml_tree_members(tree, node, "an axis", members, sizeof(members) / sizeof(members[0])) != 0)
        return -1;
    if ((range != NULL) == (powers != NULL) || (step != NULL && range == NULL))
        return yaml_tree_complain(tree, node, 0, "%s: give range, with or without step, or powers_of_two",
                                  key);
    return range != NULL ? read_range(words, tree, range, step) : read_powers(words, tree, powers);
}

/* Whether there is such a key, and no axis has it. */
static int check_key(const struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *node,
                     const char *key)
{
    const char *dot = strchr(key, '.');
    char section[64];

    for (size_t axis = 0; axis < sweep->axis_count; axis++)
        for (size_t i = 0; i < sweep->axes[axis].keys.count; i++)
            if (strcmp(sweep->axes[axis].keys.words[i], key) == 0 &&
                !(axis == sweep->axis_count - 1 && i == sweep->axes[axis].keys.count - 1))
                return yaml_tree_complain(tree, node, 0, "%s: another axis has it", key);
    if (strcmp(key, "config") == 0)
        return 0;
    if (dot == NULL)
        return yaml_tree_complain(tree, node, 0, "%.60s: must be section.key, config or zip", key);
    snprintf(section, sizeof(section), "%.*s", (int)(dot - key), key);
    if (config_key_find(section, dot + 1) < 0)
        return yaml_tree_complain(tree, node, 0, "%.60s: there is no such key of a configuration", key);
    return 0;
}

/* Each value by itself, which becomes as a configuration is printed; the rules between values are for each
 * point. */
static int check_values(struct word_list *words, struct yaml_tree *tree, yaml_node_t *node, const char *key,
                        struct input_stamps *inputs)
{
    for (size_t i = 0; i < words->count; i++) {
        const yaml_node_t *at = node->type == YAML_SEQUENCE_NODE ? yaml_tree_element(tree, node, i) : node;
        char *setting, value[CONFIG_VALUE_BYTES];
        int failed;

        if (strcmp(key, "config") == 0) {
            failed = sweep_check_config(tree, at, words->words[i], inputs);
        } else if (asprintf(&setting, "%s=%s", key, words->words[i]) < 0) {
            failed = yaml_tree_complain(tree, at, 0, "out of memory");
        } else {
            failed = sweep_check_setting(tree, at, setting, value);
            free(setting);
            if (!failed && !word_list_set(words, i, value))
                failed = yaml_tree_complain(tree, at, 0, "out of memory");
        }
        if (failed)
            return -1;
    }
    return 0;
}

static int read_key(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_pair_t *pair)
{
    struct sweep_axis *axis = &sweep->axes[sweep->axis_count - 1];
    const yaml_node_t *key = yaml_document_get_node(&tree->document, pair->key);
    yaml_node_t *values = yaml_document_get_node(&tree->document, pair->value);
    struct word_list *grown;

    if (yaml_tree_text(key) == NULL)
        return yaml_tree_complain(tree, key, 0, "a key must be a word");
    grown = reallocarray(axis->values, axis->keys.count + 1, sizeof(*grown));
    if (grown == NULL)
        return yaml_tree_complain(tree, key, 0, "out of memory");
    axis->values = grown;
    grown[axis->keys.count] = (struct word_list){0};
    if (!word_list_add(&axis->keys, yaml_tree_text(key)))
        return yaml_tree_complain(tree, key, 0, "out of memory");
    if (check_key(sweep, tree, key, yaml_tree_text(key)) != 0)
        return -1;
    grown = &axis->values[axis->keys.count - 1];
    if (read_values(grown, tree, values, yaml_tree_text(key)) != 0 ||
        check_values(grown, tree, values, yaml_tree_text(key), &sweep->inputs) != 0)
        return -1;
    if (axis->keys.count > 1 && grown->count != axis->count)
        return yaml_tree_complain(tree, values, 0,
                                  "%s: has %zu values, but %s has %zu: zipped axes are of one length",
                                  yaml_tree_text(key), grown->count, axis->keys.words[0], axis->count);
    axis->count = grown->count;
    return 0;
}

static bool same_step(const struct sweep_axis *axis, size_t a, size_t b)
{
    for (size_t key = 0; key < axis->keys.count; key++) {
        const struct word_list *values = &axis->values[key];

        if (values->words == NULL || strcmp(values->words[a], values->words[b]) != 0)
            return false;
    }
    return true;
}

/* A step with the values of another would be computed twice, under two names. */
static int check_steps(const struct sweep_axis *axis, struct yaml_tree *tree, const yaml_node_t *node)
{
    for (size_t step = 0; step < axis->count; step++)
        for (size_t other = 0; other < step; other++)
            if (same_step(axis, step, other))
                return yaml_tree_complain(tree, node, 0, "%s: %.60s is given twice%s", axis->keys.words[0],
                                          axis->values[0].words != NULL ? axis->values[0].words[step] : "",
                                          axis->keys.count > 1 ? ", with the same values of the other keys"
                                                               : "");
    return 0;
}

static int read_axis(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *node)
{
    struct sweep_axis *grown = realloc(sweep->axes, (sweep->axis_count + 1) * sizeof(*grown));
    const yaml_node_pair_t *pairs;
    const char *key;

    if (grown == NULL)
        return yaml_tree_complain(tree, node, 0, "out of memory");
    sweep->axes = grown;
    grown[sweep->axis_count++] = (struct sweep_axis){0};
    if (node->type != YAML_MAPPING_NODE || node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1)
        return yaml_tree_complain(tree, node, 0, "an axis is one key with its values, or zip with several");
    pairs = node->data.mapping.pairs.start;
    key = yaml_tree_text(yaml_document_get_node(&tree->document, pairs->key));
    if (key == NULL || strcmp(key, "zip") != 0)
        return read_key(sweep, tree, pairs) != 0
                   ? -1
                   : check_steps(&sweep->axes[sweep->axis_count - 1], tree,
                                 yaml_document_get_node(&tree->document, pairs->value));
    node = yaml_document_get_node(&tree->document, pairs->value);
    if (node->type != YAML_MAPPING_NODE || node->data.mapping.pairs.top == node->data.mapping.pairs.start)
        return yaml_tree_complain(tree, node, 0, "zip: must be a mapping of keys to values");
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
         pair++)
        if (read_key(sweep, tree, pair) != 0)
            return -1;
    return check_steps(&sweep->axes[sweep->axis_count - 1], tree, node);
}

int sweep_axes_read(struct sweep *sweep, struct yaml_tree *tree, const yaml_node_t *list)
{
    for (size_t i = 0; i < yaml_tree_count(list); i++)
        if (read_axis(sweep, tree, yaml_tree_element(tree, list, i)) != 0)
            return -1;
    return 0;
}
