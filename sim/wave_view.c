/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_view.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wave_rows.h"

enum { PATH_LENGTH = 512 };

/* * stands for any text, dots too. */
static bool matches(const char *pattern, const char *text)
{
    for (; *pattern; pattern++, text++) {
        if (*pattern == '*') {
            for (;; text++) {
                if (matches(pattern + 1, text))
                    return true;
                if (!*text)
                    return false;
            }
        }
        if (*pattern != *text)
            return false;
    }
    return !*text;
}

static bool has_scope(const struct wave_builder *b, const char *scope)
{
    for (size_t i = 0; i < b->wave->count; i++)
        if (strncmp(b->wave->signals[i].path, scope, strlen(scope)) == 0)
            return true;
    return false;
}

/* "TOP.mmu.u_l2.x_q" and its elements, not what is computed from it. */
static bool is_register(const char *path)
{
    size_t plain = strcspn(path, "[");
    return plain > 2 && strncmp(path + plain - 2, "_q", 2) == 0;
}

/*
 * The model's signals lie in the file in the order of their scopes: those of a scope make a group. Where
 * there is no model it is the RTL's registers.
 */
static int add_blocks(struct wave_builder *b)
{
    const char *side = has_scope(b, "cmodel.") ? "cmodel." : "TOP.mmu.";
    char open[PATH_LENGTH] = "";
    for (size_t i = 0; i < b->wave->count; i++) {
        const char *path = b->wave->signals[i].path;
        if (strncmp(path, side, strlen(side)) != 0 || (*side == 'T' && !is_register(path)))
            continue;
        path += strlen(side);
        const char *name = strrchr(path, '.');
        char scope[PATH_LENGTH];
        snprintf(scope, sizeof(scope), "%.*s", name ? (int)(name - path) : 5, name ? path : "ports");
        if (strcmp(scope, open) != 0) {
            if (*open)
                wave_add_row(b, ROW_END, open);
            snprintf(open, sizeof(open), "%s", scope);
            wave_add_row(b, ROW_CLOSED_GROUP, open);
        }
        const struct fst_signal *difference = wave_find(b, "diff.%s", path);
        wave_add_twin(b, path, RADIX_OWN);
        if (difference)
            wave_add_signal(b, difference, path, SIDE_DIFFERENCE, RADIX_OWN, 0);
    }
    if (*open)
        wave_add_row(b, ROW_END, open);
    return 0;
}

static const char no_signal[] = "the wave has no signal";

static int refuse(const struct wave_builder *b, const char *what, const char *word)
{
    fprintf(stderr, "%s:%u: %s%s%s%s\n", b->file, b->line, what, *word ? " '" : "", word, *word ? "'" : "");
    return -1;
}

/* Signals whose path below `prefix` matches; how many. */
static size_t add_matching(struct wave_builder *b, const char *keyword, const char *prefix,
                           const char *pattern, enum wave_radix radix)
{
    size_t found = 0, length = strlen(prefix);
    for (size_t i = 0; i < b->wave->count; i++) {
        const struct fst_signal *signal = &b->wave->signals[i];
        if (strncmp(signal->path, prefix, length) != 0 || !matches(pattern, signal->path + length))
            continue;
        const char *path = signal->path + length;
        if (*keyword == 't')
            wave_add_twin(b, path, radix);
        else if (strncmp(keyword, "state", 5) == 0)
            wave_add_states(b, "%s", path);
        else
            wave_add_signal(b, signal, signal->path, SIDE_NONE, radix, signal->table);
        found++;
    }
    return found;
}

/*
 * Waves have a scope's own signals all or not at all, but for the clock and the cycle, which all have:
 * another one that should be beside some that are there has been misspelt. Not to be told where * may stand
 * for a scope.
 */
static bool is_misspelt(const struct wave_builder *b, const char *prefix, const char *pattern)
{
    char path[PATH_LENGTH + 16];
    snprintf(path, sizeof(path), "%s%s", prefix, pattern);
    const char *dot = strrchr(path, '.');
    if (!dot || strcspn(path, "*") < (size_t)(dot - path))
        return false;
    size_t length = (size_t)(dot - path) + 1;
    for (size_t i = 0; i < b->wave->count; i++) {
        const char *other = b->wave->signals[i].path;
        if (strncmp(other, path, length) == 0 && !strchr(other + length, '.') &&
            strcmp(other, "TOP.clk_i") != 0 && strcmp(other, "marks.cycle") != 0)
            return true;
    }
    return false;
}

