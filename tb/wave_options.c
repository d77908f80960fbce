/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fst_file.h"
#include "wave_trigger.h"

struct wave_options wave_defaults(const char *path)
{
    return (struct wave_options){
        .path = path,
        .to = UINT64_MAX,
        .before = 20000,
        .after = 1000,
        .every = 16000000, /* where page faults are slow a snapshot takes a tenth of a second */
    };
}

/* The top scopes below the RTL's mmu, by tb/signals.def. */
static bool is_block(const char *name, size_t length)
{
    static const char *const paths[] = {
#define SIGNAL(block, name, decode, path, model) #path,
#define TLB_ARRAY(block, name, path, model)      #path,
#define ANY_CONFIGURATION
#include "signals.def"
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *end = strstr(paths[i], "__DOT__");
        if (end && (size_t)(end - paths[i]) == length && strncmp(paths[i], name, length) == 0)
            return true;
    }
    return false;
}

static bool is_scope(const char *scope)
{
    static const char *const groups[] = {"rtl",    "cmodel", "diff",  "states.rtl", "states.cmodel",
                                         "states", "events", "judge", "marks"};
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        size_t length = strlen(groups[i]);
        if (strncmp(scope, groups[i], length) != 0)
            continue;
        if (scope[length] == '\0')
            return true;
        if (i < 5 && scope[length] == '.' && is_block(scope + length + 1, strcspn(scope + length + 1, ".")))
            return true;
    }
    return is_block(scope, strcspn(scope, "."));
}

int wave_scopes_split(char *text, const char **scopes, char *error, size_t size)
{
    int count = 0;
    for (char *part = strsep(&text, ","); part; part = strsep(&text, ",")) {
        if (!is_scope(part)) {
            snprintf(error, size,
                     "'%s' is no scope; there are rtl, cmodel, diff, states, events, judge, marks, and "
                     "blocks such "
                     "as u_page_walker, rtl.u_page_walker or cmodel.u_page_walker",
                     part);
            return -1;
        }
        if (count == WAVE_MAX_SCOPES) {
            snprintf(error, size, "more than %d scopes", WAVE_MAX_SCOPES);
            return -1;
        }
        scopes[count++] = part;
    }
    scopes[count] = NULL;
    return count;
}

int wave_options_check(const struct wave_options *options, char *error, size_t size)
{
    if (options->scopes) {
        const char *scopes[WAVE_MAX_SCOPES + 1];
        char *text = strdup(options->scopes);
        int count = text ? wave_scopes_split(text, scopes, error, size) : 0;
        free(text);
        if (count < 0)
            return -1;
    }
    if (options->trigger) {
        struct wave_trigger *trigger = wave_trigger_parse(options->trigger, error, size);
        if (!trigger)
            return -1;
        wave_trigger_free(trigger);
    }
    return 0;
}

/* The path is the scope, or lies in it. */
static bool lies_in(const char *path, const char *scope)
{
    size_t length = strlen(scope);
    return strncmp(path, scope, length) == 0 && (path[length] == '.' || path[length] == '\0');
}

static bool is_in_wave(const struct fst_file *file, const char *scope)
{
    static const char *const groups[] = {"TOP.mmu", "cmodel", "diff", "states.rtl", "states.cmodel"};
    const char *in_rtl = lies_in(scope, "rtl") ? scope + strlen("rtl") : NULL;

    for (size_t i = 0; i < file->count; i++) {
        const char *path = file->signals[i].path;
        if (lies_in(path, scope))
            return true;
        if (in_rtl && lies_in(path, groups[0]) && lies_in(path + strlen(groups[0]), in_rtl))
            return true;
        for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++) /* a block of all groups */
            if (lies_in(path, groups[g]) && path[strlen(groups[g])] &&
                lies_in(path + strlen(groups[g]) + 1, scope))
                return true;
    }
    return false;
}

void wave_scopes_warn(const char *const *scopes, const char *fst)
{
    struct fst_file *file = *scopes ? fst_file_open(fst) : NULL;
    for (; file && *scopes; scopes++)
        if (!is_in_wave(file, *scopes))
            fprintf(stderr, "twinwalk: --wave-signals: the wave has nothing of '%s'\n", *scopes);
    fst_file_close(file);
}

bool wave_path_is_vcd(const char *path)
{
    const char *end = strrchr(path, '.');
    return end && strcmp(end, ".vcd") == 0;
}
