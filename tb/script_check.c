/* SPDX-License-Identifier: Apache-2.0 */
#include "script_check.h"

#include <stdarg.h>
#include <stdio.h>

enum { DESCRIPTION = 160 };

static const char *const source_names[] = {"l1", "l2", "walk", "hit"};
static const char *const size_names[] = {"4k", "2m", "1g"};
static const char *const expectation_names[] = {"any", "ok", "fault", "pf", "gp", "mc"};

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* At the end of a text of DESCRIPTION bytes. */
static void append(char *text, const char *format, ...)
{
    size_t used = 0;
    while (text[used] != '\0')
        used++;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, DESCRIPTION - used, format, arguments);
    va_end(arguments);
}

static void append_code(char *text, unsigned code)
{
    static const char *const names[] = {"p", "w", "u", "rsvd", "i", "pk"};
    const char *separator = " (";
    append(text, " code=0x%x", code);
    for (unsigned bit = 0; bit < 6; bit++)
        if (code >> bit & 1) {
            append(text, "%s%s", separator, names[bit]);
            separator = "|";
        }
    if (code & 63)
        append(text, ")");
}

static void describe_answer(char *text, const struct access_result *result)
{
    const struct response *response = &result->response;
    text[0] = '\0';
    switch ((enum fault_kind)response->fault) {
    case FAULT_NONE:
        append(text, "pa=0x%llx size=%s pat=%u source=%s", (unsigned long long)response->pa,
               response->size <= PAGE_1G ? size_names[response->size] : "?", response->pat,
               response->source <= SOURCE_WALK ? source_names[response->source] : "?");
        break;
    case FAULT_PAGE:
        append(text, "pf");
        append_code(text, response->error_code);
        break;
    case FAULT_NON_CANONICAL:
        append(text, "gp");
        break;
    case FAULT_MACHINE_CHECK:
        append(text, "mc");
        break;
    }
    append(text, " cycles=%llu", (unsigned long long)(result->answer_cycle - result->issue_cycle));
}

static void describe_size(char *text, uint64_t size)
{
    append(text, " size=%s", size == 1 << 12 ? "4k" : size == 1 << 21 ? "2m" : "1g");
}

static void describe_expected(char *text, const struct script_answer *expected)
{
    const struct script_statement *statement = expected->statement;
    const uint64_t *value = expected->value;
    text[0] = '\0';
    append(text, "%s", expectation_names[statement->expect]);
    if (statement->arg[ARG_CODE] >= 0)
        append_code(text, (unsigned)value[ARG_CODE]);
    if (statement->arg[ARG_PA] >= 0)
        append(text, " pa=0x%llx", (unsigned long long)value[ARG_PA]);
    if (statement->arg[ARG_SIZE] >= 0)
        describe_size(text, value[ARG_SIZE]);
    if (statement->arg[ARG_PAT] >= 0)
        append(text, " pat=%u", (unsigned)value[ARG_PAT]);
    if (statement->source >= 0)
        append(text, " source=%s", source_names[statement->source]);
    if (statement->arg[ARG_CYCLES_MIN] >= 0)
        append(text, " cycles>=%llu", (unsigned long long)value[ARG_CYCLES_MIN]);
    if (statement->arg[ARG_CYCLES_MAX] >= 0)
        append(text, " cycles<=%llu", (unsigned long long)value[ARG_CYCLES_MAX]);
}

static bool fault_as_expected(const struct script_statement *statement, const uint64_t *value,
                              const struct response *response)
{
    switch ((enum script_expectation)statement->expect) {
    case EXPECT_ANY:
        return true;
    case EXPECT_OK:
        return response->fault == FAULT_NONE;
    case EXPECT_FAULT:
        return response->fault != FAULT_NONE;
    case EXPECT_PF:
        return response->fault == FAULT_PAGE &&
               (statement->arg[ARG_CODE] < 0 || value[ARG_CODE] == response->error_code);
    case EXPECT_GP:
        return response->fault == FAULT_NON_CANONICAL;
    case EXPECT_MC:
        return response->fault == FAULT_MACHINE_CHECK;
    }
    return false;
}

bool script_answer_check(const struct script *script, const struct script_answer *expected,
                         const struct access_result *result)
{
    const struct script_statement *statement = expected->statement;
    const struct response *response = &result->response;
    const uint64_t *value = expected->value;
    uint64_t cycles = result->answer_cycle - result->issue_cycle;
    bool good = fault_as_expected(statement, value, response);
    if (statement->arg[ARG_PA] >= 0)
        good = good && value[ARG_PA] == response->pa;
    if (statement->arg[ARG_SIZE] >= 0)
        good = good && value[ARG_SIZE] == 4096ull << 9 * response->size;
    if (statement->arg[ARG_PAT] >= 0)
        good = good && value[ARG_PAT] == response->pat;
    if (statement->source == SCRIPT_SOURCE_HIT)
        good = good && response->source != SOURCE_WALK;
    else if (statement->source >= 0)
        good = good && (unsigned)statement->source == response->source;
    if (statement->arg[ARG_CYCLES_MIN] >= 0)
        good = good && cycles >= value[ARG_CYCLES_MIN];
    if (statement->arg[ARG_CYCLES_MAX] >= 0)
        good = good && cycles <= value[ARG_CYCLES_MAX];
    if (good)
        return true;
    char wanted[DESCRIPTION], got[DESCRIPTION];
    describe_expected(wanted, expected);
    describe_answer(got, result);
    script_message(script, statement->place, "va 0x%llx: expected %s, got %s (cycle %llu)",
                   (unsigned long long)result->va, wanted, got, (unsigned long long)result->answer_cycle);
    return false;
}

bool script_memory_check(const struct script *script, struct script_place place, uint64_t address,
                         uint64_t wanted, uint64_t mask, uint64_t found)
{
    if (((found ^ wanted) & mask) == 0)
        return true;
    script_message(script, place, "expected memory 0x%llx = 0x%llx (mask 0x%llx), got 0x%llx",
                   (unsigned long long)address, (unsigned long long)wanted, (unsigned long long)mask,
                   (unsigned long long)found);
    return false;
}
