/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate_known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

static const char *const kinds[KNOWN_KINDS] = {
    [KNOWN_EQUIVALENT] = "equivalent",
    [KNOWN_LEGAL] = "legal",
};

struct reader {
    struct known *known;
    const char *path;
    const struct mutant_list *list;
    yaml_document_t document;
};

static int complain(const struct reader *reader, yaml_mark_t mark, const char *what, const char *word)
{
    fprintf(stderr, "%s:%zu:%zu: %s%s\n", reader->path, mark.line + 1, mark.column + 1, what, word);
    return -1;
}

static yaml_node_t *node(struct reader *reader, int index)
{
    return yaml_document_get_node(&reader->document, index);
}

static const char *word_of(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

static bool scope_exists(const struct mutant_list *list, const char *scope)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->mutants[i].scope, scope) == 0)
            return true;
    return false;
}

/* An id, or a scope, of a list; what follows an id is for people. */
static int read_name(struct reader *reader, const yaml_node_t *node, bool is_scope, char **name)
{
    const char *word = word_of(node);

    *name = word == NULL ? NULL : strndup(word, is_scope ? strlen(word) : strcspn(word, " "));
    if (*name == NULL)
        return complain(reader, node->start_mark, "a word is missing here", "");
    if (is_scope ? !scope_exists(reader->list, *name) : mutant_find(reader->list, *name) == NULL)
        return complain(reader, node->start_mark,
                        is_scope ? "no mutant is in the scope " : "there is no longer a mutant ", *name);
    for (size_t i = 0; i < reader->known->count && !is_scope; i++)
        for (size_t j = 0; j < reader->known->entries[i].mutants_count; j++) {
            char *other = reader->known->entries[i].mutants[j];

            if (other != *name && other != NULL && strcmp(other, *name) == 0 &&
                reader->known->entries[i].kind == reader->known->entries[reader->known->count - 1].kind)
                return complain(reader, node->start_mark, "given twice: ", *name);
        }
    return 0;
}

static int read_names(struct reader *reader, const yaml_node_t *list, bool is_scope, char ***names,
                      size_t *count)
{
    int failed = 0;

    if (list->type != YAML_SEQUENCE_NODE)
        return complain(reader, list->start_mark, "a list is missing here", "");
    *names = calloc((size_t)(list->data.sequence.items.top - list->data.sequence.items.start) + 1,
                    sizeof(**names));
    if (*names == NULL)
        return complain(reader, list->start_mark, "out of memory", "");
    for (yaml_node_item_t *item = list->data.sequence.items.start;
         item < list->data.sequence.items.top && !failed; item++) {
        char **name = &(*names)[*count];

        ++*count;
        failed = read_name(reader, node(reader, *item), is_scope, name);
    }
    return failed;
}

static int read_value(struct reader *reader, struct known_entry *entry, const yaml_node_t *key,
                      const yaml_node_t *value)
{
    const char *word = word_of(key);
    char **text;

    if (word != NULL && strcmp(word, "mutants") == 0 && entry->mutants == NULL)
        return read_names(reader, value, false, &entry->mutants, &entry->mutants_count);
    if (word != NULL && strcmp(word, "scopes") == 0 && entry->scopes == NULL)
        return read_names(reader, value, true, &entry->scopes, &entry->scopes_count);
    text = word != NULL && strcmp(word, "reason") == 0  ? &entry->reason
           : word != NULL && strcmp(word, "proof") == 0 ? &entry->proof
                                                        : NULL;
    if (text == NULL || *text != NULL)
        return complain(reader, key->start_mark,
                        "each of reason, proof, mutants and scopes may be given once: ", word ? word : "");
    if (word_of(value) == NULL || word_of(value)[0] == '\0')
        return complain(reader, value->start_mark, "a text is missing here", "");
    *text = strdup(word_of(value));
    return *text == NULL ? -1 : 0;
}

