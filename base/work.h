// SPDX-License-Identifier: ISC

#ifndef DM_BASE_WORK_H
#define DM_BASE_WORK_H

/**
 * @file
 * The bounds of a piece of work: a query, a page, an export.
 *
 * Long loops call dm_work_check() every 1024 rows or so, and the database asks
 * it too; memory of the work is charged to its account.
 *
 * Threads: `cancelled` may be set from any; the rest belongs to the worker.
 */

#include "base/account.h"
#include "base/attr.h"
#include "base/status.h"

#include <stdatomic.h>
#include <stdint.h>

DM_BEGIN_DECLS

struct dm_env;

/// How many rows a loop may handle between two checks
#define DM_WORK_ROWS 1024

struct dm_work {
    const struct dm_env *env;
    int64_t deadline_ns; ///< Monotonic; INT64_MAX for none
    atomic_bool cancelled;
    struct dm_account account;
};

/// @param deadline_ns Monotonic; INT64_MAX for none.
/// @param memory Most bytes.
void dm_work_init(struct dm_work *work, const struct dm_env *env,
                  int64_t deadline_ns, size_t memory);

/// @return DM_OK, DM_ERR_CANCELLED or DM_ERR_DEADLINE.
enum dm_status dm_work_check(struct dm_work *work) DM_NODISCARD;

/// From any thread: end the work soon.
void dm_work_cancel(struct dm_work *work);

DM_END_DECLS

#endif // DM_BASE_WORK_H
