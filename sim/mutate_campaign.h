/* SPDX-License-Identifier: Apache-2.0 */
/* Private to mutate_run.c and mutate_build.c: a campaign under way. */
#ifndef TWINWALK_MUTATE_CAMPAIGN_H
#define TWINWALK_MUTATE_CAMPAIGN_H

#include "job_pool.h"
#include "mutate_run.h"
#include "regress_digest.h"
#include "regress_result.h"

enum chunk_state { CHUNK_WANTED, CHUNK_BUILDING, CHUNK_READY };

/* One mutant of a chunk, or none (mutant NULL): its next run is of `series` with `seed`. */
struct target {
    const struct mutant *mutant;
    struct mutant_outcome *outcome;
    size_t series;
    uint64_t seed;
    unsigned number; /* in the build */
    bool running, ended;
    size_t chunk;
};

/* One build. */
struct chunk {
    enum chunk_state state;
    struct target *targets; /* the first is without a mutant */
    size_t count, ended;
    char *library; /* once it is ready */
};

struct work {
    bool used;
    struct target *target; /* NULL: the build of a chunk */
    size_t chunk;
    struct run_result result;
};

struct campaign {
    const struct mutate_options *options;
    const struct mutant_list *list;
    const struct mutant *const *mutants;
    struct mutant_outcome *outcomes;
    size_t count;
    struct result_db *db;
    struct job_pool *pool;
    struct work *work;
    uint8_t program_digest[DIGEST_BYTES];
    char *program, *root; /* of the program itself, and of the project */
    /* the stage */
    size_t first_series, end_series;
    unsigned stage, stages, builds, built;
    struct chunk *chunks;
    size_t chunks_count;
    size_t caught, targets, targets_ended;
    double stage_start, shown;
};

int mutate_out_of_memory(void);

/* Puts words, with NULL at their end, behind the `used` ones that argv has; returns how many it has then. */
size_t mutate_add_words(char **argv, size_t used, const char *const *words);

/* A place for a job that is to be started. */
struct work *mutate_free_work(struct campaign *campaign);

/* A new chunk of these targets. -1 after a message. */
int mutate_add_chunk(struct campaign *campaign, const struct target *targets, size_t count);
void mutate_free_chunks(struct campaign *campaign);

/* Starts the job that builds a chunk; what comes of it. -1 after a message. */
int mutate_start_build(struct campaign *campaign, size_t index);
int mutate_end_of_build(struct campaign *campaign, struct work *work, const struct job_end *end);

/* The mutant of the target is the reason why its chunk does not build. -1 after a message. */
int mutate_not_buildable(struct campaign *campaign, struct target *target);

#endif
