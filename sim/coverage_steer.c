/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_steer.h"

#include <stdlib.h>
#include <string.h>

#include "coverage_table.h"

static const struct coverage_rule rules[] = {
#define COVER_STEER(group, pattern, settings) {COVERAGE_##group, pattern, settings},
#include "coverage_steer.def"
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

bool steering_rule(unsigned index, struct coverage_rule *rule)
{
    if (index >= RULES)
        return false;
    *rule = rules[index];
    return true;
}

const char *steering_of(unsigned point)
{
    unsigned group = coverage_group_of(point);

    for (unsigned i = 0; i < RULES; i++)
        if (rules[i].group == group && coverage_matches(point, rules[i].pattern))
            return rules[i].text;
    return NULL;
}

/* One of the settings has the key that ends `length` characters behind `text`. */
static bool has_key(const struct steering *steering, const char *text, size_t length)
{
    for (size_t i = 0; i < steering->count; i++)
        if (strncmp(steering->settings[i], text, length) == 0 && steering->settings[i][length] == '=')
            return true;
    return false;
}

bool steering_add(struct steering *steering, unsigned point)
{
    const char *text = steering_of(point);

    for (text = text != NULL ? text : ""; *text != '\0'; text += strspn(text, " ")) {
        size_t length = strcspn(text, " ");

        if (!has_key(steering, text, strcspn(text, "="))) {
            char **grown = realloc(steering->settings, (steering->count + 1) * sizeof(*grown));

            if (grown == NULL)
                return false;
            steering->settings = grown;
            grown[steering->count] = strndup(text, length);
            if (grown[steering->count] == NULL)
                return false;
            steering->count++;
        }
        text += length;
    }
    return true;
}

void steering_free(struct steering *steering)
{
    for (size_t i = 0; i < steering->count; i++)
        free(steering->settings[i]);
    free(steering->settings);
    *steering = (struct steering){0};
}
