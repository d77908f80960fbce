/* SPDX-License-Identifier: Apache-2.0 */
#include "wave_order.h"

#include "bench_watch.h"

struct wave_order wave_order(const struct wave_options *options, const struct bench_loop *loop)
{
    struct wave_order order = {
        .focus = loop->cycle,
        .end = cycles_later(loop->cycle, cycles_later(options->after, 1)),
        .outcome = loop->outcome,
        .accept = UINT64_MAX,
    };
    order.begin = order.focus > options->before ? order.focus - options->before : 0;
    if (loop->outcome == OUTCOME_DONE && bench_loop_expectation_failed(loop))
        order.accept = loop->stimulus.failed->accept_cycle;
    if (loop->outcome == OUTCOME_HANG) {
        /* The cause is where it got stuck; since then nothing happened to it. */
        uint64_t stuck = bench_watch_oldest(loop);
        order.accept = stuck;
        order.begin = stuck > options->before ? stuck - options->before : 0;
        order.end = cycles_later(stuck, options->before + options->after + 1);
        if (order.end > loop->cycle)
            order.end = loop->cycle + 1;
    }
    if (order.begin < rtl_waves_from(loop->rtl))
        order.begin = rtl_waves_from(loop->rtl);
    return order;
}

const char *wave_order_reason(const struct wave_order *order, const struct bench_loop *loop)
{
    static const char *const reasons[] = {
        [OUTCOME_MISMATCH] = "RTL and C model differ",
        [OUTCOME_ILLEGAL] = "an answer is illegal",
        [OUTCOME_PROTOCOL] = "an answer or a completion that nothing asked for",
        [OUTCOME_HANG] = "the MMU hangs",
        [OUTCOME_STUCK] = "the stimulus waits for nothing",
        [OUTCOME_STOPPED] = "the run is stopped",
    };
    if (order->outcome != OUTCOME_DONE)
        return reasons[order->outcome];
    return bench_loop_expectation_failed(loop) ? "not as the script expects" : WAVE_REASON_EVENT;
}
