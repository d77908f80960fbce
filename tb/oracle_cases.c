/* SPDX-License-Identifier: Apache-2.0 */
/* Reader of x86-walk-cases; see oracle_cases.h. */
#include "oracle_cases.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "compressed_file.h"

enum { COLUMNS = 29, LINE_BYTES = 1024, BLOCK_BYTES = 65536 };

/* Columns of the file, counted from 0. */
enum {
    COLUMN_ID,
    COLUMN_SUITE,
    COLUMN_LEVELS,
    COLUMN_WP,
    COLUMN_NXE,
    COLUMN_SMEP,
    COLUMN_SMAP,
    COLUMN_AC,
    COLUMN_PKE,
    COLUMN_PKS,
    COLUMN_PGE,
    COLUMN_PKRU,
    COLUMN_PKRS,
    COLUMN_ACCESS,
    COLUMN_VA,
    COLUMN_CR3,
    COLUMN_BEFORE, /* levels 5, 4, 3, 2, 1 */
    COLUMN_RESULT = 21,
    COLUMN_CODE,
    COLUMN_PA,
    COLUMN_AFTER, /* levels 5, 4, 3, 2, 1 */
};

#define TABLE_ADDRESS 0xfffffff000ull /* bits 39:12 */

struct oracle_cases {
    struct compressed_file *file;
    const char *path;
    unsigned line;
    size_t start, end;
    char block[BLOCK_BYTES];
};

struct oracle_cases *oracle_cases_open(const char *path)
{
    struct oracle_cases *cases = calloc(1, sizeof *cases);

    if (!cases) {
        fprintf(stderr, "%s: memory is short\n", path);
        return NULL;
    }
    cases->path = path;
    cases->file = compressed_file_open(path, stderr);
    if (!cases->file) {
        free(cases);
        return NULL;
    }
    return cases;
}

void oracle_cases_close(struct oracle_cases *cases)
{
    if (!cases)
        return;
    compressed_file_close(cases->file);
    free(cases);
}

static int bad(const struct oracle_cases *cases, unsigned column, const char *what)
{
    fprintf(stderr, "%s:%u:%u: %s\n", cases->path, cases->line, column, what);
    return -1;
}

/* One line without its newline. 1, 0 at the end, -1 after a message. */
static int read_line(struct oracle_cases *cases, char line[LINE_BYTES])
{
    size_t length = 0;

    cases->line++;
    for (;;) {
        if (cases->start == cases->end) {
            ssize_t got = compressed_file_read(cases->file, cases->block, sizeof cases->block);
            if (got < 0)
                return bad(cases, 1, compressed_file_error(cases->file));
            if (got == 0)
                return length ? bad(cases, 1, "the last line is incomplete") : 0;
            cases->start = 0;
            cases->end = (size_t)got;
        }
        char c = cases->block[cases->start++];
        if (c == '\n') {
            line[length] = 0;
            return 1;
        }
        if (length + 1 == LINE_BYTES)
            return bad(cases, LINE_BYTES, "the line is too long");
        line[length++] = c;
    }
}

static bool parse_number(const char *text, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, 16);
    return *text != '-' && end != text && !*end && !errno;
}

static bool parse_access(const char *text, struct oracle_case *out)
{
    if ((text[0] != 'u' && text[0] != 's') || !text[1] || text[2])
        return false;
    out->attr = text[0] == 'u' ? ATTR_USER : 0;
    switch (text[1]) {
    case 'r':
        out->attr |= ACCESS_READ;
        return true;
    case 'i':
        /* Made at any CPL, always as a supervisor (SDM 4.6.1). */
        out->attr = ACCESS_READ | ATTR_IMPLICIT;
        return true;
    case 'w':
    case 'm':
    case 'n':
        out->attr |= ACCESS_WRITE;
        return true;
    case 'x':
        out->attr |= ACCESS_FETCH;
        return true;
    default:
        return false;
    }
}

static bool parse_result(char *const *columns, struct oracle_case *out)
{
    uint64_t code = 0;

    if (strcmp(columns[COLUMN_RESULT], "OK") == 0) {
        out->fault = FAULT_NONE;
        return parse_number(columns[COLUMN_PA], &out->pa);
    }
    if (strcmp(columns[COLUMN_RESULT], "GP") == 0) {
        out->fault = FAULT_NON_CANONICAL;
        return true;
    }
    out->fault = FAULT_PAGE;
    if (strcmp(columns[COLUMN_RESULT], "PF") != 0 || !parse_number(columns[COLUMN_CODE], &code) ||
        code > 0xff)
        return false;
    out->error_code = (uint8_t)code;
    return true;
}

