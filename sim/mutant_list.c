/* SPDX-License-Identifier: Apache-2.0 */
/* The list of mutants: reading the sources, what identifies a mutant. */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "mutant_parser.h"

static const char *const names[] = {
#define MUTATION(name, what) #name,
#include "mutations.def"
};

const char *mutation_name(enum mutation mutation)
{
    return names[mutation];
}

/* ---- Noting mutants ---- */

/* A text as one line, each run of spaces and comments as one space; at most 200 bytes. To be freed. */
static char *one_line(const char *text, size_t length)
{
    enum { LONGEST = 200 };
    char *line = malloc(LONGEST + 4), *out = line;

    if (line == NULL)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '/' && i + 1 < length && text[i + 1] == '/') {
            while (i + 1 < length && text[i + 1] != '\n')
                i++;
            continue;
        }
        if (out - line >= LONGEST) {
            out = stpcpy(out, "...");
            break;
        }
        if (!isspace((unsigned char)text[i]))
            *out++ = text[i];
        else if (out > line && out[-1] != ' ')
            *out++ = ' ';
    }
    *out = '\0';
    return line;
}

static struct mutant *new_mutant(struct parser *parser)
{
    struct mutant_list *list = parser->list;

    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 1024;
        struct mutant *grown = realloc(list->mutants, room * sizeof(*grown));

        if (grown == NULL)
            return NULL;
        list->mutants = grown;
        list->room = room;
    }
    memset(&list->mutants[list->count], 0, sizeof(list->mutants[0]));
    return &list->mutants[list->count++];
}

/* The statement around a place: to its semicolon, to `begin`, or to the end of the line. */
static char *context(const struct parser *parser)
{
    const char *text = parser->text + parser->context_begin;
    size_t length = 0;

    while (text[length] != '\0' && text[length] != ';' && strncmp(text + length, "begin", 5) != 0 &&
           !(parser->context_line && text[length] == '\n'))
        length++;
    return one_line(text, length);
}

static size_t same_before(const struct mutant_list *list, const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < list->count; i++)
        count += strncmp(list->mutants[i].id, id, 8) == 0;
    return count;
}

/* Of file, scope, statement, class and both texts; the last two digits number what is the same in all of
 * them. */
static int identify(const struct parser *parser, struct mutant *mutant)
{
    const struct mutant_list *list = parser->list;
    char *around = context(parser), *all = NULL;
    size_t before;

    if (around == NULL ||
        asprintf(&all, "%s|%s|%s|%s|%s|%s", list->sources[mutant->source].name, mutant->scope, around,
                 mutation_name(mutant->mutation), mutant->original, mutant->mutated) < 0) {
        free(around);
        return -1;
    }
    snprintf(mutant->id, sizeof(mutant->id), "%08x", (unsigned)XXH3_64bits(all, strlen(all)));
    free(around);
    free(all);
    before = same_before(list, mutant->id);
    if (before > 255)
        return -1;
    snprintf(mutant->id + 8, sizeof(mutant->id) - 8, "%02x", (unsigned)before);
    return 0;
}

static struct mutant *note(struct parser *parser, enum mutation mutation, size_t begin, size_t end)
{
    struct mutant *mutant = new_mutant(parser);

    if (mutant == NULL) {
        parser_fail(parser, "out of memory");
        return NULL;
    }
    mutant->source = parser->source;
    mutant->mutation = mutation;
    mutant->begin = begin;
    mutant->end = end;
    mutant->original = one_line(parser->text + begin, end - begin);
    sv_place(parser->text, begin, &mutant->line, &mutant->column);
    if (asprintf(&mutant->scope, "%s%s%s", parser->module, parser->function != NULL ? "." : "",
                 parser->function != NULL ? parser->function : "") < 0)
        mutant->scope = NULL;
    return mutant;
}

