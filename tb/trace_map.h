/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address space made for a trace: each page is mapped when it is touched
 * first, user, writable and executable. The same trace gets the same tables.
 * Tables are in the lower half of physical memory, 4 KiB pages in the third
 * quarter and 2 MiB pages in the last, scattered.
 */
#ifndef TWINWALK_TRACE_MAP_H
#define TWINWALK_TRACE_MAP_H

#include "stimulus.h"
#include "trace.h"

struct trace_map;

/* NULL: memory is short. */
struct trace_map *trace_map_create(const struct stimulus_env *env);
void trace_map_destroy(struct trace_map *map);

/* What CR3 has to be. */
uint64_t trace_map_root(const struct trace_map *map);

/*
 * Maps the pages of these accesses that are not mapped yet; addresses that are
 * not canonical are left out. NULL, or why it cannot be done.
 */
const char *trace_map_touch(struct trace_map *map, const struct trace_access *accesses, size_t count);

#endif
