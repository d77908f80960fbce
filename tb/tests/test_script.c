/* SPDX-License-Identifier: Apache-2.0 */
/* The script language and its player, against an MMU that is none. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench_params.h"
#include "fake_mmu.h"
#include "script.h"
#include "table_builder.h"
#include "test_files.h"

static const char path[] = "build/test_script.tw";
static const char include_path[] = "build/test_script_include.tw";
static const char messages_path[] = "build/test_script.messages";

struct run {
    struct mmu_params params;
    struct bench_params bench;
    struct phys_mem *phys;
    struct memory *memory;
    struct stimulus stimulus;
    struct fake_mmu fake;
    uint64_t failures;
    int opened;
    char messages[16384];
};

/* Opens and plays a script; what it says on stderr is in run->messages. */
static struct run *play_bytes(const char *text, size_t length, uint8_t ready)
{
    struct run *run = calloc(1, sizeof(*run));
    assert_non_null(run);
    put_file(path, text, length);
    mmu_params_default(&run->params);
    bench_params_default(&run->bench);
    run->phys = phys_mem_create();
    run->memory = memory_create(&run->bench, run->phys, 1);
    fake_mmu_init(&run->fake, ready);
    const struct stimulus_env env = {.params = &run->params,
                                     .bench = &run->bench,
                                     .phys = run->phys,
                                     .memory = run->memory,
                                     .max_accesses = UINT64_MAX};
    int saved = catch_messages(messages_path);
    run->opened = script_open(path, &env, &run->stimulus);
    if (run->opened == 0) {
        fake_mmu_run(&run->fake, &run->stimulus, 100000);
        run->failures = run->stimulus.failures(run->stimulus.self);
    }
    release_messages(saved, messages_path, run->messages, sizeof(run->messages));
    return run;
}

static struct run *play(const char *text)
{
    return play_bytes(text, strlen(text), 0xf);
}

static void end(struct run *run)
{
    if (run->opened == 0)
        run->stimulus.destroy(run->stimulus.self);
    memory_destroy(run->memory);
    phys_mem_destroy(run->phys);
    free(run);
}

static void test_expressions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"10 - 3 - 2", 5},
        {"0x1_0000 | 1 << 4", 0x10010},
        {"~0 & 0xff", 0xff},
        {"-1", UINT64_MAX},
        {"!0 + !5", 1},
        {"0b101 ^ 1", 4},
        {"4k + 2m + 1g", 0x40201000},
        {"7 / 2 % 2", 1},
        {"3 > 2 == 1", 1},
        {"1 << 64", 0},
        {"6 & 3 == 2", 1},
        {"p|rw|us|a|d|nx", 0x8000000000000067},
        {"MAXPHYADDR", 46},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        snprintf(text, sizeof(text), "write 0x1000 = %s\n", cases[i].text);
        struct run *run = play(text);
        assert_string_equal(run->messages, "");
        assert_int_equal(run->opened, 0);
        assert_true(phys_mem_read64(run->phys, 0x1000) == cases[i].value);
        end(run);
    }
}

static void test_accesses(void **state)
{
    (void)state;
    struct run *run = play("# comment\n"
                           "read user 0x1000 expect pa=0x10000001000 size=4k pat=1 source=walk cycles=5\n"
                           "write supervisor 0x2000 expect ok cycles<=5 cycles>=5\n"
                           "write user 0x400000000000 expect pf code=u|w # inline\n"
                           "read 0x200000000000 expect gp\n"
                           "fetch user 0x5000\n"
                           "ac = 1\n"
                           "implicit write 0x6000 port=2 expect ok\n"
                           "implicit 0x7000 expect any\n"
                           "read 0x400000000000 expect fault\n"
                           "drain\n");
    assert_string_equal(run->messages, "");
    assert_int_equal(run->failures, 0);
    assert_int_equal(run->fake.logged, 8);
    static const struct fake_log_entry expected[] = {
        {.cycle = 0, .port = 1, .va = 0x1000, .attr = ATTR_USER | ACCESS_READ},
        {.cycle = 0, .port = 2, .va = 0x2000, .attr = ACCESS_WRITE},
        {.cycle = 1, .port = 1, .va = 0x400000000000, .attr = ATTR_USER | ACCESS_WRITE},
        {.cycle = 1, .port = 2, .va = 0x200000000000, .attr = ACCESS_READ},
        {.cycle = 1, .port = 0, .va = 0x5000, .attr = ATTR_USER | ACCESS_FETCH},
        {.cycle = 2, .port = 2, .va = 0x6000, .attr = ATTR_IMPLICIT | ATTR_AC | ACCESS_WRITE},
    };
    static const unsigned order[] = {0, 1, 3, 4, 2, 6};
    for (size_t i = 0; i < 6; i++) {
        const struct fake_log_entry *got = &run->fake.log[order[i]];
        assert_int_equal(got->cycle, expected[i].cycle);
        assert_int_equal(got->port, expected[i].port);
        assert_true(got->va == expected[i].va);
        assert_int_equal(got->attr, expected[i].attr);
    }
    end(run);
}

