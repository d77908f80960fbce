/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Synthetic traces for measurements: "sequential" goes through a range of
 * addresses with a stride, again and again; "chase" goes through the same
 * addresses in an order of chance, again and again; "uniform" spreads 8-byte
 * accesses evenly over it. docs/workloads.md has what comes of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_source.h"
#include "trace.h"

enum pattern { SEQUENTIAL, UNIFORM, CHASE, PATTERNS };

static const char *const pattern_names[] = {
    [SEQUENTIAL] = "sequential", [UNIFORM] = "uniform", [CHASE] = "chase"};

enum { MOST_STEPS = 1 << 24 };

struct synthetic {
    enum pattern pattern;
    uint64_t count, stride, bytes, base, write, fetch, seed;
    uint64_t done, offset;
    struct random_source random;
    uint64_t at, steps; /* chase: the place in its order */
    uint32_t order[];   /* chase: a permutation of the addresses, in strides */
};

struct option {
    const char *name;
    size_t field;
    uint64_t min, max;
};

static const struct option options[] = {
    {"count", offsetof(struct synthetic, count), 0, UINT64_MAX},
    {"stride", offsetof(struct synthetic, stride), 1, 1ull << 40},
    {"bytes", offsetof(struct synthetic, bytes), 8, 1ull << 46},
    {"base", offsetof(struct synthetic, base), 0, UINT64_MAX},
    {"write", offsetof(struct synthetic, write), 0, 1000},
    {"fetch", offsetof(struct synthetic, fetch), 0, 1000},
    {"seed", offsetof(struct synthetic, seed), 0, UINT64_MAX},
};

/* A number with C's prefixes and KiB, MiB, GiB or TiB behind. */
static bool parse_number(const char *text, uint64_t *value)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 0);
    if (end == text || *text == '-' || errno)
        return false;
    for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strcmp(end, units[i]) == 0) {
            *value = (uint64_t)number << 10 * i;
            return *value >> 10 * i == number;
        }
    return false;
}

static bool parse_option(struct synthetic *synthetic, char *word, const char *path, size_t column)
{
    char *equals = strchr(word, '=');
    if (equals)
        *equals = '\0';
    for (size_t i = 0; equals && i < sizeof(options) / sizeof(options[0]); i++) {
        uint64_t value;
        if (strcmp(word, options[i].name) != 0)
            continue;
        if (!parse_number(equals + 1, &value) || value < options[i].min || value > options[i].max) {
            fprintf(stderr, "%s:1:%zu: %s: not a number from %llu to %llu\n", path, column, word,
                    (unsigned long long)options[i].min, (unsigned long long)options[i].max);
            return false;
        }
        *(uint64_t *)((char *)synthetic + options[i].field) = value;
        return true;
    }
    fprintf(stderr, "%s:1:%zu: %s: not one of count=, stride=, bytes=, base=, write=, fetch= and seed=\n",
            path, column, word);
    return false;
}

static bool parse_options(struct synthetic *synthetic, const char *path, char *text, const char *prefix_end)
{
    char *rest = text, *word = strsep(&rest, ",");
    while (synthetic->pattern < PATTERNS && strcmp(word, pattern_names[synthetic->pattern]) != 0)
        synthetic->pattern++;
    if (synthetic->pattern == PATTERNS) {
        fprintf(stderr, "%s:1:%zu: expected sequential, uniform or chase\n", path,
                (size_t)(prefix_end - path) + 1);
        return false;
    }
    synthetic->stride = synthetic->pattern == CHASE ? TRACE_PAGE : 8;
    while ((word = strsep(&rest, ",")) != NULL)
        if (!parse_option(synthetic, word, path, (size_t)(prefix_end - path) + (size_t)(word - text) + 1))
            return false;
    if (synthetic->write + synthetic->fetch > 1000) {
        fprintf(stderr, "%s:1:%zu: write and fetch together: more than 1000 of 1000\n", path,
                (size_t)(prefix_end - path) + 1);
        return false;
    }
    return true;
}

