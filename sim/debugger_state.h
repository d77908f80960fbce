/* SPDX-License-Identifier: Apache-2.0 */
/* What the debugger knows; shared by the files debugger*.c only. */
#ifndef TWINWALK_DEBUGGER_STATE_H
#define TWINWALK_DEBUGGER_STATE_H

#include "debugger.h"
#include "story.h"
#include "wave_trigger.h"

enum { DEBUGGER_WORDS = 16, DEBUGGER_BREAKS = 32, DEBUGGER_LINE = 512 };

struct debugger_break {
    struct wave_trigger *condition; /* NULL: free */
    char text[DEBUGGER_LINE];
};

struct debugger {
    const struct bench_options *options;
    const struct debugger_input *input;
    struct bench_loop *loop; /* from its first cycle on */
    struct story *story;
    unsigned line; /* of the input */
    struct debugger_break breaks[DEBUGGER_BREAKS];
    struct wave_trigger *until; /* of the present run; NULL: none */
    unsigned log;               /* debug flags of events to be shown */
    bool ended;                 /* the run has: one can only look */
    bool refused;               /* a command was wrong */
    bool quit;
};

/* A command line in words; rest: the text from the second word on, which begins behind so many characters. */
struct debugger_words {
    unsigned count;
    char *word[DEBUGGER_WORDS];
    const char *rest;
    unsigned rest_column;
};

/* Complains of the present command. */
void debugger_refuse(struct debugger *debugger, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Complains of a word that the command has no use for. */
void debugger_refuse_word(struct debugger *debugger, const struct debugger_words *words, unsigned which,
                          const char *command, const char *arguments);

/* A number of a command, decimal with k, M or G or hexadecimal; false after a complaint. */
bool debugger_number(struct debugger *debugger, const char *word, uint64_t *number);

/* The command print, and the list of what it prints for help. */
void debugger_print(struct debugger *debugger, const struct debugger_words *words);
void debugger_print_help(FILE *out);

/* Of it what lies in memory. */
void debugger_print_memory(struct debugger *debugger, const struct debugger_words *words);
void debugger_print_table(struct debugger *debugger, const struct debugger_words *words);
void debugger_print_walk(struct debugger *debugger, const struct debugger_words *words);

#endif
