/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct coverage_data *coverage_data_create(void)
{
    return calloc(1, sizeof(struct coverage_data));
}

void coverage_data_destroy(struct coverage_data *data)
{
    if (!data)
        return;
    for (uint32_t i = 0; i < data->config_count; i++)
        free(data->configs[i].name);
    for (uint32_t i = 0; i < data->run_count; i++)
        free(data->runs[i].command);
    free(data->configs);
    free(data->runs);
    free(data);
}

struct coverage_data *coverage_data_of_run(const char *config_name, const struct mmu_params *params,
                                           const char *command, uint64_t cycles,
                                           const struct coverage_hits *hits)
{
    struct coverage_data *data = coverage_data_create();
    if (!data)
        return NULL;
    data->configs = calloc(1, sizeof(*data->configs));
    data->runs = calloc(1, sizeof(*data->runs));
    if (data->configs && data->runs) {
        data->configs[0] = (struct coverage_config){.name = strdup(config_name), .params = *params};
        data->runs[0] = (struct coverage_run){.command = strdup(command), .cycles = cycles};
        data->config_count = data->run_count = 1;
    }
    if (!data->run_count || !data->configs[0].name || !data->runs[0].command) {
        coverage_data_destroy(data);
        return NULL;
    }
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        if (hits->count[i])
            data->points[i] =
                (struct coverage_total){.hits = hits->count[i], .configs = 1, .first = hits->first[i]};
    return data;
}

/* ---- Merging ---- */

/* Two sorted lists made one: where each of them has gone. */
struct merged {
    struct coverage_config *configs;
    struct coverage_run *runs;
    uint32_t *config_at[2], *run_at[2];
    uint32_t config_count, run_count;
};

static const char *merge_configs(struct merged *merged, const struct coverage_data *one,
                                 const struct coverage_data *two)
{
    uint32_t i = 0, j = 0, count = 0;
    while (i < one->config_count || j < two->config_count) {
        int order = i == one->config_count   ? 1
                    : j == two->config_count ? -1
                                             : strcmp(one->configs[i].name, two->configs[j].name);
        if (order == 0 && memcmp(&one->configs[i].params, &two->configs[j].params, sizeof(struct mmu_params)))
            return "one name stands for two machines";
        merged->configs[count] = order <= 0 ? one->configs[i] : two->configs[j];
        if (order <= 0)
            merged->config_at[0][i++] = count;
        if (order >= 0)
            merged->config_at[1][j++] = count;
        count++;
    }
    merged->config_count = count;
    return count > COVERAGE_MAX_CONFIGS ? "more configurations than 62" : NULL;
}

static const char *merge_runs(struct merged *merged, const struct coverage_data *one,
                              const struct coverage_data *two)
{
    uint32_t i = 0, j = 0, count = 0;
    while (i < one->run_count || j < two->run_count) {
        int order = i == one->run_count   ? 1
                    : j == two->run_count ? -1
                                          : strcmp(one->runs[i].command, two->runs[j].command);
        if (order == 0)
            return "a run is there already";
        unsigned from = order > 0;
        struct coverage_run run = from ? two->runs[j] : one->runs[i];
        run.config = merged->config_at[from][run.config];
        merged->runs[count] = run;
        merged->run_at[from][from ? j++ : i++] = count++;
    }
    merged->run_count = count;
    return NULL;
}

static uint64_t moved_configs(uint64_t configs, const uint32_t *to)
{
    uint64_t moved = 0;
    for (; configs; configs &= configs - 1)
        moved |= 1ull << to[__builtin_ctzll(configs)];
    return moved;
}

static void merge_point(struct coverage_total *point, const struct coverage_total *other,
                        const struct merged *merged)
{
    point->configs = moved_configs(point->configs, merged->config_at[0]);
    point->run = point->hits ? merged->run_at[0][point->run] : 0;
    if (!other->hits)
        return;
    uint32_t run = merged->run_at[1][other->run];
    bool earlier =
        !point->hits || other->first < point->first || (other->first == point->first && run < point->run);
    point->hits += other->hits;
    point->configs |= moved_configs(other->configs, merged->config_at[1]);
    if (earlier) {
        point->first = other->first;
        point->run = run;
    }
}

