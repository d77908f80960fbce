/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs are drawn in rounds: all of a round are chosen by what the rounds before
 * have left, and merged in the order in which they were chosen.
 */
#include "coverage_closing.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"
#include "coverage_steer.h"
#include "job_pool.h"
#include "progress.h"
#include "project_path.h"
#include "random_source.h"

enum {
    ROUND = 8,
    HOLES_OF_RUN = 3, /* that settings are taken from */
    PLAIN_RUNS = 8,   /* one run in so many has the default weights */
};

struct planned_run {
    const char *config;
    struct steering steering;
    uint64_t seed;
    char *file;
    bool done;
};

struct closing {
    const struct closing_options *options;
    struct coverage_data *data;
    struct closing_curve *curve;
    struct random_source source;
    struct job_pool *pool;
    struct mmu_params *params; /* of each configuration */
    uint16_t tries[COVERAGE_POINTS];
    unsigned holes[COVERAGE_POINTS], hole_count;
    bool possible[COVERAGE_POINTS]; /* some configuration has it */
    struct planned_run runs[ROUND];
    uint64_t next_seed, cycles;
    char *program;
};

static int complain(const char *what)
{
    fprintf(stderr, "twinwalk coverage close: %s\n", what);
    return -1;
}

static int find_possible(struct closing *closing)
{
    const struct closing_options *options = closing->options;

    closing->params = calloc(options->config_count, sizeof(*closing->params));
    if (closing->params == NULL)
        return complain("out of memory");
    for (size_t c = 0; c < options->config_count; c++) {
        struct config config;

        if (config_open(&config, options->configs[c], NULL, 0) != 0)
            return -1;
        closing->params[c] = config.mmu;
        config_close(&config);
    }
    for (unsigned i = 0; i < COVERAGE_POINTS; i++)
        for (size_t c = 0; c < options->config_count && coverage_unreachable(i) == NULL; c++)
            closing->possible[i] |= coverage_missing(i, &closing->params[c]) == NULL;
    return 0;
}

