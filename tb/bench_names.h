/* SPDX-License-Identifier: Apache-2.0 */
/* How the values of the MMU's interface are called in output. */
#ifndef TWINWALK_BENCH_NAMES_H
#define TWINWALK_BENCH_NAMES_H

#include <stdint.h>

/* "read", "write", "fetch". */
const char *bench_kind_name(uint8_t attr);
/* "user", "supervisor", "implicit". */
const char *bench_mode_name(uint8_t attr);
/* enum page_size: "4K", "2M", "1G". */
const char *bench_size_name(unsigned size);
/* enum answer_source: "L1", "L2", "walk". */
const char *bench_source_name(unsigned source);
/* enum fault_kind: "none", "page", "non-canonical", "machine-check". */
const char *bench_fault_name(unsigned fault);
/* enum mmu_op: "CR0" .. "INVPCID". */
const char *bench_op_name(unsigned op);

#endif
