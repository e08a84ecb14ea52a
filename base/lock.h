// SPDX-License-Identifier: ISC

#ifndef DM_BASE_LOCK_H
#define DM_BASE_LOCK_H

/**
 * @file
 * A lock over a few fields that several actors look at.
 *
 * It is held for a look-up, never over a call that may wait, allocate much or
 * call back; whoever holds it takes no other. So a step does not wait for it in
 * any way that counts. Actors that hand work to each other use a queue.
 *
 * Threads: any.
 */

#include "base/attr.h"
#include "base/status.h"

DM_BEGIN_DECLS

struct dm_lock;

struct dm_lock *DM_NULLABLE dm_lock_new(void) DM_NODISCARD;
void dm_lock_free(struct dm_lock *DM_NULLABLE lock);

void dm_lock_take(struct dm_lock *lock);
void dm_lock_give(struct dm_lock *lock);

DM_END_DECLS

#endif // DM_BASE_LOCK_H