/* Lists the holes and notes how far it is. */
static int look(struct closing *closing)
{
    struct closing_curve *curve = closing->curve;
    struct closing_step *grown = realloc(curve->steps, (curve->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return complain("out of memory");
    curve->steps = grown;
    curve->reachable = closing->hole_count = 0;
    for (unsigned i = 0; i < COVERAGE_POINTS; i++) {
        curve->reachable += closing->possible[i];
        if (closing->possible[i] && closing->data->points[i].hits == 0)
            closing->holes[closing->hole_count++] = i;
    }
    grown[curve->count++] =
        (struct closing_step){.cycles = closing->cycles, .hit = curve->reachable - closing->hole_count};
    return 0;
}

/* Of two holes that which has been tried less. */
static unsigned choose_hole(struct closing *closing)
{
    unsigned one = closing->holes[random_below(&closing->source, closing->hole_count)];
    unsigned two = closing->holes[random_below(&closing->source, closing->hole_count)];
    unsigned hole = closing->tries[two] < closing->tries[one] ? two : one;

    if (closing->tries[hole] < UINT16_MAX)
        closing->tries[hole]++;
    return hole;
}

/* A configuration that has the point. */
static size_t choose_config(struct closing *closing, unsigned hole)
{
    size_t config = random_below(&closing->source, (uint32_t)closing->options->config_count);

    while (coverage_missing(hole, &closing->params[config]) != NULL)
        config = (config + 1) % closing->options->config_count;
    return config;
}

static int plan_run(struct closing *closing, unsigned number)
{
    const struct closing_options *options = closing->options;
    struct planned_run *run = &closing->runs[number];
    size_t config = closing->next_seed % options->config_count;

    *run = (struct planned_run){.seed = closing->next_seed++};
    if (asprintf(&run->file, "%s/logs/run-%" PRIu64 ".json", options->directory, run->seed) < 0)
        return complain("out of memory");
    if (options->steer && random_below(&closing->source, PLAIN_RUNS) > 0) {
        unsigned hole = choose_hole(closing);

        config = choose_config(closing, hole);
        if (!steering_add(&run->steering, hole))
            return complain("out of memory");
        for (unsigned i = 1; i < HOLES_OF_RUN; i++) {
            hole = choose_hole(closing);
            if (coverage_missing(hole, &closing->params[config]) == NULL &&
                !steering_add(&run->steering, hole))
                return complain("out of memory");
        }
    }
    run->config = options->configs[config];
    return 0;
}

static int start_run(struct closing *closing, struct planned_run *run)
{
    const struct closing_options *options = closing->options;
    size_t used = 0, room = 2 * run->steering.count + 18;
    char seed[24], cycles[24], *log = NULL, **argv = calloc(room, sizeof(*argv));
    int failed;

    if (argv == NULL || asprintf(&log, "%s/logs/run-%" PRIu64 ".log", options->directory, run->seed) < 0) {
        free(argv);
        return complain("out of memory");
    }
    snprintf(seed, sizeof(seed), "%" PRIu64, run->seed);
    snprintf(cycles, sizeof(cycles), "%" PRIu64, options->cycles);
    char *const head[] = {closing->program,
                          "run",
                          "-q",
                          "-c",
                          (char *)run->config,
                          "--engine",
                          (char *)options->engine,
                          "--judge",
                          "--random",
                          "--seed",
                          seed,
                          "--cycles",
                          cycles,
                          "--coverage",
                          run->file};
    for (; used < sizeof(head) / sizeof(head[0]); used++)
        argv[used] = head[used];
    for (size_t i = 0; i < run->steering.count; i++) {
        argv[used++] = "-s";
        argv[used++] = run->steering.settings[i];
    }
    failed = job_pool_start(closing->pool, &(struct job){.argv = argv, .log = log, .owner = run});
    free(log);
    free(argv);
    return failed;
}

static int merge_run(struct closing *closing, struct planned_run *run)
{
    struct coverage_data *data = coverage_data_read(run->file);
    const char *error;

    if (data == NULL)
        return -1;
    error = coverage_data_merge(closing->data, data);
    closing->cycles += data->runs[0].cycles;
    coverage_data_destroy(data);
    unlink(run->file);
    if (error != NULL) {
        fprintf(stderr, "%s: %s\n", run->file, error);
        return -1;
    }
    return look(closing);
}

static void show_progress(const struct closing *closing)
{
    const struct closing_curve *curve = closing->curve;

    if (!closing->options->progress)
        return;
    fprintf(stderr, "\r%s: %zu runs, %.1f million cycles, %u of %u points   ",
            closing->options->steer ? "steered" : "not steered", curve->count - 1,
            (double)closing->cycles / 1e6, curve->steps[curve->count - 1].hit, curve->reachable);
    fflush(stderr);
}

/* Waits for one run; -1 when it did not pass. */
static int wait_for_run(struct closing *closing, bool *interrupted)
{
    struct job_end end;
    enum job_event event = job_pool_wait(closing->pool, 0.5, &end);
    struct planned_run *run;
    char *log;

    if (event == JOB_FAILED)
        return -1;
    if (event == JOB_INTERRUPTED)
        *interrupted = true;
    if (event != JOB_ENDED)
        return 0;
    run = end.owner;
    if (asprintf(&log, "%s/logs/run-%" PRIu64 ".log", closing->options->directory, run->seed) < 0)
        return complain("out of memory");
    run->done = WIFEXITED(end.status) && WEXITSTATUS(end.status) == 0;
    if (run->done)
        unlink(log);
    else
        fprintf(stderr, "twinwalk coverage close: a run of %s with seed %" PRIu64 " did not pass, see %s\n",
                run->config, run->seed, log);
    free(log);
    return run->done ? 0 : -1;
}

static enum closing_end do_round(struct closing *closing)
{
    unsigned started = 0, ended = 0;
    bool interrupted = false;

    for (unsigned i = 0; i < ROUND; i++)
        if (plan_run(closing, i) != 0)
            return CLOSING_FAILED;
    while (ended < ROUND) {
        while (started < ROUND && job_pool_free(closing->pool) > 0)
            if (start_run(closing, &closing->runs[started++]) != 0)
                return CLOSING_FAILED;
        if (wait_for_run(closing, &interrupted) != 0)
            return CLOSING_FAILED;
        if (interrupted)
            return CLOSING_INTERRUPTED;
        for (ended = 0; ended < ROUND && closing->runs[ended].done;)
            ended++;
        show_progress(closing);
    }
    for (unsigned i = 0; i < ROUND && closing->hole_count > 0; i++)
        if (merge_run(closing, &closing->runs[i]) != 0)
            return CLOSING_FAILED;
    return CLOSING_DONE;
}

static void free_round(struct closing *closing)
{
    for (unsigned i = 0; i < ROUND; i++) {
        if (closing->runs[i].file != NULL)
            unlink(closing->runs[i].file);
        free(closing->runs[i].file);
        steering_free(&closing->runs[i].steering);
        closing->runs[i] = (struct planned_run){0};
    }
}

static enum closing_end do_rounds(struct closing *closing)
{
    const struct closing_options *options = closing->options;

    closing->program = program_path();
    if (closing->program == NULL)
        return CLOSING_FAILED;
    if (find_possible(closing) != 0 || look(closing) != 0)
        return CLOSING_FAILED;
    closing->pool = job_pool_create(options->jobs);
    if (closing->pool == NULL) {
        complain("out of memory");
        return CLOSING_FAILED;
    }
    while (closing->hole_count > 0) {
        enum closing_end end;

        if (closing->cycles >= options->budget)
            return CLOSING_BUDGET;
        end = do_round(closing);
        free_round(closing);
        if (end != CLOSING_DONE)
            return end;
    }
    return CLOSING_DONE;
}

enum closing_end closing_run(const struct closing_options *options, struct coverage_data *data,
                             struct closing_curve *curve)
{
    struct closing *closing = calloc(1, sizeof(*closing));
    enum closing_end end;

    *curve = (struct closing_curve){0};
    if (closing == NULL) {
        complain("out of memory");
        return CLOSING_FAILED;
    }
    closing->options = options;
    closing->data = data;
    closing->curve = curve;
    closing->next_seed = options->seed;
    random_seed(&closing->source, options->seed);
    end = do_rounds(closing);
    if (options->progress)
        progress_clear();
    job_pool_destroy(closing->pool);
    free_round(closing);
    free(closing->params);
    free(closing->program);
    free(closing);
    return end;
}

void closing_curve_free(struct closing_curve *curve)
{
    free(curve->steps);
    *curve = (struct closing_curve){0};
}

void closing_curve_print(const struct closing_curve *curve, FILE *out)
{
    const struct closing_step *last = &curve->steps[curve->count - 1];

    if (last->hit == curve->reachable)
        fprintf(out, "closed after %zu runs, %" PRIu64 " cycles\n", curve->count - 1, last->cycles);
    else
        fprintf(out, "%u holes of %u points left after %zu runs, %" PRIu64 " cycles\n",
                curve->reachable - last->hit, curve->reachable, curve->count - 1, last->cycles);
}