static void test_failed_expectations(void **state)
{
    (void)state;
    struct run *run = play("read user 0x1000 expect pa=0x1000\n"
                           "  read user 0x400000000000 expect pf code=p|u\n"
                           "write 0x1000 = 5\n"
                           "expect memory 0x1000 = 4\n"
                           "expect memory 0x1000 = 4 mask=0xc\n"
                           "read 0x1000 expect fault cycles<=4\n"
                           "read 0x1000 expect source=hit\n"
                           "drain\n");
    assert_int_equal(run->failures, 5);
    assert_non_null(strstr(run->messages, ":7:1: va 0x1000: expected any source=hit, got pa="));
    assert_non_null(strstr(run->messages, "build/test_script.tw:1:1: va 0x1000: expected ok pa=0x1000, got "
                                          "pa=0x10000001000 size=4k pat=1 source=walk cycles=5"));
    assert_non_null(strstr(run->messages, "build/test_script.tw:2:3: va 0x400000000000: expected pf "
                                          "code=0x5 (p|u), got pf code=0x4 (u) cycles=5"));
    assert_non_null(strstr(run->messages, "build/test_script.tw:4:1: expected memory 0x1000 = 0x4 (mask "
                                          "0xffffffffffffffff), got 0x5"));
    assert_non_null(strstr(run->messages, ":6:1: va 0x1000: expected fault cycles<=4, got pa="));
    end(run);
}

static void test_operations(void **state)
{
    (void)state;
    struct run *run = play("cr0 = wp\n"
                           "cr3 = 0x1000 | 5 | noflush\n"
                           "async cr4 = pge|pcide\n"
                           "read 0x1000\n"
                           "read 0x2000\n"
                           "read 0x3000\n"
                           "pkru = ad1|wd15\n"
                           "invlpg 0x5000\n"
                           "invpcid address 7 0x6000\n"
                           "invpcid all\n"
                           "wait 100\n"
                           "read 0x4000\n");
    assert_string_equal(run->messages, "");
    const struct fake_log_entry *log = run->fake.log;
    assert_int_equal(run->fake.logged, 11);
    assert_true(log[0].attr == OP_WRITE_CR0 && log[0].value == (CR0_WP | CR0_PG | 1));
    assert_true(log[1].attr == OP_WRITE_CR3 && log[1].value == (CR3_NO_FLUSH | 0x1005));
    assert_int_equal(log[1].cycle, 10);
    /* with the asynchronous operation go the accesses that follow it */
    assert_true(log[2].port == 1 && log[2].cycle == 20 && log[3].port == 2 && log[3].cycle == 20);
    assert_true(log[4].attr == OP_WRITE_CR4 && log[4].value == (CR4_PGE | CR4_PCIDE | CR4_PAE));
    assert_true(log[5].port == 1 && log[5].va == 0x3000 && log[5].cycle == 21);
    assert_true(log[6].attr == OP_WRITE_PKRU && log[6].value == (4 | 1u << 31) && log[6].cycle == 30);
    assert_true(log[7].attr == OP_INVLPG && log[7].va == 0x5000);
    assert_true(log[8].attr == OP_INVPCID && log[8].value == 0 && log[8].va == 0x6000);
    assert_true(log[9].attr == OP_INVPCID && log[9].value == 2 && log[9].cycle == 60);
    assert_true(log[10].va == 0x4000 && log[10].cycle == 170);
    assert_true(run->fake.drives < 60);
    end(run);
}

