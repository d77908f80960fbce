/* SPDX-License-Identifier: Apache-2.0 */
/* The project's files, from wherever the program is called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "project_path.h"

static void in_the_root(void **state)
{
    (void)state;
    char *root = project_root(), *path = project_path("rtl/mmu.sv");

    assert_string_equal(root, ".");
    assert_string_equal(path, "rtl/mmu.sv");
    assert_null(project_path("rtl/none.sv"));
    free(root);
    free(path);
}

/* The build directory, above the program too, has directories of the same names. */
static void from_elsewhere(void **state)
{
    (void)state;
    char *here = realpath(".", NULL), *root, *path;

    assert_int_equal(chdir("/"), 0);
    root = project_root();
    assert_string_equal(root, here);
    path = project_path("rtl");
    assert_non_null(path);
    assert_memory_equal(path, here, strlen(here));
    assert_string_equal(path + strlen(here), "/rtl");
    assert_int_equal(chdir(here), 0);
    free(path);
    free(root);
    free(here);
}

static void the_program_itself(void **state)
{
    (void)state;
    char *path = program_path();

    assert_int_equal(path[0], '/');
    assert_string_equal(strrchr(path, '/'), "/test_project_path");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_the_root),
        cmocka_unit_test(from_elsewhere),
        cmocka_unit_test(the_program_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
