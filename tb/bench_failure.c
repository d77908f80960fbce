/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_failure.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \n");
}

/* Copies the text up to `end`, each number of it as "N". */
static void copy_without_numbers(const char *text, const char *end, char *to, size_t size)
{
    size_t used = 0;
    bool in_word = false;

    while (text < end && *text != '\0' && *text != '\n' && used + 1 < size) {
        if (isdigit((unsigned char)*text) && !in_word) {
            text += 1 + strspn(text + 1, "0123456789abcdefxABCDEF");
            to[used++] = 'N';
        } else {
            in_word = isalpha((unsigned char)*text) != 0;
            to[used++] = *text++;
        }
    }
    to[used] = '\0';
}

/* A value of the report up to `end`, without blanks at its end; false when it is a number or too long to be a
 * state. */
static bool state_word(const char *text, const char *end, char *word, size_t size)
{
    while (end > text && (end[-1] == ' ' || end[-1] == '\n'))
        end--;
    if (end == text || (size_t)(end - text) >= size)
        return false;
    for (const char *c = text; c < end; c++)
        if (isdigit((unsigned char)*c))
            return false;
    memcpy(word, text, (size_t)(end - text));
    word[end - text] = '\0';
    return true;
}

void bench_failure_signal(const char *report, char *signature, size_t size)
{
    const char *line = skip_blanks(report);
    size_t name = strcspn(line, " :[\n");
    const char *rtl = strstr(line, "RTL "), *model = rtl != NULL ? strstr(rtl, " C ") : NULL;
    char r[48], c[48];

    if (name == 0) {
        snprintf(signature, size, "no signal differs any more");
        return;
    }
    snprintf(signature, size, "%.*s", (int)name, line);
    if (model == NULL || (line[name] == ':' && strcspn(line, "\n") < (size_t)(rtl - line)))
        return;
    const char *value = rtl + 4, *other = skip_blanks(model + 3);
    const char *value_end = model, *other_end = other + strcspn(other, "\n");
    if (strncmp(line + name, " set ", 5) == 0) {
        /* Of an entry only whether it is valid; its fields are addresses. */
        value_end = value + strcspn(value, " \n");
        other_end = other + strcspn(other, " \n");
    }
    if (state_word(value, value_end, r, sizeof(r)) && state_word(other, other_end, c, sizeof(c)))
        snprintf(signature, size, "%.*s: RTL %s, C %s", (int)name, line, r, c);
}

void bench_failure_of_loop(struct bench_failure *failure, const struct bench_loop *loop, const char *report)
{
    static const char *const kinds[] = {
        [OUTCOME_DONE] = "none",         [OUTCOME_MISMATCH] = "mismatch", [OUTCOME_ILLEGAL] = "illegal",
        [OUTCOME_PROTOCOL] = "protocol", [OUTCOME_HANG] = "hang",         [OUTCOME_STUCK] = "stuck",
    };
    const char *text = loop->message;

    *failure = (struct bench_failure){.kind = kinds[loop->outcome], .cycle = loop->cycle};
    if (loop->outcome == OUTCOME_MISMATCH) {
        bench_failure_signal(report, failure->signature, sizeof(failure->signature));
        return;
    }
    if (loop->outcome == OUTCOME_ILLEGAL) {
        /* "rule NAME: ..." */
        text = judge_verdict(loop->judge);
        copy_without_numbers(text, text + strcspn(text, ":"), failure->signature, sizeof(failure->signature));
        return;
    }
    copy_without_numbers(text, text + strlen(text), failure->signature, sizeof(failure->signature));
}

void bench_failure_of_stimulus(struct bench_failure *failure, const struct bench_loop *loop)
{
    *failure = (struct bench_failure){.kind = "expectation", .cycle = loop->cycle};
    if (loop->stimulus.first_failure != NULL)
        loop->stimulus.first_failure(loop->stimulus.self, failure->signature, sizeof(failure->signature));
    else
        snprintf(failure->signature, sizeof(failure->signature), "an expectation of the stimulus");
}

void bench_failure_of_coverage(struct bench_failure *failure, const struct bench_loop *loop,
                               const char *point)
{
    *failure = (struct bench_failure){.kind = "coverage", .cycle = loop->cycle};
    snprintf(failure->signature, sizeof(failure->signature), "%s", point);
}
