/* SPDX-License-Identifier: Apache-2.0 */
/* The page of coverage: what is missing comes first, then what is excused and why, then what was hit by whom.
 */
#include <stdlib.h>
#include <string.h>

#include "coverage_chart.h"
#include "coverage_report.h"
#include "html_page.h"
#include "output_file.h"
#include "regress_report.h"

enum { HOLES_OPEN = 40 /* more are folded away */ };

static const char style[] =
    "<style>.bar{background:var(--line);height:.5rem;width:7rem;border-radius:3px;margin-top:.5rem}"
    ".bar i{display:block;background:var(--good);height:100%;border-radius:3px}.bar.bad "
    "i{background:var(--bad)}"
    ".points{columns:18rem;font-size:.85rem}.points div{break-inside:avoid}"
    "td code{white-space:nowrap}details{margin:.2rem 0}</style>\n";

static const struct coverage_group_info *group_of(unsigned point)
{
    return coverage_group(coverage_group_of(point));
}

static void heading(const struct coverage_report *report, FILE *out)
{
    const struct coverage_counts *all = &report->all;
    char text[32];

    fputs(html_page_head, out);
    fputs("Functional coverage</title>", out);
    fputs(style, out);
    fprintf(out,
            "</head><body>\n<h1>Functional coverage: <span class=\"%s\">%.2f %%</span></h1>\n<div "
            "class=\"sums\">\n",
            all->holes + all->contradictions > 0 ? "bad" : "good", coverage_percent(all));
    fprintf(out, "<div><b>%s</b>points hit</div>\n", count_text(all->hit, text));
    fprintf(out, "<div><b class=\"%s\">%s</b>holes</div>\n", all->holes > 0 ? "bad" : "good",
            count_text(all->holes, text));
    fprintf(out, "<div><b>%s</b>unreachable</div>\n", count_text(all->unreachable, text));
    fprintf(out, "<div><b>%s</b>not in these configurations</div>\n", count_text(all->not_here, text));
    fprintf(out, "<div><b>%s</b>runs</div>\n", count_text(report->data->run_count, text));
    fprintf(out, "<div><b>%s</b>cycles</div>\n</div>\n", count_text(report->cycles, text));
}

static void point_name(unsigned point, FILE *out)
{
    char name[COVERAGE_NAME_BYTES];

    print_escaped(out, coverage_point_name(point, name));
}

static void contradictions(const struct coverage_report *report, FILE *out)
{
    if (report->all.contradictions == 0)
        return;
    fputs("<h2 class=\"bad\">Hit, though the table says otherwise</h2>\n<table><tr><th>point<th>why "
          "not<th>run\n",
          out);
    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        if (report->status[i] != COVERAGE_CONTRADICTION)
            continue;
        fprintf(out, "<tr><td>%s/", group_of(i)->name);
        point_name(i, out);
        fputs("<td>", out);
        print_escaped(out, report->why[i]);
        fputs("<td><code>", out);
        print_escaped(out, report->data->runs[report->data->points[i].run].command);
        fputs("</code>\n", out);
    }
    fputs("</table>\n", out);
}

static void holes(const struct coverage_report *report, FILE *out)
{
    fputs("<h2>Holes</h2>\n", out);
    if (report->all.holes == 0)
        fputs("<p>None: every point that can be hit in these configurations is hit.</p>\n", out);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_group_info *group = coverage_group(g);
        unsigned count = report->groups[g].holes;

        if (count == 0)
            continue;
        fprintf(out, "<div class=\"group\"><p><b>%s</b> <span class=\"dim\">%u of %u: ", group->name, count,
                count + report->groups[g].hit);
        print_escaped(out, group->text);
        fputs("</span></p>\n", out);
        if (count > HOLES_OPEN)
            fputs("<details><summary>all of them</summary>", out);
        fputs("<div class=\"points\">", out);
        for (unsigned i = group->first; i < group->first + group->count; i++)
            if (report->status[i] == COVERAGE_HOLE) {
                fputs("<div>", out);
                point_name(i, out);
                fputs("</div>", out);
            }
        fprintf(out, "</div>%s</div>\n", count > HOLES_OPEN ? "</details>" : "");
    }
}

static void bar(const struct coverage_counts *counts, FILE *out)
{
    double percent = coverage_percent(counts);

    fprintf(
        out,
        "<td class=\"n\">%u<td class=\"n\">%u<td><div class=\"bar%s\"><i style=\"width:%.1f%%\"></i></div>",
        counts->hit, counts->hit + counts->holes + counts->contradictions, percent < 100 ? " bad" : "",
        percent);
}

static void classes(const struct coverage_report *report, FILE *out)
{
    struct coverage_counts counts;
    const char *name;

    fputs("<h2>Classes of the bug catalogue</h2>\n<p class=\"dim\">The points that show that a bug of the "
          "class would "
          "have been provoked.</p>\n<div class=\"scroll\"><table>\n"
          "<tr><th>class<th class=\"n\">hit<th class=\"n\">of<th><th>by the points of\n",
          out);
    for (unsigned i = 0; coverage_class(report, i, &name, &counts); i++) {
        struct coverage_rule rule;
        unsigned at = 0;

        fputs("<tr><td>", out);
        print_escaped(out, name);
        bar(&counts, out);
        fputs("<td class=\"dim\">", out);
        while (coverage_class_points(i, &at, &rule)) {
            fprintf(out, "%s%s%s", at > 1 ? ", " : "", coverage_group(rule.group)->name,
                    rule.pattern[0] ? " " : "");
            print_escaped(out, rule.pattern);
        }
        putc('\n', out);
    }
    fputs("</table></div>\n", out);
}

