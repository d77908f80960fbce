/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_check.h"
#include "sweep_constraints.h"

const char *sweep_point_value(const struct sweep *sweep, const struct sweep_point *point, size_t axis,
                              size_t key)
{
    return sweep->axes[axis].values[key].words[point->choices[axis]];
}

static bool add_all(struct word_list *list, const struct word_list *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (!word_list_add(list, words->words[i]))
            return false;
    return true;
}

bool sweep_point_settings(const struct sweep *sweep, const struct sweep_point *point,
                          const struct sweep_workload *workload, struct word_list *settings)
{
    bool added = add_all(settings, &sweep->set) && (workload == NULL || add_all(settings, &workload->set));

    for (size_t axis = 0; axis < sweep->axis_count && added; axis++) {
        for (size_t key = 0; key < sweep->axes[axis].keys.count && added; key++) {
            const char *name = sweep->axes[axis].keys.words[key];
            char *setting;

            if (strcmp(name, "config") == 0)
                continue;
            if (asprintf(&setting, "%s=%s", name, sweep_point_value(sweep, point, axis, key)) < 0)
                return false;
            added = word_list_add(settings, setting);
            free(setting);
        }
    }
    return added;
}

int sweep_point_config(struct config *config, const struct sweep *sweep, const struct sweep_point *point,
                       const struct sweep_workload *workload, bool rules, char **error)
{
    struct word_list settings = {0};
    struct hearing hearing;
    int failed;

    *error = NULL;
    if (!sweep_point_settings(sweep, point, workload, &settings)) {
        word_list_free(&settings);
        *error = strdup("out of memory");
        return -1;
    }
    /* A configuration complains on stderr; here that is a result. */
    hearing_begin(&hearing);
    failed = (rules ? config_open : config_load)(config, point->config, (const char *const *)settings.words,
                                                 settings.count);
    *error = hearing_end(&hearing, "the configuration cannot be used");
    word_list_free(&settings);
    if (failed)
        return -1;
    free(*error);
    *error = NULL;
    return 0;
}

void sweep_config_digests(const struct config *config, uint8_t values[DIGEST_BYTES],
                          uint8_t hardware[DIGEST_BYTES])
{
    struct digest *digest = digest_begin();

    digest_config(digest, config);
    digest_finish(digest, values);
    digest = digest_begin();
    digest_bytes(digest, &config->mmu, sizeof(config->mmu));
    digest_finish(digest, hardware);
}

/* About a constraint. */
static void complain(const struct sweep *sweep, size_t which, const char *reason)
{
    const struct sweep_place *place = &sweep->constraint_places[which];

    fprintf(stderr, "%s:%zu:%zu: constraint: %s\n", sweep->path, place->line, place->column, reason);
}

/* Where the configuration cannot even be read there is nothing for constraints to look at. */
static int judge_point(struct sweep_point *point, const struct sweep *sweep,
                       struct sweep_constraints *constraints)
{
    struct config config;
    const char *reason;
    size_t which;
    int hold;

    if (sweep_point_config(&config, sweep, point, NULL, false, &point->error) != 0)
        return 1;
    hold = sweep_constraints_hold(constraints, &config, point->config, &which, &reason);
    if (hold < 0)
        complain(sweep, which, reason);
    sweep_config_digests(&config, point->values, point->hardware);
    config_close(&config);
    if (hold > 0 && sweep_point_config(&config, sweep, point, NULL, true, &point->error) == 0)
        config_close(&config);
    return hold;
}

static void choose(struct sweep_point *point, const struct sweep *sweep, uint64_t number)
{
    point->config = sweep->base;
    for (size_t axis = sweep->axis_count; axis-- > 0; number /= sweep->axes[axis].count) {
        point->choices[axis] = number % sweep->axes[axis].count;
        for (size_t key = 0; key < sweep->axes[axis].keys.count; key++)
            if (strcmp(sweep->axes[axis].keys.words[key], "config") == 0)
                point->config = sweep_point_value(sweep, point, axis, key);
    }
}

static int add_point(struct sweep_points *points, const struct sweep *sweep,
                     struct sweep_constraints *constraints, uint64_t number)
{
    struct sweep_point *point = &points->points[points->count];
    int hold;

    *point = (struct sweep_point){.choices = calloc(sweep->axis_count, sizeof(*point->choices))};
    if (point->choices == NULL)
        return -1;
    choose(point, sweep, number);
    hold = judge_point(point, sweep, constraints);
    if (hold > 0) {
        points->count++;
        return 0;
    }
    free(point->choices);
    points->left_out++;
    return hold;
}

int sweep_points_make(struct sweep_points *points, const struct sweep *sweep)
{
    uint64_t combinations = sweep_combinations(sweep);
    char reason[256];
    size_t place;
    struct sweep_constraints *constraints =
        sweep_constraints_create(&sweep->constraints, reason, sizeof(reason), &place);
    int failed = 0;

    *points = (struct sweep_points){.points = calloc(combinations, sizeof(*points->points))};
    if (constraints == NULL || points->points == NULL) {
        fprintf(stderr, "twinwalk sweep: %s\n", constraints == NULL ? reason : "out of memory");
        failed = -1;
    }
    for (uint64_t number = 0; number < combinations && !failed; number++)
        failed = add_point(points, sweep, constraints, number);
    sweep_constraints_destroy(constraints);
    if (!failed && points->count == 0) {
        complain(sweep, 0,
                 sweep->constraints.count > 1 ? "no combination is left by it and the others"
                                              : "no combination is left by it");
        failed = -1;
    }
    if (failed)
        sweep_points_free(points);
    return failed;
}

void sweep_points_free(struct sweep_points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        free(points->points[i].choices);
        free(points->points[i].error);
    }
    free(points->points);
    *points = (struct sweep_points){0};
}
