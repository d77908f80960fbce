/* SPDX-License-Identifier: Apache-2.0 */
/* Waves: both sides with the same names and values, differences in their first cycle, the cycles that were
 * wanted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "config.h"
#include "fst_file.h"
#include "test_files.h"

#define DIRECTORY "build/test_wave"
#define MESSAGES  DIRECTORY "/messages"

enum { SEED = 5, CYCLES = 12000 };

/* Flips a bit of the RTL at the beginning of a cycle. */
struct disturbance {
    uint64_t cycle;
    const char *name;
    unsigned bit;
    bool done;
};

static void disturb(void *self, struct bench_loop *loop)
{
    struct disturbance *disturbance = self;
    if (loop->cycle >= disturbance->cycle) {
        assert_true(rtl_disturb(loop->rtl, disturbance->name, disturbance->bit));
        loop->visit = UINT64_MAX;
    } else {
        loop->visit = disturbance->cycle;
    }
}

/* A random run on tiny; returns its exit code, and what it said on stderr. */
static int run(const struct wave_options *wave, struct disturbance *disturbance,
               struct bench_failure *failure, char *messages, size_t room)
{
    static char unread[8192];
    struct config config;
    mkdir(DIRECTORY, 0777);
    assert_int_equal(config_open(&config, "tiny", NULL, 0), 0);
    struct bench_options options = bench_defaults(&config.mmu, &config.bench, ENGINE_LOCKSTEP);
    options.random = options.quiet = true;
    options.seed = SEED;
    options.cycles = CYCLES;
    options.wave = wave;
    options.failure = failure;
    options.reproduce = "the command";
    if (disturbance)
        options.visitor = (struct bench_visitor){.self = disturbance, .visit = disturb};
    int saved = catch_messages(MESSAGES);
    int code = bench_run(&options);
    release_messages(saved, MESSAGES, messages ? messages : unread, messages ? room : sizeof(unread));
    config_close(&config);
    return code;
}

static struct fst_file *open_wave(const char *path)
{
    struct fst_file *file = fst_file_open(path);
    assert_non_null(file);
    assert_string_equal(file->comment, "the command");
    return file;
}

/* The signal of the RTL that stands for one of the model. */
static const struct fst_signal *rtl_twin(const struct fst_file *file, const char *path)
{
    char name[512];
    snprintf(name, sizeof(name), "TOP.mmu.%s", path);
    const struct fst_signal *twin = fst_file_find(file, name);
    snprintf(name, sizeof(name), "TOP.%s", path);
    return twin ? twin : fst_file_find(file, name);
}

/* The values of two signals side by side, compared whenever time moves on. */
struct pairs {
    char **values; /* by handle */
    const struct fst_signal *const *rtl, *const *model;
    size_t count;
    uint64_t time, compared, differing;
    const char *differs;
};

static void compare_pairs(struct pairs *pairs)
{
    for (size_t i = 0; i < pairs->count; i++) {
        const char *r = pairs->values[pairs->rtl[i]->handle], *m = pairs->values[pairs->model[i]->handle];
        pairs->compared++;
        if (!r || !m || strcmp(r, m) != 0) {
            pairs->differing++;
            pairs->differs = pairs->model[i]->path;
        }
    }
}

static void take_change(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct pairs *pairs = self;
    if (time != pairs->time)
        compare_pairs(pairs);
    pairs->time = time;
    free(pairs->values[handle]);
    pairs->values[handle] = strdup(value);
}

