// SPDX-License-Identifier: ISC

#include "base/work.h"

#include "base/env.h"

void
dm_work_init(struct dm_work *work, const struct dm_env *env,
             int64_t deadline_ns, size_t memory)
{
    work->env = env;
    work->deadline_ns = deadline_ns;
    atomic_init(&work->cancelled, false);
    dm_account_init(&work->account, memory);
}

enum dm_status
dm_work_check(struct dm_work *work)
{
    if (atomic_load_explicit(&work->cancelled, memory_order_relaxed)) {
        return DM_ERR_CANCELLED;
    }
    if (work->deadline_ns != INT64_MAX &&
        dm_env_monotonic_ns(work->env) >= work->deadline_ns) {
        return DM_ERR_DEADLINE;
    }
    return DM_OK;
}

void
dm_work_cancel(struct dm_work *work)
{
    atomic_store_explicit(&work->cancelled, true, memory_order_relaxed);
}
