/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate_report.h"

#include <jansson.h>
#include <string.h>

#include "output_file.h"
#include "regress_report.h"

static const char *const half_names[HALVES] = {"lockstep", "judge"};
static const char *const standing_names[STANDINGS] = {"invalid",  "caught", "excused",
                                                      "survivor", "wrong",  "open"};

enum standing mutate_standing(const struct mutate_report *report, enum half half, size_t index)
{
    const struct mutant *mutant = report->mutants[index];
    bool equivalent = known_of(report->known, mutant, KNOWN_EQUIVALENT) != NULL;

    switch (report->outcomes[half][index].fate) {
    case FATE_INVALID:
        return STANDING_INVALID;
    case FATE_CAUGHT:
        return equivalent ? STANDING_WRONG : STANDING_CAUGHT;
    case FATE_ALIVE:
        return equivalent || (half == HALF_JUDGE && known_of(report->known, mutant, KNOWN_LEGAL) != NULL)
                   ? STANDING_EXCUSED
                   : STANDING_SURVIVOR;
    default:
        return STANDING_OPEN;
    }
}

struct mutate_totals mutate_totals(const struct mutate_report *report, enum half half, enum mutation mutation,
                                   int source)
{
    struct mutate_totals totals = {{0}};

    for (size_t i = 0; i < report->count; i++) {
        const struct mutant *mutant = report->mutants[i];

        if ((mutation == MUTATIONS || mutation == mutant->mutation) &&
            (source < 0 || (unsigned)source == mutant->source))
            totals.count[mutate_standing(report, half, i)]++;
    }
    return totals;
}

double mutate_score(const struct mutate_totals *totals)
{
    size_t caught = totals->count[STANDING_CAUGHT];
    size_t all = caught + totals->count[STANDING_SURVIVOR] + totals->count[STANDING_OPEN];

    return all > 0 ? 100.0 * (double)caught / (double)all : 100;
}

/* ---- Text ---- */

static void print_row(const char *name, const struct mutate_totals *totals, FILE *out)
{
    size_t all = 0;

    for (unsigned i = 0; i < STANDINGS; i++)
        all += totals->count[i];
    if (all == 0)
        return;
    fprintf(out, "  %-18s %8zu %8zu %8zu %8zu %8zu %8zu  %6.2f %%\n", name, all,
            totals->count[STANDING_INVALID], totals->count[STANDING_CAUGHT] + totals->count[STANDING_WRONG],
            totals->count[STANDING_EXCUSED], totals->count[STANDING_SURVIVOR], totals->count[STANDING_OPEN],
            mutate_score(totals));
}

static void print_half(const struct mutate_report *report, enum half half, FILE *out)
{
    struct mutate_totals totals;

    fprintf(out, "%s\n  %-18s %8s %8s %8s %8s %8s %8s  %8s\n",
            half == HALF_LOCKSTEP ? "Lockstep: the mutant in the RTL alone"
                                  : "Judge: the mutant drives, no model beside it",
            "", "mutants", "invalid", "caught", half == HALF_LOCKSTEP ? "equiv." : "legal", "survive",
            "not run", "score");
    for (enum mutation mutation = 0; mutation < MUTATIONS; mutation++) {
        totals = mutate_totals(report, half, mutation, -1);
        print_row(mutation_name(mutation), &totals, out);
    }
    for (size_t source = 0; source < report->list->sources_count; source++) {
        totals = mutate_totals(report, half, MUTATIONS, (int)source);
        print_row(report->list->sources[source].name, &totals, out);
    }
    totals = mutate_totals(report, half, MUTATIONS, -1);
    print_row("all", &totals, out);
}

