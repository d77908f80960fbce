/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sampling of coverage: scripts by hand, and all points of some groups that each
 * of them hits, with how often. Every group is among them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"
#include "config.h"
#include "coverage_data.h"
#include "test_files.h"

#define DIRECTORY "build/test_coverage_sampling"
#define SCRIPT    DIRECTORY "/script.tw"
#define COVERAGE  DIRECTORY "/coverage.json"
#define AGAIN     DIRECTORY "/again.json"
#define MESSAGES  DIRECTORY "/messages"

/* Memory answers as soon as it can, so that a reader can tell the cycles. */
static const char *const settings[] = {"memory.jitter=0", "memory.backpressure=0"};
static const char set_up_space[] = "include \"../../tb/scripts/include/setup.tw\"\n";

static const char one_after_another[] = "map V -> 0x1000 4k user write accessed dirty\n"
                                        "map V2M -> 0x200000 2m user accessed dirty\n"
                                        "read user V\n"
                                        "drain\n"
                                        "read user V\n"
                                        "drain\n"
                                        "write user V2M\n"
                                        "drain\n"
                                        "invlpg V\n"
                                        "invlpg V\n"
                                        "invpcid all\n"
                                        "cr4 = smep\n"
                                        "fetch V\n"
                                        "drain\n";

static const char side_by_side[] = "map V -> 0x1000 4k user write accessed dirty\n"
                                   "map V2M -> 0x200000 2m user write accessed dirty\n"
                                   "read user V port=1\n"
                                   "read user V port=2\n"
                                   "read V port=1\n"
                                   "fetch user V\n"
                                   "drain\n"
                                   "read user V port=1\n"
                                   "read user V port=2\n"
                                   "read user V2M port=1\n"
                                   "read user V port=2\n"
                                   "drain\n"
                                   "read user V2M port=1\n"
                                   "read user V + 0x1000 port=1\n"
                                   "read user V port=1\n"
                                   "read user V2M + 0x1000 port=1\n"
                                   "drain\n"
                                   "map V + 0x2000 -> 0x1000 4k accessed\n"
                                   "write user V + 0x2000 port=1\n"
                                   "read user V + 0x2000 port=2\n"
                                   "drain\n";

static const char overtaken[] = "map V -> 0x1000 4k user write accessed dirty\n"
                                "read user V\n"
                                "drain\n"
                                "invlpg V\n"
                                "read user V\n"
                                "wait 7\n"
                                "invlpg V\n"
                                "drain\n"
                                "invlpg V + 0x1000\n"
                                "read user V\n"
                                "wait 1\n"
                                "invlpg V + 0x1000\n"
                                "drain\n"
                                "invpcid all\n"
                                "read user V\n"
                                "wait 17\n"
                                "invlpg V\n"
                                "wait 17\n"
                                "invpcid nonglobal\n"
                                "drain\n";

static const char faults[] = "map V -> 0x1000 4k user\n"
                             "map V + 0x1000 -> 0x1000 4k user global\n"
                             "map V2M -> 0x200000 2m user\n"
                             "write pte(V) |= 1 << 45\n"
                             "write pde(V2M) |= 1 << 14\n"
                             "read user V\n"
                             "drain\n"
                             "write user V2M\n"
                             "drain\n"
                             "fetch user V + 0x2000\n"
                             "drain\n"
                             "poison pte(V + 0x1000)\n"
                             "read user V + 0x1000\n"
                             "drain\n"
                             "write pte(V + 0x1000) |= a\n"
                             "cr4 = pge\n"
                             "read user V + 0x1000\n"
                             "drain\n"
                             "read V ^ (1 << 62)\n"
                             "fetch V ^ (1 << 47)\n"
                             "read user V + 0x3000\n"
                             "async pkru = 0\n"
                             "drain\n"
                             "read user V + 0x1000\n"
                             "read user V + 0x4000\n"
                             "wait 4\n"
                             "cr3 = ROOT\n"
                             "drain\n";

