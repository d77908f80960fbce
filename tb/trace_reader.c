/* SPDX-License-Identifier: Apache-2.0 */
/* What the trace formats have in common: the buffer, finding out the format, messages. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

enum { BUFFER_MARGIN = 64, CHAMPSIM_RECORD = 64, FIRST_CHANGES = 64 };

static const char synthetic_prefix[] = "synthetic:";

const char *trace_format_name(enum trace_format format)
{
    static const char *const names[] = {
        [TRACE_TWT] = "twt",
        [TRACE_LACKEY] = "lackey",
        [TRACE_CHAMPSIM] = "champsim",
        [TRACE_SYNTHETIC] = "synthetic",
    };
    return names[format];
}

ssize_t trace_reader_error(struct trace_reader *reader, const char *format, ...)
{
    va_list arguments;
    if (reader->format == TRACE_LACKEY)
        fprintf(stderr, "%s:%" PRIu64 ": ", reader->path, reader->line);
    else
        fprintf(stderr, "%s:%" PRIu64 ": ", reader->path, reader->buffer_start + reader->at);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    reader->failed = true;
    return -1;
}

bool trace_reader_fill(struct trace_reader *reader, size_t wanted)
{
    size_t left = reader->filled - reader->at;
    if (left >= wanted || reader->file_ended)
        return true;
    memmove(reader->buffer, reader->buffer + reader->at, left);
    reader->buffer_start += reader->at;
    reader->at = 0;
    reader->filled = left;
    ssize_t got = compressed_file_read(reader->file, reader->buffer + left, TRACE_BUFFER - left);
    if (got < 0) {
        fprintf(stderr, "%s\n", compressed_file_error(reader->file));
        reader->failed = true;
        return false;
    }
    reader->filled += (size_t)got;
    reader->file_ended = reader->filled < TRACE_BUFFER;
    memset(reader->buffer + reader->filled, 0, BUFFER_MARGIN);
    return true;
}

static bool is_text(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((bytes[i] < 0x20 || bytes[i] > 0x7e) && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\t')
            return false;
    return true;
}

/* is_branch and branch_taken of the first record are 0 or 1 */
static bool is_champsim(const uint8_t *bytes, size_t length)
{
    return length >= CHAMPSIM_RECORD && bytes[8] <= 1 && bytes[9] <= 1;
}

static bool find_format(struct trace_reader *reader)
{
    if (!trace_reader_fill(reader, CHAMPSIM_RECORD))
        return false;
    size_t length = reader->filled < CHAMPSIM_RECORD ? reader->filled : CHAMPSIM_RECORD;
    if (length == 0) {
        fprintf(stderr, "%s: empty file\n", reader->path);
    } else if (length >= TRACE_TWT_MAGIC_BYTES &&
               memcmp(reader->buffer, TRACE_TWT_MAGIC, TRACE_TWT_MAGIC_BYTES - 1) == 0) {
        reader->format = TRACE_TWT;
        reader->version = reader->buffer[TRACE_TWT_MAGIC_BYTES - 1];
        if (reader->version < 1 || reader->version > TRACE_TWT_VERSION) {
            trace_reader_error(reader, "version %u of the format is not known", reader->version);
            return false;
        }
        reader->ops = &trace_twt_ops;
        reader->at = TRACE_TWT_MAGIC_BYTES;
        return true;
    } else if (is_text(reader->buffer, length)) {
        reader->format = TRACE_LACKEY;
        reader->ops = &trace_lackey_ops;
        return true;
    } else if (is_champsim(reader->buffer, length)) {
        reader->format = TRACE_CHAMPSIM;
        reader->ops = &trace_champsim_ops;
        return true;
    } else {
        fprintf(stderr, "%s: not a trace in a format known (twt, Lackey text, ChampSim)\n", reader->path);
    }
    return false;
}

/* Opens the file and finds out what it is. */
static bool open_file(struct trace_reader *reader)
{
    reader->file = compressed_file_open(reader->path, stderr);
    if (!reader->file)
        return false;
    reader->buffer = malloc(TRACE_BUFFER + BUFFER_MARGIN);
    reader->state = calloc(1, 64);
    if (!reader->buffer || !reader->state) {
        fprintf(stderr, "%s: out of memory\n", reader->path);
        return false;
    }
    return find_format(reader);
}

static bool open_synthetic(struct trace_reader *reader)
{
    reader->format = TRACE_SYNTHETIC;
    reader->ops = &trace_synthetic_ops;
    reader->state = trace_synthetic_options(reader->path, reader->path + strlen(synthetic_prefix));
    return reader->state != NULL;
}

struct trace_reader *trace_reader_open(const char *path)
{
    struct trace_reader *reader = calloc(1, sizeof(*reader));
    if (reader)
        reader->path = strdup(path);
    if (!reader || !reader->path) {
        fprintf(stderr, "%s: out of memory\n", path);
        free(reader);
        return NULL;
    }
    bool synthetic = strncmp(path, synthetic_prefix, strlen(synthetic_prefix)) == 0;
    if (!(synthetic ? open_synthetic(reader) : open_file(reader))) {
        trace_reader_close(reader);
        return NULL;
    }
    return reader;
}

void trace_reader_close(struct trace_reader *reader)
{
    if (!reader)
        return;
    if (reader->file)
        compressed_file_close(reader->file);
    trace_vmas_free(&reader->vmas);
    free(reader->changes);
    free(reader->buffer);
    free(reader->state);
    free(reader->path);
    free(reader);
}

ssize_t trace_reader_read(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    reader->change_count = 0;
    return reader->failed ? -1 : reader->ops->read(reader, out, room);
}

bool trace_reader_change(struct trace_reader *reader, const struct trace_change *change)
{
    if (reader->change_count == reader->change_room) {
        size_t room = reader->change_room ? reader->change_room * 2 : FIRST_CHANGES;
        struct trace_change *changes = realloc(reader->changes, room * sizeof(*changes));
        if (!changes) {
            trace_reader_error(reader, "out of memory");
            return false;
        }
        reader->changes = changes;
        reader->change_room = room;
    }
    bool keeps = trace_vmas_advises(&reader->vmas, change);
    if (!trace_vmas_apply(&reader->vmas, change)) {
        trace_reader_error(reader, "out of memory");
        return false;
    }
    reader->changes[reader->change_count] = *change;
    reader->changes[reader->change_count++].keeps = keeps;
    return true;
}
