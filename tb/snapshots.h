/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of this process as it was, made by fork() and asleep until one is
 * wanted: from there a run can be played again. Two are kept. They end with
 * this process, however it ends.
 */
#ifndef TWINWALK_SNAPSHOTS_H
#define TWINWALK_SNAPSHOTS_H

#include <stdbool.h>
#include <stddef.h>

struct snapshots;

/* NULL when memory is short. */
struct snapshots *snapshots_create(void);

/* Ends those that are asleep. */
void snapshots_destroy(struct snapshots *snapshots);

/*
 * Takes one, in place of the oldest when there are two. Returns twice: false in
 * this process; true in the snapshot once it is woken, with the `size` bytes of
 * the order that it gets. That one must not write to files which this process
 * has open, and ends by _exit with a status below 128. When the system refuses
 * another process there is no snapshot, after a message.
 */
bool snapshots_take(struct snapshots *snapshots, void *order, size_t size);

/* Wakes the oldest with its order, ends the other, waits. The status it ended with, or -1: it did not. */
int snapshots_wake(struct snapshots *snapshots, const void *order, size_t size);

#endif
