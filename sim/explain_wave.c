/* SPDX-License-Identifier: Apache-2.0 */
#include "explain_wave.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "event_parse.h"
#include "explain_difference.h"
#include "explain_lines.h"
#include "page_log.h"
#include "wave_options.h"

enum {
    CYCLES_AROUND = 8, /* as when a run is explained */
    CYCLES_BEFORE = 4,
    ACCESSES_TOLD = 3,
    LEADERS = 8,
};

struct wave {
    struct fst_file *file;
    struct explain_lines lines;
    struct difference_path *path;
    char reason[128]; /* why the wave was written; "": it does not say */
};

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
static uint64_t owner(const struct explain_line *line)
{
    const char *text = line->text;
    return next_access(&text);
}

/* "merged with entry 3 (access 7)": that access. */
static uint64_t leader_of(const struct explain_line *line)
{
    const char *merged = strstr(line->text, ": merged with ");
    return merged ? next_access(&merged) : NO_ACCESS;
}

static bool says(const struct explain_line *line, const char *what)
{
    return strstr(line->text, what) != NULL;
}

/* The lines of an access, and how long it was under way. */
struct span {
    uint64_t first, last;      /* cycles; last: of the answer, or the wave's last one */
    bool accepted, answered;   /* in the wave */
    uint64_t leaders[LEADERS]; /* whose lookup or walk it joined */
    unsigned leader_count;
};

