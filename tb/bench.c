/* SPDX-License-Identifier: Apache-2.0 */
/* Sets up what a run needs, runs the loop, and says what came of it. */
#include "bench.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "bench_loop.h"
#include "bench_report.h"
#include "coverage_data.h"
#include "image.h"
#include "progress.h"

enum { EXIT_AGREED, EXIT_DISAGREED, EXIT_BAD_INPUT, EXIT_INTERNAL };

struct bench {
    const struct bench_options *options;
    struct phys_mem *phys;
    struct image *image;
    struct timespec start, last_progress;
    struct bench_loop loop;
};

struct bench_options bench_defaults(const struct mmu_params *params, const struct bench_params *bench,
                                    enum engine engine)
{
    return (struct bench_options){
        .params = params,
        .bench = bench,
        .engine = engine,
        .judge = engine == ENGINE_LOCKSTEP,
    };
}

static uint64_t bound(uint64_t option)
{
    return option ? option : UINT64_MAX;
}

static double seconds_since(const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) * 1e-9;
}

double bench_user_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6;
}

static double peak_memory_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void show_progress(void *self, const struct bench_loop *loop)
{
    struct bench *bench = self;
    if (seconds_since(&bench->last_progress) < 0.5)
        return;
    clock_gettime(CLOCK_MONOTONIC, &bench->last_progress);
    double seconds = seconds_since(&bench->start);
    fprintf(stderr, "\r%8.2f million cycles", (double)loop->cycle / 1e6);
    if (loop->cycle_limit != UINT64_MAX)
        fprintf(stderr, " of %.2f", (double)loop->cycle_limit / 1e6);
    fprintf(stderr, ", %.2f million accesses, %.2f million cycles/s   ", (double)loop->counts.accepted / 1e6,
            (double)loop->cycle / seconds / 1e6);
    fflush(stderr);
}

static void end_progress(const struct bench *bench)
{
    if (bench->loop.progress)
        progress_clear();
}

/*
 * No access needs longer than this, whatever the memory's parameters: a walk is
 * at most 5 reads and 5 exchanges, may wait for all others of the miss queue
 * and be sent back by changes of its entries some times.
 */
static uint64_t hang_limit(const struct bench_params *bench)
{
    uint64_t request = bench->memory.dram_latency + bench->memory.jitter + 16;
    uint64_t refused = 1000 / (1001 - bench->memory.backpressure);
    return 20000 + 2000 * (request + refused);
}

static int open_stimulus(struct bench *bench)
{
    const struct bench_options *options = bench->options;
    const struct stimulus_env env = {
        .params = options->params,
        .bench = options->bench,
        .phys = bench->phys,
        .memory = bench->loop.memory,
        .image = bench->image,
        .seed = options->seed,
        .max_accesses = bound(options->accesses),
        .silent = options->told_before,
    };
    if (options->open_stimulus)
        return options->open_stimulus(options->open_self, &env, &bench->loop.stimulus);
    if (options->script)
        return script_open(options->script, &env, &bench->loop.stimulus);
    if (options->trace)
        return trace_open(options->trace, &env, &bench->loop.stimulus);
    return random_open(&env, &bench->loop.stimulus);
}

static int out_of_memory(void)
{
    fprintf(stderr, "twinwalk: out of memory\n");
    return EXIT_INTERNAL;
}

static void record_write(void *self, uint64_t addr, uint64_t old_value, uint64_t new_value)
{
    struct bench *bench = self;
    bench_events_write(bench->loop.events, bench->loop.cycle, addr, old_value, new_value);
}

/* Judge and record come last: the tables that a stimulus builds at its start are not changes. */
static int open_watchers(struct bench *bench)
{
    const struct bench_options *options = bench->options;
    struct bench_loop *loop = &bench->loop;

    if (options->judge) {
        loop->judge = judge_create(options->params, bench->phys);
        if (!loop->judge)
            return out_of_memory();
    }
    if (options->judge || options->engine == ENGINE_LOCKSTEP || options->listener.event ||
        options->visitor.visit || options->record || options->wave) {
        loop->events = bench_events_create();
        if (!loop->events)
            return out_of_memory();
        phys_mem_watch(bench->phys, record_write, bench);
    }
    if (options->coverage) {
        loop->coverage = coverage_create(options->params);
        if (!loop->coverage)
            return out_of_memory();
    }
    if (options->record)
        bench_events_listen(loop->events, record_start(options->record, bench->phys));
    if (options->listener.event) {
        bench_events_listen(loop->events, options->listener);
        if (loop->mmu && !options->visitor.visit && bench_loop_observe(loop))
            return out_of_memory();
    }
    if (options->wave) {
        loop->wave = wave_create(options->wave, loop, options->params, options->reproduce);
        if (!loop->wave)
            return EXIT_BAD_INPUT;
    }
    if (options->results) {
        loop->results = bench_results_open(options->results);
        if (!loop->results)
            return EXIT_BAD_INPUT;
    }
    return EXIT_AGREED;
}

