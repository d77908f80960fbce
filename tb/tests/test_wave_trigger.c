/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions of --wave-on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "wave_trigger.h"

static void refused(const char *text, const char *expected)
{
    char error[256];
    assert_null(wave_trigger_parse(text, error, sizeof(error)));
    assert_string_equal(error, expected);
}

static struct event event(enum event_kind kind, uint64_t va)
{
    struct event event = {.kind = (uint8_t)kind, .va = va, .access = 4, .array = ARRAY_NONE};
    return event;
}

static void test_trigger_conditions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t va;
        enum event_kind kind;
        bool matches;
    } cases[] = {
        {"l1_hit", 1, EVENT_L1_HIT, true},
        {"l1_hit", 1, EVENT_L1_MISS, false},
        {"hit|miss", 1, EVENT_L2_MISS, true},
        {"hit || miss", 1, EVENT_FILL, false},
        {"hit & va=0x7000", 0x7fff, EVENT_L1_HIT, true},
        {"hit & va=0x7000", 0x8000, EVENT_L1_HIT, false},
        {"hit & !va=0x7000", 0x8000, EVENT_L1_HIT, true},
        {"fill | hit & va=0x7000", 0x8000, EVENT_FILL, true},
        {"(fill | hit) & va=0x7000", 0x8000, EVENT_FILL, false},
        {"ACCESS = 4", 0x8000, EVENT_FILL, true},
        {"access=5", 0x8000, EVENT_FILL, false},
        {"fault", 0x8000, EVENT_ANSWER, false},
        {"inval", 0x8000, EVENT_BROADCAST, true},
        {"array=l1d.4k", 0x8000, EVENT_FILL, false},
        {"kind=read & any", 0x8000, EVENT_FILL, true},
        {"kind=write", 0x8000, EVENT_FILL, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char error[256];
        struct wave_trigger *trigger = wave_trigger_parse(cases[i].text, error, sizeof(error));
        struct event happened = event(cases[i].kind, cases[i].va);
        if (!trigger)
            fail_msg("%s: %s", cases[i].text, error);
        if (wave_trigger_matches(trigger, &happened) != cases[i].matches)
            fail_msg("%s: case %zu", cases[i].text, i);
        wave_trigger_free(trigger);
    }
    refused("", "column 1: the condition is not complete");
    refused("fault |", "column 8: the condition is not complete");
    refused("fault | colour", "column 9: no kind of event: 'colour'");
    refused("hit & (miss", "column 12: ')' is missing");
    refused("hit miss", "column 5: not expected here: 'miss'");
    refused("hit & va >= 5", "column 10: a property can only be compared with =");
    refused("va=", "column 4: a value is missing");
    refused("hit & va=12z", "column 10: not a number: '12z'");
    refused("colour=1", "column 1: not a property of events: 'colour'");
    refused("op=JUMP", "column 4: none of CR0, CR3, CR4, EFER, PKRU, PKRS, INVLPG, INVPCID: 'JUMP'");
    refused("hit & $", "column 7: not expected here: '$'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trigger_conditions)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
