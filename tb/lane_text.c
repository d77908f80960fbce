/* SPDX-License-Identifier: Apache-2.0 */
#include "lane_text.h"

#include <stdio.h>
#include <string.h>

/* Lanes of which there are several, as their names begin, and as the event's text does. */
static const struct {
    const char *lane, *word;
} numbered[] = {{"port_", "port "}, {"walker_", "walker "}, {"entry_", "miss queue "}};

enum { NUMBERED = sizeof numbered / sizeof *numbered };

static const char operation[] = "operation accepted: ";

/* What is behind the prefix; NULL: the text does not begin so. */
static const char *behind(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

void lane_text(const char *event, char *text, size_t size)
{
    const char *rest = behind(event, operation);

    for (size_t i = 0; i < NUMBERED && !rest; i++) {
        rest = behind(event, numbered[i].word);
        if (rest)
            rest += strspn(rest, "0123456789");
    }
    const char *owner = rest ? behind(rest, ", ") : NULL;
    const char *verb = owner ? strstr(owner, ": ") : NULL;
    if (verb)
        snprintf(text, size, "%s (%.*s)", verb + 2, (int)(verb - owner), owner);
    else
        snprintf(text, size, "%s", rest ? rest + strspn(rest, " ") : event);
}

/* "(access 9, va 0x...)" or "(va 0x...)" at the end, as nothing else ends: its beginning; NULL: none. */
static const char *find_owner(const char *text, size_t length)
{
    const char *open = length ? memrchr(text, '(', length) : NULL;
    unsigned long long access, va;
    int end = 0;

    if (!open || open - text < 1)
        return NULL;
    if (sscanf(open, "(access %llu, va 0x%llx)%n", &access, &va, &end) < 2 || end == 0)
        if (sscanf(open, "(va 0x%llx)%n", &va, &end) < 1)
            return NULL;
    return open + end == text + length ? open : NULL;
}

void lane_text_event(const char *lane, const char *text, size_t length, char *event, size_t size)
{
    const char *owner = find_owner(text, length);

    for (size_t i = 0; i < NUMBERED; i++) {
        const char *number = behind(lane, numbered[i].lane);
        if (number && owner)
            snprintf(event, size, "%s%s, %.*s: %.*s", numbered[i].word, number,
                     (int)(text + length - owner) - 2, owner + 1, (int)(owner - text) - 1, text);
        else if (number)
            snprintf(event, size, "%s%s %.*s", numbered[i].word, number, (int)length, text);
        if (number)
            return;
    }
    snprintf(event, size, "%s%.*s", strcmp(lane, "operation") == 0 ? operation : "", (int)length, text);
}