static void test_twins(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/twins.fst");
    wave.to = 1500;
    assert_int_equal(run(&wave, NULL, NULL, NULL, 0), 0);
    struct fst_file *file = open_wave(wave.path);
    const struct fst_signal **all = calloc(2 * file->count + 1, sizeof(struct fst_signal *));
    const struct fst_signal **rtl = all, **model = all + file->count / 2;
    size_t count = 0, twins = 0, differences = 0, texts = 0;
    uint32_t highest = 0;
    for (size_t i = 0; i < file->count; i++) {
        const struct fst_signal *signal = &file->signals[i];
        highest = signal->handle > highest ? signal->handle : highest;
        texts += signal->bits == 0;
        differences += strncmp(signal->path, "diff.u_", 7) == 0;
        if (strncmp(signal->path, "cmodel.", 7) != 0 || strstr(signal->path, ".written_"))
            continue;
        twins++;
        const struct fst_signal *twin = rtl_twin(file, signal->path + 7);
        if (!twin)
            fail_msg("%s has no twin in the RTL", signal->path);
        assert_int_equal(twin ? twin->bits : 0, signal->bits);
        /* Those of a channel mean something only with its valid. */
        if (strncmp(signal->path, "cmodel.u_", 9) != 0 || strstr(signal->path, "lookup_stage.lookup_"))
            continue;
        rtl[count] = twin;
        model[count++] = signal;
    }
    if (twins < 200 || count < 200 || differences < 80 || texts < 30)
        fail_msg("%zu twins, %zu compared, %zu differences, %zu texts", twins, count, differences, texts);
    struct pairs pairs = {.rtl = rtl, .model = model, .count = count, .time = file->start};
    pairs.values = calloc(highest + 1, sizeof(*pairs.values));
    const struct fst_signal **both = calloc(2 * count + 1, sizeof(struct fst_signal *));
    memcpy(both, rtl, count * sizeof(struct fst_signal *));
    memcpy(both + count, model, count * sizeof(struct fst_signal *));
    fst_file_changes(file, both, 2 * count, take_change, &pairs);
    compare_pairs(&pairs);
    assert_true(pairs.compared > 100 * count);
    if (pairs.differing)
        fail_msg("%s is not as in the RTL", pairs.differs);
    assert_int_equal(fst_file_last(file, fst_file_find(file, "diff.any")), 0);
    assert_int_equal(file->start, 0);
    assert_int_equal(file->end / 2, 1499);
    for (size_t i = 0; i <= highest; i++)
        free(pairs.values[i]);
    free(pairs.values);
    free(both);
    free(all);
    fst_file_close(file);
}

/* A sum over all that signals of the RTL do between two times. */
struct sum {
    uint64_t from, to, value, changes;
    const struct fst_file *file;
    const uint32_t *number; /* by handle, the same in both files */
};

static void add_change(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct sum *sum = self;
    if (time < sum->from || time >= sum->to)
        return;
    uint64_t hash = 14695981039346656037ull ^ time * 31 ^ sum->number[handle];
    for (; *value; value++)
        hash = (hash ^ (uint8_t)*value) * 1099511628211ull;
    sum->value += hash;
    sum->changes++;
}

static struct sum sum_of(const char *path, uint64_t from, uint64_t to)
{
    struct fst_file *file = open_wave(path);
    const struct fst_signal **signals = calloc(file->count + 1, sizeof(struct fst_signal *));
    uint32_t *number = calloc(file->count + 1, sizeof(*number));
    size_t count = 0;
    for (size_t i = 0; i < file->count; i++)
        /* Verilator's variables of loops keep what they were in loops that did not run since. */
        if (strncmp(file->signals[i].path, "TOP.", 4) == 0 && !strstr(file->signals[i].path, ".unnamedblk")) {
            number[file->signals[i].handle] = (uint32_t)i;
            signals[count++] = &file->signals[i];
        }
    struct sum sum = {.from = from, .to = to, .file = file, .number = number};
    fst_file_changes(file, signals, count, add_change, &sum);
    free(number);
    free(signals);
    fst_file_close(file);
    return sum;
}

