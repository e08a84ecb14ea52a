// SPDX-License-Identifier: ISC

#include "checks/run.h"

#include "base/fault.h"

static bool
counts_as_bad(enum dm_verdict verdict)
{
    if (DM_FAULT("count unknown as bad") && verdict == DM_VERDICT_UNKNOWN) {
        return true;
    }
    return verdict == DM_VERDICT_WARNING || verdict == DM_VERDICT_CRITICAL;
}

bool
dm_bad_run_count(struct dm_bad_run *run, enum dm_verdict verdict,
                 uint32_t retries)
{
    if (verdict == DM_VERDICT_OK) {
        run->bad = 0;
        return false;
    }
    if (!counts_as_bad(verdict)) {
        return false;
    }
    if (run->bad < UINT32_MAX) {
        ++run->bad;
    }
    return !dm_bad_run_is_failing(run, retries);
}

bool
dm_bad_run_is_failing(const struct dm_bad_run *run, uint32_t retries)
{
    return run->bad > retries;
}
