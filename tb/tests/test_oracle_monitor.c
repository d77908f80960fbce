/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of a monitor's output: what it makes of a line, and of bad ones; stimuli that cannot be opened.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "oracle_stimulus.h"
#include "test_files.h"

#define DIRECTORY "build/test_oracle_monitor"
#define INPUT     DIRECTORY "/input.txt"
#define MESSAGES  DIRECTORY "/messages"

static char messages[4096];

static int read_text(int (*read)(struct monitor_pages *, const char *), struct monitor_pages *pages,
                     const char *text)
{
    *pages = (struct monitor_pages){.count = 0};
    put_file(INPUT, text, strlen(text));
    int saved = catch_messages(MESSAGES);
    int status = read(pages, INPUT);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    return status;
}

static void test_tlb(void **state)
{
    (void)state;
    struct monitor_pages pages;

    assert_int_equal(read_text(monitor_read_tlb, &pages,
                               "0000000000400000: 00000001417e2000 X---A--U-\n"
                               "ffffffffc01ff000: 000000015dd3f000 -GPD-CT-W\n"),
                     0);
    assert_int_equal(pages.count, 2);
    assert_int_equal(pages.pages[0].va, 0x400000);
    assert_int_equal(pages.pages[0].pa, 0x1417e2000);
    assert_int_equal(pages.pages[0].flags, PAGE_NX | PAGE_ACCESSED | PAGE_USER);
    assert_int_equal(pages.pages[1].va, 0xffffffffc01ff000);
    assert_int_equal(pages.pages[1].flags,
                     PAGE_GLOBAL | PAGE_LARGE | PAGE_DIRTY | PAGE_PCD | PAGE_PWT | PAGE_WRITABLE);
    monitor_free(&pages);
}

static void test_gva2gpa(void **state)
{
    (void)state;
    struct monitor_pages pages;

    assert_int_equal(read_text(monitor_read_gva2gpa, &pages,
                               "00007fe654264243 gpa: 0x143064243\n0000000000001000 Unmapped\n"),
                     0);
    assert_int_equal(pages.count, 2);
    assert_int_equal(pages.pages[0].va, 0x7fe654264243);
    assert_int_equal(pages.pages[0].pa, 0x143064243);
    assert_int_equal(pages.pages[0].flags, PAGE_SINGLE);
    assert_int_equal(pages.pages[1].va, 0x1000);
    assert_int_equal(pages.pages[1].flags, PAGE_SINGLE | PAGE_UNMAPPED);
    monitor_free(&pages);
}

static void test_bad_lines(void **state)
{
    (void)state;
    static const char *const tlb[] = {
        "0000000000400000: 00000001417e2000 X---A--U",    "0000000000400000: 00000001417e2000 X---A--U-",
        "0000000000400000: 00000001417e2000 X---A--UU\n", "0000000000400000: 00000001417e2000 X---A--U-U\n",
        "0000000000400000 00000001417e2000 X---A--U-\n",  "\n",
        "0000000000400000: 00000001417e2000\n",
    };
    static const char *const gva2gpa[] = {
        "00007fe654264243 gpa: 0x143064243 more\n",
        "00007fe654264243 gpa:\n",
        "00007fe654264243 Unmapped.\n",
        "Unmapped\n",
        "00007fe654264243 Mapped\n",
    };
    struct monitor_pages pages;

    for (size_t i = 0; i < sizeof(tlb) / sizeof(tlb[0]); i++) {
        assert_int_equal(read_text(monitor_read_tlb, &pages, tlb[i]), -1);
        assert_non_null(strstr(messages, INPUT ":1:1: "));
        monitor_free(&pages);
    }
    for (size_t i = 0; i < sizeof(gva2gpa) / sizeof(gva2gpa[0]); i++) {
        assert_int_equal(read_text(monitor_read_gva2gpa, &pages, gva2gpa[i]), -1);
        assert_non_null(strstr(messages, INPUT ":1:1: "));
        monitor_free(&pages);
    }
    assert_int_equal(read_text(monitor_read_tlb, &pages, "0000000000400000: 00000001417e2000 X---A--U-\n?\n"),
                     -1);
    assert_non_null(strstr(messages, INPUT ":2:1: "));
    monitor_free(&pages);
}

static int run(int (*open_stimulus)(void *, const struct stimulus_env *, struct stimulus *), void *self,
               uint32_t maxphyaddr, const char *image)
{
    struct mmu_params params;
    struct bench_params bench;

    mmu_params_default(&params);
    bench_params_default(&bench);
    params.mmu.maxphyaddr = maxphyaddr;
    struct bench_options options = bench_defaults(&params, &bench, ENGINE_MODEL);
    options.quiet = true;
    options.image = image;
    options.open_stimulus = open_stimulus;
    options.open_self = self;
    int saved = catch_messages(MESSAGES);
    int code = bench_run(&options);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    return code;
}

static void test_stimuli_that_cannot_be_opened(void **state)
{
    (void)state;
    struct oracle_replay cases = {.path = "tb/data/x86-walk-cases.txt.zst", .step = 1};
    struct oracle_pages pages = {.tlb = "tb/data/linux-l4.tlb.txt.zst", .gva2gpa = DIRECTORY "/none"};

    assert_int_equal(run(oracle_replay_open, &cases, 46, NULL), 2);
    assert_non_null(strstr(messages, "mmu.maxphyaddr 40"));
    cases.path = DIRECTORY "/none";
    assert_int_equal(run(oracle_replay_open, &cases, ORACLE_MAXPHYADDR, NULL), 2);
    assert_non_null(strstr(messages, DIRECTORY "/none"));
    assert_int_equal(run(oracle_pages_open, &pages, 46, NULL), 2);
    assert_non_null(strstr(messages, "registers"));
    assert_int_equal(run(oracle_pages_open, &pages, 46, "configs/images/linux-l4.tables.bin.zst"), 2);
    assert_non_null(strstr(messages, DIRECTORY "/none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tlb),
        cmocka_unit_test(test_gva2gpa),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_stimuli_that_cannot_be_opened),
    };

    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