static void configurations(const struct coverage_report *report, FILE *out)
{
    const struct coverage_data *data = report->data;

    fputs(
        "<h2>Configurations</h2>\n<p class=\"dim\">A point counts when it is hit in one of them; here is "
        "what each "
        "of them has and hits.</p>\n<table><tr><th>configuration<th class=\"n\">hit<th class=\"n\">of<th>\n",
        out);
    for (uint32_t c = 0; c < data->config_count; c++) {
        struct coverage_counts counts = coverage_counts_of_config(report, c);

        fputs("<tr><td>", out);
        print_escaped(out, data->configs[c].name);
        bar(&counts, out);
        putc('\n', out);
    }
    fputs("</table>\n", out);
}

/* The points that a rule names and that have a status. */
static unsigned points_of_rule(const struct coverage_report *report, const struct coverage_rule *rule,
                               enum coverage_status status)
{
    const struct coverage_group_info *group = coverage_group(rule->group);
    unsigned count = 0;

    for (unsigned i = group->first; i < group->first + group->count; i++)
        count +=
            report->status[i] == status && report->why[i] == rule->text && coverage_matches(i, rule->pattern);
    return count;
}

static void excused(const struct coverage_report *report, const char *title,
                    bool (*rule_of)(unsigned index, struct coverage_rule *rule), enum coverage_status status,
                    FILE *out)
{
    struct coverage_rule rule;

    fprintf(
        out,
        "<h2>%s</h2>\n<div class=\"scroll\"><table><tr><th>group<th>points<th class=\"n\">number<th>why\n",
        title);
    for (unsigned i = 0; rule_of(i, &rule); i++) {
        unsigned count = points_of_rule(report, &rule, status);

        if (count == 0)
            continue;
        fprintf(out, "<tr><td>%s<td>", coverage_group(rule.group)->name);
        print_escaped(out, rule.pattern[0] != '\0' ? rule.pattern : "all");
        fprintf(out, "<td class=\"n\">%u<td>", count);
        print_escaped(out, rule.text);
        putc('\n', out);
    }
    fputs("</table></div>\n", out);
}

static void hits_of_group(const struct coverage_report *report, unsigned g, FILE *out)
{
    const struct coverage_group_info *group = coverage_group(g);
    char text[32];

    fputs("<details><summary>points and the runs that hit them first</summary><table>"
          "<tr><th>point<th class=\"n\">hits<th class=\"n\">first in cycle<th>of run\n",
          out);
    for (unsigned i = group->first; i < group->first + group->count; i++) {
        const struct coverage_total *point = &report->data->points[i];

        if (point->hits == 0)
            continue;
        fputs("<tr><td>", out);
        point_name(i, out);
        fprintf(out, "<td class=\"n\">%s", count_text(point->hits, text));
        fprintf(out, "<td class=\"n\">%s<td><a href=\"#run%u\">%u</a>\n", count_text(point->first, text),
                point->run, point->run);
    }
    fputs("</table></details>\n", out);
}

static void groups(const struct coverage_report *report, FILE *out)
{
    fputs("<h2>Groups</h2>\n<div class=\"scroll\"><table>\n<tr><th>group<th class=\"n\">hit<th "
          "class=\"n\">of<th>"
          "<th class=\"n\">unreachable<th class=\"n\">not here<th>what is counted\n",
          out);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++) {
        const struct coverage_counts *counts = &report->groups[g];

        fprintf(out, "<tr><td>%s", coverage_group(g)->name);
        bar(counts, out);
        fprintf(out, "<td class=\"n\">%u<td class=\"n\">%u<td>", counts->unreachable, counts->not_here);
        print_escaped(out, coverage_group(g)->text);
        if (counts->hit > 0)
            hits_of_group(report, g, out);
        putc('\n', out);
    }
    fputs("</table></div>\n", out);
}

/* Only runs that were the first to hit something. */
static void runs(const struct coverage_report *report, FILE *out)
{
    const struct coverage_data *data = report->data;
    unsigned *firsts = calloc(data->run_count + 1u, sizeof(*firsts));

    if (firsts == NULL)
        return;
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (data->points[i].hits > 0)
            firsts[data->points[i].run]++;
    fputs("<h2>Runs that hit a point earliest</h2>\n<div class=\"scroll\"><table>\n"
          "<tr><th class=\"n\">run<th class=\"n\">points<th>to reproduce\n",
          out);
    for (uint32_t r = 0; r < data->run_count; r++) {
        if (firsts[r] == 0)
            continue;
        fprintf(out, "<tr id=\"run%u\"><td class=\"n\">%u<td class=\"n\">%u<td><code>", r, r, firsts[r]);
        print_escaped(out, data->runs[r].command);
        fputs("</code>\n", out);
    }
    fputs("</table></div>\n", out);
    free(firsts);
}

int coverage_report_html(const struct coverage_report *report, const struct closing_curve *curves,
                         const char *path)
{
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    heading(report, file.stream);
    contradictions(report, file.stream);
    holes(report, file.stream);
    if (curves != NULL)
        coverage_chart(curves, file.stream);
    classes(report, file.stream);
    configurations(report, file.stream);
    groups(report, file.stream);
    excused(report, "Unreachable", coverage_unreachable_rule, COVERAGE_UNREACHABLE, file.stream);
    excused(report, "Not in these configurations", coverage_needs_rule, COVERAGE_NOT_HERE, file.stream);
    runs(report, file.stream);
    fputs("</body></html>\n", file.stream);
    return output_file_commit(&file);
}
