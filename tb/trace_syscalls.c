/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls in Valgrind's log (`--trace-syscalls=yes`) that change what the
 * program has mapped, such as
 *   SYSCALL[4711,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 ) --> [pre-success] Success(0x4835000)
 *   SYSCALL[4711,1](11) sys_munmap ( 0x4835000, 8192 )[sync] --> Success(0x0)
 * Of one that may block the result comes later, perhaps after lines of other threads:
 *   SYSCALL[4711,1](28) sys_madvise ( 0x6c2d000, 33554432, 14 ) --> [async] ...
 *   SYSCALL[4711,1](28) ... [async] --> Success(0x0)
 * Where the thread yields, the newline comes later too: another thread's line follows the result at once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace.h"

enum { LONGEST_CALL = 256, MOST_ARGUMENTS = 4, FIRST_PENDING = 8 };

/* A call whose result is to come. */
struct pending {
    unsigned long process, thread;
    unsigned kind; /* in `calls` below */
    uint64_t arguments[MOST_ARGUMENTS];
};

/* The reader's state. */
struct syscalls {
    uint64_t program_break; /* what the last brk() said, 0 before */
    size_t count, room;
    struct pending list[]; /* at most one of each thread */
};

struct call {
    struct trace_reader *reader;
    const uint64_t *arguments;
    uint64_t result;
};

static uint64_t page_up(uint64_t va)
{
    return (va + TRACE_PAGE - 1) & ~(uint64_t)(TRACE_PAGE - 1);
}

static bool map(const struct call *call, uint64_t start, uint64_t end, uint8_t flags)
{
    const struct trace_change change = {.vma = {.start = start, .end = page_up(end), .flags = flags}};
    return change.vma.start >= change.vma.end || trace_reader_change(call->reader, &change);
}

static bool unmap(const struct call *call, uint64_t start, uint64_t end)
{
    const struct trace_change change = {.vma = {.start = start, .end = page_up(end)}, .unmap = true};
    return change.vma.start >= change.vma.end || trace_reader_change(call->reader, &change);
}

/* Maps anew what is mapped in a range, with `clear` taken from and `set` added to its flags. */
static bool map_again(const struct call *call, uint64_t start, uint64_t end, uint8_t clear, uint8_t set)
{
    const struct trace_vmas *vmas = &call->reader->vmas;
    end = page_up(end);
    for (uint64_t va = start; va < end;) {
        size_t i = 0;
        while (i < vmas->count && vmas->list[i].end <= va)
            i++;
        if (i == vmas->count || vmas->list[i].start >= end)
            break;
        struct trace_vma vma = vmas->list[i];
        vma.start = vma.start > va ? vma.start : va;
        vma.end = vma.end < end ? vma.end : end;
        if (!map(call, vma.start, vma.end, (uint8_t)((vma.flags & ~clear) | set)))
            return false;
        va = vma.end;
    }
    return true;
}

static uint8_t rights(uint64_t protection)
{
    return (uint8_t)((protection & PROT_READ ? VMA_READ : 0) | (protection & PROT_WRITE ? VMA_WRITE : 0) |
                     (protection & PROT_EXEC ? VMA_EXECUTE : 0));
}

static bool call_mmap(const struct call *call)
{
    uint64_t flags = call->arguments[3];
    bool anonymous = flags & MAP_ANONYMOUS && (flags & MAP_TYPE) == MAP_PRIVATE;
    return map(call, call->result, call->result + call->arguments[1],
               (uint8_t)(rights(call->arguments[2]) | (anonymous ? VMA_ANONYMOUS : 0)));
}

static bool call_munmap(const struct call *call)
{
    return unmap(call, call->arguments[0], call->arguments[0] + call->arguments[1]);
}

static bool call_mprotect(const struct call *call)
{
    return map_again(call, call->arguments[0], call->arguments[0] + call->arguments[1], VMA_RIGHTS,
                     rights(call->arguments[2]));
}

static bool call_madvise(const struct call *call)
{
    uint64_t start = call->arguments[0], end = start + call->arguments[1];
    switch (call->arguments[2]) {
    case MADV_DONTNEED:
        return map_again(call, start, end, 0, 0);
    case MADV_HUGEPAGE:
        return map_again(call, start, end, VMA_REFUSED, VMA_ADVISED);
    case MADV_NOHUGEPAGE:
        return map_again(call, start, end, VMA_ADVISED, VMA_REFUSED);
    default:
        return true;
    }
}

static bool call_mremap(const struct call *call)
{
    uint64_t from = call->arguments[0], to = call->result;
    uint64_t old_length = page_up(call->arguments[1]), length = page_up(call->arguments[2]);
    const struct trace_vma *vma = trace_vmas_find(&call->reader->vmas, from);
    uint8_t flags = vma ? vma->flags : VMA_READ | VMA_WRITE;
    if (from != to)
        return unmap(call, from, from + old_length) && map(call, to, to + length, flags);
    return length > old_length ? map(call, from + old_length, from + length, flags)
                               : unmap(call, from + length, from + old_length);
}

static bool call_brk(const struct call *call)
{
    struct syscalls *state = call->reader->state;
    uint64_t old = page_up(state->program_break), now = page_up(call->result);
    bool known = state->program_break != 0;
    state->program_break = call->result;
    if (!known || now == old)
        return true;
    return now > old ? map(call, old, now, VMA_READ | VMA_WRITE | VMA_ANONYMOUS) : unmap(call, now, old);
}

