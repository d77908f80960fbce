/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk trace convert|info */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "trace.h"
#include "trace_info.h"

enum { MAX_PATHS = 2 };

struct arguments {
    const char *action;
    const char *paths[MAX_PATHS];
    unsigned path_count;
};

static error_t parse_argument(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (!arguments->action)
            arguments->action = argument;
        else if (arguments->path_count < MAX_PATHS)
            arguments->paths[arguments->path_count++] = argument;
        else
            argp_error(state, "too many arguments");
        return 0;
    case ARGP_KEY_END:
        if (!arguments->action)
            argp_error(state, "convert or info?");
        else if (strcmp(arguments->action, "convert") == 0 && arguments->path_count != 2)
            argp_error(state, "convert takes two files: IN OUT");
        else if (strcmp(arguments->action, "info") == 0 && arguments->path_count != 1)
            argp_error(state, "info takes one file");
        else if (strcmp(arguments->action, "convert") != 0 && strcmp(arguments->action, "info") != 0)
            argp_error(state, "unknown action '%s'", arguments->action);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp parser = {
    .parser = parse_argument,
    .args_doc = "convert IN OUT\ninfo FILE",
    .doc = "Converts traces of memory accesses and tells what is in them.\v"
           "FILE and IN are Valgrind Lackey text, ChampSim's 64-byte records or the own format, as they "
           "are or as .zst, .xz or .gz; what they are is told by their contents. They may also be "
           "synthetic:sequential, synthetic:chase or synthetic:uniform with options after commas "
           "(docs/traces.md). The "
           "format of OUT is told by its name: .twt, .twt.zst, .lackey or .lackey.zst.",
};

static int convert(const char *in, const char *out)
{
    struct trace_reader *reader = trace_reader_open(in);
    if (!reader)
        return EXIT_USAGE;
    struct trace_writer *writer = trace_writer_open(out);
    if (!writer) {
        trace_reader_close(reader);
        return EXIT_USAGE;
    }
    struct trace_access block[TRACE_BLOCK];
    ssize_t got;
    bool good = true;
    while (good && (got = trace_reader_read(reader, block, TRACE_BLOCK)) != 0)
        good = got > 0 && trace_writer_changes(writer, reader->changes, reader->change_count) &&
               trace_writer_put(writer, block, (size_t)got);
    good = trace_writer_close(writer, reader->instructions, good) && good;
    trace_reader_close(reader);
    return good ? EXIT_AGREED : EXIT_USAGE;
}

static int info(const char *path)
{
    struct trace_info info;
    if (!trace_info_read(path, &info))
        return EXIT_USAGE;
    printf("format          %s%s\n", trace_format_name(info.format), info.compressed ? ", compressed" : "");
    printf("instructions    %" PRIu64 "\n", info.instructions);
    printf("accesses        %" PRIu64 "\n", info.accesses);
    printf("  reads         %" PRIu64 "\n", info.kinds[ACCESS_READ]);
    printf("  writes        %" PRIu64 "\n", info.kinds[ACCESS_WRITE]);
    printf("  fetches       %" PRIu64 "\n", info.kinds[ACCESS_FETCH]);
    printf("  supervisor    %" PRIu64 "\n", info.supervisor);
    printf("pages           %" PRIu64 " of 4 KiB: %" PRIu64 " KiB\n", info.pages, info.pages * 4);
    printf("  of fetches    %" PRIu64 "\n", info.fetch_pages);
    printf("  of data       %" PRIu64 "\n", info.data_pages);
    printf("regions         %" PRIu64 " of 2 MiB\n", info.regions);
    if (info.has_mappings) {
        printf("mappings        %" PRIu64 " made, %" PRIu64 " removed; %" PRIu64 " KiB at most\n", info.maps,
               info.unmaps, info.mapped_at_most / 1024);
        printf("  outside       %" PRIu64 " accesses\n", info.outside);
    }
    if (info.accesses > 0) {
        printf("first address   0x%" PRIx64 "\n", info.first);
        printf("last address    0x%" PRIx64 "\n", info.last);
        printf("lowest          0x%" PRIx64 "\n", info.lowest);
        printf("highest         0x%" PRIx64 "\n", info.highest);
    }
    return EXIT_AGREED;
}

int cmd_trace(int argc, char **argv)
{
    struct arguments arguments = {0};
    if (argp_parse(&parser, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_USAGE;
    if (strcmp(arguments.action, "convert") == 0)
        return convert(arguments.paths[0], arguments.paths[1]);
    return info(arguments.paths[0]);
}