static const char sizes_and_spaces[] = "cr4 = pge | pcide\n"
                                       "map V2M -> 0x200000 2m user accessed\n"
                                       "map K -> 0x3000 4k global accessed\n"
                                       "map V1G -> 0 1g user accessed\n"
                                       "fetch user V2M\n"
                                       "drain\n"
                                       "fetch user V2M + 0x1000\n"
                                       "drain\n"
                                       "read user V1G\n"
                                       "read K\n"
                                       "drain\n"
                                       "cr3 = ROOT | 1 | noflush\n"
                                       "read K\n"
                                       "invlpg V2M\n"
                                       "invpcid address 0 V2M + 0x3000\n"
                                       "let T = 0x900000\n"
                                       "write 0x900000 = p | us | a | 0x7000\n"
                                       "cr3 = ROOT | noflush\n"
                                       "read user V1G\n"
                                       "read user V2M\n"
                                       "drain\n"
                                       "write pde(V2M) = p | us | rw | a | T\n"
                                       "invlpg K\n"
                                       "read user V2M + 0x1000\n"
                                       "drain\n"
                                       "write T + 8 = p | us | a | 0x8000\n"
                                       "read user V2M + 0x1000\n"
                                       "drain\n"
                                       "read user V2M + 0x200\n"
                                       "read user V2M + 0x1000\n"
                                       "drain\n"
                                       "invlpg V2M + 0x1000\n"
                                       "invpcid nonglobal\n"
                                       "repeat 4 as n\n"
                                       "  map V + n * 0x2000 -> 0x1000 4k user accessed\n"
                                       "  read user V + n * 0x2000\n"
                                       "end\n"
                                       "drain\n"
                                       "invpcid context 0\n";

static const char refills[] = "repeat 5 as n\n"
                              "  map V + n * 0x2000 -> 0x1000 4k user accessed\n"
                              "  map V2M + n * 0x200000 -> 0x200000 2m user accessed\n"
                              "end\n"
                              "# lookups that hit in the L2 TLB, and an INVLPG in each cycle about them\n"
                              "repeat 7 as n\n"
                              "  read user V port=1\n"
                              "  drain\n"
                              "  read user V + 0x4000 port=1\n"
                              "  read user V + 0x8000 port=1\n"
                              "  drain\n"
                              "  read user V port=1\n"
                              "  wait n\n"
                              "  invlpg V\n"
                              "  drain\n"
                              "end\n"
                              "# two sizes of one page\n"
                              "read user V port=1\n"
                              "drain\n"
                              "write pde(V) = p | us | a | ps\n"
                              "invlpg K\n"
                              "read user V + 0x1000 port=1\n"
                              "drain\n"
                              "read user V port=1\n"
                              "drain\n"
                              "invlpg V\n"
                              "# more misses than there are entries\n"
                              "invpcid all\n"
                              "repeat 5 as n\n"
                              "  read user V2M + n * 0x200000 port=1\n"
                              "  read user V2M + n * 0x201000 + 0x3000 port=2\n"
                              "end\n"
                              "drain\n";

static const char caches_filled_and_used[] = "repeat 16 as n\n"
                                             "  map V + n * 0x1000 -> 0x1000 4k user accessed\n"
                                             "end\n"
                                             "map V + 0x200000 -> 0x2000 4k user accessed\n"
                                             "repeat 15 as n\n"
                                             "  invpcid all\n"
                                             "  read user V\n"
                                             "  drain\n"
                                             "  read user V + 0x200000\n"
                                             "  wait n\n"
                                             "  read user V + (n + 1) * 0x1000\n"
                                             "  drain\n"
                                             "end\n";

/* Points as "name" or "name*hits", in the order of the table. */
struct expectation {
    const char *script;
    unsigned group;
    const char *points;
};

