/* SPDX-License-Identifier: Apache-2.0 */
/* Playing traces, against an MMU that is none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "image.h"
#include "test_files.h"
#include "trace.h"
#include "trace_play_rig.h"

static const char path[] = "build/test_trace_play.in";
static const char messages_path[] = "build/test_trace_play.messages";

static const char lackey_text[] = "==123== Lackey, an example Valgrind tool\n"
                                  "I  04000d7b,3\n"
                                  " L 1ffeffe7e,8\n"
                                  " S 1ffeffe70,8\n"
                                  "I  04000fff,2\n"
                                  " M 04222ffc,8\n"
                                  "I  04000d7e,5";

static void test_play(void **state)
{
    (void)state;
    put_file(path, lackey_text, strlen(lackey_text));
    struct run *run = open_run(path, 0xf, 0, HUGE_ANYWHERE, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 100000);
    const struct fake_log_entry *log = run->fake.log;
    assert_int_equal(run->fake.logged, 11);
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
    struct run *run =
        open_run("synthetic:sequential,count=2000,fetch=300,bytes=1GiB", 0, 0, HUGE_ANYWHERE, NULL);
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
    struct run *run =
        open_run("synthetic:sequential,count=1000,stride=8192,bytes=1GiB", 0xf, 500, HUGE_ANYWHERE, NULL);
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
    struct run *run = open_run(path, 0xf, 0, HUGE_ANYWHERE, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_int_equal(run->fake.logged, 3);
    assert_true(leaf(run, 0xffff800000000000, 1) != 0);
    close_run(run);
}

static void test_play_bounds(void **state)
{
    (void)state;
    struct run *run = open_run("synthetic:uniform,count=100", 0xf, 0, HUGE_ANYWHERE, NULL);
    run->stimulus.destroy(run->stimulus.self);
    run->env.max_accesses = 7;
    assert_int_equal(trace_open("synthetic:uniform,count=100", &run->env, &run->stimulus), 0);
    fake_mmu_run(&run->fake, &run->stimulus, 1000);
    assert_int_equal(run->fake.logged, 8);
    close_run(run);
}

static void test_play_bad_trace(void **state)
{
    (void)state;
    enum { LINES = 3 * TRACE_BLOCK };
    static const char line[] = "I  1000,1\n", last[] = "nothing\n";
    char *text = malloc(LINES * strlen(line) + sizeof(last)), *at = text;
    char messages[4096];
    assert_non_null(text);
    for (unsigned i = 0; i < LINES; i++)
        at = stpcpy(at, line);
    at = stpcpy(at, last);
    put_file(path, text, (size_t)(at - text));
    free(text);
    /* what comes before the mistake is played */
    int saved = catch_messages(messages_path);
    struct run *run = open_run(path, 0xf, 0, HUGE_ANYWHERE, NULL);
    fake_mmu_run(&run->fake, &run->stimulus, 100000);
    assert_true(run->stimulus.failures(run->stimulus.self) == UINT64_MAX);
    assert_true(run->fake.accepted >= LINES - TRACE_BLOCK && run->fake.accepted <= LINES);
    /* a mistake at the start is seen at once */
    put_file(path, last, strlen(last));
    assert_int_equal(trace_open(path, &run->env, &run->stimulus), -1);
    release_messages(saved, messages_path, messages, sizeof(messages));
    assert_non_null(strstr(messages, "build/test_trace_play.in:12289: not a line of a Lackey trace"));
    assert_non_null(strstr(messages, "build/test_trace_play.in:1: not a line of a Lackey trace"));
    close_run(run);
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
    struct run *run = open_run("synthetic:uniform,count=2", 0xf, 0, HUGE_ANYWHERE, &image);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_play),
        cmocka_unit_test(test_play_back_pressure),
        cmocka_unit_test(test_play_huge_pages),
        cmocka_unit_test(test_play_not_canonical),
        cmocka_unit_test(test_play_bounds),
        cmocka_unit_test(test_play_bad_trace),
        cmocka_unit_test(test_play_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
