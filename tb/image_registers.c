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

/* Sets a register by name (any case). false: no such register. */
static bool set_register(struct image *image, const char *name, size_t length, uint64_t value)
{
    const struct {
        const char *name;
        uint64_t *wide;
        uint32_t *narrow;
    } registers[] = {
        {"cr0", &image->cr0, NULL},   {"cr3", &image->cr3, NULL},   {"cr4", &image->cr4, NULL},
        {"efer", &image->efer, NULL}, {"pkru", NULL, &image->pkru}, {"pkrs", NULL, &image->pkrs},
    };
    for (size_t i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        if (strlen(registers[i].name) != length || strncasecmp(registers[i].name, name, length))
            continue;
        if (registers[i].wide)
            *registers[i].wide = value;
        else
            *registers[i].narrow = (uint32_t)value;
        if (registers[i].wide == &image->cr3)
            image->has_registers = true;
        return true;
    }
    return false;
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
        uint64_t value;
        bool good = read_hex(&text, &value);
        struct image ignored;
        if (good)
            reader->found |= set_register(reader->image, name, length, value);
        else if (set_register(&ignored, name, length, 0))
            return fail(reader, at + 1, "not a hexadecimal number of at most 16 digits");
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
    uint64_t value = 0;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        at += 2;
    else if (at[0] != '0' || isalnum((unsigned char)at[1]))
        return fail(reader, number, "not a number like 0x1f");
    if (!read_hex(&at, &value))
        return fail(reader, number, "not a hexadecimal number of at most 16 digits");
    if (length == 4 && !strncasecmp(name, "pkr", 3) && value > UINT32_MAX)
        return fail(reader, number, "PKRU and PKRS have 32 bits");
    if (!set_register(reader->image, name, length, value))
        return fail(reader, name, "not one of cr0, cr3, cr4, efer, pkru, pkrs");
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

/* The text of a small file, terminated; NULL after a message. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = malloc(MAX_FILE_BYTES + 1);
    const char *problem = NULL;
    size_t length = 0;
    if (!file) {
        problem = strerror(errno);
    } else if (!text) {
        problem = "out of memory";
    } else {
        length = fread(text, 1, MAX_FILE_BYTES + 1, file);
        if (ferror(file))
            problem = strerror(errno);
        else if (length > MAX_FILE_BYTES)
            problem = "longer than 1 MiB; that is no register file";
        else if (memchr(text, 0, length))
            problem = "not a text file";
    }
    if (file)
        fclose(file);
    if (problem) {
        fprintf(stderr, "%s: %s\n", path, problem);
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

int image_read_registers(struct image *image, const char *path)
{
    char *text = read_text(path);
    if (!text)
        return -1;
    struct reader reader = {.image = image, .path = path};
    int result = read_lines(&reader, text);
    if (!result && !reader.found) {
        fprintf(stderr, "%s: names no register\n", path);
        result = -1;
    }
    free(text);
    return result;
}
