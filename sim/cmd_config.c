/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk config: the resolved configuration, or the references of keys and statistics. */
#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "config.h"
#include "options.h"
#include "statistics_reference.h"

enum { TEXT_BYTES = 64, OPTION_MARKDOWN = 256, OPTION_RTL };

struct config_options {
    const char *name;
    struct setting_list settings;
    enum { PRINT_VALUES, PRINT_RTL, PRINT_KEYS, PRINT_STATISTICS } print;
};

static const struct argp_option option_table[] = {
    {"config", 'c', "CONFIG", 0, "a YAML file, or the name of a shipped configuration (default: default)", 0},
    {"set", 's', "SECTION.KEY=VALUE", 0, "set one value, over the file's; may be repeated", 0},
    {"markdown", OPTION_MARKDOWN, "WHAT", OPTION_ARG_OPTIONAL,
     "print a reference instead, as Markdown: of all keys (the default) or of all statistics", 0},
    {"rtl", OPTION_RTL, NULL, 0, "print the SystemVerilog parameters instead, one NAME=VALUE a line", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct config_options *options = state->input;

    switch (key) {
    case 'c':
        options->name = arg;
        return 0;
    case 's':
        if (!setting_list_add(&options->settings, arg))
            argp_failure(state, EXIT_INTERNAL, 0, "out of memory");
        return 0;
    case OPTION_MARKDOWN:
        if (arg == NULL || strcmp(arg, "keys") == 0)
            options->print = PRINT_KEYS;
        else if (strcmp(arg, "statistics") == 0)
            options->print = PRINT_STATISTICS;
        else
            argp_error(state, "--markdown: '%s' is none of keys, statistics", arg);
        return 0;
    case OPTION_RTL:
        options->print = PRINT_RTL;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static bool starts_section(size_t index)
{
    return index == 0 || strcmp(config_key(index)->section, config_key(index - 1)->section) != 0;
}

/* A file name may hold anything; here it must not end the comment that it stands in. */
static void print_path(const char *path)
{
    for (; *path != '\0'; path++)
        putchar((unsigned char)*path < ' ' || *path == 0x7f ? '?' : *path);
}

static void print_origin(const struct config *config, size_t index)
{
    const struct config_origin *origin = &config->origins[index];

    switch (origin->source) {
    case CONFIG_FROM_DEFAULT:
        printf("default");
        break;
    case CONFIG_FROM_FILE:
        print_path(config->path);
        printf(":%u", origin->line);
        break;
    case CONFIG_FROM_COMMAND_LINE:
        printf("command line");
        break;
    }
}

/* YAML that -c reads back to the same values. */
static void print_yaml(const struct config *config)
{
    char number[TEXT_BYTES], setting[TEXT_BYTES];

    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = config_key(i);

        if (starts_section(i))
            printf("%s%s: # %s\n", i == 0 ? "" : "\n", key->section, key->section_help);
        snprintf(setting, sizeof(setting), "%s: %s", key->key,
                 config_value_text(key, config_get(config, i), number, sizeof(number)));
        printf("  %-23s # %s%s[", setting, key->unit, key->unit[0] == '\0' ? "" : " ");
        print_origin(config, i);
        printf("] %s\n", key->help);
    }
}

static void print_markdown(void)
{
    char number[TEXT_BYTES], range[TEXT_BYTES];

    printf(
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
        "<!-- Made by `make docs` from cmodel/params.def and tb/bench_params.def. -->\n\n"
        "# Configuration reference\n\n"
        "A configuration is a YAML file: a mapping of sections, each a mapping of keys. Every section and\n"
        "key may be left out and then has its default. Numbers are decimal or 0x hexadecimal. `-c` takes "
        "the\n"
        "path of a file or the name of a shipped configuration (`configs/NAME.yaml`); `-s "
        "section.key=value`\n"
        "sets one value over it. `twinwalk config -c CONFIG` prints the outcome, with each value's "
        "origin.\n\n"
        "Rules beyond the ranges: sets are powers of two; an array has at most 16,384 entries;\n"
        "`mmu.miss_queue` is at least 2 x (1 + `mmu.data_ports`); each cache of the memory side divides "
        "into\n"
        "a power of two of sets of 64-byte lines; the weights of a group that is in use are not all 0.\n");
    for (size_t i = 0; i < CONFIG_KEYS; i++) {
        const struct config_key *key = config_key(i);

        if (starts_section(i)) {
            printf("\n## %s\n\n%c%s.\n\n", key->section,
                   key->section_help[0] >= 'a' && key->section_help[0] <= 'z'
                       ? key->section_help[0] - 'a' + 'A'
                       : key->section_help[0],
                   key->section_help + 1);
            printf("| key | default | values | unit | meaning | RTL parameter |\n"
                   "|---|---|---|---|---|---|\n");
        }
        printf("| `%s` | %s | %s | %s | %s | %s%s%s |\n", key->key,
               config_value_text(key, key->dflt, number, sizeof(number)),
               config_range_text(key, range, sizeof(range)), key->unit, key->help,
               key->rtl != NULL ? "`" : "", key->rtl != NULL ? key->rtl : "", key->rtl != NULL ? "`" : "");
    }
}

static void print_rtl(const struct config *config)
{
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        if (config_key(i)->rtl != NULL)
            printf("%s=%u\n", config_key(i)->rtl, config_get(config, i));
}

int cmd_config(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc =
            "Print a configuration as it is resolved: every key with its value, unit, origin and meaning, as "
            "YAML that -c reads back.",
    };
    struct config_options options = {.name = "default"};
    struct config config;
    int code = EXIT_AGREED;

    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    if (options.print == PRINT_KEYS) {
        print_markdown();
    } else if (options.print == PRINT_STATISTICS) {
        statistics_reference_print(stdout);
    } else if (config_open(&config, options.name, options.settings.settings, options.settings.count) != 0) {
        code = EXIT_USAGE;
    } else {
        if (options.print == PRINT_RTL)
            print_rtl(&config);
        else
            print_yaml(&config);
        config_close(&config);
    }
    setting_list_free(&options.settings);
    return code;
}
