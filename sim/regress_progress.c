/* SPDX-License-Identifier: Apache-2.0 */
/* How far a regression is, and how long the rest may take. */
#include <stdio.h>

#include "regress_state.h"
#include "steady_clock.h"

enum {
    UNBOUNDED_CYCLES = 20000, /* what a run without a bound counts for */
    /* Of a run, as long as none has ended. */
    CYCLES_PER_SECOND = 300000,
    CYCLES_PER_SECOND_MODEL = 3000000,
};

double regress_expected_cycles(const struct series *series)
{
    return (double)(series->cycles > 0 ? series->cycles : UNBOUNDED_CYCLES);
}

double regress_expected_seconds(const struct regress *regress, const struct series *series)
{
    double cycles = regress->done_cycles, seconds = regress->done_seconds;

    if (seconds <= 0) {
        cycles = series->needs_rtl ? CYCLES_PER_SECOND : CYCLES_PER_SECOND_MODEL;
        seconds = 1;
    }
    return regress_expected_cycles(series) * seconds / cycles;
}

bool regress_has_enough_underway(const struct regress *regress, const struct series *series)
{
    const struct progress *progress = &regress->progress[series - regress->plan->series];
    double mean = regress_expected_seconds(regress, series), left = series->minutes * 60 - progress->seconds;

    return series->minutes > 0 && progress->running >= job_pool_width(regress->options->pool) &&
           progress->running * mean >= left;
}

static void print_estimate(const struct regress *regress)
{
    double left = 0, minutes = 0, elapsed = steady_seconds() - regress->start, seconds;

    for (size_t i = 0; i < regress->plan->series_count; i++) {
        const struct series *series = &regress->plan->series[i];
        const struct progress *progress = &regress->progress[i];
        double runs = progress->running;

        if (!progress->ended && series->minutes > 0)
            minutes += series->minutes * 60 - progress->seconds;
        else if (!progress->ended)
            runs += (double)(series->last_seed - progress->next_seed) + 1;
        left += runs * regress_expected_cycles(series);
    }
    if (left > 0 && regress->done_cycles <= 0)
        return;
    seconds = minutes / job_pool_width(regress->options->pool);
    if (left > 0)
        seconds += left / (regress->done_cycles / elapsed);
    fprintf(stderr, ", ETA %.0f:%02.0f", (seconds - (double)((long)seconds % 60)) / 60,
            (double)((long)seconds % 60));
}

void regress_show_progress(struct regress *regress)
{
    uint64_t total = regress->results->count;
    bool open_end = false;

    if (!regress->options->progress || steady_seconds() - regress->shown < regress_progress_seconds)
        return;
    regress->shown = steady_seconds();
    for (size_t i = 0; i < regress->plan->series_count; i++) {
        const struct series *series = &regress->plan->series[i];
        const struct progress *progress = &regress->progress[i];

        total += progress->running;
        if (series->minutes > 0)
            open_end |= !progress->ended;
        else if (!progress->ended)
            total += series->last_seed - progress->next_seed + 1;
    }
    fprintf(stderr, "\r%zu of %llu%s runs, %zu failed", regress->results->count, (unsigned long long)total,
            open_end ? "+" : "", regress->failed);
    if (regress->retried > 0)
        fprintf(stderr, ", %zu retried", regress->retried);
    print_estimate(regress);
    fputs("    ", stderr);
    fflush(stderr);
}
