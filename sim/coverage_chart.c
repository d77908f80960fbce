/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_chart.h"

#include <inttypes.h>

enum { WIDTH = 720, HEIGHT = 300, LEFT = 60, BOTTOM = 40, TOP = 10, RIGHT = 20, TICKS = 4 };

struct scale {
    double cycles;    /* at the right end */
    double low, high; /* points at the bottom and top */
};

static double x_of(const struct scale *scale, double cycles)
{
    return LEFT + (WIDTH - LEFT - RIGHT) * cycles / scale->cycles;
}

static double y_of(const struct scale *scale, double hit)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (scale->high - hit) / (scale->high - scale->low);
}

static struct scale scale_of(const struct closing_curve curves[2])
{
    struct scale scale = {.cycles = 1, .low = 1e9, .high = 1};

    for (unsigned i = 0; i < 2; i++) {
        if (curves[i].count == 0)
            continue;
        /* What there was before the first run, or with the first when that was nothing. */
        const struct closing_step *first =
            &curves[i].steps[curves[i].count > 1 && curves[i].steps[0].hit == 0];
        const struct closing_step *last = &curves[i].steps[curves[i].count - 1];
        scale.cycles = (double)last->cycles > scale.cycles ? (double)last->cycles : scale.cycles;
        scale.low = (double)first->hit < scale.low ? (double)first->hit : scale.low;
        scale.high = curves[i].reachable > scale.high ? (double)curves[i].reachable : scale.high;
    }
    if (scale.high <= scale.low)
        scale.low = scale.high - 1;
    return scale;
}

static void axes(const struct scale *scale, FILE *out)
{
    for (unsigned i = 0; i <= TICKS; i++) {
        double hit = scale->low + (scale->high - scale->low) * i / TICKS, cycles = scale->cycles * i / TICKS;

        fprintf(out,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"var(--line)\"/>"
                "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>"
                "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.*f</text>\n",
                LEFT, WIDTH - RIGHT, y_of(scale, hit), y_of(scale, hit), LEFT - 8, y_of(scale, hit) + 4, hit,
                x_of(scale, cycles), HEIGHT - BOTTOM + 18, scale->cycles < 2e7 ? 1 : 0, cycles / 1e6);
    }
    fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">million cycles</text>\n",
            (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4);
}

static void line(const struct scale *scale, const struct closing_curve *curve, const char *colour, FILE *out)
{
    fprintf(out, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"", colour);
    for (size_t i = 0; i < curve->count; i++)
        if ((double)curve->steps[i].hit >= scale->low)
            fprintf(out, "%.1f,%.1f ", x_of(scale, (double)curve->steps[i].cycles),
                    y_of(scale, (double)curve->steps[i].hit));
    fputs("\"/>\n", out);
}

/* Cycles after which a curve had that many points; 0: never. */
static uint64_t cycles_until(const struct closing_curve *curve, unsigned hit)
{
    for (size_t i = 0; i < curve->count; i++)
        if (curve->steps[i].hit >= hit)
            return curve->steps[i].cycles;
    return 0;
}

static void table(const struct closing_curve curves[2], FILE *out)
{
    static const char *const names[] = {"steered", "not steered"};
    static const unsigned per_mille[] = {900, 950, 990, 995, 1000};

    fputs("<table><tr><th>million cycles until<th class=\"n\">90 %<th class=\"n\">95 %<th class=\"n\">99 %"
          "<th class=\"n\">99.5 %<th class=\"n\">100 %<th>\n",
          out);
    for (unsigned i = 0; i < 2; i++) {
        if (curves[i].count == 0)
            continue;
        fprintf(out, "<tr><td>%s", names[i]);
        for (unsigned k = 0; k < sizeof(per_mille) / sizeof(per_mille[0]); k++) {
            unsigned wanted = (curves[i].reachable * per_mille[k] + 999) / 1000;
            uint64_t cycles = cycles_until(&curves[i], wanted);

            if (curves[i].steps[curves[i].count - 1].hit < wanted)
                fputs("<td class=\"n\">never", out);
            else
                fprintf(out, "<td class=\"n\">%.1f", (double)cycles / 1e6);
        }
        fputs("<td>", out);
        closing_curve_print(&curves[i], out);
    }
    fputs("</table>\n", out);
}

void coverage_chart(const struct closing_curve curves[2], FILE *out)
{
    static const char *const colours[] = {"var(--good)", "var(--bad)"};
    struct scale scale = scale_of(curves);

    fputs("<h2>Closing</h2>\n<p class=\"dim\">Points hit against cycles: <span class=\"good\">steered</span> "
          "towards the "
          "holes, and <span class=\"bad\">not steered</span>.</p>\n",
          out);
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" style=\"max-width:%dpx;font:12px system-ui;fill:var(--dim)\">\n",
            WIDTH, HEIGHT, WIDTH);
    axes(&scale, out);
    for (unsigned i = 0; i < 2; i++)
        if (curves[i].count > 0)
            line(&scale, &curves[i], colours[i], out);
    fputs("</svg>\n", out);
    table(curves, out);
}
