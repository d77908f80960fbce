/* SPDX-License-Identifier: Apache-2.0 */
/* A log of events by flags, a line each with its cycle: twinwalk run --debug. */
#ifndef TWINWALK_DEBUG_LOG_H
#define TWINWALK_DEBUG_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "event.h"

struct debug_options {
    unsigned flags;    /* DEBUG_ bits */
    const char *file;  /* NULL: stderr */
    uint64_t from, to; /* first and last cycle */
};

struct debug_log;

/*
 * Adds the flags named in a list such as "L1D,Walker,-Inval" or "All": small
 * and capital letters are the same, a minus takes a flag away. false: one of
 * them is none, which is copied to `unknown`.
 */
bool debug_flags_parse(const char *list, unsigned *flags, char *unknown, size_t size);

/* The flags and what they show. */
void debug_flags_help(FILE *out);

/* NULL after a message. */
struct debug_log *debug_log_open(const struct debug_options *options);

/* An event_listener's function. */
void debug_log_event(void *self, const struct event *event);

/* Completes the file, whatever came of the run. -1 after a message: it could not be written. */
int debug_log_close(struct debug_log *log);

#endif
