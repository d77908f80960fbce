/* SPDX-License-Identifier: Apache-2.0 */
#include "compressed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum {
    INPUT_BYTES = 128 * 1024,
    ERROR_CHARS = 512,
};

/* What a decoder may allocate: enough for any preset of xz and for zstd without --long. */
static const uint64_t memory_limit = 160u << 20;
static const int zstd_window_log_max = 27;

enum format { FORMAT_PLAIN, FORMAT_ZSTD, FORMAT_XZ, FORMAT_GZIP };

struct compressed_file {
    char *path;
    int fd;
    bool regular; /* a file with places, not a pipe */
    enum format format;
    uint64_t size;     /* of the file itself; 0: not known */
    uint64_t position; /* bytes of the file read into `input` so far */
    uint64_t offset;   /* uncompressed bytes handed out */
    bool at_eof;       /* of the file itself */
    bool in_frame;     /* zstd, gzip: more input must come; a frame is not complete */
    bool ended;        /* xz: the decoder has seen its end */

    uint8_t input[INPUT_BYTES];
    size_t input_at, input_end;

    ZSTD_DStream *zstd;
    lzma_stream xz;
    z_stream gzip;

    char error[ERROR_CHARS]; /* empty: none */
};

static void set_error(struct compressed_file *file, const char *what)
{
    uint64_t at = file->position - (file->input_end - file->input_at);
    if (file->format == FORMAT_PLAIN)
        snprintf(file->error, sizeof(file->error), "%s: %s", file->path, what);
    else
        snprintf(file->error, sizeof(file->error), "%s: %s, at byte %" PRIu64 " of the compressed file",
                 file->path, what, at);
}

/* A copy of this process (tb/snapshots.h) shares the file's own position: each reads at one of its own. */
static ssize_t read_fully(struct compressed_file *file, uint8_t *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t n = file->regular ? pread(file->fd, buf + done, len - done, (off_t)(file->position + done))
                                  : read(file->fd, buf + done, len - done);
        if (n < 0) {
            if (errno == EINTR)
                continue;
            set_error(file, strerror(errno));
            return -1;
        }
        if (n == 0) {
            file->at_eof = true;
            break;
        }
        done += (size_t)n;
    }
    file->position += done;
    return (ssize_t)done;
}

/* Makes input available unless the file has ended. */
static int refill(struct compressed_file *file)
{
    if (file->input_at < file->input_end || file->at_eof)
        return 0;
    ssize_t n = read_fully(file, file->input, sizeof(file->input));
    if (n < 0)
        return -1;
    file->input_at = 0;
    file->input_end = (size_t)n;
    return 0;
}

static bool input_exhausted(const struct compressed_file *file)
{
    return file->at_eof && file->input_at == file->input_end;
}

static enum format detect(const uint8_t *bytes, size_t len)
{
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    static const uint8_t xz[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};
    static const uint8_t gzip[] = {0x1f, 0x8b, 0x08};
    if (len >= sizeof(zstd) && !memcmp(bytes, zstd, sizeof(zstd)))
        return FORMAT_ZSTD;
    if (len >= sizeof(xz) && !memcmp(bytes, xz, sizeof(xz)))
        return FORMAT_XZ;
    if (len >= sizeof(gzip) && !memcmp(bytes, gzip, sizeof(gzip)))
        return FORMAT_GZIP;
    return FORMAT_PLAIN;
}

static int decoder_create(struct compressed_file *file)
{
    switch (file->format) {
    case FORMAT_PLAIN:
        return 0;
    case FORMAT_ZSTD:
        file->zstd = ZSTD_createDStream();
        if (!file->zstd)
            return -1;
        return ZSTD_isError(ZSTD_DCtx_setParameter(file->zstd, ZSTD_d_windowLogMax, zstd_window_log_max)) ? -1
                                                                                                          : 0;
    case FORMAT_XZ:
        return lzma_stream_decoder(&file->xz, memory_limit, LZMA_CONCATENATED) == LZMA_OK ? 0 : -1;
    case FORMAT_GZIP:
        file->in_frame = true;
        return inflateInit2(&file->gzip, 15 + 16) == Z_OK ? 0 : -1; /* 15: window, 16: gzip header */
    }
    return -1;
}

struct compressed_file *compressed_file_open(const char *path, FILE *errors)
{
    struct compressed_file *file = calloc(1, sizeof(*file));
    if (!file || !(file->path = strdup(path))) {
        free(file);
        fprintf(errors, "%s: out of memory\n", path);
        return NULL;
    }
    file->xz = (lzma_stream)LZMA_STREAM_INIT;
    file->fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (file->fd < 0 || fstat(file->fd, &status)) {
        fprintf(errors, "%s: %s\n", path, strerror(errno));
        compressed_file_close(file);
        return NULL;
    }
    if (S_ISDIR(status.st_mode) || S_ISCHR(status.st_mode)) { /* /dev/zero has no end */
        fprintf(errors, "%s: is a %s\n", path, S_ISDIR(status.st_mode) ? "directory" : "device");
        compressed_file_close(file);
        return NULL;
    }
    file->regular = S_ISREG(status.st_mode);
    file->size = file->regular ? (uint64_t)status.st_size : 0;
    if (refill(file)) {
        fprintf(errors, "%s\n", file->error);
        compressed_file_close(file);
        return NULL;
    }
    file->format = detect(file->input, file->input_end);
    if (decoder_create(file)) {
        fprintf(errors, "%s: out of memory for decompression\n", path);
        compressed_file_close(file);
        return NULL;
    }
    return file;
}

