/* SPDX-License-Identifier: Apache-2.0 */
#include "trace_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

/* What one call of a reader gave: changes of the mappings, then accesses. */
struct block {
    uint64_t access, change; /* the first in the lists */
    uint32_t access_count, change_count;
};

struct trace_memory {
    char *path;
    bool has_mappings;
    enum trace_format format;
    uint64_t instructions; /* 0: not read to its end, or the trace does not tell */
    struct block *blocks;
    size_t block_count, block_room;
    struct trace_access *accesses;
    uint64_t access_count, access_room;
    struct trace_change *changes;
    uint64_t change_count, change_room;
};

/* Where a reader is. */
struct cursor {
    const struct trace_memory *memory;
    size_t block;
    uint32_t taken; /* accesses of it */
};

static bool make_room(void **list, uint64_t *room, uint64_t count, size_t size)
{
    uint64_t wanted = *room > 0 ? *room : 1024;
    void *grown;

    while (wanted < count)
        wanted += wanted / 2;
    if (wanted == *room)
        return true;
    grown = realloc(*list, wanted * size);
    if (!grown)
        return false;
    *list = grown;
    *room = wanted;
    return true;
}

static bool add_block(struct trace_memory *memory, const struct trace_reader *reader, size_t count)
{
    struct block *block;
    uint64_t block_room = memory->block_room;

    if (!make_room((void **)&memory->blocks, &block_room, memory->block_count + 1, sizeof(*memory->blocks)) ||
        !make_room((void **)&memory->changes, &memory->change_room,
                   memory->change_count + reader->change_count, sizeof(*memory->changes)))
        return false;
    memory->block_room = block_room;
    block = &memory->blocks[memory->block_count++];
    *block = (struct block){
        .access = memory->access_count,
        .change = memory->change_count,
        .access_count = (uint32_t)count,
        .change_count = (uint32_t)reader->change_count,
    };
    if (reader->change_count)
        memcpy(memory->changes + memory->change_count, reader->changes,
               reader->change_count * sizeof(*memory->changes));
    memory->change_count += reader->change_count;
    memory->access_count += count;
    return true;
}

/* false: after a message, or *too_large. */
static bool read_all(struct trace_memory *memory, struct trace_reader *reader, uint64_t accesses,
                     uint64_t most, bool *too_large)
{
    ssize_t got;

    do {
        if (!make_room((void **)&memory->accesses, &memory->access_room, memory->access_count + TRACE_BLOCK,
                       sizeof(*memory->accesses))) {
            fprintf(stderr, "%s: out of memory\n", reader->path);
            return false;
        }
        got = trace_reader_read(reader, memory->accesses + memory->access_count, TRACE_BLOCK);
        if (got > 0 && !add_block(memory, reader, (size_t)got)) {
            fprintf(stderr, "%s: out of memory\n", reader->path);
            return false;
        }
        *too_large = memory->access_count > most;
        if (*too_large)
            return false;
        /* Once more where it may end with the bound: its end is what tells the instructions. */
    } while (got > 0 && memory->access_count <= accesses);
    memory->instructions = got == 0 ? reader->instructions : 0;
    memory->has_mappings = reader->has_mappings;
    memory->format = reader->format;
    return got >= 0;
}

struct trace_memory *trace_memory_load(const char *path, uint64_t accesses, uint64_t most, bool *too_large)
{
    struct trace_reader *reader = trace_reader_open(path);
    struct trace_memory *memory = reader ? calloc(1, sizeof(*memory)) : NULL;
    bool loaded = false;

    *too_large = false;
    if (memory) {
        memory->path = strdup(path);
        loaded = memory->path && read_all(memory, reader, accesses, most, too_large);
    }
    trace_reader_close(reader);
    if (loaded)
        return memory;
    trace_memory_free(memory);
    return NULL;
}

void trace_memory_free(struct trace_memory *memory)
{
    if (!memory)
        return;
    free(memory->blocks);
    free(memory->accesses);
    free(memory->changes);
    free(memory->path);
    free(memory);
}

uint64_t trace_memory_instructions(const struct trace_memory *memory, uint64_t accesses)
{
    return accesses == memory->access_count ? memory->instructions : 0;
}

uint64_t trace_file_instructions(const char *path, uint64_t accesses)
{
    struct trace_reader *reader = trace_reader_open(path);
    struct trace_access *block = reader ? malloc(TRACE_BLOCK * sizeof(*block)) : NULL;
    uint64_t count = 0, instructions = 0;
    ssize_t got = -1;

    while (block && count <= accesses && (got = trace_reader_read(reader, block, TRACE_BLOCK)) > 0)
        count += (uint64_t)got;
    if (got == 0 && count == accesses)
        instructions = reader->instructions;
    free(block);
    trace_reader_close(reader);
    return instructions;
}

/* The blocks as they were read, or parts of them where there is less room. */
static ssize_t read_memory(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    struct cursor *cursor = reader->state;
    const struct trace_memory *memory = cursor->memory;
    const struct block *block = &memory->blocks[cursor->block];
    size_t count;

    if (cursor->block == memory->block_count)
        return 0;
    if (cursor->taken == 0)
        for (uint32_t i = 0; i < block->change_count; i++)
            if (!trace_reader_change(reader, &memory->changes[block->change + i]))
                return -1;
    count = block->access_count - cursor->taken;
    if (count > room)
        count = room;
    memcpy(out, memory->accesses + block->access + cursor->taken, count * sizeof(*out));
    cursor->taken += (uint32_t)count;
    if (cursor->taken == block->access_count) {
        cursor->taken = 0;
        cursor->block++;
    }
    return (ssize_t)count;
}

int trace_memory_open(void *memory, const struct stimulus_env *env, struct stimulus *out)
{
    static const struct trace_format_ops ops = {.read = read_memory};
    const struct trace_memory *trace = memory;
    struct trace_reader *reader = calloc(1, sizeof(*reader));
    struct cursor *cursor = calloc(1, sizeof(*cursor));

    if (reader)
        reader->path = strdup(trace->path);
    if (!reader || !cursor || !reader->path) {
        fprintf(stderr, "%s: out of memory\n", trace->path);
        free(cursor);
        trace_reader_close(reader);
        return -1;
    }
    cursor->memory = trace;
    reader->ops = &ops;
    reader->state = cursor;
    reader->has_mappings = trace->has_mappings;
    reader->format = trace->format;
    return trace_play(reader, env, out);
}
