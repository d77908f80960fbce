/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers from elsewhere: all cases of x86-walk-cases and all known
 * translations of a Linux image go through the RTL and the C model in lockstep,
 * judged; the C model answers them in the other shipped configurations too. See docs/oracle.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "config.h"
#include "oracle_stimulus.h"
#include "test_files.h"

#define CASES_FILE "tb/data/x86-walk-cases.txt.zst"
#define TLB_FILE   "tb/data/linux-l4.tlb.txt.zst"
#define GPA_FILE   "tb/data/linux-l4.gva2gpa.txt"
#define IMAGE      "configs/images/linux-l4.tables.bin.zst"
#define DIRECTORY  "build/test_oracle"
#define MESSAGES   DIRECTORY "/messages"

enum { STEP = 7 }; /* each so-manyth case goes through the other configurations */
enum { CASES = 64608, PAGES = 75354, ADDRESSES = 1195, UNMAPPED = 270 };

/* The machine that gave the answers, and a memory that is quick but does not answer in order. */
static const char *const settings[] = {
    "mmu.maxphyaddr=40", "mmu.gib_pages=true",    "memory.l1_latency=2",    "memory.l2_latency=3",
    "memory.jitter=3",   "memory.dram_latency=4", "memory.backpressure=50",
};

enum { SETTINGS = sizeof(settings) / sizeof(settings[0]) };

static struct bench_options options_of(const struct config *config, enum engine engine)
{
    struct bench_options options = bench_defaults(&config->mmu, &config->bench, engine);
    options.quiet = true;
    options.judge = true;
    options.seed = 1;
    options.progress = isatty(STDERR_FILENO);
    return options;
}

static int replay(const char *name, enum engine engine, struct oracle_replay *cases)
{
    struct config config;

    assert_int_equal(config_open(&config, name, settings, SETTINGS), 0);
    struct bench_options options = options_of(&config, engine);
    options.open_stimulus = oracle_replay_open;
    options.open_self = cases;
    int code = bench_run(&options);
    config_close(&config);
    return code;
}

static int ask(const char *name, enum engine engine, struct oracle_pages *pages)
{
    struct config config;

    assert_int_equal(config_open(&config, name, NULL, 0), 0);
    struct bench_options options = options_of(&config, engine);
    options.image = IMAGE;
    options.open_stimulus = oracle_pages_open;
    options.open_self = pages;
    int code = bench_run(&options);
    config_close(&config);
    return code;
}

static void test_cases_in_lockstep(void **state)
{
    (void)state;
    struct oracle_replay cases = {.path = CASES_FILE, .step = 1};
    assert_int_equal(replay("tiny", ENGINE_LOCKSTEP, &cases), 0);
    assert_int_equal(cases.replayed, CASES);
    assert_int_equal(cases.failed, 0);
}

static void test_cases_in_the_other_configurations(void **state)
{
    (void)state;
    static const char *const others[] = {"default", "sapphire_rapids", "zen4", "lean"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct oracle_replay cases = {.path = CASES_FILE, .step = STEP};
        assert_int_equal(replay(others[i], ENGINE_MODEL, &cases), 0);
        assert_int_equal(cases.replayed, (CASES + STEP - 1) / STEP);
        assert_int_equal(cases.failed, 0);
    }
}

static void test_linux_in_lockstep(void **state)
{
    (void)state;
    struct oracle_pages pages = {.tlb = TLB_FILE, .gva2gpa = GPA_FILE};
    assert_int_equal(ask("default", ENGINE_LOCKSTEP, &pages), 0);
    assert_int_equal(pages.pages, PAGES);
    assert_int_equal(pages.addresses, ADDRESSES);
    assert_int_equal(pages.unmapped, UNMAPPED);
    assert_int_equal(pages.failed, 0);
}

static void test_linux_in_the_other_configurations(void **state)
{
    (void)state;
    static const char *const others[] = {"tiny", "sapphire_rapids", "zen4", "lean"};
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct oracle_pages pages = {.tlb = TLB_FILE, .gva2gpa = GPA_FILE};
        assert_int_equal(ask(others[i], ENGINE_MODEL, &pages), 0);
        assert_int_equal(pages.pages, PAGES);
        assert_int_equal(pages.failed, 0);
    }
}