static void finish(struct parser *parser, struct mutant *mutant)
{
    if (mutant->replacement == NULL || mutant->original == NULL || mutant->mutated == NULL ||
        mutant->scope == NULL || identify(parser, mutant) != 0)
        parser_fail(parser, "out of memory");
}

void mutant_note(struct parser *parser, enum mutation mutation, size_t begin, size_t end, const char *format,
                 ...)
{
    struct mutant *mutant = parser->failed ? NULL : note(parser, mutation, begin, end);
    va_list args;

    if (mutant == NULL)
        return;
    va_start(args, format);
    if (vasprintf(&mutant->replacement, format, args) < 0)
        mutant->replacement = NULL;
    va_end(args);
    if (mutant->replacement != NULL)
        mutant->mutated = one_line(mutant->replacement, strlen(mutant->replacement));
    finish(parser, mutant);
}

void mutant_note_statement(struct parser *parser, enum mutation mutation, size_t begin, size_t end,
                           const char *replacement, const char *shown)
{
    struct mutant *mutant = parser->failed ? NULL : note(parser, mutation, begin, end);

    if (mutant == NULL)
        return;
    mutant->statement = true;
    mutant->replacement = strdup(replacement);
    mutant->mutated = one_line(shown, strlen(shown));
    finish(parser, mutant);
}

void mutant_take_back(struct parser *parser, size_t count)
{
    struct mutant_list *list = parser->list;

    while (list->count > count) {
        struct mutant *mutant = &list->mutants[--list->count];

        free(mutant->replacement);
        free(mutant->original);
        free(mutant->mutated);
        free(mutant->scope);
    }
}

void mutant_note_reset(struct parser *parser, struct piece target)
{
    struct mutant_list *list = parser->list;
    const char *text = parser->text + target.begin;
    size_t length = strcspn(text, "[ ");
    struct reset_register *grown;
    char *name;

    if (length > target.end - target.begin)
        length = target.end - target.begin;
    for (size_t i = 0; i < list->resets_count; i++)
        if (list->resets[i].source == parser->source && strlen(list->resets[i].name) == length &&
            memcmp(list->resets[i].name, text, length) == 0)
            return;
    name = strndup(text, length);
    grown = realloc(list->resets, (list->resets_count + 1) * sizeof(*grown));
    if (grown != NULL)
        list->resets = grown;
    if (name == NULL || grown == NULL) {
        free(name);
        parser_fail(parser, "out of memory");
        return;
    }
    grown[list->resets_count++] = (struct reset_register){
        .source = parser->source, .array = length < target.end - target.begin, .name = name};
}

/* ---- Sources ---- */

static int read_source(struct rtl_source *source, const char *path)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "rb"), *copy = open_memstream(&source->text, &source->length);
    char buffer[1 << 14];
    size_t length;
    int failed = file == NULL || copy == NULL;

    while (!failed && (length = fread(buffer, 1, sizeof(buffer), file)) > 0)
        failed = fwrite(buffer, 1, length, copy) != length;
    if (failed || ferror(file)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        failed = 1;
    }
    if (file != NULL)
        fclose(file);
    if (copy != NULL && fclose(copy) != 0)
        failed = 1;
    source->name = strdup(slash != NULL ? slash + 1 : path);
    return failed || source->name == NULL ? -1 : 0;
}

static int add_constant(struct sv_constants *constants, char *name, bool is_int, bool is_zero)
{
    if (name != NULL && constants->count == constants->room) {
        size_t room = constants->room > 0 ? 2 * constants->room : 256;
        struct sv_constant *grown = realloc(constants->constants, room * sizeof(*grown));

        if (grown == NULL) {
            free(name);
            return -1;
        }
        constants->constants = grown;
        constants->room = room;
    }
    if (name == NULL)
        return -1;
    constants->constants[constants->count++] =
        (struct sv_constant){.name = name, .is_int = is_int, .is_zero = is_zero};
    return 0;
}

