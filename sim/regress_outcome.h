/* SPDX-License-Identifier: Apache-2.0 */
/* What a job's end and files say about its run. */
#ifndef TWINWALK_REGRESS_OUTCOME_H
#define TWINWALK_REGRESS_OUTCOME_H

#include "job_pool.h"
#include "regress_result.h"

/*
 * Fills in kind, signature and counts of a run that ended; `json` and `log` are
 * the files of its results and of its messages. A run that died or left no
 * results has the kind crash, timeout or internal: it may be worth a second try.
 */
void result_of_job(struct run_result *result, const struct job_end *end, const char *json, const char *log);

/* Whether a run with such a failure did not come to a result of its own. */
bool kind_may_be_retried(const char *kind);

#endif
