/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench_names.h"
#include "control.h"
#include "miss_queue.h"
#include "x86.h"

struct name {
    uint64_t bit;
    const char *text;
};

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used ? " " : "", more);
}

static void list_bits(uint64_t value, const struct name *names, char *text, size_t size)
{
    text[0] = '\0';
    for (; names->text; names++)
        if (value & names->bit)
            append(text, size, names->text);
    if (!text[0])
        append(text, size, "none");
}

static void list_numbers(uint64_t value, char *text, size_t size)
{
    char numbers[200] = "";
    for (; value; value &= value - 1) {
        char number[8];
        snprintf(number, sizeof number, "%d", __builtin_ctzll(value));
        append(numbers, sizeof numbers, number);
    }
    snprintf(text, size, "{%s}", numbers);
}

static void fault_code_text(uint64_t code, char *text, size_t size)
{
    snprintf(text, size, "0x%02" PRIx64 " (%s, %s, %s%s)", code,
             code & PF_I   ? "fetch"
             : code & PF_W ? "write"
                           : "read",
             code & PF_U ? "user" : "supervisor", code & PF_P ? "protection violation" : "not present",
             code & PF_RSVD ? ", reserved bits set"
             : code & PF_PK ? ", protection key"
                            : "");
}

static void entry_text(uint64_t entry, char *text, size_t size)
{
    static const struct name bits[] = {
        {ENTRY_P, "P"},     {ENTRY_RW, "RW"}, {ENTRY_US, "US"}, {ENTRY_PWT, "PWT"},
        {ENTRY_PCD, "PCD"}, {ENTRY_A, "A"},   {ENTRY_D, "D"},   {ENTRY_PS, "PS/PAT"},
        {ENTRY_G, "G"},     {ENTRY_NX, "NX"}, {0, NULL}};
    char names[64];
    list_bits(entry, bits, names, sizeof names);
    snprintf(text, size, "0x%016" PRIx64 " (%s)", entry, names);
}

static void tag_text(uint64_t tag, bool sized, char *text, size_t size)
{
    /* The page number holds bits 56:12 of a canonical address. */
    int64_t va = (int64_t)(tag << (64 - 45)) >> (64 - 57);
    snprintf(text, size, "VA 0x%" PRIx64 " PCID 0x%x%s%s%s", (uint64_t)va,
             (unsigned)((tag & TAG_PCID) >> TAG_PCID_SHIFT), tag & TAG_GLOBAL ? " global" : "",
             sized ? " " : "", sized ? bench_size_name(x86_tag_size(tag)) : "");
}

static void data_text(uint64_t data, char *text, size_t size)
{
    snprintf(text, size, "frame 0x%" PRIx64 "%s%s%s%s PAT %u key %u", (uint64_t)(data & DATA_PFN),
             data & DATA_RW ? " RW" : "", data & DATA_US ? " US" : "", data & DATA_NX ? " NX" : "",
             data & DATA_D ? " D" : "", (unsigned)(data >> DATA_PAT_SHIFT) & 7,
             (unsigned)(data >> DATA_PKEY_SHIFT) & 15);
}

static void table_text(uint64_t data, char *text, size_t size)
{
    snprintf(text, size, "table 0x%" PRIx64 "%s%s%s", (uint64_t)(data & DATA_PFN) << 12,
             data & DATA_RW ? " RW" : "", data & DATA_US ? " US" : "", data & DATA_NX ? " NX" : "");
}

static void result_text(uint64_t result, char *text, size_t size)
{
    unsigned fault = miss_result_fault(result);
    char more[96];

    if (fault == FAULT_PAGE) {
        fault_code_text(result >> RESULT_CODE_SHIFT & 0x3f, more, sizeof more);
        snprintf(text, size, "page fault, code %s", more);
    } else if (fault != FAULT_NONE) {
        snprintf(text, size, "%s fault", bench_fault_name(fault));
    } else {
        data_text(result & RESULT_DATA, more, sizeof more);
        snprintf(text, size, "%s %s, from %s", bench_size_name(result >> RESULT_SIZE_SHIFT & 3), more,
                 bench_source_name(result >> RESULT_SOURCE_SHIFT & 3));
    }
}