static void test_moments(void **state)
{
    (void)state;
    struct run *run = play("at 7\n"
                           "read 0x1000\n"
                           "ac = 1\n"
                           "read 0x2000\n" /* another port, so in the same cycle */
                           "at 8\n"
                           "read 0x3000\n"
                           "at 3\n" /* has come: the next cycle, as after any access */
                           "read 0x4000\n"
                           "at 50\n"
                           "async invlpg 0x5000\n"
                           "read 0x6000\n");
    static const struct {
        uint64_t va, cycle;
    } wanted[] = {{0x1000, 7}, {0x2000, 7}, {0x3000, 8}, {0x4000, 9}, {0x6000, 50}, {0x5000, 50}};
    assert_string_equal(run->messages, "");
    assert_int_equal(run->fake.logged, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(run->fake.log[i].va, wanted[i].va);
        assert_int_equal(run->fake.log[i].cycle, wanted[i].cycle);
    }
    assert_int_equal(run->fake.log[0].attr & ATTR_AC, 0);
    assert_int_equal(run->fake.log[1].attr & ATTR_AC, ATTR_AC);
    end(run);
}

static void test_back_pressure(void **state)
{
    (void)state;
    static const char text[] = "repeat 40 as i\n  read user 0x1000 * i\n  if i % 4 == 0\n    fetch user i\n"
                               "  end\nend\ndrain\nwrite 0x8 = 1\n";
    struct run *run = play_bytes(text, strlen(text), 0);
    assert_int_equal(run->fake.logged, 0);
    end(run);
    run = play_bytes(text, strlen(text), 0x3);
    assert_int_equal(run->fake.logged, 2); /* the second data port never accepts */
    assert_false(run->fake.offer_changed);
    end(run);
}

static void test_order_of_memory(void **state)
{
    (void)state;
    /* software's write is seen by accesses after it, never by those before */
    struct run *run = play("read 0x1000\nwrite 0x8 = 1\nread 0x2000\n");
    assert_int_equal(run->fake.log[0].cycle, 0);
    assert_int_equal(run->fake.log[1].cycle, 1);
    end(run);
}

static void test_map(void **state)
{
    (void)state;
    struct run *run = play("tables 0x100000 0x110000\n"
                           "cr3 = 0x100000 - 4k\n"
                           "map 0x7f0000000000 -> 0x12345000 4k user write nx global key=3\n"
                           "map 0x7f0000200000 -> 0x400000 2m patbit accessed dirty\n"
                           "map 0x7f0040000000 -> 0x40000000 1g pwt pcd absent\n"
                           "expect memory pte(0x7f0000000000) = p|rw|us|nx|g|0x12345000|3<<59\n"
                           "expect memory pde(0x7f0000200000) = p|ps|a|d|pathuge|0x400000\n"
                           "expect memory pdpte(0x7f0040000000) = ps|pwt|pcd|0x40000000\n"
                           "expect memory pml4e(0x7f0000000000) = p|rw|us|0x100000\n"
                           "write pte(0x7f0000000000) &= ~rw\n"
                           "write pte(0x7f0000000000) |= a\n"
                           "if mem(pte(0x7f0000000000)) & rw\n"
                           "  read 0x1\n"
                           "end\n"
                           "map 0x7f0000000000 -> 0x3000 4k root=0x8000 levels=5\n"
                           "expect memory pte(0x7f0000000000) = p|us|a|nx|g|0x12345000|3<<59\n"
                           "cr4 = la57\n"
                           "cr3 = 0x8000\n"
                           "expect memory pte(0x7f0000000000) = p|0x3000\n"
                           "expect memory pml5e(0x7f0000000000) = p|rw|us mask=7\n");
    assert_string_equal(run->messages, "");
    assert_int_equal(run->failures, 0);
    assert_int_equal(run->fake.logged, 3);
    end(run);
    run = play("tables 0x100000 0x101000\nmap 0x7f0000000000 -> 0x1000 4k\n"
               "write pte(0x7f0000000000) = 0\n");
    assert_int_equal(run->failures, 2);
    assert_non_null(strstr(run->messages, ":2:1: no page for a table is left in the pool"));
    assert_non_null(strstr(run->messages, ":3:1: no such entry"));
    end(run);
}

