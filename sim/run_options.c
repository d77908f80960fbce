/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of twinwalk run. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd_run.h"
#include "commands.h"
#include "wave_trigger.h"

enum {
    OPTION_SCRIPT = 256,
    OPTION_TRACE,
    OPTION_RANDOM,
    OPTION_IMAGE,
    OPTION_ENGINE,
    OPTION_SEED,
    OPTION_CYCLES,
    OPTION_ACCESSES,
    OPTION_STATS,
    OPTION_JSON,
    OPTION_RESULTS,
    OPTION_CSV,
    OPTION_COVERAGE,
    OPTION_WAVE,
    OPTION_WAVE_ON_FAILURE,
    OPTION_WAVE_FROM,
    OPTION_WAVE_TO,
    OPTION_WAVE_ON,
    OPTION_WAVE_BEFORE,
    OPTION_WAVE_AFTER,
    OPTION_WAVE_EVERY,
    OPTION_WAVE_SIGNALS,
    OPTION_JUDGE,
    OPTION_NO_JUDGE,
    OPTION_DEBUG,
    OPTION_DEBUG_FILE,
    OPTION_DEBUG_FROM,
    OPTION_DEBUG_TO,
};

enum { DEFAULT_RANDOM_ACCESSES = 1000000 };

static const struct argp_option option_table[] = {
    {NULL, 0, NULL, 0, "Hardware and bench:", 1},
    {"config", 'c', "CONFIG", 0, "a YAML file, or the name of a shipped configuration (default: default)", 1},
    {"set", 's', "SECTION.KEY=VALUE", 0, "set one value, over the file's; may be repeated", 1},
    {"engine", OPTION_ENGINE, "ENGINE", 0,
     "lockstep: RTL and C model, compared in every cycle (the default); model: the C model alone; rtl: the "
     "RTL alone; stack: the misses of every L1 TLB with LRU at once, of a trace (docs/stack.md)",
     1},
    {"judge", OPTION_JUDGE, NULL, 0, "check every answer by the architectural judge, with any engine", 1},
    {"no-judge", OPTION_NO_JUDGE, NULL, 0, "do not, even in lockstep", 1},
    {NULL, 0, NULL, 0, "Stimulus, one of:", 2},
    {"script", OPTION_SCRIPT, "FILE", 0, "a script (docs/scripts.md)", 2},
    {"trace", OPTION_TRACE, "FILE", 0, "a trace of a program's memory accesses", 2},
    {"random", OPTION_RANDOM, NULL, 0, "constrained random, by the weights of section random", 2},
    {NULL, 0, NULL, 0, "With:", 3},
    {"image", OPTION_IMAGE, "FILE", 0, "memory image to start from: ELF core, tables.bin or raw", 3},
    {"seed", OPTION_SEED, "N", 0, "seed of everything random (default: 1)", 3},
    {"cycles", OPTION_CYCLES, "N", 0, "offer nothing new from this cycle on (0: no bound)", 3},
    {"accesses", OPTION_ACCESSES, "N", 0,
     "end after so many accesses (0: no bound); --random without --cycles ends after 1M", 3},
    {NULL, 0, NULL, 0, "Output:", 4},
    {"stats", OPTION_STATS, "FILE", 0, "write the statistics as text", 4},
    {"json", OPTION_JSON, "FILE", 0, "write the statistics as JSON", 4},
    {"csv", OPTION_CSV, "FILE", 0, "--engine stack: write the misses as CSV", 4},
    {"results", OPTION_RESULTS, "FILE", 0, "write one JSON line per access", 4},
    {"coverage", OPTION_COVERAGE, "FILE", 0, "write the functional coverage (docs/coverage.md)", 4},
    {NULL, 0, NULL, 0, "Log of what happens inside (docs/explain.md):", 5},
    {"debug", OPTION_DEBUG, "FLAG,...", 0, "write events with their cycles to stderr; help: list the flags",
     5},
    {"debug-file", OPTION_DEBUG_FILE, "FILE", 0, "write them to a file", 5},
    {"debug-from", OPTION_DEBUG_FROM, "CYCLE", 0, "not those of earlier cycles", 5},
    {"debug-to", OPTION_DEBUG_TO, "CYCLE", 0, "not those of later cycles", 5},
    {NULL, 0, NULL, 0, NULL, 4},
    {"quiet", 'q', NULL, 0, "no progress line and no summary", 4},
    {NULL, 0, NULL, 0, "Waves, with --engine lockstep or rtl (docs/debugging.md):", 6},
    {"wave-on-failure", OPTION_WAVE_ON_FAILURE, "FILE", OPTION_ARG_OPTIONAL,
     "when the run fails, write the cycles around the failure", 6},
    {"wave", OPTION_WAVE, "FILE", OPTION_ARG_OPTIONAL,
     "write all cycles, or those that the next three choose. FILE is FST, or VCD when it ends in .vcd "
     "(default: "
     "twinwalk.fst)",
     6},
    {"wave-from", OPTION_WAVE_FROM, "CYCLE", 0, "from this cycle on", 6},
    {"wave-to", OPTION_WAVE_TO, "CYCLE", 0, "up to this cycle, without it", 6},
    {"wave-on", OPTION_WAVE_ON, "CONDITION", 0,
     "around the first event that meets a condition such as 'fault & va=0x1000' (help: lists what there is)",
     6},
    {"wave-before", OPTION_WAVE_BEFORE, "CYCLES", 0, "before a failure or event (default: 20k)", 6},
    {"wave-after", OPTION_WAVE_AFTER, "CYCLES", 0, "after a failure or event (default: 1k)", 6},
    {"wave-every", OPTION_WAVE_EVERY, "CYCLES", 0, "between two snapshots of the run (default: 16M)", 6},
    {"wave-signals", OPTION_WAVE_SIGNALS, "SCOPES", 0,
     "only these, separated by commas: rtl, cmodel, diff, states, events, judge, marks, or blocks such as "
     "u_page_walker",
     6},
    {0},
};

