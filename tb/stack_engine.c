/* SPDX-License-Identifier: Apache-2.0 */
#include "stack_engine.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "bench.h"
#include "table_builder.h"
#include "trace_map.h"

enum { EXIT_BAD_INPUT = 2, EXIT_NO_MEMORY = 3, CACHE_BITS = 13, LEVELS = 4, REGION_SHIFT = 21 };

/* The number of a page; every page that is looked up has one. */
struct page {
    uint64_t key; /* page number and size */
    uint32_t id;
    UT_hash_handle hh;
};

/* What the page tables say of a 4 KiB part of the address space. */
struct translation {
    uint64_t page; /* plus one */
    uint32_t id;   /* 0: not mapped */
    bool huge, write, execute;
};

struct stack_engine {
    struct stack_run *run;
    struct trace_reader *reader;
    struct phys_mem *phys;
    struct trace_map *map;
    struct page *pages; /* by key */
    uint32_t last_id;
    const struct translation
        *last[STACK_SIDES]; /* of the last access, if another one like it only repeats it */
    struct translation cache[1 << CACHE_BITS];
    struct trace_access block[TRACE_BLOCK];
};

static uint64_t page_key(uint64_t va, bool huge)
{
    return (huge ? va >> REGION_SHIFT : va >> TRACE_PAGE_SHIFT) << 1 | huge;
}

/* The number of the page, made if there is none yet; 0 if memory is short. */
static uint32_t number_page(struct stack_engine *engine, uint64_t key)
{
    struct page *page;
    HASH_FIND(hh, engine->pages, &key, sizeof(key), page);
    if (page)
        return page->id;
    page = calloc(1, sizeof(*page));
    if (!page)
        return 0;
    page->key = key;
    page->id = ++engine->last_id;
    HASH_ADD(hh, engine->pages, key, sizeof(page->key), page);
    return page->id;
}

/* The leaf that maps va, 0 if none does. */
static uint64_t leaf_of(const struct stack_engine *engine, uint64_t va, bool *huge)
{
    uint64_t root = trace_map_root(engine->map), leaf;
    uint64_t at = table_builder_entry(engine->phys, root, LEVELS, va, 2);
    *huge = false;
    if (at == TABLE_NO_ENTRY)
        return 0;
    leaf = phys_mem_read64(engine->phys, at);
    *huge = leaf & ENTRY_PS;
    if (leaf & ENTRY_P && !*huge)
        leaf = phys_mem_read64(engine->phys, table_builder_entry(engine->phys, root, LEVELS, va, 1));
    return leaf & ENTRY_P ? leaf : 0;
}

/* NULL: memory is short. */
static const struct translation *translate(struct stack_engine *engine, uint64_t va)
{
    uint64_t page = va >> TRACE_PAGE_SHIFT;
    struct translation *t = &engine->cache[page & ((1 << CACHE_BITS) - 1)];
    if (t->page == page + 1)
        return t;
    bool huge;
    uint64_t leaf = leaf_of(engine, va, &huge);
    uint32_t id = number_page(engine, page_key(va, huge));
    if (id == 0)
        return NULL;
    *t = (struct translation){.page = page + 1,
                              .id = leaf ? id : 0,
                              .huge = huge,
                              .write = leaf & ENTRY_RW,
                              .execute = !(leaf & ENTRY_NX)};
    return t;
}

static void forget_translations(struct stack_engine *engine)
{
    memset(engine->cache, 0, sizeof(engine->cache));
    memset(engine->last, 0, sizeof(engine->last));
}

static void drop_page(struct stack_engine *engine, uint64_t va, bool huge)
{
    uint64_t key = page_key(va, huge);
    struct page *page;
    HASH_FIND(hh, engine->pages, &key, sizeof(key), page);
    for (unsigned side = 0; page && side < STACK_SIDES; side++) {
        stack_sim_drop(engine->run->sims[side][huge ? STACK_2M : STACK_4K], page->id, key >> 1);
        stack_sim_drop(engine->run->sims[side][STACK_ALL], page->id, 0);
    }
}

/* As the player of a trace and the MMU do it. */
static void change_mappings(struct stack_engine *engine)
{
    struct op_req ops[TRACE_MAP_MOST_OPS];
    const struct trace_reader *reader = engine->reader;
    if (reader->change_count == 0)
        return;
    forget_translations(engine);
    if (!trace_map_is_touched(engine->map, reader->changes, reader->change_count))
        return;
    unsigned count = trace_map_change(engine->map, reader->changes, reader->change_count, ops);
    for (unsigned i = 0; i < count; i++) {
        if (ops[i].op == OP_INVLPG) {
            drop_page(engine, ops[i].va, false);
            drop_page(engine, ops[i].va, true);
            continue;
        }
        for (unsigned side = 0; side < STACK_SIDES; side++)
            for (unsigned pages = 0; pages < STACK_PAGES; pages++)
                stack_sim_clear(engine->run->sims[side][pages]);
    }
}

