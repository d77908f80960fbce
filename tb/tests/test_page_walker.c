/* SPDX-License-Identifier: Apache-2.0 */
/* page_walker.h's list of transitions, one by one, with entries made by hand; SDM 4.5.4, 4.7, 4.8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "page_walker.h"

enum { ENTRY_ID = 6, ROOT = 0x100, PCID = 3 };

#define TABLE           (ENTRY_P | ENTRY_RW | ENTRY_US | ENTRY_A)
#define VA              0x00007a3c5f6e7123ull
#define FRAME_OF(level) (0x200ull + (level)) /* of the table that an entry of that level points to */

/* Walkers with all that is around them. */
struct rig {
    struct page_walker w;
    struct translation_context context;
    struct mmu_stats stats;
    uint64_t cycle;
};

static struct rig make(unsigned walkers, uint32_t mode)
{
    struct rig rig = {.context = {.root = ROOT,
                                  .mode = MODE_PG | MODE_WP | mode,
                                  .pcid = PCID,
                                  .maxphyaddr = 40,
                                  .gib_pages = true}};
    page_walker_init(&rig.w, walkers);
    return rig;
}

static void start_from(struct rig *rig, unsigned id, unsigned attr, uint64_t va, unsigned level,
                       uint64_t data)
{
    const struct walk_start start = {.id = (uint8_t)id,
                                     .level = (uint8_t)level,
                                     .attr = (uint8_t)attr,
                                     .from_cache = (data & DATA_PFN) != ROOT,
                                     .data = data,
                                     .va = va};
    page_walker_start(&rig->w, page_walker_idle(&rig->w), &start, &rig->stats, rig->cycle);
}

static void start(struct rig *rig, unsigned attr)
{
    start_from(rig, ENTRY_ID, attr, VA, x86_levels(rig->context.mode), ROOT | DATA_RW | DATA_US);
}

/* The next request, taken by memory at once. */
static struct mem_req request(struct rig *rig)
{
    assert_true(page_walker_load(&rig->w));
    assert_true(rig->w.memory_valid);
    rig->w.memory_valid = false;
    return rig->w.memory;
}

static void expect_read(struct rig *rig, uint64_t table, unsigned level)
{
    struct mem_req req = request(rig);
    assert_int_equal(req.addr, x86_entry_address(table, level, VA));
    assert_false(req.exchange);
}

static struct walk_cache_fill respond(struct rig *rig, struct mem_resp response)
{
    return page_walker_respond(&rig->w, &rig->context, &response, &rig->stats, rig->cycle);
}

/* Reads tables with these entry bits from the root down to `level`, which is still to be answered. */
static void walk_down_to(struct rig *rig, unsigned level)
{
    uint64_t table = ROOT;
    for (unsigned at = x86_levels(rig->context.mode); at > level; at--) {
        expect_read(rig, table, at);
        respond(rig, (struct mem_resp){.data = FRAME_OF(at) << 12 | TABLE});
        table = FRAME_OF(at);
    }
    expect_read(rig, table, level);
}

static void expect_fault(struct rig *rig, enum fault_kind fault, unsigned code)
{
    assert_true(rig->w.result_valid);
    assert_int_equal(rig->w.result_id, ENTRY_ID);
    assert_int_equal(rig->w.result_fault, fault);
    assert_int_equal(rig->w.result_code, code);
    assert_int_equal(rig->w.result_tag, 0);
    assert_int_equal(rig->w.result_data, 0);
    assert_int_equal(page_walker_idle(&rig->w), rig->w.all);
}

/* Entries that point to tables fill the walk cache, with the rights of the path so far. */
static void tables_fill_the_walk_cache(void **state)
{
    (void)state;
    for (unsigned levels = 4; levels <= 5; levels++) {
        struct rig rig = make(1, MODE_NXE | (levels == 5 ? MODE_LA57 : 0));
        uint64_t table = ROOT, rights = DATA_RW | DATA_US;
        start(&rig, ACCESS_READ);
        for (unsigned level = levels; level >= 2; level--) {
            uint64_t entry = FRAME_OF(level) << 12 | TABLE;
            if (level == 4) {
                entry &= ~ENTRY_US;
                rights &= ~DATA_US;
            }
            if (level == 3) {
                entry |= ENTRY_NX;
                rights |= DATA_NX;
            }
            if (level == 2) {
                entry &= ~ENTRY_RW;
                rights &= ~DATA_RW;
            }
            expect_read(&rig, table, level);
            struct walk_cache_fill fill = respond(&rig, (struct mem_resp){.data = entry});
            assert_int_equal(fill.level, level);
            assert_int_equal(fill.tag, x86_tag(x86_vpn(VA), PCID, false, PAGE_4K));
            assert_int_equal(fill.data, FRAME_OF(level) | rights);
            assert_false(rig.w.result_valid);
            table = FRAME_OF(level);
        }
        expect_read(&rig, table, 1);
        struct walk_cache_fill fill = respond(&rig, (struct mem_resp){.data = 0x777ull << 12 | TABLE});
        assert_int_equal(fill.level, 0);
        assert_int_equal(rig.w.result_data, 0x777 | DATA_NX);
        assert_int_equal(rig.stats.walker_reads, levels);
    }
}