static void set_once(struct argp_state *state, const char **path, const char *arg, const char *name)
{
    if (*path != NULL)
        argp_error(state, "--%s is given twice", name);
    if (arg[0] == '\0')
        argp_error(state, "--%s: the file name is empty", name);
    *path = arg;
}

static void set_debug_flags(struct argp_state *state, struct run_options *options, const char *arg)
{
    char unknown[32];

    if (!debug_flags_parse(arg, &options->debug.flags, unknown, sizeof(unknown)))
        argp_error(state, "--debug: '%s' is not a flag; --debug=help lists them", unknown);
}

static enum engine parse_engine(struct argp_state *state, const char *arg)
{
    if (strcmp(arg, "lockstep") == 0)
        return ENGINE_LOCKSTEP;
    if (strcmp(arg, "model") == 0)
        return ENGINE_MODEL;
    if (strcmp(arg, "rtl") == 0)
        return ENGINE_RTL;
    argp_error(state, "--engine: '%s' is none of lockstep, model, rtl, stack", arg);
    return ENGINE_LOCKSTEP;
}

/* --wave and --wave-on-failure: one of them, once. */
static void set_wave(struct argp_state *state, struct run_options *options, const char *arg, bool on_failure)
{
    if (options->wave.path != NULL)
        argp_error(state, "give --wave or --wave-on-failure once");
    if (arg != NULL && arg[0] == '\0')
        argp_error(state, "--wave: the file name is empty");
    options->wave.path = arg != NULL ? arg : "twinwalk.fst";
    options->wave.on_failure = on_failure;
}

bool can_be_read_again(const char *path)
{
    struct stat status;

    return path == NULL || stat(path, &status) != 0 || S_ISREG(status.st_mode);
}

static void check_wave(struct argp_state *state, const struct run_options *options)
{
    const struct wave_options *wave = &options->wave, defaults = wave_defaults(NULL);
    bool chosen = wave->from != defaults.from || wave->to != defaults.to || wave->trigger != NULL;
    char error[256];

    if (wave->path == NULL && (chosen || wave->scopes != NULL || wave->before != defaults.before ||
                               wave->after != defaults.after || wave->every != defaults.every))
        argp_error(state, "options of waves need --wave or --wave-on-failure");
    if (wave->path == NULL)
        return;
    if (options->engine == ENGINE_MODEL)
        argp_error(state, "waves need the RTL: use --engine lockstep or rtl");
    if (wave->on_failure && chosen)
        argp_error(state, "--wave-from, --wave-to and --wave-on go with --wave");
    if (!wave->on_failure && wave->trigger == NULL &&
        (wave->before != defaults.before || wave->every != defaults.every))
        argp_error(state, "--wave-before and --wave-every go with --wave-on-failure or --wave-on");
    if (wave->trigger != NULL && wave->to != defaults.to)
        argp_error(state, "--wave-to does not go with --wave-on, which chooses the cycles");
    if (wave->from >= wave->to)
        argp_error(state, "--wave-to must be above --wave-from");
    if (wave->every == 0)
        argp_error(state, "--wave-every: must be above 0");
    if ((wave->on_failure || wave->trigger != NULL) && !can_be_read_again(options->trace))
        argp_error(state,
                   "%s: the run is played again for the wave, but this trace is not a file that can be "
                   "read again",
                   options->trace);
    if (wave_options_check(wave, error, sizeof(error)) != 0)
        argp_error(state, "%s: %s", wave->trigger != NULL ? "--wave-on" : "--wave-signals", error);
}

