/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text of `valgrind --tool=lackey --trace-mem=yes`: "I  04000d7b,3" for an
 * instruction, " L ...", " S ..." and " M ..." for load, store and modify;
 * the tool's own lines start with "==" or "--". With `--trace-syscalls=yes`
 * there are lines of system calls in between.
 */
#include <string.h>

#include "trace.h"

enum { LONGEST_LINE = 64, LARGEST_ACCESS = TRACE_PAGE, MOST_PER_LINE = 4 };

/* Value of a hexadecimal digit plus one; 0: none. */
static const uint8_t hex_digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* An address of at most 16 digits, leading zeros aside. */
static const uint8_t *hex(const uint8_t *at, uint64_t *value)
{
    const uint8_t *start = at;
    uint64_t result = 0, lost = 0;
    unsigned digit;
    while ((digit = hex_digits[*at]) != 0) {
        lost |= result >> 60;
        result = result << 4 | (digit - 1);
        at++;
    }
    *value = result;
    return at == start || lost ? NULL : at;
}

static const uint8_t *size(const uint8_t *at, uint64_t *value)
{
    const uint8_t *start = at;
    uint64_t result = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        result = result * 10 + (unsigned)(*at - '0');
        if (result > LARGEST_ACCESS)
            return NULL;
    }
    *value = result;
    return at == start || result == 0 ? NULL : at;
}

static size_t put(struct trace_access *out, uint64_t va, uint64_t bytes, enum access_kind kind)
{
    out[0] = (struct trace_access){.va = va, .attr = (uint8_t)(ATTR_USER | kind)};
    if (va % TRACE_PAGE + bytes <= TRACE_PAGE)
        return 1;
    out[1] = (struct trace_access){.va = (va | (TRACE_PAGE - 1)) + 1, .attr = out[0].attr};
    return 2;
}

static bool is_syscall(const uint8_t *at)
{
    return memcmp(at, "SYSCALL[", 8) == 0;
}

/* Goes past what is said of a system call, mostly a whole line. false after a message. */
static bool syscall_line(struct trace_reader *reader)
{
    if (!trace_reader_fill(reader, TRACE_BUFFER / 2))
        return false;
    const uint8_t *start = reader->buffer + reader->at;
    size_t left = reader->filled - reader->at;
    const uint8_t *end = memchr(start, '\n', left);
    if (!end && !reader->file_ended) {
        trace_reader_error(reader, "line longer than %d bytes", TRACE_BUFFER / 2);
        return false;
    }
    size_t length = end ? (size_t)(end - start) : left;
    ssize_t taken = trace_syscall_line(reader, (const char *)start, length);
    if (taken < 0)
        return false;
    bool whole = (size_t)taken == length;
    reader->at += (size_t)taken + (whole && end);
    reader->line -= !whole; /* it is counted when its rest is read */
    return true;
}

/* Goes past a line that is none of the trace. */
static bool skip_line(struct trace_reader *reader)
{
    for (;;) {
        const uint8_t *end = memchr(reader->buffer + reader->at, '\n', reader->filled - reader->at);
        if (end) {
            reader->at = (size_t)(end - reader->buffer) + 1;
            return true;
        }
        reader->at = reader->filled;
        if (reader->file_ended)
            return true;
        if (!trace_reader_fill(reader, 1))
            return false;
    }
}

/* Decodes the line at buffer[at]; the number of its accesses, -1 when it is none. */
static int line(struct trace_reader *reader, struct trace_access *out)
{
    const uint8_t *at = reader->buffer + reader->at;
    uint8_t letter = at[0] == ' ' ? at[1] : at[0];
    if (at[0] != (letter == 'I' ? 'I' : ' ') || at[letter == 'I' ? 1 : 2] != ' ')
        return -1;
    at += letter == 'I' ? 2 : 3;
    while (*at == ' ')
        at++;
    uint64_t va, bytes;
    at = hex(at, &va);
    if (!at || *at != ',')
        return -1;
    at = size(at + 1, &bytes);
    if (!at)
        return -1;
    if (*at == '\r')
        at++;
    const uint8_t *end = reader->buffer + reader->filled;
    if (at > end || (at < end && *at != '\n'))
        return -1;
    reader->at = (size_t)(at - reader->buffer) + (at < end);
    size_t count = 0;
    switch (letter) {
    case 'I':
        reader->instructions++;
        return (int)put(out, va, bytes, ACCESS_FETCH);
    case 'L':
        return (int)put(out, va, bytes, ACCESS_READ);
    case 'S':
        return (int)put(out, va, bytes, ACCESS_WRITE);
    case 'M':
        count = put(out, va, bytes, ACCESS_READ);
        return (int)(count + put(out + count, va, bytes, ACCESS_WRITE));
    default:
        return -1;
    }
}

/* A line of the tool rather than of the trace, or an empty one. */
static bool is_remark(const uint8_t *at)
{
    return (at[0] == '=' && at[1] == '=') || (at[0] == '-' && at[1] == '-') || at[0] == '\n' ||
           at[0] == '\r' || memcmp(at, " --> ", 5) == 0; /* the rest of what was said of a system call */
}

static ssize_t read_lackey(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    size_t count = 0;
    while (count + MOST_PER_LINE <= room) {
        if (!trace_reader_fill(reader, LONGEST_LINE))
            return -1;
        if (reader->at == reader->filled)
            break;
        const uint8_t *at = reader->buffer + reader->at;
        if (is_syscall(at)) {
            if (count > 0)
                break;
            reader->line++;
            if (!syscall_line(reader))
                return -1;
            continue;
        }
        reader->line++;
        if (is_remark(at)) {
            if (!skip_line(reader))
                return -1;
            continue;
        }
        int got = line(reader, out + count);
        if (got < 0)
            return trace_reader_error(reader, "not a line of a Lackey trace");
        count += (size_t)got;
    }
    return (ssize_t)count;
}

const struct trace_format_ops trace_lackey_ops = {.read = read_lackey};
