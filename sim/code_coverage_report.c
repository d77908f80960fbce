/* SPDX-License-Identifier: Apache-2.0 */
/* Code coverage as text and JSON: what did not run comes first. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "code_coverage.h"
#include "output_file.h"
#include "regress_report.h"

static const char *const language_names[] = {[CODE_RTL] = "RTL", [CODE_MODEL] = "C model"};
static const char *const language_keys[] = {[CODE_RTL] = "rtl", [CODE_MODEL] = "model"};

static void print_share(FILE *out, const char *what, size_t part, size_t whole)
{
    char a[32], b[32];
    unsigned share = code_coverage_share(part, whole);

    fprintf(out, "%s %s of %s (%u.%02u %%)", what, count_text(part, a), count_text(whole, b), share / 100,
            share % 100);
}

static void print_totals(FILE *out, enum code_language language, const struct code_totals *totals)
{
    fprintf(out, "%s: ", language_names[language]);
    print_share(out, "lines", totals->lines_run, totals->lines);
    print_share(out, ", branches", totals->branches_taken, totals->branches);
    if (totals->toggles > 0)
        print_share(out, ", toggles", totals->toggled, totals->toggles);
    fprintf(out, "; %zu lines did not run, %zu of them explained\n", totals->lines - totals->lines_run,
            totals->lines_waived);
}

static void print_lines(FILE *out, const struct code_file *file, bool waived)
{
    for (size_t i = 0; i < file->line_count; i++) {
        const struct code_line *line = &file->lines[i];

        if (line->count > 0 || (line->waiver != NULL) != waived)
            continue;
        fprintf(out, "  %s:%u: %s\n", file->path, line->line, line->text);
        if (waived)
            fprintf(out, "      %s\n", line->waiver);
    }
}

/* Lines that should run first, then those that need not, then files and signals. */
static void print_language(FILE *out, const struct code_coverage *coverage, enum code_language language)
{
    const struct code_totals *totals = &coverage->totals[language];
    const struct code_file *files = coverage->files[language];
    size_t count = coverage->file_count[language];

    if (totals->lines_run + totals->lines_waived < totals->lines)
        fprintf(out, "\n%s: lines that did not run\n", language_names[language]);
    for (size_t i = 0; i < count; i++)
        print_lines(out, &files[i], false);
    if (totals->lines_waived > 0)
        fprintf(out, "\n%s: lines that need not run, and why\n", language_names[language]);
    for (size_t i = 0; i < count; i++)
        print_lines(out, &files[i], true);
    fprintf(out, "\n%-28s %14s %14s %14s\n", language_names[language], "lines", "branches", "toggles");
    for (size_t i = 0; i < count; i++) {
        const struct code_totals *of = &files[i].totals;

        fprintf(out, "%-28s %6zu/%7zu %6zu/%7zu %6zu/%7zu\n", files[i].path, of->lines_run, of->lines,
                of->branches_taken, of->branches, of->toggled, of->toggles);
    }
}

static void print_untoggled(FILE *out, const struct code_coverage *coverage)
{
    const struct code_totals *totals = &coverage->totals[CODE_RTL];

    if (totals->toggled == totals->toggles)
        return;
    fprintf(out, "\nRTL: bits of ports and registers that never changed\n");
    for (size_t i = 0; i < coverage->file_count[CODE_RTL]; i++) {
        const struct code_file *file = &coverage->files[CODE_RTL][i];

        for (size_t k = 0; k < file->untoggled_count; k++)
            fprintf(out, "  %s: %s\n", file->path, file->untoggled[k]);
    }
}

int code_coverage_text(const struct code_coverage *coverage, const char *path)
{
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    for (unsigned language = 0; language < CODE_LANGUAGES; language++)
        if (coverage->file_count[language] > 0)
            print_totals(file.stream, language, &coverage->totals[language]);
    for (unsigned language = 0; language < CODE_LANGUAGES; language++)
        if (coverage->file_count[language] > 0)
            print_language(file.stream, coverage, language);
    print_untoggled(file.stream, coverage);
    return output_file_commit(&file);
}

/* ---- JSON ---- */

static json_t *json_of_totals(const struct code_totals *totals)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "lines", (json_int_t)totals->lines, "lines_run",
                     (json_int_t)totals->lines_run, "lines_explained", (json_int_t)totals->lines_waived,
                     "branches", (json_int_t)totals->branches, "branches_taken",
                     (json_int_t)totals->branches_taken, "toggles", (json_int_t)totals->toggles, "toggled",
                     (json_int_t)totals->toggled);
}

static json_t *json_of_file(const struct code_file *file)
{
    json_t *lines = json_array(), *untoggled = json_array();

    for (size_t i = 0; i < file->line_count; i++) {
        const struct code_line *line = &file->lines[i];

        if (line->count == 0)
            json_array_append_new(lines, json_pack("{s:i, s:s, s:s?}", "line", (int)line->line, "text",
                                                   line->text, "reason", line->waiver));
    }
    for (size_t i = 0; i < file->untoggled_count; i++)
        json_array_append_new(untoggled, json_string(file->untoggled[i]));
    return json_pack("{s:s, s:o, s:o, s:o}", "file", file->path, "totals", json_of_totals(&file->totals),
                     "not_run", lines, "not_toggled", untoggled);
}

int code_coverage_json(const struct code_coverage *coverage, const char *path)
{
    json_t *root = json_object();
    struct output_file file;
    int failed;

    for (unsigned language = 0; language < CODE_LANGUAGES; language++) {
        json_t *files = json_array();

        for (size_t i = 0; i < coverage->file_count[language]; i++)
            json_array_append_new(files, json_of_file(&coverage->files[language][i]));
        json_object_set_new(
            root, language_keys[language],
            json_pack("{s:o, s:o}", "totals", json_of_totals(&coverage->totals[language]), "files", files));
    }
    if (output_file_open(&file, path) != 0) {
        json_decref(root);
        return -1;
    }
    failed = json_dumpf(root, file.stream, JSON_INDENT(1));
    fputc('\n', file.stream);
    json_decref(root);
    if (failed) {
        fprintf(stderr, "%s: cannot be written\n", path);
        output_file_discard(&file);
        return -1;
    }
    return output_file_commit(&file);
}
