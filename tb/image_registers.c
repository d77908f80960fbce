/* SPDX-License-Identifier: Apache-2.0 */
#include "image_private.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_FILE_BYTES = 1 << 20 };

/* Where in the file the reader is, for messages. */
struct reader {
    struct image *image;
    const char *path;
    const char *line; /* its beginning */
    unsigned number;  /* of the line, from 1 */
    bool found;
};

static int fail(const struct reader *reader, const char *at, const char *what)
{
    fprintf(stderr, "%s:%u:%d: %s\n", reader->path, reader->number, (int)(at - reader->line) + 1, what);
    return -1;
}

enum { CR3 = 1 }; /* its index below */

static const struct image_register {
    const char *name;
    size_t offset; /* in struct image */
    bool narrow;   /* 32 bits instead of 64 */
} registers[] = {
    {"cr0", offsetof(struct image, cr0), false},  {"cr3", offsetof(struct image, cr3), false},
    {"cr4", offsetof(struct image, cr4), false},  {"efer", offsetof(struct image, efer), false},
    {"pkru", offsetof(struct image, pkru), true}, {"pkrs", offsetof(struct image, pkrs), true},
};

/* By name, in any case; NULL: there is no such register. */
static const struct image_register *find_register(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++)
        if (strlen(registers[i].name) == length && !strncasecmp(registers[i].name, name, length))
            return &registers[i];
    return NULL;
}

static int set_register(const struct reader *reader, const struct image_register *which, uint64_t value,
                        const char *at)
{
    char *field = (char *)reader->image + which->offset;
    if (which->narrow && value > UINT32_MAX)
        return fail(reader, at, "PKRU and PKRS have 32 bits");
    if (which->narrow)
        *(uint32_t *)field = (uint32_t)value;
    else
        *(uint64_t *)field = value;
    if (which == &registers[CR3])
        reader->image->has_registers = true;
    return 0;
}

/* The hexadecimal digits at *text; false when there are none or more than 16. */
static bool read_hex(const char **text, uint64_t *value)
{
    const char *digit = *text;
    *value = 0;
    while (isxdigit((unsigned char)*digit)) {
        int low = *digit <= '9' ? *digit - '0' : (*digit | 0x20) - 'a' + 10;
        *value = *value << 4 | (uint64_t)low;
        digit++;
    }
    bool good = digit > *text && digit - *text <= 16;
    *text = digit;
    return good;
}

/* "NAME=hex" anywhere in a line of `info registers`; other fields are passed over. */
static int read_monitor_line(struct reader *reader)
{
    const char *at = reader->line;
    while (*at) {
        const char *name = at;
        while (isalnum((unsigned char)*at))
            at++;
        size_t length = (size_t)(at - name);
        if (length == 0 || *at != '=') {
            at += length == 0;
            continue;
        }
        const char *text = at + 1;
        const struct image_register *which = find_register(name, length);
        uint64_t value;
        if (which && !read_hex(&text, &value))
            return fail(reader, at + 1, "not a hexadecimal number of at most 16 digits");
        if (which && set_register(reader, which, value, at + 1))
            return -1;
        reader->found |= which != NULL;
        at = text;
    }
    return 0;
}

/* "name 0xvalue", "name = 0xvalue", a comment after '#', or nothing. */
static int read_line(struct reader *reader)
{
    const char *at = reader->line + strspn(reader->line, " \t\r");
    if (!*at || *at == '#')
        return 0;
    const char *name = at;
    while (isalnum((unsigned char)*at))
        at++;
    size_t length = (size_t)(at - name);
    at += strspn(at, " \t=:");
    const char *number = at;
    const struct image_register *which = find_register(name, length);
    uint64_t value;
    if (!which)
        return fail(reader, name, "not one of cr0, cr3, cr4, efer, pkru, pkrs");
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    else if (at[0] != '0' || isalnum((unsigned char)at[1]))
        return fail(reader, number, "not a number like 0x1f");
    if (!read_hex(&at, &value))
        return fail(reader, number, "not a hexadecimal number of at most 16 digits");
    if (set_register(reader, which, value, number))
        return -1;
    at += strspn(at, " \t\r");
    if (*at && *at != '#')
        return fail(reader, at, "more after the number");
    reader->found = true;
    return 0;
}

/* Splits `text` into lines, in place. */
static int read_lines(struct reader *reader, char *text)
{
    bool monitor = strstr(text, "CR3=") != NULL;
    bool in_cpu = false;
    for (char *line = text, *next; line; line = next) {
        char *newline = strchr(line, '\n');
        next = newline ? newline + 1 : NULL;
        if (newline)
            *newline = '\0';
        reader->line = line;
        reader->number++;
        if (monitor && !strncmp(line, "CPU#", 4)) {
            if (in_cpu)
                break; /* `info registers -a`: the first processor's count */
            in_cpu = true;
        }
        if (monitor ? read_monitor_line(reader) : read_line(reader))
            return -1;
    }
    return 0;
}

/* Reads a small text file into `text`, MAX_FILE_BYTES + 1 zeros. NULL, or what is wrong. */
static const char *read_text(FILE *file, char *text)
{
    size_t length = fread(text, 1, MAX_FILE_BYTES + 1, file);
    if (ferror(file))
        return strerror(errno);
    if (length > MAX_FILE_BYTES)
        return "longer than 1 MiB; that is no register file";
    return strlen(text) == length ? NULL : "not a text file";
}

int image_read_registers(struct image *image, const char *path)
{
    struct reader reader = {.image = image, .path = path};
    int result = -1;
    FILE *file = fopen(path, "re");
    char *text = calloc(1, MAX_FILE_BYTES + 1);
    const char *problem = !file ? strerror(errno) : !text ? "out of memory" : read_text(file, text);
    if (problem)
        fprintf(stderr, "%s: %s\n", path, problem);
    else
        result = read_lines(&reader, text);
    if (!result && !reader.found) {
        fprintf(stderr, "%s: names no register\n", path);
        result = -1;
    }
    if (file)
        fclose(file);
    free(text);
    return result;
}
