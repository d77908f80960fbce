/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RTL's arrays and x86 functions against their C twins, every cycle, under
 * random lookups, fills and invalidations: what lookups answer, and all state.
 * Speaks TAP. Arguments: number of cycles, seed.
 */
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "Vrtl_arrays.h"
#include "Vrtl_arrays___024root.h"
#include "rtl_array_pair.h"

extern "C" {
#include "l1_tlb.h"
#include "l2_tlb.h"
#include "random_source.h"
#include "walk_cache.h"
#include "x86.h"
}

namespace
{

/* The data word of a port: a flat vector has one in each 64 bits. */
uint64_t data_word(const void *vector, unsigned port)
{
    return bits(vector, port * 64, 64);
}

/* Addresses and PCIDs that meet often, in all parts of the address. */
class key_source
{
  public:
    explicit key_source(uint64_t seed)
    {
        random_seed(&random, seed);
        for (uint64_t &page : recent)
            page = any_page();
    }

    uint32_t below(uint32_t n)
    {
        return random_below(&random, n);
    }

    bool chance(uint32_t per_mille)
    {
        return random_chance(&random, per_mille);
    }

    uint64_t word()
    {
        return random_u64(&random);
    }

    uint64_t page()
    {
        if (chance(100))
            recent[below(recent_pages)] = any_page();
        return chance(20) ? word() & TAG_VPN : recent[below(recent_pages)];
    }

    unsigned pcid()
    {
        static const uint16_t pcids[] = {0, 1, 0xfff, 0x801};
        return pcids[chance(700) ? 0 : below(4)];
    }

  private:
    static constexpr unsigned recent_pages = 40;
    random_source random;
    uint64_t recent[recent_pages] = {};

    uint64_t any_page()
    {
        uint64_t page = below(64);
        for (unsigned level = 1; level < 5; level++)
            page |= (uint64_t)(chance(500) ? 0 : below(5)) << 9 * level;
        return page;
    }
};

struct l1_pair {
    unsigned ports;
    l1_geometry geometry;
    l1_tlb c;
    l1_hit hits[3];
    const void *hit, *size, *data;
    verdict block;
};

struct l2_pair {
    l2_geometry geometry;
    l2_tlb c;
    const uint8_t *hit;
    const uint64_t *tag, *data;
    verdict block;
};

struct walk_pair {
    mmu_params params;
    walk_cache c;
    const uint8_t *level;
    const uint64_t *data;
    verdict block;
};

class bench
{
  public:
    bench(uint64_t seed) : keys(seed)
    {
        build();
    }

    ~bench()
    {
        for (l1_pair &pair : l1)
            l1_tlb_free(&pair.c);
        for (l2_pair &pair : l2)
            l2_tlb_free(&pair.c);
        for (walk_pair &pair : walk)
            walk_cache_free(&pair.c);
        top.final();
    }

    bool run(uint64_t cycles);

  private:
    key_source keys;
    Vrtl_arrays top;
    l1_pair l1[8];
    l2_pair l2[5];
    walk_pair walk[3];
    verdict x86 = {"x86_pkg"};
    std::vector<array_pair> arrays;
    uint64_t cycle = 0;

