/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces of programs as streams of accesses, whatever format they are in (see
 * docs/traces.md). No access crosses a 4 KiB page: one that did was split.
 */
#ifndef TWINWALK_TRACE_H
#define TWINWALK_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "compressed_file.h"
#include "mmu.h"
#include "trace_vmas.h"

struct trace_access {
    uint64_t va;
    uint32_t fetches; /* for whoever plays the trace; the readers leave it alone */
    uint8_t attr;     /* as in struct access_req; AC, user and implicit as the trace says */
};

enum {
    TRACE_BLOCK = 4096,     /* number of accesses that are read at once */
    TRACE_LEAST_ROOM = 8,   /* least number that a reader is asked for */
    TRACE_BUFFER = 1 << 16, /* bytes */
    TRACE_PAGE_SHIFT = 12,
    TRACE_PAGE = 1 << TRACE_PAGE_SHIFT,
};

enum trace_format { TRACE_TWT, TRACE_LACKEY, TRACE_CHAMPSIM, TRACE_SYNTHETIC };

struct trace_reader;

/* What one format has to do. */
struct trace_format_ops {
    /*
     * Up to `room` (at least TRACE_LEAST_ROOM) accesses. 0: the end. -1 after
     * trace_reader_error. A change of the mappings is told (trace_reader_change)
     * before the first access of a block, or the block ends before it.
     */
    ssize_t (*read)(struct trace_reader *reader, struct trace_access *out, size_t room);
};

/* Common to all formats; private to the readers. */
struct trace_reader {
    const struct trace_format_ops *ops;
    char *path;
    struct compressed_file *file;
    uint8_t *buffer;       /* TRACE_BUFFER bytes and a margin of zeros */
    size_t at, filled;     /* next byte, end of the bytes in buffer */
    uint64_t buffer_start; /* offset of buffer[0] in the uncompressed trace */
    bool file_ended;
    bool failed;
    enum trace_format format;
    uint64_t instructions; /* so far */
    uint64_t line;         /* Lackey: of the line read last */
    uint8_t version;       /* of the own format */
    bool has_mappings;     /* the trace says what the program had mapped, with its rights */
    char became[128];      /* Lackey: the system call read last runs this program in place of the traced */
    /* What is mapped during the block read last, and what changed before it. */
    struct trace_vmas vmas;
    struct trace_change *changes;
    size_t change_count, change_room;
    void *state; /* of the format; freed with the reader */
};

/*
 * Opens a trace; the format is told by the contents, or path is
 * "synthetic:...". NULL after a message on stderr.
 */
struct trace_reader *trace_reader_open(const char *path);
void trace_reader_close(struct trace_reader *reader);

/* As trace_format_ops.read; the message of a failure is on stderr. */
ssize_t trace_reader_read(struct trace_reader *reader, struct trace_access *out, size_t room);

const char *trace_format_name(enum trace_format format);

/*
 * For the readers of the formats. Makes at least `wanted` bytes (at most TRACE_BUFFER / 2) available from
 * buffer[at] on unless the file ends before. false: it cannot be read.
 */
bool trace_reader_fill(struct trace_reader *reader, size_t wanted);

/* "path:where: message" on stderr, where `where` is a line in Lackey text, else a byte offset; -1. */
ssize_t trace_reader_error(struct trace_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Applies a change. false after trace_reader_error. */
bool trace_reader_change(struct trace_reader *reader, const struct trace_change *change);

/*
 * A line "SYSCALL..." of `valgrind --trace-syscalls=yes`: the changes of the
 * mappings that it tells go to the reader, whose state is what this keeps from
 * line to line (all 0 at first). Returns how many bytes are about the system
 * call; what follows them is a line of its own. -1 after a message.
 */
ssize_t trace_syscall_line(struct trace_reader *reader, const char *line, size_t length);

extern const struct trace_format_ops trace_twt_ops, trace_lackey_ops, trace_champsim_ops, trace_synthetic_ops;

/* Reads the options after "synthetic:". NULL after a message on stderr. */
void *trace_synthetic_options(const char *path, const char *text);

/* The own format: magic, and the version that is written; version 1 has no mappings. */
#define TRACE_TWT_MAGIC "twtrace\2"
enum { TRACE_TWT_MAGIC_BYTES = 8, TRACE_TWT_VERSION = 2 };

/* Kinds of records of the own format beyond enum access_kind, and the modes (docs/traces.md). */
enum { TWT_CONTROL = 3, TWT_END = 0, TWT_MODE = 1, TWT_MAP = 2, TWT_UNMAP = 3 };
enum { TWT_MODE_SUPERVISOR = 1, TWT_MODE_AC = 2, TWT_MODE_IMPLICIT = 4 };

struct trace_writer;

/*
 * Creates a trace: in the own format for ...twt and ...twt.zst, as Lackey text
 * for ...lackey and ...lackey.zst. It gets its name when it is complete. NULL
 * after a message on stderr.
 */
struct trace_writer *trace_writer_open(const char *path);
/* false after a message on stderr. */
bool trace_writer_put(struct trace_writer *writer, const struct trace_access *accesses, size_t count);
/* Changes of the mappings before the next access; only the own format has them. */
bool trace_writer_changes(struct trace_writer *writer, const struct trace_change *changes, size_t count);
/* Completes the file, or removes it when not `keep`. false after a message. */
bool trace_writer_close(struct trace_writer *writer, uint64_t instructions, bool keep);

#endif