/* A wrong expectation in a place that varies from case to case. */
static bool expect_wrong_answer(struct oracle_case *expected)
{
    static unsigned turn;

    turn++;
    if (expected->fault == FAULT_NONE)
        expected->pa ^= 1ull << turn % ORACLE_MAXPHYADDR;
    else if (expected->fault == FAULT_PAGE)
        expected->error_code ^= (uint8_t)(1u << turn % 6);
    else
        expected->fault = FAULT_PAGE;
    return true;
}

/* An A or D bit that should not be set, or should be. */
static bool expect_wrong_memory(struct oracle_case *expected)
{
    static unsigned turn;
    unsigned level = ++turn % expected->levels + 1;

    if (expected->fault != FAULT_NONE || !expected->used[level] || !expected->check_after[level])
        return false;
    expected->after[level] ^= turn & 64 ? 1ull << 5 : 1ull << 6;
    return true;
}

/* Wrong expectations are noticed, each of them, and nothing else is. */
static void test_wrong_expectations_of_cases(void **state)
{
    (void)state;
    bool (*const alter[])(struct oracle_case *) = {expect_wrong_answer, expect_wrong_memory};
    char messages[16384];

    for (unsigned i = 0; i < sizeof(alter) / sizeof(alter[0]); i++) {
        struct oracle_replay cases = {.path = CASES_FILE, .step = 29, .alter = alter[i]};
        int saved = catch_messages(MESSAGES);
        int code = replay("tiny", ENGINE_MODEL, &cases);
        release_messages(saved, MESSAGES, messages, sizeof(messages));
        assert_int_equal(code, 1);
        assert_true(cases.altered > 200);
        assert_int_equal(cases.failed, cases.altered);
        assert_non_null(strstr(messages, CASES_FILE ": case 4-"));
    }
}

/* Each flag that an access can tell, and the address, of some lines. */
static bool expect_wrong_page(size_t line, struct monitor_page *page)
{
    static const uint32_t flags[] = {PAGE_NX,  PAGE_GLOBAL, PAGE_LARGE,    PAGE_PCD,
                                     PAGE_PWT, PAGE_USER,   PAGE_WRITABLE, 0};
    size_t turn = line / 96;

    if (line % 96 != 0)
        return false;
    page->flags ^= flags[turn % 8];
    if (!flags[turn % 8])
        page->pa ^= 1ull << (21 + turn / 8 % 12);
    return true;
}

/* Pages that are dirty already, said to be clean. */
static bool expect_clean_page(size_t line, struct monitor_page *page)
{
    if (line % 100 != 0 || !(page->flags & PAGE_WRITABLE) || !(page->flags & PAGE_DIRTY))
        return false;
    page->flags &= ~(uint32_t)PAGE_DIRTY;
    return true;
}

static void test_wrong_expectations_of_pages(void **state)
{
    (void)state;
    struct oracle_pages pages = {.tlb = TLB_FILE, .gva2gpa = GPA_FILE, .alter = expect_wrong_page};
    char messages[16384];

    int saved = catch_messages(MESSAGES);
    int code = ask("default", ENGINE_MODEL, &pages);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_int_equal(code, 1);
    assert_true(pages.altered > 700);
    assert_int_equal(pages.failed, pages.altered);
    assert_non_null(strstr(messages, TLB_FILE ":1:1: "));

    pages.alter = expect_clean_page;
    saved = catch_messages(MESSAGES);
    code = ask("default", ENGINE_MODEL, &pages);
    release_messages(saved, MESSAGES, messages, sizeof(messages));
    assert_int_equal(code, 1);
    assert_int_equal(pages.failed, 0);
    assert_non_null(strstr(messages, "pages had to get D set"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases_in_lockstep),
        cmocka_unit_test(test_linux_in_lockstep),
        cmocka_unit_test(test_cases_in_the_other_configurations),
        cmocka_unit_test(test_linux_in_the_other_configurations),
        cmocka_unit_test(test_wrong_expectations_of_cases),
        cmocka_unit_test(test_wrong_expectations_of_pages),
    };

    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
