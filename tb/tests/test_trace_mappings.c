/* SPDX-License-Identifier: Apache-2.0 */
/* What traces say of mappings: read from each format, and played against an MMU that is none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_files.h"
#include "trace.h"
#include "trace_play_rig.h"

static const char text_path[] = "build/test_trace_mappings.lackey";
static const char twt_path[] = "build/test_trace_mappings.twt";
static const char messages_path[] = "build/test_trace_mappings.messages";

enum { MIB = 1 << 20, PAGE = 4096 };

/* ---- Reading ---- */

static const char syscalls[] =
    "==1== Lackey\n"
    "SYSCALL[1,1](12) sys_brk ( 0x0 ) --> [pre-success] Success(0x4035000) \n"
    "I  00401000,1\n"
    "SYSCALL[1,1](12) sys_brk ( 0x4037010 ) --> [pre-success] Success(0x4037010) \n"
    "SYSCALL[1,1](9) sys_mmap ( 0x0, 8193, 3, 34, 4294967295, 0 ) --> [pre-success] Success(0x5000000) \n"
    "SYSCALL[1,1](9) sys_mmap ( 0x5003123, 4096, 5, 2, 3, 0 ) --> [pre-success] Success(0x5003000) \n"
    "SYSCALL[1,1](0) sys_read ( 4, 0x1ffeffedb8, 832 ) --> [async] ... \n"
    "SYSCALL[1,1](0) ... [async] --> Success(0x340) \n"
    "SYSCALL[1,1](334) unimplemented (by the kernel) syscall: 334! (ni_syscall)\n"
    " --> [pre-fail] Failure(0x26) \n"
    " L 05000000,8\n"
    "SYSCALL[1,1](10) sys_mprotect ( 0x5001000, 4096, 1 )[sync] --> Success(0x0) \n"
    /* of threads: another one's lines before the result, and in the place of the newline after it */
    "SYSCALL[1,2](28) sys_madvise ( 0x5002000, 4096, 14 ) --> [async] ... \n"
    "SYSCALL[1,3](28) sys_madvise ( 0x5000000, 8192, 15 ) --> [async] ... \n"
    "SYSCALL[1,1](11) sys_munmap ( 0xffffffffffffffff, 4096 )==1== Warning: client syscall munmap\n"
    " --> [pre-fail] Failure(0x16) \n"
    "SYSCALL[1,1](24) sys_sched_yield()[sync] --> Success(0x0) SYSCALL[1,3](28) ... [async] --> "
    "Failure(0x16) \n"
    "SYSCALL[1,2](28) ... [async] --> Success(0x0) \n"
    "\n"
    "SYSCALL[1,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 ) --> [pre-fail] Failure(0xc) \n"
    "SYSCALL[1,1](24) sys_sched_yield()[sync] --> Success(0x0)  L 05000008,8\n"
    "SYSCALL[1,1](11) sys_munmap ( 0x5003000, 1 )[sync] --> Success(0x0) \n"
    "SYSCALL[1,1](25) sys_mremap ( 0x5000000, 4096, 8192, 0x1 ) --> [pre-success] Success(0x6000000) \n"
    "SYSCALL[1,1](12) sys_brk ( 0x4036000 ) --> [pre-success] Success(0x4036000) \n"
    "SYSCALL[1,1](28) sys_madvise ( 0x6000000, 4096, 15 ) --> [async] ... \n"
    "SYSCALL[1,1](28) ... [async] --> Success(0x0) \n"
    /* never ended: its thread does something else */
    "SYSCALL[1,1](28) sys_madvise ( 0x6000000, 8192, 14 ) --> [async] ... \n"
    "SYSCALL[1,1](3) sys_close ( 4 )[sync] --> Success(0x0) \n"
    "SYSCALL[1,1](28) ... [async] --> Success(0x0) \n"
    " S 06000000,4\n";

struct expected {
    uint64_t start, end;
    uint8_t flags;
};

enum { RW = VMA_READ | VMA_WRITE, RWA = VMA_READ | VMA_WRITE | VMA_ANONYMOUS };

