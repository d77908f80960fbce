/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources with mutants in them. Many at a time, each behind a comparison with
 * the number of the one that acts, so that one build serves all of them; or
 * one for good, as a person would have typed it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mutant.h"
#include "output_file.h"

/* The variable with the number of the mutant that acts, and who sets it. */
#define VARIABLE "mutant_that_acts"
static const char package[] = "package x86_pkg;";
static const char declaration[] = "\n  logic [15:0] " VARIABLE " /*verilator public_flat_rw*/;";
static const char setting[] =
    "  initial x86_pkg::" VARIABLE " = 16'($c32(\"(std::getenv(\\\"TWINWALK_MUTANT\\\") ? "
    "std::atoi(std::getenv(\\\"TWINWALK_MUTANT\\\")) : 0)\"));\n";

struct emitter {
    FILE *out;
    const struct mutant_list *list;
    const struct rtl_source *source;
    const struct mutant *const *mutants; /* the first has the number 1 */
    size_t count, next;
    const char *variable; /* as this file calls it */
};

static void emit(struct emitter *emitter, size_t begin, size_t end);

static void put(struct emitter *emitter, size_t begin, size_t end)
{
    fwrite(emitter->source->text + begin, 1, end - begin, emitter->out);
}

static void emit_expression(struct emitter *emitter, size_t first, const struct mutant *place)
{
    putc('(', emitter->out);
    for (size_t i = first; i < emitter->next; i++)
        fprintf(emitter->out, "%s == 16'd%zu ? (%s) : ", emitter->variable, i + 1,
                emitter->mutants[i]->replacement);
    putc('(', emitter->out);
    emit(emitter, place->begin, place->end);
    fputs("))", emitter->out);
}

static void emit_statement(struct emitter *emitter, size_t first, const struct mutant *place)
{
    fputs("begin ", emitter->out);
    for (size_t i = first; i < emitter->next; i++)
        fprintf(emitter->out, "if (%s == 16'd%zu) begin %s end else ", emitter->variable, i + 1,
                emitter->mutants[i]->replacement);
    fputs("begin ", emitter->out);
    emit(emitter, place->begin, place->end);
    fputs(" end end", emitter->out);
}

static void emit_connection(struct emitter *emitter, size_t first, const struct mutant *place)
{
    int length = (int)(place->end - place->begin - 1);
    const char *name = emitter->source->text + place->begin + 1;

    fprintf(emitter->out, ".%.*s(%s == 16'd%zu ? %s : %.*s)", length, name, emitter->variable, first + 1,
            place->replacement, length, name);
}

/* All mutants of one place, and the text there with those inside it. */
static void emit_place(struct emitter *emitter)
{
    size_t first = emitter->next;
    const struct mutant *place = emitter->mutants[first];

    while (emitter->next < emitter->count && emitter->mutants[emitter->next]->source == place->source &&
           emitter->mutants[emitter->next]->begin == place->begin &&
           emitter->mutants[emitter->next]->end == place->end)
        emitter->next++;
    if (place->connection)
        emit_connection(emitter, first, place);
    else if (place->statement)
        emit_statement(emitter, first, place);
    else
        emit_expression(emitter, first, place);
}

/* The text from begin to end with the mutants there. */
static void emit(struct emitter *emitter, size_t begin, size_t end)
{
    while (emitter->next < emitter->count) {
        const struct mutant *mutant = emitter->mutants[emitter->next];

        if (&emitter->list->sources[mutant->source] != emitter->source || mutant->begin >= end)
            break;
        put(emitter, begin, mutant->begin);
        begin = mutant->end;
        emit_place(emitter);
    }
    put(emitter, begin, end);
}

/* What goes before the end of a module: registers as they are before a reset, and who sets the variable. */
static void emit_initial(struct emitter *emitter)
{
    for (size_t i = 0; i < emitter->list->resets_count; i++) {
        const struct reset_register *reset = &emitter->list->resets[i];

        if (&emitter->list->sources[reset->source] != emitter->source)
            continue;
        if (reset->array)
            fprintf(emitter->out, "  initial for (int k = 0; k < $size(%s); k++) %s[k] = '1;\n", reset->name,
                    reset->name);
        else
            fprintf(emitter->out, "  initial %s = '1;\n", reset->name);
    }
    if (strcmp(emitter->source->name, "mmu.sv") == 0)
        fputs(setting, emitter->out);
}

static void emit_source(struct emitter *emitter)
{
    const struct rtl_source *source = emitter->source;
    const char *found = strstr(source->text, package);
    size_t place;

    if (found != NULL) {
        emitter->variable = VARIABLE;
        place = (size_t)(found - source->text) + strlen(package);
        emit(emitter, 0, place);
        fputs(declaration, emitter->out);
    } else {
        emitter->variable = "x86_pkg::" VARIABLE;
        place = source->length;
        for (const char *end = source->text; (end = strstr(end, "endmodule")) != NULL; end++)
            place = (size_t)(end - source->text);
        emit(emitter, 0, place);
        emit_initial(emitter);
    }
    emit(emitter, place, source->length);
}

static int make_directory(const char *directory)
{
    if (mkdir(directory, 0777) == 0 || errno == EEXIST)
        return 0;
    fprintf(stderr, "%s: %s\n", directory, strerror(errno));
    return -1;
}

static int open_source(struct output_file *file, const char *directory, const struct rtl_source *source)
{
    char *path;
    int failed;

    if (asprintf(&path, "%s/%s", directory, source->name) < 0)
        return -1;
    failed = output_file_open(file, path);
    free(path);
    return failed;
}

int mutant_sources_write(const struct mutant_list *list, const struct mutant *const *mutants, size_t count,
                         const char *directory)
{
    struct emitter emitter = {.list = list, .mutants = mutants, .count = count};
    int failed = make_directory(directory);

    for (size_t i = 0; i < list->sources_count && !failed; i++) {
        struct output_file file;

        failed = open_source(&file, directory, &list->sources[i]);
        if (failed)
            break;
        emitter.out = file.stream;
        emitter.source = &list->sources[i];
        emit_source(&emitter);
        failed = output_file_commit(&file);
    }
    return failed;
}

int mutant_patched_write(const struct mutant_list *list, const struct mutant *mutant, const char *directory)
{
    int failed = make_directory(directory);

    for (size_t i = 0; i < list->sources_count && !failed; i++) {
        const struct rtl_source *source = &list->sources[i];
        struct output_file file;

        failed = open_source(&file, directory, source);
        if (failed)
            break;
        if (i != mutant->source) {
            fwrite(source->text, 1, source->length, file.stream);
        } else {
            const char *form = mutant->connection                                 ? ".%.*s(%s)"
                               : mutant->statement && mutant->replacement[0] == 0 ? "%.*s;%s"
                               : mutant->statement                                ? "%.*s%s"
                                                                                  : "%.*s(%s)";
            int name = mutant->connection ? (int)(mutant->end - mutant->begin - 1) : 0;

            fwrite(source->text, 1, mutant->begin, file.stream);
            fprintf(file.stream, form, name, source->text + mutant->begin + 1, mutant->replacement);
            fwrite(source->text + mutant->end, 1, source->length - mutant->end, file.stream);
        }
        failed = output_file_commit(&file);
    }
    return failed;
}