/* false: the wave does not name the access. */
static bool find_span(const struct wave *wave, uint64_t access, struct span *span)
{
    bool found = false;
    *span = (struct span){.last = wave->file->end / 2};
    for (size_t i = 0; i < wave->lines.count; i++) {
        const struct explain_line *line = &wave->lines.list[i];
        if (owner(line) != access)
            continue;
        if (!found)
            span->first = line->cycle;
        found = true;
        span->accepted |= says(line, " accepts tag ");
        if (says(line, " answers tag ")) {
            span->answered = true;
            span->last = line->cycle;
        }
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
    fprintf(out, "access %" PRIu64 ", %s cycle %" PRIu64 ", %s %" PRIu64 "%s\n", access,
            span.accepted ? "accepted in" : "in the wave from", span.first,
            span.answered ? "answered in cycle" : "not answered up to cycle", span.last,
            span.answered ? "" : ", where the wave ends");
    for (size_t i = 0; i < wave->lines.count; i++) {
        const struct explain_line *line = &wave->lines.list[i];
        uint64_t whose = owner(line);
        bool joined = is_leader(&span, whose) && !says(line, " accepts tag ") && !says(line, " answers tag ");
        bool meanwhile = (joined || (line->operation && whose == NO_ACCESS)) && line->cycle >= span.first &&
                         line->cycle <= span.last;
        if (whose == access || meanwhile)
            explain_line_print_filled(&wave->lines, line, out);
    }
    if (wave->lines.verdict && span.answered && wave->lines.verdict_cycle == span.last)
        fprintf(out, "illegal: %s\n", wave->lines.verdict);
    return true;
}

/* --- pages --- */

/* -1 after a message. */
static int print_page(const struct wave *wave, uint64_t va, FILE *out)
{
    struct page_log *log = page_log_create(va);
    bool *concerns = calloc(wave->lines.count + 1, sizeof(*concerns));
    int failed = log == NULL || concerns == NULL ? -1 : 0;
    size_t count = 0;

    if (failed)
        fprintf(stderr, "twinwalk explain: out of memory\n");
    for (size_t i = 0; !failed && i < wave->lines.count; i++) {
        struct event event;
        concerns[i] = wave->lines.list[i].verdict ||
                      (event_parse(wave->lines.list[i].text, &event) && page_log_concerns(log, &event));
        count += concerns[i];
    }
    if (!failed)
        fprintf(out,
                "page 0x%016" PRIx64 ": %zu events in the wave, and %" PRIu64
                " accesses answered by L1 TLBs\n",
                va & ~(uint64_t)0xfff, count, page_log_from_l1(log));
    for (size_t i = 0; !failed && i < wave->lines.count; i++)
        if (concerns[i])
            explain_line_print(&wave->lines.list[i], out);
    free(concerns);
    page_log_destroy(log);
    return failed;
}

/* --- failures --- */

/* Where the two differ; false: they do not. */
static bool print_differences(const struct wave *wave, FILE *out)
{
    const struct difference_path *path = wave->path;
    uint64_t first = difference_path_first(path);

    if (first == UINT64_MAX)
        return false;
    fprintf(out,
            "RTL and C model first differ in cycle %" PRIu64
            ": the cause is the clock edge that ends cycle %" PRIu64 "\n",
            first, first ? first - 1 : 0);
    difference_path_print(path, out);
    if (difference_path_output(path) == UINT64_MAX)
        fprintf(out, "no output differs up to cycle %" PRIu64 ", where the wave ends\n", wave->file->end / 2);
    return true;
}

/* The accesses that the lines of one cycle name, and those that had filled what was dropped in it. */
static void print_accesses_of(const struct wave *wave, uint64_t cycle, FILE *out)
{
    uint64_t told[ACCESSES_TOLD];
    unsigned count = 0;
    for (size_t i = 0; i < wave->lines.count && count < ACCESSES_TOLD; i++) {
        const struct explain_line *line = &wave->lines.list[i];
        uint64_t access = line->cycle == cycle ? owner(line) : NO_ACCESS;
        if (line->cycle == cycle && access == NO_ACCESS && line->has_entry)
            access = line->filler;
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
    return fst_file_last(wave->file, fst_file_find(wave->file, path));
}

/* The run has failed, as far as the wave shows it. */
static bool shows_failure(const struct wave *wave)
{
    /* Of --wave-on the cycle of the event is marked, in a run that need not fail. */
    bool marked = marked_cycle(wave, "marks.failure") != 0 && strcmp(wave->reason, WAVE_REASON_EVENT) != 0;
    return marked || wave->lines.verdict || difference_path_first(wave->path) != UINT64_MAX;
}

/* Says why the run failed, where neither a difference nor a verdict does; the cycle to look at. */
static uint64_t print_reason(const struct wave *wave, uint64_t failure, FILE *out)
{
    fprintf(out, "cycle %" PRIu64 ": %s\n", failure, *wave->reason ? wave->reason : "the run fails");
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
    uint64_t failure = marked_cycle(wave, "marks.failure");
    bool differ = print_differences(wave, out);
    uint64_t first = difference_path_first(wave->path);
    uint64_t edge = differ ? (first ? first - 1 : 0) : wave->lines.verdict_cycle;

    if (wave->lines.verdict)
        fprintf(out, "in cycle %" PRIu64 " the judge finds it illegal: %s\n", wave->lines.verdict_cycle,
                wave->lines.verdict);
    if (!differ && !wave->lines.verdict && !failure) {
        fprintf(stderr,
                "twinwalk explain: the wave shows no failure: say what to tell of it, by --access, --va or "
                "--cycle\n");
        return EXIT_USAGE;
    }
    if (!differ && !wave->lines.verdict)
        edge = print_reason(wave, failure, out);
    fprintf(out, "\nwhat %s up to there:\n",
            fst_file_find(wave->file, "diff.any") ? "the C model did" : "happened");
    explain_lines_print(&wave->lines, edge > CYCLES_BEFORE ? edge - CYCLES_BEFORE : 0, edge, out);
    print_accesses_of(wave, edge, out);
    if (wave->file->comment)
        fprintf(out, "\nthe run of this wave: %s\n", wave->file->comment);
    return shows_failure(wave) ? EXIT_MISMATCH : EXIT_AGREED;
}

static int print(const struct wave *wave, const struct explain_request *request, FILE *out)
{
    uint64_t cycle = request->number;
    switch (request->what) {
    case EXPLAIN_FAILURE:
        return print_failure(wave, out);
    case EXPLAIN_PAGE:
        if (print_page(wave, request->number, out) != 0)
            return EXIT_INTERNAL;
        break;
    case EXPLAIN_ACCESS:
        if (print_access(wave, request->number, out))
            break;
        fprintf(stderr, "twinwalk explain: the wave does not show access %" PRIu64 "\n", request->number);
        return EXIT_USAGE;
    case EXPLAIN_CYCLE:
        if (2 * cycle < wave->file->start || 2 * cycle > wave->file->end) {
            fprintf(stderr, "twinwalk explain: the wave has cycles %" PRIu64 " to %" PRIu64 "\n",
                    wave->file->start / 2, wave->file->end / 2);
            return EXIT_USAGE;
        }
        explain_lines_print(&wave->lines, cycle > CYCLES_AROUND ? cycle - CYCLES_AROUND : 0,
                            cycle + CYCLES_AROUND, out);
        break;
    }
    return shows_failure(wave) ? EXIT_MISMATCH : EXIT_AGREED;
}

int explain_wave(const char *path, const struct explain_request *request, FILE *out)
{
    int code = EXIT_USAGE;
    struct wave wave = {.file = fst_file_open(path), .path = difference_path_create()};
    if (wave.file == NULL) {
        difference_path_destroy(wave.path);
        return code;
    }
    if (fst_file_find(wave.file, "events.operation") == NULL) {
        fprintf(stderr, "%s: has no scope events: only waves of twinwalk run with a C model have one\n",
                path);
    } else if (explain_lines_read(&wave.lines, wave.file) != 0 || wave.path == NULL ||
               explain_difference_read(wave.path, wave.file) != 0) {
        fprintf(stderr, "twinwalk explain: out of memory\n");
        code = EXIT_INTERNAL;
    } else {
        fst_file_last_text(wave.file, fst_file_find(wave.file, "marks.reason"), wave.reason,
                           sizeof(wave.reason));
        code = print(&wave, request, out);
    }
    explain_lines_free(&wave.lines);
    difference_path_destroy(wave.path);
    fst_file_close(wave.file);
    return code;
}