/* What the RTL does after a change of builds is what it does without one, in every signal, inputs too. */
static void test_window_is_part_of_whole(void **state)
{
    (void)state;
    struct wave_options whole = wave_defaults(DIRECTORY "/whole.fst");
    struct wave_options part = wave_defaults(DIRECTORY "/part.fst");
    part.from = 7001;
    part.to = 7600;
    assert_int_equal(run(&whole, NULL, NULL, NULL, 0), 0);
    assert_int_equal(run(&part, NULL, NULL, NULL, 0), 0);
    struct sum expected = sum_of(whole.path, 2 * 7002, 2 * 7600), got = sum_of(part.path, 2 * 7002, 2 * 7600);
    assert_true(expected.changes > 10000);
    assert_int_equal(got.changes, expected.changes);
    assert_int_equal(got.value, expected.value);
    struct fst_file *file = open_wave(part.path);
    assert_int_equal(file->start / 2, 7001);
    assert_int_equal(file->end / 2, 7599);
    fst_file_close(file);
}

/* The texts of lanes that begin in a cycle, one behind the other. */
struct beginnings {
    uint64_t cycle;
    char texts[1 << 14];
};

static void add_beginning(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct beginnings *beginnings = self;
    size_t used = strlen(beginnings->texts);
    (void)handle;
    int length = (int)strlen(value); /* but for a blank, which ends a text that comes again at once */
    length -= length && value[length - 1] == ' ';
    if (time / 2 == beginnings->cycle && value[0] && value[0] != ' ')
        snprintf(beginnings->texts + used, sizeof(beginnings->texts) - used, "%.*s\n", length, value);
}

static void find_beginnings(const char *path, struct beginnings *beginnings)
{
    static const char *const lanes[] = {"events.operation", "events.invalidation", "events.port_0",
                                        "events.port_1",    "events.port_2",       "events.walker_0",
                                        "events.fill",      "events.drop"};
    struct fst_file *file = open_wave(path);
    beginnings->texts[0] = '\0';
    for (size_t i = 0; i < sizeof(lanes) / sizeof(lanes[0]); i++) {
        const struct fst_signal *signal = fst_file_find(file, lanes[i]);
        assert_non_null(signal);
        fst_file_changes(file, &signal, 1, add_beginning, beginnings);
    }
    fst_file_close(file);
}

/* What is told before the wave is opened in its first cycle is in it: acceptances, operations, hits. */
static void test_first_cycle_is_told(void **state)
{
    (void)state;
    struct wave_options whole = wave_defaults(DIRECTORY "/told.fst");
    struct wave_options part = wave_defaults(DIRECTORY "/told_part.fst");
    static struct beginnings expected, got;
    unsigned seen = 0;
    whole.to = 60;
    assert_int_equal(run(&whole, NULL, NULL, NULL, 0), 0);
    for (uint64_t cycle = 0; cycle < 56; cycle += cycle < 8 ? 1 : 4) {
        expected.cycle = got.cycle = cycle;
        part.from = cycle;
        part.to = cycle + 3;
        assert_int_equal(run(&part, NULL, NULL, NULL, 0), 0);
        find_beginnings(whole.path, &expected);
        find_beginnings(part.path, &got);
        /* A text of before may hold in the first cycle too. */
        for (char *line = strtok(expected.texts, "\n"); line; line = strtok(NULL, "\n"), seen++)
            if (!strstr(got.texts, line))
                fail_msg("cycle %u: not told: %s", (unsigned)cycle, line);
    }
    assert_in_range(seen, 6, 100);
}

struct rise {
    uint64_t time;
};

static void note_rise(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct rise *rise = self;
    (void)handle;
    if (strchr(value, '1') && !rise->time)
        rise->time = time;
}

/* The cycle in which a signal is not 0 any more; 0: it always is. */
static uint64_t first_cycle(struct fst_file *file, const char *path)
{
    const struct fst_signal *signal = fst_file_find(file, path);
    struct rise rise = {0};
    assert_non_null(signal);
    fst_file_changes(file, &signal, 1, note_rise, &rise);
    return rise.time / 2;
}

static uint64_t last(struct fst_file *file, const char *path)
{
    const struct fst_signal *signal = fst_file_find(file, path);
    assert_non_null(signal);
    return fst_file_last(file, signal);
}

