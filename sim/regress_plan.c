/* SPDX-License-Identifier: Apache-2.0 */
/* From the YAML of a plan to its series: values, file names, configurations. */
#include "regress_plan.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"
#include "options.h"
#include "project_path.h"
#include "regress_digest.h"
#include "regress_file.h"

enum { DEFAULT_LIMIT_MINUTES = 60, MAX_SERIES = 100000 };

/* What all series of an entry have in common. */
struct common {
    uint64_t first_seed, last_seed, cycles, accesses;
    double minutes, limit;
    const char *engine;
    char *image; /* NULL: none; to be freed */
};

struct reader {
    struct plan_file file;
    struct plan *plan;
    struct mmu_params *rtl; /* parameters of the builds so far */
    unsigned entry;         /* being read */
    struct common common;
};

static int complain(const struct reader *reader, enum plan_key key, const char *what)
{
    return plan_file_complain(&reader->file, reader->entry, key, 0, "%s", what);
}

static int read_count(const struct reader *reader, enum plan_key key, const char *name, const char *text,
                      uint64_t *count)
{
    if (text == NULL)
        return 0;
    if (!parse_count(text, count) || *count == 0)
        return plan_file_complain(&reader->file, reader->entry, key, 0,
                                  "%s: '%.40s' is not a number above 0 (k, M and G may follow it)", name,
                                  text);
    return 0;
}

/* Minutes may have a fraction. */
static int read_minutes(const struct reader *reader, enum plan_key key, const char *name, const char *text,
                        double *minutes)
{
    char *end;

    if (text == NULL)
        return 0;
    *minutes = strtod(text, &end);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || !(*minutes > 0 && *minutes <= 1e6))
        return plan_file_complain(&reader->file, reader->entry, key, 0,
                                  "%s: '%.40s' is not a number of minutes above 0", name, text);
    return 0;
}

/* "3" or "1-100". */
static int read_seeds(struct reader *reader, const char *text)
{
    struct common *common = &reader->common;
    char first[32];
    const char *dash = text != NULL ? strchr(text, '-') : NULL;

    common->first_seed = 1;
    common->last_seed = common->minutes > 0 ? UINT64_MAX : 1;
    if (text == NULL)
        return 0;
    snprintf(first, sizeof(first), "%.*s", dash != NULL ? (int)(dash - text) : (int)strlen(text), text);
    if (!parse_count(first, &common->first_seed) ||
        !parse_count(dash != NULL ? dash + 1 : first, &common->last_seed) ||
        common->last_seed < common->first_seed)
        return plan_file_complain(&reader->file, reader->entry, PLAN_SEEDS, 0,
                                  "seeds: '%.40s' is neither a number nor a range such as 1-100", text);
    if (dash != NULL && common->last_seed - common->first_seed >= 1000000)
        return complain(reader, PLAN_SEEDS, "seeds: more than a million");
    return 0;
}

/* The path of a file that the plan names, to be freed; NULL after a message. */
static char *find_file(const struct reader *reader, enum plan_key key, unsigned element, const char *name)
{
    char *path = project_path(name);
    struct stat status;

    if (path != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, R_OK) == 0)
        return path;
    free(path);
    plan_file_complain(&reader->file, reader->entry, key, element, "%.200s: no such file", name);
    return NULL;
}

static bool plain_name(const char *name)
{
    for (const char *c = name; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("_-.", *c) == NULL)
            return false;
    return true;
}

static int read_common(struct reader *reader, const struct plan_entry *entry)
{
    struct common *common = &reader->common;

    *common = (struct common){.engine = "lockstep", .limit = DEFAULT_LIMIT_MINUTES};
    if (!plain_name(entry->name))
        return complain(reader, PLAN_NAME, "name: must be of letters, digits, _, - and .");
    for (unsigned i = 0; i < reader->entry; i++)
        if (strcmp(reader->file.runs[i].name, entry->name) == 0)
            return complain(reader, PLAN_NAME, "name: another entry has it");
    if (entry->engine != NULL)
        common->engine = entry->engine;
    if (strcmp(common->engine, "lockstep") != 0 && strcmp(common->engine, "model") != 0 &&
        strcmp(common->engine, "rtl") != 0)
        return complain(reader, PLAN_ENGINE, "engine: must be lockstep, model or rtl");
    if (read_count(reader, PLAN_CYCLES, "cycles", entry->cycles, &common->cycles) != 0 ||
        read_count(reader, PLAN_ACCESSES, "accesses", entry->accesses, &common->accesses) != 0 ||
        read_minutes(reader, PLAN_MINUTES, "minutes", entry->minutes, &common->minutes) != 0 ||
        read_minutes(reader, PLAN_LIMIT, "limit", entry->limit, &common->limit) != 0 ||
        read_seeds(reader, entry->seeds) != 0)
        return -1;
    if (entry->random == 0 && entry->scripts_count == 0 && entry->traces_count == 0)
        return complain(reader, PLAN_ENTRY, "no stimulus: give random, scripts or traces");
    if (entry->random != 0 && common->cycles == 0 && common->accesses == 0)
        return complain(reader, PLAN_ENTRY, "random needs a bound for each run: cycles or accesses");
    if (entry->image != NULL) {
        common->image = find_file(reader, PLAN_IMAGE, 0, entry->image);
        if (common->image == NULL)
            return -1;
    }
    return 0;
}

