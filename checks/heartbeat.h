// SPDX-License-Identifier: ISC

#ifndef DM_CHECKS_HEARTBEAT_H
#define DM_CHECKS_HEARTBEAT_H

/**
 * @file
 * Pings of a heartbeat, and the results they are.
 *
 *            start                    success, fail, exit, limit reached
 *   CLOSED ---------> OPEN (run id) --------------------------------> CLOSED
 *      └ success, fail, exit: a result without duration
 *
 * Threads: pure.
 */

#include "base/attr.h"
#include "checks/result.h"
#include "checks/runner.h"
#include "vocab/definitions.h"

#include <stdbool.h>
#include <stdint.h>

DM_BEGIN_DECLS

/// A UUID, and more than one
#define DM_RUN_ID_MAX 64

struct dm_heartbeat_run {
    bool is_open;
    int64_t started_ns; ///< Monotonic
    char run_id[DM_RUN_ID_MAX + 1];
};

/// The result of a ping at `now_ns`, or NULL when out of memory. Its at_ms is
/// still to be set.
struct dm_result *DM_NULLABLE
dm_heartbeat_ping(struct dm_heartbeat_run *run,
                  const struct dm_check_def *check, const struct dm_ping *ping,
                  int64_t now_ns) DM_NODISCARD;

/// When an open run reaches its limit, or INT64_MAX
int64_t dm_heartbeat_limit_ns(const struct dm_heartbeat_run *run,
                              const struct dm_check_def *check);

/// The result of a run that reached its limit; closes it.
struct dm_result *DM_NULLABLE
dm_heartbeat_too_long(struct dm_heartbeat_run *run,
                      const struct dm_check_def *check) DM_NODISCARD;

DM_END_DECLS

#endif // DM_CHECKS_HEARTBEAT_H
