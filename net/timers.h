// SPDX-License-Identifier: ISC

#ifndef DM_NET_TIMERS_H
#define DM_NET_TIMERS_H

/**
 * @file
 * Timers in order of their due time: a pairing heap inside the timers.
 *
 * I1 A timer is in at most one heap; `is_running` says whether it is in one.
 * I2 No timer is due before its parent; equal times go by order of insertion.
 *
 * The heap allocates nothing and has no limit but its owners'. There is no
 * clock here. Threads: one at a time. Cost: insert O(1), remove and take the
 * first O(log n) amortised.
 */

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

typedef void (*dm_timer_fn)(void *DM_NULLABLE context);

/// Zeroed when it does not run. The fields are the heap's.
struct dm_timer {
    struct dm_timer *DM_NULLABLE child;   ///< First of them
    struct dm_timer *DM_NULLABLE sibling; ///< Next child of the same parent
    struct dm_timer *DM_NULLABLE before;  ///< Sibling before, or the parent
    int64_t due_ns;
    uint64_t order;
    dm_timer_fn DM_NULLABLE fire;
    void *DM_NULLABLE context;
    bool is_running;
};

/// Zeroed when empty
struct dm_timers {
    struct dm_timer *DM_NULLABLE first; ///< The root: the earliest
    uint64_t n_started;                 ///< Gives the order
};

/// Put in a timer that does not run, with `due_ns`, `fire` and `context` set.
void dm_timers_insert(struct dm_timers *timers, struct dm_timer *timer);

/// Take out a timer that runs.
void dm_timers_remove(struct dm_timers *timers, struct dm_timer *timer);

/// Whether I1 and I2 hold; O(n), for tests
bool dm_timers_is_valid(const struct dm_timers *timers);

DM_END_DECLS

#endif // DM_NET_TIMERS_H
