/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk area: what a configuration costs in silicon. */
#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "area.h"
#include "commands.h"
#include "config.h"
#include "options.h"
#include "output_file.h"

enum { OPTION_JSON = 256 };

struct area_options {
    const char *name, *json;
    struct setting_list settings;
};

static const struct argp_option option_table[] = {
    {"config", 'c', "CONFIG", 0, "a YAML file, or the name of a shipped configuration (default: default)", 0},
    {"set", 's', "SECTION.KEY=VALUE", 0, "set one value, over the file's; may be repeated", 0},
    {"json", OPTION_JSON, "FILE", 0, "write the counts as JSON", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct area_options *options = state->input;

    switch (key) {
    case 'c':
        options->name = arg;
        return 0;
    case 's':
        if (!setting_list_add(&options->settings, arg))
            argp_failure(state, EXIT_INTERNAL, 0, "out of memory");
        return 0;
    case OPTION_JSON:
        if (arg[0] == '\0')
            argp_error(state, "--json: the file name is empty");
        options->json = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A block that this configuration has. */
static bool present(const struct area_counts *counts)
{
    return counts->cells != 0 || counts->memory_bits != 0;
}

static void print_counts(const char *name, const struct area_counts *counts, const char *help)
{
    printf("%-14s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %12" PRIu64 " %6" PRIu64 "%s%s\n", name,
           counts->gates, counts->cells, counts->flip_flops, counts->memory_bits, counts->depth,
           help[0] ? "  " : "", help);
}

static void print_area(const struct area *area)
{
    printf("%-14s %10s %10s %10s %12s %6s\n", "block", "NAND2", "cells", "flip-flops", "memory bits",
           "depth");
    for (int i = 0; i < AREA_BLOCK_COUNT; i++)
        if (present(&area->blocks[i]))
            print_counts(area_block_name(i), &area->blocks[i], area_block_help(i));
    print_counts("total", &area->total, "");
}

static json_t *counts_json(const struct area_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "nand2", (json_int_t)counts->gates, "cells",
                     (json_int_t)counts->cells, "flip_flops", (json_int_t)counts->flip_flops, "memory_bits",
                     (json_int_t)counts->memory_bits, "depth", (json_int_t)counts->depth);
}

/* The total's counts, where a sweep looks for them, and an object of them for each block. */
static int write_json(const struct area *area, const char *path)
{
    json_t *json = counts_json(&area->total), *list = json_object();
    struct output_file file;
    int bad = json == NULL || list == NULL;

    for (int i = 0; i < AREA_BLOCK_COUNT && !bad; i++)
        if (present(&area->blocks[i]))
            bad |= json_object_set_new(list, area_block_name(i), counts_json(&area->blocks[i]));
    bad = bad || json_object_set(json, "blocks", list);
    json_decref(list);
    if (bad) {
        fprintf(stderr, "twinwalk: out of memory\n");
        json_decref(json);
        return EXIT_INTERNAL;
    }
    int code = EXIT_USAGE;
    if (output_file_open(&file, path) == 0) {
        json_dumpf(json, file.stream, JSON_INDENT(2));
        fputc('\n', file.stream);
        code = output_file_commit(&file) == 0 ? EXIT_AGREED : EXIT_USAGE;
    }
    json_decref(json);
    return code;
}

int cmd_area(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .doc = "Synthesize the RTL of a configuration with Yosys, and print what it costs: gates, "
               "flip-flops, memory "
               "bits and logic depth of each block.",
    };
    struct area_options options = {.name = "default"};
    struct config config;
    struct area area;
    int code = EXIT_USAGE;

    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return EXIT_USAGE;
    if (config_open(&config, options.name, options.settings.settings, options.settings.count) == 0) {
        if (area_measure(&config.mmu, &area) != 0) {
            code = EXIT_INTERNAL;
        } else {
            print_area(&area);
            code = options.json != NULL ? write_json(&area, options.json) : EXIT_AGREED;
        }
        config_close(&config);
    }
    setting_list_free(&options.settings);
    return code;
}
