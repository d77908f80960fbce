/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a campaign: survivors first, then the figures, then what each mutant came to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "html_page.h"
#include "mutate_report.h"
#include "output_file.h"
#include "regress_report.h"

static void cell(FILE *out, const char *text)
{
    fputs("<td><code>", out);
    print_escaped(out, text);
    fputs("</code>", out);
}

static void print_bytes(FILE *out, const char *text, size_t length)
{
    char line[512];

    snprintf(line, sizeof(line), "%.*s", (int)length, text);
    print_escaped(out, line);
}

/* The line of the source where a mutant begins, its text marked. */
static void source_line(const struct mutate_report *report, const struct mutant *mutant, FILE *out)
{
    const struct rtl_source *source = &report->list->sources[mutant->source];
    size_t begin = mutant->begin, end = begin, marked;

    while (begin > 0 && source->text[begin - 1] != '\n')
        begin--;
    while (end < source->length && source->text[end] != '\n')
        end++;
    marked = mutant->end < end ? mutant->end : end;
    fprintf(out, "<pre>%5u  ", mutant->line);
    print_bytes(out, source->text + begin, mutant->begin - begin);
    fputs("<mark>", out);
    print_bytes(out, source->text + mutant->begin, marked - mutant->begin);
    fputs("</mark>", out);
    print_bytes(out, source->text + marked, end - marked);
    fputs("</pre>\n", out);
}

static void place(const struct mutate_report *report, const struct mutant *mutant, FILE *out)
{
    fprintf(out, "<b>%s</b> rtl/%s:%u:%u, %s, %s", mutant->id, report->list->sources[mutant->source].name,
            mutant->line, mutant->column, mutant->scope, mutation_name(mutant->mutation));
}

static void list_with_source(const struct mutate_report *report, enum standing standing, const char *title,
                             FILE *out)
{
    bool titled = false;

    for (size_t i = 0; i < report->count; i++) {
        const struct mutant *mutant = report->mutants[i];

        if (mutate_standing(report, HALF_LOCKSTEP, i) != standing)
            continue;
        if (!titled)
            fprintf(out, "<h2>%s</h2>\n", title);
        titled = true;
        fputs("<div class=\"group\"><p>", out);
        place(report, mutant, out);
        fputs("</p>\n", out);
        source_line(report, mutant, out);
        fputs("<p><code>", out);
        print_escaped(out, mutant->original);
        fputs("</code> becomes <code>", out);
        print_escaped(out, mutant->mutated);
        fputs("</code></p></div>\n", out);
    }
}

static void row(const char *name, const struct mutate_totals totals[HALVES], const bool shown[HALVES],
                FILE *out)
{
    size_t all = 0;

    for (unsigned i = 0; i < STANDINGS; i++)
        all += totals[shown[HALF_LOCKSTEP] ? HALF_LOCKSTEP : HALF_JUDGE].count[i];
    if (all == 0)
        return;
    fprintf(out, "<tr><td>%s<td class=\"n\">%zu", name, all);
    for (enum half half = 0; half < HALVES; half++) {
        if (!shown[half])
            continue;
        fprintf(out, "<td class=\"n\">%zu<td class=\"n\">%zu<td class=\"n %s\">%zu<td class=\"n\">%.2f %%",
                totals[half].count[STANDING_CAUGHT] + totals[half].count[STANDING_WRONG],
                totals[half].count[STANDING_EXCUSED],
                totals[half].count[STANDING_SURVIVOR] > 0 ? "bad" : "dim",
                totals[half].count[STANDING_SURVIVOR], mutate_score(&totals[half]));
    }
    putc('\n', out);
}

static void figures(const struct mutate_report *report, FILE *out)
{
    bool shown[HALVES];
    struct mutate_totals totals[HALVES] = {{{0}}};

    fputs("<h2>Figures</h2>\n<div class=\"scroll\"><table>\n<tr><th><th class=\"n\">mutants", out);
    for (enum half half = 0; half < HALVES; half++) {
        shown[half] = report->outcomes[half] != NULL;
        if (shown[half])
            fprintf(out,
                    "<th class=\"n\">%s caught<th class=\"n\">%s<th class=\"n\">survive<th class=\"n\">score",
                    half == HALF_LOCKSTEP ? "lockstep:" : "judge:",
                    half == HALF_LOCKSTEP ? "equivalent" : "legal");
    }
    putc('\n', out);
    for (size_t i = 0; i < MUTATIONS + 1 + report->list->sources_count; i++) {
        bool is_class = i <= MUTATIONS;
        int source = is_class ? -1 : (int)(i - MUTATIONS - 1);

        for (enum half half = 0; half < HALVES; half++)
            if (shown[half])
                totals[half] = mutate_totals(report, half, is_class ? (enum mutation)i : MUTATIONS, source);
        row(i < MUTATIONS    ? mutation_name((enum mutation)i)
            : i == MUTATIONS ? "<b>all</b>"
                             : report->list->sources[source].name,
            totals, shown, out);
    }
    fputs("</table></div>\n", out);
}

