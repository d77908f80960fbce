/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_option(FILE *out, const char *option, const char *value)
{
    if (value == NULL)
        return;
    fprintf(out, " %s ", option);
    print_shell_word(out, value);
}

static void print_count(FILE *out, const char *option, uint64_t count)
{
    if (count > 0)
        fprintf(out, " %s %llu", option, (unsigned long long)count);
}

char *coverage_run_command(const struct run_options *options)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);

    if (out == NULL)
        return NULL;
    fputs("twinwalk run", out);
    print_option(out, "-c", options->config);
    for (size_t i = 0; i < options->settings.count; i++)
        print_option(out, "-s", options->settings.settings[i]);
    if (options->engine == ENGINE_MODEL)
        fputs(" --engine model", out);
    if (options->judge == JUDGE_ON && options->engine == ENGINE_MODEL)
        fputs(" --judge", out);
    if (options->judge == JUDGE_OFF && options->engine != ENGINE_MODEL)
        fputs(" --no-judge", out);
    print_option(out, "--script", options->script);
    print_option(out, "--trace", options->trace);
    if (options->random)
        fputs(" --random", out);
    print_option(out, "--image", options->image);
    print_count(out, "--cycles", options->cycles);
    print_count(out, "--accesses", options->accesses);
    fprintf(out, " --seed %llu", (unsigned long long)options->seed);
    if (fclose(out) != 0) {
        free(line);
        return NULL;
    }
    return line;
}

/* The part of a path between its last slash and ".yaml". */
static void print_base(FILE *out, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');

    fprintf(out, "%.*s", dot != NULL && strcmp(dot, ".yaml") == 0 ? (int)(dot - base) : (int)strlen(base),
            base);
}

char *coverage_config_name(const struct run_options *options, const struct config *config)
{
    char *name = NULL, number[16];
    size_t size;
    FILE *out = open_memstream(&name, &size);

    if (out == NULL)
        return NULL;
    print_base(out, options->config);
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = config_key(i);

        if (key->rtl != NULL && config->origins[i].source == CONFIG_FROM_COMMAND_LINE)
            fprintf(out, " %s.%s=%s", key->section, key->key,
                    config_value_text(key, config_get(config, i), number, sizeof(number)));
    }
    if (fclose(out) != 0) {
        free(name);
        return NULL;
    }
    return name;
}
