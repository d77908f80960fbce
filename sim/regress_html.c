/* SPDX-License-Identifier: Apache-2.0 */
/* The page of a regression: what failed comes first, then what ran. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd_run.h"
#include "html_page.h"
#include "output_file.h"
#include "regress_command.h"
#include "regress_report.h"
#include "regress_shrink.h"

enum { LOG_LINES = 24, SCRIPT_LINES = 60, RETRIED_SHOWN = 50 };

static void heading(const struct regress_report *report, const struct regress_totals *totals, FILE *out)
{
    char when[64] = "", text[32];
    time_t seconds = time(NULL);
    struct tm local;

    if (localtime_r(&seconds, &local) != NULL)
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &local);
    fputs(html_page_head, out);
    print_escaped(out, report->plan_path);
    fputs("</title></head><body>\n<h1>Regression ", out);
    print_escaped(out, report->plan_path);
    fprintf(out, ": <span class=\"%s\">%s</span></h1>\n<p class=\"dim\">%s%s</p>\n<div class=\"sums\">\n",
            totals->failed > 0 || report->interrupted ? "bad" : "good",
            totals->failed > 0    ? "failed"
            : report->interrupted ? "not complete"
                                  : "passed",
            when, report->interrupted ? ", interrupted: not all runs are here" : "");
    fprintf(out, "<div><b>%s</b>runs</div>\n", count_text(totals->runs, text));
    fprintf(out, "<div><b class=\"%s\">%s</b>failed</div>\n", totals->failed > 0 ? "bad" : "good",
            count_text(totals->failed, text));
    fprintf(out, "<div><b>%s</b>retried</div>\n", count_text(totals->retried, text));
    fprintf(out, "<div><b>%s</b>cycles</div>\n", count_text(totals->cycles, text));
    fprintf(out, "<div><b>%s</b>accesses</div>\n", count_text(totals->accesses, text));
    fprintf(out, "<div><b>%s</b>%u at a time</div>\n", duration_text(report->seconds, text), report->jobs);
    fputs("</div>\n", out);
    if (report->coverage != NULL)
        fprintf(out, "<p><a href=\"coverage.html\">Functional coverage</a>: %.2f %%, %u holes</p>\n",
                report->coverage->percent, report->coverage->holes);
    if (totals->earlier > 0)
        fprintf(out, "<p class=\"dim\">%s results are from earlier sessions of the same program.</p>\n",
                count_text(totals->earlier, text));
}

static void log_excerpt(const struct regress_report *report, const struct run_result *result, FILE *out)
{
    char *path = regress_log_path(report->directory, result->key, "log");
    FILE *log = path != NULL ? fopen(path, "r") : NULL;
    char *line = NULL;
    size_t size = 0;

    if (log != NULL) {
        fputs("<details><summary>What it said</summary><pre>", out);
        for (unsigned i = 0; i < LOG_LINES && getline(&line, &size, log) > 0; i++)
            print_escaped(out, line);
        fputs("</pre><p class=\"dim\">All of it: <code>", out);
        print_escaped(out, path);
        fputs("</code></p></details>\n", out);
        fclose(log);
    }
    free(line);
    free(path);
}

/* The minimal script: it is meant to be short enough to be read here. */
static void shrunk(const struct regress_report *report, const struct run_result *result, FILE *out)
{
    char *path = regress_shrunk(report->directory, result);
    FILE *script = path != NULL ? fopen(path, "r") : NULL;
    char *line = NULL;
    size_t size = 0;
    unsigned lines = 0;

    if (script != NULL) {
        fputs("<p>Minimal script: <a href=\"shrunk/", out);
        print_escaped(out, result->key);
        fputs(".tw\"><code>", out);
        print_escaped(out, path);
        fputs("</code></a></p>\n<pre>", out);
        while (lines++ < SCRIPT_LINES && getline(&line, &size, script) > 0)
            print_escaped(out, line);
        fputs(lines > SCRIPT_LINES ? "...</pre>\n" : "</pre>\n", out);
        fclose(script);
    }
    free(line);
    free(path);
}

/* Its wave, with the lines that show it in pictures and in words. */
static void wave_lines(const struct regress_report *report, const struct run_result *result, FILE *out)
{
    static const char *const commands[] = {"wave", "explain"};
    char *path = regress_wave(report->directory, result);

    if (path == NULL)
        return;
    fputs("<p>Its wave: <a href=\"shrunk/", out);
    print_escaped(out, result->key);
    fputs(".fst\"><code>", out);
    print_escaped(out, path);
    fputs("</code></a></p>\n<pre>", out);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char *line = NULL;
        size_t size;
        FILE *memory = open_memstream(&line, &size);
        if (memory == NULL)
            break;
        print_shell_word(memory, program_invocation_name);
        fprintf(memory, " %s ", commands[i]);
        print_shell_word(memory, path);
        fclose(memory);
        print_escaped(out, line);
        fputs("\n", out);
        free(line);
    }
    fputs("</pre>\n", out);
    free(path);
}