void compressed_file_close(struct compressed_file *file)
{
    if (!file)
        return;
    ZSTD_freeDStream(file->zstd);
    lzma_end(&file->xz);
    if (file->format == FORMAT_GZIP)
        inflateEnd(&file->gzip);
    if (file->fd >= 0)
        close(file->fd);
    free(file->path);
    free(file);
}

static ssize_t read_plain(struct compressed_file *file, uint8_t *buf, size_t len)
{
    size_t buffered = file->input_end - file->input_at;
    size_t part = buffered < len ? buffered : len;
    memcpy(buf, file->input + file->input_at, part);
    file->input_at += part;
    if (part == len || file->at_eof)
        return (ssize_t)part;
    ssize_t n = read_fully(file, buf + part, len - part);
    return n < 0 ? -1 : (ssize_t)part + n;
}

/* Each decode_ function: decodes some input, returns the bytes put at buf or -1. */
static ssize_t decode_zstd(struct compressed_file *file, uint8_t *buf, size_t len)
{
    ZSTD_inBuffer in = {.src = file->input, .size = file->input_end, .pos = file->input_at};
    ZSTD_outBuffer out = {.dst = buf, .size = len};
    size_t rest = ZSTD_decompressStream(file->zstd, &out, &in);
    if (ZSTD_isError(rest)) {
        set_error(file, ZSTD_getErrorName(rest));
        return -1;
    }
    bool progress = out.pos || in.pos != file->input_at;
    file->input_at = in.pos;
    file->in_frame = rest != 0;
    if (!progress && file->in_frame && file->at_eof) {
        set_error(file, "truncated");
        return -1;
    }
    return (ssize_t)out.pos;
}

static const char *xz_message(lzma_ret result)
{
    switch (result) {
    case LZMA_MEM_ERROR:
        return "out of memory for decompression";
    case LZMA_MEMLIMIT_ERROR:
        return "needs too much memory to decompress";
    case LZMA_BUF_ERROR:
        return "truncated";
    case LZMA_OPTIONS_ERROR:
        return "uses unsupported options";
    default:
        return "corrupt data";
    }
}

static ssize_t decode_xz(struct compressed_file *file, uint8_t *buf, size_t len)
{
    file->xz.next_in = file->input + file->input_at;
    file->xz.avail_in = file->input_end - file->input_at;
    file->xz.next_out = buf;
    file->xz.avail_out = len;
    lzma_ret result = lzma_code(&file->xz, file->at_eof ? LZMA_FINISH : LZMA_RUN);
    file->input_at = file->input_end - file->xz.avail_in;
    if (result == LZMA_STREAM_END) {
        file->ended = true;
    } else if (result != LZMA_OK && (result != LZMA_BUF_ERROR || input_exhausted(file))) {
        set_error(file, xz_message(result));
        return -1;
    }
    return (ssize_t)(len - file->xz.avail_out);
}

static ssize_t decode_gzip(struct compressed_file *file, uint8_t *buf, size_t len)
{
    size_t room = len < UINT32_MAX ? len : UINT32_MAX;
    if (!file->in_frame) { /* another member follows the last */
        inflateReset(&file->gzip);
        file->in_frame = true;
    }
    file->gzip.next_in = file->input + file->input_at;
    file->gzip.avail_in = (uInt)(file->input_end - file->input_at);
    file->gzip.next_out = buf;
    file->gzip.avail_out = (uInt)room;
    int result = inflate(&file->gzip, Z_NO_FLUSH);
    file->input_at = file->input_end - file->gzip.avail_in;
    if (result == Z_STREAM_END) {
        file->in_frame = false;
    } else if (result == Z_BUF_ERROR && input_exhausted(file)) {
        set_error(file, "truncated");
        return -1;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
        set_error(file, file->gzip.msg ? file->gzip.msg : "corrupt data");
        return -1;
    }
    return (ssize_t)(room - file->gzip.avail_out);
}

/* Nothing can follow: the input is used up and no frame is open. */
static bool at_end(const struct compressed_file *file)
{
    return file->format == FORMAT_XZ ? file->ended : input_exhausted(file) && !file->in_frame;
}

static ssize_t read_decoded(struct compressed_file *file, uint8_t *buf, size_t len)
{
    size_t done = 0;
    while (done < len) {
        if (refill(file))
            return -1;
        if (at_end(file))
            break;
        ssize_t n = -1;
        switch (file->format) {
        case FORMAT_ZSTD:
            n = decode_zstd(file, buf + done, len - done);
            break;
        case FORMAT_XZ:
            n = decode_xz(file, buf + done, len - done);
            break;
        case FORMAT_GZIP:
            n = decode_gzip(file, buf + done, len - done);
            break;
        case FORMAT_PLAIN:
            break;
        }
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

ssize_t compressed_file_read(struct compressed_file *file, void *buf, size_t len)
{
    if (file->error[0])
        return -1;
    ssize_t n = file->format == FORMAT_PLAIN ? read_plain(file, buf, len) : read_decoded(file, buf, len);
    if (n > 0)
        file->offset += (uint64_t)n;
    return n;
}

uint64_t compressed_file_offset(const struct compressed_file *file)
{
    return file->offset;
}

bool compressed_file_is_compressed(const struct compressed_file *file)
{
    return file->format != FORMAT_PLAIN;
}

uint64_t compressed_file_position(const struct compressed_file *file)
{
    return file->position;
}

uint64_t compressed_file_size(const struct compressed_file *file)
{
    return file->size;
}

const char *compressed_file_error(const struct compressed_file *file)
{
    return file->error[0] ? file->error : NULL;
}
