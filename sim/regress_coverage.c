/* SPDX-License-Identifier: Apache-2.0 */
#include "regress_coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coverage_report.h"
#include "regress_command.h"

char *regress_coverage_path(const char *directory, const char *key)
{
    return regress_log_path(directory, key, "coverage.json");
}

bool regress_coverage_possible(const struct series *series)
{
    for (size_t i = 0; i + 1 < series->options_count; i++)
        if (strcmp(series->options[i], "--engine") == 0)
            return strcmp(series->options[i + 1], "rtl") != 0;
    return true;
}

bool regress_coverage_kept(const char *directory, const struct run_result *result)
{
    char *path = regress_coverage_path(directory, result->key);
    bool kept = path != NULL && access(path, R_OK) == 0;

    free(path);
    return kept;
}

/* One command may stand in several entries of a plan: it counts once. */
static bool has_run(const struct coverage_data *data, const char *command)
{
    for (uint32_t i = 0; i < data->run_count; i++)
        if (strcmp(data->runs[i].command, command) == 0)
            return true;
    return false;
}

static int add_run(struct coverage_data *all, const char *directory, const struct run_result *result)
{
    char *path = regress_coverage_path(directory, result->key);
    struct coverage_data *data = path != NULL ? coverage_data_read(path) : NULL;
    const char *error = NULL;

    if (data != NULL && !has_run(all, data->runs[0].command))
        error = coverage_data_merge(all, data);
    if (error != NULL)
        fprintf(stderr, "%s: %s\n", path, error);
    coverage_data_destroy(data);
    free(path);
    return data == NULL || error != NULL ? -1 : 0;
}

static int write_files(const struct coverage_data *all, const char *directory,
                       struct regress_coverage *coverage)
{
    struct coverage_report *report = coverage_report_create(all);
    char *json = NULL, *html = NULL;
    int failed = -1;

    if (report != NULL && asprintf(&json, "%s/coverage.json", directory) >= 0 &&
        asprintf(&html, "%s/coverage.html", directory) >= 0) {
        failed = coverage_data_write(all, json) | coverage_report_html(report, NULL, html);
        *coverage = (struct regress_coverage){.percent = coverage_percent(&report->all),
                                              .holes = report->all.holes,
                                              .contradictions = report->all.contradictions};
    }
    free(report);
    free(json);
    free(html);
    return failed;
}

int regress_coverage_collect(const char *directory, const struct result_list *results,
                             struct regress_coverage *coverage)
{
    struct coverage_data *all = coverage_data_create();
    int failed = all == NULL ? -1 : 0;

    for (size_t i = 0; i < results->count && !failed; i++)
        if (results->results[i].kind[0] == '\0' && regress_coverage_possible(results->results[i].series))
            failed = add_run(all, directory, &results->results[i]);
    if (!failed)
        failed = write_files(all, directory, coverage);
    coverage_data_destroy(all);
    return failed;
}
