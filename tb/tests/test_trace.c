/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and converting traces. */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "commands.h"
#include "test_files.h"
#include "trace.h"
#include "trace_info.h"

static const char path[] = "build/test_trace.in";
static const char twt_path[] = "build/test_trace.twt";
static const char zst_path[] = "build/test_trace.twt.zst";
static const char lackey_path[] = "build/test_trace.lackey";
static const char messages_path[] = "build/test_trace.messages";

static char messages[4096];
static int saved_stderr;

static void catch (void)
{
    saved_stderr = catch_messages(messages_path);
}

static void release(void)
{
    release_messages(saved_stderr, messages_path, messages, sizeof(messages));
}

/* All accesses of a trace (at most `room`), or -1. */
static ssize_t read_all(const char *name, struct trace_access *out, size_t room, uint64_t *instructions)
{
    struct trace_access block[TRACE_BLOCK];
    size_t count = 0;
    ssize_t got;
    struct trace_reader *reader = trace_reader_open(name);
    if (!reader)
        return -1;
    while ((got = trace_reader_read(reader, block, TRACE_BLOCK)) > 0)
        for (ssize_t i = 0; i < got; i++)
            if (count < room)
                out[count++] = block[i];
    if (got < 0)
        assert_int_equal(trace_reader_read(reader, block, TRACE_BLOCK), -1);
    *instructions = reader->instructions;
    trace_reader_close(reader);
    return got < 0 ? -1 : (ssize_t)count;
}

static void assert_access(const struct trace_access *access, uint64_t va, unsigned attr)
{
    assert_true(access->va == va);
    assert_int_equal(access->attr, attr);
}

static const char lackey_text[] = "==123== Lackey, an example Valgrind tool\n"
                                  "==123== \n"
                                  "I  04000d7b,3\n"
                                  " L 1ffeffe7e,8\n"
                                  " S 1ffeffe70,8\n"
                                  "\n"
                                  "I  04000fff,2\n"
                                  " M 04222ffc,8\r\n"
                                  "--123-- remark\n"
                                  "I  ffffffffffffffff,1\n"
                                  "I  04000d7e,5";

static void assert_lackey_accesses(const struct trace_access *accesses, ssize_t count)
{
    assert_int_equal(count, 11);
    assert_access(&accesses[0], 0x4000d7b, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[1], 0x1ffeffe7e, ATTR_USER | ACCESS_READ);
    assert_access(&accesses[2], 0x1ffeffe70, ATTR_USER | ACCESS_WRITE);
    assert_access(&accesses[3], 0x4000fff, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[4], 0x4001000, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[5], 0x4222ffc, ATTR_USER | ACCESS_READ);
    assert_access(&accesses[6], 0x4223000, ATTR_USER | ACCESS_READ);
    assert_access(&accesses[7], 0x4222ffc, ATTR_USER | ACCESS_WRITE);
    assert_access(&accesses[8], 0x4223000, ATTR_USER | ACCESS_WRITE);
    assert_access(&accesses[9], UINT64_MAX, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[10], 0x4000d7e, ATTR_USER | ACCESS_FETCH);
}

static int trace_command(const char *action, const char *in, const char *out)
{
    char *argv[] = {"twinwalk trace", (char *)action, (char *)in, (char *)out, NULL};
    return cmd_trace(out ? 4 : 3, argv);
}

static void test_lackey(void **state)
{
    (void)state;
    struct trace_access accesses[16] = {{0}};
    uint64_t instructions;
    put_file(path, lackey_text, strlen(lackey_text));
    assert_lackey_accesses(accesses, read_all(path, accesses, 16, &instructions));
    assert_int_equal(instructions, 4);
}

static void test_conversion(void **state)
{
    (void)state;
    struct trace_access accesses[16] = {{0}};
    uint64_t instructions;
    put_file(path, lackey_text, strlen(lackey_text));
    assert_int_equal(trace_command("convert", path, twt_path), EXIT_AGREED);
    assert_lackey_accesses(accesses, read_all(twt_path, accesses, 16, &instructions));
    assert_int_equal(instructions, 4);
    assert_int_equal(trace_command("convert", twt_path, zst_path), EXIT_AGREED);
    assert_lackey_accesses(accesses, read_all(zst_path, accesses, 16, &instructions));
    assert_int_equal(trace_command("convert", zst_path, lackey_path), EXIT_AGREED);
    assert_lackey_accesses(accesses, read_all(lackey_path, accesses, 16, &instructions));
    assert_int_equal(trace_command("info", zst_path, NULL), EXIT_AGREED);
    catch ();
    assert_int_equal(trace_command("convert", path, "build/test_trace.txt"), EXIT_USAGE);
    assert_int_equal(trace_command("convert", "build/none", twt_path), EXIT_USAGE);
    assert_int_equal(trace_command("convert", path, "build/no/directory.twt"), EXIT_USAGE);
    release();
    assert_non_null(strstr(messages, "build/test_trace.txt: the name of a trace ends in"));
    assert_non_null(strstr(messages, "build/no/directory.twt: No such file"));
}

