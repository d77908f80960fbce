/* SPDX-License-Identifier: Apache-2.0 */
/* The decoded walk of `twinwalk walk`: outcomes, reasons and both printed forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page_walk.h"
#include "x86.h"

/* One path for VA 0: the root at 0x1000, each lower table 0x1000 higher, the page at 0x40000000. */
enum { ROOT = 0x1000, TABLE = ENTRY_P | ENTRY_RW | ENTRY_US | ENTRY_A };
#define PAGE (0x40000000u | TABLE | ENTRY_D)

struct fixture {
    struct phys_mem *phys;
    struct page_walk_setting setting;
    struct page_walk walk;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->phys = phys_mem_create();
    f->setting = (struct page_walk_setting){
        .phys = f->phys,
        .cr0 = CR0_PG | CR0_WP,
        .cr3 = ROOT,
        .cr4 = CR4_PAE,
        .efer = EFER_LME | EFER_NXE,
        .maxphyaddr = 46,
        .gib_pages = true,
    };
    *state = f;
    return f->phys ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    phys_mem_destroy(f->phys);
    free(f);
    return 0;
}

/* Where the entry for VA 0 of that level is. */
static uint64_t entry_at(const struct fixture *f, unsigned level)
{
    unsigned levels = f->setting.cr4 & CR4_LA57 ? 5 : 4;
    return ROOT + (levels - level) * 0x1000ull;
}

/* The path to a leaf at that level. */
static void map(struct fixture *f, unsigned leaf_level, uint64_t leaf)
{
    unsigned levels = f->setting.cr4 & CR4_LA57 ? 5 : 4;
    for (unsigned level = levels; level > leaf_level; level--)
        phys_mem_write64(f->phys, entry_at(f, level), entry_at(f, level - 1) | TABLE);
    phys_mem_write64(f->phys, entry_at(f, leaf_level), leaf);
}

static void walk(struct fixture *f, uint64_t va, const char *access)
{
    f->setting.has_access = access != NULL;
    if (access)
        assert_int_equal(page_walk_parse_access(access, &f->setting.attr), 0);
    assert_null(page_walk_check(&f->setting));
    page_walk_run(&f->walk, &f->setting, va);
}

static void assert_fault(struct fixture *f, const char *access, unsigned code, const char *reason)
{
    walk(f, 0, access);
    assert_int_equal(f->walk.fault, FAULT_PAGE);
    assert_int_equal(f->walk.error_code, code);
    assert_string_equal(f->walk.reason, reason);
}

static void assert_allowed(struct fixture *f, const char *access)
{
    walk(f, 0, access);
    assert_int_equal(f->walk.fault, FAULT_NONE);
    assert_true(f->walk.translated);
}

static void pages_of_each_size_and_level(void **state)
{
    struct fixture *f = *state;
    for (unsigned la57 = 0; la57 < 2; la57++) {
        f->setting.cr4 = CR4_PAE | CR4_PGE | (la57 ? CR4_LA57 : 0);
        map(f, 1, PAGE | ENTRY_PAT_4K | ENTRY_PWT | 5ull << 59 | ENTRY_G);
        walk(f, 0x123, NULL);
        assert_int_equal(f->walk.step_count, 4 + la57);
        assert_int_equal(f->walk.pa, 0x40000123);
        assert_int_equal(f->walk.size, PAGE_4K);
        assert_int_equal(f->walk.data >> DATA_PAT_SHIFT & 7, 5);
        assert_int_equal(f->walk.data >> DATA_PKEY_SHIFT & 15, 5);
        assert_true(f->walk.global);
        map(f, 2, PAGE | ENTRY_PS | ENTRY_PAT_BIG);
        walk(f, 0x12345, NULL);
        assert_int_equal(f->walk.pa, 0x40012345);
        assert_int_equal(f->walk.size, PAGE_2M);
        assert_int_equal(f->walk.data >> DATA_PAT_SHIFT & 7, 4);
        map(f, 3, PAGE | ENTRY_PS);
        walk(f, 0x1234567, NULL);
        assert_int_equal(f->walk.pa, 0x41234567);
        assert_int_equal(f->walk.size, PAGE_1G);
        assert_false(f->walk.global);
    }
}

