/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls in Valgrind's log (`--trace-syscalls=yes`) that change what the
 * program has mapped, such as
 *   SYSCALL[4711,1](9) sys_mmap ( 0x0, 8192, 3, 34, 4294967295, 0 ) --> [pre-success] Success(0x4835000)
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace.h"

enum { LONGEST_CALL = 256, MOST_ARGUMENTS = 6 };

struct call {
    struct trace_reader *reader;
    uint64_t *program_break;
    uint64_t arguments[MOST_ARGUMENTS];
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
    uint64_t old = page_up(*call->program_break), now = page_up(call->result);
    bool known = *call->program_break != 0;
    *call->program_break = call->result;
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

bool trace_syscall_line(struct trace_reader *reader, const char *line, size_t length, uint64_t *program_break)
{
    static const char success[] = "Success(";
    char text[LONGEST_CALL];
    if (length >= sizeof(text)) /* none of those looked for is as long */
        return true;
    memcpy(text, line, length);
    text[length] = '\0';
    const char *result = strstr(text, success);
    for (size_t i = 0; result && i < sizeof(calls) / sizeof(calls[0]); i++) {
        const char *name = strstr(text, calls[i].name);
        struct call call = {.reader = reader, .program_break = program_break};
        if (!name)
            continue;
        if (!read_arguments(name + strlen(calls[i].name), call.arguments, calls[i].arguments) ||
            !read_arguments(result + strlen(success), &call.result, 1) ||
            ((call.result | call.arguments[0]) % TRACE_PAGE && calls[i].apply != call_brk)) {
            trace_reader_error(reader, "not a system call as Valgrind writes it");
            return false;
        }
        return calls[i].apply(&call);
    }
    return true;
}