static void failures(const struct regress_report *report, FILE *out)
{
    size_t count;
    struct result_group *groups = result_groups(report->results, &count);

    if (count > 0)
        fputs("<h2>Failures</h2>\n", out);
    for (size_t i = 0; i < count; i++) {
        const struct run_result *example = groups[i].example;

        fputs("<div class=\"group\"><p><b>", out);
        print_escaped(out, example->signature);
        fputs("</b></p>\n<p class=\"dim\">", out);
        print_escaped(out, example->kind);
        fprintf(out, ", %zu run%s; earliest in cycle %llu of ", groups[i].count,
                groups[i].count == 1 ? "" : "s", (unsigned long long)example->cycle);
        print_escaped(out, example->series->entry);
        fputs(" on ", out);
        print_escaped(out, example->series->config);
        fputs("</p>\n<pre>", out);
        print_escaped(out, example->command);
        fputs("</pre>\n", out);
        shrunk(report, example, out);
        wave_lines(report, example, out);
        log_excerpt(report, example, out);
        fputs("</div>\n", out);
    }
    free(groups);
}

static void retried(const struct regress_report *report, FILE *out)
{
    unsigned shown = 0;

    for (size_t i = 0; i < report->results->count && shown < RETRIED_SHOWN; i++) {
        const struct run_result *result = &report->results->results[i];

        if (result->attempts < 2)
            continue;
        if (shown++ == 0)
            fputs("<h2>Killed or crashed, and tried again</h2>\n<div class=\"scroll\"><table>\n"
                  "<tr><th>then<th>run\n",
                  out);
        fputs("<tr><td>", out);
        print_escaped(out, result->kind[0] != '\0' ? result->signature : "passed");
        fputs("<td><code>", out);
        print_escaped(out, result->command);
        fputs("</code>\n", out);
    }
    if (shown > 0)
        fputs("</table></div>\n", out);
}

/* Whether no result before this one is of the same entry and configuration. */
static bool first_of_row(const struct result_list *results, size_t index)
{
    const struct series *series = results->results[index].series;

    for (size_t i = 0; i < index; i++)
        if (strcmp(results->results[i].series->entry, series->entry) == 0 &&
            strcmp(results->results[i].series->config, series->config) == 0)
            return false;
    return true;
}

static void runs(const struct regress_report *report, FILE *out)
{
    const struct result_list *results = report->results;
    char text[32];

    fputs("<h2>Runs</h2>\n<div class=\"scroll\"><table>\n<tr><th>entry<th>configuration<th class=\"n\">runs"
          "<th class=\"n\">failed<th class=\"n\">cycles<th class=\"n\">accesses"
          "<th class=\"n\">time of the runs<th class=\"n\">million cycles/s\n",
          out);
    for (size_t i = 0; i < results->count; i++) {
        const struct series *series = results->results[i].series;

        if (!first_of_row(results, i))
            continue;
        struct regress_totals totals = regress_totals(results, series->entry, series->config);
        fputs("<tr><td>", out);
        print_escaped(out, series->entry);
        fputs("<td>", out);
        print_escaped(out, series->config);
        fprintf(out, "<td class=\"n\">%s", count_text(totals.runs, text));
        fprintf(out, "<td class=\"n %s\">%s", totals.failed > 0 ? "bad" : "dim",
                count_text(totals.failed, text));
        fprintf(out, "<td class=\"n\">%s", count_text(totals.cycles, text));
        fprintf(out, "<td class=\"n\">%s", count_text(totals.accesses, text));
        fprintf(out, "<td class=\"n\">%s", duration_text(totals.seconds, text));
        fprintf(out, "<td class=\"n\">%.2f\n",
                totals.seconds > 0 ? (double)totals.cycles / totals.seconds / 1e6 : 0);
    }
    fputs("</table></div>\n", out);
}

int regress_report_html(const struct regress_report *report, const char *path)
{
    struct regress_totals totals = regress_totals(report->results, NULL, NULL);
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    heading(report, &totals, file.stream);
    failures(report, file.stream);
    retried(report, file.stream);
    runs(report, file.stream);
    fputs("</body></html>\n", file.stream);
    return output_file_commit(&file);
}
