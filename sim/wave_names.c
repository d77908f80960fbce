/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "output_file.h"
#include "signal_decode.h"

enum {
    MOST_BITS = 10,   /* of a value with names: the mode's, which makes 1,024 */
    MOST_BINARY = 64, /* digits that one can still count */
};

/* "u_control__DOT__mode_q" is "u_control.mode_q", or an element of it. */
static bool same_path(const char *rtl, const char *path)
{
    char dotted[256];
    signal_path(rtl, dotted, sizeof(dotted));
    size_t length = strlen(dotted);
    return strncmp(dotted, path, length) == 0 && (path[length] == '\0' || path[length] == '[');
}

/* How a register or port reads, by its path below the top module; DECODE_HEX: as a number. */
static enum signal_decode decode_below(const char *path)
{
    static const struct {
        const char *path;
        enum signal_decode decode;
    } signals[] = {
#define OUTPUT(name, decode)                       {#name "_o", DECODE_##decode},
#define SIGNAL(block, name, decode, path, model)   {#path, DECODE_##decode},
#define ELEMENTS(block, name, decode, path, model) {#path, DECODE_##decode},
#define TLB_ARRAY(block, name, path, model)                                                                  \
    {#path "__DOT__valid_q", DECODE_BITS}, {#path "__DOT__written_entry", DECODE_DECIMAL},
#define ANY_CONFIGURATION
#include "signals.def"
        {"req_valid_i", DECODE_BITS},
    };
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (same_path(signals[i].path, path))
            return signals[i].decode;
    return DECODE_HEX;
}

static enum signal_decode decode_of(const struct fst_signal *signal)
{
    static const struct {
        const char *scope;
        enum signal_decode decode;
    } scopes[] = {
        {"diff.", DECODE_BITS}, {"marks.", DECODE_DECIMAL}, {"events.fault_code", DECODE_FAULT_CODE}};
    static const char *const sides[] = {"cmodel.", "TOP.mmu.", "TOP."};

    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
        if (strncmp(signal->path, scopes[i].scope, strlen(scopes[i].scope)) == 0)
            return scopes[i].decode;
    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++)
        if (strncmp(signal->path, sides[i], strlen(sides[i])) == 0)
            return decode_below(signal->path + strlen(sides[i]));
    return DECODE_HEX;
}

enum wave_radix wave_names_radix(const struct fst_signal *signal)
{
    switch (decode_of(signal)) {
    case DECODE_BITS:
        return signal->bits <= MOST_BINARY ? RADIX_BIN : RADIX_HEX;
    case DECODE_DECIMAL:
        return RADIX_DEC;
    default:
        return RADIX_HEX;
    }
}

/* The decoding of a row's signal, where names are to be made for it. */
static bool is_decoded(const struct wave_row *row, enum signal_decode *decode)
{
    *decode = decode_of(row->signal);
    return row->signal->bits <= MOST_BITS && *decode != DECODE_HEX && *decode != DECODE_DECIMAL &&
           *decode != DECODE_FLAG && *decode != DECODE_BITS;
}

static const struct fst_names *table_of(const struct wave_row *row, const struct fst_file *wave)
{
    bool there = row->table && row->table <= wave->table_count && wave->names[row->table - 1].count;
    return there ? &wave->names[row->table - 1] : NULL;
}

char *wave_names_of(const struct wave_row *row, const struct fst_file *wave)
{
    const struct fst_names *table = table_of(row, wave);
    enum signal_decode decode;
    char *name = NULL;

    if (table != NULL)
        return strdup(table->name);
    if (is_decoded(row, &decode) && asprintf(&name, "made%u_%u", decode, row->signal->bits) < 0)
        return NULL;
    return name;
}

/* Digits that GTKWave shows for a value of that many bits. */
static int hex_digits(unsigned bits)
{
    return (int)(bits + 3) / 4;
}

/* Lines "value name"; GTKWave asks for the name by the digits that it would show. */
static void write_table(const struct fst_names *table, FILE *out)
{
    for (unsigned i = 0; i < table->count; i++)
        fprintf(out, "%0*" PRIX64 " %s\n", hex_digits((unsigned)strlen(table->values[i])),
                (uint64_t)strtoull(table->values[i], NULL, 2), table->texts[i]);
}

static void write_decoded(enum signal_decode decode, unsigned bits, FILE *out)
{
    char text[128];
    for (uint64_t value = 0; value < 1ull << bits; value++) {
        signal_decode_text(decode, value, text, sizeof(text));
        fprintf(out, "%0*" PRIX64 " %s\n", hex_digits(bits), value, text);
    }
}

static int write_file(const struct wave_row *row, const struct fst_file *wave, const char *path)
{
    const struct fst_names *table = table_of(row, wave);
    struct output_file file;
    enum signal_decode decode;

    if (output_file_open(&file, path))
        return -1;
    if (table != NULL)
        write_table(table, file.stream);
    else if (is_decoded(row, &decode))
        write_decoded(decode, row->signal->bits, file.stream);
    return output_file_commit(&file);
}

int wave_names_write(const struct wave_view *view, const struct fst_file *wave, const char *directory)
{
    struct stat status;

    if (mkdir(directory, 0777) && errno != EEXIST) {
        fprintf(stderr, "%s: %s\n", directory, strerror(errno));
        return -1;
    }
    for (unsigned pass = 0; pass < 2; pass++) /* what an earlier wave left goes first */
        for (size_t i = 0; i < view->count; i++) {
            const struct wave_row *row = &view->rows[i];
            char *name = row->kind == ROW_SIGNAL ? wave_names_of(row, wave) : NULL, *path = NULL;
            int failed = 0;
            if (name != NULL && asprintf(&path, "%s/%s", directory, name) < 0)
                failed = -1;
            else if (path != NULL && pass == 0)
                output_file_remove(path);
            else if (path != NULL && stat(path, &status) != 0)
                failed = write_file(row, wave, path);
            free(path);
            free(name);
            if (failed)
                return -1;
        }
    return 0;
}
