/* SPDX-License-Identifier: Apache-2.0 */
/* What the stack engine found, as tables. */
#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "output_file.h"
#include "stack_engine.h"

static const char *const side_names[] = {[STACK_DATA] = "l1d", [STACK_FETCHES] = "l1i"};
static const char *const side_titles[] = {[STACK_DATA] = "reads and writes", [STACK_FETCHES] = "fetches"};
static const char *const page_names[] = {[STACK_4K] = "4k", [STACK_2M] = "2m", [STACK_ALL] = "all"};
static const char *const page_titles[] = {
    [STACK_4K] = "4 KiB pages", [STACK_2M] = "2 MiB pages", [STACK_ALL] = "all pages in one array"};

/* A table for each side and kind of array with accesses; the array for all sizes only where there are two. */
static bool is_reported(const struct stack_run *run, unsigned side, unsigned pages)
{
    struct stack_sim *const *sims = run->sims[side];
    if (pages == STACK_ALL)
        return stack_sim_accesses(sims[STACK_4K]) > 0 && stack_sim_accesses(sims[STACK_2M]) > 0;
    return stack_sim_accesses(sims[pages]) > 0;
}

static unsigned set_bits_of(unsigned pages)
{
    return pages == STACK_ALL ? 0 : STACK_SET_BITS;
}

static void text_table(const struct stack_sim *sim, unsigned set_bits, FILE *out)
{
    fprintf(out, "   sets \\ ways");
    for (unsigned ways = 1; ways <= STACK_WAYS; ways *= 2)
        fprintf(out, " %10u", ways);
    fputc('\n', out);
    for (unsigned bits = 0; bits <= set_bits; bits++) {
        fprintf(out, "%14u", 1u << bits);
        for (unsigned ways = 1; ways <= STACK_WAYS; ways *= 2)
            fprintf(out, " %10" PRIu64, stack_sim_misses(sim, bits, ways));
        fputc('\n', out);
    }
}

/* Whoever configured another policy would take these for its misses. */
static void note_policies(const struct mmu_params *params, FILE *out)
{
    if (params->l1d.replacement != POLICY_LRU || params->l1i.replacement != POLICY_LRU)
        fprintf(
            out,
            "(the replacement of the configuration's L1 TLBs is another: a run of it has other misses)\n");
}

void stack_report_text(const struct stack_run *run, FILE *out)
{
    fprintf(out, "Misses of one level with LRU, one access at a time\n");
    note_policies(run->params, out);
    fprintf(out,
            "accesses %" PRIu64 ", instructions %" PRIu64 ", page faults %" PRIu64 ", not canonical %" PRIu64
            "\n",
            run->done, run->instructions, run->faults, run->non_canonical);
    for (unsigned side = 0; side < STACK_SIDES; side++)
        for (unsigned pages = 0; pages < STACK_PAGES; pages++) {
            const struct stack_sim *sim = run->sims[side][pages];
            if (!is_reported(run, side, pages))
                continue;
            fprintf(out, "\n%s (%s), %s: %" PRIu64 " accesses\n", side_names[side], side_titles[side],
                    page_titles[pages], stack_sim_accesses(sim));
            text_table(sim, set_bits_of(pages), out);
        }
}

static void csv_rows(const struct stack_sim *sim, unsigned side, unsigned pages, FILE *out)
{
    uint64_t accesses = stack_sim_accesses(sim);
    for (unsigned bits = 0; bits <= set_bits_of(pages); bits++)
        for (unsigned ways = 1; ways <= STACK_WAYS; ways++) {
            uint64_t misses = stack_sim_misses(sim, bits, ways);
            fprintf(out, "%s,%s,%u,%u,%u,%" PRIu64 ",%" PRIu64 ",%.9g\n", side_names[side], page_names[pages],
                    1u << bits, ways, ways << bits, accesses, misses, (double)misses / (double)accesses);
        }
}

int stack_report_csv(const struct stack_run *run, const char *path)
{
    struct output_file file;
    if (output_file_open(&file, path) != 0)
        return -1;
    fprintf(file.stream, "tlb,pages,sets,ways,entries,accesses,misses,miss_ratio\n");
    for (unsigned side = 0; side < STACK_SIDES; side++)
        for (unsigned pages = 0; pages < STACK_PAGES; pages++)
            if (is_reported(run, side, pages))
                csv_rows(run->sims[side][pages], side, pages, file.stream);
    return output_file_commit(&file);
}

static json_t *json_table(const struct stack_sim *sim, unsigned side, unsigned pages)
{
    json_t *rows = json_array();
    for (unsigned bits = 0; bits <= set_bits_of(pages); bits++) {
        json_t *misses = json_array();
        for (unsigned ways = 1; ways <= STACK_WAYS; ways++)
            json_array_append_new(misses, json_integer((json_int_t)stack_sim_misses(sim, bits, ways)));
        json_array_append_new(rows, json_pack("{s:i, s:o}", "sets", 1 << bits, "misses", misses));
    }
    return json_pack("{s:s, s:s, s:I, s:o}", "tlb", side_names[side], "pages", page_names[pages], "accesses",
                     (json_int_t)stack_sim_accesses(sim), "arrays", rows);
}

int stack_report_json(const struct stack_run *run, const char *path)
{
    struct output_file file;
    if (output_file_open(&file, path) != 0)
        return -1;
    json_t *tables = json_array();
    for (unsigned side = 0; side < STACK_SIDES; side++)
        for (unsigned pages = 0; pages < STACK_PAGES; pages++)
            if (is_reported(run, side, pages))
                json_array_append_new(tables, json_table(run->sims[side][pages], side, pages));
    json_t *all = json_pack("{s:s, s:I, s:I, s:I, s:I, s:f, s:o}", "trace", run->trace, "accesses",
                            (json_int_t)run->done, "instructions", (json_int_t)run->instructions,
                            "page_faults", (json_int_t)run->faults, "non_canonical",
                            (json_int_t)run->non_canonical, "user_seconds", run->seconds, "tables", tables);
    if (!all || json_dumpf(all, file.stream, JSON_INDENT(1)) != 0) {
        fprintf(stderr, "%s: out of memory\n", path);
        json_decref(all);
        output_file_discard(&file);
        return -1;
    }
    fputc('\n', file.stream);
    json_decref(all);
    return output_file_commit(&file);
}