static void set_trigger(struct run_options *options, const char *arg)
{
    if (strcmp(arg, "help") == 0) {
        wave_trigger_help(stdout);
        exit(EXIT_AGREED);
    }
    options->wave.trigger = arg;
}

/* What must hold of all options together. */
static void check_options(struct argp_state *state, struct run_options *options)
{
    if ((options->script != NULL) + (options->trace != NULL) + options->random != 1)
        argp_error(state, "give one of --script, --trace and --random");
    if (options->debug.flags && options->engine == ENGINE_RTL)
        argp_error(state, "--debug tells what the C model does: use --engine lockstep or model");
    if (!options->debug.flags &&
        (options->debug.file || options->debug.from || options->debug.to != UINT64_MAX))
        argp_error(state, "--debug-file, --debug-from and --debug-to belong to --debug=FLAG,...");
    if (options->debug.from > options->debug.to)
        argp_error(state, "--debug-from is beyond --debug-to");
    check_wave(state, options);
    if (options->stack && (!options->trace || options->image || options->cycles || options->results ||
                           options->stats || options->coverage || options->judge == JUDGE_ON))
        argp_error(state, "--engine stack takes --trace, --accesses, --seed, --csv and --json");
    if (options->csv && !options->stack)
        argp_error(state, "--csv needs --engine stack");
    if (options->coverage && options->engine == ENGINE_RTL)
        argp_error(state, "--coverage watches the model: use --engine lockstep or model");
    if (options->random && options->cycles == 0 && options->accesses == UINT64_MAX)
        options->accesses = DEFAULT_RANDOM_ACCESSES;
    if (options->accesses == UINT64_MAX)
        options->accesses = 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct run_options *options = state->input;

    switch (key) {
    case 'c':
        options->config = arg;
        return 0;
    case 's':
        if (!setting_list_add(&options->settings, arg))
            argp_failure(state, EXIT_INTERNAL, 0, "out of memory");
        return 0;
    case 'q':
        options->quiet = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state,
                   "'%s' belongs to no option; what may be left out is given with '=', as in --wave=FILE",
                   arg);
        return 0;
    case OPTION_SCRIPT:
        set_once(state, &options->script, arg, "script");
        return 0;
    case OPTION_TRACE:
        set_once(state, &options->trace, arg, "trace");
        return 0;
    case OPTION_RANDOM:
        options->random = true;
        return 0;
    case OPTION_IMAGE:
        set_once(state, &options->image, arg, "image");
        return 0;
    case OPTION_ENGINE:
        options->stack = strcmp(arg, "stack") == 0;
        options->engine = options->stack ? ENGINE_MODEL : parse_engine(state, arg);
        return 0;
    case OPTION_SEED:
        options->seed = option_count(state, "seed", arg);
        return 0;
    case OPTION_CYCLES:
        options->cycles = option_count(state, "cycles", arg);
        return 0;
    case OPTION_ACCESSES:
        options->accesses = option_count(state, "accesses", arg);
        return 0;
    case OPTION_STATS:
        set_once(state, &options->stats, arg, "stats");
        return 0;
    case OPTION_JSON:
        set_once(state, &options->json, arg, "json");
        return 0;
    case OPTION_CSV:
        set_once(state, &options->csv, arg, "csv");
        return 0;
    case OPTION_RESULTS:
        set_once(state, &options->results, arg, "results");
        return 0;
    case OPTION_COVERAGE:
        set_once(state, &options->coverage, arg, "coverage");
        return 0;
    case OPTION_WAVE:
    case OPTION_WAVE_ON_FAILURE:
        set_wave(state, options, arg, key == OPTION_WAVE_ON_FAILURE);
        return 0;
    case OPTION_WAVE_FROM:
        options->wave.from = option_count(state, "wave-from", arg);
        return 0;
    case OPTION_WAVE_TO:
        options->wave.to = option_count(state, "wave-to", arg);
        return 0;
    case OPTION_WAVE_ON:
        set_trigger(options, arg);
        return 0;
    case OPTION_WAVE_BEFORE:
        options->wave.before = option_count(state, "wave-before", arg);
        return 0;
    case OPTION_WAVE_AFTER:
        options->wave.after = option_count(state, "wave-after", arg);
        return 0;
    case OPTION_WAVE_EVERY:
        options->wave.every = option_count(state, "wave-every", arg);
        return 0;
    case OPTION_WAVE_SIGNALS:
        options->wave.scopes = arg;
        return 0;
    case OPTION_DEBUG:
        if (strcmp(arg, "help") == 0) {
            debug_flags_help(stdout);
            exit(fflush(stdout) == 0 ? EXIT_AGREED : EXIT_INTERNAL);
        }
        set_debug_flags(state, options, arg);
        return 0;
    case OPTION_DEBUG_FILE:
        set_once(state, &options->debug.file, arg, "debug-file");
        return 0;
    case OPTION_DEBUG_FROM:
        options->debug.from = option_count(state, "debug-from", arg);
        return 0;
    case OPTION_DEBUG_TO:
        options->debug.to = option_count(state, "debug-to", arg);
        return 0;
    case OPTION_JUDGE:
        options->judge = JUDGE_ON;
        return 0;
    case OPTION_NO_JUDGE:
        options->judge = JUDGE_OFF;
        return 0;
    case ARGP_KEY_END:
        check_options(state, options);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp run_options_argp = {
    .options = option_table,
    .parser = parse_option,
    .doc = "Run the RTL and the C model of one configuration over a script, a trace or a random load."
           "\vExit codes: 0 all agreed, 1 a mismatch or a failed expectation, 2 bad usage, configuration or "
           "input, 3 internal error.",
};

struct run_options run_options_defaults(void)
{
    return (struct run_options){
        .config = "default",
        .engine = ENGINE_LOCKSTEP,
        .seed = RUN_DEFAULT_SEED,
        .wave = wave_defaults(NULL),
        .accesses = UINT64_MAX, /* until check_options: not given */
        .debug = {.to = UINT64_MAX},
    };
}

void run_options_parse(struct run_options *options, int argc, char **argv)
{
    *options = run_options_defaults();
    argp_parse(&run_options_argp, argc, argv, 0, NULL, options);
}

void run_arguments_take(struct run_arguments *arguments, struct argp_state *state)
{
    arguments->words = state->argv + state->next - 1;
    arguments->count = state->argc - state->next + 1;
    state->next = state->argc;
}

void run_arguments_require(const struct run_arguments *arguments, struct argp_state *state)
{
    if (arguments->words == NULL)
        argp_error(state, "the run is missing: what would follow twinwalk, such as run -c tiny --random");
}

void run_arguments_parse(const struct run_arguments *arguments, char *title, struct run_options *options)
{
    bool named = strcmp(arguments->words[0], "run") == 0;
    char **argv = named ? arguments->words : arguments->words - 1;

    argv[0] = title;
    run_options_parse(options, arguments->count + !named, argv);
}

void print_shell_word(FILE *out, const char *text)
{
    bool plain = text[0] != '\0';

    for (const char *c = text; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("-_=./:,+%@", *c) == NULL)
            plain = false;
    if (plain) {
        fputs(text, out);
        return;
    }
    putc('\'', out);
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            putc(*text, out);
    }
    putc('\'', out);
}

char *rtl_variables(void)
{
    static const char *const names[] = {"TWINWALK_RTL", "RTL_DIR", "RTL_CXX"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (getenv(names[i]) == NULL)
            continue;
        fprintf(out, "%s=", names[i]);
        print_shell_word(out, getenv(names[i]));
        putc(' ', out);
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *run_command_line(const char *program, int argc, char **argv)
{
    char *line = NULL;
    size_t size;
    FILE *out = open_memstream(&line, &size);

    if (out == NULL)
        return NULL;
    print_shell_word(out, program);
    fputs(" run", out);
    for (int i = 1; i < argc; i++) {
        putc(' ', out);
        print_shell_word(out, argv[i]);
    }
    if (fclose(out) != 0) {
        free(line);
        return NULL;
    }
    return line;
}
