// SPDX-License-Identifier: ISC

#include "vocab/duration.h"

#include "tests/check.h"

#include <string.h>

static void
durations_are_read(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"0s", 0},
        {"30s", 30000},
        {"1h30m", 5400000},
        {"250ms", 250},
        {"21d", 1814400000},
        {"1w", 604800000},
        {"5y", 157680000000},
        {"1m1m", 120000},
    };
    for (size_t i = 0; i < DM_COUNT_OF(rows); ++i) {
        int64_t ms = -1;
        CHECK(dm_duration_read(dm_str(rows[i].text), &ms, NULL) == DM_OK);
        CHECK_INT(ms, rows[i].ms);
    }
}

static void
what_is_no_duration_is_told(void)
{
    static const struct {
        const char *text;
        enum dm_status status;
        const char *what;
    } rows[] = {
        {"", DM_ERR_SYNTAX,
         "a duration begins with a number, as \"30s\" or \"1h30m\""},
        {"s", DM_ERR_SYNTAX,
         "a duration begins with a number, as \"30s\" or \"1h30m\""},
        {"30", DM_ERR_SYNTAX, "a duration needs a unit, as \"30s\""},
        {"1h30", DM_ERR_SYNTAX, "a duration needs a unit, as \"30s\""},
        {"30 s", DM_ERR_SYNTAX, "\" s\" is no unit of time"},
        {"30sec", DM_ERR_SYNTAX, "\"sec\" is no unit of time"},
        {"-5s", DM_ERR_SYNTAX,
         "a duration begins with a number, as \"30s\" or \"1h30m\""},
        {"1001y", DM_ERR_LIMIT, "a duration is too long"},
        {"99999999999999999999s", DM_ERR_LIMIT, "a duration is too long"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(rows); ++i) {
        int64_t ms = -7;
        struct dm_error error = {0};
        CHECK(dm_duration_read(dm_str(rows[i].text), &ms, &error) ==
              rows[i].status);
        CHECK(strcmp(error.what, rows[i].what) == 0);
        CHECK_INT(ms, -7);
    }
}

static void
sizes_are_read(void)
{
    uint64_t bytes = 0;
    CHECK(dm_size_read(dm_str("2GiB"), &bytes, NULL) == DM_OK);
    CHECK_INT((int64_t)bytes, INT64_C(2147483648));
    CHECK(dm_size_read(dm_str("5kB"), &bytes, NULL) == DM_OK);
    CHECK_INT((int64_t)bytes, 5000);
    CHECK(dm_size_read(dm_str("17"), &bytes, NULL) == DM_OK);
    CHECK_INT((int64_t)bytes, 17);
    CHECK(dm_size_read(dm_str("5G"), &bytes, NULL) == DM_ERR_SYNTAX);
    CHECK(dm_size_read(dm_str("GiB"), &bytes, NULL) == DM_ERR_SYNTAX);
    CHECK(dm_size_read(dm_str("99999999TiB"), &bytes, NULL) == DM_ERR_LIMIT);
    CHECK_INT((int64_t)bytes, 17);
}

int
main(void)
{
    durations_are_read();
    what_is_no_duration_is_told();
    sizes_are_read();
    return 0;
}