/* 0 or the number, from 1, of the column that is wrong. */
static unsigned parse_entries(char *const *columns, struct oracle_case *out)
{
    uint64_t table = out->cr3 & TABLE_ADDRESS;
    bool reached = true;

    for (unsigned level = out->levels; level; level--) {
        unsigned before = COLUMN_BEFORE + ORACLE_LEVELS - level, after = COLUMN_AFTER + ORACLE_LEVELS - level;
        if (strcmp(columns[before], "-") == 0) {
            reached = false;
            continue;
        }
        if (!reached || !parse_number(columns[before], &out->before[level]))
            return before + 1;
        out->used[level] = true;
        out->address[level] = table + (out->va >> (12 + 9 * (level - 1)) & 511) * 8;
        table = out->before[level] & TABLE_ADDRESS;
        out->after[level] = out->before[level];
        out->check_after[level] = strcmp(columns[after], "?") != 0;
        if (out->check_after[level] && strcmp(columns[after], "=") != 0 &&
            !parse_number(columns[after], &out->after[level]))
            return after + 1;
    }
    return 0;
}

static unsigned parse_registers(char *const *columns, struct oracle_case *out)
{
    static const struct {
        unsigned column;
        uint64_t cr0, cr4, efer, attr;
    } flags[] = {
        {COLUMN_WP, CR0_WP, 0, 0, 0},     {COLUMN_NXE, 0, 0, EFER_NXE, 0}, {COLUMN_SMEP, 0, CR4_SMEP, 0, 0},
        {COLUMN_SMAP, 0, CR4_SMAP, 0, 0}, {COLUMN_AC, 0, 0, 0, ATTR_AC},   {COLUMN_PKE, 0, CR4_PKE, 0, 0},
        {COLUMN_PKS, 0, CR4_PKS, 0, 0},   {COLUMN_PGE, 0, CR4_PGE, 0, 0},
    };
    uint64_t value;

    if (!parse_number(columns[COLUMN_LEVELS], &value) || value < 4 || value > 5)
        return COLUMN_LEVELS + 1;
    out->levels = (unsigned)value;
    out->cr0 = CR0_PG;
    out->cr4 = CR4_PAE | (value == 5 ? CR4_LA57 : 0);
    out->efer = EFER_LME | EFER_LMA;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!parse_number(columns[flags[i].column], &value) || value > 1)
            return flags[i].column + 1;
        if (!value)
            continue;
        out->cr0 |= flags[i].cr0;
        out->cr4 |= flags[i].cr4;
        out->efer |= flags[i].efer;
        out->attr |= (uint8_t)flags[i].attr;
    }
    if (!parse_number(columns[COLUMN_PKRU], &value) || value > UINT32_MAX)
        return COLUMN_PKRU + 1;
    out->pkru = (uint32_t)value;
    if (!parse_number(columns[COLUMN_PKRS], &value) || value > UINT32_MAX)
        return COLUMN_PKRS + 1;
    out->pkrs = (uint32_t)value;
    return 0;
}

static bool copy_name(const char *name, char *to, size_t size)
{
    return (size_t)snprintf(to, size, "%s", name) < size;
}

static unsigned parse_case(char *const *columns, struct oracle_case *out)
{
    *out = (struct oracle_case){.levels = 0};
    if (!copy_name(columns[COLUMN_ID], out->id, sizeof out->id))
        return COLUMN_ID + 1;
    if (!copy_name(columns[COLUMN_SUITE], out->suite, sizeof out->suite))
        return COLUMN_SUITE + 1;
    if (!parse_access(columns[COLUMN_ACCESS], out))
        return COLUMN_ACCESS + 1;
    unsigned wrong = parse_registers(columns, out);
    if (wrong)
        return wrong;
    if (!parse_number(columns[COLUMN_VA], &out->va))
        return COLUMN_VA + 1;
    if (!parse_number(columns[COLUMN_CR3], &out->cr3))
        return COLUMN_CR3 + 1;
    if (!parse_result(columns, out))
        return COLUMN_RESULT + 1;
    return parse_entries(columns, out);
}

int oracle_cases_next(struct oracle_cases *cases, struct oracle_case *out)
{
    char line[LINE_BYTES];
    char *columns[COLUMNS];
    int got;

    do {
        got = read_line(cases, line);
        if (got <= 0)
            return got;
    } while (line[0] == '#' || !line[0]);

    unsigned count = 0;
    char *rest;
    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (count == COLUMNS)
            return bad(cases, (unsigned)(word - line) + 1, "there are more than 29 columns");
        columns[count++] = word;
    }
    if (count < COLUMNS)
        return bad(cases, 1, "there are fewer than 29 columns");
    unsigned wrong = parse_case(columns, out);
    if (wrong)
        return bad(cases, (unsigned)(columns[wrong - 1] - line) + 1,
                   "the value of this column is not understood");
    return 1;
}

void oracle_case_write(const struct oracle_case *test, struct phys_mem *phys)
{
    for (unsigned level = test->levels; level; level--) {
        if (test->used[level])
            phys_mem_write64(phys, test->address[level], test->before[level]);
    }
}

void oracle_case_erase(const struct oracle_case *test, struct phys_mem *phys)
{
    for (unsigned level = test->levels; level; level--) {
        if (test->used[level])
            phys_mem_write64(phys, test->address[level], 0);
    }
}
