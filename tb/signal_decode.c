/* SPDX-License-Identifier: Apache-2.0 */
#include "signal_decode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench_names.h"
#include "control.h"
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
    text[0] = '\0';
    for (; value; value &= value - 1) {
        char number[8];
        snprintf(number, sizeof number, "%d", __builtin_ctzll(value));
        append(text, size, number);
    }
    if (!text[0])
        append(text, size, "none");
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
    static const struct name code[] = {{PF_P, "P"}, {PF_W, "W"},   {PF_U, "U"}, {PF_RSVD, "RSVD"},
                                       {PF_I, "I"}, {PF_PK, "PK"}, {0, NULL}};
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
    case DECODE_ERROR_CODE:
        list_bits(value, code, text, size);
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
    }
}

void signal_decode_entry(bool valid, uint64_t tag, uint64_t data, char *text, size_t size)
{
    /* The page number holds bits 56:12 of a canonical address. */
    int64_t va = (int64_t)(tag << (64 - 45)) >> (64 - 57);
    snprintf(text, size, "%s VA 0x%" PRIx64 " PCID 0x%x%s %s frame 0x%" PRIx64 "%s%s%s%s PAT %u key %u",
             valid ? "valid  " : "invalid", (uint64_t)va, (unsigned)((tag & TAG_PCID) >> TAG_PCID_SHIFT),
             tag & TAG_GLOBAL ? " global" : "", bench_size_name(x86_tag_size(tag)),
             (uint64_t)(data & DATA_PFN), data & DATA_RW ? " RW" : "", data & DATA_US ? " US" : "",
             data & DATA_NX ? " NX" : "", data & DATA_D ? " D" : "", (unsigned)(data >> DATA_PAT_SHIFT) & 7,
             (unsigned)(data >> DATA_PKEY_SHIFT) & 15);
}
