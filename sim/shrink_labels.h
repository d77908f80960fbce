/* SPDX-License-Identifier: Apache-2.0 */
/* What the words that a case writes are: entries of which level, for which address. */
#ifndef TWINWALK_SHRINK_LABELS_H
#define TWINWALK_SHRINK_LABELS_H

#include "shrink_case.h"

struct shrink_labels;

/* NULL: out of memory. */
struct shrink_labels *shrink_labels_create(const struct shrink_case *c);
void shrink_labels_destroy(struct shrink_labels *labels);

/* Such as "PTE of 0x7f0000000000", good until the labels are destroyed; NULL: no walk of the case leads
 * there. */
const char *shrink_label(const struct shrink_labels *labels, uint64_t address);

#endif