void signal_path(const char *verilated, char *path, size_t size)
{
    static const char *const parts[][2] = {{"__DOT__", "."}, {"__BRA__", "["}, {"__KET__", "]"}};
    enum { PARTS = sizeof parts / sizeof *parts };

    while (*verilated && size > 1) {
        unsigned i = 0;
        while (i < PARTS && strncmp(verilated, parts[i][0], strlen(parts[i][0])) != 0)
            i++;
        *path++ = i < PARTS ? parts[i][1][0] : *verilated;
        verilated += i < PARTS ? strlen(parts[i][0]) : 1;
        size--;
    }
    *path = '\0';
}

void signal_decode_text(enum signal_decode decode, uint64_t value, char *text, size_t size)
{
    static const char *const states[] = {"IDLE", "DRAIN", "BROADCAST", "SWEEP", "SETTLE", "DONE"};
    static const struct name modes[] = {
        {MODE_PG, "PG"},   {MODE_WP, "WP"},       {MODE_NXE, "NXE"}, {MODE_SMEP, "SMEP"}, {MODE_SMAP, "SMAP"},
        {MODE_PGE, "PGE"}, {MODE_PCIDE, "PCIDE"}, {MODE_PKE, "PKE"}, {MODE_PKS, "PKS"},   {MODE_LA57, "LA57"},
        {0, NULL}};
    static const struct name flags[] = {{INV_ADDRESS, "address"},
                                        {INV_PCID, "PCID"},
                                        {INV_GLOBALS, "globals"},
                                        {NO_INVALIDATION, "nothing"},
                                        {0, NULL}};
    switch (decode) {
    case DECODE_HEX:
        snprintf(text, size, "0x%" PRIx64, value);
        return;
    case DECODE_DECIMAL:
    case DECODE_FLAG:
        snprintf(text, size, "%" PRIu64, value);
        return;
    case DECODE_BITS:
        list_numbers(value, text, size);
        return;
    case DECODE_CONTROL_STATE:
        snprintf(text, size, "%s", value < sizeof states / sizeof *states ? states[value] : "?");
        return;
    case DECODE_OPERATION:
        snprintf(text, size, "%s", bench_op_name((unsigned)value));
        return;
    case DECODE_INVALIDATION:
        list_bits(value, flags, text, size);
        return;
    case DECODE_MODE:
        list_bits(value, modes, text, size);
        return;
    case DECODE_ATTRIBUTES:
        snprintf(text, size, "%s %s%s", bench_mode_name((uint8_t)value), bench_kind_name((uint8_t)value),
                 value & ATTR_AC ? " AC" : "");
        return;
    case DECODE_FAULT:
        snprintf(text, size, "%s", bench_fault_name((unsigned)value));
        return;
    case DECODE_SIZE:
        snprintf(text, size, "%s", bench_size_name((unsigned)value));
        return;
    case DECODE_SOURCE:
        snprintf(text, size, "%s", bench_source_name((unsigned)value));
        return;
    case DECODE_FAULT_CODE:
        fault_code_text(value, text, size);
        return;
    case DECODE_ENTRY:
        entry_text(value, text, size);
        return;
    case DECODE_TAG:
        tag_text(value, true, text, size);
        return;
    case DECODE_DATA:
        data_text(value, text, size);
        return;
    case DECODE_TABLE:
        table_text(value, text, size);
        return;
    case DECODE_RESULT:
        result_text(value, text, size);
        return;
    }
}

void signal_decode_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size)
{
    char of_tag[64], of_data[96];
    tag_text(tag, true, of_tag, sizeof of_tag);
    data_text(data, of_data, sizeof of_data);
    snprintf(text, size, "%s %s %s", valid ? "valid  " : "invalid", of_tag, of_data);
}

void signal_decode_table_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size)
{
    char of_tag[64], of_data[64];
    tag_text(tag, false, of_tag, sizeof of_tag);
    table_text(data, of_data, sizeof of_data);
    snprintf(text, size, "%s %s %s", valid ? "valid  " : "invalid", of_tag, of_data);
}
