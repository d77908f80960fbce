/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "small_file.h"

enum {
    MAX_FILE_BYTES = 1 << 18,
    MAX_DEPTH = 16, /* libyaml takes quadratic time in the depth */
};

static int complain_at(const char *path, yaml_mark_t mark, const char *reason)
{
    fprintf(stderr, "%s:%zu:%zu: %s\n", path, mark.line + 1, mark.column + 1, reason);
    return -1;
}

/* libyaml loads an alias as the node itself: it would have the place of that, and trees could have loops. */
static int check_events(const char *path, const char *text, size_t length)
{
    yaml_parser_t parser;
    yaml_event_t event;
    bool end = false;
    int failed = 0;
    unsigned documents = 0, depth = 0;

    if (!yaml_parser_initialize(&parser))
        return complain_at(path, (yaml_mark_t){0}, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    while (!end && !failed) {
        if (!yaml_parser_parse(&parser, &event)) {
            fprintf(stderr, "%s:%zu:%zu: not YAML: %s\n", path, parser.problem_mark.line + 1,
                    parser.problem_mark.column + 1, parser.problem != NULL ? parser.problem : "unreadable");
            failed = -1;
            break;
        }
        end = event.type == YAML_STREAM_END_EVENT;
        if (event.type == YAML_ALIAS_EVENT)
            failed = complain_at(path, event.start_mark, "aliases are not supported");
        if (event.type == YAML_DOCUMENT_START_EVENT && documents++ > 0)
            failed = complain_at(path, event.start_mark, "a file has one YAML document");
        if ((event.type == YAML_MAPPING_START_EVENT || event.type == YAML_SEQUENCE_START_EVENT) &&
            ++depth > MAX_DEPTH)
            failed = complain_at(path, event.start_mark, "nested too deeply");
        depth -= event.type == YAML_MAPPING_END_EVENT || event.type == YAML_SEQUENCE_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!failed && documents == 0)
        failed = complain_at(path, (yaml_mark_t){0}, "empty");
    return failed;
}

static int load(struct yaml_tree *tree, const char *text, size_t length)
{
    yaml_parser_t parser;
    int loaded;

    if (check_events(tree->path, text, length) != 0)
        return -1;
    if (!yaml_parser_initialize(&parser))
        return complain_at(tree->path, (yaml_mark_t){0}, "out of memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    loaded = yaml_parser_load(&parser, &tree->document);
    if (!loaded)
        complain_at(tree->path, parser.problem_mark, parser.problem != NULL ? parser.problem : "unreadable");
    yaml_parser_delete(&parser);
    if (!loaded)
        return -1;
    if (yaml_tree_root(tree) != NULL && yaml_tree_root(tree)->type == YAML_MAPPING_NODE)
        return 0;
    complain_at(tree->path, (yaml_mark_t){0}, "must be a mapping of keys");
    yaml_document_delete(&tree->document);
    return -1;
}

int yaml_tree_open(struct yaml_tree *tree, const char *path, const char *what)
{
    size_t length;
    char *text = small_file_read(path, MAX_FILE_BYTES, what, &length);
    int failed;

    *tree = (struct yaml_tree){.path = path};
    if (text == NULL)
        return -1;
    failed = load(tree, text, length);
    free(text);
    return failed;
}

void yaml_tree_close(struct yaml_tree *tree)
{
    yaml_document_delete(&tree->document);
}

yaml_node_t *yaml_tree_root(struct yaml_tree *tree)
{
    return yaml_document_get_root_node(&tree->document);
}

int yaml_tree_complain(const struct yaml_tree *tree, const yaml_node_t *node, size_t skip, const char *format,
                       ...)
{
    va_list args;
    bool quoted = node->type == YAML_SCALAR_NODE && node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;

    fprintf(stderr, "%s:%zu:%zu: ", tree->path, node->start_mark.line + 1,
            node->start_mark.column + 1 + skip + (quoted && skip > 0));
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return -1;
}

static int take_member(struct yaml_tree *tree, const yaml_node_pair_t *pair, const char *what,
                       const struct yaml_member *members, size_t count)
{
    const yaml_node_t *key = yaml_document_get_node(&tree->document, pair->key);
    yaml_node_t *value = yaml_document_get_node(&tree->document, pair->value);
    const char *text = yaml_tree_text(key);

    if (text == NULL)
        return yaml_tree_complain(tree, key, 0, "a key must be a word");
    for (size_t i = 0; i < count; i++) {
        const struct yaml_member *member = &members[i];

        if (strcmp(member->key, text) != 0)
            continue;
        if (*member->value != NULL)
            return yaml_tree_complain(tree, key, 0, "%s: key given twice", text);
        if (member->type != YAML_NO_NODE && value->type != member->type)
            return yaml_tree_complain(tree, value, 0, "%s: must be %s", text,
                                      member->type == YAML_SCALAR_NODE     ? "one value"
                                      : member->type == YAML_SEQUENCE_NODE ? "a list"
                                                                           : "a mapping");
        *member->value = value;
        return 0;
    }
    return yaml_tree_complain(tree, key, 0, "%.60s: %s has no such key", text, what);
}

int yaml_tree_members(struct yaml_tree *tree, yaml_node_t *mapping, const char *what,
                      const struct yaml_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++)
        *members[i].value = NULL;
    if (mapping->type != YAML_MAPPING_NODE)
        return yaml_tree_complain(tree, mapping, 0, "%s must be a mapping", what);
    for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++)
        if (take_member(tree, pair, what, members, count) != 0)
            return -1;
    return 0;
}

size_t yaml_tree_count(const yaml_node_t *sequence)
{
    return (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start);
}

yaml_node_t *yaml_tree_element(struct yaml_tree *tree, const yaml_node_t *sequence, size_t index)
{
    return yaml_document_get_node(&tree->document, sequence->data.sequence.items.start[index]);
}

const char *yaml_tree_text(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE ||
        strlen((const char *)node->data.scalar.value) != node->data.scalar.length)
        return NULL;
    return (const char *)node->data.scalar.value;
}