/* A snapshot plays the failure again and goes on after it. */
static void test_failure(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/failure.fst");
    struct disturbance disturbance = {.cycle = 9000, .name = "mmu__DOT__u_control__DOT__pkru_q", .bit = 3};
    struct bench_failure failure = {0}, without = {0};
    char messages[8192];
    wave.on_failure = true;
    wave.every = 2000;
    wave.before = 700;
    wave.after = 50;
    assert_int_equal(run(NULL, &disturbance, &without, NULL, 0), 1);
    assert_int_equal(run(&wave, &disturbance, &failure, messages, sizeof(messages)), 1);
    assert_int_equal(failure.cycle, 9001);
    assert_int_equal(failure.cycle, without.cycle);
    assert_string_equal(failure.signature, without.signature);
    assert_non_null(strstr(messages, "wave: " DIRECTORY "/failure.fst: cycles 8301 to 9051\n"));
    struct fst_file *file = open_wave(wave.path);
    assert_int_equal(file->start / 2, 8301);
    assert_int_equal(file->end / 2, 9051);
    assert_int_equal(last(file, "diff.first_cycle"), 9000);
    assert_int_equal(last(file, "marks.failure"), 9001);
    assert_int_equal(first_cycle(file, "diff.any"), 9000);
    assert_int_equal(first_cycle(file, "diff.u_control.pkru_q"), 9000);
    assert_int_equal(first_cycle(file, "diff.u_control.cr3_q"), 0);
    assert_true(last(file, "marks.accept") > 0 && last(file, "marks.accept") < 9001);
    fst_file_close(file);
}

/* The comparison looks at the contents of arrays now and then; the wave has the cycle in which they changed.
 */
static void test_difference_before_its_discovery(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/array.fst");
    struct disturbance disturbance = {
        .cycle = 8190, .name = "mmu__DOT__u_l2__DOT__array_4k__DOT__tag_q", .bit = 8 * 8 * 3};
    struct bench_failure failure = {0};
    wave.on_failure = true;
    assert_int_equal(run(&wave, &disturbance, &failure, NULL, 0), 1);
    struct fst_file *file = open_wave(wave.path);
    assert_int_equal(failure.cycle, 8192);
    assert_int_equal(last(file, "diff.first_cycle"), 8190);
    assert_int_equal(first_cycle(file, "diff.u_l2.array_4k.tag_q"), 8190);
    assert_int_equal(file->start, 0);
    fst_file_close(file);
}

/* In the wave of the whole run the cycles after the failure are too, and the failure is that of a run
 * without. */
static void test_failure_in_whole_wave(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/lingering.fst");
    struct disturbance disturbance = {.cycle = 900, .name = "mmu__DOT__u_miss_queue__DOT__pend_q", .bit = 1};
    struct bench_failure failure = {0}, without = {0};
    wave.after = 40;
    assert_int_equal(run(NULL, &disturbance, &without, NULL, 0), 1);
    assert_int_equal(run(&wave, &disturbance, &failure, NULL, 0), 1);
    assert_int_equal(failure.cycle, 901);
    assert_int_equal(failure.cycle, without.cycle);
    assert_string_equal(failure.signature, without.signature);
    struct fst_file *file = open_wave(wave.path);
    assert_int_equal(file->start, 0);
    assert_int_equal(file->end / 2, 941);
    assert_int_equal(first_cycle(file, "diff.u_miss_queue.pend_q"), 900);
    fst_file_close(file);
}

/* Whether a text that begins like this was there. */
struct search {
    const char *text;
    bool found;
};

static void search_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct search *search = self;
    (void)time, (void)handle;
    search->found |= strncmp(value, search->text, strlen(search->text)) == 0;
}

