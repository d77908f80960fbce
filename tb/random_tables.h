/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address spaces of the random stimulus: page tables in physical memory
 * that change under the walkers. Every change is one that an operating system
 * could make, or the result of a wild write; none of them invalidates anything.
 */
#ifndef TWINWALK_RANDOM_TABLES_H
#define TWINWALK_RANDOM_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "random_source.h"
#include "stimulus.h"

enum table_change {
    CHANGE_MAP,
    CHANGE_UNMAP,
    CHANGE_PERMISSION,
    CHANGE_CLEAR_AD,
    CHANGE_PROMOTE,
    CHANGE_SPLIT,
    CHANGE_ALIAS,
    CHANGE_CORRUPT,
    CHANGE_POISON, /* not a write: the next read of an entry ends in a bus error */
    CHANGE_COUNT
};

enum {
    RANDOM_MAX_SPACES = 65, /* the image's beside address_spaces of its own */
    RANDOM_MAX_UNDOS = 64,
    RANDOM_ISLANDS = 3,
    RANDOM_MAX_TABLES = 4096,
};

struct random_space {
    uint64_t root; /* physical address */
    uint16_t pcid;
    bool image;
};

/* Addresses to access; of an image, bits 1:0 hold the enum page_size of the leaf. */
struct random_pages {
    uint64_t *va;
    uint32_t count;
};

/* A word that gets an older value back. */
struct random_undo {
    uint64_t due, addr, value;
};

/* A word outside our tables that was made to lead to one of them. */
struct random_foreign {
    uint64_t addr, before;
};

/* Frames of table pages [first, first + count). */
struct random_island {
    uint64_t first;
    uint32_t count;
};

struct random_tables {
    const struct stimulus_env *env;
    struct random_source *source;
    struct phys_mem *phys;
    unsigned levels; /* 4 or 5 */
    unsigned maxphyaddr;
    bool gib_pages;

    struct random_space spaces[RANDOM_MAX_SPACES];
    unsigned space_count;
    struct random_pages own, image;

    struct random_island islands[RANDOM_ISLANDS];
    uint64_t free_tables[RANDOM_MAX_TABLES]; /* ring of physical addresses */
    uint32_t free_head, free_count;
    struct random_foreign foreign[RANDOM_MAX_TABLES];
    uint32_t foreign_count;

    struct random_undo undos[RANDOM_MAX_UNDOS];
    unsigned undo_count;
    uint64_t next_undo; /* cycle; UINT64_MAX: none */
    uint64_t cycle;     /* of the change being made */
    uint64_t changes[CHANGE_COUNT];
};

/* What the walk of an address meets: entries from the root down to the last one that can be read. */
struct random_path {
    unsigned last;              /* lowest level read: levels .. 1 */
    bool present;               /* the last one is */
    bool leaf;                  /* and it maps a page */
    uint64_t addr[6], value[6]; /* by level */
};

/*
 * Sets up the spaces in env->phys: that of the image if there is one, then
 * those of its own. levels: 4 or 5. -1 when memory is short. `env` and `source`
 * must outlive the tables.
 */
int random_tables_open(struct random_tables *tables, const struct stimulus_env *env,
                       struct random_source *source, unsigned levels);
void random_tables_close(struct random_tables *tables);

/* Collects the leaf pages of the image's tables, at most 100,000, evenly chosen. -1: memory is short. */
int random_image_pages(struct random_tables *tables, uint64_t root);

/* Where an address of the space leads now. */
void random_tables_walk(const struct random_tables *tables, const struct random_space *space, uint64_t va,
                        struct random_path *path);

/* An enum page_size, chosen as new mappings choose it. */
unsigned random_tables_size(struct random_tables *tables);

/* Maps the page of that size around va, whatever was there; mends broken entries above it. */
void random_tables_map(struct random_tables *tables, const struct random_space *space, uint64_t va,
                       unsigned size);

/* Makes a change to what va means. Where that change is impossible, maps the page. */
void random_tables_change(struct random_tables *tables, const struct random_space *space, uint64_t va,
                          enum table_change change, uint64_t cycle);

/* Takes back the changes that are due. */
void random_tables_undo(struct random_tables *tables, uint64_t cycle);

/* For the files of this part. */

/* Sets aside the pages for tables. */
void random_pool_open(struct random_tables *tables);
/* A zeroed one. When all are in use, a part of what is mapped is unmapped. */
uint64_t random_tables_take(struct random_tables *tables);
/* Gives it back, if it is one of ours. */
void random_tables_release(struct random_tables *tables, uint64_t table);
bool random_tables_is_own(const struct random_tables *tables, uint64_t table);

/* Every write of the stimulus goes through here. */
void random_tables_write(struct random_tables *tables, uint64_t addr, uint64_t value);

/* A random leaf entry for va, and a random physical address of a page. */
uint64_t random_tables_leaf(struct random_tables *tables, uint64_t va, unsigned size);
uint64_t random_tables_frame(struct random_tables *tables, unsigned size);

/* A page in use, 4 KiB aligned. */
uint64_t random_tables_any_page(struct random_tables *tables, const struct random_space *space);

#endif
