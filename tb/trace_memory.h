/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trace that was decoded once and is kept in memory, for runs of several
 * configurations one after the other. Each run reads it through a reader of its
 * own, and gets what it would get from the file.
 */
#ifndef TWINWALK_TRACE_MEMORY_H
#define TWINWALK_TRACE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stimulus.h"

struct trace_memory;

/*
 * Reads a trace up to `accesses` of it. NULL: after a message, it cannot be
 * read; or, *too_large then, it has more than `most` accesses, which no one has
 * been told.
 */
struct trace_memory *trace_memory_load(const char *path, uint64_t accesses, uint64_t most, bool *too_large);
void trace_memory_free(struct trace_memory *memory);

/*
 * Instructions, as the trace says, of a run that played so many accesses. 0: they are
 * not all of it, or it does not say.
 */
uint64_t trace_memory_instructions(const struct trace_memory *memory, uint64_t accesses);

/* The same of a trace that is too long to be kept; reads as far as the run did. */
uint64_t trace_file_instructions(const char *path, uint64_t accesses);

/* A stimulus that plays it, as trace_open (stimulus.h); `memory` as bench_options.open_stimulus has it. */
int trace_memory_open(void *memory, const struct stimulus_env *env, struct stimulus *out);

#endif
