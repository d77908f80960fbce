/* SPDX-License-Identifier: Apache-2.0 */
/* Read back from its line, or from the lane of a wave, an event concerns what it concerns itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <string.h>

#include "bench.h"
#include "config.h"
#include "event_parse.h"
#include "lane_text.h"
#include "page_log.h"

enum { PAGES = 12, APART = 40 }; /* that many accesses between two that give a page */

struct pages {
    struct page_log *themselves[PAGES], *from_lines[PAGES];
    unsigned count;
    uint64_t accesses;
    unsigned by_kind[EVENT_KINDS]; /* that concern one */
};

static void add_page(struct pages *pages, uint64_t va)
{
    if (pages->count == PAGES || pages->accesses++ % APART != 0)
        return;
    pages->themselves[pages->count] = page_log_create(va);
    pages->from_lines[pages->count++] = page_log_create(va);
}

/* Through the lane of a wave and back the line is the same; the verb comes first there. */
static void compare_lane(const char *text)
{
    static const struct {
        const char *format, *lane;
    } lanes[] = {{"port %u", "port"}, {"walker %u", "walker"}, {"miss queue %u", "entry"}};
    char lane[24] = "fill", in_lane[320], back[320];
    unsigned number;

    if (strncmp(text, "operation accepted: ", 20) == 0)
        strcpy(lane, "operation");
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++)
        if (sscanf(text, lanes[i].format, &number) == 1)
            snprintf(lane, sizeof lane, "%s_%u", lanes[i].lane, number);
    lane_text(text, in_lane, sizeof in_lane);
    lane_text_event(lane, in_lane, strlen(in_lane), back, sizeof back);
    assert_string_equal(back, text);
    if (strncmp(in_lane, "access ", 7) == 0 || strncmp(in_lane, "va ", 3) == 0)
        fail_msg("in %s: %s", lane, in_lane);
}

static void compare(void *self, const struct event *event)
{
    struct pages *pages = self;
    struct event parsed;
    char text[320];

    event_text(event, text, sizeof text);
    compare_lane(text);
    bool is_event = event_parse(text, &parsed);
    bool has_entry = event_meets_entry(event) || event->kind == EVENT_FILL || event->kind == EVENT_DROP;
    if (event_meets_entry(event) != (is_event && event_meets_entry(&parsed)) ||
        (has_entry && (parsed.array != event->array || parsed.set != event->set || parsed.way != event->way)))
        fail_msg("cycle %" PRIu64 ": %s: the entry", event->cycle, text);
    if (event->kind == EVENT_ACCEPT)
        add_page(pages, event->va);
    for (unsigned i = 0; i < pages->count; i++) {
        bool itself = page_log_concerns(pages->themselves[i], event);
        bool from_line = is_event && page_log_concerns(pages->from_lines[i], &parsed);
        pages->by_kind[event->kind] += itself;
        if (itself != from_line)
            fail_msg("cycle %" PRIu64 ": %s: %s page %u", event->cycle, text,
                     itself ? "does not concern" : "concerns", i);
    }
}

static void run(const char *name)
{
    struct config config;
    struct pages pages = {.count = 0};

    assert_int_equal(config_open(&config, name, NULL, 0), 0);
    struct bench_options options = bench_defaults(&config.mmu, &config.bench, ENGINE_MODEL);
    options.random = options.quiet = true;
    options.seed = 7;
    options.accesses = 6000;
    options.listener = (struct event_listener){.self = &pages, .event = compare};
    assert_int_equal(bench_run(&options), 0);
    for (unsigned i = 0; i < pages.count; i++) {
        assert_int_equal(page_log_from_l1(pages.from_lines[i]), page_log_from_l1(pages.themselves[i]));
        page_log_destroy(pages.themselves[i]);
        page_log_destroy(pages.from_lines[i]);
    }
    static const enum event_kind wanted[] = {EVENT_ANSWER, EVENT_OP,         EVENT_REGISTER, EVENT_BROADCAST,
                                             EVENT_WRITE,  EVENT_FAULT_DROP, EVENT_FILL,     EVENT_EVICT,
                                             EVENT_DROP,   EVENT_ENTRY_READ, EVENT_DEQUEUE};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (pages.by_kind[wanted[i]] == 0)
            fail_msg("%s: no event %s concerns a page", name, event_name(wanted[i]));
    config_close(&config);
}

static void test_same_pages(void **state)
{
    (void)state;
    run("tiny");
    run("default");
    run("zen4");
}

static void test_other_texts(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        "operation complete",
                                        "port 1",
                                        "rule stale-leaf: port 1",
                                        "walker 0 reads 0x0000000080000: request taken",
                                        "dropped from l9.4k set 0 way 0 (VA 0x1000 PCID 0x0 4K frame 0x1)"};
    struct event event;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(event_parse(texts[i], &event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_pages),
        cmocka_unit_test(test_other_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