static const struct {
    const char *name; /* with what follows it in the line */
    unsigned arguments;
    bool (*apply)(const struct call *call);
} calls[] = {
    {"sys_mmap ( ", 4, call_mmap},         {"sys_munmap ( ", 2, call_munmap},
    {"sys_mprotect ( ", 3, call_mprotect}, {"sys_madvise ( ", 3, call_madvise},
    {"sys_mremap ( ", 3, call_mremap},     {"sys_brk ( ", 1, call_brk},
};

/* Numbers with commas between. */
static bool read_arguments(const char *at, uint64_t *arguments, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char *end;
        arguments[i] = strtoull(at, &end, 0);
        if (end == at || (i + 1 < count && *end != ','))
            return false;
        at = end + 1;
    }
    return true;
}

static bool not_a_call(struct trace_reader *reader)
{
    trace_reader_error(reader, "not a system call as Valgrind writes it");
    return false;
}

/* Goes past what a text starts with; NULL when it starts otherwise. */
static const char *after(const char *text, const char *start)
{
    size_t length = strlen(start);
    return strncmp(text, start, length) == 0 ? text + length : NULL;
}

static struct pending *find_pending(struct syscalls *state, const struct pending *of)
{
    for (size_t i = 0; i < state->count; i++)
        if (state->list[i].process == of->process && state->list[i].thread == of->thread)
            return &state->list[i];
    return NULL;
}

/* Whatever a thread waited for, it does no more. */
static void forget_pending(struct syscalls *state, const struct pending *of)
{
    struct pending *found = find_pending(state, of);
    if (found)
        *found = state->list[--state->count];
}

static bool remember(struct trace_reader *reader, const struct pending *pending)
{
    struct syscalls *state = reader->state;
    if (state->count == state->room) {
        size_t room = state->room ? state->room * 2 : FIRST_PENDING;
        state = realloc(state, sizeof(*state) + room * sizeof(state->list[0]));
        if (!state) {
            trace_reader_error(reader, "out of memory");
            return false;
        }
        state->room = room;
        reader->state = state;
    }
    state->list[state->count++] = *pending;
    return true;
}

/* `success` is what follows "Success(". */
static bool apply(struct trace_reader *reader, const struct pending *pending, const char *success)
{
    struct call call = {.reader = reader, .arguments = pending->arguments};
    bool (*change)(const struct call *call) = calls[pending->kind].apply;
    if (!read_arguments(success, &call.result, 1))
        return not_a_call(reader);
    /* mmap() takes any address for a hint, brk() for a limit. */
    uint64_t address = change == call_mmap ? call.result : call.result | call.arguments[0];
    if (address % TRACE_PAGE && change != call_brk)
        return not_a_call(reader);
    return change(&call);
}

/* A call whose name and arguments are at `text`; `success` as above or NULL. */
static bool begin(struct trace_reader *reader, struct pending *call, const char *text, const char *success)
{
    for (; call->kind < sizeof(calls) / sizeof(calls[0]); call->kind++) {
        const char *arguments = after(text, calls[call->kind].name);
        if (!arguments)
            continue;
        if (!read_arguments(arguments, call->arguments, calls[call->kind].arguments))
            return not_a_call(reader);
        if (success)
            return apply(reader, call, success);
        return !strstr(arguments, " --> [async] ...") || remember(reader, call);
    }
    return true;
}

/* "Success(0x...)" or "Failure(0x...)"; NULL: not yet. */
static const char *find_result(const char *text)
{
    const char *success = strstr(text, "Success("), *failure = strstr(text, "Failure(");
    return success && (!failure || success < failure) ? success : failure;
}

/* Length of the text up to the result and the space behind it; all of it if there is no result. */
static size_t length_with_result(const char *text, const char *result)
{
    const char *end = result ? strchr(result, ')') : NULL;
    if (!end)
        return strlen(text);
    return (size_t)(end + 1 - text) + (end[1] == ' ');
}

ssize_t trace_syscall_line(struct trace_reader *reader, const char *line, size_t length)
{
    struct pending call = {0};
    char text[LONGEST_CALL];
    int at = 0;
    if (length >= sizeof(text)) /* none of those looked for is as long */
        return (ssize_t)length;
    memcpy(text, line, length);
    text[length] = '\0';
    if (sscanf(text, "SYSCALL[%lu,%lu](%*u) %n", &call.process, &call.thread, &at) != 2 || at == 0) {
        not_a_call(reader);
        return -1;
    }
    const char *result = find_result(text), *success = result ? after(result, "Success(") : NULL;
    const struct pending *pending = find_pending(reader->state, &call);
    /* Of an execve() that succeeds nothing more is said; one that fails has its result in the line. */
    if (result || sscanf(text + at, "sys_execve ( %*[^(](%127[^)])", reader->became) != 1)
        reader->became[0] = '\0';
    bool good = true;
    if (!after(text + at, "... [async]")) {
        forget_pending(reader->state, &call);
        good = begin(reader, &call, text + at, success);
    } else if (pending) {
        good = !success || apply(reader, pending, success);
        forget_pending(reader->state, &call);
    }
    return good ? (ssize_t)length_with_result(text, result) : -1;
}
