/* SPDX-License-Identifier: Apache-2.0 */
/* A trace played against an MMU that is none. After cmocka.h. */
#ifndef TWINWALK_TRACE_PLAY_RIG_H
#define TWINWALK_TRACE_PLAY_RIG_H

#include <stdlib.h>

#include "bench_params.h"
#include "fake_mmu.h"
#include "table_builder.h"

struct run {
    struct mmu_params params;
    struct bench_params bench;
    struct stimulus_env env;
    struct stimulus stimulus;
    struct fake_mmu fake;
};

/* Ports are ready as the bits of `ready` say. Ends the test when the trace cannot be opened. */
static inline struct run *open_run(const char *name, uint8_t ready, uint32_t huge_pages,
                                   enum trace_huge_where where, const struct image *image)
{
    struct run *run = calloc(1, sizeof(*run));
    assert_non_null(run);
    mmu_params_default(&run->params);
    bench_params_default(&run->bench);
    run->bench.trace.huge_pages = huge_pages;
    run->bench.trace.huge_where = where;
    run->env = (struct stimulus_env){.params = &run->params,
                                     .bench = &run->bench,
                                     .phys = phys_mem_create(),
                                     .image = image,
                                     .seed = 1,
                                     .max_accesses = UINT64_MAX};
    fake_mmu_init(&run->fake, ready);
    assert_int_equal(trace_open(name, &run->env, &run->stimulus), 0);
    return run;
}

static inline void close_run(struct run *run)
{
    run->stimulus.destroy(run->stimulus.self);
    phys_mem_destroy(run->env.phys);
    free(run);
}

/* The entry for va in the tables that the first operation, a write of CR3, led to; 0: there is none. */
static inline uint64_t leaf(const struct run *run, uint64_t va, unsigned level)
{
    uint64_t at = table_builder_entry(run->env.phys, run->fake.log[0].value, 4, va, level);
    return at == TABLE_NO_ENTRY ? 0 : phys_mem_read64(run->env.phys, at);
}

#endif
