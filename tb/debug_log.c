/* SPDX-License-Identifier: Apache-2.0 */
#include "debug_log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "output_file.h"

enum { LINE_BYTES = 320 };

struct debug_log {
    struct debug_options options;
    struct output_file file;
    FILE *out;
};

/* The bits of one name; 0: it is none. */
static unsigned flag_bits(const char *name)
{
    if (!strcasecmp(name, "All"))
        return DEBUG_ALL;
    for (unsigned i = 0; i < DEBUG_FLAGS; i++)
        if (!strcasecmp(name, debug_flag_name(i)))
            return 1u << i;
    return 0;
}

bool debug_flags_parse(const char *list, unsigned *flags, char *unknown, size_t size)
{
    while (true) {
        size_t length = strcspn(list, ",");
        bool without = *list == '-';
        snprintf(unknown, size, "%.*s", (int)length, list);
        unsigned bits = length < size ? flag_bits(unknown + without) : 0;
        if (!bits)
            return false;
        *flags = without ? *flags & ~bits : *flags | bits;
        if (list[length] == '\0')
            return true;
        list += length + 1;
    }
}

void debug_flags_help(FILE *out)
{
    fprintf(out, "Flags of --debug, separated by commas; -FLAG takes one away:\n");
    for (unsigned i = 0; i < DEBUG_FLAGS; i++)
        fprintf(out, "  %-10s %s\n", debug_flag_name(i), debug_flag_help(i));
    fprintf(out, "  %-10s all of these\n", "All");
}

struct debug_log *debug_log_open(const struct debug_options *options)
{
    struct debug_log *log = calloc(1, sizeof *log);
    if (!log) {
        fprintf(stderr, "twinwalk: out of memory\n");
        return NULL;
    }
    log->options = *options;
    log->out = stderr;
    if (options->file) {
        if (output_file_open(&log->file, options->file)) {
            free(log);
            return NULL;
        }
        log->out = log->file.stream;
    }
    return log;
}

void debug_log_event(void *self, const struct event *event)
{
    const struct debug_log *log = self;
    unsigned flags = event_flags(event) & log->options.flags;
    char text[LINE_BYTES];
    if (!flags || event->cycle < log->options.from || event->cycle > log->options.to)
        return;
    event_text(event, text, sizeof text);
    fprintf(log->out, "%10" PRIu64 ": %s: %s\n", event->cycle,
            debug_flag_name((unsigned)__builtin_ctz(flags)), text);
}

int debug_log_close(struct debug_log *log)
{
    int failed = log->options.file ? output_file_commit(&log->file) : 0;
    free(log);
    return failed;
}