static int add_option(struct series *series, const char *option)
{
    char **grown = realloc(series->options, (series->options_count + 1) * sizeof(*grown));
    char *copy = strdup(option);

    if (grown != NULL)
        series->options = grown;
    if (grown == NULL || copy == NULL) {
        free(copy);
        return -1;
    }
    grown[series->options_count++] = copy;
    return 0;
}

static int add_count_option(struct series *series, const char *option, uint64_t count)
{
    char text[24];

    if (count == 0)
        return 0;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
    return add_option(series, option) | add_option(series, text);
}

static int add_options(struct series *series, const struct reader *reader, const struct plan_entry *entry,
                       const char *stimulus, const char *path)
{
    const struct common *common = &reader->common;
    int failed = add_option(series, "-c") | add_option(series, series->config);

    for (unsigned i = 0; i < entry->set_count; i++)
        failed |= add_option(series, "-s") | add_option(series, entry->set[i]);
    series->config_options = series->options_count;
    if (strcmp(common->engine, "lockstep") != 0)
        failed |= add_option(series, "--engine") | add_option(series, common->engine) |
                  add_option(series, "--judge");
    failed |= add_option(series, stimulus);
    if (path != NULL)
        failed |= add_option(series, path);
    if (common->image != NULL)
        failed |= add_option(series, "--image") | add_option(series, common->image);
    return failed | add_count_option(series, "--cycles", common->cycles) |
           add_count_option(series, "--accesses", common->accesses);
}

/* The number of the RTL build with these parameters. */
static int number_rtl(struct reader *reader, const struct mmu_params *params, unsigned *number)
{
    struct mmu_params *grown;

    for (*number = 0; *number < reader->plan->rtl_count; ++*number)
        if (memcmp(&reader->rtl[*number], params, sizeof(*params)) == 0)
            return 0;
    grown = realloc(reader->rtl, (*number + 1) * sizeof(*grown));
    if (grown == NULL)
        return -1;
    grown[*number] = *params;
    reader->rtl = grown;
    reader->plan->rtl_count++;
    return 0;
}

/* One series; path NULL: random. */
static int add_series(struct reader *reader, const struct plan_entry *entry, unsigned config_index,
                      const struct config *config, const char *stimulus, const char *path)
{
    struct plan *plan = reader->plan;
    const struct common *common = &reader->common;
    struct series *grown, *series;

    if (plan->series_count >= MAX_SERIES)
        return complain(reader, PLAN_ENTRY, "too many combinations");
    grown = realloc(plan->series, (plan->series_count + 1) * sizeof(*grown));
    if (grown == NULL)
        return complain(reader, PLAN_ENTRY, "out of memory");
    plan->series = grown;
    series = &grown[plan->series_count++];
    *series = (struct series){
        .entry = strdup(entry->name),
        .config = strdup(entry->configs[config_index]),
        .stimulus = strdup(path != NULL ? path : "random"),
        .first_seed = common->first_seed,
        .last_seed = common->last_seed,
        .cycles = common->cycles,
        .minutes = common->minutes,
        .limit_minutes = common->limit,
        .needs_rtl = strcmp(common->engine, "model") != 0,
    };
    if (series->entry == NULL || series->config == NULL || series->stimulus == NULL ||
        add_options(series, reader, entry, stimulus, path) != 0 ||
        (series->needs_rtl && number_rtl(reader, &config->mmu, &series->rtl) != 0))
        return complain(reader, PLAN_ENTRY, "out of memory");
    if (digest_of_series(series->digest, config, path, common->image) != 0)
        return complain(reader, PLAN_ENTRY, "a file of the stimulus cannot be read");
    return 0;
}

