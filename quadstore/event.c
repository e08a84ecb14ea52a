// SPDX-License-Identifier: ISC

#include "quadstore/event.h"

static const char *const names[] = {
    [DM_RESULT_OK] = "ok",
    [DM_RESULT_WARNING] = "warning",
    [DM_RESULT_CRITICAL] = "critical",
    [DM_RESULT_UNKNOWN] = "unknown",
    [DM_RESULT_STALE] = "stale",
    [DM_RESULT_STARTED] = "started",
    [DM_RESULT_LOGGED] = "logged",
};

const char *
dm_result_status_name(enum dm_result_status status)
{
    return (size_t)status < DM_COUNT_OF(names) ? names[status] : "?";
}

bool
dm_result_status_from_name(struct dm_str name, enum dm_result_status *ret)
{
    for (size_t i = 0; i < DM_COUNT_OF(names); ++i) {
        if (dm_str_is(name, names[i])) {
            *ret = (enum dm_result_status)i;
            return true;
        }
    }
    return false;
}

bool
dm_result_is_bad(enum dm_result_status status)
{
    return status == DM_RESULT_WARNING || status == DM_RESULT_CRITICAL;
}
