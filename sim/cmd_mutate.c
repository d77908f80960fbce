/* SPDX-License-Identifier: Apache-2.0 */
/* twinwalk mutate: mutants of the RTL, and which runs catch them. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "mutate_report.h"
#include "options.h"
#include "project_path.h"
#include "work_directory.h"

enum { DEFAULT_CHUNK = 600, MAX_CHUNK = 60000 };

struct arguments {
    const char *plan, *directory, *known, *patch, *half, *catalogue, *sources;
    uint64_t sample, seed, least;
    unsigned jobs, chunk;
    bool list;
    char **only;
    size_t only_count;
};

enum {
    KEY_LIST = 256,
    KEY_PATCH,
    KEY_SAMPLE,
    KEY_SEED,
    KEY_KNOWN,
    KEY_CHUNK,
    KEY_HALF,
    KEY_ONLY,
    KEY_CATALOGUE,
    KEY_SOURCES,
    KEY_LEAST,
};

static const struct argp_option option_table[] = {
    {"list", KEY_LIST, 0, 0, "print the mutants and end", 0},
    {"patch", KEY_PATCH, "MUTANT", 0, "write the RTL with that mutant for good into DIR, and end", 0},
    {"sources", KEY_SOURCES, "DIR", 0,
     "write the RTL with all mutants taken, each behind a number, print the numbers, and end", 0},
    {"only", KEY_ONLY, "MUTANT", 0, "take this one; may be repeated", 0},
    {"sample", KEY_SAMPLE, "N", 0, "take N of the mutants, chosen by the seed", 0},
    {"seed", KEY_SEED, "N", 0, "seed of the sample (default: 1)", 0},
    {"half", KEY_HALF, "HALF", 0, "only lockstep, or only judge (default: both, where the plan has both)", 0},
    {"known", KEY_KNOWN, "FILE", 0, "what is shown of mutants (default: tb/mutants/known.yaml)", 0},
    {"catalogue", KEY_CATALOGUE, "FILE", 0, "text for the page: how the bugs put in by hand did", 0},
    {"least", KEY_LEAST, "PERCENT", 0, "score of the lockstep that is enough (default: 98)", 0},
    {"chunk", KEY_CHUNK, "N", 0, "mutants in one build at most (default: 600)", 0},
    {"jobs", 'j', "N", 0, "runs at a time (default: the processors)", 0},
    {"output", 'o', "DIR", 0, "directory of the results (default: build/mutants)", 0},
    {0},
};

static error_t parse_number(struct argp_state *state, const char *arg, uint64_t most, uint64_t *number)
{
    if (!parse_count(arg, number) || *number == 0 || *number > most)
        argp_error(state, "'%s' is not a number from 1 to %llu", arg, (unsigned long long)most);
    return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    uint64_t count;

    switch (key) {
    case KEY_LIST:
        arguments->list = true;
        return 0;
    case KEY_PATCH:
        arguments->patch = arg;
        return 0;
    case KEY_ONLY:
        arguments->only = realloc(arguments->only, (arguments->only_count + 1) * sizeof(char *));
        if (arguments->only == NULL)
            return ENOMEM;
        arguments->only[arguments->only_count++] = arg;
        return 0;
    case KEY_SAMPLE:
        return parse_number(state, arg, 1000000, &arguments->sample);
    case KEY_SEED:
        if (!parse_count(arg, &arguments->seed))
            argp_error(state, "--seed: '%s' is not a number", arg);
        return 0;
    case KEY_KNOWN:
        arguments->known = arg;
        return 0;
    case KEY_LEAST:
        return parse_number(state, arg, 100, &arguments->least);
    case KEY_SOURCES:
        arguments->sources = arg;
        return 0;
    case KEY_CATALOGUE:
        arguments->catalogue = arg;
        return 0;
    case KEY_HALF:
        if (strcmp(arg, "lockstep") != 0 && strcmp(arg, "judge") != 0)
            argp_error(state, "--half: '%s' is neither lockstep nor judge", arg);
        arguments->half = arg;
        return 0;
    case KEY_CHUNK:
        parse_number(state, arg, MAX_CHUNK, &count);
        arguments->chunk = (unsigned)count;
        return 0;
    case 'j':
        arguments->jobs = option_jobs(state, arg);
        return 0;
    case 'o':
        arguments->directory = option_output(state, arg);
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->plan != NULL)
            argp_error(state, "one plan at a time");
        arguments->plan = arg;
        return 0;
    case ARGP_KEY_END:
        if (arguments->plan == NULL && !arguments->list && arguments->patch == NULL &&
            arguments->sources == NULL)
            argp_error(state, "which plan?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_list(const struct mutant_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct mutant *mutant = &list->mutants[i];

        printf("%s rtl/%s:%u:%u %s %s: %s => %s\n", mutant->id, list->sources[mutant->source].name,
               mutant->line, mutant->column, mutant->scope, mutation_name(mutant->mutation), mutant->original,
               mutant->mutated);
    }
}

/* Steps of a generator that is the same everywhere, as samples are compared over time and machines. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* Those asked for, in the order of the list; NULL after a message. */
static const struct mutant **choose(const struct arguments *arguments, const struct mutant_list *list,
                                    size_t *count)
{
    const struct mutant **chosen = calloc(list->count + 1, sizeof(struct mutant *));
    size_t wanted =
        arguments->sample > 0 && arguments->sample < list->count ? arguments->sample : list->count;
    uint64_t state = arguments->seed;

    *count = 0;
    if (chosen == NULL) {
        fprintf(stderr, "twinwalk mutate: out of memory\n");
        return NULL;
    }
    for (size_t i = 0; i < arguments->only_count; i++) {
        if (mutant_find(list, arguments->only[i]) == NULL) {
            fprintf(stderr, "twinwalk mutate: there is no mutant %s\n", arguments->only[i]);
            free(chosen);
            return NULL;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        bool take = next_random(&state) % (list->count - i) < wanted - *count;

        if (arguments->only_count > 0) {
            take = false;
            for (size_t j = 0; j < arguments->only_count; j++)
                take |= strcmp(list->mutants[i].id, arguments->only[j]) == 0;
        }
        if (take)
            chosen[(*count)++] = &list->mutants[i];
    }
    return chosen;
}

static int write_report(const struct mutate_report *report, const char *name,
                        int (*write)(const struct mutate_report *report, const char *path))
{
    char *path;
    int failed;

    if (asprintf(&path, "%s/%s", report->directory, name) < 0)
        return -1;
    failed = write(report, path);
    free(path);
    return failed;
}

/* The last line counts mutants: caught or shown equivalent, and not. */
static int conclude(const struct mutate_report *report, double least)
{
    struct mutate_totals totals = {{0}};
    size_t failed;

    mutate_report_text(report, stdout);
    if (report->interrupted || report->outcomes[HALF_LOCKSTEP] == NULL)
        return report->interrupted ? EXIT_INTERNAL : EXIT_AGREED;
    totals = mutate_totals(report, HALF_LOCKSTEP, MUTATIONS, -1);
    failed = totals.count[STANDING_WRONG];
    if (mutate_score(&totals) < least)
        failed += totals.count[STANDING_SURVIVOR];
    printf("%zu passed, %zu failed\n", totals.count[STANDING_CAUGHT] + totals.count[STANDING_EXCUSED],
           failed);
    return failed > 0 ? EXIT_MISMATCH : EXIT_AGREED;
}

static bool plan_has(const struct plan *plan, enum half half)
{
    for (size_t i = 0; i < plan->series_count; i++)
        if (mutate_series_of(&plan->series[i], half))
            return true;
    return false;
}

static int run(const struct arguments *arguments, const struct mutant_list *list, const struct known *known,
               const struct plan *plan)
{
    const struct mutate_options options = {
        .plan = plan,
        .directory = arguments->directory,
        .jobs = arguments->jobs,
        .chunk = arguments->chunk,
        .progress = isatty(STDERR_FILENO),
    };
    struct mutate_report report = {
        .list = list,
        .known = known,
        .plan = arguments->plan,
        .directory = arguments->directory,
        .catalogue = arguments->catalogue,
    };
    struct mutant_outcome *outcomes[HALVES] = {NULL};
    const struct mutant **chosen = choose(arguments, list, &report.count);
    enum mutate_end end = MUTATE_DONE;
    int code = EXIT_USAGE;

    if (chosen == NULL)
        return code;
    report.mutants = chosen;
    for (enum half half = 0; half < HALVES && end == MUTATE_DONE; half++) {
        bool wanted =
            arguments->half == NULL || (strcmp(arguments->half, "judge") == 0) == (half == HALF_JUDGE);

        if (!wanted || !plan_has(plan, half))
            continue;
        outcomes[half] = calloc(report.count + 1, sizeof(*outcomes[half]));
        report.outcomes[half] = outcomes[half];
        for (size_t i = 0; i < report.count && outcomes[half] != NULL; i++)
            outcomes[half][i].brief = known_of(known, chosen[i], KNOWN_EQUIVALENT) != NULL;
        end = outcomes[half] == NULL ? MUTATE_FAILED
                                     : mutate_run(&options, list, chosen, report.count, half, outcomes[half]);
    }
    report.interrupted = end != MUTATE_DONE;
    code = EXIT_INTERNAL;
    if (end != MUTATE_FAILED) {
        code = conclude(&report, (double)arguments->least);
        if (write_report(&report, "mutants.json", mutate_report_json) != 0 ||
            write_report(&report, "report.html", mutate_report_html) != 0)
            code = EXIT_INTERNAL;
    }
    if (end == MUTATE_INTERRUPTED)
        fprintf(stderr, "twinwalk mutate: interrupted; the same command goes on from here\n");
    for (enum half half = 0; half < HALVES; half++)
        free(outcomes[half]);
    free(chosen);
    return code;
}

static int run_plan(const struct arguments *arguments, const struct mutant_list *list)
{
    char *known_path =
        arguments->known != NULL ? strdup(arguments->known) : project_path("tb/mutants/known.yaml");
    struct known known = {0};
    struct plan plan;
    int lock, code = EXIT_USAGE;

    if (known_path == NULL) {
        fprintf(stderr, "twinwalk mutate: tb/mutants/known.yaml is not there\n");
        return code;
    }
    if (known_read(&known, known_path, list) == 0) {
        if (plan_open(&plan, arguments->plan) == 0) {
            lock = work_directory_open(arguments->directory, "logs", "campaign");
            if (lock >= 0) {
                code = run(arguments, list, &known, &plan);
                close(lock);
            }
            plan_close(&plan);
        }
        known_close(&known);
    }
    free(known_path);
    return code;
}

static int patch(const struct arguments *arguments, const struct mutant_list *list)
{
    const struct mutant *mutant = mutant_find(list, arguments->patch);

    if (mutant == NULL) {
        fprintf(stderr, "twinwalk mutate: there is no mutant %s\n", arguments->patch);
        return EXIT_USAGE;
    }
    return mutant_patched_write(list, mutant, arguments->directory) == 0 ? EXIT_AGREED : EXIT_INTERNAL;
}

static int write_sources(const struct arguments *arguments, const struct mutant_list *list)
{
    size_t count;
    const struct mutant **chosen = choose(arguments, list, &count);
    int code = EXIT_USAGE;

    if (chosen == NULL)
        return code;
    code = mutant_sources_write(list, chosen, count, arguments->sources) == 0 ? EXIT_AGREED : EXIT_INTERNAL;
    for (size_t i = 0; i < count && code == EXIT_AGREED; i++)
        printf("%zu %s\n", i + 1, chosen[i]->id);
    free(chosen);
    return code;
}

int cmd_mutate(int argc, char **argv)
{
    static const struct argp argp = {
        .options = option_table,
        .parser = parse_option,
        .args_doc = "PLAN.yaml",
        .doc = "Put bugs into the RTL, one at a time, and see which runs of a plan catch them "
               "(docs/mutants.md). Results that are there already are kept: an interrupted campaign goes on "
               "where it was."
               "\vExit codes: 0 enough are caught, 1 too many survive, or one is caught that is said to be "
               "equivalent, 2 bad usage, plan or input, 3 interrupted, or a run could not be done.",
    };
    struct arguments arguments = {
        .jobs = processors(), .chunk = DEFAULT_CHUNK, .seed = 1, .least = 98, .directory = "build/mutants"};
    const char *given = getenv("RTL_DIR");
    char *root = project_root(), *sources = NULL;
    struct mutant_list list;
    int code = EXIT_USAGE;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (given == NULL && (root == NULL || asprintf(&sources, "%s/rtl", root) < 0)) {
        fprintf(stderr,
                "twinwalk mutate: rtl/ is not there: mutants are made only beside the project's files\n");
    } else if (mutant_list_read(&list, given != NULL ? given : sources) == 0) {
        code = EXIT_AGREED;
        if (arguments.list)
            print_list(&list);
        else
            code = arguments.patch != NULL     ? patch(&arguments, &list)
                   : arguments.sources != NULL ? write_sources(&arguments, &list)
                                               : run_plan(&arguments, &list);
        mutant_list_free(&list);
    }
    free(sources);
    free(root);
    free(arguments.only);
    return code;
}
