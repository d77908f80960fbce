/* SPDX-License-Identifier: Apache-2.0 */
#include "area.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtl.h"

enum { NAME_BYTES = 1024 };
/* Of a flip-flop, with its reset; an enable is a gated clock, shared by the bits of a word. */
enum { FLIP_FLOP_TRANSISTORS = 24, NAND2_TRANSISTORS = 4 };

static const struct {
    const char *name, *module, *help;
} blocks[] = {
#define AREA_BLOCK(name, module, help) {#name, module, help},
    AREA_BLOCKS
#undef AREA_BLOCK
};

static const struct {
    const char *type;
    unsigned transistors;
} gates[] = {
#define GATE(type, transistors) {type, transistors},
#include "area_gates.def"
};

const char *area_block_name(enum area_block block)
{
    return blocks[block].name;
}

const char *area_block_help(enum area_block block)
{
    return blocks[block].help;
}

/* The block of a module that Yosys names, with or without a backslash before it; -1: none. */
static int block_of(const char *module)
{
    module += *module == '\\';
    for (int i = 0; i < AREA_BLOCK_COUNT; i++)
        if (strcmp(blocks[i].module, module) == 0)
            return i;
    return -1;
}

/* A file of the directory as JSON; NULL after a message. */
static json_t *load(const char *directory, const char *name)
{
    char path[PATH_MAX];
    json_error_t error;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL)
        fprintf(stderr, "twinwalk: %s:%d:%d: %s\n", path, error.line, error.column, error.text);
    return json;
}

static void count_cells(struct area_counts *counts, const char *type, uint64_t number, uint64_t *transistors)
{
    if (strstr(type, "FF") != NULL) {
        counts->flip_flops += number;
        *transistors += number * FLIP_FLOP_TRANSISTORS;
        counts->cells += number;
        return;
    }
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
        if (strcmp(gates[i].type, type) == 0) {
            *transistors += number * gates[i].transistors;
            counts->cells += number;
        }
    }
}

static bool read_cells(const char *directory, struct area *area)
{
    json_t *stat = load(directory, "stat.json"), *module, *number;
    const char *name, *type;

    if (stat == NULL)
        return false;
    json_object_foreach(json_object_get(stat, "modules"), name, module)
    {
        int block = block_of(name);
        uint64_t transistors = 0;
        if (block < 0)
            continue;
        json_object_foreach(json_object_get(module, "num_cells_by_type"), type, number)
        {
            count_cells(&area->blocks[block], type, (uint64_t)json_integer_value(number), &transistors);
        }
        area->blocks[block].gates = (transistors + NAND2_TRANSISTORS / 2) / NAND2_TRANSISTORS;
    }
    json_decref(stat);
    return true;
}

/* A file of the directory; NULL after a message. */
static FILE *open_counts(const char *directory, const char *name)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        perror(path);
    return file;
}

/* Lines "MODULE BITS", one for each array. */
static bool read_memories(const char *directory, struct area *area)
{
    char module[NAME_BYTES];
    uint64_t bits;
    FILE *file = open_counts(directory, "memories.txt");

    if (file == NULL)
        return false;
    while (fscanf(file, "%1023s %" SCNu64, module, &bits) == 2) {
        int block = block_of(module);
        if (block >= 0)
            area->blocks[block].memory_bits += bits;
    }
    fclose(file);
    return true;
}

/* Lines "Longest topological path in MODULE (length=N):"; the second of mmu is that of the whole. */
static bool read_depths(const char *directory, struct area *area)
{
    char line[NAME_BYTES], module[NAME_BYTES];
    unsigned length;
    bool mmu_seen = false, whole = false;
    FILE *file = open_counts(directory, "depth.txt");

    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "Longest topological path in %1023s (length=%u)", module, &length) != 2)
            continue;
        int block = block_of(module);
        if (block == AREA_mmu && mmu_seen) {
            area->total.depth = length;
            whole = true;
        } else if (block >= 0) {
            area->blocks[block].depth = length;
        }
        mmu_seen |= block == AREA_mmu;
    }
    fclose(file);
    if (!whole)
        fprintf(stderr, "twinwalk: %s/depth.txt: no path of the whole MMU\n", directory);
    return whole;
}

int area_measure(const struct mmu_params *params, struct area *area)
{
    char *directory = rtl_script("tb/synthesize_rtl.sh", "build/area", params, NULL,
                                 "the netlist of this configuration's RTL");
    bool read;

    *area = (struct area){0};
    if (directory == NULL)
        return -1;
    read = read_cells(directory, area) && read_memories(directory, area) && read_depths(directory, area);
    free(directory);
    if (!read)
        return -1;
    for (int i = 0; i < AREA_BLOCK_COUNT; i++) {
        area->total.cells += area->blocks[i].cells;
        area->total.flip_flops += area->blocks[i].flip_flops;
        area->total.memory_bits += area->blocks[i].memory_bits;
        area->total.gates += area->blocks[i].gates;
    }
    return 0;
}
