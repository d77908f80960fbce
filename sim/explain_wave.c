/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_wave.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "event.h"
#include "fst_file.h"

enum {
    CYCLES_AROUND = 8, /* as when a run is explained */
    CYCLES_BEFORE = 4,
    ACCESSES_TOLD = 3,
    LEADERS = 8,
    REASON_LENGTH = 128,
};

/* Something that the wave says of a cycle. */
struct line {
    uint64_t cycle;
    size_t number; /* of lines of one cycle: the order in which the file has them */
    char *text;
    bool operation; /* of an operation, or of what it does to all */
};

struct wave {
    struct fst_file *file;
    const struct fst_signal **texts; /* those that are read */
    size_t text_count;
    uint32_t operation, invalidation, rule; /* handles */
    struct line *lines;
    size_t count, room;
    char *verdict;
    uint64_t verdict_cycle;
    bool short_of_memory;
};

/* What the text of a lane leaves out, as its name says it: of port, walker or miss queue entry N. */
static void put_before(const struct wave *wave, uint32_t handle, const char *text, char *before, size_t size)
{
    static const struct {
        const char *lane, *word;
    } numbered[] = {{"events.port_", "port"}, {"events.walker_", "walker"}, {"events.entry_", "miss queue"}};

    before[0] = '\0';
    if (handle == wave->operation)
        snprintf(before, size, "operation accepted: ");
    for (size_t i = 0; i < wave->text_count; i++) {
        const struct fst_signal *signal = wave->texts[i];
        for (size_t k = 0; signal->handle == handle && k < sizeof(numbered) / sizeof(numbered[0]); k++)
            if (strncmp(signal->path, numbered[k].lane, strlen(numbered[k].lane)) == 0)
                snprintf(before, size, "%s %s%s", numbered[k].word, signal->path + strlen(numbered[k].lane),
                         strncmp(text, "access ", 7) == 0 ? ", " : " ");
    }
}

static void add_line(struct wave *wave, uint64_t cycle, const char *before, const char *text, size_t length,
                     bool operation)
{
    if (wave->count == wave->room) {
        size_t room = wave->room ? 2 * wave->room : 1024;
        struct line *lines = realloc(wave->lines, room * sizeof(*lines));
        wave->short_of_memory |= lines == NULL;
        if (lines == NULL)
            return;
        wave->lines = lines;
        wave->room = room;
    }
    char *copy;
    if (asprintf(&copy, "%s%.*s", before, (int)length, text) < 0) {
        wave->short_of_memory = true;
        return;
    }
    wave->lines[wave->count] =
        (struct line){.cycle = cycle, .number = wave->count, .text = copy, .operation = operation};
    wave->count++;
}

/* A text signal changes: several events of one cycle are one text, with bars between. */
static void take_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct wave *wave = self;
    bool operation = handle == wave->operation || handle == wave->invalidation;

    value += strspn(value, " ");
    if (handle == wave->rule && *value && wave->verdict == NULL) {
        wave->verdict = strdup(value);
        wave->verdict_cycle = time / 2;
    }
    while (*value && handle != wave->rule) {
        const char *bar = strstr(value, " | ");
        size_t length = bar ? (size_t)(bar - value) : strlen(value);
        char before[32];
        put_before(wave, handle, value, before, sizeof(before));
        add_line(wave, time / 2, before, value, length, operation);
        value += length + (bar ? 3 : 0);
    }
}