static const struct expectation expectations[] = {
    {one_after_another, COVERAGE_inv_effect,
     "invlpg/l1d/drops_current invlpg/l2/drops_current invlpg/walk_cache/drops_current*2 "
     "drop/walk_cache/drops_current*5 drop/walk_cache/keeps_current*2"},
    {one_after_another, COVERAGE_tlb_hit, "l1d/4k/answers"},
    {one_after_another, COVERAGE_walk_end, "root/no/4k root/no/denied pml4e/confirming/denied"},
    {one_after_another, COVERAGE_confirmation, "walk_cache/page_fault"},
    {one_after_another, COVERAGE_update_refused, "denied/pte/set denied/pde/set"},
    {one_after_another, COVERAGE_rights_write, "walk/user/read_only/user/wp0*2"},
    {one_after_another, COVERAGE_fill_way,
     "l1d_4k/invalid l2_4k/invalid pde/invalid*2 pdpte/invalid*3 pdpte/overlapping "
     "pml4e/invalid*2 pml4e/overlapping"},
    {side_by_side, COVERAGE_sent_back, "drop/1"},
    {side_by_side, COVERAGE_overtaken_walks, "drop/1/no"},
    {side_by_side, COVERAGE_drained_walk, "read/none/no"},
    {side_by_side, COVERAGE_merge, "lookup/read_read/user"},
    {side_by_side, COVERAGE_merge_refused,
     "lookup/user lookup/read_write lookup/fetch*2 lookup/leaving walk_pend/user"},
    {side_by_side, COVERAGE_merged_served, "walk/translation/1"},
    {side_by_side, COVERAGE_not_ready,
     "blocking/0 blocking/1 blocking/2 answer/0 answer/1*5 answer/2*2 fetch_queued/0 "
     "fetch_missing/0"},
    {side_by_side, COVERAGE_answers, "1/none*6 2/none"},
    {side_by_side, COVERAGE_lookup_mix, "1/0*3 1/1 2/0 2/1 2/2*3"},
    {side_by_side, COVERAGE_hit_under_miss, "1/pend 1/lookup"},
    {side_by_side, COVERAGE_hit_during, "idle/4k/l1d*2 idle/2m/l1d"},
    {side_by_side, COVERAGE_walk_start,
     "root/4/read*2 root/4/write*2 root/4/fetch pml4e/4/read pde/4/read*2"},
    {side_by_side, COVERAGE_walk_end,
     "root/no/4k*2 root/no/denied*2 pml4e/no/2m pde/no/4k pde/confirming/not_present"},
    {side_by_side, COVERAGE_walkers_busy, "1/no*4 1/yes 2/no*2 2/yes"},
    {side_by_side, COVERAGE_walker_reuse,
     "read_user/read_user*2 read_user/read_supervisor read_user/write_user "
     "read_supervisor/read_user fetch_user/write_user"},
    {side_by_side, COVERAGE_concurrent,
     "read_supervisor/fetch_user/same write_user/read_user/same fetch_user/read_user/same"},
    {side_by_side, COVERAGE_fault_denied,
     "supervisor_page/4k/read_user supervisor_page/4k/write_user read_only/4k/write_user"},
    {side_by_side, COVERAGE_channel,
     "out_of_order*8 held_by_result*3 held_by_broadcast request_after_request*4 "
     "response_with_request"},
    {side_by_side, COVERAGE_rights_key,
     "walk/supervisor/keys0/none/read_user/wp0 walk/supervisor/keys0/none/write_user/wp0 "
     "walk/user/keys0/none/read_user/wp0*2 walk/user/keys0/none/read_supervisor/wp0 "
     "l1/user/keys0/none/read_user/wp0*5"},
    {side_by_side, COVERAGE_fill_way,
     "l1i_4k/invalid l1d_4k/invalid l1d_4k/overlapping l1d_2m/invalid l2_4k/invalid "
     "l2_4k/overlapping*2 l2_2m/invalid pde/invalid*3 pde/overlapping*3 pdpte/invalid*4 "
     "pdpte/overlapping*3 pml4e/invalid*3 pml4e/overlapping*3"},
    {side_by_side, COVERAGE_marks, "4k/two_hits_one_way"},
    {overtaken, COVERAGE_overtaken_walk, "invlpg/pte/read/taken invlpg/pml4e/read/response"},
    {overtaken, COVERAGE_inv_effect,
     "invlpg/l1d/drops_current invlpg/l2/drops_current invlpg/walk_cache/drops_current*9 "
     "all/l1d/drops_current all/l2/drops_current nonglobal/l1d/drops_current "
     "nonglobal/l2/drops_current nonglobal/walk_cache/drops_current*3"},
    {overtaken, COVERAGE_walk_end, "root/no/4k*3"},
    {faults, COVERAGE_op_waits,
     "cr3/walk cr3/answer cr3/on_port pkru/pend pkru/l2_lookup pkru/walk_pend pkru/walk "
     "pkru/answer pkru/on_port"},
    {faults, COVERAGE_drop_during, "cr3/drain pkru/drain"},
    {faults, COVERAGE_non_canonical, "4/first/fetch 4/above/read"},
    {faults, COVERAGE_fault_not_present, "pte/read_user*2 pte/fetch_user"},
    {faults, COVERAGE_fault_reserved, "pte/leaf/frame/read_user pde/leaf/alignment/write_user"},
    {faults, COVERAGE_reserved_bit, "pte/45 pde/14"},
    {faults, COVERAGE_error_code,
     "not_present/read_user/nxe0/smep0*2 not_present/fetch_user/nxe0/smep0 "
     "reserved/read_user/nxe0/smep0 reserved/write_user/nxe0/smep0"},
    {faults, COVERAGE_bus_error, "pte/read/root/read"},
    {faults, COVERAGE_global_bit, "pte/leaf/pge1"},
    {faults, COVERAGE_global_hit, "l1d/4k/same_pcid"},
    {sizes_and_spaces, COVERAGE_op_queue,
     "cr3/none cr3_keep/none*2 cr4_flush/none invlpg/none*3 address_other/none context/none "
     "nonglobal/none"},
    {sizes_and_spaces, COVERAGE_op_walker,
     "cr3/idle cr3_keep/idle*2 cr4_flush/idle invlpg/idle*3 address_other/idle context/idle "
     "nonglobal/idle"},
    {sizes_and_spaces, COVERAGE_op_result,
     "cr3/empty cr3_keep/empty*2 cr4_flush/empty invlpg/empty*3 address_other/empty "
     "context/empty nonglobal/empty"},
    {sizes_and_spaces, COVERAGE_op_offered,
     "cr3/idle cr3_keep/idle*2 cr3_keep/done cr4_flush/idle cr4_flush/done invlpg/idle*3 "
     "address_other/idle address_other/done context/idle nonglobal/idle nonglobal/done"},
    {sizes_and_spaces, COVERAGE_op_lookup,
     "cr3/none cr3_keep/none*2 cr4_flush/none invlpg/none invlpg/hit*3 address_other/none "
     "context/none nonglobal/none"},
    {sizes_and_spaces, COVERAGE_op_fill,
     "cr3/empty cr3_keep/empty*2 cr4_flush/empty invlpg/empty*3 address_other/empty "
     "context/empty nonglobal/empty"},
    {sizes_and_spaces, COVERAGE_op_after_op,
     "cr3/cr4_flush cr3_keep/invlpg*2 cr4_flush/cr3_keep invlpg/invlpg invlpg/address_other "
     "invlpg/nonglobal address_other/cr3_keep nonglobal/context"},
    {sizes_and_spaces, COVERAGE_inv_effect,
     "invlpg/l1i/keeps_other_pcid invlpg/l1d/drops_current invlpg/l1d/drops_global "
     "invlpg/l1d/keeps_current*3 invlpg/l1d/keeps_other_pcid invlpg/l1d/keeps_global "
     "invlpg/l2/drops_current invlpg/l2/drops_global invlpg/l2/keeps_current*3 "
     "invlpg/l2/keeps_other_pcid*2 invlpg/l2/keeps_global invlpg/walk_cache/drops_current*2 "
     "invlpg/walk_cache/keeps_other_pcid*3 address_other/l1i/drops_other_pcid "
     "address_other/l1d/keeps_other_pcid address_other/l2/drops_other_pcid "
     "address_other/l2/keeps_other_pcid address_other/walk_cache/drops_other_pcid*3 "
     "context/l1d/drops_current context/l2/drops_current context/walk_cache/drops_current*3 "
     "nonglobal/l1d/drops_current nonglobal/l2/drops_current"},
    {sizes_and_spaces, COVERAGE_inv_page,
     "invlpg/l1d/4k/as_cached invlpg/l1d/2m/elsewhere invlpg/l2/4k/as_cached "
     "invlpg/l2/2m/elsewhere address_other/l1i/2m/elsewhere*2 address_other/l2/2m/elsewhere"},
    {sizes_and_spaces, COVERAGE_inv_fragments, "address_other/l1i/2m"},
    {sizes_and_spaces, COVERAGE_inv_operand,
     "invlpg/address/other/yes invlpg/pcid/same/yes invlpg/pcid/other/no "
     "invlpg/pcid/other/yes address_other/address/other/yes address_other/pcid/other/yes "
     "context/pcid/same/yes"},
    {sizes_and_spaces, COVERAGE_pcid_switch, "keep/same/other/no keep/same/other/yes no_pcide/other/same/no"},
    {sizes_and_spaces, COVERAGE_size_after_size,
     "l1/4k/2m l1/2m/2m*2 l1/1g/2m walk/4k/4k*3 walk/4k/2m walk/2m/4k walk/2m/1g walk/1g/4k"},
    {sizes_and_spaces, COVERAGE_tlb_hit, "l1d/4k/answers l1d/2m/answers*3 l1d/1g/answers l2/2m/answers"},
    {sizes_and_spaces, COVERAGE_exchange,
     "pde/a_of_table/won/read*2 pdpte/a_of_table/won/read*2 pdpte/a_of_table/won/fetch "
     "pdpte/a_of_table/lost/read pml4e/a_of_table/won/read pml4e/a_of_table/won/fetch"},
    {sizes_and_spaces, COVERAGE_rights_fetch,
     "walk/user/execute/user/smep0/nxe0 l2/user/execute/user/smep0/nxe0"},
    {sizes_and_spaces, COVERAGE_rights_smap,
     "walk/supervisor/smap0/ac0/read_supervisor l1/supervisor/smap0/ac0/read_supervisor"},
    {sizes_and_spaces, COVERAGE_dropped_way,
     "l1i_4k/0*2 l1d_4k/0*2 l1d_4k/1 l1d_2m/0 l1d_1g/0 l2_4k/0*3 l2_4k/1*2 l2_2m/0*2 "
     "l2_1g/0 pde/0*2 pdpte/0*3 pdpte/1 pml4e/0*3"},
    {sizes_and_spaces, COVERAGE_fill_way,
     "l1i_4k/invalid*2 l1d_4k/invalid*3 l1d_4k/victim*2 l1d_2m/invalid l1d_1g/invalid "
     "l2_4k/invalid*5 l2_2m/invalid*2 l2_1g/invalid pde/invalid*2 pde/overlapping "
     "pdpte/invalid*4 pdpte/overlapping pml4e/invalid*3 pml4e/victim pml4e/overlapping*2"},
    {sizes_and_spaces, COVERAGE_kept_entry,
     "l1d/in_this_stay*3 l1d/in_an_earlier_stay l2/in_this_stay pde/in_this_stay*2 "
     "pml4e/in_this_stay"},
    {refills, COVERAGE_overtaken_lookup, "invlpg/0 invlpg/1"},
    {refills, COVERAGE_overtaken_access, "invlpg/pend invlpg/lookup*2 invlpg/answer"},
    {refills, COVERAGE_overtaken_refill, "invlpg/l2_hit/same invlpg/before/same"},
    {refills, COVERAGE_queue_full,
     "1/issue*3 1/lookup_ends 1/walk_ends 1/answer*2 2/issue*5 2/lookup_ends*8 "
     "2/walk_ends*3 2/answer*3"},
    {refills, COVERAGE_misses_at_once, "1/2*20 2/1*2 2/2*3"},
    {refills, COVERAGE_replaced_way, "l1d_4k/0*7 l1d_4k/1*7 l1d_2m/0*2 l1d_2m/1*2 l2_4k/0*7 l2_4k/1 l2_2m/0"},
    {refills, COVERAGE_victim_policy, "l1d_4k/lru*14 l1d_2m/lru*4 l2_4k/nru*8 l2_2m/nru"},
    {refills, COVERAGE_multi_size, "l1d/4k_2m/hit l1d/4k_2m/dropped l2/4k_2m/dropped"},
    {refills, COVERAGE_near_miss, "l1d/middle_bit*20 l2/lowest_bit*8 l2/middle_bit*10"},
    {caches_filled_and_used, COVERAGE_sweep_set, "l2_4k/first*4 l2_4k/middle*7 l2_4k/last*14"},
    {caches_filled_and_used, COVERAGE_walk_cache_use_and_fill, "pde"},
};

