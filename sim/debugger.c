/* SPDX-License-Identifier: Apache-2.0 */
#include "debugger.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "debug_log.h"
#include "debugger_state.h"
#include "options.h"
#include "progress.h"

/* An interrupt stops the run at its next cycle. */
static struct bench_loop *volatile interruptible;

static void interrupt(int signal_number)
{
    (void)signal_number;
    if (interruptible)
        interruptible->visit = 0;
}

void debugger_refuse(struct debugger *d, const char *format, ...)
{
    va_list words;
    fflush(stdout);
    if (d->input->interactive)
        fprintf(stderr, "  ");
    else
        fprintf(stderr, "%s:%u: ", d->input->name, d->line);
    va_start(words, format);
    vfprintf(stderr, format, words);
    va_end(words);
    fputc('\n', stderr);
    d->refused = true;
}

void debugger_refuse_word(struct debugger *d, const struct debugger_words *words, unsigned which,
                          const char *command, const char *arguments)
{
    debugger_refuse(d, "'%s' is too much: %s%s%s", words->word[which], command, *arguments ? " " : "",
                    arguments);
}

bool debugger_number(struct debugger *d, const char *word, uint64_t *number)
{
    if (parse_count(word, number))
        return true;
    debugger_refuse(d, "'%s' is not a number (decimal with k, M or G, or 0x hexadecimal)", word);
    return false;
}

/* Whether the command lets the run go on. */
enum verdict { STAY, GO };

typedef enum verdict command_function(struct debugger *d, const struct debugger_words *words);

static bool may_run(struct debugger *d)
{
    if (d->ended)
        debugger_refuse(d, "the run has ended");
    return !d->ended;
}

static enum verdict command_step(struct debugger *d, const struct debugger_words *words)
{
    uint64_t cycles = 1;
    if (!may_run(d) || (words->count > 1 && !debugger_number(d, words->word[1], &cycles)))
        return STAY;
    d->loop->visit = cycles < UINT64_MAX - d->loop->cycle ? d->loop->cycle + cycles : UINT64_MAX;
    return cycles ? GO : STAY;
}

static enum verdict command_run(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    if (!may_run(d))
        return STAY;
    d->loop->visit = UINT64_MAX;
    return GO;
}

/* The rest of the line as a condition. Columns of errors are those of the line. */
static struct wave_trigger *parse_condition(struct debugger *d, const struct debugger_words *words)
{
    char error[160];
    unsigned column;
    int length = 0;
    struct wave_trigger *condition = wave_trigger_parse(words->rest, error, sizeof(error));
    if (condition != NULL)
        return condition;
    if (sscanf(error, "column %u%n", &column, &length) == 1)
        debugger_refuse(d, "column %u%s", words->rest_column + column, error + length);
    else
        debugger_refuse(d, "%s", error);
    return NULL;
}

static enum verdict command_until(struct debugger *d, const struct debugger_words *words)
{
    uint64_t cycle;
    if (words->count < 2) {
        debugger_refuse(d, "until what? A cycle or a condition");
        return STAY;
    }
    if (!may_run(d))
        return STAY;
    d->loop->visit = UINT64_MAX;
    if (words->count == 2 && parse_count(words->word[1], &cycle)) {
        if (cycle <= d->loop->cycle) {
            debugger_refuse(d, "cycle %" PRIu64 " is over", cycle);
            return STAY;
        }
        d->loop->visit = cycle;
        return GO;
    }
    d->until = parse_condition(d, words);
    return d->until ? GO : STAY;
}

static enum verdict command_break(struct debugger *d, const struct debugger_words *words)
{
    unsigned i = 0;
    if (words->count < 2) {
        debugger_refuse(d, "break on what? 'help conditions' lists the events and their properties");
        return STAY;
    }
    while (i < DEBUGGER_BREAKS && d->breaks[i].condition)
        i++;
    if (i == DEBUGGER_BREAKS) {
        debugger_refuse(d, "there are %d breaks already", DEBUGGER_BREAKS);
        return STAY;
    }
    d->breaks[i].condition = parse_condition(d, words);
    if (d->breaks[i].condition) {
        snprintf(d->breaks[i].text, sizeof(d->breaks[i].text), "%s", words->rest);
        printf("break %u: %s\n", i + 1, d->breaks[i].text);
    }
    return STAY;
}

static enum verdict command_breaks(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    for (unsigned i = 0; i < DEBUGGER_BREAKS; i++)
        if (d->breaks[i].condition)
            printf("break %u: %s\n", i + 1, d->breaks[i].text);
    return STAY;
}

static void remove_break(struct debugger_break *b)
{
    wave_trigger_free(b->condition);
    b->condition = NULL;
}

static enum verdict command_delete(struct debugger *d, const struct debugger_words *words)
{
    uint64_t number;
    if (words->count == 1) {
        for (unsigned i = 0; i < DEBUGGER_BREAKS; i++)
            remove_break(&d->breaks[i]);
        return STAY;
    }
    if (!debugger_number(d, words->word[1], &number))
        return STAY;
    if (number == 0 || number > DEBUGGER_BREAKS || !d->breaks[number - 1].condition)
        debugger_refuse(d, "there is no break %" PRIu64, number);
    else
        remove_break(&d->breaks[number - 1]);
    return STAY;
}

