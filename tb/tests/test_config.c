/* SPDX-License-Identifier: Apache-2.0 */
/* Reading configurations: values, origins, and the answer to each kind of bad input. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "options.h"

enum { MESSAGE_BYTES = 1024 };

/* The file that each test writes and reads. */
static char path[] = "/tmp/twinwalk-config-XXXXXX";

static void write_file(const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

/* config_open with what it prints on stderr. */
static int open_quietly(struct config *config, const char *name, const char *const *settings, size_t count,
                        char *message)
{
    FILE *captured = tmpfile();
    int saved = dup(STDERR_FILENO);
    int result;
    size_t length;

    assert_non_null(captured);
    fflush(stderr);
    dup2(fileno(captured), STDERR_FILENO);
    result = config_open(config, name, settings, count);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(captured);
    length = fread(message, 1, MESSAGE_BYTES - 1, captured);
    message[length] = '\0';
    fclose(captured);
    return result;
}

static void expect_refusal(const char *text, size_t length, const char *expected)
{
    struct config config;
    char message[MESSAGE_BYTES], wanted[MESSAGE_BYTES];

    write_file(text, length);
    assert_int_equal(open_quietly(&config, path, NULL, 0, message), -1);
    snprintf(wanted, sizeof(wanted), "%s:%s\n", path, expected);
    assert_string_equal(message, wanted);
}

static uint32_t value_of(const struct config *config, const char *section, const char *key)
{
    int index = config_key_find(section, key);

    assert_true(index >= 0);
    return config_get(config, index);
}

static void values_replace_defaults(void **state)
{
    static const char text[] = "# a comment\n"
                               "l1d:\n"
                               "  ways_4k: 6\n"
                               "  replacement: random\n"
                               "mmu: {data_ports: 3, gib_pages: no, maxphyaddr: 0x28}\n"
                               "memory:\n"
                               "  jitter: 9\n";
    struct config config;
    char message[MESSAGE_BYTES];
    int index;

    (void)state;
    write_file(text, strlen(text));
    assert_int_equal(open_quietly(&config, path, NULL, 0, message), 0);
    assert_string_equal(message, "");
    assert_int_equal(config.mmu.l1d.ways_4k, 6);
    assert_int_equal(config.mmu.l1d.replacement, POLICY_RANDOM);
    assert_int_equal(config.mmu.mmu.data_ports, 3);
    assert_int_equal(config.mmu.mmu.gib_pages, 0);
    assert_int_equal(config.mmu.mmu.maxphyaddr, 40);
    assert_int_equal(config.bench.memory.jitter, 9);
    assert_int_equal(value_of(&config, "memory", "jitter"), 9);
    assert_int_equal(value_of(&config, "l1d", "sets_4k"), 16);

    index = config_key_find("l1d", "replacement");
    assert_int_equal(config.origins[index].source, CONFIG_FROM_FILE);
    assert_int_equal(config.origins[index].line, 4);
    assert_int_equal(config.origins[index].column, 16);
    assert_int_equal(config.origins[config_key_find("l1d", "sets_4k")].source, CONFIG_FROM_DEFAULT);
    config_close(&config);
}

static void settings_replace_the_file(void **state)
{
    static const char text[] = "mmu: {data_ports: 1}\n";
    static const char *const settings[] = {"mmu.data_ports=3", "l2.replacement=lru", "l1i.unified=true",
                                           "mmu.data_ports=2"};
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    write_file(text, strlen(text));
    assert_int_equal(open_quietly(&config, path, settings, 4, message), 0);
    assert_int_equal(config.mmu.mmu.data_ports, 2);
    assert_int_equal(config.mmu.l2.replacement, POLICY_LRU);
    assert_int_equal(config.mmu.l1i.unified, 1);
    assert_int_equal(config.origins[config_key_find("mmu", "data_ports")].source, CONFIG_FROM_COMMAND_LINE);
    config_close(&config);
}

static void bad_settings_are_refused(void **state)
{
    static const struct {
        const char *setting, *message;
    } cases[] = {
        {"l1d", "-s l1d: must be section.key=value\n"},
        {"l1d.ways_4k", "-s l1d.ways_4k: must be section.key=value\n"},
        {".ways=1", "-s .ways=1: must be section.key=value\n"},
        {"l1d.=1", "-s l1d.=1: must be section.key=value\n"},
        {"l1d.ways_4k=", "-s l1d.ways_4k=: '' is neither a number nor a word\n"},
        {"l1d.ways_4k=1}, l2: {ways: 1", "-s l1d.ways_4k=1}, l2: {ways: 1: '1}, l2: {ways: 1' is neither a "
                                         "number nor a word\n"},
        {"l1d.ways_4k=x", "-s l1d.ways_4k=x: l1d.ways_4k: 'x' is not a whole number\n"},
        {"l1d.ways_4k=500", "-s l1d.ways_4k=500: l1d.ways_4k: 500: must be 1 to 128\n"},
        {"l1d.ways_3k=1", "-s l1d.ways_3k=1: l1d.ways_3k: unknown key\n"},
        {"l9.ways=1", "-s l9.ways=1: l9: unknown section\n"},
        {"l1d.replacement=fifo", "-s l1d.replacement=fifo: l1d.replacement: Invalid ENUM value: fifo; "
                                 "expected lru, plru, nru or random\n"},
    };
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    write_file("mmu: {data_ports: 1}\n", strlen("mmu: {data_ports: 1}\n"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(open_quietly(&config, path, &cases[i].setting, 1, message), -1);
        assert_string_equal(message, cases[i].message);
    }
}

static void bad_files_are_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        /* keys */
        {"mmu:\n  data_ports: 2\n  data_port: 2\n", "3:3: mmu.data_port: unknown key"},
        {"mmu:\n  data_ports: 2\nl3:\n  ways: 2\n", "3:1: l3: unknown section"},
        {"mmu:\n  data_ports: 2\n  data_ports: 1\n", "3:3: mmu.data_ports: key given twice, first in line 2"},
        {"mmu:\n  data_ports: 2\nmmu:\n  maxphyaddr: 40\n", "3:1: mmu: section given twice"},
        {"? [mmu]\n: 3\n", "1:3: a key must be a word"},
        /* types */
        {"mmu:\n  data_ports: two\n", "2:15: mmu.data_ports: 'two' is not a whole number"},
        {"mmu:\n  data_ports: 2.5\n", "2:15: mmu.data_ports: '2.5' is not a whole number"},
        {"mmu:\n  data_ports: 2x\n", "2:15: mmu.data_ports: '2x' is not a whole number"},
        {"mmu:\n  data_ports: 010\n", "2:15: mmu.data_ports: '010' is not a whole number"},
        {"mmu:\n  data_ports: -1\n", "2:15: mmu.data_ports: '-1' is not a whole number"},
        {"mmu:\n  data_ports: '2'\n", "2:15: mmu.data_ports: '2' is not a whole number"},
        {"mmu:\n  data_ports:\n", "2:14: mmu.data_ports: '' is not a whole number"},
        {"mmu:\n  data_ports: 99999999999\n",
         "2:15: mmu.data_ports: Invalid UINT value: '99999999999'; expected 1 to 3"},
        {"mmu:\n  data_ports: [2]\n",
         "2:15: mmu.data_ports: Expecting UINT, got event: SEQUENCE_START; expected 1 to 3"},
        {"mmu:\n  gib_pages: maybe\n",
         "2:14: mmu.gib_pages: Invalid ENUM value: maybe; expected true or false"},
        {"l2:\n  replacement: fifo\n",
         "2:16: l2.replacement: Invalid ENUM value: fifo; expected lru, plru, nru or random"},
        {"mmu: 3\n", "1:6: mmu: Expecting MAPPING, got event: SCALAR"},
        {"mmu:\n  - 3\n", "2:3: mmu: Expecting MAPPING, got event: SEQUENCE_START"},
        {"- mmu\n", "1:1: Expecting MAPPING, got event: SEQUENCE_START"},
        {"mmu\n", "1:1: Expecting MAPPING, got event: SCALAR"},
        /* ranges and geometry */
        {"mmu:\n  data_ports: 4\n", "2:15: mmu.data_ports: 4: must be 1 to 3"},
        {"memory:\n  queue: 65\n", "2:10: memory.queue: 65: must be 1 to 64"},
        {"l1d:\n  sets_4k: 12\n", "2:12: l1d.sets_4k: 12: sets must be a power of two"},
        {"l1d: {sets_4k: 1024, ways_4k: 64}\n",
         "1:16: l1d.sets_4k: 1024: sets times ways must be at most 16384 entries"},
        {"mmu:\n  data_ports: 3\n  miss_queue: 7\n",
         "3:15: mmu.miss_queue: 7: must be at least 2 x (1 + mmu.data_ports)"},
        {"memory:\n  l1_kib: 47\n",
         " memory.l1_ways: 12 (its default): memory.l1_kib in 64-byte lines does not "
         "divide into a power of two of sets of so many ways"},
        /* documents */
        {"", "1:1: empty: there is no configuration in it"},
        {"# nothing\n\n", "1:1: empty: there is no configuration in it"},
        {"mmu: {data_ports: 2}\n---\nmmu: {data_ports: 1}\n", "2:1: a configuration is one YAML document"},
        {"l2: &a {ways: 4}\nl2i: *a\n", "2:6: aliases are not supported"},
        {"mmu: {data_ports: 2", "2:1: not YAML: did not find expected ',' or '}'"},
        {"mmu:\n\tdata_ports: 2\n", "2:1: not YAML: found character that cannot start any token"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_refusal(cases[i].text, strlen(cases[i].text), cases[i].message);
}

static void garbage_is_refused(void **state)
{
    static char garbage[1 << 16];
    static char large[(1 << 16) + 1];
    struct config config;
    char message[MESSAGE_BYTES];
    uint32_t random = 1;

    (void)state;
    expect_refusal("\x7f"
                   "ELF\x02\x01\x01\0\0\0",
                   10, "1:1: not YAML: control characters are not allowed");
    expect_refusal("mmu: {data_ports: \xff\xfe}\n", 22, "1:1: not YAML: invalid leading UTF-8 octet");
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof(garbage); i++) {
            random = random * 1664525 + 1013904223;
            garbage[i] = (char)(random >> 24);
        }
        write_file(garbage, sizeof(garbage));
        assert_int_equal(open_quietly(&config, path, NULL, 0, message), -1);
        assert_true(strncmp(message, path, strlen(path)) == 0);
    }
    memset(garbage, '[', sizeof(garbage));
    expect_refusal(garbage, sizeof(garbage), "1:9: nested too deeply");
    memset(large, ' ', sizeof(large));
    expect_refusal(large, sizeof(large), " too large for a configuration");
}