static void test_trigger(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/trigger.fst");
    struct search search = {.text = "broadcast of INVPCID"};
    char messages[8192];
    wave.trigger = "broadcast & op=INVPCID";
    wave.from = 4000;
    wave.before = wave.after = 30;
    wave.every = 1000;
    assert_int_equal(run(&wave, NULL, NULL, messages, sizeof(messages)), 0);
    assert_non_null(strstr(messages, "wave: " DIRECTORY "/trigger.fst: cycles "));
    struct fst_file *file = open_wave(wave.path);
    uint64_t focus = last(file, "marks.failure");
    assert_true(focus >= 4000);
    assert_int_equal(file->start / 2, focus - 30);
    assert_int_equal(file->end / 2, focus + 30);
    const struct fst_signal *invalidation = fst_file_find(file, "events.invalidation");
    fst_file_changes(file, &invalidation, 1, search_text, &search);
    assert_true(search.found);
    fst_file_close(file);
    unlink(wave.path);
    wave.trigger = "fault & va=0x123456789000";
    assert_int_equal(run(&wave, NULL, NULL, messages, sizeof(messages)), 0);
    assert_non_null(strstr(messages, "wave: none: no event met the condition 'fault & va=0x123456789000'\n"));
    assert_int_equal(access(wave.path, F_OK), -1);
}

static void test_scopes(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/scopes.fst");
    wave.to = 50;
    wave.scopes = "rtl.u_page_walker,cmodel.u_control,events";
    assert_int_equal(run(&wave, NULL, NULL, NULL, 0), 0);
    struct fst_file *file = open_wave(wave.path);
    assert_true(file->count > 20);
    for (size_t i = 0; i < file->count; i++)
        if (strncmp(file->signals[i].path, "TOP.mmu.u_page_walker.", 22) != 0 &&
            strncmp(file->signals[i].path, "cmodel.u_control.", 17) != 0 &&
            strncmp(file->signals[i].path, "events.", 7) != 0 &&
            strcmp(file->signals[i].path, "marks.cycle") != 0 &&
            (strncmp(file->signals[i].path, "TOP.", 4) != 0 || strchr(file->signals[i].path + 4, '.')))
            fail_msg("%s was not wanted", file->signals[i].path);
    assert_non_null(fst_file_find(file, "TOP.mmu.u_page_walker.request_q"));
    assert_non_null(fst_file_find(file, "cmodel.u_control.state_q"));
    assert_non_null(fst_file_find(file, "TOP.clk_i"));
    assert_int_equal(fst_file_last(file, fst_file_find(file, "marks.cycle")), 49);
    fst_file_close(file);

    wave.scopes = "events";
    assert_int_equal(run(&wave, NULL, NULL, NULL, 0), 0);
    file = open_wave(wave.path);
    assert_non_null(fst_file_find(file, "events.operation"));
    assert_null(fst_file_find(file, "TOP.mmu.u_page_walker.request_q"));
    fst_file_close(file);
}

static void test_vcd(void **state)
{
    (void)state;
    struct wave_options wave = wave_defaults(DIRECTORY "/part.vcd");
    static char text[1 << 16];
    wave.from = 100;
    wave.to = 120;
    assert_int_equal(run(&wave, NULL, NULL, NULL, 0), 0);
    text[get_file(wave.path, text, sizeof(text) - 1)] = '\0';
    assert_non_null(strstr(text, "$timescale"));
    assert_non_null(strstr(text, "$scope module mmu $end"));
}

/* Nothing half written stays. */
static void test_leaves_only_waves(void **state)
{
    (void)state;
    DIR *directory = opendir(DIRECTORY);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && !strstr(entry->d_name, "messages")) {
            const char *end = strrchr(entry->d_name, '.');
            assert_non_null(end);
            assert_true(strcmp(end, ".fst") == 0 || strcmp(end, ".vcd") == 0);
        }
    closedir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_window_is_part_of_whole),
        cmocka_unit_test(test_first_cycle_is_told),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_difference_before_its_discovery),
        cmocka_unit_test(test_failure_in_whole_wave),
        cmocka_unit_test(test_trigger),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_vcd),
        cmocka_unit_test(test_leaves_only_waves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
