/* SPDX-License-Identifier: Apache-2.0 */
/* Charts for papers: gnuplot draws each as SVG and as PNG. */
#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

enum {
    LINEAR_SPAN = 10, /* the highest value over the lowest, above which a scale is logarithmic */
    FEW_POINTS = 16,  /* so many have room for their names */
};

static const size_t all_workloads = (size_t)REPORT_ALL_WORKLOADS;

/* As a string of gnuplot's in double quotes, without its markup. */
static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        putc((unsigned char)*text < ' ' ? ' ' : *text, out);
    }
    putc('"', out);
}

static void put_label(FILE *out, const char *axis, const struct report_metric *metric)
{
    char *label;
    if (asprintf(&label, "%s%s%s%s", metric->name, *metric->unit ? " [" : "", metric->unit,
                 *metric->unit ? "]" : "") < 0)
        return;
    fprintf(out, "set %slabel ", axis);
    put_string(out, label);
    fputs(" noenhanced\n", out);
    free(label);
}

static void put_title(FILE *out, const char *what, const char *workload)
{
    char *title;
    if (asprintf(&title, "%s, %s", what, workload) < 0)
        return;
    fputs("set title ", out);
    put_string(out, title);
    fputs(" noenhanced\n", out);
    free(title);
}

static const char *workload_name(const struct report *report, size_t workload)
{
    if (workload != all_workloads)
        return report->workloads[workload];
    return report->workload_count == 1 ? report->workloads[0] : "all workloads (mean)";
}

/* Draws what `plot` writes once for each format. Names become those of files: what is no letter or digit,
 * "_". */
static void draw(FILE *out, const char *directory, const char *kind, const char *name,
                 void (*plot)(FILE *out, const void *context), const void *context)
{
    static const struct {
        const char *terminal, *ending;
    } formats[] = {{"svg size 720,480 dynamic background rgb 'white' font 'sans,13'", "svg"},
                   {"pngcairo size 1440,960 fontscale 1.8 linewidth 2 background rgb 'white'", "png"}};
    char *file;
    if (asprintf(&file, "%s-%s", kind, name) < 0)
        return;
    for (char *c = file; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.", *c))
            *c = '_';
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        char *path;
        if (asprintf(&path, "%s/%s.%s", directory, file, formats[i].ending) < 0)
            break;
        fprintf(out, "reset\nset terminal %s\nset output ", formats[i].terminal);
        put_string(out, path);
        fputs("\nset grid back lc rgb '#dddddd'\nset border 3\nset tics nomirror noenhanced\nset rmargin 4\n"
              "set key noenhanced\n",
              out);
        plot(out, context);
        fputs("unset output\n", out);
        free(path);
    }
    free(file);
}

/* ---- The Pareto front ---- */

struct front_chart {
    const struct report *report;
    size_t workload;
    bool *front;
};

static int by_cost(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (left[0] > right[0]) - (left[0] < right[0]);
}

/* The values that make the point. */
static void put_point_name(FILE *out, const struct report *report, size_t point)
{
    char *name = NULL;
    size_t size;
    FILE *text = open_memstream(&name, &size);
    if (!text)
        return;
    for (size_t i = 0; i < report->axis_count; i++)
        fprintf(text, "%s%s", i > 0 ? ", " : "", report->axes[i].labels[report->points[point].steps[i]]);
    if (fclose(text) == 0)
        put_string(out, name);
    free(name);
}

static void plot_front(FILE *out, const void *context)
{
    const struct front_chart *chart = context;
    const struct report *report = chart->report;
    double(*line)[2] = calloc(report->point_count + 1, sizeof(*line));
    double low = INFINITY, high = -INFINITY;
    size_t count = 0;
    fputs("$all << EOD\n", out);
    for (size_t point = 0; point < report->point_count; point++) {
        double cost = report_value(report, point, chart->workload, report->cost);
        double benefit = report_value(report, point, chart->workload, report->benefit);
        if (isnan(cost) || isnan(benefit))
            continue;
        fprintf(out, "%.10g %.10g ", cost, benefit);
        put_point_name(out, report, point);
        fputc('\n', out);
        low = fmin(low, cost);
        high = fmax(high, cost);
        if (chart->front[point] && line) {
            line[count][0] = cost;
            line[count++][1] = benefit;
        }
    }
    if (line)
        qsort(line, count, sizeof(*line), by_cost);
    fputs("EOD\n$front << EOD\n", out);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%.10g %.10g\n", line[i][0], line[i][1]);
    fputs("EOD\n", out);
    free(line);
    put_title(out, "Pareto front", workload_name(report, chart->workload));
    put_label(out, "x", &report->metrics[report->cost]);
    put_label(out, "y", &report->metrics[report->benefit]);
    /* gnuplot would complain. */
    if (low == high)
        fprintf(out, "set xrange [%g:%g]\n", low - 1, high + 1);
    fputs("set key outside top center horizontal\nset format x '%.10g'\n"
          "set offsets graph 0.05, graph 0.05, graph 0.05, graph 0.05\n"
          "plot $all with points pt 7 ps 0.7 lc rgb '#9aa5b1' title 'points', "
          "$front with linespoints pt 7 ps 1 lw 2 lc rgb '#c2410c' title 'front'",
          out);
    if (report->point_count <= FEW_POINTS)
        fputs(", $all using 1:2:3 with labels center offset 0,0.7 font ',9' noenhanced notitle", out);
    fputc('\n', out);
}