static enum verdict command_log(struct debugger *d, const struct debugger_words *words)
{
    char unknown[32];
    if (words->count < 2)
        debugger_refuse(d, "log what? Flags as for run --debug, or off");
    else if (strcmp(words->word[1], "off") == 0)
        d->log = 0;
    else if (!debug_flags_parse(words->word[1], &d->log, unknown, sizeof(unknown)))
        debugger_refuse(d, "'%s' is not a flag; 'help flags' lists them", unknown);
    return STAY;
}

static enum verdict command_print(struct debugger *d, const struct debugger_words *words)
{
    debugger_print(d, words);
    return STAY;
}

static enum verdict command_quit(struct debugger *d, const struct debugger_words *words)
{
    (void)words;
    d->quit = true;
    return GO;
}

static enum verdict command_help(struct debugger *d, const struct debugger_words *words);

static const struct command {
    const char *name, *letter, *arguments, *help;
    unsigned most; /* words; 0: the rest of the line is text, or looked at word by word */
    command_function *function;
} commands[] = {
    {"step", "s", "[N]", "go on by one cycle, or N", 2, command_step},
    {"run", "r", "", "go on to the next break, or to the end", 1, command_run},
    {"until", "u", "CYCLE|CONDITION", "go on to that cycle, or behind the cycle of such an event", 0,
     command_until},
    {"break", "b", "CONDITION", "stop behind the cycle of every such event", 0, command_break},
    {"breaks", NULL, "", "list the breaks", 1, command_breaks},
    {"delete", "d", "[N]", "delete that break, or all", 2, command_delete},
    {"log", "l", "FLAG,...|off", "show these events as they happen", 2, command_log},
    {"print", "p", "WHAT", "print a table or a story", 0, command_print},
    {"help", "h", "[conditions|flags]", "this list; what conditions and flags there are", 2, command_help},
    {"quit", "q", "", "end", 1, command_quit},
};

static enum verdict command_help(struct debugger *d, const struct debugger_words *words)
{
    if (words->count > 1 && strcmp(words->word[1], "conditions") == 0) {
        printf("NAME and KEY=VALUE, with & | ! and ( ) between, such as 'walk_fault & va=0x7f0000000000'\n");
        wave_trigger_help(stdout);
        return STAY;
    }
    if (words->count > 1 && strcmp(words->word[1], "flags") == 0) {
        debug_flags_help(stdout);
        return STAY;
    }
    if (words->count > 1) {
        debugger_refuse(d, "there is help for conditions and flags, and help alone");
        return STAY;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s %s", commands[i].name, commands[i].arguments);
        printf("  %-2s %-26s %s\n", commands[i].letter ? commands[i].letter : "", text, commands[i].help);
    }
    printf("A line that is empty repeats the last step, on a terminal. # begins a comment.\n");
    debugger_print_help(stdout);
    return STAY;
}

static void split(char *line, struct debugger_words *words)
{
    static const char blanks[] = " \t\r\n";
    char *at = line + strspn(line, blanks);
    words->count = 0;
    words->rest = "";
    while (*at && words->count < DEBUGGER_WORDS) {
        size_t length = strcspn(at, blanks);
        words->word[words->count++] = at;
        if (at[length])
            at[length++] = '\0';
        at += length;
        at += strspn(at, blanks);
    }
}

static enum verdict execute(struct debugger *d, char *line)
{
    static char rest[DEBUGGER_LINE];
    struct debugger_words words;

    line[strcspn(line, "#\r\n")] = '\0';
    /* The text behind the first word, before the words are cut out of it. */
    const char *behind = line + strspn(line, " \t");
    behind += strcspn(behind, " \t");
    behind += strspn(behind, " \t");
    snprintf(rest, sizeof(rest), "%s", behind);
    split(line, &words);
    words.rest = rest;
    words.rest_column = (unsigned)(behind - line);
    if (words.count == 0)
        return STAY;
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        const struct command *command = &commands[i];
        if (strcmp(words.word[0], command->name) == 0 ||
            (command->letter && strcmp(words.word[0], command->letter) == 0)) {
            if (command->most != 0 && words.count > command->most) {
                debugger_refuse_word(d, &words, command->most, command->name, command->arguments);
                return STAY;
            }
            return command->function(d, &words);
        }
    }
    debugger_refuse(d, "'%s' is not a command; help lists them", words.word[0]);
    return STAY;
}

/* At the prompt an interrupt ends the reading of the line; while the run goes on nothing is disturbed by it.
 */
static void catch_interrupts(bool at_prompt)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = at_prompt ? 0 : SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
}