    void build();
    void drive();
    void drive_x86();
    void check_x86();
    void step_l1();
    void step_l2();
    void step_walk();
};

/* A member of the Verilated model. */
#define RTL(path) (top.rootp->rtl_arrays__DOT__##path)

#define ARRAY(pair, array, rtl)                                                                              \
    arrays.push_back({&(pair).block, #rtl, &(pair).c.array, &RTL(rtl##__DOT__tag_q)[0],                      \
                      &RTL(rtl##__DOT__data_q)[0], &RTL(rtl##__DOT__valid_q),                                \
                      &RTL(rtl##__DOT__repl__DOT__repl_q)[0], sizeof(RTL(rtl##__DOT__repl__DOT__repl_q)[0]), \
                      &RTL(rtl##__DOT__repl__DOT__lfsr_q), &RTL(rtl##__DOT__digest_q)})

#define L1(n, ports_, unified_, s4, w4, s2, w2, s1, w1, policy_)                                             \
    l1[n].ports = (ports_);                                                                                  \
    l1[n].geometry = {unified_, {s4, s2, s1}, {w4, w2, w1}, policy_};                                        \
    l1[n].hit = &RTL(l1_##n##_hit);                                                                          \
    l1[n].size = &RTL(l1_##n##_size);                                                                        \
    l1[n].data = &RTL(l1_##n##_data);                                                                        \
    l1[n].block.name = "l1_tlb: " #ports_ " ports, " #w4 ", " #w2 ", " #w1 " ways, " #policy_;               \
    ARRAY(l1[n], array[0], l1_##n##__DOT__array_4k)

#define L1_2M(n) ARRAY(l1[n], array[1], l1_##n##__DOT__gen_2m__DOT__array_2m)
#define L1_1G(n) ARRAY(l1[n], array[2], l1_##n##__DOT__gen_1g__DOT__array_1g)

#define L2(n, s4, w4, shared, s2, w2, w1, policy_)                                                           \
    l2[n].geometry = {shared, {s4, s2, 1}, {w4, w2, w1}, policy_};                                           \
    l2[n].hit = &RTL(l2_##n##_hit);                                                                          \
    l2[n].tag = &RTL(l2_##n##_tag);                                                                          \
    l2[n].data = &RTL(l2_##n##_data);                                                                        \
    l2[n].block.name = "l2_tlb: " #s4 " sets, " #w4 " ways, " #policy_;                                      \
    ARRAY(l2[n], array[0], l2_##n##__DOT__array_4k)

#define L2_2M(n) ARRAY(l2[n], array[1], l2_##n##__DOT__gen_2m__DOT__array_2m)
#define L2_1G(n) ARRAY(l2[n], array[2], l2_##n##__DOT__gen_1g__DOT__array_1g)

#define WALK(n, s2, w2, s3, w3, s4, w4, s5, w5, policy_)                                                     \
    walk[n].params.walk_cache = {s5, w5, s4, w4, s3, w3, s2, w2, policy_};                                   \
    walk[n].level = &RTL(walk_##n##_level);                                                                  \
    walk[n].data = &RTL(walk_##n##_data);                                                                    \
    walk[n].block.name = "walk_cache: " #w2 ", " #w3 ", " #w4 ", " #w5 " ways, " #policy_

#define WALK_LEVEL(n, level)                                                                                 \
    ARRAY(walk[n], array[level - 2],                                                                         \
          walk_##n##__DOT__gen_level__BRA__##level##__KET____DOT__gen_cache__DOT__cache)

void bench::build()
{
    /* The same table is in rtl_arrays.sv. */
    L1(0, 3, false, 4, 6, 2, 3, 1, 5, POLICY_PLRU);
    L1_2M(0);
    L1_1G(0);
    L1(1, 3, true, 1, 72, 1, 8, 1, 4, POLICY_PLRU);
    L1(2, 2, false, 8, 4, 1, 0, 2, 2, POLICY_LRU);
    L1_1G(2);
    L1(3, 1, false, 1, 7, 4, 1, 1, 0, POLICY_NRU);
    L1_2M(3);
    L1(4, 3, true, 1, 20, 1, 0, 1, 0, POLICY_LRU);
    L1(5, 2, false, 16, 8, 1, 0, 1, 0, POLICY_RANDOM);
    L1(6, 3, true, 1, 72, 1, 0, 1, 0, POLICY_NRU);
    L1(7, 2, false, 1, 1, 1, 1, 1, 1, POLICY_LRU);
    L1_2M(7);
    L1_1G(7);
    L2(0, 16, 12, true, 1, 0, 16, POLICY_PLRU);
    L2_1G(0);
    L2(1, 4, 16, true, 4, 4, 0, POLICY_LRU);
    L2(2, 8, 4, false, 16, 3, 5, POLICY_NRU);
    L2_2M(2);
    L2_1G(2);
    L2(3, 64, 3, true, 1, 0, 4, POLICY_RANDOM);
    L2_1G(3);
    L2(4, 2, 5, false, 1, 0, 1, POLICY_PLRU);
    L2_1G(4);
    WALK(0, 8, 4, 1, 8, 1, 4, 1, 2, POLICY_LRU);
    WALK_LEVEL(0, 2);
    WALK_LEVEL(0, 3);
    WALK_LEVEL(0, 4);
    WALK_LEVEL(0, 5);
    WALK(1, 2, 3, 4, 1, 1, 0, 1, 1, POLICY_PLRU);
    WALK_LEVEL(1, 2);
    WALK_LEVEL(1, 3);
    WALK_LEVEL(1, 5);
    WALK(2, 1, 0, 1, 5, 2, 2, 1, 0, POLICY_NRU);
    WALK_LEVEL(2, 3);
    WALK_LEVEL(2, 4);

    int failed = 0;
    for (l1_pair &pair : l1)
        failed |= l1_tlb_init(&pair.c, &pair.geometry);
    for (l2_pair &pair : l2)
        failed |= l2_tlb_init(&pair.c, &pair.geometry);
    for (walk_pair &pair : walk)
        failed |= walk_cache_init(&pair.c, &pair.params);
    if (failed) {
        fprintf(stderr, "rtl_arrays: out of memory\n");
        exit(3);
    }
}

/* Random inputs for the next cycle, as the blocks around promise them. */
void bench::drive()
{
    top.pcid_i = keys.pcid();
    top.inv_i = keys.chance(20);
    top.inv_flags_i = keys.chance(700) ? keys.below(8) | INV_ADDRESS : keys.below(8);
    top.inv_vpn_i = keys.page();
    top.inv_pcid_i = keys.pcid();
    top.fill_tag_i =
        x86_tag(keys.page(), keys.pcid(), keys.chance(200), keys.chance(500) ? 0 : keys.below(3));
    top.fill_data_i = keys.word() & ((1ull << 51) - 1);

    top.l1_lookup_i = keys.below(8) | keys.below(8);
    top.l1_vpn_0_i = keys.page();
    top.l1_vpn_1_i = keys.page();
    top.l1_vpn_2_i = keys.page();
    top.l1_fill_i = !top.inv_i && keys.chance(300);

    top.l2_sweep_i = !top.inv_i && keys.chance(50);
    if (top.l2_sweep_i)
        top.inv_flags_i &= ~INV_ADDRESS; /* one address takes no sweep */
    top.l2_sweep_set_i = keys.below(20) + (keys.chance(100) ? keys.below(1004) : 0);
    top.l2_fill_i = !top.inv_i && !top.l2_sweep_i && keys.chance(400);
    top.l2_lookup_i = !top.l2_fill_i && keys.chance(900);
    top.l2_vpn_i = keys.page();

    top.walk_lookup_i = keys.chance(600);
    top.walk_la57_i = keys.chance(500);
    top.walk_fill_i = !top.inv_i && keys.chance(300);
    top.walk_fill_level_i = 2 + keys.below(4);
    drive_x86();
}

void bench::drive_x86()
{
    top.entry_i = keys.word();
    if (keys.chance(700))
        top.entry_i &= ~(keys.word() & keys.word() & 0xfff0000000000ffeull) &
                       ~(keys.chance(800) ? 0xffffc003ffffe000ull : 0);
    if (keys.chance(800))
        top.entry_i |= ENTRY_P;
    top.va_i = keys.word();
    if (keys.chance(800))
        top.va_i = (uint64_t)((int64_t)top.va_i >> (keys.chance(500) ? 16 : 7));
    top.level_i = 1 + keys.below(5);
    top.mode_i = keys.below(1024);
    top.attr_i = keys.below(3) | keys.below(8) << 2;
    top.pkru_i = keys.chance(200) ? 0 : (uint32_t)keys.word();
    top.pkrs_i = keys.chance(200) ? 0 : (uint32_t)keys.word();
    top.size_i = keys.below(3);
    top.grain_i = keys.below(5);
}

void bench::check_x86()
{
    uint32_t mode = top.mode_i;
    uint64_t data = top.fill_data_i, entry = top.entry_i, va = top.va_i;
    unsigned level = top.level_i, size = top.size_i, attr = top.attr_i;
    unsigned kind = x86_entry_kind(entry, level, mode, 46, true);
    unsigned denied = x86_denied(data, attr, mode, top.pkru_i, top.pkrs_i);
    const struct {
        const char *name;
        uint64_t rtl, c;
    } results[] = {
        {"entry_kind (36)", top.kind_o[0], x86_entry_kind(entry, level, mode, 36, false)},
        {"entry_kind (46)", top.kind_o[1], kind},
        {"entry_kind (52)", top.kind_o[2], x86_entry_kind(entry, level, mode, 52, true)},
        {"canonical", top.canonical_o, x86_canonical(va, mode)},
        {"levels", top.levels_o, x86_levels(mode)},
        {"vpn", top.vpn_o, x86_vpn(va)},
        {"entry_address", top.entry_address_o, x86_entry_address(data & DATA_PFN, level, va)},
        {"physical", top.physical_o, x86_physical(data, size, va)},
        {"accumulate", top.accumulate_o, x86_accumulate(data, entry, mode)},
        {"leaf_data", top.leaf_data_o, x86_leaf_data(entry, size + 1, data & DATA_RIGHTS)},
        {"denied", top.denied_o, denied},
        {"error_code", top.error_code_o, x86_error_code(kind, denied, attr, mode)},
        {"tag", top.tag_o, x86_tag(x86_vpn(va), top.pcid_i, entry & 1, size)},
        {"invalidates", top.invalidates_o,
         x86_invalidates(top.inv_flags_i, top.inv_vpn_i, top.inv_pcid_i, top.fill_tag_i, top.grain_i)},
    };
    for (const auto &result : results)
        if (result.rtl != result.c)
            differ(x86, cycle, result.name);
    x86.hits++;
}

/* Answers of the present cycle, then the C side's clock edge. */
void bench::step_l1()
{
    const uint64_t vpn[] = {top.l1_vpn_0_i, top.l1_vpn_1_i, top.l1_vpn_2_i};
    for (l1_pair &pair : l1) {
        for (unsigned port = 0; port < pair.ports; port++) {
            l1_hit hit = {TLB_MISS, TLB_MISS};
            if (top.l1_lookup_i >> port & 1)
                hit = l1_tlb_lookup(&pair.c, vpn[port], top.pcid_i);
            pair.hits[port] = hit;
            if (bits(pair.hit, port, 1) != (hit.array != TLB_MISS)) {
                differ(pair.block, cycle, "hit_o");
            } else if (hit.array != TLB_MISS) {
                const tlb_array &array = pair.c.array[hit.array];
                pair.block.hits++;
                if (bits(pair.size, port * 2, 2) != x86_tag_size(array.tag[hit.entry]))
                    differ(pair.block, cycle, "size_o");
                if (data_word(pair.data, port) != array.data[hit.entry])
                    differ(pair.block, cycle, "data_o");
            }
        }
        if (top.inv_i)
            l1_tlb_invalidate(&pair.c, pair.hits, pair.ports, top.inv_flags_i, top.inv_vpn_i, top.inv_pcid_i);
        else
            l1_tlb_clock(&pair.c, pair.hits, pair.ports, top.l1_fill_i, top.fill_tag_i, top.fill_data_i);
    }
}

void bench::step_l2()
{
    for (l2_pair &pair : l2) {
        uint64_t tag = 0, data = 0;
        bool hit = top.l2_lookup_i && l2_tlb_lookup(&pair.c, top.l2_vpn_i, top.pcid_i, &tag, &data);
        pair.block.hits += hit;
        if (*pair.hit != hit)
            differ(pair.block, cycle, "hit_o");
        else if (hit && (*pair.tag != tag || *pair.data != data))
            differ(pair.block, cycle, "tag_o or data_o");
        if (top.inv_i)
            l2_tlb_invalidate(&pair.c, top.inv_flags_i, top.inv_vpn_i, top.inv_pcid_i);
        if (top.l2_sweep_i)
            l2_tlb_sweep(&pair.c, top.l2_sweep_set_i, top.inv_flags_i, top.inv_pcid_i);
        if (top.l2_fill_i)
            l2_tlb_fill(&pair.c, top.fill_tag_i, top.fill_data_i);
    }
}

void bench::step_walk()
{
    for (walk_pair &pair : walk) {
        uint64_t data = 0;
        int entry = TLB_MISS;
        unsigned level = 0;
        if (top.walk_lookup_i)
            level =
                walk_cache_lookup(&pair.c, top.l2_vpn_i, top.pcid_i, top.walk_la57_i ? 5 : 4, &data, &entry);
        pair.block.hits += level != 0;
        if (*pair.level != level)
            differ(pair.block, cycle, "level_o");
        else if (level && *pair.data != data)
            differ(pair.block, cycle, "data_o");
        walk_cache_clock(&pair.c, level, entry, top.walk_fill_i ? top.walk_fill_level_i : 0, top.fill_tag_i,
                         top.fill_data_i);
        if (top.inv_i)
            walk_cache_invalidate(&pair.c, top.inv_flags_i, top.inv_vpn_i, top.inv_pcid_i);
    }
}

bool bench::run(uint64_t cycles)
{
    for (unsigned edge = 0; edge < 4; edge++) {
        top.rst_ni = 0;
        top.clk_i = edge & 1;
        top.eval();
    }
    top.rst_ni = 1;
    for (cycle = 0; cycle < cycles; cycle++) {
        drive();
        top.clk_i = 0;
        top.eval();
        check_x86();
        step_l1();
        step_l2();
        step_walk();
        top.clk_i = 1;
        top.eval();
        for (const array_pair &pair : arrays)
            compare(pair, cycle);
    }

    std::vector<const verdict *> blocks = {&x86};
    for (const l1_pair &pair : l1)
        blocks.push_back(&pair.block);
    for (const l2_pair &pair : l2)
        blocks.push_back(&pair.block);
    for (const walk_pair &pair : walk)
        blocks.push_back(&pair.block);
    bool all = true;
    printf("1..%zu\n", blocks.size());
    for (size_t i = 0; i < blocks.size(); i++) {
        bool good = !blocks[i]->differs && blocks[i]->hits > 0;
        all &= good;
        printf("%sok %zu - %s (%llu hits)\n", good ? "" : "not ", i + 1, blocks[i]->name.c_str(),
               (unsigned long long)blocks[i]->hits);
    }
    return all;
}

} // namespace

int main(int argc, char **argv)
{
    uint64_t cycles = argc > 1 ? strtoull(argv[1], nullptr, 0) : 100000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], nullptr, 0) : 1;
    return std::make_unique<bench>(seed)->run(cycles) ? 0 : 1;
}