static void missing_files_are_refused(void **state)
{
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    assert_int_equal(open_quietly(&config, "/nonexistent/x.yaml", NULL, 0, message), -1);
    assert_string_equal(message, "/nonexistent/x.yaml: No such file or directory\n");
    assert_int_equal(open_quietly(&config, "no_such", NULL, 0, message), -1);
    assert_string_equal(message, "no_such: no such configuration: there is no configs/no_such.yaml here or "
                                 "beside the program\n");
    assert_int_equal(open_quietly(&config, "/tmp/", NULL, 0, message), -1);
    assert_string_equal(message, "/tmp/: Is a directory\n");
    assert_int_equal(open_quietly(&config, "/dev/zero", NULL, 0, message), -1);
    assert_string_equal(message, "/dev/zero: too large for a configuration\n");
}

static void shipped_configurations_are_valid(void **state)
{
    glob_t shipped;
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    assert_int_equal(glob("configs/*.yaml", 0, NULL, &shipped), 0);
    for (size_t i = 0; i < shipped.gl_pathc; i++) {
        assert_int_equal(open_quietly(&config, shipped.gl_pathv[i], NULL, 0, message), 0);
        config_close(&config);
    }
    globfree(&shipped);
}

/* A name works in any directory, since the program knows where it was built. */
static void shipped_configurations_are_found_from_elsewhere(void **state)
{
    struct config config;
    char message[MESSAGE_BYTES];
    char *here = getcwd(NULL, 0);
    int result;

    (void)state;
    assert_non_null(here);
    assert_int_equal(chdir("/"), 0);
    result = open_quietly(&config, "tiny", NULL, 0, message);
    assert_int_equal(chdir(here), 0);
    free(here);
    assert_int_equal(result, 0);
    config_close(&config);
}

