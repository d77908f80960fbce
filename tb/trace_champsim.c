/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ChampSim's input_instr, 64 bytes an instruction: ip, is_branch,
 * branch_taken, 2 destination and 4 source registers, 2 destination and 4
 * source addresses (0: none), little-endian.
 */
#include <string.h>

#include "trace.h"

enum {
    RECORD = 64,
    IS_BRANCH = 8,
    BRANCH_TAKEN = 9,
    DESTINATIONS = 16,
    SOURCES = 32,
    DESTINATION_COUNT = 2,
    SOURCE_COUNT = 4,
    MOST_PER_RECORD = 1 + DESTINATION_COUNT + SOURCE_COUNT,
};

static uint64_t little_endian(const uint8_t *from)
{
    uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

static size_t record(const uint8_t *from, struct trace_access *out)
{
    size_t count = 0;
    out[count++] = (struct trace_access){.va = little_endian(from), .attr = ATTR_USER | ACCESS_FETCH};
    for (unsigned i = 0; i < SOURCE_COUNT; i++) {
        uint64_t va = little_endian(from + SOURCES + 8 * i);
        if (va)
            out[count++] = (struct trace_access){.va = va, .attr = ATTR_USER | ACCESS_READ};
    }
    for (unsigned i = 0; i < DESTINATION_COUNT; i++) {
        uint64_t va = little_endian(from + DESTINATIONS + 8 * i);
        if (va)
            out[count++] = (struct trace_access){.va = va, .attr = ATTR_USER | ACCESS_WRITE};
    }
    return count;
}

static ssize_t read_champsim(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    size_t count = 0;
    while (count + MOST_PER_RECORD <= room) {
        if (!trace_reader_fill(reader, RECORD))
            return -1;
        size_t left = reader->filled - reader->at;
        if (left == 0)
            break;
        if (left < RECORD)
            return trace_reader_error(reader, "truncated: %zu bytes of a record of %d", left, RECORD);
        const uint8_t *from = reader->buffer + reader->at;
        if (from[IS_BRANCH] > 1 || from[BRANCH_TAKEN] > 1)
            return trace_reader_error(reader, "not a ChampSim record: is_branch %u, branch_taken %u",
                                      from[IS_BRANCH], from[BRANCH_TAKEN]);
        count += record(from, out + count);
        reader->at += RECORD;
        reader->instructions++;
    }
    return (ssize_t)count;
}

const struct trace_format_ops trace_champsim_ops = {.read = read_champsim};
