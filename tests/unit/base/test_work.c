// SPDX-License-Identifier: ISC

#include "base/env.h"
#include "base/work.h"
#include "tests/check.h"

static int64_t
read_clock(void *context)
{
    return *(const int64_t *)context;
}

static const struct dm_env_ops clock_only = {.monotonic_ns = read_clock};

static void
work_ends_at_its_deadline(void)
{
    int64_t now_ns = 10;
    const struct dm_env env = {.ops = &clock_only, .context = &now_ns};
    struct dm_work work;
    dm_work_init(&work, &env, 20, 1000);
    CHECK(dm_work_check(&work) == DM_OK);
    now_ns = 19;
    CHECK(dm_work_check(&work) == DM_OK);
    now_ns = 20;
    CHECK(dm_work_check(&work) == DM_ERR_DEADLINE);
    CHECK_INT((int64_t)work.account.limit, 1000);
}

static void
work_without_a_deadline_ends_when_it_is_cancelled(void)
{
    int64_t now_ns = INT64_MAX;
    const struct dm_env env = {.ops = &clock_only, .context = &now_ns};
    struct dm_work work;
    dm_work_init(&work, &env, INT64_MAX, 0);
    CHECK(dm_work_check(&work) == DM_OK);
    dm_work_cancel(&work);
    CHECK(dm_work_check(&work) == DM_ERR_CANCELLED);
}

int
main(void)
{
    work_ends_at_its_deadline();
    work_without_a_deadline_ends_when_it_is_cancelled();
    return 0;
}
