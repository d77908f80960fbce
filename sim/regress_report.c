/* SPDX-License-Identifier: Apache-2.0 */
/* Text and JUnit XML. */
#include "regress_report.h"

#include <stdlib.h>
#include <string.h>

#include "output_file.h"
#include "regress_shrink.h"

struct regress_totals regress_totals(const struct result_list *results, const char *entry, const char *config)
{
    struct regress_totals totals = {0};

    for (size_t i = 0; i < results->count; i++) {
        const struct run_result *result = &results->results[i];

        if ((entry != NULL && strcmp(entry, result->series->entry) != 0) ||
            (config != NULL && strcmp(config, result->series->config) != 0))
            continue;
        totals.runs++;
        totals.failed += result->kind[0] != '\0';
        totals.retried += result->attempts > 1;
        totals.earlier += result->earlier;
        totals.cycles += result->cycles;
        totals.accesses += result->accesses;
        totals.seconds += result->seconds;
    }
    return totals;
}

const char *count_text(uint64_t count, char *buffer)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)count);
    char *to = buffer;

    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return buffer;
}

const char *duration_text(double seconds, char *buffer)
{
    unsigned long whole = (unsigned long)seconds;

    if (seconds < 60)
        snprintf(buffer, 32, "%.1f s", seconds);
    else if (whole < 3600)
        snprintf(buffer, 32, "%lum %02lus", whole / 60, whole % 60);
    else
        snprintf(buffer, 32, "%luh %02lum", whole / 3600, whole / 60 % 60);
    return buffer;
}

void print_escaped(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\n':
        case '\t':
            putc(*text, out);
            break;
        default:
            /* Names of files may have any bytes; only ASCII is sure to be valid. */
            putc((unsigned char)*text < ' ' || (unsigned char)*text > '~' ? '?' : *text, out);
            break;
        }
    }
}

void regress_report_text(const struct regress_report *report, FILE *out)
{
    struct regress_totals totals = regress_totals(report->results, NULL, NULL);
    char runs[32], cycles[32], time[32];
    size_t count;
    struct result_group *groups = result_groups(report->results, &count);

    fprintf(out, "%s runs, %zu failed, %s cycles, %s\n", count_text(totals.runs, runs), totals.failed,
            count_text(totals.cycles, cycles), duration_text(report->seconds, time));
    if (totals.earlier > 0)
        fprintf(out, "%zu of the results were there already\n", totals.earlier);
    for (size_t i = 0; i < count; i++) {
        const struct run_result *example = groups[i].example;

        char *shrunk = regress_shrunk(report->directory, example);

        fprintf(out, "\n%zu x %s: %s\n  to reproduce: %s\n", groups[i].count, example->kind,
                example->signature, example->command);
        char *wave = regress_wave(report->directory, example);
        if (shrunk != NULL)
            fprintf(out, "  minimal: %s\n", shrunk);
        if (wave != NULL)
            fprintf(out, "  wave: %s\n", wave);
        free(wave);
        free(shrunk);
    }
    if (count > 0)
        putc('\n', out);
    for (size_t i = 0; i < report->results->count; i++) {
        const struct run_result *result = &report->results->results[i];

        if (result->attempts > 1)
            fprintf(out, "retried, then %s: %s\n", result->kind[0] != '\0' ? result->kind : "passed",
                    result->command);
    }
    if (report->coverage != NULL)
        fprintf(out, "functional coverage: %.2f %%, %u holes, see %s/coverage.html\n",
                report->coverage->percent, report->coverage->holes, report->directory);
    fprintf(out, "report: %s/report.html\n", report->directory);
    free(groups);
}

static void junit_case(FILE *out, const struct run_result *result)
{
    enum verdict verdict = result_verdict(result);
    const char *element = verdict == VERDICT_FAILED ? "failure" : "error";

    fputs("    <testcase classname=\"", out);
    print_escaped(out, result->series->entry);
    putc('.', out);
    print_escaped(out, result->series->config);
    fputs("\" name=\"", out);
    print_escaped(out, result->series->stimulus);
    fprintf(out, ", seed %llu\" time=\"%.3f\"", (unsigned long long)result->seed, result->seconds);
    if (verdict == VERDICT_PASSED) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s type=\"", element);
    print_escaped(out, result->kind);
    fputs("\" message=\"", out);
    print_escaped(out, result->signature);
    fprintf(out, "\">cycle %llu\n", (unsigned long long)result->cycle);
    print_escaped(out, result->command);
    fprintf(out, "</%s>\n    </testcase>\n", element);
}

static size_t count_errors(const struct result_list *results, const char *entry)
{
    size_t errors = 0;

    for (size_t i = 0; i < results->count; i++) {
        enum verdict verdict = result_verdict(&results->results[i]);

        if (strcmp(results->results[i].series->entry, entry) == 0)
            errors += verdict == VERDICT_INPUT || verdict == VERDICT_BROKEN;
    }
    return errors;
}

static void junit_suite(FILE *out, const struct result_list *results, const char *entry)
{
    struct regress_totals totals = regress_totals(results, entry, NULL);
    size_t errors = count_errors(results, entry);

    fputs("  <testsuite name=\"", out);
    print_escaped(out, entry);
    fprintf(out, "\" tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" time=\"%.3f\">\n", totals.runs,
            totals.failed - errors, errors, totals.seconds);
    for (size_t i = 0; i < results->count; i++)
        if (strcmp(results->results[i].series->entry, entry) == 0)
            junit_case(out, &results->results[i]);
    fputs("  </testsuite>\n", out);
}

/* Whether no result before this one is of the same entry. */
static bool first_of_entry(const struct result_list *results, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(results->results[i].series->entry, results->results[index].series->entry) == 0)
            return false;
    return true;
}

int regress_report_junit(const struct regress_report *report, const char *path)
{
    const struct result_list *results = report->results;
    struct output_file file;

    if (output_file_open(&file, path) != 0)
        return -1;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"", file.stream);
    print_escaped(file.stream, report->plan_path);
    fputs("\">\n", file.stream);
    for (size_t i = 0; i < results->count; i++)
        if (first_of_entry(results, i))
            junit_suite(file.stream, results, results->results[i].series->entry);
    fputs("</testsuites>\n", file.stream);
    return output_file_commit(&file);
}
