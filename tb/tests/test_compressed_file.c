/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "compressed_file.h"
#include "random_source.h"

enum { CONTENTS = 300000, PACKED = 400000 };

/* A directory, in it one file; contents that compress a bit. */
struct fixture {
    char directory[64];
    char path[96];
    uint8_t contents[CONTENTS];
    uint8_t packed[PACKED];
    FILE *errors;
    char *error_text;
    size_t error_length;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    *state = f;
    strcpy(f->directory, "/tmp/twinwalk-test-XXXXXX");
    if (!mkdtemp(f->directory))
        return -1;
    snprintf(f->path, sizeof(f->path), "%s/file.zst", f->directory); /* the name says nothing */
    for (size_t i = 0; i < CONTENTS; i++)
        f->contents[i] = (uint8_t)(random_mix(i / 4) & 0x1f);
    f->errors = open_memstream(&f->error_text, &f->error_length);
    return f->errors ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    fclose(f->errors);
    free(f->error_text);
    unlink(f->path);
    rmdir(f->directory);
    free(f);
    return 0;
}

static size_t pack_plain(struct fixture *f, uint8_t *to, size_t from, size_t len)
{
    memcpy(to, f->contents + from, len);
    return len;
}

static size_t pack_zstd(struct fixture *f, uint8_t *to, size_t from, size_t len)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); /* as the zstd command does */
    size_t size = ZSTD_compress2(context, to, PACKED / 2, f->contents + from, len);
    ZSTD_freeCCtx(context);
    assert_false(ZSTD_isError(size));
    return size;
}

static size_t pack_xz(struct fixture *f, uint8_t *to, size_t from, size_t len)
{
    size_t size = 0;
    assert_int_equal(
        lzma_easy_buffer_encode(6, LZMA_CHECK_CRC64, NULL, f->contents + from, len, to, &size, PACKED / 2),
        LZMA_OK);
    return size;
}

static size_t pack_gzip(struct fixture *f, uint8_t *to, size_t from, size_t len)
{
    z_stream stream = {
        .next_in = f->contents + from, .avail_in = (uInt)len, .next_out = to, .avail_out = PACKED / 2};
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return PACKED / 2 - stream.avail_out;
}

typedef size_t pack_function(struct fixture *f, uint8_t *to, size_t from, size_t len);
static pack_function *const packers[] = {pack_plain, pack_zstd, pack_xz, pack_gzip};
enum { PACKERS = 4 };