static void shipped_default_has_the_built_in_values(void **state)
{
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    assert_int_equal(open_quietly(&config, "default", NULL, 0, message), 0);
    for (size_t i = 0; i < CONFIG_KEYS; i++)
        assert_int_equal(config_get(&config, i), config_key(i)->dflt);
    config_close(&config);
}

/* Entries of the arrays, as published for the two cores. */
static void shipped_cores_have_their_entries(void **state)
{
    struct config config;
    char message[MESSAGE_BYTES];

    (void)state;
    assert_int_equal(open_quietly(&config, "sapphire_rapids", NULL, 0, message), 0);
    assert_int_equal(config.mmu.l1i.sets_4k * config.mmu.l1i.ways_4k, 256);
    assert_int_equal(config.mmu.l1i.sets_2m * config.mmu.l1i.ways_2m, 32);
    assert_int_equal(config.mmu.l1d.sets_4k * config.mmu.l1d.ways_4k, 96);
    assert_int_equal(config.mmu.l1d.sets_2m * config.mmu.l1d.ways_2m, 32);
    assert_int_equal(config.mmu.l1d.sets_1g * config.mmu.l1d.ways_1g, 8);
    assert_int_equal(config.mmu.l2.sets * config.mmu.l2.ways, 2048);
    assert_int_equal(config.mmu.l2.ways_1g, 16);
    assert_int_equal(config.mmu.walker.count, 4);
    config_close(&config);

    assert_int_equal(open_quietly(&config, "zen4", NULL, 0, message), 0);
    assert_true(config.mmu.l1i.unified && config.mmu.l1d.unified && config.mmu.l2.split);
    assert_int_equal(config.mmu.l1i.ways_4k, 64);
    assert_int_equal(config.mmu.l1d.ways_4k, 72);
    assert_int_equal(config.mmu.l2i.sets * config.mmu.l2i.ways, 512);
    assert_int_equal(config.mmu.l2.sets * config.mmu.l2.ways, 3072);
    assert_int_equal(config.mmu.l2.ways_1g, 64);
    config_close(&config);
}

