/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_watch.h"

#include <inttypes.h>

bool bench_watch_waiting(struct bench_loop *loop, uint64_t limit)
{
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        const struct bench_port *port = &loop->ports[p];
        for (unsigned tag = 0; tag < MMU_TAGS; tag++) {
            const struct outstanding *access = &port->outstanding[tag];
            if (tag == port->next_tag || (port->free_tags >> tag & 1) || loop->cycle - access->cycle <= limit)
                continue;
            snprintf(loop->message, sizeof(loop->message),
                     "access %" PRIu64 " (port %u, tag %u, va 0x%016" PRIx64 "), accepted in cycle %" PRIu64
                     ", is not answered",
                     access->index, p, tag, access->va, access->cycle);
            bench_loop_fail(loop, OUTCOME_HANG);
            return true;
        }
    }
    if (loop->op_running && loop->cycle - loop->op_cycle > limit) {
        snprintf(loop->message, sizeof(loop->message),
                 "the operation accepted in cycle %" PRIu64 " does not complete", loop->op_cycle);
        bench_loop_fail(loop, OUTCOME_HANG);
        return true;
    }
    return false;
}

void bench_watch_refused(struct bench_loop *loop, uint64_t since)
{
    snprintf(loop->message, sizeof(loop->message), "nothing offered was accepted since cycle %" PRIu64,
             since);
    bench_loop_fail(loop, OUTCOME_HANG);
}

void bench_watch_look(struct bench_watch *watch, struct bench_loop *loop)
{
    uint64_t accepted = loop->counts.accepted + loop->counts.ops_done;
    if (bench_watch_waiting(loop, loop->hang_limit))
        return;
    if (accepted != watch->accepted || !(loop->offer.req_valid || loop->offer.op_valid)) {
        watch->accepted = accepted;
        watch->since = loop->cycle;
    } else if (loop->cycle - watch->since > loop->hang_limit) {
        bench_watch_refused(loop, watch->since);
    }
}

uint64_t bench_watch_oldest(const struct bench_loop *loop)
{
    uint64_t oldest = loop->op_running && loop->op_cycle < loop->cycle ? loop->op_cycle : loop->cycle;
    for (unsigned p = 0; p < MMU_MAX_PORTS; p++) {
        const struct bench_port *port = &loop->ports[p];
        for (unsigned tag = 0; tag < MMU_TAGS; tag++)
            if (tag != port->next_tag && !(port->free_tags >> tag & 1) &&
                port->outstanding[tag].cycle < oldest)
                oldest = port->outstanding[tag].cycle;
    }
    return oldest;
}
