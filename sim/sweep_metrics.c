/* SPDX-License-Identifier: Apache-2.0 */
#include "sweep_metrics.h"

#include <string.h>

enum { LESS = -1, NEITHER, MORE };
enum { COUNTED, MEASURED };

static const struct sweep_metric metrics[SWEEP_METRICS] = {
#define METRIC(name_, unit_, better_, source, value, description_)                                           \
    {                                                                                                        \
        .name = (name_),                                                                                     \
        .unit = (unit_),                                                                                     \
        .description = (description_),                                                                       \
        .better = (better_),                                                                                 \
        .measured = (source) == MEASURED,                                                                    \
    },
#include "sweep_metrics.def"
};

const struct sweep_metric *sweep_metric(size_t index)
{
    return &metrics[index];
}

int sweep_metric_find(const char *name)
{
    for (int i = 0; i < SWEEP_METRICS; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return i;
    return -1;
}

/* The member "a.b.c" of nested objects, or 0. */
static double statistic_value(const json_t *statistics, const char *name)
{
    const json_t *member = statistics;
    char part[96];
    const char *dot;

    for (; (dot = strchr(name, '.')) != NULL && (size_t)(dot - name) < sizeof(part); name = dot + 1) {
        memcpy(part, name, (size_t)(dot - name));
        part[dot - name] = '\0';
        member = json_object_get(member, part);
    }
    return json_number_value(json_object_get(member, name));
}

/* 0 of nothing. */
static double per(double value, double of)
{
    return of > 0 ? value / of : 0;
}

double sweep_metric_value(size_t index, const json_t *statistics, double instructions)
{
    double accesses = statistic_value(statistics, "bench.accesses");
    double kilo = (instructions > 0 ? instructions : accesses) / 1000;
    size_t number = 0;

#define S(name) statistic_value(statistics, name)
#define METRIC(name, unit, better, source, value, description)                                               \
    if (number++ == index)                                                                                   \
        return value;
#include "sweep_metrics.def"
#undef S
    return 0;
}

void sweep_metrics_print(FILE *out)
{
    static const char *const better[] = {"less", "", "more"};

    fputs("| metric | unit | better | meaning |\n|---|---|---|---|\n", out);
    for (size_t i = 0; i < SWEEP_METRICS; i++)
        fprintf(out, "| `%s` | %s | %s | %s |\n", metrics[i].name, metrics[i].unit,
                better[metrics[i].better + 1], metrics[i].description);
}