/* With the order of a chase behind; NULL after a message, and nothing is left. */
static struct synthetic *with_order(struct synthetic *synthetic, const char *path)
{
    uint64_t steps = (synthetic->bytes - 1) / synthetic->stride + 1;
    struct synthetic *with = NULL;
    if (steps > MOST_STEPS)
        fprintf(stderr, "%s: a chase has at most %d addresses\n", path, MOST_STEPS);
    else if (!(with = realloc(synthetic, sizeof(*with) + steps * sizeof(with->order[0]))))
        fprintf(stderr, "%s: out of memory\n", path);
    if (!with) {
        free(synthetic);
        return NULL;
    }
    with->steps = steps;
    for (uint64_t i = 0; i < steps; i++) {
        uint32_t other = random_below(&with->random, (uint32_t)i + 1);
        with->order[i] = (uint32_t)i;
        with->order[i] = with->order[other];
        with->order[other] = (uint32_t)i;
    }
    return with;
}

void *trace_synthetic_options(const char *path, const char *text)
{
    struct synthetic *synthetic = calloc(1, sizeof(*synthetic));
    char *copy = strdup(text);
    if (!synthetic || !copy) {
        fprintf(stderr, "%s: out of memory\n", path);
        free(synthetic);
        free(copy);
        return NULL;
    }
    synthetic->count = 10000000;
    synthetic->bytes = 64 << 20;
    synthetic->base = 0x10000000;
    synthetic->seed = 1;
    bool good = parse_options(synthetic, path, copy, text);
    free(copy);
    if (!good) {
        free(synthetic);
        return NULL;
    }
    random_seed(&synthetic->random, synthetic->seed);
    return synthetic->pattern == CHASE ? with_order(synthetic, path) : synthetic;
}

static void uniform(struct synthetic *synthetic, struct trace_access *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t random = random_u64(&synthetic->random);
        uint64_t offset = (uint64_t)((unsigned __int128)random * (synthetic->bytes / 8) >> 64) * 8;
        out[i].va = synthetic->base + offset;
        out[i].attr = ATTR_USER | ACCESS_READ;
    }
}

static void sequential(struct synthetic *synthetic, struct trace_access *out, size_t count)
{
    uint64_t offset = synthetic->offset;
    for (size_t i = 0; i < count; i++) {
        out[i].va = synthetic->base + offset;
        out[i].attr = ATTR_USER | ACCESS_READ;
        offset += synthetic->stride;
        if (offset >= synthetic->bytes)
            offset %= synthetic->bytes;
    }
    synthetic->offset = offset;
}

static void chase(struct synthetic *synthetic, struct trace_access *out, size_t count)
{
    uint64_t at = synthetic->at;
    for (size_t i = 0; i < count; i++) {
        out[i].va = synthetic->base + synthetic->order[at] * synthetic->stride;
        out[i].attr = ATTR_USER | ACCESS_READ;
        if (++at == synthetic->steps)
            at = 0;
    }
    synthetic->at = at;
}

/* Makes some of the reads writes and fetches. */
static void choose_kinds(struct synthetic *synthetic, struct trace_reader *reader, struct trace_access *out,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t number = random_below(&synthetic->random, 1000);
        if (number < synthetic->write) {
            out[i].attr = ATTR_USER | ACCESS_WRITE;
        } else if (number < synthetic->write + synthetic->fetch) {
            out[i].attr = ATTR_USER | ACCESS_FETCH;
            reader->instructions++;
        }
    }
}

/* The range is one anonymous mapping. */
static bool map_range(const struct synthetic *synthetic, struct trace_reader *reader)
{
    const uint64_t in_page = TRACE_PAGE - 1, last = synthetic->base + synthetic->bytes - 1;
    const struct trace_change change = {.vma = {.start = synthetic->base & ~in_page,
                                                .end = (last | in_page) + 1,
                                                .flags = VMA_RIGHTS | VMA_ANONYMOUS}};
    return change.vma.start >= change.vma.end || trace_reader_change(reader, &change);
}

static ssize_t read_synthetic(struct trace_reader *reader, struct trace_access *out, size_t room)
{
    struct synthetic *synthetic = reader->state;
    uint64_t left = synthetic->count - synthetic->done;
    size_t count = left < room ? (size_t)left : room;
    if (synthetic->done == 0 && count > 0 && !map_range(synthetic, reader))
        return -1;
    switch (synthetic->pattern) {
    case UNIFORM:
        uniform(synthetic, out, count);
        break;
    case CHASE:
        chase(synthetic, out, count);
        break;
    default:
        sequential(synthetic, out, count);
        break;
    }
    if (synthetic->write + synthetic->fetch > 0)
        choose_kinds(synthetic, reader, out, count);
    synthetic->done += count;
    return (ssize_t)count;
}

const struct trace_format_ops trace_synthetic_ops = {.read = read_synthetic};