static int by_cycle(const void *one, const void *other)
{
    const struct line *a = one, *b = other;
    if (a->cycle != b->cycle)
        return a->cycle < b->cycle ? -1 : 1;
    if (a->operation != b->operation)
        return a->operation ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static uint32_t handle_of(const struct fst_file *file, const char *path)
{
    const struct fst_signal *signal = fst_file_find(file, path);
    return signal ? signal->handle : UINT32_MAX;
}

/* Everything that the scopes events and judge say. -1 after a message. */
static int read_texts(struct wave *wave)
{
    wave->texts = calloc(wave->file->count + 1, sizeof(struct fst_signal *));
    if (wave->texts == NULL)
        return -1;
    wave->operation = handle_of(wave->file, "events.operation");
    wave->invalidation = handle_of(wave->file, "events.invalidation");
    wave->rule = handle_of(wave->file, "judge.rule");
    for (size_t i = 0; i < wave->file->count; i++) {
        const struct fst_signal *signal = &wave->file->signals[i];
        if (signal->bits == 0 && (strncmp(signal->path, "events.", 7) == 0 || signal->handle == wave->rule))
            wave->texts[wave->text_count++] = signal;
    }
    fst_file_changes(wave->file, wave->texts, wave->text_count, take_text, wave);
    free(wave->texts);
    qsort(wave->lines, wave->count, sizeof(*wave->lines), by_cycle);
    return wave->short_of_memory ? -1 : 0;
}

/* --- which lines --- */

/* The number behind "access " at or after *text, which moves behind it; NO_ACCESS: there is none. */
static uint64_t next_access(const char **text)
{
    static const char word[] = "access ";
    for (const char *at = strstr(*text, word); at != NULL; at = strstr(at + 1, word)) {
        const char *digits = at + strlen(word);
        if (isdigit((unsigned char)*digits)) {
            char *end;
            uint64_t number = strtoull(digits, &end, 10);
            *text = end;
            return number;
        }
    }
    return NO_ACCESS;
}

/* Whose line it is: the first access that it names. */
static uint64_t owner(const struct line *line)
{
    const char *text = line->text;
    return next_access(&text);
}

/* "merged with entry 3 (access 7)": that access. */
static uint64_t leader_of(const struct line *line)
{
    const char *merged = strstr(line->text, ": merged with ");
    return merged ? next_access(&merged) : NO_ACCESS;
}

static bool says(const struct line *line, const char *what)
{
    return strstr(line->text, what) != NULL;
}

static void print_line(const struct line *line, FILE *out)
{
    fprintf(out, "  %10" PRIu64 "  %s\n", line->cycle, line->text);
}

static void print_cycles(const struct wave *wave, uint64_t first, uint64_t last, FILE *out)
{
    for (size_t i = 0; i < wave->count; i++)
        if (wave->lines[i].cycle >= first && wave->lines[i].cycle <= last)
            print_line(&wave->lines[i], out);
}

/* The lines of an access, and how long it was under way. */
struct span {
    uint64_t first, last;      /* cycles */
    bool accepted, answered;   /* in the wave */
    uint64_t leaders[LEADERS]; /* whose lookup or walk it joined */
    unsigned leader_count;
};

/* false: the wave does not name the access. */
static bool find_span(const struct wave *wave, uint64_t access, struct span *span)
{
    bool found = false;
    *span = (struct span){.first = 0};
    for (size_t i = 0; i < wave->count; i++) {
        const struct line *line = &wave->lines[i];
        if (owner(line) != access)
            continue;
        if (!found)
            span->first = line->cycle;
        found = true;
        span->last = line->cycle;
        span->accepted |= says(line, " accepts tag ");
        span->answered |= says(line, " answers tag ");
        if (leader_of(line) != NO_ACCESS && span->leader_count < LEADERS)
            span->leaders[span->leader_count++] = leader_of(line);
    }
    return found;
}

static bool is_leader(const struct span *span, uint64_t access)
{
    for (unsigned i = 0; i < span->leader_count; i++)
        if (span->leaders[i] == access)
            return true;
    return false;
}

static bool print_access(const struct wave *wave, uint64_t access, FILE *out)
{
    struct span span;
    if (!find_span(wave, access, &span))
        return false;
    fprintf(out, "access %" PRIu64 ", %s cycle %" PRIu64 ", %s %" PRIu64 "\n", access,
            span.accepted ? "accepted in" : "in the wave from", span.first,
            span.answered ? "answered in cycle" : "not answered up to cycle", span.last);
    for (size_t i = 0; i < wave->count; i++) {
        const struct line *line = &wave->lines[i];
        uint64_t whose = owner(line);
        bool joined = is_leader(&span, whose) && !says(line, " accepts tag ") && !says(line, " answers tag ");
        bool meanwhile = (joined || (line->operation && whose == NO_ACCESS)) && line->cycle >= span.first &&
                         line->cycle <= span.last;
        if (whose == access || meanwhile)
            print_line(line, out);
    }
    if (wave->verdict && span.answered && wave->verdict_cycle == span.last)
        fprintf(out, "illegal: %s\n", wave->verdict);
    return true;
}

/* --- pages --- */

/* The hexadecimal number at the text lies in the page. */
static bool number_in_page(const char *text, uint64_t page)
{
    return strtoull(text, NULL, 16) >> 12 == page;
}

static bool names_page(const struct line *line, uint64_t page)
{
    for (const char *at = strstr(line->text, "0x"); at != NULL; at = strstr(at + 2, "0x")) {
        size_t before = (size_t)(at - line->text);
        bool linear = (before >= 3 && strncasecmp(at - 3, "va ", 3) == 0) || says(line, " accepts tag ") ||
                      (line->operation && before >= 7 && strncmp(at - 7, "INVLPG ", 7) == 0);
        if (linear && number_in_page(at, page))
            return true;
    }
    return false;
}

static int print_page(const struct wave *wave, uint64_t va, FILE *out)
{
    size_t count = 0;
    for (size_t i = 0; i < wave->count; i++) {
        const struct line *line = &wave->lines[i];
        bool flush = (says(line, "operation accepted: ") || says(line, "register changes: ")) &&
                     !says(line, "INVLPG") && line->operation;
        if (!flush && !names_page(line, va >> 12))
            continue;
        print_line(line, out);
        count++;
    }
    fprintf(out, "page 0x%016" PRIx64 ": %zu events in the wave\n", va & ~(uint64_t)0xfff, count);
    return EXIT_AGREED;
}

/* --- failures --- */

/* The order in which the signals of scope diff rise, up to the cycle in which an output does. */
struct rises {
    const struct wave *wave;
    FILE *out;
    bool *risen;          /* by signal of the file */
    uint64_t first, last; /* cycles in which one rose */
    bool output;          /* in the last of them */
    unsigned count;
};

/* A value of its own: "diff.any" and "diff.first_cycle" sum up the others. */
static bool is_difference(const struct fst_signal *signal)
{
    return strncmp(signal->path, "diff.", 5) == 0 && strcmp(signal->path, "diff.any") != 0 &&
           strcmp(signal->path, "diff.first_cycle") != 0;
}

static void print_rise(struct rises *rises, const struct fst_signal *signal, uint64_t cycle,
                       const char *value)
{
    size_t bits = strlen(value);

    if (rises->count == 0)
        fprintf(rises->out,
                "RTL and C model first differ in cycle %" PRIu64
                ": the cause is the clock edge that ends cycle %" PRIu64 "\n",
                cycle, cycle ? cycle - 1 : 0);
    if (rises->count == 0 || rises->last != cycle)
        fprintf(rises->out, "cycle %" PRIu64 ":\n", cycle);
    fprintf(rises->out, "  %s", signal->path + 5);
    for (size_t bit = 0; bits > 1 && bit < bits; bit++)
        if (value[bits - 1 - bit] == '1')
            fprintf(rises->out, " [%zu]", bit);
    fputc('\n', rises->out);
}

static void take_rise(void *self, uint64_t time, uint32_t handle, const char *value)
{
    struct rises *rises = self;
    const struct fst_file *file = rises->wave->file;
    uint64_t cycle = time / 2;

    if (strchr(value, '1') == NULL || (rises->output && cycle > rises->last))
        return;
    for (size_t i = 0; i < file->count; i++) {
        const struct fst_signal *signal = &file->signals[i];
        if (signal->handle != handle || !is_difference(signal) || rises->risen[i])
            continue;
        print_rise(rises, signal, cycle, value);
        rises->risen[i] = true;
        rises->first = rises->count++ ? rises->first : cycle;
        rises->last = cycle;
        rises->output |= strchr(signal->path + 5, '.') == NULL;
        return;
    }
}

/* Tells where the two differ; false: they do not. */
static bool print_differences(const struct wave *wave, struct rises *rises, FILE *out)
{
    const struct fst_signal **bits = calloc(wave->file->count + 1, sizeof(struct fst_signal *));
    size_t count = 0;
    *rises = (struct rises){.wave = wave, .out = out, .risen = calloc(wave->file->count + 1, sizeof(bool))};
    for (size_t i = 0; bits != NULL && i < wave->file->count; i++)
        if (is_difference(&wave->file->signals[i]))
            bits[count++] = &wave->file->signals[i];
    if (count && rises->risen != NULL)
        fst_file_changes(wave->file, bits, count, take_rise, rises);
    free(bits);
    free(rises->risen);
    return rises->count != 0;
}

/* The accesses that the lines of one cycle name. */
static void print_accesses_of(const struct wave *wave, uint64_t cycle, FILE *out)
{
    uint64_t told[ACCESSES_TOLD];
    unsigned count = 0;
    for (size_t i = 0; i < wave->count && count < ACCESSES_TOLD; i++) {
        uint64_t access = wave->lines[i].cycle == cycle ? owner(&wave->lines[i]) : NO_ACCESS;
        for (unsigned j = 0; j < count; j++)
            if (told[j] == access)
                access = NO_ACCESS;
        if (access == NO_ACCESS)
            continue;
        told[count++] = access;
        fputc('\n', out);
        print_access(wave, access, out);
    }
}

static uint64_t marked_cycle(const struct wave *wave, const char *path)
{
    const struct fst_signal *mark = fst_file_find(wave->file, path);
    return mark ? fst_file_last(wave->file, mark) : 0;
}

static void keep_text(void *self, uint64_t time, uint32_t handle, const char *value)
{
    char *text = self;
    (void)time;
    (void)handle;
    if (*value)
        snprintf(text, REASON_LENGTH, "%s", value + strspn(value, " "));
}

/* Says why the run failed, where neither a difference nor a verdict does; the cycle to look at. */
static uint64_t print_reason(const struct wave *wave, uint64_t failure, FILE *out)
{
    const struct fst_signal *signal = fst_file_find(wave->file, "marks.reason");
    char reason[REASON_LENGTH] = "the run fails";

    if (signal != NULL)
        fst_file_changes(wave->file, &signal, 1, keep_text, reason);
    fprintf(out, "cycle %" PRIu64 ": %s\n", failure, reason);
    if (2 * failure <= wave->file->end)
        return failure;
    uint64_t accept = marked_cycle(wave, "marks.accept");
    fprintf(out,
            "that is behind the wave's end: it shows what was accepted in cycle %" PRIu64
            " and waits since then\n",
            accept);
    return accept;
}

static int print_failure(const struct wave *wave, FILE *out)
{
    struct rises rises;
    uint64_t failure = marked_cycle(wave, "marks.failure");
    bool differ = print_differences(wave, &rises, out);
    uint64_t edge = differ ? (rises.first ? rises.first - 1 : 0) : wave->verdict_cycle;

    if (wave->verdict)
        fprintf(out, "in cycle %" PRIu64 " the judge finds it illegal: %s\n", wave->verdict_cycle,
                wave->verdict);
    if (!differ && !wave->verdict && !failure) {
        fprintf(stderr,
                "twinwalk explain: the wave shows no failure: say what to tell of it, by --access, --va or "
                "--cycle\n");
        return EXIT_USAGE;
    }
    if (!differ && !wave->verdict)
        edge = print_reason(wave, failure, out);
    fprintf(out, "\nwhat the C model did up to there:\n");
    print_cycles(wave, edge > CYCLES_BEFORE ? edge - CYCLES_BEFORE : 0, edge, out);
    print_accesses_of(wave, edge, out);
    if (wave->file->comment)
        fprintf(out, "\nthe run of this wave: %s\n", wave->file->comment);
    return EXIT_MISMATCH;
}

static int print(const struct wave *wave, const struct explain_request *request, FILE *out)
{
    uint64_t cycle = request->number;
    switch (request->what) {
    case EXPLAIN_FAILURE:
        return print_failure(wave, out);
    case EXPLAIN_PAGE:
        return print_page(wave, request->number, out);
    case EXPLAIN_ACCESS:
        if (print_access(wave, request->number, out))
            return EXIT_AGREED;
        fprintf(stderr, "twinwalk explain: the wave does not show access %" PRIu64 "\n", request->number);
        return EXIT_USAGE;
    case EXPLAIN_CYCLE:
        if (2 * cycle < wave->file->start || 2 * cycle > wave->file->end) {
            fprintf(stderr, "twinwalk explain: the wave has cycles %" PRIu64 " to %" PRIu64 "\n",
                    wave->file->start / 2, wave->file->end / 2);
            return EXIT_USAGE;
        }
        print_cycles(wave, cycle > CYCLES_AROUND ? cycle - CYCLES_AROUND : 0, cycle + CYCLES_AROUND, out);
        return EXIT_AGREED;
    }
    return EXIT_INTERNAL;
}

int explain_wave(const char *path, const struct explain_request *request, FILE *out)
{
    struct wave wave = {.file = fst_file_open(path)};
    int code = EXIT_USAGE;
    if (wave.file == NULL)
        return code;
    if (fst_file_find(wave.file, "events.operation") == NULL) {
        fprintf(stderr, "%s: has no scope events: only waves of twinwalk run with a C model have one\n",
                path);
    } else if (read_texts(&wave) != 0) {
        fprintf(stderr, "twinwalk explain: out of memory\n");
        code = EXIT_INTERNAL;
    } else {
        code = print(&wave, request, out);
    }
    for (size_t i = 0; i < wave.count; i++)
        free(wave.lines[i].text);
    free(wave.lines);
    free(wave.verdict);
    fst_file_close(wave.file);
    return code;
}
