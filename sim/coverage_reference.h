/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all points of coverage: docs/coverage-points.md. */
#ifndef TWINWALK_COVERAGE_REFERENCE_H
#define TWINWALK_COVERAGE_REFERENCE_H

#include <stdio.h>

/* Writes it as Markdown. Write errors stay with the stream. */
void coverage_reference_print(FILE *out);

#endif