/* false: there is no line any more. */
static bool read_line(struct debugger *d, char *line)
{
    FILE *commands = d->input->commands;
    if (d->input->interactive)
        catch_interrupts(true);
    bool read = fgets(line, DEBUGGER_LINE, commands) != NULL;
    int error = read || !ferror(commands) ? 0 : errno;
    if (d->input->interactive)
        catch_interrupts(false);
    if (error == EINTR && d->input->interactive) {
        clearerr(commands);
        putchar('\n');
        *line = '\0';
        return true;
    }
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", d->input->name, strerror(error));
        d->refused = true;
    }
    return read;
}

/* The progress line of a run on a terminal makes room. */
static void clear_line(const struct debugger *d)
{
    if (d->input->interactive && d->options->progress)
        progress_clear();
}

/* Commands, until one lets the run go on. */
static void converse(struct debugger *d)
{
    char line[DEBUGGER_LINE];

    for (enum verdict verdict = STAY; verdict == STAY;) {
        if (d->input->interactive)
            printf("(%scycle %" PRIu64 ") ", d->ended ? "ended in " : "", d->loop->cycle);
        fflush(stdout);
        if (!read_line(d, line)) {
            d->quit = true;
            break;
        }
        if (line[0] == '\0') /* interrupted */
            continue;
        d->line++;
        if (strchr(line, '\n') == NULL && !feof(d->input->commands)) {
            debugger_refuse(d, "the line is too long");
            d->quit = true;
            break;
        }
        if (d->input->interactive && line[0] == '\n' && !d->ended)
            snprintf(line, sizeof(line), "step\n");
        verdict = execute(d, line);
        if (d->refused && !d->input->interactive) {
            d->quit = true;
            break;
        }
    }
    if (d->quit && !d->ended)
        d->loop->outcome = OUTCOME_STOPPED;
}

static void visit(void *self, struct bench_loop *loop)
{
    struct debugger *d = self;
    bool first = d->loop == NULL;

    d->loop = loop;
    loop->visit = UINT64_MAX;
    wave_trigger_free(d->until);
    d->until = NULL;
    interruptible = NULL;
    if (first) {
        story_set_judge(d->story, loop->judge);
        if (bench_loop_observe(loop)) {
            debugger_refuse(d, "out of memory");
            loop->outcome = OUTCOME_STOPPED;
            return;
        }
    }
    clear_line(d);
    if (!d->input->interactive && !first)
        printf("cycle %" PRIu64 "\n", loop->cycle);
    converse(d);
    interruptible = loop;
}

static void show(const struct debugger *d, const struct event *event, const char *before)
{
    clear_line(d);
    char text[320];
    event_text(event, text, sizeof(text));
    printf("%s%" PRIu64 ": %s\n", before, event->cycle, text);
}

static void hear(void *self, const struct event *event)
{
    struct debugger *d = self;
    char before[32];

    story_event(d->story, event);
    if (event_flags(event) & d->log)
        show(d, event, "  ");
    if (d->until && wave_trigger_matches(d->until, event)) {
        show(d, event, "until: ");
        d->loop->visit = 0;
    }
    for (unsigned i = 0; i < DEBUGGER_BREAKS; i++) {
        if (!d->breaks[i].condition || !wave_trigger_matches(d->breaks[i].condition, event))
            continue;
        snprintf(before, sizeof(before), "break %u: ", i + 1);
        show(d, event, before);
        d->loop->visit = 0;
    }
}

static void print_end(const struct debugger *d)
{
    const struct bench_loop *loop = d->loop;
    switch (loop->outcome) {
    case OUTCOME_DONE:
        printf("the run ends in cycle %" PRIu64 ": all agreed\n", loop->cycle);
        return;
    case OUTCOME_MISMATCH:
        printf("cycle %" PRIu64 ": RTL and C model differ\n", loop->cycle);
        rtl_report(loop->rtl, loop->mmu, stdout);
        return;
    case OUTCOME_ILLEGAL:
        printf("cycle %" PRIu64 ": illegal by the architecture\n%s", loop->cycle, judge_verdict(loop->judge));
        return;
    default:
        printf("cycle %" PRIu64 ": %s\n", loop->cycle, loop->message);
        return;
    }
}

static bool ended(void *self, struct bench_loop *loop)
{
    struct debugger *d = self;
    interruptible = NULL;
    d->loop = loop;
    d->ended = true;
    if (d->quit || d->refused)
        return true;
    print_end(d);
    converse(d);
    return true;
}

int debugger_run(const struct bench_options *options, const struct debugger_input *input)
{
    struct debugger d = {.options = options, .input = input, .story = story_create()};
    struct bench_options run = *options;

    if (d.story == NULL) {
        fprintf(stderr, "twinwalk debug: out of memory\n");
        return EXIT_INTERNAL;
    }
    run.listener = (struct event_listener){.self = &d, .event = hear};
    run.visitor = (struct bench_visitor){.self = &d, .visit = visit, .ended = ended};
    if (input->interactive)
        catch_interrupts(false);
    int code = bench_run(&run);
    if (d.refused && !input->interactive)
        code = EXIT_USAGE;
    wave_trigger_free(d.until);
    for (unsigned i = 0; i < DEBUGGER_BREAKS; i++)
        remove_break(&d.breaks[i]);
    story_destroy(d.story);
    return code;
}
