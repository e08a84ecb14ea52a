// SPDX-License-Identifier: ISC

#ifndef DM_DAEMON_FOLLOW_H
#define DM_DAEMON_FOLLOW_H

/**
 * @file
 * What a peer sent, on its way into the store.
 *
 *     loop: start --> sync worker: dm_follow_verify --> writer: dm_follow_apply
 *                            └ refused ┐                       |
 *     loop: done <---------------------+----------- COMMIT ----+
 *
 * `done` comes once, on the loop, whatever happens; then the task is to be
 * freed by who started it, or started anew after more was given.
 *
 * Threads: DM_ON_LOOP. Memory: what was given, and the batch.
 */

#include "base/attr.h"
#include "base/error.h"
#include "base/status.h"
#include "daemon/job.h"
#include "sync/follow.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_follow_task;
struct dm_node;

/// Bytes that a peer sent
enum dm_follow_bytes {
    DM_FOLLOW_RECORD,
    DM_FOLLOW_CAR,
    DM_FOLLOW_HEAD,
    DM_FOLLOW_CONF,
    DM_FOLLOW_SNAP,
    DM_FOLLOW_FORK_A,
    DM_FOLLOW_FORK_B,
};
#define DM_FOLLOW_BYTES 7

typedef void (*dm_follow_done_fn)(void *DM_NULLABLE context,
                                  struct dm_follow_task *task);

/// @return NULL when out of memory.
struct dm_follow_task *DM_NULLABLE
dm_follow_task_new(struct dm_node *node, const uint8_t log[DM_KEY_PUBLIC_BYTES])
    DM_NODISCARD;
/// Not while it is started. Frees what it was given.
void dm_follow_task_free(struct dm_follow_task *DM_NULLABLE task);

/// Give bytes (from dm_malloc(), the task's from here on; NULL where `n` is 0),
/// in place of those that were given before.
void dm_follow_task_give(struct dm_follow_task *task,
                         enum dm_follow_bytes which, char *DM_NULLABLE bytes,
                         size_t n);
/// What else sync/follow.h wants to know; `log` and bytes are filled in.
struct dm_follow_input *dm_follow_task_input(struct dm_follow_task *task);

/// @return DM_ERR_LIMIT: too many wait; `done` does not come.
enum dm_status dm_follow_task_start(struct dm_follow_task *task,
                                    dm_follow_done_fn done,
                                    void *DM_NULLABLE context) DM_NODISCARD;

/// Of the last start: what verify or apply said, and why.
enum dm_status dm_follow_task_status(const struct dm_follow_task *task);
const struct dm_error *dm_follow_task_error(const struct dm_follow_task *task);
/// Only after DM_OK
struct dm_follow_result
dm_follow_task_result(const struct dm_follow_task *task);
const uint8_t *dm_follow_task_log(const struct dm_follow_task *task);

DM_END_DECLS

#endif // DM_DAEMON_FOLLOW_H