enum { EXPECTATIONS = sizeof(expectations) / sizeof(expectations[0]) };

static int set_up(void **state)
{
    (void)state;
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    return 0;
}

/* The exit code of the run; what it covers goes to `path`. */
static int run(const char *statements, const char *path, char *messages, size_t room)
{
    struct config config;
    char text[4096];
    int length = snprintf(text, sizeof(text), "%s%s", set_up_space, statements);
    put_file(SCRIPT, text, (size_t)length);
    assert_int_equal(config_open(&config, "tiny", settings, 2), 0);
    struct bench_options options = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    options.script = SCRIPT;
    options.quiet = options.judge = true;
    options.seed = 1;
    options.coverage = path;
    options.coverage_command = "twinwalk run";
    options.config_name = "tiny";
    remove(path);
    int saved = catch_messages(MESSAGES);
    int code = bench_run(&options);
    release_messages(saved, MESSAGES, messages, room);
    config_close(&config);
    return code;
}

static struct coverage_data *cover(const char *statements)
{
    char messages[4096];
    int code = run(statements, COVERAGE, messages, sizeof(messages));
    if (code)
        fail_msg("exit code %d: %s", code, messages);
    struct coverage_data *data = coverage_data_read(COVERAGE);
    assert_non_null(data);
    return data;
}