static int read_entry(struct reader *reader, enum known_kind kind, const yaml_node_t *mapping)
{
    struct known *known = reader->known;
    struct known_entry *grown = realloc(known->entries, (known->count + 1) * sizeof(*grown)), *entry;
    int failed = 0;

    if (grown == NULL)
        return complain(reader, mapping->start_mark, "out of memory", "");
    known->entries = grown;
    entry = &grown[known->count++];
    *entry = (struct known_entry){.kind = kind};
    if (mapping->type != YAML_MAPPING_NODE)
        return complain(reader, mapping->start_mark, "an entry has a reason and mutants", "");
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top && !failed; pair++)
        failed = read_value(reader, entry, node(reader, pair->key), node(reader, pair->value));
    if (!failed && (entry->reason == NULL || entry->mutants_count + entry->scopes_count == 0))
        failed = complain(reader, mapping->start_mark, "an entry has a reason and mutants", "");
    if (!failed && entry->proof == NULL && kind == KNOWN_EQUIVALENT)
        failed = complain(reader, mapping->start_mark, "what proves it? give proof: yosys or written", "");
    return failed;
}

static int read_document(struct reader *reader)
{
    yaml_node_t *root = yaml_document_get_root_node(&reader->document);
    int failed = 0;

    if (root == NULL)
        return 0;
    if (root->type != YAML_MAPPING_NODE)
        return complain(reader, root->start_mark, "the lists equivalent and legal are missing", "");
    for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top && !failed; pair++) {
        yaml_node_t *key = node(reader, pair->key), *list = node(reader, pair->value);
        enum known_kind kind = KNOWN_EQUIVALENT;

        while (kind < KNOWN_KINDS && (word_of(key) == NULL || strcmp(word_of(key), kinds[kind]) != 0))
            kind++;
        if (kind == KNOWN_KINDS)
            return complain(reader, key->start_mark, "neither equivalent nor legal", "");
        if (list->type != YAML_SEQUENCE_NODE)
            return complain(reader, list->start_mark, "a list is missing here", "");
        for (yaml_node_item_t *item = list->data.sequence.items.start;
             item < list->data.sequence.items.top && !failed; item++)
            failed = read_entry(reader, kind, node(reader, *item));
    }
    return failed;
}

int known_read(struct known *known, const char *path, const struct mutant_list *list)
{
    struct reader reader = {.known = known, .path = path, .list = list};
    FILE *file = fopen(path, "rb");
    yaml_parser_t parser;
    int failed = 0;

    *known = (struct known){0};
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    if (!yaml_parser_initialize(&parser)) {
        fclose(file);
        return -1;
    }
    yaml_parser_set_input_file(&parser, file);
    if (!yaml_parser_load(&parser, &reader.document)) {
        failed = complain(&reader, parser.problem_mark,
                          "not YAML: ", parser.problem != NULL ? parser.problem : "unreadable");
    } else {
        failed = read_document(&reader);
        yaml_document_delete(&reader.document);
    }
    yaml_parser_delete(&parser);
    fclose(file);
    if (failed)
        known_close(known);
    return failed;
}

void known_close(struct known *known)
{
    for (size_t i = 0; i < known->count; i++) {
        struct known_entry *entry = &known->entries[i];

        for (size_t j = 0; j < entry->mutants_count; j++)
            free(entry->mutants[j]);
        for (size_t j = 0; j < entry->scopes_count; j++)
            free(entry->scopes[j]);
        free(entry->mutants);
        free(entry->scopes);
        free(entry->reason);
        free(entry->proof);
    }
    free(known->entries);
    *known = (struct known){0};
}

const struct known_entry *known_of(const struct known *known, const struct mutant *mutant,
                                   enum known_kind kind)
{
    for (size_t i = 0; i < known->count; i++) {
        const struct known_entry *entry = &known->entries[i];

        if (entry->kind != kind)
            continue;
        for (size_t j = 0; j < entry->mutants_count; j++)
            if (strcmp(entry->mutants[j], mutant->id) == 0)
                return entry;
        for (size_t j = 0; j < entry->scopes_count; j++)
            if (strcmp(entry->scopes[j], mutant->scope) == 0)
                return entry;
    }
    return NULL;
}