/* What is mapped at each of the four accesses. */
static const struct expected mapped[4][6] = {
    {{0}},
    {{0x4035000, 0x4038000, RWA},
     {0x5000000, 0x5003000, RWA},
     {0x5003000, 0x5004000, VMA_READ | VMA_EXECUTE}},
    {{0x4035000, 0x4038000, RWA},
     {0x5000000, 0x5001000, RWA},
     {0x5001000, 0x5002000, VMA_READ | VMA_ANONYMOUS},
     {0x5002000, 0x5003000, RWA | VMA_ADVISED},
     {0x5003000, 0x5004000, VMA_READ | VMA_EXECUTE}},
    {{0x4035000, 0x4036000, RWA},
     {0x5001000, 0x5002000, VMA_READ | VMA_ANONYMOUS},
     {0x5002000, 0x5003000, RWA | VMA_ADVISED},
     {0x6000000, 0x6001000, RWA | VMA_REFUSED},
     {0x6001000, 0x6002000, RWA}},
};

static void assert_mapped(const struct trace_vmas *vmas, const struct expected *expected)
{
    size_t count = 0;
    while (count < 6 && expected[count].end)
        count++;
    assert_int_equal(vmas->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_true(vmas->list[i].start == expected[i].start && vmas->list[i].end == expected[i].end);
        assert_int_equal(vmas->list[i].flags, expected[i].flags);
    }
}

/* Reads a trace, with the mappings as they should be at each access; copies it if `writer`. */
static void read_mapped(const char *path, struct trace_writer *writer)
{
    struct trace_access block[TRACE_BLOCK];
    struct trace_reader *reader = trace_reader_open(path);
    assert_non_null(reader);
    size_t seen = 0;
    ssize_t got;
    while ((got = trace_reader_read(reader, block, TRACE_BLOCK)) > 0) {
        for (ssize_t i = 0; i < got; i++)
            assert_mapped(&reader->vmas, mapped[seen++]);
        if (writer) {
            assert_true(trace_writer_changes(writer, reader->changes, reader->change_count));
            assert_true(trace_writer_put(writer, block, (size_t)got));
        }
    }
    assert_int_equal(got, 0);
    assert_int_equal(seen, 4);
    trace_reader_close(reader);
}

static void test_read(void **state)
{
    (void)state;
    put_file(text_path, syscalls, strlen(syscalls));
    struct trace_writer *writer = trace_writer_open(twt_path);
    read_mapped(text_path, writer);
    assert_true(trace_writer_close(writer, 1, true));
    read_mapped(twt_path, NULL);
}

static void test_bad_calls(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "I  1000,1\nSYSCALL[1,1](11) sys_munmap ( 0x5003001, 1 )[sync] --> Success(0x0) \n",
        "I  1000,1\nSYSCALL[1,1](11) sys_munmap ( 0x5003000 )[sync] --> Success(0x0) \n",
        "I  1000,1\nSYSCALL[1,1](11) sys_munmap ( x, 1 )[sync] --> Success(0x0) \n",
        ("I  1000,1\nSYSCALL[1,1](9) sys_mmap ( 0x0, 8193, 3, 34, 1, 0 ) --> [pre-success] "
         "Success(0x5000001) "
         "\n"),
        "I  1000,1\nSYSCALL[1] sys_munmap ( 0x5003000, 1 )[sync] --> Success(0x0) \n",
    };
    struct trace_access block[TRACE_BLOCK];
    char messages[512];
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        put_file(text_path, lines[i], strlen(lines[i]));
        struct trace_reader *reader = trace_reader_open(text_path);
        assert_non_null(reader);
        assert_int_equal(trace_reader_read(reader, block, TRACE_BLOCK), 1);
        int saved = catch_messages(messages_path);
        ssize_t got = trace_reader_read(reader, block, TRACE_BLOCK);
        release_messages(saved, messages_path, messages, sizeof(messages));
        assert_int_equal(got, -1);
        assert_non_null(strstr(messages, ".lackey:2: not a system call as Valgrind writes it"));
        trace_reader_close(reader);
    }
}

/* ---- Playing ---- */

static void put_change(struct trace_writer *writer, uint64_t start, uint64_t end, unsigned flags, bool unmap)
{
    const struct trace_change change = {.vma = {start, end, (uint8_t)flags}, .unmap = unmap};
    assert_true(trace_writer_changes(writer, &change, 1));
}

static void put_read(struct trace_writer *writer, uint64_t va)
{
    const struct trace_access access = {.va = va, .attr = ATTR_USER | ACCESS_READ};
    assert_true(trace_writer_put(writer, &access, 1));
}

