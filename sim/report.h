/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report of a sweep: its results as a page that needs nothing else, and as
 * charts for papers (docs/report.md). Works on results.json, whose form
 * docs/sweeps.md has.
 */
#ifndef TWINWALK_REPORT_H
#define TWINWALK_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What is added to a sweep's metrics: what the configuration alone tells. */
#define REPORT_ENTRIES "hardware.entries"

struct report_metric {
    const char *name, *unit, *description;
    int better; /* -1: less is better, 1: more, 0: neither */
};

struct report_axis {
    char *name; /* keys with "/" between */
    size_t steps;
    char **labels; /* of the steps */
};

struct report_point {
    const char *error;     /* NULL: its configuration is good */
    size_t *steps;         /* for each axis */
    json_t *configuration; /* values in the order of the keys; NULL: not known here */
};

struct report_run {
    const json_t *json; /* NULL: there is none */
};

/* Numbers are NAN where there is none. Strings belong to `root`. */
struct report {
    json_t *root; /* results.json */
    struct report_axis *axes;
    struct report_point *points;
    const char **workloads;
    struct report_metric *metrics;
    size_t axis_count, point_count, workload_count, metric_count;
    double *values;          /* by point, workload and metric */
    struct report_run *runs; /* by point and workload */
    size_t cost, benefit;    /* metrics: what a point costs, what it is for */
    size_t reference;        /* a point: the best benefit for its cost */
};

/* Reads DIR/results.json. benefit: a metric, or NULL: cycles. false after a message on stderr. */
bool report_read(struct report *report, const char *path, const char *benefit);
void report_free(struct report *report);

/* Of one workload, or of all: their geometric mean, or the arithmetic one where a value is not above 0. */
double report_value(const struct report *report, size_t point, size_t workload, size_t metric);

/* The workload that stands for all. */
enum { REPORT_ALL_WORKLOADS = -1 };

/*
 * Which points are on the Pareto front of cost and benefit: none is as good in both, and better in one. To
 * be freed; NULL: out of memory.
 */
bool *report_front(const struct report *report, size_t workload);

/* The page. false after a message. */
bool report_write_page(const struct report *report, const char *path);

/*
 * Charts as SVG and PNG, in the directory: a curve for each axis; for each workload and all a Pareto front
 * and a heat map of the two axes with most values. 1: there is no gnuplot, which has been told; -1 after a
 * message; else 0.
 */
int report_write_charts(const struct report *report, const char *directory);

#endif
