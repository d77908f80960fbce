/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads FST files, by the library that comes with Verilator; built by
 * tb/build_fst.sh on first use.
 */
#ifndef TWINWALK_FST_FILE_H
#define TWINWALK_FST_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names of values. */
struct fst_names {
    char *name; /* of the table */
    unsigned count;
    char **texts, **values; /* values: '0' and '1' */
};

struct fst_signal {
    char *path;      /* "cmodel.u_control.state_q", elements with their index, without the range of bits */
    char range[24];  /* "[2:0]", or empty */
    unsigned bits;   /* 0: a text */
    uint32_t table;  /* of names, counted from 1; 0: none */
    uint32_t handle; /* signals with the same values may share it */
};

struct fst_file {
    char *path;
    uint64_t start, end;        /* times; cycle n is 2 n and 2 n + 1 */
    char *comment;              /* NULL: none */
    struct fst_signal *signals; /* in the file's order */
    size_t count;
    const struct fst_signal **index; /* by path */
    struct fst_names *names;         /* the tables */
    size_t table_count;
    void *reader;
};

/* NULL after a message on stderr. */
struct fst_file *fst_file_open(const char *path);
void fst_file_close(struct fst_file *file);

/* The signal of that path, or NULL. */
const struct fst_signal *fst_file_find(const struct fst_file *file, const char *path);

/* Every change of these signals in order of time; value: '0' and '1', the highest bit first, or a text. */
void fst_file_changes(struct fst_file *file, const struct fst_signal *const *signals, size_t count,
                      void (*change)(void *self, uint64_t time, uint32_t handle, const char *value),
                      void *self);

/* The last value of a signal as a number; 0 for a text or when there is none. */
uint64_t fst_file_last(struct fst_file *file, const struct fst_signal *signal);

/* The last value of a text, without blanks before it; "" when there is none. */
void fst_file_last_text(struct fst_file *file, const struct fst_signal *signal, char *text, size_t size);

/* Makes a VCD of an FST file, in its place. -1 after a message. */
int fst_file_to_vcd(const char *path);

#endif
