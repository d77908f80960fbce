/* SPDX-License-Identifier: Apache-2.0 */
/* The page of code coverage: what did not run comes first, each file can be unfolded. */
#include <stdio.h>

#include "code_coverage.h"
#include "html_page.h"
#include "output_file.h"
#include "regress_report.h"

enum { UNTOGGLED_SHOWN = 400 };

/* Counts beside the lines of a listing; lines that did not run, and those that need not. */
static const char style[] =
    "Code coverage</title>\n<style>:root{--miss:#fbe3e4;--excused:#fdf3d8}\n"
    "@media(prefers-color-scheme:dark){:root{--miss:#4a2226;--excused:#453a1c}}\n"
    "pre i{display:inline-block;width:11rem;text-align:right;padding-right:1rem;color:var(--dim);"
    "font-style:normal;white-space:pre}pre b{font-weight:normal;background:var(--miss)}"
    "pre u{text-decoration:none;background:var(--excused)}</style></head><body>\n<h1>Code coverage</h1>\n";

static const char *const language_names[] = {[CODE_RTL] = "RTL", [CODE_MODEL] = "C model"};

static void sum(FILE *out, const char *what, size_t part, size_t whole)
{
    char a[32], b[32];
    unsigned share = code_coverage_share(part, whole);

    if (whole > 0)
        fprintf(out, "<div><b>%u.%02u&#8239;%%</b>%s<br><span class=\"dim\">%s of %s</span></div>\n",
                share / 100, share % 100, what, count_text(part, a), count_text(whole, b));
}

static void sums(FILE *out, const struct code_coverage *coverage)
{
    for (unsigned language = 0; language < CODE_LANGUAGES; language++) {
        const struct code_totals *totals = &coverage->totals[language];
        size_t open = totals->lines - totals->lines_run - totals->lines_waived;

        if (coverage->file_count[language] == 0)
            continue;
        fprintf(out, "<h2>%s</h2>\n<div class=\"sums\">\n", language_names[language]);
        sum(out, "lines", totals->lines_run, totals->lines);
        sum(out, "branches", totals->branches_taken, totals->branches);
        sum(out, "toggles of ports and registers", totals->toggled, totals->toggles);
        fprintf(out, "<div><b class=\"%s\">%zu</b>lines not run, not explained</div>\n",
                open > 0 ? "bad" : "good", open);
        fprintf(out, "<div><b>%zu</b>lines not run, explained</div>\n</div>\n", totals->lines_waived);
    }
}

/* One row for each line of both languages that did not run. */
static void holes(FILE *out, const struct code_coverage *coverage, bool waived)
{
    bool any = false;

    for (unsigned language = 0; language < CODE_LANGUAGES; language++)
        for (size_t i = 0; i < coverage->file_count[language]; i++) {
            const struct code_file *file = &coverage->files[language][i];

            for (size_t k = 0; k < file->line_count; k++) {
                const struct code_line *line = &file->lines[k];

                if (line->count > 0 || (line->waiver != NULL) != waived)
                    continue;
                if (!any)
                    fprintf(out, "<h2>%s</h2>\n<div class=\"scroll\"><table>\n<tr><th>line<th>text%s\n",
                            waived ? "Lines that need not run" : "Lines that did not run",
                            waived ? "<th>why" : "");
                any = true;
                fprintf(out, "<tr><td><code>%s:%u</code><td><code>", file->path, line->line);
                print_escaped(out, line->text);
                fputs("</code>", out);
                if (waived) {
                    fputs("<td>", out);
                    print_escaped(out, line->waiver);
                }
                putc('\n', out);
            }
        }
    if (any)
        fputs("</table></div>\n", out);
}

static void cell(FILE *out, size_t part, size_t whole)
{
    unsigned share = code_coverage_share(part, whole);

    if (whole == 0)
        fputs("<td class=\"n dim\">-", out);
    else
        fprintf(out, "<td class=\"n\">%zu / %zu<td class=\"n %s\">%u.%02u %%", part, whole,
                part == whole ? "good" : "", share / 100, share % 100);
    if (whole == 0)
        fputs("<td>", out);
}

static void files(FILE *out, const struct code_coverage *coverage)
{
    fputs("<h2>Files</h2>\n<div class=\"scroll\"><table>\n<tr><th>file<th class=\"n\">lines<th><th "
          "class=\"n\">branches<th><th class=\"n\">toggles<th>\n",
          out);
    for (unsigned language = 0; language < CODE_LANGUAGES; language++)
        for (size_t i = 0; i < coverage->file_count[language]; i++) {
            const struct code_file *file = &coverage->files[language][i];

            fprintf(out, "<tr><td><code>%s</code>", file->path);
            cell(out, file->totals.lines_run, file->totals.lines);
            cell(out, file->totals.branches_taken, file->totals.branches);
            cell(out, file->totals.toggled, file->totals.toggles);
            putc('\n', out);
        }
    fputs("</table></div>\n", out);
}

/* Counted lines with how often each ran. */
static void listing(FILE *out, const struct code_file *file)
{
    char count[32];
    unsigned last = 0;

    fprintf(out, "<details><summary><code>%s</code></summary><pre>", file->path);
    for (size_t i = 0; i < file->line_count; i++) {
        const struct code_line *line = &file->lines[i];
        const char *mark = line->count > 0 ? "span" : line->waiver != NULL ? "u" : "b";

        if (last != 0 && line->line > last + 1)
            putc('\n', out);
        last = line->line;
        fprintf(out, "<i>%s %5u</i><%s>", count_text(line->count, count), line->line, mark);
        print_escaped(out, line->text);
        fprintf(out, "</%s>\n", mark);
    }
    fputs("</pre></details>\n", out);
}

static void listings(FILE *out, const struct code_coverage *coverage)
{
    fputs("<h2>How often lines ran</h2>\n", out);
    for (unsigned language = 0; language < CODE_LANGUAGES; language++)
        for (size_t i = 0; i < coverage->file_count[language]; i++)
            listing(out, &coverage->files[language][i]);
}

static void untoggled(FILE *out, const struct code_coverage *coverage)
{
    size_t shown = 0;

    for (size_t i = 0; i < coverage->file_count[CODE_RTL]; i++) {
        const struct code_file *file = &coverage->files[CODE_RTL][i];

        for (size_t k = 0; k < file->untoggled_count && shown < UNTOGGLED_SHOWN; k++) {
            if (shown++ == 0)
                fputs("<h2>Bits of ports and registers that never changed</h2>\n<p>\n", out);
            fprintf(out, "<code>%s: ", file->path);
            print_escaped(out, file->untoggled[k]);
            fputs("</code>\n", out);
        }
    }
    if (shown > 0)
        fputs("</p>\n", out);
}

int code_coverage_html(const struct code_coverage *coverage, const char *path)
{
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    fputs(html_page_head, file.stream);
    fputs(style, file.stream);
    sums(file.stream, coverage);
    holes(file.stream, coverage, false);
    holes(file.stream, coverage, true);
    files(file.stream, coverage);
    untoggled(file.stream, coverage);
    listings(file.stream, coverage);
    fputs("</body></html>\n", file.stream);
    return output_file_commit(&file);
}
