/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address space made for a trace: each page is mapped when it is touched
 * first, for user mode. Where the trace says what the program had mapped, with
 * the rights of the mapping; else, and outside of every mapping, writable and
 * executable. The same trace gets the same tables. Tables are in the lower half
 * of physical memory, 4 KiB pages in the third quarter and 2 MiB pages in the
 * last, scattered.
 */
#ifndef TWINWALK_TRACE_MAP_H
#define TWINWALK_TRACE_MAP_H

#include "stimulus.h"
#include "trace.h"

struct trace_map;

enum { TRACE_MAP_MOST_OPS = 34 };

/* For the accesses and mappings that `reader` reads. NULL: memory is short. */
struct trace_map *trace_map_create(const struct stimulus_env *env, const struct trace_reader *reader);
void trace_map_destroy(struct trace_map *map);

/* What CR3 has to be. */
uint64_t trace_map_root(const struct trace_map *map);

/*
 * Maps the pages of these accesses that are not mapped yet; addresses that are
 * not canonical are left out. NULL, or why it cannot be done.
 */
const char *trace_map_touch(struct trace_map *map, const struct trace_access *accesses, size_t count);

/* Whether one of these changes takes a page away that is mapped. */
bool trace_map_is_touched(const struct trace_map *map, const struct trace_change *changes, size_t count);

/*
 * Takes the pages away that these changes do, as an operating system would.
 * Writes the operations that make it take effect to ops[TRACE_MAP_MOST_OPS]:
 * an INVLPG for each page, or a write of CR3 if there are many. Returns how
 * many.
 */
unsigned trace_map_change(struct trace_map *map, const struct trace_change *changes, size_t count,
                          struct op_req *ops);

#endif
