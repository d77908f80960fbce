/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "output_file.h"
#include "test_files.h"

static char directory[] = "/tmp/twinwalk-test-XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(directory) ? chdir(directory) : -1;
}

static int leave(void **state)
{
    (void)state;
    return chdir("/") || rmdir(directory);
}

static void holds(const char *name, const char *text)
{
    char bytes[64];
    assert_int_equal(get_file(name, bytes, sizeof(bytes)), strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static void committed_or_not_at_all(void **state)
{
    (void)state;
    struct output_file file;

    put_file("a", "old", 3);
    assert_int_equal(output_file_open(&file, "a"), 0);
    fputs("new", file.stream);
    holds("a", "old");
    output_file_discard(&file);
    holds("a", "old");

    assert_int_equal(output_file_open(&file, "a"), 0);
    fputs("new", file.stream);
    assert_int_equal(output_file_commit(&file), 0);
    output_file_discard(&file);
    holds("a", "new");
    unlink("a"); /* leave() finds anything else that was left */
}

/* A writer that was killed leaves its temporary file. */
static void removed_with_what_is_left(void **state)
{
    (void)state;
    struct output_file killed;

    put_file("a[1]", "", 0);
    put_file("a[1].log", "", 0);
    put_file("a1.abcdef", "", 0);
    assert_int_equal(output_file_open(&killed, "a[1]"), 0);
    fclose(killed.stream);
    assert_int_equal(access(killed.temporary, F_OK), 0);

    output_file_remove("a[1]");
    assert_int_equal(access("a[1]", F_OK), -1);
    assert_int_equal(access(killed.temporary, F_OK), -1);
    assert_int_equal(unlink("a[1].log"), 0);
    assert_int_equal(unlink("a1.abcdef"), 0);
    output_file_remove("a[1]"); /* nothing there: nothing happens */
    free(killed.path);
    free(killed.temporary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(committed_or_not_at_all),
        cmocka_unit_test(removed_with_what_is_left),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