/* ---- A curve along one axis ---- */

struct axis_chart {
    const struct report *report;
    size_t axis, other, workload; /* the last two: of a heat map */
};

/* The point at these steps of two axes and those of the reference elsewhere; point_count: there is none. */
static size_t point_at(const struct report *report, size_t axis, size_t step, size_t other, size_t other_step)
{
    const struct report_point *reference = &report->points[report->reference];
    size_t point = 0;
    for (; point < report->point_count; point++) {
        bool match = true;
        for (size_t i = 0; match && i < report->axis_count; i++) {
            size_t wanted = i == axis ? step : i == other ? other_step : reference->steps[i];
            match = report->points[point].steps[i] == wanted;
        }
        if (match)
            break;
    }
    return point;
}

static void put_tics(FILE *out, const char *which, const struct report_axis *axis)
{
    fprintf(out, "set %stics (", which);
    for (size_t step = 0; step < axis->steps; step++) {
        fputs(step ? ", " : "", out);
        put_string(out, axis->labels[step]);
        fprintf(out, " %zu", step);
    }
    fputs(")\n", out);
    fprintf(out, "set %slabel ", which);
    put_string(out, axis->name);
    fputs(" noenhanced\n", out);
}

static char *reference_text(const struct report *report)
{
    char *text;
    return asprintf(&text, "all else as in point %zu", report->reference) < 0 ? NULL : text;
}

static void plot_curve(FILE *out, const void *context)
{
    const struct axis_chart *chart = context;
    const struct report *report = chart->report;
    const struct report_axis *axis = &report->axes[chart->axis];
    double low = INFINITY, high = 0;
    char *rest = reference_text(report);
    for (size_t workload = 0; workload < report->workload_count; workload++) {
        fprintf(out, "$w%zu << EOD\n", workload);
        for (size_t step = 0; step < axis->steps; step++) {
            size_t point = point_at(report, chart->axis, step, report->axis_count, 0);
            double value =
                point < report->point_count ? report_value(report, point, workload, report->benefit) : NAN;
            if (isnan(value))
                continue;
            fprintf(out, "%zu %.10g\n", step, value);
            low = fmin(low, value);
            high = fmax(high, value);
        }
        fputs("EOD\n", out);
    }
    put_title(out, axis->name, rest ? rest : "");
    put_tics(out, "x", axis);
    put_label(out, "y", &report->metrics[report->benefit]);
    /* Beside a workload that is far above the others, these would be flat. */
    if (low > 0 && high > LINEAR_SPAN * low)
        fprintf(out, "set logscale y\nset yrange [%g:%g]\n", low / 1.25, high * 1.25);
    fprintf(out, "set xrange [-0.2:%g]\nset rmargin -1\nset key outside right top\nplot ",
            (double)axis->steps - 0.8);
    for (size_t workload = 0; workload < report->workload_count; workload++) {
        fprintf(out, "%s$w%zu with linespoints pt 7 ps 0.7 lw 2 title ", workload ? ", " : "", workload);
        put_string(out, report->workloads[workload]);
    }
    fputs("\n", out);
    free(rest);
}

/* ---- A heat map of two axes ---- */

static void plot_heat(FILE *out, const void *context)
{
    const struct axis_chart *chart = context;
    const struct report *report = chart->report;
    const struct report_axis *x = &report->axes[chart->axis], *y = &report->axes[chart->other];
    char *rest = reference_text(report);
    fputs("$heat << EOD\n", out);
    for (size_t row = 0; row < y->steps; row++)
        for (size_t column = 0; column < x->steps; column++) {
            size_t point = point_at(report, chart->axis, column, chart->other, row);
            double value = point < report->point_count
                               ? report_value(report, point, chart->workload, report->benefit)
                               : NAN;
            if (!isnan(value))
                fprintf(out, "%zu %zu %.10g\n", column, row, value);
        }
    fputs("EOD\n", out);
    put_title(out, workload_name(report, chart->workload), rest ? rest : "");
    put_tics(out, "x", x);
    put_tics(out, "y", y);
    put_label(out, "cb", &report->metrics[report->benefit]);
    fprintf(out,
            "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\nunset grid\nunset key\n"
            "set rmargin 14\nset palette defined (0 '#f7fbff', 1 '#5aa2d6')\n"
            "plot $heat using 1:2:($1-.5):($1+.5):($2-.5):($2+.5):3 with boxxyerror fs solid lc palette, "
            "$heat using 1:2:(sprintf('%%.4g', $3)) with labels font ',11' tc rgb '#1c2733' notitle\n",
            (double)x->steps - 0.5, (double)y->steps - 0.5);
    free(rest);
}