/* A name of a list of files: a path or a pattern, from here or from the project's root. */
static int add_files(struct reader *reader, const struct plan_entry *entry, unsigned config_index,
                     const struct config *config, enum plan_key key, unsigned element)
{
    const char *name = (key == PLAN_SCRIPTS ? entry->scripts : entry->traces)[element];
    const char *stimulus = key == PLAN_SCRIPTS ? "--script" : "--trace";
    const char *slash = strrchr(name, '/');
    char *directory, *folder, *pattern = NULL;
    glob_t found = {0};
    int failed = 0;

    if (strpbrk(name, "*?[") == NULL) {
        char *path = find_file(reader, key, element, name);

        failed = path == NULL || add_series(reader, entry, config_index, config, stimulus, path) != 0;
        free(path);
        return failed ? -1 : 0;
    }
    folder = slash != NULL ? strndup(name, (size_t)(slash - name) + 1) : strdup("./");
    directory = folder != NULL ? project_path(folder) : NULL;
    if (directory == NULL || asprintf(&pattern, "%s/%s", directory, slash != NULL ? slash + 1 : name) < 0)
        pattern = NULL;
    if (pattern == NULL || glob(pattern, 0, NULL, &found) != 0 || found.gl_pathc == 0)
        failed =
            plan_file_complain(&reader->file, reader->entry, key, element, "%.200s: no such files", name);
    for (size_t i = 0; i < found.gl_pathc && !failed; i++) {
        /* project_path leaves the slash of the folder, and the pattern adds one. */
        char *twice = strstr(found.gl_pathv[i], "//");

        if (twice != NULL)
            memmove(twice, twice + 1, strlen(twice));
        failed = add_series(reader, entry, config_index, config, stimulus, found.gl_pathv[i]);
    }
    globfree(&found);
    free(pattern);
    free(directory);
    free(folder);
    return failed;
}

static int add_config(struct reader *reader, const struct plan_entry *entry, unsigned index)
{
    struct config config;
    int failed = 0;

    for (unsigned i = 0; i < index; i++)
        if (strcmp(entry->configs[i], entry->configs[index]) == 0)
            return plan_file_complain(&reader->file, reader->entry, PLAN_CONFIGS, index,
                                      "configs: %.60s is given twice", entry->configs[index]);
    if (config_open(&config, entry->configs[index], (const char *const *)entry->set, entry->set_count) != 0)
        return plan_file_complain(&reader->file, reader->entry, PLAN_CONFIGS, index,
                                  "%.60s: the configuration cannot be used", entry->configs[index]);
    if (entry->random != 0)
        failed = add_series(reader, entry, index, &config, "--random", NULL);
    for (unsigned i = 0; i < entry->scripts_count && !failed; i++)
        failed = add_files(reader, entry, index, &config, PLAN_SCRIPTS, i);
    for (unsigned i = 0; i < entry->traces_count && !failed; i++)
        failed = add_files(reader, entry, index, &config, PLAN_TRACES, i);
    config_close(&config);
    return failed;
}

/* A file named twice would be run twice under one name. */
static int check_repeats(const struct reader *reader, size_t first)
{
    const struct plan *plan = reader->plan;

    for (size_t i = first; i < plan->series_count; i++)
        for (size_t j = first; j < i; j++)
            if (strcmp(plan->series[i].stimulus, plan->series[j].stimulus) == 0 &&
                strcmp(plan->series[i].config, plan->series[j].config) == 0)
                return plan_file_complain(&reader->file, reader->entry, PLAN_ENTRY, 0,
                                          "%.200s is given twice", plan->series[i].stimulus);
    return 0;
}

static int add_entry(struct reader *reader, const struct plan_entry *entry)
{
    size_t first = reader->plan->series_count;
    int failed = read_common(reader, entry);

    for (unsigned i = 0; i < entry->configs_count && !failed; i++)
        failed = add_config(reader, entry, i);
    if (!failed)
        failed = check_repeats(reader, first);
    free(reader->common.image);
    return failed;
}

int plan_open(struct plan *plan, const char *path)
{
    struct reader reader = {.plan = plan};
    int failed = 0;

    *plan = (struct plan){0};
    if (plan_file_read(&reader.file, path) != 0)
        return -1;
    for (reader.entry = 0; reader.entry < reader.file.runs_count && !failed; reader.entry++)
        failed = add_entry(&reader, &reader.file.runs[reader.entry]);
    plan_file_close(&reader.file);
    free(reader.rtl);
    if (failed)
        plan_close(plan);
    return failed;
}

void plan_close(struct plan *plan)
{
    for (size_t i = 0; i < plan->series_count; i++) {
        struct series *series = &plan->series[i];

        for (size_t option = 0; option < series->options_count; option++)
            free(series->options[option]);
        free(series->options);
        free(series->entry);
        free(series->config);
        free(series->stimulus);
    }
    free(plan->series);
    *plan = (struct plan){0};
}