static void test_include(void **state)
{
    (void)state;
    static const char inner[] = "let PAGE = 0x1000\nwrite PAGE = 7\n";
    put_file(include_path, inner, strlen(inner));
    struct run *run = play("include \"test_script_include.tw\"\nexpect memory PAGE = 7\n");
    assert_string_equal(run->messages, "");
    end(run);
    static const char wrong[] = "\n\n  bad\n";
    put_file(include_path, wrong, strlen(wrong));
    run = play("include \"test_script_include.tw\"\nalso bad\n");
    assert_int_equal(run->opened, -1);
    assert_non_null(strstr(run->messages, "build/test_script_include.tw:3:3: 'bad' is no statement"));
    assert_non_null(strstr(run->messages, "build/test_script.tw:2:1: 'also' is no statement"));
    end(run);
    run = play("include \"test_script.tw\"\ninclude \"test_script.tw\"\n");
    assert_int_equal(run->opened, -1);
    assert_non_null(strstr(run->messages, "includes nest deeper than 8"));
    end(run);
    run = play("include \"does/not/exist.tw\"\n");
    assert_int_equal(run->opened, -1);
    assert_non_null(strstr(run->messages, ":1:1: cannot read build/does/not/exist.tw: No such file"));
    end(run);
}

static void test_bad_input(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"foo\n", ":1:1: 'foo' is no statement"},
        {"write 0x1001 = 5\n", ":1:1: address is not 8-byte aligned"},
        {"write 1<<52 = 5\n", ":1:1: address is not 8-byte aligned or not below 2^52"},
        {"write 0x1000 = \n", ":1:16: expected a value before the end of the line"},
        {"write 0x1000 = 5 6\n", ":1:18: unexpected '6' after the statement"},
        {"write 0x1000 = x\n", ":1:16: 'x' is not defined"},
        {"let x = 1\nlet x = 2\n", ":2:5: 'x' is already defined in line 1"},
        {"let 5 = 1\n", ":1:5: expected a name"},
        {"let x 1\n", ":1:7: expected '=' instead of '1'"},
        {"let x\n", ":1:6: expected '=' before the end of the line"},
        {"let x = 1/0\n", ":1:10: division by zero"},
        {"let x = 0x1g1\n", ":1:9: not a number: 0x1g1"},
        {"let x = 99999999999999999999\n", ":1:9: number does not fit in 64 bits"},
        {"let x = 0xffffffffffffk\nlet y = 0xffffffffffffffffk\n", ":2:9: number does not fit"},
        {"let x = (1\n", ":1:11: expected ')' before the end of the line"},
        {"let x = 1 $ 2\n", ":1:11: unexpected character 0x24"},
        {"let x = \"a\n", ":1:9: string without closing quote"},
        {"include foo\n", ":1:9: expected a file name in quotes"},
        {"repeat 3\n", ":1:1: block without 'end'"},
        {"end\n", ":1:1: 'end' without 'repeat' or 'if'"},
        {"repeat 1000000001\nend\n", ":1:1: repeated more than 10^9 times"},
        {"map 0x1000 -> 0x1000 8k\n", ":1:1: the size of a page is 4k, 2m or 1g"},
        {"map 0x1000 -> 0x1000 2m\n", ":1:1: physical address is not aligned"},
        {"map 0x1000 -> 0x200000 2m\n", ":1:1: virtual address is not aligned"},
        {"map 0x1000 -> 0x1000 4k key=16\n", ":1:1: a protection key is 0..15"},
        {"map 0x1000 -> 0x1000 4k key=1 key=2\n", "given twice"},
        {"map 0x1000 -> 0x1000 4k sideways\n", ":1:25: 'sideways' is no property of a mapping"},
        {"map 0x1000 0x1000 4k\n", ":1:12: expected '->' instead of '0x1000'"},
        {"tables 0x1000 0x1000\n", ":1:1: range of tables is empty"},
        {"tables 0x1001 0x2000\n", ":1:1: range of tables is not 4 KiB aligned"},
        {"read user 0x1000 port=0\n", ":1:1: no such data port"},
        {"read user 0x1000 port=3\n", ":1:1: no such data port"},
        {"fetch user 0x1000 port=1\n", ":1:1: fetches go to port 0"},
        {"implicit user 0x1000\n", ":1:10: an implicit access is a supervisor access"},
        {"read 0x1000 expect\n", ":1:19: expected what the answer is to be"},
        {"read 0x1000 expect pf pa=0\n", ":1:23: only a translation has this"},
        {"read 0x1000 expect gp code=1\n", ":1:23: 'code' belongs to 'pf'"},
        {"read 0x1000 expect source=l3\n", ":1:27: expected l1, l2, hit or walk"},
        {"read 0x1000 expect luck\n", ":1:20: 'luck' is nothing to expect"},
        {"read 0x1000 expect cycles=1 cycles<=2\n", ":1:35: given twice"},
        {"async read 0x1000\n", ":1:1: only a control operation can be 'async'"},
        {"invpcid 4\n", ":1:1: a type of INVPCID is 0..3"},
        {"invpcid 0 1\n", ":1:1: INVPCID of an address needs"},
        {"invpcid 1 4096\n", ":1:1: a PCID is 0..4095"},
        {"ac = 2\n", ":1:1: ac is 0 or 1"},
        {"wait 1<<48\n", ":1:1: waits 2^48 cycles"},
        {"at 1<<48\n", ":1:1: waits 2^48 cycles"},
        {"at\n", ":1:3: "},
        {"expect memory 0x1000\n", ":1:21: expected '='"},
        {"cr4 = wp\n", ":1:7: 'wp' is not defined"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run *run = play(cases[i].text);
        if (run->opened != -1 || !strstr(run->messages, cases[i].message))
            fail_msg("%s: got %s", cases[i].text, run->messages);
        end(run);
    }
}