static void counts_are_read(void **state)
{
    static const char *const bad[] = {"",
                                      " 1",
                                      "-1",
                                      "+1",
                                      "1.5",
                                      "0x",
                                      "0xg",
                                      "k",
                                      "1kk",
                                      "1T",
                                      "18446744073709551616",
                                      "18446744073709552k"};
    uint64_t count;

    (void)state;
    assert_true(parse_count("0", &count) && count == 0);
    assert_true(parse_count("0x1F", &count) && count == 31);
    assert_true(parse_count("18446744073709551615", &count) && count == UINT64_MAX);
    assert_true(parse_count("5k", &count) && count == 5000);
    assert_true(parse_count("12M", &count) && count == 12000000);
    assert_true(parse_count("3G", &count) && count == 3000000000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(parse_count(bad[i], &count));
}

static int make_file(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_replace_defaults),
        cmocka_unit_test(settings_replace_the_file),
        cmocka_unit_test(bad_settings_are_refused),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(garbage_is_refused),
        cmocka_unit_test(missing_files_are_refused),
        cmocka_unit_test(shipped_configurations_are_valid),
        cmocka_unit_test(shipped_configurations_are_found_from_elsewhere),
        cmocka_unit_test(shipped_default_has_the_built_in_values),
        cmocka_unit_test(shipped_cores_have_their_entries),
        cmocka_unit_test(counts_are_read),
    };

    return cmocka_run_group_tests_name("config", tests, make_file, remove_file);
}