/* SDM 4.6, with CR0.WP, SMEP and SMAP clear, as they are after reset. */
static bool is_allowed(const struct translation *t, uint8_t attr)
{
    if ((attr & ATTR_KIND) == ACCESS_WRITE)
        return t->write || !(attr & ATTR_USER);
    return (attr & ATTR_KIND) != ACCESS_FETCH || t->execute;
}

/* false: memory is short. */
static bool play_access(struct stack_engine *engine, const struct trace_access *access)
{
    struct stack_run *run = engine->run;
    uint64_t va = access->va;
    enum stack_side side = (access->attr & ATTR_KIND) == ACCESS_FETCH ? STACK_FETCHES : STACK_DATA;
    const struct translation *last = engine->last[side];
    if (last && last->page == (va >> TRACE_PAGE_SHIFT) + 1 && is_allowed(last, access->attr)) {
        stack_sim_repeat(run->sims[side][last->huge ? STACK_2M : STACK_4K], 1);
        stack_sim_repeat(run->sims[side][STACK_ALL], 1);
        return true;
    }
    if ((uint64_t)((int64_t)(va << 16) >> 16) != va) {
        run->non_canonical++;
        return true;
    }
    const struct translation *t = translate(engine, va);
    if (!t)
        return false;
    struct stack_sim *sim = run->sims[side][t->huge ? STACK_2M : STACK_4K];
    struct stack_sim *all = run->sims[side][STACK_ALL];
    uint64_t page = t->huge ? va >> REGION_SHIFT : va >> TRACE_PAGE_SHIFT;
    if (t->id && is_allowed(t, access->attr)) {
        stack_sim_access(sim, t->id, page);
        stack_sim_access(all, t->id, 0);
        engine->last[side] = t;
        return true;
    }
    /* A fault drops the page everywhere. The number of a page that is not mapped is nowhere. */
    uint32_t id = t->id ? t->id : UINT32_MAX;
    run->faults++;
    stack_sim_refuse(sim, id, page);
    stack_sim_refuse(all, id, 0);
    if (t->id)
        drop_page(engine, va, t->huge);
    memset(engine->last, 0, sizeof(engine->last));
    return true;
}

static int no_memory(const struct stack_run *run)
{
    fprintf(stderr, "%s: out of memory\n", run->trace);
    return EXIT_NO_MEMORY;
}

static int play(struct stack_engine *engine)
{
    struct stack_run *run = engine->run;
    uint64_t most = run->accesses ? run->accesses : UINT64_MAX;
    ssize_t got;
    while (run->done < most && (got = trace_reader_read(engine->reader, engine->block, TRACE_BLOCK)) != 0) {
        if (got < 0)
            return EXIT_BAD_INPUT;
        size_t count = (uint64_t)got < most - run->done ? (size_t)got : (size_t)(most - run->done);
        change_mappings(engine);
        const char *wrong = trace_map_touch(engine->map, engine->block, count);
        if (wrong) {
            fprintf(stderr, "%s: %s\n", run->trace, wrong);
            return EXIT_BAD_INPUT;
        }
        for (size_t i = 0; i < count; i++)
            if (!play_access(engine, &engine->block[i]))
                return no_memory(run);
        run->done += count;
        if (run->progress)
            run->progress(run);
    }
    run->instructions = engine->reader->instructions;
    return 0;
}

static bool create_sims(struct stack_run *run)
{
    bool good = true;
    for (unsigned side = 0; side < STACK_SIDES; side++)
        for (unsigned pages = 0; pages < STACK_PAGES; pages++) {
            run->sims[side][pages] = stack_sim_create(pages == STACK_ALL ? 0 : STACK_SET_BITS);
            good = good && run->sims[side][pages];
        }
    return good;
}

static void close_engine(struct stack_engine *engine)
{
    struct page *page = engine->pages;
    HASH_CLEAR(hh, engine->pages); /* frees its table; the pages are still chained */
    while (page) {
        struct page *next = page->hh.next;
        free(page);
        page = next;
    }
    trace_map_destroy(engine->map);
    phys_mem_destroy(engine->phys);
    trace_reader_close(engine->reader);
    free(engine);
}

int stack_run(struct stack_run *run)
{
    struct stack_engine *engine = calloc(1, sizeof(*engine));
    if (!engine)
        return no_memory(run);
    engine->run = run;
    engine->reader = trace_reader_open(run->trace);
    int code = EXIT_BAD_INPUT;
    if (engine->reader) {
        engine->phys = phys_mem_create();
        const struct stimulus_env env = {
            .params = run->params, .bench = run->bench, .phys = engine->phys, .seed = run->seed};
        engine->map = engine->phys ? trace_map_create(&env, engine->reader) : NULL;
        double start = bench_user_seconds();
        code = engine->map && create_sims(run) ? play(engine) : no_memory(run);
        run->seconds = bench_user_seconds() - start;
    }
    close_engine(engine);
    return code;
}

void stack_run_free(struct stack_run *run)
{
    for (unsigned side = 0; side < STACK_SIDES; side++)
        for (unsigned pages = 0; pages < STACK_PAGES; pages++) {
            stack_sim_destroy(run->sims[side][pages]);
            run->sims[side][pages] = NULL;
        }
}
