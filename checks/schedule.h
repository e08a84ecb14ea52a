// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_SCHEDULE_H
#define DM_CHECKS_SCHEDULE_H

/**
 * @file
 * When each check runs next. It decides and does nothing else: no clock, no
 * I/O, no callback, so a test plays a year in a moment.
 *
 *     add           take              finish
 *   ------> WAITING ----> RUNNING -----------------> WAITING
 *              | remove      | remove
 *              v             v           finish
 *            FREE         DOOMED ------------------> FREE
 *
 * Grid. Runs of a check lie on grid + k * interval. A late or slow run does not
 * move the grid, and points that were missed are skipped, never made up for.
 * The first run is within a second of the start (at most 1000 of them a
 * second), off the grid; the grid's offset is the hash of the check's name, so
 * that many nodes and many checks do not knock at one instant.
 *
 * Retry. After a run that was bad but does not fail the check yet, the next one
 * is at the earlier of its end + retry and the grid.
 *
 * Suspend. Time here stands still while the machine sleeps. On resume each
 * overdue check runs once, spread over a second by dm_schedule_resume().
 *
 * S1 A slot that is WAITING is in the heap exactly once, all others never.
 * S2 The heap is ordered by (due, slot).
 * S3 A slot is due on its grid, but for the first run, a retry and what was
 *    hurried or spread.
 *
 * Time: monotonic ns. Threads: DM_ON_LOOP. Memory: all of it at the start.
 * Cost: O(log n) for each call, n slots.
 */

#include "base/attr.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_schedule;

/// Names a slot until it is free again
typedef uint32_t dm_slot_id;

#define DM_SCHEDULE_MAX 20000U
/// First runs that start in one second
#define DM_FIRST_RUNS_PER_SECOND 1000U
/// Longest interval and latest time: sums of them stay within int64_t
#define DM_SCHEDULE_INTERVAL_MAX_NS (INT64_C(400) * 86400 * 1000000000)
#define DM_SCHEDULE_TIME_MAX_NS (INT64_MAX / 4)

struct dm_schedule_spec {
    int64_t first_due_ns; ///< From dm_schedule_first_due(), or any time
    int64_t interval_ns;  ///< From 1 ms to DM_SCHEDULE_INTERVAL_MAX_NS
    int64_t grid_ns;      ///< Any point of the grid: 0 <= grid < interval
    int64_t retry_ns;     ///< From 1 ms on
};

/// @param capacity 1..DM_SCHEDULE_MAX. NULL when out of memory.
struct dm_schedule *DM_NULLABLE dm_schedule_new(uint32_t capacity) DM_NODISCARD;
void dm_schedule_free(struct dm_schedule *DM_NULLABLE schedule);

/// Put a check into a free slot.
/// @return DM_ERR_ARGUMENT, DM_ERR_LIMIT.
enum dm_status dm_schedule_add(struct dm_schedule *schedule,
                               const struct dm_schedule_spec *spec,
                               dm_slot_id *ret) DM_NODISCARD;

/// Take a check out. A waiting slot is free at once; a running one is doomed:
/// its id stays until dm_schedule_finish(). DM_ERR_NOT_FOUND, DM_ERR_STATE
/// (doomed).
enum dm_status dm_schedule_remove(struct dm_schedule *schedule, dm_slot_id id);

/// The earliest due time, or INT64_MAX.
int64_t dm_schedule_next_due(const struct dm_schedule *schedule);

/// Take the check that has been due longest, ties to the lower slot.
/// @return Whether one was due; the two are set only then.
bool dm_schedule_take(struct dm_schedule *schedule, int64_t now_ns,
                      dm_slot_id *ret, int64_t *ret_due_ns) DM_NODISCARD;

/// A taken check has ended: wait for the next run.
/// @param retry It was bad and does not fail the check yet.
/// @return DM_ERR_NOT_FOUND, DM_ERR_STATE where it is not running.
enum dm_status dm_schedule_finish(struct dm_schedule *schedule, dm_slot_id id,
                                  int64_t now_ns, bool retry);

/// Make a waiting check due at `due_ns`. DM_ERR_NOT_FOUND, DM_ERR_STATE.
enum dm_status dm_schedule_hurry(struct dm_schedule *schedule, dm_slot_id id,
                                 int64_t due_ns);

/// The machine slept: spread what is overdue at `now_ns` over the second that
/// follows, in the order in which it was due.
void dm_schedule_resume(struct dm_schedule *schedule, int64_t now_ns);

/// Slots in use
uint32_t dm_schedule_count(const struct dm_schedule *schedule);

/// When the `index`-th check that is added at `now_ns` runs first, from 0 on:
/// `total` of them within a second, or 1000 a second where there are more.
int64_t dm_schedule_first_due(int64_t now_ns, uint32_t index, uint32_t total);

/// The offset of the grid of a check with this hash: 0 <= offset < interval
int64_t dm_schedule_grid(uint64_t name_hash, int64_t interval_ns);

/// Check S1 and S2; for tests.
bool dm_schedule_is_valid(const struct dm_schedule *schedule);

DM_END_DECLS

#endif // DM_CHECKS_SCHEDULE_H
