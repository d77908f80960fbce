/* SPDX-License-Identifier: Apache-2.0 */
/* How values of compared signals read in a mismatch report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control.h"
#include "miss_queue.h"
#include "signal_decode.h"
#include "x86.h"

static void values(void **state)
{
    const struct {
        uint64_t value;
        const char *text;
        enum signal_decode decode;
    } cases[] = {
        {0, "0x0", DECODE_HEX},
        {UINT64_MAX, "0xffffffffffffffff", DECODE_HEX},
        {UINT64_MAX, "18446744073709551615", DECODE_DECIMAL},
        {1, "1", DECODE_FLAG},
        {0, "{}", DECODE_BITS},
        {1, "{0}", DECODE_BITS},
        {1ull << 63 | 5, "{0 2 63}", DECODE_BITS},
        {CONTROL_IDLE, "IDLE", DECODE_CONTROL_STATE},
        {CONTROL_DRAIN, "DRAIN", DECODE_CONTROL_STATE},
        {CONTROL_BROADCAST, "BROADCAST", DECODE_CONTROL_STATE},
        {CONTROL_SWEEP, "SWEEP", DECODE_CONTROL_STATE},
        {CONTROL_SETTLE, "SETTLE", DECODE_CONTROL_STATE},
        {CONTROL_DONE, "DONE", DECODE_CONTROL_STATE},
        {CONTROL_DONE + 1, "?", DECODE_CONTROL_STATE},
        {OP_WRITE_CR0, "CR0", DECODE_OPERATION},
        {OP_INVPCID, "INVPCID", DECODE_OPERATION},
        {OP_COUNT, "?", DECODE_OPERATION},
        {0, "none", DECODE_INVALIDATION},
        {INV_ADDRESS | INV_PCID | INV_GLOBALS, "address PCID globals", DECODE_INVALIDATION},
        {NO_INVALIDATION, "nothing", DECODE_INVALIDATION},
        {0, "none", DECODE_MODE},
        {MODE_PG | MODE_LA57, "PG LA57", DECODE_MODE},
        {MODE_CR0 | MODE_NXE | MODE_CR4, "PG WP NXE SMEP SMAP PGE PCIDE PKE PKS LA57", DECODE_MODE},
        {ACCESS_READ, "supervisor read", DECODE_ATTRIBUTES},
        {ACCESS_WRITE | ATTR_USER, "user write", DECODE_ATTRIBUTES},
        {ACCESS_FETCH | ATTR_AC, "supervisor fetch AC", DECODE_ATTRIBUTES},
        {ACCESS_READ | ATTR_IMPLICIT, "implicit read", DECODE_ATTRIBUTES},
        {FAULT_NONE, "none", DECODE_FAULT},
        {FAULT_PAGE, "page", DECODE_FAULT},
        {FAULT_NON_CANONICAL, "non-canonical", DECODE_FAULT},
        {FAULT_MACHINE_CHECK, "machine-check", DECODE_FAULT},
        {PAGE_4K, "4K", DECODE_SIZE},
        {PAGE_2M, "2M", DECODE_SIZE},
        {PAGE_1G, "1G", DECODE_SIZE},
        {3, "?", DECODE_SIZE},
        {SOURCE_L1, "L1", DECODE_SOURCE},
        {SOURCE_L2, "L2", DECODE_SOURCE},
        {SOURCE_WALK, "walk", DECODE_SOURCE},
        {3, "?", DECODE_SOURCE},
        {0, "0x00 (read, supervisor, not present)", DECODE_FAULT_CODE},
        {PF_W | PF_U | PF_P, "0x07 (write, user, protection violation)", DECODE_FAULT_CODE},
        {PF_I | PF_P | PF_RSVD, "0x19 (fetch, supervisor, protection violation, reserved bits set)",
         DECODE_FAULT_CODE},
        {PF_P | PF_PK, "0x21 (read, supervisor, protection violation, protection key)", DECODE_FAULT_CODE},
        {0, "0x0000000000000000 (none)", DECODE_ENTRY},
        {ENTRY_P | ENTRY_RW | ENTRY_A | ENTRY_NX | 0x5000, "0x8000000000005023 (P RW A NX)", DECODE_ENTRY},
        {1, "VA 0x1000 PCID 0x0 4K", DECODE_TAG},
        {5 | DATA_US | DATA_D, "frame 0x5 US D PAT 0 key 0", DECODE_DATA},
        {0xfffff73 | DATA_US, "table 0xfffff73000 US", DECODE_TABLE},
        {miss_result(0, FAULT_PAGE, PF_W, 0, SOURCE_WALK),
         "page fault, code 0x02 (write, supervisor, not present)", DECODE_RESULT},
        {miss_result(0, FAULT_MACHINE_CHECK, 0, 0, SOURCE_WALK), "machine-check fault", DECODE_RESULT},
        {miss_result(5 | DATA_RW, FAULT_NONE, 0, PAGE_2M, SOURCE_L2), "2M frame 0x5 RW PAT 0 key 0, from L2",
         DECODE_RESULT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        signal_decode_text(cases[i].decode, cases[i].value, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

/* At most `size` bytes are written, the terminator included, for whatever the RTL shows. */
static void short_buffers(void **state)
{
    (void)state;
    for (unsigned decode = DECODE_HEX; decode <= DECODE_RESULT; decode++)
        for (size_t size = 1; size < 64; size++) {
            char text[64];
            memset(text, '#', sizeof text);
            signal_decode_text((enum signal_decode)decode, UINT64_MAX, text, size);
            assert_true(memchr(text, '\0', size) != NULL);
            assert_int_equal(text[size], '#');
        }
}

static void entries(void **state)
{
    char text[256];

    (void)state;
    signal_decode_entry(true, x86_tag(x86_vpn(0xffff812345678000), 0xabc, true, PAGE_2M),
                        0x12345 | DATA_RW | DATA_US | DATA_NX | DATA_D | 6ull << DATA_PAT_SHIFT |
                            11ull << DATA_PKEY_SHIFT,
                        text, sizeof text);
    assert_string_equal(
        text, "valid   VA 0xffff812345678000 PCID 0xabc global 2M frame 0x12345 RW US NX D PAT 6 key 11");
    signal_decode_entry(false, x86_tag(x86_vpn(0x7f0000001000), 0, false, PAGE_4K), 0, text, sizeof text);
    assert_string_equal(text, "invalid VA 0x7f0000001000 PCID 0x0 4K frame 0x0 PAT 0 key 0");

    signal_decode_table_entry(true, x86_tag(x86_vpn(0x7f0000001000), 1, false, PAGE_4K),
                              0x1234 | DATA_RW | 6ull << DATA_PAT_SHIFT, text, sizeof text);
    assert_string_equal(text, "valid   VA 0x7f0000001000 PCID 0x1 table 0x1234000 RW");

    memset(text, '#', sizeof text);
    signal_decode_entry(true, UINT64_MAX, UINT64_MAX, text, 20);
    assert_int_equal(text[19], '\0');
    assert_int_equal(text[20], '#');
}

static void paths(void **state)
{
    (void)state;
    char path[64];

    signal_path("u_walk_cache__DOT__gen_level__BRA__3__KET____DOT__gen_cache__DOT__cache", path, sizeof path);
    assert_string_equal(path, "u_walk_cache.gen_level[3].gen_cache.cache");
    signal_path("resp_pa_o", path, sizeof path);
    assert_string_equal(path, "resp_pa_o");
    signal_path("u_l2__DOT__valid_q", path, 7);
    assert_string_equal(path, "u_l2.v");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(values),
        cmocka_unit_test(short_buffers),
        cmocka_unit_test(entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