static int open_all(struct bench *bench)
{
    const struct bench_options *options = bench->options;
    struct bench_loop *loop = &bench->loop;

    bench->phys = loop->phys = phys_mem_create();
    if (!bench->phys)
        return out_of_memory();
    if (options->image) {
        bench->image = image_open(options->image, bench->phys);
        if (!bench->image)
            return EXIT_BAD_INPUT;
    }
    loop->memory = memory_create(options->bench, bench->phys, options->seed);
    if (!loop->memory)
        return out_of_memory();
    if (open_stimulus(bench))
        return EXIT_BAD_INPUT;
    if (options->engine != ENGINE_RTL) {
        loop->mmu = mmu_create(options->params);
        if (!loop->mmu)
            return out_of_memory();
    }
    if (options->engine != ENGINE_MODEL) {
        loop->rtl = rtl_open(options->params);
        if (!loop->rtl)
            return EXIT_INTERNAL;
    }
    loop->visitor = options->visitor;
    loop->cycle_limit = bound(options->cycles);
    loop->hang_limit = hang_limit(options->bench);
    if (options->progress) {
        loop->progress = show_progress;
        loop->progress_self = bench;
    }
    return open_watchers(bench);
}

static void close_all(struct bench *bench)
{
    struct bench_loop *loop = &bench->loop;

    bench_results_close(loop->results);
    wave_destroy(loop->wave);
    mmu_events_destroy(loop->mmu_events);
    bench_events_destroy(loop->events);
    judge_destroy(loop->judge);
    coverage_destroy(loop->coverage);
    if (loop->rtl)
        rtl_close(loop->rtl);
    mmu_destroy(loop->mmu);
    if (loop->stimulus.destroy)
        loop->stimulus.destroy(loop->stimulus.self);
    memory_destroy(loop->memory);
    phys_mem_destroy(bench->phys);
    if (bench->image)
        image_close(bench->image);
}

/* What rtl_report() says, shown and kept for the signature. */
static void report_mismatch(const struct bench_loop *loop, struct bench_failure *failure)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out) {
        rtl_report(loop->rtl, loop->mmu, out);
        fclose(out);
    }
    fputs(text ? text : "out of memory\n", stderr);
    bench_failure_of_loop(failure, loop, text ? text : "");
    free(text);
}

static void explain_failure(const struct bench *bench, struct bench_failure *failure)
{
    const struct bench_loop *loop = &bench->loop;

    if (loop->outcome != OUTCOME_MISMATCH)
        bench_failure_of_loop(failure, loop, "");
    fprintf(stderr, "twinwalk: cycle %" PRIu64 ": ", loop->cycle);
    switch (loop->outcome) {
    case OUTCOME_MISMATCH:
        fprintf(stderr, "RTL and C model differ\n");
        report_mismatch(loop, failure);
        break;
    case OUTCOME_ILLEGAL:
        fprintf(stderr, "illegal by the architecture\n%s\n", judge_verdict(loop->judge));
        break;
    case OUTCOME_PROTOCOL:
        fprintf(stderr, "%s\n", loop->message);
        break;
    case OUTCOME_HANG:
        fprintf(stderr, "the MMU hangs: %s\n", loop->message);
        break;
    default:
        fprintf(stderr, "%s\n", loop->message);
        break;
    }
    if (loop->events)
        bench_events_print(loop->events, stderr);
    if (bench->options->reproduce)
        fprintf(stderr, "to reproduce: %s\n", bench->options->reproduce);
}

