/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_yaml.h"
#include "project_path.h"
#include "small_file.h"

/* No configuration comes near this; it keeps endless input from being read, and libyaml from what it does
 * slowly. */
enum { MAX_FILE_BYTES = 1 << 16 };

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), ending_length = strlen(ending);

    return length >= ending_length && strcmp(text + length - ending_length, ending) == 0;
}

char *config_find(const char *name)
{
    char *relative, *path;

    if (strchr(name, '/') != NULL || ends_with(name, ".yaml") || ends_with(name, ".yml"))
        return strdup(name);
    if (asprintf(&relative, "configs/%s.yaml", name) < 0)
        return NULL;
    path = project_path(relative);
    if (path == NULL)
        fprintf(stderr, "%s: no such configuration: there is no %s here or beside the program\n", name,
                relative);
    free(relative);
    return path;
}

static int read_settings_file(struct config *config)
{
    size_t length;
    char *text = small_file_read(config->path, MAX_FILE_BYTES, "a configuration", &length);
    int failed;

    if (text == NULL)
        return -1;
    failed = config_yaml_read(config, config->path, CONFIG_FROM_FILE, text, length);
    free(text);
    return failed;
}

/* "section.key=value" as a YAML text of its own; the character set keeps it from being any other. */
static int apply_setting(struct config *config, const char *setting)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-";
    size_t section = strspn(setting, word);
    size_t key, value;
    char *name, *text;
    int failed;

    if (section == 0 || setting[section] != '.')
        goto malformed;
    key = strspn(setting + section + 1, word);
    if (key == 0 || setting[section + 1 + key] != '=')
        goto malformed;
    value = section + 1 + key + 1;
    if (setting[value] == '\0' || setting[value + strspn(setting + value, word)] != '\0') {
        fprintf(stderr, "-s %s: '%s' is neither a number nor a word\n", setting, setting + value);
        return -1;
    }

    if (asprintf(&name, "-s %s", setting) < 0)
        return -1;
    if (asprintf(&text, "%.*s: {%.*s: %s}\n", (int)section, setting, (int)key, setting + section + 1,
                 setting + value) < 0) {
        free(name);
        return -1;
    }
    failed = config_yaml_read(config, name, CONFIG_FROM_COMMAND_LINE, text, strlen(text));
    free(text);
    free(name);
    return failed;
malformed:
    fprintf(stderr, "-s %s: must be section.key=value\n", setting);
    return -1;
}

int config_check_setting(const char *setting, char value[CONFIG_VALUE_BYTES])
{
    struct config scratch = {.path = NULL};

    if (apply_setting(&scratch, setting) != 0)
        return -1;
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = config_key(i);
        uint32_t number = config_get(&scratch, i);
        char range[64];

        if (scratch.origins[i].source != CONFIG_FROM_COMMAND_LINE)
            continue;
        if (key->type == CONFIG_UINT && (number < key->min || number > key->max)) {
            fprintf(stderr, "-s %s: %s.%s: %u is not in its range, %s\n", setting, key->section, key->key,
                    number, config_range_text(key, range, sizeof(range)));
            return -1;
        }
        snprintf(value, CONFIG_VALUE_BYTES, "%s", config_value_text(key, number, range, sizeof(range)));
    }
    return 0;
}

/* A rule is broken at a key: named by where its value comes from. */
static void report_rule(const struct config *config, const char *name, const char *reason)
{
    char section[64], text[16];
    const char *dot = strchr(name, '.');
    int index;

    snprintf(section, sizeof(section), "%.*s", (int)(dot - name), name);
    index = config_key_find(section, dot + 1);
    const struct config_origin *origin = &config->origins[index];
    uint32_t value = config_get(config, index);

    switch (origin->source) {
    case CONFIG_FROM_FILE:
        fprintf(stderr, "%s:%u:%u: ", config->path, origin->line, origin->column);
        break;
    case CONFIG_FROM_COMMAND_LINE:
        fprintf(stderr, "-s %s=%u: ", name, value);
        break;
    case CONFIG_FROM_DEFAULT:
        fprintf(stderr, "%s: ", config->path);
        break;
    }
    snprintf(text, sizeof(text), "%u", value);
    fprintf(stderr, "%s: %s%s: %s\n", name, text,
            origin->source == CONFIG_FROM_DEFAULT ? " (its default)" : "", reason);
}

static int check(const struct config *config)
{
    const char *key = NULL;
    const char *reason = mmu_params_check(&config->mmu, &key);

    if (reason == NULL)
        reason = bench_params_check(&config->bench, &key);
    if (reason == NULL)
        return 0;
    report_rule(config, key, reason);
    return -1;
}

int config_load(struct config *config, const char *name, const char *const *settings, size_t count)
{
    memset(config, 0, sizeof(*config));
    mmu_params_default(&config->mmu);
    bench_params_default(&config->bench);
    config->path = config_find(name);
    if (config->path == NULL)
        return -1;
    if (read_settings_file(config) != 0)
        goto fail;
    for (size_t i = 0; i < count; i++)
        if (apply_setting(config, settings[i]) != 0)
            goto fail;
    return 0;
fail:
    config_close(config);
    return -1;
}

int config_open(struct config *config, const char *name, const char *const *settings, size_t count)
{
    if (config_load(config, name, settings, count) != 0)
        return -1;
    if (check(config) == 0)
        return 0;
    config_close(config);
    return -1;
}

void config_close(struct config *config)
{
    free(config->path);
    config->path = NULL;
}

uint32_t config_get(const struct config *config, size_t index)
{
    uint32_t value;

    memcpy(&value, (const char *)config + config_key(index)->offset, sizeof(value));
    return value;
}
