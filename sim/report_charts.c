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

#include "regress_report.h"
#include "report.h"

enum {
    LINEAR_SPAN = 10, /* the highest value over the lowest, above which a scale is logarithmic */
    FEW_POINTS = 16,  /* so many have room for their names */
};

/* Curves beyond the colours are dashed. Those of the page: sim/report/chart.js. */
enum { COLOURS = 10, DASHES = 4 };
static const char *const colours[COLOURS] = {"#1d4ed8", "#ea7317", "#15803d", "#c81e1e", "#7e22ce",
                                             "#7a4a21", "#e05ab0", "#6b7280", "#a3a310", "#0ea5b7"};

static const size_t all_workloads = (size_t)REPORT_ALL_WORKLOADS;

/* As a string of gnuplot's in double quotes, without its markup. */
static void put_string(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', out);
        if (*text == '\n')
            fputs("\\n", out);
        else
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

static void put_title(FILE *out, const char *title)
{
    fputs("set title ", out);
    put_string(out, title);
    fputs(" noenhanced\n", out);
}

/* The lowest and the highest of some values. */
struct span {
    double low, high;
};

static void stretch(struct span *span, double value)
{
    span->low = fmin(span->low, value);
    span->high = fmax(span->high, value);
}

/* Where all values are one: gnuplot would widen it too, with a warning. */
static void put_range(FILE *out, const char *which, const struct span *span)
{
    double room = span->low != 0 ? fabs(span->low) * 0.1 : 1;
    if (span->high - span->low < room * 1e-6)
        fprintf(out, "set %srange [%.10g:%.10g]\n", which, span->low - room, span->high + room);
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

/* The metric that is the other half of an area whose gates are the cost; metric_count: there is none. */
static size_t memory_bits(const struct report *report)
{
    size_t metric = 0;
    if (strcmp(report->metrics[report->cost].name, "area.nand2") != 0)
        return report->metric_count;
    while (metric < report->metric_count && strcmp(report->metrics[metric].name, "area.memory_bits") != 0)
        metric++;
    return metric;
}

/* The values that make the point; beside gates the bits of memory. */
static void put_point_name(FILE *out, const struct report *report, size_t workload, size_t point)
{
    char *name = NULL, digits[32];
    size_t size, bits = memory_bits(report);
    FILE *text = open_memstream(&name, &size);
    if (!text)
        return;
    for (size_t i = 0; i < report->axis_count; i++)
        fprintf(text, "%s%s", i > 0 ? ", " : "", report->axes[i].labels[report->points[point].steps[i]]);
    if (bits < report->metric_count) {
        double value = report_value(report, point, workload, bits);
        if (value >= 0)
            fprintf(text, "\n%s memory bits", count_text((uint64_t)llround(value), digits));
    }
    if (fclose(text) == 0)
        put_string(out, name);
    free(name);
}

static void plot_front(FILE *out, const void *context)
{
    const struct front_chart *chart = context;
    const struct report *report = chart->report;
    double(*line)[2] = calloc(report->point_count + 1, sizeof(*line));
    struct span across = {INFINITY, -INFINITY}, up = {INFINITY, -INFINITY};
    size_t count = 0;
    char *title;
    fputs("$all << EOD\n", out);
    for (size_t point = 0; point < report->point_count; point++) {
        double cost = report_value(report, point, chart->workload, report->cost);
        double benefit = report_value(report, point, chart->workload, report->benefit);
        if (isnan(cost) || isnan(benefit))
            continue;
        fprintf(out, "%.10g %.10g ", cost, benefit);
        put_point_name(out, report, chart->workload, point);
        fputc('\n', out);
        stretch(&across, cost);
        stretch(&up, benefit);
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
    if (asprintf(&title, "Pareto front, %s", workload_name(report, chart->workload)) >= 0) {
        put_title(out, title);
        free(title);
    }
    put_label(out, "x", &report->metrics[report->cost]);
    put_label(out, "y", &report->metrics[report->benefit]);
    put_range(out, "x", &across);
    put_range(out, "y", &up);
    fputs("set key outside top center horizontal\nset format x '%.10g'\n"
          "set offsets graph 0.05, graph 0.05, graph 0.12, graph 0.05\n"
          "plot $all with points pt 7 ps 0.7 lc rgb '#9aa5b1' title 'points', "
          "$front with linespoints pt 7 ps 1 lw 2 lc rgb '#c2410c' title 'front'",
          out);
    if (report->point_count <= FEW_POINTS)
        fprintf(out, ", $all using 1:2:3 with labels center offset 0,%s font ',9' noenhanced notitle",
                memory_bits(report) < report->metric_count ? "1.5" : "0.7");
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

/* The values of the reference on all axes but these two, as a title of several lines; to be freed. */
static char *title_text(const struct report *report, const char *what, size_t axis, size_t other)
{
    enum { LINE = 80 };
    char *text = NULL;
    size_t size, column = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fputs(what, out);
    for (size_t i = 0; i < report->axis_count; i++) {
        const char *label = report->axes[i].labels[report->points[report->reference].steps[i]];
        size_t length = strlen(report->axes[i].name) + strlen(label) + 5;
        if (i == axis || i == other)
            continue;
        fputs(column == 0 || column + length > LINE ? "\n" : ", ", out);
        column = column == 0 || column + length > LINE ? length : column + length;
        fprintf(out, "%s = %s", report->axes[i].name, label);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void plot_curve(FILE *out, const void *context)
{
    const struct axis_chart *chart = context;
    const struct report *report = chart->report;
    const struct report_axis *axis = &report->axes[chart->axis];
    struct span up = {INFINITY, -INFINITY};
    char *title = title_text(report, axis->name, chart->axis, chart->axis);
    for (size_t workload = 0; workload < report->workload_count; workload++) {
        fprintf(out, "$w%zu << EOD\n", workload);
        for (size_t step = 0; step < axis->steps; step++) {
            size_t point = point_at(report, chart->axis, step, report->axis_count, 0);
            double value =
                point < report->point_count ? report_value(report, point, workload, report->benefit) : NAN;
            if (isnan(value))
                continue;
            fprintf(out, "%zu %.10g\n", step, value);
            stretch(&up, value);
        }
        fputs("EOD\n", out);
    }
    put_title(out, title ? title : axis->name);
    put_tics(out, "x", axis);
    put_label(out, "y", &report->metrics[report->benefit]);
    /* Beside a workload that is far above the others, these would be flat. */
    if (up.low > 0 && up.high > LINEAR_SPAN * up.low)
        fprintf(out, "set logscale y\nset yrange [%g:%g]\n", up.low / 1.25, up.high * 1.25);
    else
        put_range(out, "y", &up);
    fprintf(out, "set xrange [-0.2:%g]\nset rmargin -1\nset key outside right top\nplot ",
            (double)axis->steps - 0.8);
    for (size_t workload = 0; workload < report->workload_count; workload++) {
        fprintf(out, "%s$w%zu with linespoints pt 7 ps 0.7 lw 2 dt %zu lc rgb '%s' title ",
                workload ? ", " : "", workload, 1 + workload / COLOURS % DASHES, colours[workload % COLOURS]);
        put_string(out, report->workloads[workload]);
    }
    fputs("\n", out);
    free(title);
}

/* ---- A heat map of two axes ---- */

static void plot_heat(FILE *out, const void *context)
{
    const struct axis_chart *chart = context;
    const struct report *report = chart->report;
    const struct report_axis *x = &report->axes[chart->axis], *y = &report->axes[chart->other];
    struct span shades = {INFINITY, -INFINITY};
    char *title = title_text(report, workload_name(report, chart->workload), chart->axis, chart->other);
    fputs("$heat << EOD\n", out);
    for (size_t row = 0; row < y->steps; row++)
        for (size_t column = 0; column < x->steps; column++) {
            size_t point = point_at(report, chart->axis, column, chart->other, row);
            double value = point < report->point_count
                               ? report_value(report, point, chart->workload, report->benefit)
                               : NAN;
            if (isnan(value))
                continue;
            fprintf(out, "%zu %zu %.10g\n", column, row, value);
            stretch(&shades, value);
        }
    fputs("EOD\n", out);
    put_title(out, title ? title : workload_name(report, chart->workload));
    put_tics(out, "x", x);
    put_tics(out, "y", y);
    put_label(out, "cb", &report->metrics[report->benefit]);
    put_range(out, "cb", &shades);
    fprintf(out,
            "set xrange [-0.5:%g]\nset yrange [-0.5:%g]\nunset grid\nunset key\n"
            "set rmargin 14\nset palette defined (0 '#f7fbff', 1 '#5aa2d6')\n"
            "plot $heat using 1:2:($1-.5):($1+.5):($2-.5):($2+.5):3 with boxxyerror fs solid lc palette, "
            "$heat using 1:2:(sprintf('%%.4g', $3)) with labels font ',11' tc rgb '#1c2733' notitle\n",
            (double)x->steps - 0.5, (double)y->steps - 0.5);
    free(title);
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
