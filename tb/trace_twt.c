/* SPDX-License-Identifier: Apache-2.0 */
/* The own compact format (docs/traces.md): reading. */
#include <string.h>

#include "trace.h"

enum { LONGEST_RECORD = 32, VARINT_BYTES = 10 };

struct twt_state {
    uint64_t last[3]; /* VA by kind */
    uint64_t accesses;
    uint8_t mode; /* attribute bits */
    bool started;
    bool ended;
};

/* An LEB128 number whose bits start at `shift` of *value. NULL: longer than 64 bits. */
static const uint8_t *varint(const uint8_t *from, unsigned shift, uint64_t *value)
{
    for (unsigned i = 0; i < VARINT_BYTES && shift < 64; i++, shift += 7) {
        uint64_t bits = from[i] & 0x7f;
        if (bits << shift >> shift != bits)
            return NULL;
        *value |= bits << shift;
        if (!(from[i] & 0x80))
            return from + i + 1;
    }
    return NULL;
}

static ssize_t truncated(struct trace_reader *reader)
{
    return trace_reader_error(reader, "truncated: the record of the end is missing");
}

static ssize_t too_long(struct trace_reader *reader)
{
    return trace_reader_error(reader, "number longer than 64 bits");
}

/* The mode of the accesses that follow. 0, or -1 after a message. */
static ssize_t set_mode(struct trace_reader *reader, struct twt_state *state, uint8_t mode)
{
    bool supervisor = mode & TWT_MODE_SUPERVISOR, implicit = mode & TWT_MODE_IMPLICIT;
    if (mode > 7 || (implicit && !supervisor))
        return trace_reader_error(reader, "impossible mode 0x%02x", mode);
    state->mode = (uint8_t)((supervisor ? 0 : ATTR_USER) | (mode & TWT_MODE_AC ? ATTR_AC : 0) |
                            (implicit ? ATTR_IMPLICIT : 0));
    return 0;
}

/* The record of the end, whose numbers start at `at`. 0, or -1 after a message. */
static ssize_t end_of_trace(struct trace_reader *reader, struct twt_state *state, const uint8_t *at)
{
    uint64_t accesses = 0, instructions = 0;
    at = varint(at, 0, &accesses);
    at = at ? varint(at, 0, &instructions) : NULL;
    if (!at)
        return too_long(reader);
    if (at > reader->buffer + reader->filled)
        return truncated(reader);
    if (accesses != state->accesses)
        return trace_reader_error(reader, "has %llu accesses but says %llu",
                                  (unsigned long long)state->accesses, (unsigned long long)accesses);
    reader->at = (size_t)(at - reader->buffer);
    reader->instructions = instructions;
    state->ended = true;
    if (!trace_reader_fill(reader, 1))
        return -1;
    return reader->at == reader->filled ? 0 : trace_reader_error(reader, "something follows the end");
}

/* A mapping made or taken away, in the record whose numbers start at `at`. 0, or -1 after a message. */
static ssize_t change_mapping(struct trace_reader *reader, const uint8_t *at, bool unmap)
{
    const uint64_t all_pages = 1ull << (64 - TRACE_PAGE_SHIFT);
    uint8_t flags = unmap ? 0 : *at++;
    uint64_t page = 0, pages = 0;
    at = varint(at, 0, &page);
    at = at ? varint(at, 0, &pages) : NULL;
    if (!at)
        return too_long(reader);
    if (at > reader->buffer + reader->filled)
        return truncated(reader);
    if (flags & ~VMA_FLAGS)
        return trace_reader_error(reader, "impossible flags 0x%02x of a mapping", flags);
    if (pages == 0 || page >= all_pages || pages >= all_pages - page)
        return trace_reader_error(reader, "impossible mapping of %llu pages from page 0x%llx",
                                  (unsigned long long)pages, (unsigned long long)page);
    const struct trace_change change = {
        .vma = {.start = page << TRACE_PAGE_SHIFT, .end = (page + pages) << TRACE_PAGE_SHIFT, .flags = flags},
        .unmap = unmap,
    };
    if (!trace_reader_change(reader, &change))
        return -1;
    reader->at = (size_t)(at - reader->buffer);
    return 0;
}

static bool is_change(const struct trace_reader *reader)
{
    unsigned what = reader->buffer[reader->at] >> 2;
    return reader->version >= 2 && (what == TWT_MAP || what == TWT_UNMAP);
}

/* Goes past a control record. 0, or -1 after a message. */
static ssize_t control(struct trace_reader *reader, struct twt_state *state)
{
    const uint8_t *at = reader->buffer + reader->at;
    unsigned what = *at >> 2;
    if (what == TWT_END)
        return end_of_trace(reader, state, at + 1);
    if (is_change(reader))
        return change_mapping(reader, at + 1, what == TWT_UNMAP);
    if (what != TWT_MODE)
        return trace_reader_error(reader, "unknown control record 0x%02x", what);
    if (reader->filled - reader->at < 2)
        return truncated(reader);
    if (set_mode(reader, state, at[1]) < 0)
        return -1;
    reader->at += 2;
    return 0;
}

/* Decodes access records until one of control or the end of what is surely in the buffer. */
static size_t accesses(struct trace_reader *reader, struct twt_state *state, struct trace_access *out,
                       size_t room)
{
    const uint8_t *at = reader->buffer + reader->at;
    /* the margin behind the bytes makes it safe to read one record too many */
    const uint8_t *limit = reader->buffer + reader->filled - (reader->file_ended ? 0 : LONGEST_RECORD - 1);
    uint8_t mode = state->mode;
    size_t count = 0;
    while (count < room && at < limit) {
        uint8_t head = *at;
        unsigned kind = head & 3;
        if (kind == TWT_CONTROL)
            break;
        const uint8_t *next = at + 1;
        uint64_t zigzag = head >> 2 & 31;
        if (head & 0x80) {
            next = varint(next, 5, &zigzag);
            if (!next) {
                reader->at = (size_t)(at - reader->buffer);
                too_long(reader);
                return count;
            }
        }
        if (next > reader->buffer + reader->filled)
            break;
        state->last[kind] += (zigzag >> 1) ^ (0 - (zigzag & 1));
        out[count].va = state->last[kind];
        out[count].attr = (uint8_t)(mode | kind);
        count++;
        at = next;
    }
    reader->at = (size_t)(at - reader->buffer);
    return count;
}

static ssize_t read_twt(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    struct twt_state *state = reader->state;
    size_t count = 0;
    if (!state->started) {
        state->mode = ATTR_USER;
        state->started = true;
        reader->has_mappings = trace_reader_fill(reader, 1) && reader->at < reader->filled &&
                               (reader->buffer[reader->at] & 3) == TWT_CONTROL && is_change(reader);
    }
    while (count < room && !state->ended) {
        if (!trace_reader_fill(reader, LONGEST_RECORD))
            return -1;
        if (reader->at == reader->filled)
            return truncated(reader);
        size_t got = 0;
        if ((reader->buffer[reader->at] & 3) == TWT_CONTROL) {
            if (count > 0 && is_change(reader))
                break;
            if (control(reader, state) < 0)
                return -1;
        } else {
            got = accesses(reader, state, out + count, room - count);
            if (reader->failed)
                return -1;
            if (got == 0)
                return truncated(reader);
        }
        count += got;
        state->accesses += got;
    }
    return (ssize_t)count;
}

const struct trace_format_ops trace_twt_ops = {.read = read_twt};