/* Only what passed has been checked: of a run that failed there is no coverage. */
static int write_coverage(const struct bench *bench, struct bench_failure *failure)
{
    const struct bench_options *options = bench->options;
    if (failure->kind) {
        fprintf(stderr, "%s: not written, the run failed\n", options->coverage);
        return 0;
    }
    struct coverage_data *data =
        coverage_data_of_run(options->config_name, options->params, options->coverage_command,
                             bench->loop.cycle, coverage_hits(bench->loop.coverage));
    if (!data) {
        out_of_memory();
        return -1;
    }
    char point[2 * COVERAGE_NAME_BYTES];
    if (coverage_contradictions(data, point, sizeof(point)))
        bench_failure_of_coverage(failure, &bench->loop, point);
    int failed = coverage_data_write(data, options->coverage);
    coverage_data_destroy(data);
    return failed;
}

static int write_outputs(const struct bench *bench, const struct bench_report *report)
{
    const struct bench_options *options = bench->options;
    int failed = 0;

    if (bench->loop.results)
        failed |= bench_results_commit(bench->loop.results);
    if (options->stats)
        failed |= bench_report_text(report, options->stats);
    if (options->json)
        failed |= bench_report_json(report, options->json);
    if (!options->quiet) {
        bench_report_summary(report, stdout);
        failed |= fflush(stdout);
    }
    return failed;
}

static int run(struct bench *bench)
{
    struct bench_loop *loop = &bench->loop;

    clock_gettime(CLOCK_MONOTONIC, &bench->start);
    bench->last_progress = bench->start;
    double user_start = bench_user_seconds();
    bench_loop_start(loop);
    enum bench_outcome outcome = bench_loop_run(loop);
    double seconds = seconds_since(&bench->start);
    double user = bench_user_seconds() - user_start;
    end_progress(bench);
    struct bench_failure failure = {0};
    bool told = loop->visitor.ended && loop->visitor.ended(loop->visitor.self, loop);
    if (outcome != OUTCOME_DONE && outcome != OUTCOME_STOPPED && !told)
        explain_failure(bench, &failure);
    bool wave_failed = loop->wave && wave_end(loop->wave);

    /* UINT64_MAX: the input turned out bad on the way (stimulus.h), which has been said. Of a run that was
     * stopped nothing more was to be expected. */
    uint64_t failures = loop->stimulus.failures && outcome != OUTCOME_STOPPED
                            ? loop->stimulus.failures(loop->stimulus.self)
                            : 0;
    bool input_broke = failures == UINT64_MAX;
    if (outcome == OUTCOME_DONE && failures && !input_broke)
        bench_failure_of_stimulus(&failure, loop);
    if (bench->options->failure)
        *bench->options->failure = failure;
    if (bench->options->record)
        record_offered(bench->options->record, loop->cycle, &loop->offer);
    if (loop->coverage && !input_broke && write_coverage(bench, &failure))
        return EXIT_BAD_INPUT;
    bool contradicted = loop->coverage && failure.kind && outcome == OUTCOME_DONE && !failures;
    const struct bench_report report = {
        .engine = bench->options->engine,
        .cycles = loop->cycle,
        .seconds = seconds,
        .user_seconds = user,
        .peak_memory_mib = peak_memory_mib(),
        .judged = loop->judge != NULL,
        .judge_forgotten = loop->judge ? judge_forgotten(loop->judge) : 0,
        .mismatches = outcome != OUTCOME_DONE && outcome != OUTCOME_STUCK && outcome != OUTCOME_STOPPED,
        .failures = input_broke ? 0 : failures,
        .counts = &loop->counts,
        .memory = memory_statistics(loop->memory),
        .model = loop->mmu ? mmu_statistics(loop->mmu) : NULL,
        .failure = failure.kind ? &failure : NULL,
    };
    if (write_outputs(bench, &report) || (wave_failed && outcome == OUTCOME_DONE && !failures))
        return EXIT_BAD_INPUT;
    if (outcome == OUTCOME_STUCK)
        return EXIT_INTERNAL;
    if (input_broke && !report.mismatches)
        return EXIT_BAD_INPUT;
    return report.mismatches || report.failures || contradicted ? EXIT_DISAGREED : EXIT_AGREED;
}

int bench_run(const struct bench_options *options)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    if (!bench)
        return out_of_memory();
    bench->options = options;
    int code = open_all(bench);
    if (code == EXIT_AGREED)
        code = run(bench);
    close_all(bench);
    free(bench);
    return code;
}
