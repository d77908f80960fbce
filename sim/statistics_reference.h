/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all statistics: docs/statistics.md. */
#ifndef TWINWALK_STATISTICS_REFERENCE_H
#define TWINWALK_STATISTICS_REFERENCE_H

#include <stdio.h>

/* Writes it as Markdown. Write errors stay with the stream. */
void statistics_reference_print(FILE *out);

#endif