/* An entry that maps a page ends the walk; global counts with CR4.PGE only (4.10.2.4). */
static void pages(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 3; level++)
        for (unsigned i = 0; i < 4; i++) {
            struct rig rig = make(1, i & 1 ? MODE_PGE : 0);
            uint64_t frame = 0x5ull << 18;
            start(&rig, ACCESS_READ);
            walk_down_to(&rig, level);
            struct walk_cache_fill fill =
                respond(&rig, (struct mem_resp){.data = frame << 12 | TABLE | (level > 1 ? ENTRY_PS : 0) |
                                                        (i & 2 ? ENTRY_G : 0)});
            assert_int_equal(fill.level, 0);
            assert_true(rig.w.result_valid);
            assert_int_equal(rig.w.result_id, ENTRY_ID);
            assert_int_equal(rig.w.result_fault, FAULT_NONE);
            assert_int_equal(rig.w.result_tag, x86_tag(x86_vpn(VA), PCID, i == 3, level - 1));
            assert_int_equal(rig.w.result_data, frame | DATA_RW | DATA_US);
            assert_int_equal(page_walker_idle(&rig.w), 1);
            assert_int_equal(rig.stats.walker_translations[level - 1], 1);
        }
}

/* Clear, reserved or denying: a page fault at whichever level, and nothing is written to memory. */
static void faults(void **state)
{
    static const struct {
        unsigned level, attr, code;
        uint64_t entry;
    } cases[] = {
        {4, ACCESS_READ, 0, 0},
        {3, ACCESS_WRITE, PF_W, ~ENTRY_P},
        {2, ACCESS_READ | ATTR_USER, PF_U, ENTRY_RW | ENTRY_US},
        {1, ACCESS_FETCH | ATTR_USER, PF_U | PF_I, 0},
        {4, ACCESS_READ, PF_P | PF_RSVD, TABLE | ENTRY_PS},
        {2, ACCESS_READ, PF_P | PF_RSVD, TABLE | ENTRY_PS | 1ull << 13},
        {1, ACCESS_WRITE | ATTR_USER, PF_P | PF_W | PF_U | PF_RSVD, TABLE | 1ull << 40 | 5ull << 59},
        {1, ACCESS_WRITE | ATTR_USER, PF_P | PF_W | PF_U, ENTRY_P | ENTRY_US},
        {2, ACCESS_READ | ATTR_USER, PF_P | PF_U, ENTRY_P | ENTRY_PS | ENTRY_RW},
        {3, ACCESS_FETCH, PF_P | PF_I, ENTRY_P | ENTRY_PS | ENTRY_NX},
        {1, ACCESS_WRITE, PF_P | PF_W | PF_PK, TABLE | 5ull << 59},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig rig = make(1, MODE_NXE | MODE_PKE);
        rig.context.pkru = 3u << 10; /* key 5: no access */
        start(&rig, cases[i].attr);
        walk_down_to(&rig, cases[i].level);
        assert_int_equal(respond(&rig, (struct mem_resp){.data = cases[i].entry}).level, 0);
        expect_fault(&rig, FAULT_PAGE, cases[i].code);
        assert_int_equal(rig.stats.walker_faults, 1);
    }
}

/* What a walk from a walk cache finds wrong is looked at once more from the root; then it is a fault. */
static void faults_from_a_walk_cache_are_confirmed(void **state)
{
    static const uint64_t wrong[] = {0, TABLE | 1ull << 45, ENTRY_P | ENTRY_A | ENTRY_RW};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rig rig = make(1, 0);
        start_from(&rig, ENTRY_ID, ACCESS_READ | ATTR_USER, VA, 1, 0x999 | DATA_RW | DATA_US);
        expect_read(&rig, 0x999, 1);
        respond(&rig, (struct mem_resp){.data = wrong[i]});
        assert_false(rig.w.result_valid);
        assert_int_equal(rig.stats.walker_confirmations, 1);
        walk_down_to(&rig, 1);
        respond(&rig, (struct mem_resp){.data = wrong[i]});
        expect_fault(&rig, FAULT_PAGE, PF_U | (i > 0 ? PF_P : 0) | (i == 1 ? PF_RSVD : 0));
        assert_int_equal(rig.stats.walker_confirmations, 1);
    }
}