static void reserved_bits_are_named(void **state)
{
    struct fixture *f = *state;
    f->setting.maxphyaddr = 40;
    map(f, 1, PAGE | 0x5ull << 40 | 1ull << 51);
    assert_fault(f, "user-read", PF_P | PF_U | PF_RSVD, "reserved bits 51, 42, 40 set in the PTE");
    map(f, 2, PAGE | ENTRY_PS | 0x3 << 13);
    assert_fault(f, "supervisor-write", PF_P | PF_W | PF_RSVD, "reserved bits 14:13 set in the PDE");
    map(f, 3, PAGE | ENTRY_PS | 1 << 29);
    assert_fault(f, "supervisor-read", PF_P | PF_RSVD, "reserved bit 29 set in the PDPTE");
    map(f, 4, TABLE | ENTRY_PS);
    assert_fault(f, "supervisor-read", PF_P | PF_RSVD,
                 "reserved bit 7 set in the PML4E; there is no page of that size at this level");
    f->setting.gib_pages = false;
    map(f, 3, PAGE | ENTRY_PS);
    assert_fault(f, "supervisor-read", PF_P | PF_RSVD,
                 "reserved bit 7 set in the PDPTE; there is no page of that size at this level");
    f->setting.efer = EFER_LME;
    map(f, 1, PAGE | ENTRY_NX);
    assert_fault(f, "supervisor-fetch", PF_P | PF_RSVD,
                 "reserved bit 63 set in the PTE; bit 63 is reserved as EFER.NXE is 0");
}

static void missing_pages_have_a_reason(void **state)
{
    struct fixture *f = *state;
    assert_fault(f, "user-fetch", PF_U | PF_I, "the PML4E is not present; its table is not in the image");
    map(f, 1, 0xfffffffffffffffeu);
    phys_mem_write64(f->phys, entry_at(f, 1), ~1ull);
    assert_fault(f, "user-read", PF_U, "the PTE is not present");
    walk(f, 0x0000800000000000, "user-read");
    assert_int_equal(f->walk.fault, FAULT_NON_CANONICAL);
    assert_int_equal(f->walk.step_count, 0);
}

static void denied_accesses_have_a_reason(void **state)
{
    struct fixture *f = *state;
    map(f, 1, PAGE);
    phys_mem_write64(f->phys, entry_at(f, 3), entry_at(f, 2) | (TABLE & ~ENTRY_US));
    assert_fault(f, "user-read", PF_P | PF_U, "user access to a supervisor page (US is 0 in the PDPTE)");
    assert_allowed(f, "supervisor-write");
    map(f, 1, (PAGE & ~ENTRY_RW) | ENTRY_NX);
    assert_fault(f, "supervisor-write", PF_P | PF_W, "write to a read-only page (RW is 0 in the PTE)");
    assert_fault(f, "user-fetch", PF_P | PF_U | PF_I, "fetch from a no-execute page (NX is 1 in the PTE)");
    f->setting.cr0 = CR0_PG;
    assert_allowed(f, "supervisor-write");
    map(f, 1, PAGE);
    f->setting.cr4 = CR4_PAE | CR4_SMEP | CR4_SMAP;
    assert_fault(f, "supervisor-fetch", PF_P | PF_I, "SMEP: supervisor fetch from a user page");
    assert_fault(f, "supervisor-read", PF_P, "SMAP: supervisor access to a user page with EFLAGS.AC 0");
    assert_allowed(f, "supervisor-read+ac");
    assert_fault(f, "implicit-read+ac", PF_P, "SMAP: implicit supervisor access to a user page");
}

static void protection_keys_have_a_reason(void **state)
{
    struct fixture *f = *state;
    f->setting.cr4 = CR4_PAE | CR4_PKE | CR4_PKS;
    f->setting.pkru = 2u << 6; /* key 3: no writes */
    f->setting.pkrs = 1u << 6; /* key 3: nothing */
    map(f, 1, PAGE | 3ull << 59);
    assert_allowed(f, "user-read");
    assert_fault(f, "user-write", PF_P | PF_W | PF_U | PF_PK, "protection key 3 of PKRU forbids it");
    map(f, 1, (PAGE & ~ENTRY_US) | 3ull << 59);
    assert_fault(f, "supervisor-read", PF_P | PF_PK, "protection key 3 of PKRS forbids it");
    assert_allowed(f, "supervisor-fetch");
}

