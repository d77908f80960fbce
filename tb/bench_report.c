/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_report.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "mmu.h"

#include "output_file.h"

typedef void each_function(void *self, const struct bench_stat *stat);

static uint64_t bench_faults(const struct bench_report *report, unsigned fault)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 16; i++)
        sum += report->counts->answers[fault << 4 | i];
    return sum;
}

static double bench_rate(uint64_t count, double seconds)
{
    return seconds > 0 ? (double)count / seconds : 0;
}

static void each_part(const char *name, const char *part, uint64_t count, const char *description,
                      each_function *each, void *self)
{
    char full[96];
    snprintf(full, sizeof(full), "%s.%s", name, part);
    each(self, &(struct bench_stat){.name = full, .count = count, .description = description});
}

static void each_bucket(const char *name, const uint64_t *counts, const char *description,
                        each_function *each, void *self)
{
    for (unsigned i = 0; i < STAT_BUCKETS; i++) {
        char part[32];
        unsigned low = i ? 1u << (i - 1) : 0, high = i ? (1u << i) - 1 : 0;
        if (i == STAT_BUCKETS - 1)
            snprintf(part, sizeof(part), "%u+", low);
        else if (low == high)
            snprintf(part, sizeof(part), "%u", low);
        else
            snprintf(part, sizeof(part), "%u-%u", low, high);
        each_part(name, part, counts[i], description, each, self);
    }
}

