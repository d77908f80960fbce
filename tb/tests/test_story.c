/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of events after the run, when nothing is left of what they pointed to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "page_log.h"
#include "story.h"

#define VA 0x7f1234569000

/* An answer, and the judge's objection, whose text does not outlive it. */
static void illegal_answer(void (*hear)(void *self, const struct event *event), void *self)
{
    char *verdict = strdup("rule stale-leaf: it was replaced\nand more\n");
    struct event event = event_of(10, EVENT_ACCEPT);
    event.access = 3;
    event.va = VA;
    hear(self, &event);
    event.cycle = 12;
    event.kind = EVENT_ANSWER;
    event.response.source = SOURCE_WALK;
    hear(self, &event);
    event = event_of(12, EVENT_ILLEGAL);
    event.verdict = verdict;
    hear(self, &event);
    memset(verdict, '?', strlen(verdict));
    free(verdict);
}

static void assert_printed(char *text, const char *wanted)
{
    assert_non_null(text);
    if (!strstr(text, wanted))
        fail_msg("not in it: %s\n%s", wanted, text);
    free(text);
}

static void test_story_keeps_the_verdict(void **state)
{
    (void)state;
    struct story *story = story_create();
    char *text = NULL;
    size_t size;
    illegal_answer(story_event, story);
    assert_int_equal(story_illegal(story), 3);
    FILE *out = open_memstream(&text, &size);
    story_print_cycles(story, 12, 12, out);
    fclose(out);
    assert_printed(text, "\n          12  rule stale-leaf: it was replaced\n");
    story_destroy(story);
}

static void test_page_keeps_the_verdict(void **state)
{
    (void)state;
    struct page_log *log = page_log_create(VA);
    char *text = NULL;
    size_t size;
    illegal_answer(page_log_event, log);
    FILE *out = open_memstream(&text, &size);
    page_log_print(log, out);
    fclose(out);
    assert_printed(text, "\n          12  rule stale-leaf: it was replaced\n");
    page_log_destroy(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_story_keeps_the_verdict),
        cmocka_unit_test(test_page_keeps_the_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
