/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