static void each_of_model(const struct mmu_stats *model, each_function *each, void *self)
{
    static const char *const sizes[] = {"4k", "2m", "1g"};
    static const char *const levels[] = {"pde", "pdpte", "pml4e", "pml5e"};

#define STAT(section, stat, text)                                                                            \
    each(self, &(struct bench_stat){                                                                         \
                   .name = #section "." #stat, .count = model->section##_##stat, .description = text});
#define STAT_SIZES(section, stat, text)                                                                      \
    for (unsigned i = 0; i < 3; i++)                                                                         \
        each_part(#section "." #stat, sizes[i], model->section##_##stat[i], text, each, self);
#define STAT_LEVELS(section, stat, text)                                                                     \
    for (unsigned i = 0; i < 4; i++)                                                                         \
        each_part(#section "." #stat, levels[i], model->section##_##stat[i], text, each, self);
#define STAT_HISTOGRAM(section, stat, text)                                                                  \
    each_bucket(#section "." #stat, model->section##_##stat, text, each, self);
#include "stats.def"
}

void bench_report_each(const struct bench_report *report, each_function *each, void *self)
{
#define BENCH_STAT(stat, value, text)                                                                        \
    each(self, &(struct bench_stat){.name = stat, .count = value, .description = text});
#define BENCH_REAL(stat, value, text)                                                                        \
    each(self, &(struct bench_stat){.name = stat, .real = value, .is_real = true, .description = text});
#include "bench_stats.def"
    if (report->model)
        each_of_model(report->model, each, self);
}

static void text_line(void *self, const struct bench_stat *stat)
{
    if (stat->is_real)
        fprintf(self, "%-36s %16.6g # %s\n", stat->name, stat->real, stat->description);
    else
        fprintf(self, "%-36s %16" PRIu64 " # %s\n", stat->name, stat->count, stat->description);
}

int bench_report_text(const struct bench_report *report, const char *path)
{
    struct output_file file;
    if (output_file_open(&file, path))
        return -1;
    bench_report_each(report, text_line, file.stream);
    return output_file_commit(&file);
}

/* "a.b.c" becomes object a, in it object b, in it c. */
static void json_member(void *self, const struct bench_stat *stat)
{
    json_t *object = self;
    char name[96];
    char *rest = name;
    snprintf(name, sizeof(name), "%s", stat->name);
    for (char *dot = strchr(rest, '.'); dot; dot = strchr(rest, '.')) {
        *dot = '\0';
        json_t *inner = json_object_get(object, rest);
        if (!inner) {
            inner = json_object();
            json_object_set_new(object, rest, inner);
        }
        object = inner;
        rest = dot + 1;
    }
    json_object_set_new(object, rest,
                        stat->is_real ? json_real(stat->real) : json_integer((json_int_t)stat->count));
}

int bench_report_json(const struct bench_report *report, const char *path)
{
    struct output_file file;
    if (output_file_open(&file, path))
        return -1;
    json_t *root = json_object();
    bench_report_each(report, json_member, root);
    if (report->failure)
        json_object_set_new(root, "failure",
                            json_pack("{s:s, s:s, s:I}", "kind", report->failure->kind, "signature",
                                      report->failure->signature, "cycle",
                                      (json_int_t)report->failure->cycle));
    int failed = json_dumpf(root, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    json_decref(root);
    if (failed) {
        fprintf(stderr, "%s: the statistics could not be written as JSON\n", path);
        output_file_discard(&file);
        return -1;
    }
    fputc('\n', file.stream);
    return output_file_commit(&file);
}

/* 1234567 as "1,234,567"; buffer of at least 32. */
static const char *grouped(uint64_t value, char *buffer)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
    char *to = buffer;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return buffer;
}

static void summary_answers(const struct bench_report *report, FILE *out)
{
    static const struct {
        const char *name;
        unsigned source;
    } rows[] = {{"L1 hits", SOURCE_L1}, {"L2 hits", SOURCE_L2}, {"by walks", SOURCE_WALK}};

    fprintf(out, "%-13s %15s %15s %15s\n", "", "4 KiB", "2 MiB", "1 GiB");
    for (unsigned i = 0; i < 3; i++) {
        fprintf(out, "%-13s", rows[i].name);
        for (unsigned size = PAGE_4K; size <= PAGE_1G; size++) {
            char number[32];
            fprintf(out, " %15s", grouped(report->counts->answers[rows[i].source | size << 2], number));
        }
        fputc('\n', out);
    }
}

static void summary_line(FILE *out, const char *what, uint64_t value, const char *rest)
{
    char number[32];
    fprintf(out, "%-13s %15s  %s\n", what, grouped(value, number), rest);
}

void bench_report_summary(const struct bench_report *report, FILE *out)
{
    static const char *const engines[] = {
        [ENGINE_LOCKSTEP] = "RTL and C model in lockstep",
        [ENGINE_MODEL] = "C model",
        [ENGINE_RTL] = "RTL",
    };
    const uint64_t *ops = report->counts->ops;
    char rest[160];

    fprintf(out, "%s%s\n", engines[report->engine], report->judged ? ", every answer judged" : "");
    summary_line(out, "cycles", report->cycles, "");
    snprintf(rest, sizeof(rest), "%.2f per cycle",
             bench_rate(report->counts->accepted, (double)report->cycles));
    summary_line(out, "accesses", report->counts->accepted, rest);
    summary_answers(report, out);
    if (report->model) {
        snprintf(rest, sizeof(rest), "%" PRIu64 " entries read, %" PRIu64 " reads saved by walk caches",
                 report->model->walker_reads, report->model->walker_steps_saved);
        summary_line(out, "walks", report->model->walker_walks, rest);
    }
    summary_line(out, "page faults", bench_faults(report, FAULT_PAGE), "#PF");
    summary_line(out, "", bench_faults(report, FAULT_NON_CANONICAL), "#GP (address not canonical)");
    summary_line(out, "", bench_faults(report, FAULT_MACHINE_CHECK), "machine checks");
    snprintf(rest, sizeof(rest),
             "INVLPG; INVPCID %" PRIu64 ", CR3 %" PRIu64 ", CR0 %" PRIu64 ", CR4 %" PRIu64 ", EFER %" PRIu64,
             ops[OP_INVPCID], ops[OP_WRITE_CR3], ops[OP_WRITE_CR0], ops[OP_WRITE_CR4], ops[OP_WRITE_EFER]);
    summary_line(out, "invalidations", ops[OP_INVLPG], rest);
    if (report->failures)
        summary_line(out, "failed", report->failures, "expectations");
    summary_line(out, "mismatches", report->mismatches, "");
    fprintf(out, "%-13s %15.3f  million cycles/s, %.3f million accesses/s, %.1f s\n", "speed",
            bench_rate(report->cycles, report->seconds) / 1e6,
            bench_rate(report->counts->accepted, report->seconds) / 1e6, report->seconds);
}
