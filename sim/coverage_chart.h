/* SPDX-License-Identifier: Apache-2.0 */
/* The chart of closing: points against cycles, with and without steering. */
#ifndef TWINWALK_COVERAGE_CHART_H
#define TWINWALK_COVERAGE_CHART_H

#include <stdio.h>

#include "coverage_closing.h"

/* A section of an HTML page; curves: steered, not steered, empty where not done. */
void coverage_chart(const struct closing_curve curves[2], FILE *out);

#endif
