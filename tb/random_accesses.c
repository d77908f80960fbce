/* SPDX-License-Identifier: Apache-2.0 */
#include "random_accesses.h"

#include "bench_params.h"

enum { REPEATED = 6 /* of 16 accesses go to a page that one of the last few went to */ };

static uint32_t fill_attrs(struct random_accesses *accesses, uint32_t at, uint64_t part, uint64_t whole,
                           uint8_t attr)
{
    uint32_t count = (uint32_t)(part * RANDOM_ATTRS / whole);
    if (part && !count)
        count = 1;
    while (count-- && at < RANDOM_ATTRS)
        accesses->attrs[at++] = attr;
    return at;
}

static void set_attrs(struct random_accesses *accesses)
{
    const struct bench_params *bench = accesses->tables->env->bench;
    uint64_t implicit_write = bench->random.weight_implicit_write;
    uint64_t kinds = bench->random.weight_read + bench->random.weight_write + bench->random.weight_implicit +
                     implicit_write;
    uint64_t user = bench->random.weight_user;
    uint64_t modes = user + bench->random.weight_supervisor;
    uint64_t whole = kinds * modes;
    uint32_t at = 0;

    at = fill_attrs(accesses, at, bench->random.weight_implicit * modes, whole, ACCESS_READ | ATTR_IMPLICIT);
    at = fill_attrs(accesses, at, implicit_write * modes, whole, ACCESS_WRITE | ATTR_IMPLICIT);
    at = fill_attrs(accesses, at, bench->random.weight_write * user, whole, ACCESS_WRITE | ATTR_USER);
    at = fill_attrs(accesses, at, bench->random.weight_write * (modes - user), whole, ACCESS_WRITE);
    at = fill_attrs(accesses, at, bench->random.weight_read * (modes - user), whole, ACCESS_READ);
    at = fill_attrs(accesses, at, bench->random.weight_read * user, whole, ACCESS_READ | ATTR_USER);
    for (uint32_t i = 0; at < RANDOM_ATTRS; i++) /* lost in rounding */
        accesses->attrs[at++] = accesses->attrs[i];
}

void random_accesses_open(struct random_accesses *accesses, const struct random_tables *tables,
                          struct random_source *source)
{
    *accesses = (struct random_accesses){.tables = tables, .source = source};
    random_gaps_set(&accesses->non_canonical_gaps, tables->env->bench->random.non_canonical);
    accesses->until_non_canonical = random_gap(&accesses->non_canonical_gaps, source, random_u64(source));
    set_attrs(accesses);
}

void random_accesses_start_phase(struct random_accesses *accesses, const struct random_pages *pages)
{
    static const uint8_t kinds[20] = {
        PHASE_QUIET, PHASE_QUIET, PHASE_QUIET,  PHASE_QUIET,   PHASE_BURST,   PHASE_BURST,   PHASE_BURST,
        PHASE_BURST, PHASE_BURST, PHASE_STRIDE, PHASE_STRIDE,  PHASE_STRIDE,  PHASE_WIDE,    PHASE_WIDE,
        PHASE_WIDE,  PHASE_WIDE,  PHASE_WIDE,   PHASE_CHANGED, PHASE_CHANGED, PHASE_CHANGED,
    };
    accesses->phase = kinds[random_below(accesses->source, 20)];
    accesses->phases[accesses->phase]++;
    accesses->first = random_below(accesses->source, pages->count);
    accesses->pages = 1 + random_below(accesses->source, 6);
    accesses->step = 0;
    accesses->step_shift = random_below(accesses->source, 4);
}

void random_accesses_leave(struct random_accesses *accesses, const struct random_pages *pages)
{
    accesses->first = random_below(accesses->source, pages->count);
    accesses->hot_left = 0;
}

void random_accesses_changed(struct random_accesses *accesses, uint64_t va)
{
    if (!accesses->changed_count) {
        for (unsigned i = 0; i < RANDOM_CHANGED; i++)
            accesses->changed[i] = va;
    }
    accesses->changed[accesses->changed_count++ % RANDOM_CHANGED] = va;
    accesses->hot_va = va;
    if (random_chance(accesses->source, 400))
        accesses->hot_left = random_below(accesses->source, 8);
}

uint64_t random_accesses_recent(struct random_accesses *accesses)
{
    uint32_t kept = accesses->recent_count < RANDOM_RECENT ? accesses->recent_count : RANDOM_RECENT;
    return kept ? accesses->recent[random_below(accesses->source, kept)] : 0;
}

static uint64_t phase_page(struct random_accesses *accesses, const struct random_pages *pages, uint32_t draw)
{
    uint32_t index;

    switch (accesses->phase) {
    case PHASE_CHANGED:
        if (accesses->changed_count)
            return accesses->changed[draw & (RANDOM_CHANGED - 1)] & ~0xfffull;
        index = draw % pages->count;
        break;
    case PHASE_BURST:
        index = accesses->first + draw % accesses->pages;
        break;
    case PHASE_STRIDE:
        index = accesses->first + (accesses->step++ >> accesses->step_shift);
        break;
    default:
        index = (uint32_t)(((uint64_t)draw * pages->count) >> 20);
        break;
    }
    return pages->va[index < pages->count ? index : index % pages->count];
}

/* Keeps most accesses from what is forbidden to all of their kind. */
static uint8_t tame(uint8_t attr, bool upper, uint64_t draw)
{
    bool user = attr & ATTR_USER;
    if (user && upper && (draw & 15))
        attr &= (uint8_t)~ATTR_USER; /* the upper half is the supervisor's */
    if (!user && !upper && (attr & ATTR_KIND) == ACCESS_FETCH && (draw & 7))
        attr |= ATTR_USER; /* SMEP */
    if (draw >> 4 & 3)
        attr |= ATTR_AC; /* SMAP */
    return attr;
}

uint64_t random_accesses_next(struct random_accesses *accesses, const struct random_pages *pages,
                              unsigned port, struct access_req *req)
{
    uint64_t draw = random_u64(accesses->source);
    uint64_t page;
    unsigned size = PAGE_4K;
    if (accesses->hot_left) {
        accesses->hot_left--;
        page = accesses->hot_va;
    } else if ((draw >> 40 & 15) < REPEATED && accesses->recent_count >= RANDOM_RECENT) {
        page = accesses->recent[(accesses->recent_count - 1 - (draw >> 44 & 3)) % RANDOM_RECENT];
    } else {
        page = phase_page(accesses, pages, (uint32_t)(draw >> 44));
        size = page & 3;
    }
    uint64_t va = (page & ~0xfffull) | (draw >> 10 & 0xfff);
    if (size)
        va |= random_u64(accesses->source) & ((4096ull << 9 * size) - 1);

    uint8_t attr = accesses->attrs[draw >> 22 & (RANDOM_ATTRS - 1)];
    if (port == MMU_PORT_FETCH)
        attr = (attr & ATTR_USER) | ACCESS_FETCH;
    attr = tame(attr, va >> 63, draw >> 34);
    if (accesses->until_non_canonical-- == 0) {
        unsigned lowest = accesses->tables->levels == 5 ? 56 : 47;
        uint64_t other = random_u64(accesses->source);
        va ^= 1ull << (lowest + other % (64 - lowest));
        accesses->until_non_canonical =
            random_gap(&accesses->non_canonical_gaps, accesses->source, other >> 32);
    } else {
        accesses->recent[accesses->recent_count++ % RANDOM_RECENT] = va;
    }
    *req = (struct access_req){.va = va, .attr = attr};
    accesses->count++;
    return draw;
}