/* The points of a group that are hit. */
static void list_points(const struct coverage_data *data, unsigned group, char *text, size_t room)
{
    const struct coverage_group_info *info = coverage_group(group);
    char name[COVERAGE_NAME_BYTES];
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = info->first; i < info->first + info->count; i++) {
        unsigned hits = (unsigned)data->points[i].hits;
        if (!hits)
            continue;
        used +=
            (size_t)snprintf(text + used, room - used, "%s%s", used ? " " : "", coverage_point_name(i, name));
        if (hits > 1)
            used += (size_t)snprintf(text + used, room - used, "*%u", hits);
        assert_true(used < room);
    }
}

static void test_groups_are_hit_as_expected(void **state)
{
    static char points[1 << 14];
    struct coverage_data *data = NULL;
    bool tested[COVERAGE_GROUPS] = {false};
    (void)state;
    for (unsigned i = 0; i < EXPECTATIONS; i++) {
        const struct expectation *e = &expectations[i];
        if (i == 0 || e->script != e[-1].script) {
            coverage_data_destroy(data);
            data = cover(e->script);
        }
        list_points(data, e->group, points, sizeof(points));
        if (strcmp(points, e->points) != 0)
            fail_msg("%s\n hit: %s\nwant: %s", coverage_group(e->group)->name, points, e->points);
        tested[e->group] = true;
    }
    coverage_data_destroy(data);
    for (unsigned g = 0; g < COVERAGE_GROUPS; g++)
        if (!tested[g])
            fail_msg("no script for %s", coverage_group(g)->name);
}

