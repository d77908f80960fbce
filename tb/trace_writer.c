/* SPDX-License-Identifier: Apache-2.0 */
/* Writes traces: the own format (docs/traces.md) or Lackey text, plain or through zstd. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "output_file.h"
#include "trace.h"

enum { WRITE_BUFFER = 1 << 16, LONGEST_OUTPUT = 64, COMPRESSION_LEVEL = 19 };

struct trace_writer {
    struct output_file output;
    ZSTD_CCtx *zstd; /* NULL: not compressed */
    uint8_t *compressed;
    size_t compressed_size;
    uint8_t buffer[WRITE_BUFFER];
    size_t used;
    bool lackey;
    uint64_t last[3]; /* VA by kind */
    uint64_t accesses;
    uint8_t mode; /* of the own format */
};

static bool ends_with(const char *text, const char *suffix)
{
    size_t length = strlen(text), suffix_length = strlen(suffix);
    return length > suffix_length && strcmp(text + length - suffix_length, suffix) == 0;
}

static bool write_failed(const struct trace_writer *writer)
{
    fprintf(stderr, "%s: %s\n", writer->output.path, strerror(errno));
    return false;
}

static bool write_compressed(struct trace_writer *writer, bool end)
{
    ZSTD_inBuffer in = {.src = writer->buffer, .size = writer->used};
    size_t left;
    do {
        ZSTD_outBuffer out = {.dst = writer->compressed, .size = writer->compressed_size};
        left = ZSTD_compressStream2(writer->zstd, &out, &in, end ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) {
            fprintf(stderr, "%s: %s\n", writer->output.path, ZSTD_getErrorName(left));
            return false;
        }
        if (fwrite(writer->compressed, 1, out.pos, writer->output.stream) != out.pos)
            return write_failed(writer);
    } while (end ? left > 0 : in.pos < in.size);
    return true;
}

static bool flush(struct trace_writer *writer, bool end)
{
    if (writer->zstd) {
        if (!write_compressed(writer, end))
            return false;
    } else if (fwrite(writer->buffer, 1, writer->used, writer->output.stream) != writer->used) {
        return write_failed(writer);
    }
    writer->used = 0;
    return true;
}

static void put_varint(struct trace_writer *writer, uint64_t value)
{
    for (; value > 0x7f; value >>= 7)
        writer->buffer[writer->used++] = (uint8_t)(value | 0x80);
    writer->buffer[writer->used++] = (uint8_t)value;
}

static void put_twt(struct trace_writer *writer, const struct trace_access *access)
{
    unsigned kind = access->attr & ATTR_KIND;
    uint8_t mode = (uint8_t)((access->attr & ATTR_USER ? 0 : TWT_MODE_SUPERVISOR) |
                             (access->attr & ATTR_AC ? TWT_MODE_AC : 0) |
                             (access->attr & ATTR_IMPLICIT ? TWT_MODE_IMPLICIT : 0));
    if (mode != writer->mode) {
        writer->buffer[writer->used++] = TWT_CONTROL | TWT_MODE << 2;
        writer->buffer[writer->used++] = mode;
        writer->mode = mode;
    }
    uint64_t delta = access->va - writer->last[kind];
    uint64_t zigzag = delta << 1 ^ (0 - (delta >> 63));
    writer->last[kind] = access->va;
    uint8_t head = (uint8_t)(kind | (zigzag & 31) << 2);
    zigzag >>= 5;
    writer->buffer[writer->used++] = (uint8_t)(head | (zigzag ? 0x80 : 0));
    if (zigzag)
        put_varint(writer, zigzag);
}

static void put_lackey(struct trace_writer *writer, const struct trace_access *access)
{
    static const char *const starts[] = {
        [ACCESS_READ] = " L ", [ACCESS_WRITE] = " S ", [ACCESS_FETCH] = "I  "};
    writer->used += (size_t)snprintf((char *)writer->buffer + writer->used, LONGEST_OUTPUT,
                                     "%s%08" PRIx64 ",1\n", starts[access->attr & ATTR_KIND], access->va);
}

bool trace_writer_put(struct trace_writer *writer, const struct trace_access *accesses, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (writer->used > WRITE_BUFFER - LONGEST_OUTPUT && !flush(writer, false))
            return false;
        if (writer->lackey)
            put_lackey(writer, &accesses[i]);
        else
            put_twt(writer, &accesses[i]);
    }
    writer->accesses += count;
    return true;
}

static void put_change(struct trace_writer *writer, const struct trace_change *change)
{
    writer->buffer[writer->used++] = (uint8_t)(TWT_CONTROL | (change->unmap ? TWT_UNMAP : TWT_MAP) << 2);
    if (!change->unmap)
        writer->buffer[writer->used++] = change->vma.flags;
    put_varint(writer, change->vma.start >> TRACE_PAGE_SHIFT);
    put_varint(writer, (change->vma.end - change->vma.start) >> TRACE_PAGE_SHIFT);
}

bool trace_writer_changes(struct trace_writer *writer, const struct trace_change *changes, size_t count)
{
    for (size_t i = 0; i < count && !writer->lackey; i++) {
        if (writer->used > WRITE_BUFFER - LONGEST_OUTPUT && !flush(writer, false))
            return false;
        put_change(writer, &changes[i]);
    }
    return true;
}

static void free_writer(struct trace_writer *writer)
{
    ZSTD_freeCCtx(writer->zstd);
    free(writer->compressed);
    free(writer);
}

static bool prepare_compression(struct trace_writer *writer)
{
    writer->zstd = ZSTD_createCCtx();
    writer->compressed_size = ZSTD_CStreamOutSize();
    writer->compressed = malloc(writer->compressed_size);
    return writer->zstd && writer->compressed &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, COMPRESSION_LEVEL)) &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1));
}

struct trace_writer *trace_writer_open(const char *path)
{
    bool twt = ends_with(path, ".twt") || ends_with(path, ".twt.zst");
    bool lackey = ends_with(path, ".lackey") || ends_with(path, ".lackey.zst");
    if (!twt && !lackey) {
        fprintf(stderr, "%s: the name of a trace ends in .twt, .twt.zst, .lackey or .lackey.zst\n", path);
        return NULL;
    }
    struct trace_writer *writer = calloc(1, sizeof(*writer));
    if (!writer || (ends_with(path, ".zst") && !prepare_compression(writer))) {
        fprintf(stderr, "%s: out of memory\n", path);
        if (writer)
            free_writer(writer);
        return NULL;
    }
    writer->lackey = lackey;
    if (output_file_open(&writer->output, path)) {
        free_writer(writer);
        return NULL;
    }
    if (twt) {
        memcpy(writer->buffer, TRACE_TWT_MAGIC, TRACE_TWT_MAGIC_BYTES);
        writer->used = TRACE_TWT_MAGIC_BYTES;
    }
    return writer;
}

bool trace_writer_close(struct trace_writer *writer, uint64_t instructions, bool keep)
{
    bool good = keep;
    if (good && writer->used > WRITE_BUFFER - LONGEST_OUTPUT)
        good = flush(writer, false);
    if (good && !writer->lackey) {
        writer->buffer[writer->used++] = TWT_CONTROL | TWT_END << 2;
        put_varint(writer, writer->accesses);
        put_varint(writer, instructions);
    }
    good = good && flush(writer, true);
    if (good)
        good = output_file_commit(&writer->output) == 0;
    else
        output_file_discard(&writer->output);
    free_writer(writer);
    return good;
}