/* Parameters of a file: localparam TYPE NAME = VALUE */
static int find_constants(struct sv_constants *constants, struct parser *parser)
{
    int failed = 0;

    for (parser->at = 0; parser_token(parser)->kind != SV_END && !failed; parser_next(parser)) {
        const struct sv_token *name;
        bool is_int;

        if (!parser_at(parser, "localparam") && !parser_at(parser, "parameter"))
            continue;
        parser_next(parser);
        is_int = parser_at(parser, "int");
        while (parser_token(parser)->kind != SV_END && !parser_at(parser, "="))
            parser_next(parser);
        name = parser_token(parser) - 1;
        parser_next(parser);
        failed =
            add_constant(constants, parser_text(parser, name->begin, name->end), is_int,
                         parser_at(parser, "0") || parser_at(parser, "2'd0") || parser_at(parser, "3'd0"));
    }
    parser->at = 0;
    return failed;
}

static void free_constants(struct sv_constants *constants)
{
    for (size_t i = 0; i < constants->count; i++)
        free(constants->constants[i].name);
    free(constants->constants);
}

static int compare_mutants(const void *a, const void *b)
{
    const struct mutant *x = a, *y = b;

    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end > y->end ? -1 : 1;
    return strcmp(x->id, y->id);
}

static int parse_sources(struct mutant_list *list, char *const *paths)
{
    struct parser *parsers = calloc(list->sources_count, sizeof(*parsers));
    struct sv_constants constants = {0};
    int failed = parsers == NULL;

    for (unsigned i = 0; i < list->sources_count && !failed; i++) {
        parsers[i] = (struct parser){.list = list,
                                     .source = i,
                                     .path = paths[i],
                                     .text = list->sources[i].text,
                                     .constants = &constants};
        failed = sv_tokens_read(&parsers[i].tokens, paths[i], list->sources[i].text,
                                list->sources[i].length) != 0 ||
                 find_constants(&constants, &parsers[i]) != 0;
    }
    for (unsigned i = 0; i < list->sources_count && !failed; i++) {
        parse_file(&parsers[i]);
        failed = parsers[i].failed;
    }
    for (unsigned i = 0; i < list->sources_count && parsers != NULL; i++)
        sv_tokens_free(&parsers[i].tokens);
    free(parsers);
    free_constants(&constants);
    if (!failed && list->count > 0)
        qsort(list->mutants, list->count, sizeof(*list->mutants), compare_mutants);
    return failed ? -1 : 0;
}

int mutant_list_read(struct mutant_list *list, const char *directory)
{
    char *pattern = NULL;
    glob_t found = {0};
    int failed = asprintf(&pattern, "%s/*.sv", directory) < 0;

    *list = (struct mutant_list){0};
    if (!failed && (glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0)) {
        fprintf(stderr, "%s: there are no SystemVerilog sources\n", directory);
        failed = 1;
    }
    if (!failed) {
        list->sources = calloc(found.gl_pathc, sizeof(*list->sources));
        failed = list->sources == NULL;
    }
    while (!failed && list->sources_count < found.gl_pathc) {
        size_t next = list->sources_count++;

        failed = read_source(&list->sources[next], found.gl_pathv[next]) != 0;
    }
    if (!failed)
        failed = parse_sources(list, found.gl_pathv) != 0;
    globfree(&found);
    free(pattern);
    if (failed)
        mutant_list_free(list);
    return failed ? -1 : 0;
}

void mutant_list_free(struct mutant_list *list)
{
    struct parser parser = {.list = list};

    mutant_take_back(&parser, 0);
    free(list->mutants);
    for (size_t i = 0; i < list->resets_count; i++)
        free(list->resets[i].name);
    free(list->resets);
    for (size_t i = 0; list->sources != NULL && i < list->sources_count; i++) {
        free(list->sources[i].name);
        free(list->sources[i].text);
    }
    free(list->sources);
    *list = (struct mutant_list){0};
}

const struct mutant *mutant_find(const struct mutant_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->mutants[i].id, id) == 0)
            return &list->mutants[i];
    return NULL;
}
