/* SPDX-License-Identifier: Apache-2.0 */
/* Builds of the RTL with many mutants each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutate_campaign.h"

int mutate_add_chunk(struct campaign *campaign, const struct target *targets, size_t count)
{
    struct chunk *grown = realloc(campaign->chunks, (campaign->chunks_count + 1) * sizeof(*grown));
    struct chunk *chunk;

    if (grown == NULL)
        return mutate_out_of_memory();
    campaign->chunks = grown;
    chunk = &grown[campaign->chunks_count];
    *chunk = (struct chunk){.count = count + 1};
    chunk->targets = calloc(count + 1, sizeof(*chunk->targets));
    if (chunk->targets == NULL)
        return mutate_out_of_memory();
    for (size_t i = 0; i < count; i++) {
        chunk->targets[i + 1] = targets[i];
        chunk->targets[i + 1].number = (unsigned)i + 1;
        chunk->targets[i + 1].chunk = campaign->chunks_count;
    }
    chunk->targets[0] = (struct target){
        .series = campaign->first_series,
        .seed = campaign->options->plan->series[campaign->first_series].first_seed,
        .chunk = campaign->chunks_count,
    };
    campaign->targets++;
    campaign->chunks_count++;
    return 0;
}

void mutate_free_chunks(struct campaign *campaign)
{
    for (size_t i = 0; i < campaign->chunks_count; i++) {
        free(campaign->chunks[i].targets);
        free(campaign->chunks[i].library);
    }
    free(campaign->chunks);
    campaign->chunks = NULL;
    campaign->chunks_count = 0;
}

static char *chunk_path(const struct campaign *campaign, size_t chunk, const char *ending)
{
    char *path;

    return asprintf(&path, "%s/chunk-%ld-%zu%s", campaign->options->directory, (long)getpid(), chunk,
                    ending) < 0
               ? NULL
               : path;
}

/* `sh -c SCRIPT SOURCES CACHE ROOT PROGRAM config ...`: the last line of its log is the library. */
int mutate_start_build(struct campaign *campaign, size_t index)
{
    static const char script[] =
        "sources=$(realpath \"$0\") cache=$(realpath -m \"$1\") root=$2; shift 2; "
        "parameters=$(\"$@\" --rtl) && cd \"$root\" && "
        "RTL_DIR=$sources RTL_CXX=tb/mutants/quick_cxx.sh exec tb/build_rtl.sh \"$cache\" $parameters";
    const struct series *series = &campaign->options->plan->series[campaign->first_series];
    struct chunk *chunk = &campaign->chunks[index];
    const struct mutant **mutants = calloc(chunk->count, sizeof(struct mutant *));
    char **argv = calloc(9 + series->config_options, sizeof(*argv));
    char *sources = chunk_path(campaign, index, ""), *log = chunk_path(campaign, index, ".log"),
         *cache = NULL;
    struct work *work = mutate_free_work(campaign);
    size_t used;
    int failed = -1;

    if (mutants == NULL || argv == NULL || sources == NULL || log == NULL ||
        asprintf(&cache, "%s/rtl", campaign->options->directory) < 0) {
        mutate_out_of_memory();
        goto done;
    }
    for (size_t i = 1; i < chunk->count; i++)
        mutants[i - 1] = chunk->targets[i].mutant;
    if (mutant_sources_write(campaign->list, mutants, chunk->count - 1, sources) != 0)
        goto done;
    used = mutate_add_words(argv, 0,
                            (const char *const[]){"/bin/sh", "-c", script, sources, cache, campaign->root,
                                                  campaign->program, "config", NULL});
    for (size_t i = 0; i < series->config_options; i++)
        argv[used++] = series->options[i];
    chunk->state = CHUNK_BUILDING;
    campaign->builds++;
    work->chunk = index;
    failed = job_pool_start(campaign->pool, &(struct job){.argv = argv, .log = log, .owner = work});
    work->used = !failed;
done:
    free(cache);
    free(sources);
    free(log);
    free(argv);
    free(mutants);
    return failed;
}

/* A chunk that does not build is halved until the mutant is found that is to blame. */
static int split(struct campaign *campaign, size_t index, const char *log)
{
    struct target *targets = campaign->chunks[index].targets;
    size_t count = campaign->chunks[index].count - 1, half = count / 2;

    if (!targets[0].ended) {
        targets[0].ended = true;
        campaign->targets_ended++;
    }
    campaign->chunks[index].ended = count + 1;
    if (count > 1)
        return mutate_add_chunk(campaign, targets + 1, half) |
               mutate_add_chunk(campaign, targets + 1 + half, count - half);
    if (campaign->built == 0) {
        fprintf(stderr, "twinwalk mutate: the RTL does not build, see %s\n", log);
        return -1;
    }
    return mutate_not_buildable(campaign, &targets[1]);
}

/* The last line of a file, to be freed; NULL: there is none. */
static char *last_line(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL, *last = NULL;
    size_t size = 0;

    while (file != NULL && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        free(last);
        last = strdup(line);
    }
    free(line);
    if (file != NULL)
        fclose(file);
    return last;
}

static void remove_sources(const struct campaign *campaign, const char *directory)
{
    for (size_t i = 0; i < campaign->list->sources_count; i++) {
        char *path;

        if (asprintf(&path, "%s/%s", directory, campaign->list->sources[i].name) < 0)
            return;
        unlink(path);
        free(path);
    }
    rmdir(directory);
}

int mutate_end_of_build(struct campaign *campaign, struct work *work, const struct job_end *end)
{
    struct chunk *chunk = &campaign->chunks[work->chunk];
    char *log = chunk_path(campaign, work->chunk, ".log"), *sources = chunk_path(campaign, work->chunk, "");
    int failed = 0;

    work->used = false;
    campaign->builds--;
    chunk->state = CHUNK_READY;
    if (log == NULL || sources == NULL) {
        failed = mutate_out_of_memory();
    } else if (WIFEXITED(end->status) && WEXITSTATUS(end->status) == 0) {
        chunk->library = last_line(log);
        campaign->built++;
        unlink(log);
        failed = chunk->library == NULL ? mutate_out_of_memory() : 0;
    } else {
        failed = split(campaign, work->chunk, log);
    }
    if (sources != NULL && !failed)
        remove_sources(campaign, sources);
    free(sources);
    free(log);
    return failed;
}