/* The rights that the walk cache gave count: a table above without W denies, until the root says otherwise.
 */
static void rights_from_a_walk_cache(void **state)
{
    struct rig rig = make(1, 0);

    (void)state;
    start_from(&rig, ENTRY_ID, ACCESS_WRITE, VA, 1, 0x999 | DATA_US);
    expect_read(&rig, 0x999, 1);
    respond(&rig, (struct mem_resp){.data = TABLE | ENTRY_D | 0x555ull << 12});
    walk_down_to(&rig, 1);
    respond(&rig, (struct mem_resp){.data = TABLE | ENTRY_D | 0x555ull << 12});
    assert_int_equal(rig.w.result_fault, FAULT_NONE);
    assert_int_equal(rig.w.result_data, 0x555 | DATA_RW | DATA_US | DATA_D);
}

/* 4.8: A in every entry used, D in the leaf of a write, both in one exchange; then the walk goes on. */
static void accessed_and_dirty(void **state)
{
    (void)state;
    for (unsigned level = 1; level <= 4; level++)
        for (unsigned i = 0; i < 8; i++) {
            bool write = i & 1, leaf = level == 1 || (level < 4 && i & 2), accessed = i & 4;
            uint64_t entry = (ENTRY_P | ENTRY_RW | ENTRY_US) | (accessed ? ENTRY_A : 0) |
                             (leaf && level > 1 ? ENTRY_PS : 0) | 4ull << 30;
            uint64_t desired = entry | ENTRY_A | (write && leaf ? ENTRY_D : 0);
            struct rig rig = make(1, 0);
            start(&rig, write ? ACCESS_WRITE : ACCESS_READ);
            walk_down_to(&rig, level);
            uint64_t addr = rig.w.memory.addr;
            struct walk_cache_fill fill = respond(&rig, (struct mem_resp){.data = entry});
            if (desired != entry) {
                assert_int_equal(fill.level, 0);
                assert_false(rig.w.result_valid);
                struct mem_req req = request(&rig);
                assert_true(req.exchange);
                assert_int_equal(req.addr, addr);
                assert_int_equal(req.expected, entry);
                assert_int_equal(req.desired, desired);
                fill = respond(&rig, (struct mem_resp){.data = entry, .exchanged = 1});
                assert_int_equal(rig.stats.walker_exchanges, 1);
            }
            assert_int_equal(rig.w.result_valid, leaf);
            assert_int_equal(fill.level, leaf ? 0 : level);
            if (leaf)
                assert_int_equal(!!(rig.w.result_data & DATA_D), write);
            else
                expect_read(&rig, 4ull << 18, level - 1);
        }
}

/* An exchange that found the entry changed begins at the root, also where the walk began in a walk cache. */
static void lost_exchange(void **state)
{
    (void)state;
    for (unsigned from_cache = 0; from_cache < 2; from_cache++) {
        struct rig rig = make(1, 0);
        if (from_cache) {
            start_from(&rig, ENTRY_ID, ACCESS_WRITE, VA, 1, 0x999 | DATA_RW | DATA_US);
            expect_read(&rig, 0x999, 1);
        } else {
            start(&rig, ACCESS_WRITE);
            walk_down_to(&rig, 1);
        }
        respond(&rig, (struct mem_resp){.data = TABLE});
        assert_true(request(&rig).exchange);
        respond(&rig, (struct mem_resp){.data = 0});
        assert_false(rig.w.result_valid);
        assert_int_equal(rig.stats.walker_exchanges_lost, 1);
        /* From the root now: what is found is final. */
        walk_down_to(&rig, 1);
        respond(&rig, (struct mem_resp){.data = 0});
        expect_fault(&rig, FAULT_PAGE, PF_W);
        assert_int_equal(rig.stats.walker_confirmations, 0);
    }
}

static void bus_errors(void **state)
{
    (void)state;
    for (unsigned exchange = 0; exchange < 2; exchange++)
        for (unsigned from_cache = 0; from_cache < 2; from_cache++) {
            struct rig rig = make(1, 0);
            start_from(&rig, ENTRY_ID, ACCESS_WRITE, VA, from_cache ? 1 : 4,
                       (from_cache ? 0x999 : ROOT) | DATA_RW | DATA_US);
            if (from_cache)
                expect_read(&rig, 0x999, 1);
            else
                walk_down_to(&rig, 1);
            if (exchange) {
                respond(&rig, (struct mem_resp){.data = TABLE});
                assert_true(request(&rig).exchange);
            }
            respond(&rig, (struct mem_resp){.data = TABLE | ENTRY_D, .error = 1});
            expect_fault(&rig, FAULT_MACHINE_CHECK, 0);
            assert_int_equal(rig.stats.walker_machine_checks, 1);
        }
}

