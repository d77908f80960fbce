/* SPDX-License-Identifier: Apache-2.0 */
#include "area.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "project_path.h"

enum { PATH_BYTES = 1024, ARGUMENT_BYTES = 48, MAX_ARGUMENTS = 96 };
/* Of a flip-flop, with its reset; an enable is a gated clock, shared by the bits of a word. */
enum { FLIP_FLOP_TRANSISTORS = 24, NAND2_TRANSISTORS = 4 };

#define SCRIPT "tb/synthesize_rtl.sh"

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

/* In the child: the script with every RTL parameter, in the project's root. */
static void exec_script(const char *root, const struct mmu_params *params)
{
    static char text[MAX_ARGUMENTS][ARGUMENT_BYTES];
    static char *argv[MAX_ARGUMENTS + 3] = {"synthesize_rtl.sh", "build/area"};
    unsigned count = 0;

#define PARAM(section, key, type, rtl, dflt, min, max, unit, help)                                           \
    snprintf(text[count], ARGUMENT_BYTES, "%s=%u", #rtl, params->section.key);                               \
    argv[2 + count] = text[count];                                                                           \
    count++;
#include "params.def"
    if (chdir(root) == 0)
        execv(SCRIPT, argv);
    _exit(127);
}

/* Runs the script; what it printed, the directory of the counts, becomes an absolute path. -1 after a
 * message. */
static int synthesize(const struct mmu_params *params, char *directory, size_t size)
{
    char *script = project_path(SCRIPT), root[PATH_BYTES], line[PATH_BYTES] = "";
    int output[2], status = -1;

    if (script == NULL || realpath(script, root) == NULL) {
        fprintf(stderr, "twinwalk: " SCRIPT
                        " is not there: the RTL is synthesized only beside the project's files\n");
        free(script);
        return -1;
    }
    free(script);
    root[strlen(root) - strlen("/" SCRIPT)] = '\0';
    fflush(stdout);
    if (pipe(output) != 0) {
        perror("twinwalk: pipe");
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(output[1], STDOUT_FILENO);
        close(output[0]);
        close(output[1]);
        exec_script(root, params);
    }
    close(output[1]);
    FILE *stream = fdopen(output[0], "r");
    if (stream != NULL) {
        if (fgets(line, sizeof(line), stream) == NULL)
            line[0] = '\0';
        fclose(stream);
    } else {
        close(output[0]);
    }
    line[strcspn(line, "\n")] = '\0';
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
        line[0] == '\0') {
        fprintf(stderr, "twinwalk: the RTL of this configuration was not synthesized\n");
        return -1;
    }
    return (size_t)snprintf(directory, size, "%s/%s", root, line) < size ? 0 : -1;
}

/* A file of the directory as JSON; NULL after a message. */
static json_t *load(const char *directory, const char *name)
{
    char path[3 * PATH_BYTES];
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
    char path[3 * PATH_BYTES];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        perror(path);
    return file;
}

/* Lines "MODULE BITS", one for each array. */
static bool read_memories(const char *directory, struct area *area)
{
    char module[PATH_BYTES];
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
    char line[PATH_BYTES], module[PATH_BYTES];
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
    char directory[2 * PATH_BYTES];

    *area = (struct area){0};
    if (synthesize(params, directory, sizeof(directory)) != 0)
        return -1;
    if (!read_cells(directory, area) || !read_memories(directory, area) || !read_depths(directory, area))
        return -1;
    for (int i = 0; i < AREA_BLOCK_COUNT; i++) {
        area->total.cells += area->blocks[i].cells;
        area->total.flip_flops += area->blocks[i].flip_flops;
        area->total.memory_bits += area->blocks[i].memory_bits;
        area->total.gates += area->blocks[i].gates;
    }
    return 0;
}