static int add_signals(struct wave_builder *b, const char *keyword, const char *rest)
{
    static const char *const radixes[] = {
        [RADIX_OWN] = "", [RADIX_HEX] = "hex", [RADIX_DEC] = "dec", [RADIX_BIN] = "bin"};
    enum { RADIXES = sizeof(radixes) / sizeof(radixes[0]) };
    char pattern[PATH_LENGTH] = "", word[16] = "", more[2] = "";
    bool optional = keyword[strlen(keyword) - 1] == '?';
    unsigned radix = 0;

    if (sscanf(rest, "%511s %15s %1s", pattern, word, more) < 1 || *more)
        return refuse(b, "a pattern of signals is expected, and perhaps a radix", "");
    while (radix < RADIXES && strcmp(word, radixes[radix]) != 0)
        radix++;
    if (radix == RADIXES)
        return refuse(b, "a radix is hex, dec or bin, not", word);
    /* Twins may be of the RTL alone: signals of its top module, or ports. */
    static const char *const twins[] = {"cmodel.", "TOP.mmu.", "TOP.", NULL};
    static const char *const states[] = {"states.rtl.", NULL}, *const all[] = {"", NULL};
    const char *const *first = *keyword == 't' ? twins : keyword[1] == 't' ? states : all;
    for (const char *const *prefix = first; *prefix; prefix++)
        if (add_matching(b, keyword, *prefix, pattern, (enum wave_radix)radix)) {
            b->shown++;
            return 0;
        }
    if (optional)
        return 0;
    if (is_misspelt(b, *first, pattern))
        return refuse(b, no_signal, pattern);
    if (!b->lacking++) {
        b->first_lacking_line = b->line;
        snprintf(b->first_lacking, sizeof(b->first_lacking), "%.*s", (int)sizeof(b->first_lacking) - 1,
                 pattern);
    }
    return 0;
}

static int add_line(struct wave_builder *b, char *line)
{
    char keyword[16] = "";
    int length = 0;

    line[strcspn(line, "\n")] = '\0';
    if (sscanf(line, " %15s %n", keyword, &length) < 1 || *keyword == '#')
        return 0;
    const char *rest = line + length;
    if (strcmp(keyword, "title") == 0) {
        free(b->view->title);
        b->view->title = strdup(rest);
        return b->view->title && wave_add_row(b, ROW_COMMENT, rest) ? 0 : refuse(b, "out of memory", "");
    }
    if (strcmp(keyword, "group") == 0 || strcmp(keyword, "closed") == 0) {
        b->open++;
        return wave_add_row(b, *keyword == 'g' ? ROW_GROUP : ROW_CLOSED_GROUP, rest) ? 0 : -1;
    }
    if (strcmp(keyword, "end") == 0) {
        if (!b->open)
            return refuse(b, "no group is open", "");
        b->open--;
        return wave_add_row(b, ROW_END, "") ? 0 : -1;
    }
    if (strcmp(keyword, "differences") == 0)
        return wave_add_differences(b);
    if (strcmp(keyword, "blocks") == 0)
        return add_blocks(b);
    static const char *const signals[] = {"show", "twin", "state"};
    for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        size_t word = strlen(signals[i]);
        if (strncmp(keyword, signals[i], word) == 0 && (!keyword[word] || strcmp(keyword + word, "?") == 0))
            return add_signals(b, keyword, rest);
    }
    return refuse(b, "not a line of a view:", keyword);
}

int wave_view_read(struct wave_view *view, const char *path, struct fst_file *wave)
{
    struct wave_builder b = {.view = view, .wave = wave, .file = path};
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    int failed = 0;

    *view = (struct wave_view){0};
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    while (!failed && getline(&line, &room, file) >= 0) {
        b.line++;
        failed = add_line(&b, line);
    }
    if (!failed && b.lacking && !b.shown) {
        b.line = b.first_lacking_line;
        failed = refuse(&b, no_signal, b.first_lacking);
    } else if (!failed && b.open) {
        failed = refuse(&b, "a group is not closed", "");
    } else if (!failed && b.lacking) {
        fprintf(stderr, "%s: this wave has nothing for %u of %u lines, the first '%s'\n", path, b.lacking,
                b.lacking + b.shown, b.first_lacking);
    }
    free(line);
    fclose(file);
    if (failed)
        wave_view_free(view);
    return failed;
}

void wave_view_free(struct wave_view *view)
{
    for (size_t i = 0; i < view->count; i++)
        free(view->rows[i].label);
    free(view->rows);
    free(view->title);
    *view = (struct wave_view){0};
}