static void put_word(uint8_t *to, uint64_t word)
{
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(word >> 8 * i);
}

/* Two instructions: a load, and a branch with two stores and a load. */
static void champsim_records(uint8_t records[128])
{
    memset(records, 0, 128);
    put_word(records, 0x401000);
    put_word(records + 32, 0x7fff00001000);
    put_word(records + 64, 0x401004);
    records[64 + 8] = records[64 + 9] = 1;
    put_word(records + 64 + 16, 0x1000);
    put_word(records + 64 + 24, 0x2000);
    put_word(records + 64 + 56, 0x3000);
}

static void test_champsim(void **state)
{
    (void)state;
    uint8_t records[128];
    struct trace_access accesses[16] = {{0}};
    uint64_t instructions;
    champsim_records(records);
    put_file(path, records, 128);
    assert_int_equal(read_all(path, accesses, 16, &instructions), 6);
    assert_int_equal(instructions, 2);
    assert_access(&accesses[0], 0x401000, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[1], 0x7fff00001000, ATTR_USER | ACCESS_READ);
    assert_access(&accesses[2], 0x401004, ATTR_USER | ACCESS_FETCH);
    assert_access(&accesses[3], 0x3000, ATTR_USER | ACCESS_READ);
    assert_access(&accesses[4], 0x1000, ATTR_USER | ACCESS_WRITE);
    assert_access(&accesses[5], 0x2000, ATTR_USER | ACCESS_WRITE);
}

/* Any address after any other, all modes; over many buffers. */
static void test_own_format(void **state)
{
    (void)state;
    enum { COUNT = 300000 };
    static const uint8_t modes[] = {
        ATTR_USER, 0, ATTR_AC, ATTR_USER | ATTR_AC, ATTR_IMPLICIT, ATTR_IMPLICIT | ATTR_AC};
    struct trace_access *in = calloc(COUNT, sizeof(*in)), *out = calloc(COUNT, sizeof(*out));
    assert_true(in && out);
    uint64_t random = 1, instructions;
    for (size_t i = 0; i < COUNT; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned kind = (unsigned)(random >> 33) % 3;
        in[i].va = random * 7 >> (random >> 40) % 64;
        in[i].attr = (uint8_t)(modes[(random >> 50) % 6] | kind);
    }
    static const char *const names[] = {"build/test_trace.twt", "build/test_trace.twt.zst"};
    for (size_t i = 0; i < 2; i++) {
        struct trace_writer *writer = trace_writer_open(names[i]);
        assert_non_null(writer);
        assert_true(trace_writer_put(writer, in, COUNT / 2));
        assert_true(trace_writer_put(writer, in + COUNT / 2, COUNT - COUNT / 2));
        assert_true(trace_writer_close(writer, 123456789012345, true));
        assert_int_equal(read_all(names[i], out, COUNT, &instructions), COUNT);
        assert_true(instructions == 123456789012345);
        for (size_t j = 0; j < COUNT; j++)
            if (in[j].va != out[j].va || in[j].attr != out[j].attr)
                fail_msg("access %zu differs", j);
    }
    free(in);
    free(out);
}

