/* SPDX-License-Identifier: Apache-2.0 */
/* The process pool: ends of every kind, time limits, and that nothing stays behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "job_pool.h"
#include "test_files.h"

static char log_path[] = "/tmp/twinwalk-job-XXXXXX";

static int start(struct job_pool *pool, const char *script, double seconds, void *owner)
{
    char *argv[] = {"/bin/sh", "-c", (char *)script, NULL};

    return job_pool_start(pool,
                          &(struct job){.argv = argv, .log = log_path, .seconds = seconds, .owner = owner});
}

static void every_kind_of_end(void **state)
{
    struct job_pool *pool = job_pool_create(2);
    struct job_end end;
    char text[64] = "";

    (void)state;
    assert_int_equal(job_pool_free(pool), 2);
    assert_int_equal(job_pool_wait(pool, 0, &end), JOB_NOTHING);
    start(pool, "echo out; echo err >&2; exit 3", 0, text);
    assert_int_equal(job_pool_free(pool), 1);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_ENDED);
    assert_int_equal(WEXITSTATUS(end.status), 3);
    assert_ptr_equal(end.owner, text);
    text[get_file(log_path, text, sizeof(text) - 1)] = '\0';
    assert_string_equal(text, "out\nerr\n");

    start(pool, "kill -SEGV $$", 0, NULL);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_ENDED);
    assert_true(WIFSIGNALED(end.status));
    assert_int_equal(WTERMSIG(end.status), SIGSEGV);

    char *missing[] = {"/nonexistent/program", NULL};
    assert_int_equal(job_pool_start(pool, &(struct job){.argv = missing, .log = log_path}), 0);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_ENDED);
    assert_int_equal(WEXITSTATUS(end.status), 127);
    assert_int_equal(job_pool_free(pool), 2);
    job_pool_destroy(pool);
}

static void many_jobs_each_end_once(void **state)
{
    enum { JOBS = 40 };
    struct job_pool *pool = job_pool_create(3);
    int ended[JOBS] = {0}, started = 0, done = 0;
    struct job_end end;

    (void)state;
    while (done < JOBS) {
        while (started < JOBS && job_pool_free(pool) > 0)
            start(pool, "exit 0", 0, &ended[started++]);
        if (job_pool_wait(pool, 10, &end) == JOB_ENDED) {
            ++*(int *)end.owner;
            done++;
        }
    }
    for (int i = 0; i < JOBS; i++)
        assert_int_equal(ended[i], 1);
    job_pool_destroy(pool);
}

static void late_jobs_are_killed(void **state)
{
    struct job_pool *pool = job_pool_create(1);
    struct job_end end;

    (void)state;
    start(pool, "sleep 60; true", 0.2, NULL);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_ENDED);
    assert_true(end.timed_out);
    assert_true(WIFSIGNALED(end.status));
    assert_true(end.seconds < 10);
    job_pool_destroy(pool);
}

/* Whether the process whose number the job has written is there after a while. */
static bool child_lives(void)
{
    char text[32] = "";
    pid_t child = 0;

    for (int i = 0; i < 200 && child <= 0; i++) {
        usleep(10000);
        text[get_file(log_path, text, sizeof(text) - 1)] = '\0';
        if (strchr(text, '\n') != NULL)
            child = atoi(text);
    }
    assert_true(child > 0);
    for (int i = 0; i < 200; i++) {
        char path[64];
        char status[512] = "";
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/stat", child);
        file = fopen(path, "r");
        if (file == NULL)
            return false;
        (void)!fread(status, 1, sizeof(status) - 1, file);
        fclose(file);
        if (strstr(status, ") Z ") != NULL)
            return false;
        usleep(10000);
    }
    return true;
}

static void nothing_stays_behind(void **state)
{
    struct job_pool *pool = job_pool_create(1);

    (void)state;
    /* A child of the job's. */
    start(pool, "sleep 60 & echo $!; wait", 0, NULL);
    for (int i = 0; i < 500; i++) {
        char text[32] = "";
        usleep(10000);
        if (get_file(log_path, text, sizeof(text)) > 0)
            break;
    }
    job_pool_destroy(pool);
    assert_false(child_lives());
}

static void jobs_die_with_the_process(void **state)
{
    pid_t process;

    (void)state;
    put_file(log_path, "", 0);
    process = fork();
    if (process == 0) {
        struct job_pool *pool = job_pool_create(1);
        struct job_end end;

        start(pool, "echo $$; while :; do :; done", 30, NULL);
        job_pool_wait(pool, 60, &end);
        _exit(1);
    }
    for (int i = 0; i < 500; i++) {
        char text[32];
        usleep(10000);
        if (get_file(log_path, text, sizeof(text)) > 0)
            break;
    }
    kill(process, SIGKILL);
    waitpid(process, NULL, 0);
    assert_false(child_lives());
}

static void a_signal_interrupts(void **state)
{
    struct job_pool *pool = job_pool_create(1);
    struct job_end end;

    (void)state;
    start(pool, "kill -INT $PPID; sleep 60", 0, NULL);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_INTERRUPTED);
    assert_int_equal(job_pool_wait(pool, 10, &end), JOB_INTERRUPTED);
    job_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_end),    cmocka_unit_test(many_jobs_each_end_once),
        cmocka_unit_test(late_jobs_are_killed), cmocka_unit_test(nothing_stays_behind),
        cmocka_unit_test(a_signal_interrupts),  cmocka_unit_test(jobs_die_with_the_process),
    };
    int file = mkstemp(log_path), failed;

    if (file < 0)
        return 1;
    close(file);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(log_path);
    return failed;
}