static void equivalents(const struct mutate_report *report, FILE *out)
{
    bool titled = false;

    for (size_t i = 0; i < report->count; i++) {
        const struct mutant *mutant = report->mutants[i];
        const struct known_entry *known = known_of(report->known, mutant, KNOWN_EQUIVALENT);

        if (known == NULL)
            continue;
        if (!titled)
            fputs("<h2>Shown equivalent</h2>\n<div class=\"scroll\"><table>\n<tr><th>mutant<th>is<th>becomes"
                  "<th>proof<th>why\n",
                  out);
        titled = true;
        fputs("<tr><td>", out);
        place(report, mutant, out);
        cell(out, mutant->original);
        cell(out, mutant->mutated);
        fputs("<td>", out);
        print_escaped(out, known->proof);
        fputs("<td>", out);
        print_escaped(out, known->reason);
        putc('\n', out);
    }
    if (titled)
        fputs("</table></div>\n", out);
}

static void outcome_cells(const struct mutate_report *report, enum half half, size_t index, FILE *out)
{
    const struct mutant_outcome *outcome = &report->outcomes[half][index];
    const char *slash;
    char text[32];

    if (outcome->fate != FATE_CAUGHT) {
        fprintf(out, "<td colspan=\"3\" class=\"dim\">%s",
                outcome->fate == FATE_ALIVE     ? "not caught"
                : outcome->fate == FATE_INVALID ? "does not build"
                                                : "not run");
        return;
    }
    slash = strrchr(outcome->series->stimulus, '/');
    fputs("<td>", out);
    print_escaped(out, outcome->series->config);
    fputs(", ", out);
    print_escaped(out, slash != NULL ? slash + 1 : outcome->series->stimulus);
    fprintf(out, "<td class=\"n\">%s", count_text(outcome->cycle, text));
    cell(out, outcome->signature[0] != '\0' ? outcome->signature : outcome->kind);
}

static void all_mutants(const struct mutate_report *report, FILE *out)
{
    fputs("<h2>All mutants</h2>\n<details><summary>Show them</summary><div class=\"scroll\"><table>\n"
          "<tr><th>mutant<th>is<th>becomes",
          out);
    for (enum half half = 0; half < HALVES; half++)
        if (report->outcomes[half] != NULL)
            fprintf(out, "<th>%s by<th class=\"n\">cycle<th>by what",
                    half == HALF_LOCKSTEP ? "lockstep: caught" : "judge: caught");
    putc('\n', out);
    for (size_t i = 0; i < report->count; i++) {
        fputs("<tr><td>", out);
        place(report, report->mutants[i], out);
        cell(out, report->mutants[i]->original);
        cell(out, report->mutants[i]->mutated);
        for (enum half half = 0; half < HALVES; half++)
            if (report->outcomes[half] != NULL)
                outcome_cells(report, half, i, out);
        putc('\n', out);
    }
    fputs("</table></div></details>\n", out);
}

static void heading(const struct mutate_report *report, FILE *out)
{
    fputs(html_page_head, out);
    fputs("Mutants</title></head><body>\n<h1>Mutants of the RTL", out);
    fprintf(out, "</h1>\n<p class=\"dim\">Runs of ");
    print_escaped(out, report->plan);
    fputs(report->interrupted ? "; interrupted: not all have been run" : "", out);
    fprintf(out, "</p>\n<div class=\"sums\">\n<div><b>%zu</b>mutants</div>\n", report->count);
    for (enum half half = 0; half < HALVES; half++) {
        struct mutate_totals totals;

        if (report->outcomes[half] == NULL)
            continue;
        totals = mutate_totals(report, half, MUTATIONS, -1);
        fprintf(out, "<div><b>%.2f %%</b>caught by %s</div>\n", mutate_score(&totals),
                half == HALF_LOCKSTEP ? "lockstep, of those not shown equivalent"
                                      : "the judge, of those not shown legal");
        if (half == HALF_LOCKSTEP)
            fprintf(out, "<div><b class=\"%s\">%zu</b>survive</div>\n",
                    totals.count[STANDING_SURVIVOR] > 0 ? "bad" : "good", totals.count[STANDING_SURVIVOR]);
    }
    fputs("</div>\n", out);
}

static int catalogue(const char *path, FILE *out)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;

    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    fputs("<h2>The bug catalogue</h2>\n<pre>", out);
    while (getline(&line, &size, file) > 0)
        print_escaped(out, line);
    fputs("</pre>\n", out);
    free(line);
    fclose(file);
    return 0;
}

int mutate_report_html(const struct mutate_report *report, const char *path)
{
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    heading(report, file.stream);
    if (report->outcomes[HALF_LOCKSTEP] != NULL) {
        list_with_source(report, STANDING_WRONG, "Said to be equivalent, and yet caught", file.stream);
        list_with_source(report, STANDING_SURVIVOR, "Survivors", file.stream);
    }
    figures(report, file.stream);
    if (report->catalogue != NULL && catalogue(report->catalogue, file.stream) != 0) {
        output_file_discard(&file);
        return -1;
    }
    equivalents(report, file.stream);
    all_mutants(report, file.stream);
    fputs("</body></html>\n", file.stream);
    return output_file_commit(&file);
}
