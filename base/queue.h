// SPDX-License-Identifier: ISC

#ifndef DM_BASE_QUEUE_H
#define DM_BASE_QUEUE_H

/**
 * @file
 * A bounded queue of pointers between actors: many push, one pops.
 *
 * First in, first out. A push into a full queue is refused with a status, never
 * waits and never drops. After a push the consumer's wake function is called.
 *
 * I1 0 <= count <= capacity.
 * I2 Who popped an item owns it; what is left when a queue is freed goes to its
 *    `discard`, in order.
 *
 * Threads: any push; one pops. Cost: O(1), one uncontended lock.
 */

#include "base/actor.h"
#include "base/attr.h"
#include "base/status.h"

#include <stddef.h>

DM_BEGIN_DECLS

struct dm_queue;

typedef void (*dm_discard_fn)(void *item);

/// @param capacity At least 1; the memory is allocated at once.
/// @param wake NULL where nobody must be woken; called by the pushing thread,
///        outside the lock.
/// @return NULL when out of memory.
struct dm_queue *DM_NULLABLE
dm_queue_new(size_t capacity, dm_discard_fn discard,
             dm_wake_fn DM_NULLABLE wake, void *DM_NULLABLE wake_context)
    DM_NODISCARD;
void dm_queue_free(struct dm_queue *DM_NULLABLE queue);

/// Put in `item`, which is the queue's from then on.
/// @return DM_ERR_LIMIT where it is full: `item` stays the caller's.
enum dm_status dm_queue_push(struct dm_queue *queue, void *item) DM_NODISCARD;

/// The oldest item, or NULL where there is none.
void *DM_NULLABLE dm_queue_pop(struct dm_queue *queue);

size_t dm_queue_count(struct dm_queue *queue);
size_t dm_queue_capacity(const struct dm_queue *queue);

DM_END_DECLS

#endif // DM_BASE_QUEUE_H
