/* SPDX-License-Identifier: Apache-2.0 */
/* What a sweep has computed, and the database that keeps it. */
#ifndef TWINWALK_SWEEP_RESULT_H
#define TWINWALK_SWEEP_RESULT_H

#include <jansson.h>
#include <uthash.h>

#include "sweep_points.h"

enum evaluation_state { EVALUATION_WANTED, EVALUATION_UNDERWAY, EVALUATION_DONE };

/* One thing that is computed, and kept under the digest of all that goes into it. */
struct evaluation {
    char key[DIGEST_TEXT_BYTES];
    enum evaluation_state state;
    bool earlier;      /* taken from the database */
    char kind[16];     /* "": it is there; else of what kind the failure is, as docs/sweeps.md has them */
    char message[256]; /* of the failure */
    json_t *data;      /* statistics, until they are stored; or values by name; NULL: none */
    double *metrics;   /* SWEEP_METRICS of them, from the statistics; NULL: none */
    double instructions;
    double seconds, cpu_seconds;
    long memory_kib;
    unsigned attempts; /* that were begun */
    bool begun;        /* by the job that has it */
    unsigned losses;   /* jobs that ended without coming to it */
};

/* A workload at a point. */
struct sweep_run {
    size_t point, workload;
    bool verified; /* is to be done again in lockstep */
    struct evaluation model, lockstep;
};

/* What an external evaluation says of one configuration, or of all that have the same hardware. */
struct sweep_cost {
    size_t external, run; /* the first of those */
    struct evaluation values;
    UT_hash_handle hh; /* by the key of the values, while they are being found */
};

#define SWEEP_NO_COST SIZE_MAX

struct sweep_results {
    const struct sweep *sweep;
    const struct sweep_points *points;
    const char *path;       /* of the sweep's file */
    const char *program;    /* as the user calls it, for the commands that repeat a run */
    struct sweep_run *runs; /* all workloads of the first point, then of the second, ... */
    size_t run_count;
    struct sweep_cost *costs;
    size_t cost_count;
    size_t
        *cost_of; /* for each run and external evaluation, in that order; SWEEP_NO_COST: no configuration */
};

/* The line for a shell that repeats a run, with this engine; to be freed, NULL: out of memory. */
char *sweep_command(const struct sweep_results *results, const struct sweep_run *run, const char *engine);

/* Takes the metrics from the statistics of a run of the model, and lets go of these. false: out of memory. */
bool evaluation_take_metrics(struct evaluation *evaluation);

struct sweep_db;

/* ---- The table of results, for whoever writes it ---- */

/* A metric of the sweep: one of its own list, or one of an external evaluation. */
struct sweep_column {
    char *name;
    const char *unit, *description, *source; /* counted, measured or external */
    int better;
    size_t metric; /* SWEEP_METRICS: of an external evaluation */
    size_t external;
};

struct sweep_columns {
    struct sweep_column *columns;
    size_t count;
};

/* -1: out of memory. */
int sweep_columns_make(struct sweep_columns *columns, const struct sweep *sweep);
void sweep_columns_free(struct sweep_columns *columns);

/* false: there is no such value. */
bool sweep_value(const struct sweep_results *results, const struct sweep_run *run,
                 const struct sweep_column *column, double *value);

/* "agrees", the kind of its failure, "pending", or "" when it is not wanted. */
const char *sweep_lockstep_text(const struct sweep_run *run);

/* One line for each run. -1 after a message on stderr. */
int sweep_write_csv(const struct sweep_results *results, const char *path);
/* All that the database's tables say. -1 after a message. */
int sweep_write_json(const struct sweep_results *results, struct sweep_db *db, const char *path);

/* ---- The database ---- */

/* NULL after a message on stderr. */
struct sweep_db *sweep_db_open(const char *path);
void sweep_db_close(struct sweep_db *db);

/* The evaluation with the key of *evaluation: 1: filled in; 0: there is none; -1 after a message. */
int sweep_db_find(struct sweep_db *db, struct evaluation *evaluation);

/* The statistics of a run; NULL: there are none. */
json_t *sweep_db_statistics(struct sweep_db *db, const char *key);

/* Begin and end of storing several. -1 after a message. */
int sweep_db_begin(struct sweep_db *db);
int sweep_db_store(struct sweep_db *db, const struct evaluation *evaluation, const char *what);
int sweep_db_commit(struct sweep_db *db);

/* The tables of this sweep, in place of those of the one before. -1 after a message. */
int sweep_db_write_tables(struct sweep_db *db, const struct sweep_results *results);

#endif