static void test_bad_input(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } cases[] = {
#define CASE(bytes, message) {bytes, sizeof(bytes) - 1, message}
        CASE("", "build/test_trace.in: empty file"),
        CASE("I  04000d7b,3\n X 1000,4\n", "build/test_trace.in:2: not a line of a Lackey trace"),
        CASE("I  04000d7b,0\n", ":1: not a line of a Lackey trace"),
        CASE("I  04000d7b,4097\n", ":1: not a line"),
        CASE("I  04000d7b\n", ":1: not a line"),
        CASE("I  ,3\n", ":1: not a line"),
        CASE("I  11112222333344445,3\n", ":1: not a line"),
        CASE(" L 10,3 \n", ":1: not a line"),
        CASE("hello, world\n", ":1: not a line"),
        CASE("\x01\x02", "build/test_trace.in: not a trace in a format known"),
        CASE("twtrace\3", "build/test_trace.in:0: version 3 of the format is not known"),
        CASE("twtrace\0", "build/test_trace.in:0: version 0 of the format is not known"),
        CASE("twtrace\1", ":8: truncated: the record of the end is missing"),
        CASE("twtrace\1\x03\0\0more", ":11: something follows the end"),
        CASE("twtrace\1\x03\1\0", ":8: has 0 accesses but says 1"),
        CASE("twtrace\1\x07\4\x03\0\0", ":8: impossible mode 0x04"),
        CASE("twtrace\1\x07\x09\x03\0\0", ":8: impossible mode 0x09"),
        CASE("twtrace\1\x0b\x03\0\0", ":8: unknown control record 0x02"),
        CASE("twtrace\2\x0b\x40\x10\1\x03\0\0", ":8: impossible flags 0x40 of a mapping"),
        CASE("twtrace\2\x0b\x07\x10\0\x03\0\0", ":8: impossible mapping of 0 pages from page 0x10"),
        CASE("twtrace\2\x0f\xff\xff\xff\xff\xff\xff\xff\x07\1\x03\0\0", ":8: impossible mapping of 1 pages"),
        CASE("twtrace\2\x0f\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\1", ":8: number longer than 64 bits"),
        CASE("twtrace\2\x0b\x07\x10", ":8: truncated: the record of the end is missing"),
        CASE("twtrace\1\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", ":8: number longer than 64 bits"),
        CASE("twtrace\1\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\0", ":8: number longer than 64 bits"),
#undef CASE
    };
    struct trace_access accesses[16] = {{0}};
    uint64_t instructions;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_file(path, cases[i].bytes, cases[i].length);
        catch ();
        ssize_t got = read_all(path, accesses, 16, &instructions);
        release();
        if (got != -1 || !strstr(messages, cases[i].message))
            fail_msg("case %zu: %zd, %s", i, got, messages);
    }
    uint8_t records[128];
    champsim_records(records);
    records[64 + 8] = 9;
    put_file(path, records, 128);
    catch ();
    assert_int_equal(read_all(path, accesses, 16, &instructions), -1);
    release();
    assert_non_null(strstr(messages, ":64: not a ChampSim record: is_branch 9, branch_taken 1"));
    catch ();
    assert_int_equal(read_all("build/does/not/exist", accesses, 16, &instructions), -1);
    release();
    assert_non_null(strstr(messages, "build/does/not/exist"));
}