/* Names and commands of what `two` alone has become copies; false: no memory. */
static bool own_texts(struct merged *merged, const struct coverage_data *two)
{
    bool complete = true;
    for (uint32_t j = 0; j < two->config_count; j++) {
        char **name = &merged->configs[merged->config_at[1][j]].name;
        if (*name == two->configs[j].name)
            complete &= (*name = strdup(*name)) != NULL;
    }
    for (uint32_t j = 0; j < two->run_count; j++) {
        char **command = &merged->runs[merged->run_at[1][j]].command;
        complete &= (*command = strdup(*command)) != NULL;
    }
    return complete;
}

static bool allocate(struct merged *merged, const struct coverage_data *one, const struct coverage_data *two)
{
    merged->configs = calloc(one->config_count + two->config_count + 1u, sizeof(*merged->configs));
    merged->runs = calloc(one->run_count + two->run_count + 1u, sizeof(*merged->runs));
    merged->config_at[0] = calloc(one->config_count + 1u, sizeof(uint32_t));
    merged->config_at[1] = calloc(two->config_count + 1u, sizeof(uint32_t));
    merged->run_at[0] = calloc(one->run_count + 1u, sizeof(uint32_t));
    merged->run_at[1] = calloc(two->run_count + 1u, sizeof(uint32_t));
    return merged->configs && merged->runs && merged->config_at[0] && merged->config_at[1] &&
           merged->run_at[0] && merged->run_at[1];
}

const char *coverage_data_merge(struct coverage_data *data, const struct coverage_data *other)
{
    struct merged merged = {0};
    const char *error = allocate(&merged, data, other) ? NULL : "out of memory";
    if (!error)
        error = merge_configs(&merged, data, other);
    if (!error)
        error = merge_runs(&merged, data, other);
    if (!error && !own_texts(&merged, other))
        error = "out of memory";
    if (!error) {
        for (unsigned i = 0; i < COVERAGE_POINTS; i++)
            merge_point(&data->points[i], &other->points[i], &merged);
        free(data->configs);
        free(data->runs);
        data->configs = merged.configs;
        data->runs = merged.runs;
        data->config_count = merged.config_count;
        data->run_count = merged.run_count;
    } else {
        free(merged.configs);
        free(merged.runs);
    }
    for (unsigned i = 0; i < 2; i++) {
        free(merged.config_at[i]);
        free(merged.run_at[i]);
    }
    return error;
}

/* ---- What it means ---- */

enum coverage_status coverage_status(const struct coverage_data *data, unsigned point, const char **why)
{
    bool hit = data->points[point].hits;
    const char *missing = NULL;
    *why = coverage_unreachable(point);
    if (*why)
        return hit ? COVERAGE_CONTRADICTION : COVERAGE_UNREACHABLE;
    bool somewhere = false;
    for (uint32_t i = 0; i < data->config_count; i++) {
        const char *lacks = coverage_missing(point, &data->configs[i].params);
        somewhere |= !lacks;
        if (lacks && (data->points[point].configs >> i & 1))
            missing = lacks;
        if (lacks)
            *why = lacks;
    }
    if (missing) {
        *why = missing;
        return COVERAGE_CONTRADICTION;
    }
    if (somewhere)
        *why = NULL;
    if (hit)
        return COVERAGE_HIT;
    return somewhere || !data->config_count ? COVERAGE_HOLE : COVERAGE_NOT_HERE;
}

unsigned coverage_contradictions(const struct coverage_data *data, char *first, size_t size)
{
    char name[COVERAGE_NAME_BYTES];
    unsigned count = 0;
    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        const char *why;
        const struct coverage_total *point = &data->points[i];
        if (!point->hits || coverage_status(data, i, &why) != COVERAGE_CONTRADICTION)
            continue;
        const char *group = coverage_group(coverage_group_of(i))->name;
        coverage_point_name(i, name);
        if (!count++)
            snprintf(first, size, "%s/%s", group, name);
        fprintf(stderr,
                "coverage: %s/%s is hit, first in cycle %llu, though coverage.def says otherwise (%s)\n"
                "  to reproduce: %s\n",
                group, name, (unsigned long long)point->first, why, data->runs[point->run].command);
    }
    return count;
}