static void test_mistakes_while_playing(void **state)
{
    (void)state;
    struct run *run = play("repeat 2 as i\n"
                           "  write 0x1000 + i = 1\n"
                           "  let d = 1 / i\n"
                           "end\n"
                           "read 0x1000 port=2 - mem(0)\n"
                           "write mem(1) = 5\n"
                           "repeat 1000000000 as i\n"
                           "  let e = i\n"
                           "end\n");
    assert_int_equal(run->opened, 0);
    assert_int_equal(run->failures, 4);
    assert_non_null(strstr(run->messages, ":2:3: address is not 8-byte aligned"));
    assert_non_null(strstr(run->messages, ":3:3: division by zero"));
    assert_non_null(strstr(run->messages, ":6:1: mem() of an address"));
    assert_non_null(strstr(run->messages, "more statements in one cycle than can be sensible"));
    end(run);
}

/* Plays `start` followed by `count` times `piece`. */
static struct run *play_repeated(const char *start, const char *piece, size_t count)
{
    size_t room = strlen(start) + count * strlen(piece) + 1;
    char *text = malloc(room), *at = text;
    assert_non_null(text);
    at = stpcpy(at, start);
    for (size_t i = 0; i < count; i++)
        at = stpcpy(at, piece);
    struct run *run = play_bytes(text, (size_t)(at - text), 0xf);
    free(text);
    return run;
}

static void test_limits(void **state)
{
    (void)state;
    static const struct {
        const char *start, *piece;
        size_t count;
        const char *message;
    } cases[] = {
        {"", "repeat 2\n", 40, "blocks nest deeper than 16"},
        {"", "repeat 2\n", 40, "too many mistakes, stopped"},
        {"let x = ", "(", 1000, "expression nests deeper than 64"},
        {"let x = ", "-", 500, "expression nests deeper than 64"},
        {"", "x", 5000, ":1:1: line is longer than 4096 bytes"},
        {"", "x", 300, ":1:1: longer than 256 bytes"},
        {"", "drain\n", (1 << 20) + 1, "more than 1048576 statements"},
        {"", "#\n", (8 << 20) + 1, "File too large"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct run *run = play_repeated(cases[i].start, cases[i].piece, cases[i].count);
        assert_int_equal(run->opened, -1);
        if (!strstr(run->messages, cases[i].message))
            fail_msg("case %zu: %s", i, run->messages);
        end(run);
    }
}

/* Every prefix and every single damaged byte of a script is read or refused, nothing else. */
static void test_damaged(void **state)
{
    (void)state;
    static const char good[] = "let A = 0x1000\ntables 0x100000 0x200000\ncr3 = 0x9000\nrepeat 2 as i\n"
                               " map A -> 0x2000 4k user key=3\n read user A + i port=1 expect pa=5 pat=1\n"
                               "end\nwrite pte(A) |= a\nexpect memory A = 5 mask=1\ninvpcid 1 3\n";
    char text[sizeof(good)];
    for (size_t length = 0; length < sizeof(good); length++) {
        memcpy(text, good, sizeof(good));
        end(play_bytes(text, length, 0xf));
    }
    for (size_t at = 0; at < sizeof(good) - 1; at++) {
        memcpy(text, good, sizeof(good));
        text[at] = (char)(text[at] ^ (1 << at % 8));
        end(play_bytes(text, sizeof(good) - 1, 0xf));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_accesses),
        cmocka_unit_test(test_failed_expectations),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_back_pressure),
        cmocka_unit_test(test_order_of_memory),
        cmocka_unit_test(test_map),
        cmocka_unit_test(test_include),
        cmocka_unit_test(test_bad_input),
        cmocka_unit_test(test_mistakes_while_playing),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
