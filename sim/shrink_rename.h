/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers in place of large ones, wherever in a case they mean the same page. */
#ifndef TWINWALK_SHRINK_RENAME_H
#define TWINWALK_SHRINK_RENAME_H

#include "shrink_case.h"

enum shrink_renaming {
    RENAME_TABLES, /* physical pages that hold tables: 0x1000, 0x2000, ... */
    RENAME_FRAMES, /* what leaves map to: frame 0 */
    SHRINK_RENAMINGS
};

/* How many ways there are; way 0 renames all at once. */
size_t shrink_rename_count(const struct shrink_case *c, enum shrink_renaming renaming);

/* Renames in one of these ways; the case is empty when that changes nothing. false: out of memory. */
bool shrink_rename(struct shrink_case *c, enum shrink_renaming renaming, size_t way);

#endif