static void store(struct fixture *f, const void *bytes, size_t len)
{
    FILE *file = fopen(f->path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Reads the file in pieces of `piece` bytes; the number of bytes, or -1. They must be the contents. */
static long read_back(struct fixture *f, size_t piece, char *error, size_t error_size)
{
    struct compressed_file *file = compressed_file_open(f->path, f->errors);
    assert_non_null(file);
    uint8_t *buffer = malloc(piece);
    uint64_t done = 0;
    ssize_t n;
    while ((n = compressed_file_read(file, buffer, piece)) > 0) {
        assert_true(done + (uint64_t)n <= CONTENTS);
        assert_memory_equal(buffer, f->contents + done, (size_t)n);
        done += (uint64_t)n;
        assert_int_equal(compressed_file_offset(file), done);
    }
    free(buffer);
    if (n < 0) {
        assert_non_null(compressed_file_error(file));
        snprintf(error, error_size, "%s", compressed_file_error(file));
        assert_int_equal(compressed_file_read(file, error, 0), -1);
    } else {
        assert_null(compressed_file_error(file));
        assert_int_equal(compressed_file_position(file), compressed_file_size(file));
    }
    compressed_file_close(file);
    return n < 0 ? -1 : (long)done;
}

static void every_format_reads_back_in_pieces_of_any_size(void **state)
{
    struct fixture *f = *state;
    static const size_t pieces[] = {1, 7, 4096, 64 * 1024 + 1, 2 * CONTENTS};
    char error[256];
    for (size_t p = 0; p < PACKERS; p++) {
        store(f, f->packed, packers[p](f, f->packed, 0, CONTENTS));
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
            assert_int_equal(read_back(f, pieces[i], error, sizeof(error)), CONTENTS);
        struct compressed_file *file = compressed_file_open(f->path, f->errors);
        assert_int_equal(compressed_file_is_compressed(file), packers[p] != pack_plain);
        compressed_file_close(file);
    }
}

static void concatenated_files_read_as_one(void **state)
{
    struct fixture *f = *state;
    char error[256];
    for (size_t p = 0; p < PACKERS; p++) {
        size_t size = packers[p](f, f->packed, 0, 150000);
        size += packers[p](f, f->packed + size, 150000, CONTENTS - 150000);
        store(f, f->packed, size);
        assert_int_equal(read_back(f, 10000, error, sizeof(error)), CONTENTS);
    }
}

static void empty_contents_are_no_error(void **state)
{
    struct fixture *f = *state;
    char error[256];
    for (size_t p = 0; p < PACKERS; p++) {
        store(f, f->packed, packers[p](f, f->packed, 0, 0));
        assert_int_equal(read_back(f, 100, error, sizeof(error)), 0);
    }
}

static void truncation_is_an_error_wherever_it_is(void **state)
{
    struct fixture *f = *state;
    char error[256];
    for (size_t p = 1; p < PACKERS; p++) {
        size_t size = packers[p](f, f->packed, 0, 2000);
        for (size_t cut = 6; cut < size; cut++) {
            store(f, f->packed, cut);
            assert_int_equal(read_back(f, 512, error, sizeof(error)), -1);
            assert_non_null(strstr(error, "truncated"));
            assert_non_null(strstr(error, f->path));
            assert_non_null(strstr(error, "at byte "));
        }
    }
}

/* Checksums tell; what came before the damage may have been handed out already, right or wrong. */
static void damage_is_an_error(void **state)
{
    struct fixture *f = *state;
    for (size_t p = 1; p < PACKERS; p++) {
        size_t size = packers[p](f, f->packed, 0, CONTENTS);
        f->packed[size / 2] ^= 0x10;
        store(f, f->packed, size);
        struct compressed_file *file = compressed_file_open(f->path, f->errors);
        uint8_t buffer[4096];
        ssize_t n;
        while ((n = compressed_file_read(file, buffer, sizeof(buffer))) > 0)
            ;
        assert_int_equal(n, -1);
        compressed_file_close(file);
    }
}

static void garbage_after_the_end_is_an_error(void **state)
{
    struct fixture *f = *state;
    char error[256];
    for (size_t p = 1; p < PACKERS; p++) {
        size_t size = packers[p](f, f->packed, 0, 2000);
        memcpy(f->packed + size, "garbage, garbage", 16);
        store(f, f->packed, size + 16);
        assert_int_equal(read_back(f, 512, error, sizeof(error)), -1);
    }
}

static void what_cannot_be_opened_is_said(void **state)
{
    struct fixture *f = *state;
    assert_null(compressed_file_open(f->path, f->errors));
    assert_null(compressed_file_open(f->directory, f->errors));
    assert_null(compressed_file_open("/dev/zero", f->errors));
    fflush(f->errors);
    assert_non_null(strstr(f->error_text, "file.zst: No such file or directory\n"));
    assert_non_null(strstr(f->error_text, ": is a directory\n"));
    assert_non_null(strstr(f->error_text, "/dev/zero: is a device\n"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_format_reads_back_in_pieces_of_any_size),
        TEST(concatenated_files_read_as_one),
        TEST(empty_contents_are_no_error),
        TEST(truncation_is_an_error_wherever_it_is),
        TEST(damage_is_an_error),
        TEST(garbage_after_the_end_is_an_error),
        TEST(what_cannot_be_opened_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
