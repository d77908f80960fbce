/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, converting and playing traces. */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench_params.h"
#include "commands.h"
#include "fake_mmu.h"
#include "image.h"
#include "table_builder.h"
#include "trace.h"
#include "trace_info.h"

static const char path[] = "build/test_trace.in";
static const char twt_path[] = "build/test_trace.twt";
static const char zst_path[] = "build/test_trace.twt.zst";
static const char lackey_path[] = "build/test_trace.lackey";
static const char messages_path[] = "build/test_trace.messages";

static char messages[4096];
static int saved_stderr;

static void put_file(const char *name, const void *bytes, size_t length)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

static size_t get_file(const char *name, void *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t length = fread(bytes, 1, room, file);
    fclose(file);
    return length;
}

static void catch_messages(void)
{
    fflush(stderr);
    saved_stderr = dup(STDERR_FILENO);
    int file = open(messages_path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(saved_stderr >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    close(file);
}

static void release_messages(void)
{
    fflush(stderr);
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    messages[get_file(messages_path, messages, sizeof(messages) - 1)] = '\0';
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
    struct trace_access accesses[16];
    uint64_t instructions;
    put_file(path, lackey_text, strlen(lackey_text));
    assert_lackey_accesses(accesses, read_all(path, accesses, 16, &instructions));
    assert_int_equal(instructions, 4);
}

static void test_conversion(void **state)
{
    (void)state;
    struct trace_access accesses[16];
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
    catch_messages();
    assert_int_equal(trace_command("convert", path, "build/test_trace.txt"), EXIT_USAGE);
    assert_int_equal(trace_command("convert", "build/none", twt_path), EXIT_USAGE);
    assert_int_equal(trace_command("convert", path, "build/no/directory.twt"), EXIT_USAGE);
    release_messages();
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
    struct trace_access accesses[16];
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
        CASE("twtrace\2", "build/test_trace.in:0: version 2 of the format is not known"),
        CASE("twtrace\1", ":8: truncated: the record of the end is missing"),
        CASE("twtrace\1\x03\0\0more", ":11: something follows the end"),
        CASE("twtrace\1\x03\1\0", ":8: has 0 accesses but says 1"),
        CASE("twtrace\1\x07\4\x03\0\0", ":8: impossible mode 0x04"),
        CASE("twtrace\1\x07\x09\x03\0\0", ":8: impossible mode 0x09"),
        CASE("twtrace\1\x0b\x03\0\0", ":8: unknown control record 0x02"),
        CASE("twtrace\1\xfc\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", ":8: number longer than 64 bits"),
        CASE("twtrace\1\x03\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\0", ":8: number longer than 64 bits"),
#undef CASE
    };
    struct trace_access accesses[16];
    uint64_t instructions;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_file(path, cases[i].bytes, cases[i].length);
        catch_messages();
        ssize_t got = read_all(path, accesses, 16, &instructions);
        release_messages();
        if (got != -1 || !strstr(messages, cases[i].message))
            fail_msg("case %zu: %zd, %s", i, got, messages);
    }
    uint8_t records[128];
    champsim_records(records);
    records[64 + 8] = 9;
    put_file(path, records, 128);
    catch_messages();
    assert_int_equal(read_all(path, accesses, 16, &instructions), -1);
    release_messages();
    assert_non_null(strstr(messages, ":64: not a ChampSim record: is_branch 9, branch_taken 1"));
    catch_messages();
    assert_int_equal(read_all("build/does/not/exist", accesses, 16, &instructions), -1);
    release_messages();
    assert_non_null(strstr(messages, "build/does/not/exist"));
}