static void print_mutants(const struct mutate_report *report, enum half half, enum standing standing,
                          const char *title, FILE *out)
{
    bool titled = false;

    for (size_t i = 0; i < report->count; i++) {
        const struct mutant *mutant = report->mutants[i];

        if (mutate_standing(report, half, i) != standing)
            continue;
        if (!titled)
            fprintf(out, "%s\n", title);
        titled = true;
        fprintf(out, "  %s rtl/%s:%u:%u %s %s: %s => %s\n", mutant->id,
                report->list->sources[mutant->source].name, mutant->line, mutant->column, mutant->scope,
                mutation_name(mutant->mutation), mutant->original, mutant->mutated);
    }
}

void mutate_report_text(const struct mutate_report *report, FILE *out)
{
    for (enum half half = 0; half < HALVES; half++)
        if (report->outcomes[half] != NULL)
            print_half(report, half, out);
    if (report->outcomes[HALF_LOCKSTEP] == NULL)
        return;
    print_mutants(report, HALF_LOCKSTEP, STANDING_WRONG, "Said to be equivalent, and yet caught:", out);
    print_mutants(report, HALF_LOCKSTEP, STANDING_SURVIVOR, "Survivors of the lockstep:", out);
}

/* ---- JSON ---- */

static json_t *outcome_json(const struct mutate_report *report, enum half half, size_t index)
{
    const struct mutant_outcome *outcome = &report->outcomes[half][index];
    json_t *object = json_pack("{s:s}", "standing", standing_names[mutate_standing(report, half, index)]);

    if (object != NULL && outcome->fate == FATE_CAUGHT)
        json_object_update_new(object,
                               json_pack("{s:s, s:s, s:I, s:s, s:s, s:I}", "config", outcome->series->config,
                                         "stimulus", outcome->series->stimulus, "seed",
                                         (json_int_t)outcome->seed, "kind", outcome->kind, "signature",
                                         outcome->signature, "cycle", (json_int_t)outcome->cycle));
    return object;
}

static json_t *mutant_json(const struct mutate_report *report, size_t index)
{
    const struct mutant *mutant = report->mutants[index];
    const struct known_entry *known = known_of(report->known, mutant, KNOWN_EQUIVALENT);
    json_t *object =
        json_pack("{s:s, s:s, s:i, s:i, s:s, s:s, s:s, s:s}", "id", mutant->id, "file",
                  report->list->sources[mutant->source].name, "line", (int)mutant->line, "column",
                  (int)mutant->column, "scope", mutant->scope, "class", mutation_name(mutant->mutation),
                  "original", mutant->original, "mutated", mutant->mutated);

    for (enum half half = 0; half < HALVES && object != NULL; half++)
        if (report->outcomes[half] != NULL)
            json_object_set_new(object, half_names[half], outcome_json(report, half, index));
    if (object != NULL && known != NULL)
        json_object_set_new(object, "equivalent", json_string(known->reason));
    return object;
}

int mutate_report_json(const struct mutate_report *report, const char *path)
{
    json_t *list = json_array(), *root = json_object();
    struct output_file file;
    int failed = list == NULL || root == NULL;

    for (size_t i = 0; i < report->count && !failed; i++)
        failed = json_array_append_new(list, mutant_json(report, i));
    for (enum half half = 0; half < HALVES && !failed; half++) {
        struct mutate_totals totals;
        json_t *object;

        if (report->outcomes[half] == NULL)
            continue;
        totals = mutate_totals(report, half, MUTATIONS, -1);
        object = json_pack("{s:f}", "score", mutate_score(&totals));
        for (unsigned i = 0; i < STANDINGS; i++)
            failed |=
                json_object_set_new(object, standing_names[i], json_integer((json_int_t)totals.count[i]));
        failed |= json_object_set_new(root, half_names[half], object);
    }
    if (!failed)
        failed = json_object_set(root, "mutants", list);
    if (failed)
        fprintf(stderr, "%s: out of memory\n", path);
    else if (output_file_open(&file, path) != 0)
        failed = -1;
    else {
        json_dumpf(root, file.stream, JSON_INDENT(1));
        putc('\n', file.stream);
        failed = output_file_commit(&file);
    }
    json_decref(list);
    json_decref(root);
    return failed ? -1 : 0;
}
