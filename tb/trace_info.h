/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a trace. */
#ifndef TWINWALK_TRACE_INFO_H
#define TWINWALK_TRACE_INFO_H

#include "trace.h"

struct trace_info {
    enum trace_format format;
    bool compressed;
    uint64_t instructions, accesses;
    uint64_t kinds[3]; /* by enum access_kind */
    uint64_t supervisor;
    uint64_t pages, fetch_pages, data_pages; /* distinct, of 4 KiB */
    uint64_t regions;                        /* distinct, of 2 MiB */
    uint64_t first, last, lowest, highest;   /* addresses */
    bool has_mappings;
    uint64_t maps, unmaps;   /* changes of the mappings */
    uint64_t mapped_at_most; /* bytes */
    uint64_t outside;        /* accesses that no mapping covers, where has_mappings */
};

/* Reads a whole trace. false after a message on stderr. */
bool trace_info_read(const char *path, struct trace_info *info);

#endif
