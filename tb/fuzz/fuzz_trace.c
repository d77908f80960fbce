/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Traces: what begins with "synthetic:" is taken for the name of one, all else
 * for the contents of a file, whose format the reader finds out.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz_input.h"
#include "trace.h"

enum { MAX_ACCESSES = 1 << 18 };

static struct trace_reader *open_synthetic(const uint8_t *data, size_t size)
{
    char *name = strndup((const char *)data, size);
    if (!name)
        abort();
    struct trace_reader *reader = trace_reader_open(name);
    free(name);
    return reader;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char prefix[] = "synthetic:";
    static struct trace_access block[TRACE_BLOCK];
    size_t prefix_size = sizeof(prefix) - 1;
    bool synthetic = size >= prefix_size && !memcmp(data, prefix, prefix_size);
    struct trace_reader *reader =
        synthetic ? open_synthetic(data, size) : trace_reader_open(fuzz_input_path(data, size));

    ssize_t got = reader ? 1 : 0;
    for (size_t accesses = 0; got > 0 && accesses < MAX_ACCESSES; accesses += (size_t)got) {
        got = trace_reader_read(reader, block, TRACE_BLOCK);
        if (got > TRACE_BLOCK)
            abort();
        for (ssize_t i = 0; i < got; i++)
            if ((block[i].attr & ~ATTR_MASK) || (block[i].attr & ATTR_KIND) > ACCESS_FETCH)
                abort();
    }
    if (reader)
        trace_reader_close(reader);
    return 0;
}
