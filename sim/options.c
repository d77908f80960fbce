/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_JOBS = 4096 };

bool parse_count(const char *text, uint64_t *count)
{
    static const char suffixes[] = "kMG";
    bool hexadecimal = strncmp(text, "0x", 2) == 0;
    uint64_t value;
    char *end;

    /* strtoull would take blanks and signs. */
    if (!isdigit((unsigned char)text[0]) || (hexadecimal && !isxdigit((unsigned char)text[2])))
        return false;
    errno = 0;
    value = strtoull(text, &end, hexadecimal ? 16 : 10);
    if (errno != 0)
        return false;
    if (!hexadecimal && *end != '\0') {
        const char *suffix = strchr(suffixes, *end);

        if (suffix == NULL)
            return false;
        for (const char *s = suffixes; s <= suffix; s++)
            if (__builtin_mul_overflow(value, UINT64_C(1000), &value))
                return false;
        end++;
    }
    if (*end != '\0')
        return false;
    *count = value;
    return true;
}

uint64_t option_count(const struct argp_state *state, const char *name, const char *text)
{
    uint64_t count = 0;

    if (!parse_count(text, &count))
        argp_error(state, "--%s: '%s' is not a number (decimal with k, M or G, or 0x hexadecimal)", name,
                   text);
    return count;
}

unsigned processors(void)
{
    cpu_set_t allowed;
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    /* It fails where there are more than a cpu_set_t has room for. */
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        return (unsigned)CPU_COUNT(&allowed);
    return online > 0 ? (unsigned)online : 1;
}

unsigned option_jobs(const struct argp_state *state, const char *text)
{
    uint64_t count = 0;

    if (!parse_count(text, &count) || count == 0 || count > MAX_JOBS)
        argp_error(state, "-j: '%s' is not a number from 1 to %d", text, MAX_JOBS);
    return (unsigned)count;
}

const char *option_output(const struct argp_state *state, const char *text)
{
    if (text[0] == '\0')
        argp_error(state, "-o: the name is empty");
    return text;
}

bool setting_list_add(struct setting_list *list, const char *setting)
{
    const char **grown = realloc(list->settings, (list->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return false;
    grown[list->count++] = setting;
    list->settings = grown;
    return true;
}

void setting_list_free(struct setting_list *list)
{
    free(list->settings);
    *list = (struct setting_list){0};
}
