/* SPDX-License-Identifier: Apache-2.0 */
#include "image_private.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "compressed_file.h"

enum {
    PAGE_BYTES = 4096,
    CHUNK_BYTES = 1 << 20,
    PROGRESS_AFTER_SECONDS = 2,
};

/* No dump is larger; a file that unpacks to more is taken for a trap. */
static const uint64_t max_unpacked = 1ull << 40;

static int open_unnamed_in(const char *directory)
{
    int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (fd >= 0)
        return fd;
    char name[4096];
    int length = snprintf(name, sizeof(name), "%s/twinwalk-XXXXXX", directory);
    if (length < 0 || (size_t)length >= sizeof(name))
        return -1;
    fd = mkostemp(name, O_CLOEXEC); /* file systems without O_TMPFILE */
    if (fd >= 0)
        unlink(name);
    return fd;
}

static int open_unnamed(void)
{
    const char *directories[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
        int fd = directories[i] && directories[i][0] ? open_unnamed_in(directories[i]) : -1;
        if (fd >= 0)
            return fd;
    }
    return -1;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
    return len == 0 || (bytes[0] == 0 && !memcmp(bytes, bytes + 1, len - 1));
}

/* Writes the pages that are not zero; the others become holes of the file. */
static int write_sparse(int fd, const uint8_t *bytes, size_t len, uint64_t offset)
{
    for (size_t at = 0; at < len;) {
        size_t end = at;
        while (end < len) {
            size_t page = len - end < PAGE_BYTES ? len - end : PAGE_BYTES;
            if (is_zero(bytes + end, page))
                break;
            end += page;
        }
        while (at < end) {
            ssize_t n = pwrite(fd, bytes + at, end - at, (off_t)(offset + at));
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return -1;
            at += (size_t)n;
        }
        if (at < len)
            at += len - at < PAGE_BYTES ? len - at : PAGE_BYTES; /* the zero page */
    }
    return 0;
}

struct progress {
    time_t start, last;
    bool shown;
};

static time_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void show_progress(struct progress *progress, const struct compressed_file *file, const char *path)
{
    time_t time = now();
    if (time - progress->start < PROGRESS_AFTER_SECONDS || time == progress->last || !isatty(STDERR_FILENO))
        return;
    progress->last = time;
    progress->shown = true;
    uint64_t mib = compressed_file_offset(file) >> 20;
    if (compressed_file_size(file))
        fprintf(stderr, "\runpacking %s: %" PRIu64 " MiB, %3u %% ", path, mib,
                (unsigned)(compressed_file_position(file) * 100 / compressed_file_size(file)));
    else
        fprintf(stderr, "\runpacking %s: %" PRIu64 " MiB ", path, mib);
}

/* Unpacks into fd and sets *size. -1 after a message. */
static int unpack(struct compressed_file *file, const char *path, int fd, uint64_t *size)
{
    uint8_t *chunk = malloc(CHUNK_BYTES);
    if (!chunk) {
        fprintf(stderr, "%s: out of memory\n", path);
        return -1;
    }
    struct progress progress = {.start = now()};
    const char *problem = NULL;
    for (;;) {
        uint64_t offset = compressed_file_offset(file);
        ssize_t n = compressed_file_read(file, chunk, CHUNK_BYTES);
        *size = compressed_file_offset(file);
        if (n == 0)
            break;
        if (n > 0 && *size > max_unpacked) {
            problem = "unpacks to more than 1 TiB; that is not believed to be a memory image";
            break;
        }
        if (n < 0 || write_sparse(fd, chunk, (size_t)n, offset)) {
            problem = n < 0 ? compressed_file_error(file) : strerror(errno);
            break;
        }
        show_progress(&progress, file, path);
    }
    free(chunk);
    if (progress.shown)
        fprintf(stderr, "\r\033[K");
    if (!problem && ftruncate(fd, (off_t)*size))
        problem = strerror(errno);
    if (problem && problem == compressed_file_error(file))
        fprintf(stderr, "%s\n", problem); /* has the path already */
    else if (problem)
        fprintf(stderr, "%s: %s%s\n", path, *size > max_unpacked ? "" : "while unpacking: ", problem);
    return problem ? -1 : 0;
}

static int open_unpacked(struct compressed_file *file, const char *path, uint64_t *size)
{
    int fd = open_unnamed();
    if (fd < 0) {
        fprintf(stderr, "%s: no directory to unpack into ($TMPDIR, /var/tmp, /tmp): %s\n", path,
                strerror(errno));
        return -1;
    }
    if (unpack(file, path, fd, size)) {
        close(fd);
        return -1;
    }
    return fd;
}

int image_file_map(struct image_file *file, const char *path)
{
    struct compressed_file *packed = compressed_file_open(path, stderr);
    if (!packed)
        return -1;
    bool as_is = !compressed_file_is_compressed(packed) && compressed_file_size(packed) > 0;
    uint64_t size = compressed_file_size(packed);
    int fd;
    if (as_is) {
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            fprintf(stderr, "%s: %s\n", path, strerror(errno));
    } else {
        fd = open_unpacked(packed, path, &size);
    }
    compressed_file_close(packed);
    if (fd < 0)
        return -1;
    if (size == 0) {
        fprintf(stderr, "%s: is empty\n", path);
        close(fd);
        return -1;
    }
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    int error = errno;
    close(fd);
    if (bytes == MAP_FAILED) {
        fprintf(stderr, "%s: cannot be mapped: %s\n", path, strerror(error));
        return -1;
    }
    /* Walks jump about: reading ahead would bring in memory that nobody looks at. */
    madvise(bytes, size, MADV_RANDOM);
    *file = (struct image_file){.bytes = bytes, .size = size};
    return 0;
}

void image_file_forget(const struct image_file *file)
{
    madvise((void *)file->bytes, file->size, MADV_DONTNEED);
}

void image_file_unmap(struct image_file *file)
{
    if (file->bytes)
        munmap((void *)file->bytes, file->size);
    *file = (struct image_file){0};
}