static void test_rights(void **state)
{
    (void)state;
    struct trace_writer *writer = trace_writer_open(twt_path);
    static const struct {
        uint64_t va;
        unsigned flags;
        uint64_t bits;
    } cases[] = {
        {0x400000, VMA_READ | VMA_EXECUTE, ENTRY_P | ENTRY_US},
        {0x401000, VMA_READ, ENTRY_P | ENTRY_US | ENTRY_NX},
        {0x402000, RW, ENTRY_P | ENTRY_US | ENTRY_RW | ENTRY_NX},
        {0x403000, VMA_RIGHTS, ENTRY_P | ENTRY_US | ENTRY_RW},
        {0x404000, 0, 0},
    };
    for (size_t i = 0; i < 5; i++)
        put_change(writer, cases[i].va, cases[i].va + PAGE, cases[i].flags, false);
    for (size_t i = 0; i < 5; i++)
        put_read(writer, cases[i].va + 8);
    put_read(writer, 0x405000); /* outside */
    assert_true(trace_writer_close(writer, 0, true));
    struct run *run = open_run(twt_path, 0xf, 0, HUGE_ANYWHERE, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_int_equal(run->fake.logged, 2 + 6);
    assert_true(run->fake.log[1].attr == OP_WRITE_EFER && run->fake.log[1].value == EFER_NXE);
    for (size_t i = 0; i < 5; i++)
        assert_true((leaf(run, cases[i].va, 1) & ~ENTRY_ADDRESS) == cases[i].bits);
    assert_true((leaf(run, 0x405000, 1) & ~ENTRY_ADDRESS) == (ENTRY_P | ENTRY_US | ENTRY_RW));
    close_run(run);
}

/* Which of four regions get a 2 MiB page. */
static void test_huge_pages(void **state)
{
    (void)state;
    struct trace_writer *writer = trace_writer_open(twt_path);
    const uint64_t file = 0x40000000, anonymous = 0x80000000, advised = 0xc0000000, partly = 0x100000000,
                   refused = 0x140000000;
    put_change(writer, file, file + 2 * MIB, VMA_READ, false);
    put_change(writer, anonymous, anonymous + 2 * MIB, RWA, false);
    put_change(writer, advised, advised + 2 * MIB, RWA | VMA_ADVISED, false);
    put_change(writer, partly, partly + 2 * MIB - PAGE, RWA | VMA_ADVISED, false);
    put_change(writer, refused, refused + 2 * MIB, RWA | VMA_REFUSED, false);
    const uint64_t regions[] = {file, anonymous, advised, partly, refused};
    for (size_t i = 0; i < 5; i++)
        put_read(writer, regions[i] + 5 * PAGE);
    assert_true(trace_writer_close(writer, 0, true));
    static const uint8_t huge[4] = {0, 1 | 2 | 4 | 16, 2 | 4, 4};
    for (unsigned policy = 0; policy < 4; policy++) {
        struct run *run = open_run(twt_path, 0xf, policy > 0 ? 1000 : 0, policy > 0 ? policy - 1 : 0, NULL);
        fake_mmu_run(&run->fake, &run->stimulus, 1000);
        for (size_t i = 0; i < 5; i++) {
            uint64_t pde = leaf(run, regions[i] + 5 * PAGE, 2);
            assert_int_equal((pde & ENTRY_PS) != 0, huge[policy] >> i & 1);
            assert_true(pde & ENTRY_PS || leaf(run, regions[i] + 5 * PAGE, 1) & ENTRY_P);
        }
        close_run(run);
    }
}

/* Reads `pages` pages from start on, takes them away, and reads the first one again. */
static struct run *unmap_run(uint64_t start, uint64_t end, unsigned pages, bool map_again,
                             uint32_t huge_pages)
{
    struct trace_writer *writer = trace_writer_open(twt_path);
    put_change(writer, start, end, RWA, false);
    for (unsigned i = 0; i < pages; i++)
        put_read(writer, start + (uint64_t)i * PAGE);
    put_change(writer, start, end, RWA, !map_again);
    put_read(writer, start + PAGE);
    assert_true(trace_writer_close(writer, 0, true));
    struct run *run = open_run(twt_path, 0xf, huge_pages, HUGE_ANONYMOUS, NULL);
    run->fake.ready_mask[3] = run->fake.ready_mask[4] = 0;
    fake_mmu_run(&run->fake, &run->stimulus, 10000);
    assert_false(run->fake.offer_changed);
    assert_true(run->stimulus.failures(run->stimulus.self) == 0);
    return run;
}

static void test_unmap(void **state)
{
    (void)state;
    struct run *run = unmap_run(0x80000000, 0x80000000 + 8 * PAGE, 3, false, 0);
    const struct fake_log_entry *log = run->fake.log;
    assert_int_equal(run->fake.logged, 2 + 3 + 1 + 3 + 1);
    assert_true(log[5].port == 0xff && log[5].attr == OP_WRITE_PKRU && log[5].value == 0);
    for (unsigned i = 0; i < 3; i++)
        assert_true(log[6 + i].port == 0xff && log[6 + i].attr == OP_INVLPG &&
                    log[6 + i].va == 0x80000000 + i * PAGE);
    /* the operations are over before the access that follows is offered */
    assert_true(log[9].port == 1 && log[9].cycle >= log[8].cycle + FAKE_OP_CYCLES);
    assert_true(leaf(run, 0x80000000, 1) == 0 && leaf(run, 0x80002000, 1) == 0);
    assert_true(leaf(run, 0x80001000, 1) & ENTRY_P);
    close_run(run);
}

/* Many pages go by one write of CR3, a mapping that nobody touched by nothing at all. */
static void test_unmap_many(void **state)
{
    (void)state;
    struct run *run = unmap_run(0x80000000, 0x80000000 + 64 * PAGE, 40, true, 0);
    assert_int_equal(run->fake.logged, 2 + 40 + 2 + 1);
    assert_true(run->fake.log[43].attr == OP_WRITE_CR3 && run->fake.log[43].value == run->fake.log[0].value);
    close_run(run);
    run = unmap_run(0x80000000, 0x80000000 + 64 * PAGE, 0, true, 0);
    assert_int_equal(run->fake.logged, 2 + 1);
    close_run(run);
}

/* A 2 MiB page goes whole, and comes again where the mapping is there again. */
static void test_unmap_huge(void **state)
{
    (void)state;
    struct run *run = unmap_run(0x80000000, 0x80000000 + 4 * MIB, 3, true, 1000);
    assert_int_equal(run->fake.logged, 2 + 3 + 1 + 1 + 1);
    assert_true(run->fake.log[6].attr == OP_INVLPG && run->fake.log[6].va == 0x80000000);
    assert_true(leaf(run, 0x80000000, 2) & ENTRY_PS);
    close_run(run);
    run = unmap_run(0x80000000, 0x80000000 + 4 * MIB, 3, false, 1000);
    assert_true(!(leaf(run, 0x80000000, 2) & ENTRY_PS) && leaf(run, 0x80001000, 1) & ENTRY_P);
    close_run(run);
}

/* Advice leaves the pages there; MADV_DONTNEED, which changes nothing of the mapping, does not. */
static void test_advice(void **state)
{
    (void)state;
    const uint64_t start = 0x80000000, end = start + 4 * MIB;
    struct trace_writer *writer = trace_writer_open(twt_path);
    put_change(writer, start, end, RWA, false);
    put_read(writer, start);
    put_change(writer, start, end, RWA | VMA_ADVISED, false);
    put_read(writer, start + PAGE);
    put_read(writer, start + 2 * MIB);
    put_change(writer, start, end, RWA | VMA_ADVISED, false);
    put_read(writer, start + PAGE);
    assert_true(trace_writer_close(writer, 0, true));
    struct run *run = open_run(twt_path, 0xf, 1000, HUGE_ADVISED, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    /* both pages and their table, then the 2 MiB page */
    assert_int_equal(run->fake.logged, 2 + 3 + 1 + 4 + 1);
    assert_true(run->fake.log[6].va == start && run->fake.log[7].va == start + PAGE);
    assert_true(run->fake.log[9].attr == OP_INVLPG && run->fake.log[9].va == start + 2 * MIB);
    assert_true(leaf(run, start, 2) & ENTRY_PS);
    close_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),       cmocka_unit_test(test_bad_calls),
        cmocka_unit_test(test_rights),     cmocka_unit_test(test_huge_pages),
        cmocka_unit_test(test_unmap),      cmocka_unit_test(test_unmap_many),
        cmocka_unit_test(test_unmap_huge), cmocka_unit_test(test_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