/* A walk without a request in memory is IDLE at once; one with a request drains: its response means nothing.
 */
static void abort_of_walks(void **state)
{
    struct rig rig = make(4, 0);

    (void)state;
    for (unsigned id = 0; id < 4; id++)
        start_from(&rig, id, ACCESS_READ, VA, 4, ROOT | DATA_RW | DATA_US);
    assert_int_equal(request(&rig).tag, 0);
    assert_int_equal(request(&rig).tag, 1);
    rig.cycle += 5;
    page_walker_abort(&rig.w, 1u << 1 | 1u << 2, &rig.stats, rig.cycle);
    assert_int_equal(rig.stats.walker_overtaken, 2);
    assert_int_equal(rig.stats.walker_cycles_lost, 2 * 5);
    assert_int_equal(page_walker_idle(&rig.w), 1u << 2);
    assert_int_equal(page_walker_draining_exchange(&rig.w), 0);
    assert_int_equal(request(&rig).tag, 3);
    assert_false(page_walker_load(&rig.w));

    struct walk_cache_fill fill = respond(&rig, (struct mem_resp){.tag = 1, .data = TABLE});
    assert_int_equal(fill.level, 0);
    assert_false(page_walker_load(&rig.w));
    assert_int_equal(page_walker_idle(&rig.w), 1u << 1 | 1u << 2);
    respond(&rig, (struct mem_resp){.tag = 0, .data = 0});
    assert_true(rig.w.result_valid);
    assert_int_equal(rig.w.result_id, 0);
}

/* Given up with a compare-exchange under way: seen until memory has answered it. */
static void abort_with_an_exchange(void **state)
{
    (void)state;
    for (unsigned taken = 0; taken < 2; taken++) {
        struct rig rig = make(2, 0);
        start(&rig, ACCESS_READ);
        expect_read(&rig, ROOT, 4);
        respond(&rig, (struct mem_resp){.data = ENTRY_P});
        if (taken)
            assert_true(request(&rig).exchange);
        page_walker_abort(&rig.w, 1u << ENTRY_ID, &rig.stats, rig.cycle);
        assert_int_equal(page_walker_draining_exchange(&rig.w), taken);
        if (taken) {
            respond(&rig, (struct mem_resp){.data = ENTRY_P, .exchanged = 1});
            assert_int_equal(page_walker_draining_exchange(&rig.w), 0);
        }
        assert_false(rig.w.result_valid);
        assert_int_equal(page_walker_idle(&rig.w), 3);
        start(&rig, ACCESS_READ);
        expect_read(&rig, ROOT, 4); /* a read: nothing is left of the exchange */
    }
}

/* One request register: each of those that want it in turn, and none while it is occupied. */
static void request_register_is_shared(void **state)
{
    struct rig rig = make(3, 0);

    (void)state;
    for (unsigned id = 0; id < 3; id++)
        start_from(&rig, id, ACCESS_READ, VA, 4, ROOT | DATA_RW | DATA_US);
    assert_int_equal(page_walker_idle(&rig.w), 0);
    assert_true(page_walker_load(&rig.w));
    assert_false(page_walker_load(&rig.w));
    rig.w.memory_valid = false;
    respond(&rig, (struct mem_resp){.tag = 0, .data = 0x200000 | TABLE});
    for (unsigned turn = 1; turn < 10; turn++) {
        unsigned tag = request(&rig).tag;
        assert_int_equal(tag, turn % 3);
        respond(&rig, (struct mem_resp){.tag = (uint8_t)tag, .data = 0x200000 | (turn < 7 ? TABLE : 0)});
    }
    assert_int_equal(page_walker_idle(&rig.w), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_fill_the_walk_cache),
        cmocka_unit_test(pages),
        cmocka_unit_test(faults),
        cmocka_unit_test(faults_from_a_walk_cache_are_confirmed),
        cmocka_unit_test(rights_from_a_walk_cache),
        cmocka_unit_test(accessed_and_dirty),
        cmocka_unit_test(lost_exchange),
        cmocka_unit_test(bus_errors),
        cmocka_unit_test(abort_of_walks),
        cmocka_unit_test(abort_with_an_exchange),
        cmocka_unit_test(request_register_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
