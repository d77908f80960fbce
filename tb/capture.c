/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "trace.h"

/*
 * Where Valgrind 3 puts what is its own on amd64: the tool at 0x58000000, its
 * data from 64 GiB on. All else below 128 GiB is the program's; its stack is at
 * the upper end.
 */
static const uint64_t tool_start = 0x58000000, tool_end = 0x5c000000, own_start = 0x1000000000,
                      stack_area = 0x1f00000000, program_end = 0x2000000000;

/* A stack may grow to so many bytes. */
static const uint64_t stack_limit = 64 << 20;

enum { LONGEST_PATH = 64, LONGEST_LINE = 4352, PIPE_BYTES = 1 << 20, PAUSE_NANOSECONDS = 1000000 };

struct copier {
    struct capture *capture;
    struct trace_reader *reader;
    struct trace_writer *writer;
    uint64_t instructions;
    bool started; /* something was written */
    struct trace_access block[TRACE_BLOCK];
};

static bool is_programs(uint64_t start)
{
    return start < program_end && (start < own_start || start >= stack_area) &&
           (start < tool_start || start >= tool_end);
}

/* One line of /proc/PID/maps. false after a message. */
static bool initial_mapping(struct trace_reader *reader, const char *line)
{
    struct trace_change change = {0};
    char rights[5];
    unsigned long long inode;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*x:%*x %llu", &change.vma.start, &change.vma.end,
               rights, &inode) != 4) {
        fprintf(stderr, "twinwalk capture: not a line of /proc/PID/maps: %s", line);
        return false;
    }
    if (!is_programs(change.vma.start))
        return true;
    bool anonymous = inode == 0 && rights[3] == 'p';
    /* The page for brk() is executable under Valgrind; in no program is it otherwise. */
    bool executable = rights[2] == 'x' && !anonymous;
    change.vma.flags = (uint8_t)((rights[0] == 'r' ? VMA_READ : 0) | (rights[1] == 'w' ? VMA_WRITE : 0) |
                                 (executable ? VMA_EXECUTE : 0) | (anonymous ? VMA_ANONYMOUS : 0));
    return trace_reader_change(reader, &change);
}

/* What the program has mapped now. The log is behind, but repeats what has changed meanwhile. */
static bool initial_mappings(struct copier *copier)
{
    char path[LONGEST_PATH], line[LONGEST_LINE];
    snprintf(path, sizeof(path), "/proc/%ld/maps", (long)copier->capture->pid);
    FILE *maps = fopen(path, "r");
    bool good = maps != NULL;
    if (!maps)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    while (good && fgets(line, sizeof(line), maps))
        good = initial_mapping(copier->reader, line);
    if (maps)
        fclose(maps);
    return good;
}

/* Grows the stack down to va, if that is what the access means. false after a message. */
static bool grow_stack(struct copier *copier, uint64_t va, struct trace_change *change)
{
    const struct trace_vmas *vmas = &copier->reader->vmas;
    const struct trace_vma *stack = NULL;
    for (size_t i = vmas->count; i-- > 0 && vmas->list[i].start >= stack_area;)
        stack = &vmas->list[i];
    if (!stack || va >= stack->start || stack->start - va > stack_limit)
        return false;
    *change = (struct trace_change){
        .vma = {.start = va & ~(uint64_t)(TRACE_PAGE - 1), .end = stack->start, .flags = stack->flags}};
    return trace_reader_change(copier->reader, change);
}

/* The mappings up to here, at once or what has changed. */
static bool write_changes(struct copier *copier)
{
    const struct trace_vmas *vmas = &copier->reader->vmas;
    if (copier->started)
        return trace_writer_changes(copier->writer, copier->reader->changes, copier->reader->change_count);
    copier->started = true;
    for (size_t i = 0; i < vmas->count; i++) {
        const struct trace_change change = {.vma = vmas->list[i]};
        if (!trace_writer_changes(copier->writer, &change, 1))
            return false;
    }
    return true;
}