/* A prefix of a trace is refused or, where lines or records end, read. */
static void truncate_everywhere(const char *name, bool may_be_read)
{
    uint8_t bytes[1024];
    struct trace_access accesses[16];
    uint64_t instructions;
    size_t length = get_file(name, bytes, sizeof(bytes));
    assert_true(length < sizeof(bytes));
    for (size_t i = 0; i < length; i++) {
        put_file(path, bytes, i);
        catch_messages();
        ssize_t got = read_all(path, accesses, 16, &instructions);
        release_messages();
        if (got < 0 ? messages[0] == '\0' : !may_be_read)
            fail_msg("%s cut to %zu bytes: %zd, message: %s", name, i, got, messages);
    }
    for (size_t i = 0; i < length * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        put_file(path, bytes, length);
        catch_messages();
        read_all(path, accesses, 16, &instructions);
        release_messages();
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
    struct trace_access accesses[64];
    uint64_t instructions;
    assert_int_equal(
        read_all("synthetic:sequential,count=5,stride=16,bytes=0x40,base=4096", accesses, 64, &instructions),
        5);
    for (unsigned i = 0; i < 5; i++)
        assert_access(&accesses[i], 4096 + i % 4 * 16, ATTR_USER | ACCESS_READ);
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
        {"synthetic:", ":1:11: expected sequential or uniform"},
        {"synthetic:random", ":1:11: expected sequential or uniform"},
        {"synthetic:uniform,count", ":1:19: count: not one of count=, stride="},
        {"synthetic:uniform,size=5", ":1:19: size: not one of"},
        {"synthetic:uniform,count=5,bytes=7", ":1:27: bytes: not a number from 8 to"},
        {"synthetic:uniform,count=-5", ":1:19: count: not a number"},
        {"synthetic:uniform,count=5x", ":1:19: count: not a number"},
        {"synthetic:uniform,count=", ":1:19: count: not a number"},
        {"synthetic:uniform,count=99999999TiB", ":1:19: count: not a number"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        catch_messages();
        assert_int_equal(read_all(bad[i].name, accesses, 64, &instructions), -1);
        release_messages();
        if (!strstr(messages, bad[i].message))
            fail_msg("%s: %s", bad[i].name, messages);
    }
}

struct run {
    struct mmu_params params;
    struct bench_params bench;
    struct stimulus_env env;
    struct stimulus stimulus;
    struct fake_mmu fake;
};

static struct run *open_run(const char *name, uint8_t ready, uint32_t huge_pages, const struct image *image)
{
    struct run *run = calloc(1, sizeof(*run));
    assert_non_null(run);
    mmu_params_default(&run->params);
    bench_params_default(&run->bench);
    run->bench.trace.huge_pages = huge_pages;
    run->env = (struct stimulus_env){.params = &run->params,
                                     .bench = &run->bench,
                                     .phys = phys_mem_create(),
                                     .image = image,
                                     .seed = 1,
                                     .max_accesses = UINT64_MAX};
    fake_mmu_init(&run->fake, ready);
    assert_int_equal(trace_open(name, &run->env, &run->stimulus), 0);
    return run;
}

static void close_run(struct run *run)
{
    run->stimulus.destroy(run->stimulus.self);
    phys_mem_destroy(run->env.phys);
    free(run);
}

static uint64_t leaf(const struct run *run, uint64_t va, unsigned level)
{
    uint64_t root = run->fake.log[0].value;
    uint64_t at = table_builder_entry(run->env.phys, root, 4, va, level);
    return at == TABLE_NO_ENTRY ? 0 : phys_mem_read64(run->env.phys, at);
}

static void test_play(void **state)
{
    (void)state;
    put_file(path, lackey_text, strlen(lackey_text));
    struct run *run = open_run(path, 0xf, 0, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 100000);
    const struct fake_log_entry *log = run->fake.log;
    assert_int_equal(run->fake.logged, 12);
    assert_true(log[0].port == 0xff && log[0].attr == OP_WRITE_CR3);
    /* the first instruction, then its load and store with the next one */
    assert_true(log[1].port == 0 && log[1].va == 0x4000d7b && log[1].cycle == FAKE_OP_CYCLES);
    assert_true(log[2].port == 0 && log[2].va == 0x4000fff && log[2].cycle == FAKE_OP_CYCLES + 1);
    assert_true(log[3].port == 1 && log[3].va == 0x1ffeffe7e && log[3].cycle == FAKE_OP_CYCLES + 1);
    assert_true(log[4].port == 2 && log[4].va == 0x1ffeffe70 && log[4].cycle == FAKE_OP_CYCLES + 1);
    uint64_t rights = ENTRY_P | ENTRY_RW | ENTRY_US;
    assert_true((leaf(run, 0x4000d7b, 1) & 0xfff) == rights);
    assert_true((leaf(run, 0x1ffeffe7e, 1) & 0xfff) == rights);
    assert_true(leaf(run, 0x4000d7b, 1) != leaf(run, 0x1ffeffe7e, 1));
    assert_true(leaf(run, 0x4002000, 1) == 0);
    assert_true(run->stimulus.failures(run->stimulus.self) == 0);
    close_run(run);
}

/* Ports that accept now and then: nothing is lost, changed or out of order. */
static void test_play_back_pressure(void **state)
{
    (void)state;
    struct run *run = open_run("synthetic:sequential,count=2000,fetch=300,bytes=1GiB", 0, 0, NULL);
    static const uint8_t masks[8] = {0x1, 0x2, 0x6, 0x0, 0x4, 0x7, 0x0, 0x3};
    memcpy(run->fake.ready_mask, masks, sizeof(masks));
    fake_mmu_run(&run->fake, &run->stimulus, 100000);
    assert_false(run->fake.offer_changed);
    assert_int_equal(run->fake.logged, 2001);
    uint64_t last[MMU_MAX_PORTS] = {0}, sum = 0;
    for (unsigned i = 1; i < run->fake.logged; i++) {
        const struct fake_log_entry *entry = &run->fake.log[i];
        assert_true(entry->va > last[entry->port]);
        assert_int_equal((entry->attr & ATTR_KIND) == ACCESS_FETCH, entry->port == 0);
        last[entry->port] = entry->va;
        sum += entry->va;
    }
    assert_true(sum == 2000ull * 0x10000000 + 8ull * 1999 * 2000 / 2);
    close_run(run);
}

static void test_play_huge_pages(void **state)
{
    (void)state;
    struct run *run = open_run("synthetic:sequential,count=1000,stride=8192,bytes=1GiB", 0xf, 500, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 100000);
    unsigned huge = 0, small = 0;
    for (uint64_t va = 0x10000000; va < 0x10000000 + 1000 * 8192; va += 8192) {
        uint64_t pde = leaf(run, va, 2);
        huge += (pde & ENTRY_PS) != 0;
        small += !(pde & ENTRY_PS) && leaf(run, va, 1) & ENTRY_P;
    }
    assert_int_equal(huge + small, 1000);
    assert_true(huge > 0 && small > 0);
    close_run(run);
}

static void test_play_not_canonical(void **state)
{
    (void)state;
    static const char text[] = "I  800000000000,1\nI  ffff800000000000,1\n";
    put_file(path, text, strlen(text));
    struct run *run = open_run(path, 0xf, 0, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_int_equal(run->fake.logged, 3);
    assert_true(leaf(run, 0xffff800000000000, 1) != 0);
    close_run(run);
}

static void test_play_bounds(void **state)
{
    (void)state;
    struct run *run = open_run("synthetic:uniform,count=100", 0xf, 0, NULL);
    run->stimulus.destroy(run->stimulus.self);
    run->env.max_accesses = 7;
    assert_int_equal(trace_open("synthetic:uniform,count=100", &run->env, &run->stimulus), 0);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_int_equal(run->fake.logged, 8);
    close_run(run);
    /* a trace that breaks off */
    static const char text[] = "I  1000,1\nI  2000,1\nnothing\n";
    put_file(path, text, strlen(text));
    catch_messages();
    run = open_run(path, 0xf, 0, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_true(run->stimulus.failures(run->stimulus.self) == UINT64_MAX);
    close_run(run);
    release_messages();
    assert_non_null(strstr(messages, "build/test_trace.in:3: not a line of a Lackey trace"));
}

static void test_play_image(void **state)
{
    (void)state;
    const struct image image = {.cr0 = CR0_PG | CR0_WP,
                                .cr3 = 0x5000,
                                .cr4 = CR4_PAE | CR4_PGE,
                                .efer = EFER_NXE,
                                .pkru = 4,
                                .pkrs = 8,
                                .has_registers = true};
    struct run *run = open_run("synthetic:uniform,count=2", 0xf, 0, &image);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    static const struct {
        uint8_t op;
        uint64_t value;
    } ops[] = {{OP_WRITE_CR0, CR0_PG | CR0_WP}, {OP_WRITE_EFER, EFER_NXE}, {OP_WRITE_CR4, CR4_PAE | CR4_PGE},
               {OP_WRITE_CR3, 0x5000},          {OP_WRITE_PKRU, 4},        {OP_WRITE_PKRS, 8}};
    assert_int_equal(run->fake.logged, 8);
    for (size_t i = 0; i < 6; i++)
        assert_true(run->fake.log[i].attr == ops[i].op && run->fake.log[i].value == ops[i].value);
    assert_int_equal(run->fake.log[6].port, 1);
    close_run(run);
}

static void test_shipped(void **state)
{
    (void)state;
    struct trace_info info;
    assert_true(trace_info_read("configs/traces/sqlite3.twt.zst", &info));
    assert_true(info.compressed && info.format == TRACE_TWT);
    assert_true(info.accesses > 1000000 && info.kinds[ACCESS_FETCH] >= info.instructions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lackey),
        cmocka_unit_test(test_conversion),
        cmocka_unit_test(test_champsim),
        cmocka_unit_test(test_own_format),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_synthetic),
        cmocka_unit_test(test_play),
        cmocka_unit_test(test_play_back_pressure),
        cmocka_unit_test(test_play_huge_pages),
        cmocka_unit_test(test_play_not_canonical),
        cmocka_unit_test(test_play_bounds),
        cmocka_unit_test(test_play_image),
        cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