static void impossible_settings_are_refused(void **state)
{
    struct fixture *f = *state;
    struct page_walk_setting setting = f->setting;
    setting.cr0 = CR0_WP;
    assert_non_null(strstr(page_walk_check(&setting), "CR0.PG"));
    setting = f->setting;
    setting.cr4 = 0;
    assert_non_null(strstr(page_walk_check(&setting), "CR4.PAE"));
    setting = f->setting;
    setting.efer = 0;
    assert_non_null(strstr(page_walk_check(&setting), "EFER.LME"));
    setting = f->setting;
    setting.cr3 = 1ull << 46;
    assert_non_null(strstr(page_walk_check(&setting), "CR3"));
    setting.cr3 = 1ull << 63 | 0xfff; /* PCID and no-flush bits are no address */
    assert_null(page_walk_check(&setting));
}

static void accesses_have_names(void **state)
{
    (void)state;
    static const char *const good[] = {"user-read",       "user-write",          "user-fetch",
                                       "supervisor-read", "supervisor-write+ac", "supervisor-fetch",
                                       "implicit-read",   "implicit-write",      "implicit-read+ac"};
    static const char *const bad[] = {"",           "read",       "user",           "user-",
                                      "user-readx", "user-read+", "implicit-fetch", "user-read+acx",
                                      "User-read"};
    char buffer[32];
    uint8_t attr;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(page_walk_parse_access(good[i], &attr), 0);
        assert_string_equal(page_walk_access_name(attr, buffer, sizeof(buffer)), good[i]);
        assert_int_equal(page_walk_parse_access(bad[i], &attr), -1);
    }
}

static char *printed(const struct fixture *f, bool json)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (json)
        assert_int_equal(page_walk_print_json(&f->walk, &f->setting, out), 0);
    else
        page_walk_print(&f->walk, &f->setting, out);
    fclose(out);
    return text;
}

static void accessed_and_dirty_bits_to_set_are_told(void **state)
{
    struct fixture *f = *state;
    map(f, 1, PAGE & ~(ENTRY_A | ENTRY_D));
    phys_mem_write64(f->phys, entry_at(f, 2), entry_at(f, 1) | (TABLE & ~ENTRY_A));
    walk(f, 0, "user-write");
    char *text = printed(f, false);
    assert_non_null(strstr(text, "  would set: A in the PDE, A and D in the PTE\n"));
    free(text);
    walk(f, 0, "user-read");
    text = printed(f, false);
    assert_non_null(strstr(text, "  would set: A in the PDE, A in the PTE\n"));
    free(text);
}

static void json_has_everything(void **state)
{
    struct fixture *f = *state;
    map(f, 3, (PAGE & ~ENTRY_RW) | ENTRY_PS | ENTRY_NX);
    walk(f, 0x123, "user-write");
    char *text = printed(f, true);
    assert_string_equal(
        text,
        "{\"va\":\"0x123\",\"levels\":4,\"cr3\":\"0x1000\",\"entries\":["
        "{\"entry\":\"PML4E\",\"at\":\"0x1000\",\"value\":\"0x2027\",\"in_image\":true,\"present\":true,"
        "\"rw\":true,\"us\":true,\"pwt\":false,\"pcd\":false,\"a\":true,\"nx\":false,\"ps\":false,"
        "\"table\":\"0x2000\"},"
        "{\"entry\":\"PDPTE\",\"at\":\"0x2000\",\"value\":\"0x80000000400000e5\",\"in_image\":true,"
        "\"present\":true,\"rw\":false,\"us\":true,\"pwt\":false,\"pcd\":false,\"a\":true,\"nx\":true,"
        "\"ps\":true,\"d\":true,\"g\":false,\"pat\":0,\"key\":0,\"page\":\"0x40000000\"}],"
        "\"access\":\"user-write\",\"pa\":\"0x40000123\",\"page_size\":1073741824,\"global\":false,"
        "\"allows\":{\"user\":\"r--\",\"supervisor\":\"r--\",\"supervisor_ac\":\"r--\"},"
        "\"fault\":{\"kind\":\"page-fault\",\"reason\":\"write to a read-only page (RW is 0 in the "
        "PDPTE)\",\"error_code\":7}}\n");
    free(text);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(pages_of_each_size_and_level),
        TEST(reserved_bits_are_named),
        TEST(missing_pages_have_a_reason),
        TEST(denied_accesses_have_a_reason),
        TEST(protection_keys_have_a_reason),
        TEST(impossible_settings_are_refused),
        cmocka_unit_test(accesses_have_names),
        TEST(accessed_and_dirty_bits_to_set_are_told),
        TEST(json_has_everything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