/* Looks for the mapping of each access; `out` is whether they are to be written. false after a message. */
static bool put_block(struct copier *copier, size_t count, bool out)
{
    const struct trace_vma *last = NULL;
    size_t written = 0;
    if (out && !write_changes(copier))
        return false;
    for (size_t i = 0; i < count; i++) {
        uint64_t va = copier->block[i].va;
        if (last && va >= last->start && va < last->end)
            continue;
        struct trace_change change;
        const struct trace_vma *vma = trace_vmas_find(&copier->reader->vmas, va);
        if (vma) {
            last = vma;
            continue;
        }
        last = NULL;
        if (!grow_stack(copier, va, &change)) {
            if (copier->reader->failed)
                return false;
            copier->capture->outside += out;
        } else if (out) {
            if (!trace_writer_put(copier->writer, copier->block + written, i - written) ||
                !trace_writer_changes(copier->writer, &change, 1))
                return false;
            written = i;
        }
    }
    return !out || trace_writer_put(copier->writer, copier->block + written, count - written);
}

/*
 * Waits until there is a good deal to read, or all. Valgrind writes line by
 * line; whoever reads so, too, makes the two wait for each other all the time.
 */
static void wait_for_log(const struct capture *capture)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    int bytes, enough = fcntl(capture->log, F_GETPIPE_SZ) / 4;
    struct pollfd pipe = {.fd = capture->log};
    while (!*capture->stop && ioctl(capture->log, FIONREAD, &bytes) == 0 && bytes < enough &&
           poll(&pipe, 1, 0) == 0)
        nanosleep(&pause, NULL);
}

/* Reads up to `count` accesses, or all; false after a message. *ended: there are no more. */
static bool copy(struct copier *copier, uint64_t count, bool out, bool *ended)
{
    struct capture *capture = copier->capture;
    uint64_t done = 0;
    *ended = false;
    while (count - done >= TRACE_LEAST_ROOM) {
        size_t room = count - done < TRACE_BLOCK ? (size_t)(count - done) : TRACE_BLOCK;
        wait_for_log(capture);
        *ended = *capture->stop;
        if (*ended)
            return true;
        ssize_t got = trace_reader_read(copier->reader, copier->block, room);
        if (got < 0 || (got > 0 && !put_block(copier, (size_t)got, out)))
            return false;
        *ended = got == 0;
        if (*ended)
            return true;
        done += (uint64_t)got;
        capture->seen += (uint64_t)got;
        capture->written += out ? (uint64_t)got : 0;
        if (capture->progress)
            capture->progress(capture);
    }
    return true;
}

static bool copy_all(struct copier *copier)
{
    struct capture *capture = copier->capture;
    bool ended;
    if (!initial_mappings(copier) || !copy(copier, capture->skip, false, &ended))
        return false;
    copier->instructions = copier->reader->instructions;
    if (!ended && !copy(copier, capture->accesses, true, &ended))
        return false;
    capture->complete = !ended;
    if (ended)
        snprintf(capture->became, sizeof(capture->became), "%s", copier->reader->became);
    copier->instructions = copier->reader->instructions - copier->instructions;
    if (capture->written == 0 && !*capture->stop)
        fprintf(stderr, "twinwalk capture: there are no accesses after the first %" PRIu64 "\n",
                capture->seen);
    return capture->written > 0;
}

/* Whether Valgrind says anything at all. */
static bool has_started(const struct capture *capture)
{
    struct pollfd pipe = {.fd = capture->log, .events = POLLIN};
    while (poll(&pipe, 1, -1) < 0 && errno == EINTR)
        ;
    if (!(pipe.revents & POLLIN) && !*capture->stop)
        fprintf(stderr, "twinwalk capture: Valgrind could not start the program\n");
    return pipe.revents & POLLIN;
}

bool capture_run(struct capture *capture)
{
    struct copier *copier = calloc(1, sizeof(*copier));
    if (!copier) {
        fprintf(stderr, "twinwalk capture: out of memory\n");
        return false;
    }
    char log_path[LONGEST_PATH];
    snprintf(log_path, sizeof(log_path), "/dev/fd/%d", capture->log);
    fcntl(capture->log, F_SETPIPE_SZ, PIPE_BYTES); /* if it may be so large */
    copier->capture = capture;
    copier->writer = trace_writer_open(capture->output);
    if (copier->writer && has_started(capture))
        copier->reader = trace_reader_open(log_path);
    bool good = copier->reader && copy_all(copier);
    if (copier->writer)
        good = trace_writer_close(copier->writer, copier->instructions, good) && good;
    trace_reader_close(copier->reader);
    free(copier);
    return good;
}
