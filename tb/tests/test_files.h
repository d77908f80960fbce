/* SPDX-License-Identifier: Apache-2.0 */
/* Files and messages for tests of what reads files and complains on stderr. After cmocka.h. */
#ifndef TWINWALK_TEST_FILES_H
#define TWINWALK_TEST_FILES_H

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static inline void put_file(const char *name, const void *bytes, size_t length)
{
    FILE *file = fopen(name, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    fclose(file);
}

/* At most `room` bytes; returns how many. */
static inline size_t get_file(const char *name, void *bytes, size_t room)
{
    FILE *file = fopen(name, "rb");
    assert_non_null(file);
    size_t length = fread(bytes, 1, room, file);
    fclose(file);
    return length;
}

/* Sends stderr to a file until release_messages, which takes what this returns. */
static inline int catch_messages(const char *name)
{
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    assert_true(saved >= 0 && file >= 0);
    dup2(file, STDERR_FILENO);
    close(file);
    return saved;
}

/* What went to stderr in the meantime, as a string of at most `room` bytes. */
static inline void release_messages(int saved, const char *name, char *messages, size_t room)
{
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    messages[get_file(name, messages, room - 1)] = '\0';
}

#endif
