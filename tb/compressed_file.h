/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a file as a stream, decompressing .zst, .xz and .gz on the way. What
 * a file is, its first bytes tell, not its name. Memory use is bounded
 * whatever the file says of itself.
 */
#ifndef TWINWALK_COMPRESSED_FILE_H
#define TWINWALK_COMPRESSED_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct compressed_file;

/* Opens `path` for reading. NULL after a message on `errors` (may be stderr). */
struct compressed_file *compressed_file_open(const char *path, FILE *errors);
void compressed_file_close(struct compressed_file *file);

/*
 * Reads up to len uncompressed bytes; fewer than len only at the end of the
 * file, 0 at the end. -1: unreadable, corrupt or truncated compressed data,
 * see compressed_file_error; every later read gives -1 too.
 */
ssize_t compressed_file_read(struct compressed_file *file, void *buf, size_t len);

/* Number of uncompressed bytes read so far. */
uint64_t compressed_file_offset(const struct compressed_file *file);

/* false: the file is read as it is. */
bool compressed_file_is_compressed(const struct compressed_file *file);

/* Bytes of the file itself read so far, and its size (0 when not known): for progress. */
uint64_t compressed_file_position(const struct compressed_file *file);
uint64_t compressed_file_size(const struct compressed_file *file);

/* "path: what is wrong (with the compressed offset)" after a -1, else NULL. */
const char *compressed_file_error(const struct compressed_file *file);

#endif