/* A prefix of a trace is refused or, where lines or records end, read. */
static void truncate_everywhere(const char *name, bool may_be_read)
{
    uint8_t bytes[1024];
    struct trace_access accesses[16] = {{0}};
    uint64_t instructions;
    size_t length = get_file(name, bytes, sizeof(bytes));
    assert_true(length < sizeof(bytes));
    for (size_t i = 0; i < length; i++) {
        put_file(path, bytes, i);
        catch ();
        ssize_t got = read_all(path, accesses, 16, &instructions);
        release();
        if (got < 0 ? messages[0] == '\0' : !may_be_read)
            fail_msg("%s cut to %zu bytes: %zd, message: %s", name, i, got, messages);
    }
    for (size_t i = 0; i < length * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        put_file(path, bytes, length);
        catch ();
        read_all(path, accesses, 16, &instructions);
        release();
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void test_damaged(void **state)
{
    (void)state;
    uint8_t records[128];
    put_file(lackey_path, lackey_text, strlen(lackey_text));
    assert_int_equal(trace_command("convert", lackey_path, twt_path), EXIT_AGREED);
    assert_int_equal(trace_command("convert", lackey_path, zst_path), EXIT_AGREED);
    truncate_everywhere(lackey_path, true);
    truncate_everywhere(twt_path, false);
    truncate_everywhere(zst_path, false);
    champsim_records(records);
    put_file(lackey_path, records, 128);
    truncate_everywhere(lackey_path, true);
}

static void test_synthetic(void **state)
{
    (void)state;
    struct trace_access accesses[64] = {{0}};
    uint64_t instructions;
    assert_int_equal(
        read_all("synthetic:sequential,count=5,stride=16,bytes=0x40,base=4096", accesses, 64, &instructions),
        5);
    for (unsigned i = 0; i < 5; i++)
        assert_access(&accesses[i], 4096 + i % 4 * 16, ATTR_USER | ACCESS_READ);
    /* a chase comes to every address once before it begins again, in the same order */
    assert_int_equal(read_all("synthetic:chase,count=64,bytes=128KiB,base=0", accesses, 64, &instructions),
                     64);
    uint32_t seen = 0, in_order = 0;
    for (unsigned i = 0; i < 32; i++) {
        assert_true(accesses[i].va % 4096 == 0 && accesses[i].va == accesses[32 + i].va);
        seen |= 1u << (accesses[i].va / 4096);
        in_order += accesses[i].va == i * 4096;
    }
    assert_true(seen == UINT32_MAX && in_order < 8);
    struct trace_info info;
    assert_true(
        trace_info_read("synthetic:uniform,count=100000,bytes=1MiB,write=300,fetch=200,seed=7", &info));
    assert_int_equal(info.format, TRACE_SYNTHETIC);
    assert_int_equal(info.accesses, 100000);
    assert_int_equal(info.pages, 256);
    assert_int_equal(info.regions, 1);
    assert_true(info.kinds[ACCESS_WRITE] > 29000 && info.kinds[ACCESS_WRITE] < 31000);
    assert_true(info.kinds[ACCESS_FETCH] > 19000 && info.kinds[ACCESS_FETCH] < 21000);
    assert_true(info.instructions == info.kinds[ACCESS_FETCH]);
    static const struct {
        const char *name, *message;
    } bad[] = {
        {"synthetic:", ":1:11: expected sequential, uniform or chase"},
        {"synthetic:random", ":1:11: expected sequential, uniform or chase"},
        {"synthetic:uniform,count", ":1:19: count: not one of count=, stride="},
        {"synthetic:uniform,size=5", ":1:19: size: not one of"},
        {"synthetic:uniform,count=5,bytes=7", ":1:27: bytes: not a number from 8 to"},
        {"synthetic:uniform,count=-5", ":1:19: count: not a number"},
        {"synthetic:uniform,count=5x", ":1:19: count: not a number"},
        {"synthetic:uniform,count=", ":1:19: count: not a number"},
        {"synthetic:chase,bytes=1TiB", ": a chase has at most 16777216 addresses"},
        {"synthetic:uniform,count=99999999TiB", ":1:19: count: not a number"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        catch ();
        assert_int_equal(read_all(bad[i].name, accesses, 64, &instructions), -1);
        release();
        if (!strstr(messages, bad[i].message))
            fail_msg("%s: %s", bad[i].name, messages);
    }
}

/* Small, all there, and with mappings but for the oldest; one of them is read whole. */
static void test_shipped(void **state)
{
    (void)state;
    enum { MOST_BYTES = 4000000, MOST_TOGETHER = 15000000 };
    static struct trace_access block[TRACE_BLOCK];
    struct trace_info info;
    glob_t found;
    off_t together = 0;
    assert_int_equal(glob("configs/traces/*.twt.zst", 0, NULL, &found), 0);
    assert_true(found.gl_pathc >= 9);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat status;
        struct trace_reader *reader = trace_reader_open(found.gl_pathv[i]);
        assert_non_null(reader);
        assert_true(trace_reader_read(reader, block, TRACE_BLOCK) > 0);
        assert_true(reader->has_mappings != (strstr(found.gl_pathv[i], "/sqlite3.") != NULL));
        trace_reader_close(reader);
        assert_int_equal(stat(found.gl_pathv[i], &status), 0);
        assert_true(status.st_size < MOST_BYTES);
        together += status.st_size;
    }
    assert_true(together < MOST_TOGETHER);
    globfree(&found);
    assert_true(trace_info_read("configs/traces/compiler.twt.zst", &info));
    assert_true(info.compressed && info.format == TRACE_TWT && info.has_mappings);
    assert_true(info.accesses > 5000000 && info.kinds[ACCESS_FETCH] >= info.instructions);
    assert_true(info.maps > 20 && info.outside == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lackey),     cmocka_unit_test(test_conversion), cmocka_unit_test(test_champsim),
        cmocka_unit_test(test_own_format), cmocka_unit_test(test_bad_input),  cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_synthetic),  cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
