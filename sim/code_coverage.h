/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code coverage: counts of lines, branches and toggles, merged over any number of
 * runs and configurations. See docs/code-coverage.md.
 */
#ifndef TWINWALK_CODE_COVERAGE_H
#define TWINWALK_CODE_COVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct code_line {
    unsigned line;
    uint64_t count;     /* of that of its statements and branches that ran least */
    const char *text;   /* without the blanks around it */
    const char *waiver; /* why it need not run; NULL: it should */
};

struct code_totals {
    size_t lines, lines_run, lines_waived; /* waived: of those that did not run */
    size_t branches, branches_taken;
    size_t toggles, toggled; /* bits of ports and registers, each in all instances together */
};

struct code_file {
    char *path;
    struct code_line *lines; /* in order; those that no tool counts are left out */
    size_t line_count;
    char **untoggled; /* signals with the bits that never changed, "va_q[63:57]" */
    size_t untoggled_count;
    struct code_totals totals;
    char *text; /* of the source */
};

enum code_language { CODE_RTL, CODE_MODEL, CODE_LANGUAGES };

struct code_coverage {
    struct code_file *files[CODE_LANGUAGES]; /* by path */
    size_t file_count[CODE_LANGUAGES];
    struct code_totals totals[CODE_LANGUAGES];
};

/* Points as the tools count them, on their way to code_coverage. */
struct code_points;

struct code_points *code_points_create(void);
void code_points_destroy(struct code_points *points);

/* Adds what a Verilated RTL wrote. -1 after a message. */
int code_points_add_verilator(struct code_points *points, const char *path);

/* Adds what gcov --json-format --stdout prints. -1 after a message. */
int code_points_add_gcov(struct code_points *points, const char *path);

/*
 * One counter of a place. Those of one file, line, column and name are added up;
 * `lines` ("12-14,17") are the lines that it speaks for, NULL: none. false: out of
 * memory.
 */
enum code_point_kind { POINT_LINE, POINT_BRANCH, POINT_TOGGLE };
struct code_point {
    enum code_language language;
    enum code_point_kind kind;
    const char *file, *name, *lines;
    unsigned line, column;
    uint64_t count;
};
bool code_points_add(struct code_points *points, const struct code_point *point);

/*
 * Everything by file and line, with the sources' text, which is read from the
 * current directory, and the waivers of tb/code_waivers.def. -1 after a message.
 */
int code_coverage_make(struct code_coverage *coverage, const struct code_points *points);
void code_coverage_free(struct code_coverage *coverage);

/* Waivers that excuse no line that did not run; each is told on stderr. */
size_t code_coverage_stale_waivers(const struct code_coverage *coverage);

/* Reports. -1 after a message. */
int code_coverage_text(const struct code_coverage *coverage, const char *path);
int code_coverage_json(const struct code_coverage *coverage, const char *path);
int code_coverage_html(const struct code_coverage *coverage, const char *path);

/* Lines that ran, in hundredths of a percent; 10000 of none. */
unsigned code_coverage_share(size_t part, size_t whole);

#endif
