/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bench says when the RTL misbehaves. A fake takes the RTL's place:
 * the functions of rtl.h are defined here instead of in the library.
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
#include "rtl.h"
#include "test_files.h"

#define DIRECTORY "build/test_bench"
#define MESSAGES  DIRECTORY "/rtl_messages"

enum misbehaviour {
    BEHAVES,
    STRAY_ANSWER,
    DOUBLE_ANSWER,
    STRAY_OP_DONE,
    NEVER_ANSWERS,
    NEVER_READY,
    WRONG_ANSWER,
    DIFFERS,
};

/* The model, disturbed in one cycle. */
struct rtl {
    struct mmu *mmu;
    struct mmu_out out;
    struct response last[MMU_MAX_PORTS];
    uint64_t answers;
    bool done; /* it has misbehaved */
};

static enum misbehaviour misbehaviour;

struct rtl *rtl_open(const struct mmu_params *params)
{
    struct rtl *rtl = calloc(1, sizeof(*rtl));
    rtl->mmu = mmu_create(params);
    return rtl;
}

/* It has no waves. */
int rtl_prepare_waves(struct rtl *rtl)
{
    (void)rtl;
    return -1;
}

uint64_t rtl_waves_from(const struct rtl *rtl)
{
    (void)rtl;
    return 0;
}

int rtl_wave_begin(struct rtl *rtl, const char *path, const struct rtl_wave_contents *contents)
{
    (void)rtl, (void)path, (void)contents;
    return -1;
}

void rtl_wave_sample(struct rtl *rtl, const struct mmu_in *in)
{
    (void)rtl, (void)in;
}

void rtl_wave_number(struct rtl *rtl, size_t lane, uint64_t value)
{
    (void)rtl, (void)lane, (void)value;
}

void rtl_wave_text(struct rtl *rtl, size_t lane, const char *text)
{
    (void)rtl, (void)lane, (void)text;
}

void rtl_wave_forget(struct rtl *rtl)
{
    (void)rtl;
}

int rtl_wave_end(struct rtl *rtl, bool present)
{
    (void)rtl, (void)present;
    return -1;
}

void rtl_close(struct rtl *rtl)
{
    mmu_destroy(rtl->mmu);
    free(rtl);
}

static void disturb(struct rtl *rtl)
{
    struct mmu_out *out = &rtl->out;
    bool due = rtl->answers > 20 && !rtl->done;
    switch (misbehaviour) {
    case STRAY_ANSWER:
        if (due && !(out->resp_valid & 2)) {
            out->resp_valid |= 2;
            out->resp[1] = (struct response){.tag = 63};
            rtl->done = true;
        }
        break;
    case DOUBLE_ANSWER:
        if (due && !(out->resp_valid & 2) && rtl->last[1].pa) {
            out->resp_valid |= 2;
            out->resp[1] = rtl->last[1];
            rtl->done = true;
        }
        break;
    case STRAY_OP_DONE:
        out->op_done |= mmu_cycle(rtl->mmu) == 3;
        break;
    case NEVER_ANSWERS:
        out->resp_valid &= (uint8_t)~2;
        break;
    case NEVER_READY:
        out->req_ready = 0;
        break;
    case WRONG_ANSWER:
        if (due && (out->resp_valid & 2) && !out->resp[1].fault) {
            out->resp[1].pa ^= 0x1000;
            rtl->done = true;
        }
        break;
    case BEHAVES:
    case DIFFERS:
        break;
    }
}

const struct mmu_out *rtl_outputs(struct rtl *rtl)
{
    rtl->out = *mmu_outputs(rtl->mmu);
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        if (rtl->out.resp_valid >> p & 1) {
            rtl->last[p] = rtl->out.resp[p];
            rtl->answers++;
        }
    }
    disturb(rtl);
    return &rtl->out;
}

void rtl_step(struct rtl *rtl, const struct mmu_in *in)
{
    struct mmu_in taken = *in;
    if (misbehaviour == NEVER_READY)
        taken.req_valid = 0;
    mmu_step(rtl->mmu, &taken);
}

bool rtl_compare(struct rtl *rtl, const struct mmu *model, bool full)
{
    (void)full;
    return mmu_cycle(rtl->mmu) == mmu_cycle(model) && !(misbehaviour == DIFFERS && rtl->answers > 20);
}

void rtl_report(struct rtl *rtl, const struct mmu *model, FILE *out)
{
    (void)rtl;
    (void)model;
    fprintf(out, "signal x\n");
}

/* Runs random accesses; what goes to stderr is in messages. */
static int run(enum engine engine, enum misbehaviour what, bool judge, char messages[8192])
{
    static struct mmu_params params;
    static struct bench_params bench;
    mkdir("build", 0777);
    mkdir(DIRECTORY, 0777);
    mmu_params_default(&params);
    bench_params_default(&bench);
    bench.memory.dram_latency = 20;
    struct bench_options options = bench_defaults(&params, &bench, engine);
    options.random = true;
    options.quiet = true;
    options.cycles = 20000;
    options.judge = judge;
    options.reproduce = "twinwalk again";
    misbehaviour = what;
    int saved = catch_messages(MESSAGES);
    int code = bench_run(&options);
    release_messages(saved, MESSAGES, messages, 8192);
    return code;
}

static void test_good(void **state)
{
    (void)state;
    char messages[8192];
    assert_int_equal(run(ENGINE_LOCKSTEP, BEHAVES, true, messages), 0);
    assert_int_equal(run(ENGINE_LOCKSTEP, BEHAVES, false, messages), 0);
    assert_int_equal(run(ENGINE_RTL, BEHAVES, true, messages), 0);
    assert_int_equal(run(ENGINE_RTL, BEHAVES, false, messages), 0);
    assert_string_equal(messages, "");
}

static void test_found_without_a_judge(void **state)
{
    (void)state;
    static const struct {
        enum misbehaviour what;
        const char *message;
    } cases[] = {
        {STRAY_ANSWER, "port 1 answers tag 63, which no access has"},
        {DOUBLE_ANSWER, "port 1 answers tag"},
        {STRAY_OP_DONE, "none was running"},
        {NEVER_ANSWERS, "is not answered"},
        {NEVER_READY, "nothing offered was accepted"},
    };
    char messages[8192];
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(run(ENGINE_RTL, cases[i].what, false, messages), 1);
        assert_non_null(strstr(messages, cases[i].message));
        assert_non_null(strstr(messages, "to reproduce: twinwalk again"));
    }
}

static void test_difference(void **state)
{
    (void)state;
    char messages[8192];
    assert_int_equal(run(ENGINE_LOCKSTEP, DIFFERS, true, messages), 1);
    assert_non_null(strstr(messages, "RTL and C model differ\nsignal x\n"));
    assert_non_null(strstr(messages, "last events"));
    assert_non_null(strstr(messages, "port 1 accepts tag"));
    assert_non_null(strstr(messages, "to reproduce: twinwalk again"));
}

static void test_judged(void **state)
{
    (void)state;
    char messages[8192];
    assert_int_equal(run(ENGINE_RTL, WRONG_ANSWER, false, messages), 0);
    assert_int_equal(run(ENGINE_RTL, WRONG_ANSWER, true, messages), 1);
    assert_non_null(strstr(messages, "illegal by the architecture"));
    assert_non_null(strstr(messages, "last events"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_found_without_a_judge),
        cmocka_unit_test(test_difference),
        cmocka_unit_test(test_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