/* The two axes with most values, the first of equals. false: there is only one. */
static bool widest_axes(const struct report *report, struct axis_chart *chart)
{
    chart->axis = chart->other = report->axis_count;
    for (size_t i = 0; i < report->axis_count; i++) {
        if (chart->axis == report->axis_count || report->axes[i].steps > report->axes[chart->axis].steps) {
            chart->other = chart->axis;
            chart->axis = i;
        } else if (chart->other == report->axis_count ||
                   report->axes[i].steps > report->axes[chart->other].steps) {
            chart->other = i;
        }
    }
    return chart->other < report->axis_count;
}

/* Whether there is a benefit at one of these steps at least; other == axis_count: of one axis. gnuplot draws
 * nothing of nothing. */
static bool has_value(const struct axis_chart *chart, size_t workload)
{
    const struct report *report = chart->report;
    size_t rows = chart->other < report->axis_count ? report->axes[chart->other].steps : 1;
    for (size_t step = 0; step < report->axes[chart->axis].steps; step++)
        for (size_t row = 0; row < rows; row++) {
            size_t point = point_at(report, chart->axis, step, chart->other, row);
            if (point < report->point_count && !isnan(report_value(report, point, workload, report->benefit)))
                return true;
        }
    return false;
}

static void draw_front(const struct report *report, size_t workload, const char *directory, FILE *out)
{
    struct front_chart chart = {
        .report = report, .workload = workload, .front = report_front(report, workload)};
    bool any = false;
    for (size_t point = 0; chart.front && point < report->point_count; point++)
        any = any || chart.front[point];
    if (any)
        draw(out, directory, "pareto", workload == all_workloads ? "all" : report->workloads[workload],
             plot_front, &chart);
    free(chart.front);
}

static void draw_heat(const struct report *report, size_t workload, const char *directory, FILE *out)
{
    struct axis_chart chart = {.report = report, .workload = workload};
    if (widest_axes(report, &chart) && has_value(&chart, workload))
        draw(out, directory, "heat", workload == all_workloads ? "all" : report->workloads[workload],
             plot_heat, &chart);
}

static void draw_all(const struct report *report, const char *directory, FILE *out)
{
    draw_front(report, all_workloads, directory, out);
    draw_heat(report, all_workloads, directory, out);
    for (size_t i = 0; report->workload_count > 1 && i < report->workload_count; i++) {
        draw_front(report, i, directory, out);
        draw_heat(report, i, directory, out);
    }
    struct axis_chart chart = {.report = report, .other = report->axis_count};
    for (chart.axis = 0; chart.axis < report->axis_count; chart.axis++) {
        bool any = false;
        for (size_t workload = 0; workload < report->workload_count; workload++)
            any = any || has_value(&chart, workload);
        if (any)
            draw(out, directory, "axis", report->axes[chart.axis].name, plot_curve, &chart);
    }
}

/* Starts gnuplot; *in is what it reads. The error, or 0. */
static int start_gnuplot(pid_t *pid, FILE **in)
{
    char *const argv[] = {"gnuplot", "-", NULL};
    posix_spawn_file_actions_t actions;
    int ends[2];
    if (pipe(ends) != 0)
        return errno;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    int error = posix_spawnp(pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    *in = error ? NULL : fdopen(ends[1], "w");
    if (!*in)
        close(ends[1]);
    return error;
}

int report_write_charts(const struct report *report, const char *directory)
{
    pid_t pid = 0;
    FILE *in = NULL;
    int status = 0;
    if (mkdir(directory, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        return -1;
    }
    int error = start_gnuplot(&pid, &in);
    if (error == ENOENT) {
        fprintf(
            stderr,
            "twinwalk report: no charts as SVG and PNG: there is no gnuplot (Debian package gnuplot-nox)\n");
        rmdir(directory);
        return 1;
    }
    if (error) {
        fprintf(stderr, "twinwalk report: gnuplot: %s\n", strerror(error));
        return -1;
    }
    if (in) {
        draw_all(report, directory, in);
        fclose(in);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (in && status == 0)
        return 0;
    fprintf(stderr, "twinwalk report: gnuplot could not draw the charts\n");
    return -1;
}