/* The cycles that docs/microarchitecture.md promises of a walk of four entries. */
static void test_first_cycles(void **state)
{
    struct coverage_data *data = cover("map V -> 0x1000 4k user accessed\n"
                                       "write pde(V) |= a\n"
                                       "write pdpte(V) |= a\n"
                                       "write pml4e(V) |= a\n"
                                       "read user V expect pa=0x1000 cycles=112\n"
                                       "drain\n");
    int started = coverage_find_point(COVERAGE_walk_start, "root/4/read");
    int ended = coverage_find_point(COVERAGE_walk_end, "root/no/4k");
    int answered = coverage_find_point(COVERAGE_answers, "1/none");
    (void)state;
    /* accepted in 9, after the CR3 write; L is 2, d of the memory 24 */
    assert_int_equal(data->points[started].first, 9 + 2 + 3);
    assert_int_equal(data->points[ended].first, data->points[answered].first - 2);
    assert_int_equal(data->points[answered].first, 9 + 112 - 1);
    coverage_data_destroy(data);
}

static void test_a_run_repeats(void **state)
{
    static char first[1 << 18], second[1 << 18];
    char messages[512];
    (void)state;
    assert_int_equal(run(refills, COVERAGE, messages, sizeof(messages)), 0);
    assert_int_equal(run(refills, AGAIN, messages, sizeof(messages)), 0);
    first[get_file(COVERAGE, first, sizeof(first) - 1)] = '\0';
    second[get_file(AGAIN, second, sizeof(second) - 1)] = '\0';
    assert_true(strlen(first) > 1000);
    assert_string_equal(first, second);
}

/* What was not checked is not covered. */
static void test_no_coverage_of_a_run_that_fails(void **state)
{
    char messages[2048];
    struct stat status;
    (void)state;
    assert_int_equal(run("read V expect ok\ndrain\n", COVERAGE, messages, sizeof(messages)), 1);
    assert_non_null(strstr(messages, COVERAGE ": not written, the run failed"));
    assert_int_not_equal(stat(COVERAGE, &status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_are_hit_as_expected),
        cmocka_unit_test(test_first_cycles),
        cmocka_unit_test(test_a_run_repeats),
        cmocka_unit_test(test_no_coverage_of_a_run_that_fails),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
