// SPDX-License-Identifier: ISC

#include "base/time.h"
#include "tests/check.h"

#include <string.h>

// Four centuries before and after 1970, counted day by day
static void
every_day_follows_the_one_before(void)
{
    int64_t year = 1570;
    int month = 1;
    int day = 1;
    int64_t days = dm_days_from_civil(year, month, day);
    while (year < 2371) {
        int64_t got_year = 0;
        int got_month = 0;
        int got_day = 0;
        dm_civil_from_days(days, &got_year, &got_month, &got_day);
        CHECK_INT(got_year, year);
        CHECK_INT(got_month, month);
        CHECK_INT(got_day, day);
        CHECK_INT(dm_days_from_civil(year, month, day), days);
        ++days;
        if (++day > dm_days_in_month(year, month)) {
            day = 1;
            if (++month > 12) {
                month = 1;
                ++year;
            }
        }
    }
    CHECK_INT(dm_days_from_civil(1970, 1, 1), 0);
    CHECK_INT(dm_days_from_civil(2000, 3, 1), 11017);
}

static void
years_before_the_first_are_days_too(void)
{
    for (int64_t days = -1000000; days < 1000000; days += 997) {
        int64_t year = 0;
        int month = 0;
        int day = 0;
        dm_civil_from_days(days, &year, &month, &day);
        CHECK(month >= 1 && month <= 12 && day >= 1);
        CHECK(day <= dm_days_in_month(year, month));
        CHECK_INT(dm_days_from_civil(year, month, day), days);
    }
}

static void
february_has_29_days_in_leap_years(void)
{
    CHECK_INT(dm_days_in_month(2000, 2), 29);
    CHECK_INT(dm_days_in_month(1900, 2), 28);
    CHECK_INT(dm_days_in_month(2024, 2), 29);
    CHECK_INT(dm_days_in_month(2026, 2), 28);
    CHECK_INT(dm_days_in_month(2026, 4), 30);
    CHECK_INT(dm_days_in_month(2026, 12), 31);
}

static void
check_format(int64_t ms, const char *want)
{
    char text[DM_TIME_SIZE] = "";
    dm_time_format(ms, text);
    CHECK(strcmp(text, want) == 0);
    int64_t back = 0;
    CHECK(dm_time_parse(dm_str(text), &back));
    CHECK_INT(back, ms);
}

static void
times_are_written_with_milliseconds_in_utc(void)
{
    check_format(0, "1970-01-01T00:00:00.000Z");
    check_format(-1, "1969-12-31T23:59:59.999Z");
    check_format(INT64_C(1795536000123), "2026-11-24T16:00:00.123Z");
    check_format(DM_TIME_MIN_MS, "0001-01-01T00:00:00.000Z");
    check_format(DM_TIME_MAX_MS, "9999-12-31T23:59:59.999Z");
}

static void
what_is_written_is_read_back(void)
{
    // A step that has no factor in common with a day
    const int64_t step = INT64_C(86399999) * 997 + 1;
    for (int64_t ms = DM_TIME_MIN_MS; ms <= DM_TIME_MAX_MS - step; ms += step) {
        char text[DM_TIME_SIZE] = "";
        dm_time_format(ms, text);
        int64_t back = 0;
        CHECK(dm_time_parse(dm_str(text), &back));
        CHECK_INT(back, ms);
    }
}

static void
check_parse(const char *text, int64_t want)
{
    int64_t ms = 0;
    CHECK(dm_time_parse(dm_str(text), &ms));
    CHECK_INT(ms, want);
}

static void
zones_and_fractions_are_understood(void)
{
    check_parse("2026-11-24T16:00:00Z", INT64_C(1795536000000));
    check_parse("2026-11-24T17:30:00+01:30", INT64_C(1795536000000));
    check_parse("2026-11-24T02:00:00-14:00", INT64_C(1795536000000));
    check_parse("2026-11-24T16:00:00.1Z", INT64_C(1795536000100));
    check_parse("2026-11-24T16:00:00.1239999Z", INT64_C(1795536000123));
    check_parse("2000-02-29T00:00:00-00:00", INT64_C(951782400000));
}

static void
what_is_no_time_is_refused(void)
{
    static const char *const bad[] = {
        "", "2026-11-24", "2026-11-24T16:00:00", "2026-11-24 16:00:00Z",
        "2026-11-24T16:00Z", "2026-11-24T24:00:00Z", "2026-11-24T16:60:00Z",
        "2026-11-24T16:00:60Z", "2026-11-24T16:00:00.Z", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z", "0000-01-01T00:00:00Z", "2026-1-1T00:00:00Z",
        "2026-11-24T16:00:00+14:01", "2026-11-24T16:00:00+1:00",
        "2026-11-24T16:00:00+01:60", "2026-11-24T16:00:00ZZ",
        "+2026-11-24T16:00:00Z", "2026-11-24T16:00:00+0100",
        // Written so, but before the first and after the last year
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        int64_t ms = 7;
        CHECK(!dm_time_parse(dm_str(bad[i]), &ms));
        CHECK_INT(ms, 7);
    }
}

int
main(void)
{
    every_day_follows_the_one_before();
    years_before_the_first_are_days_too();
    february_has_29_days_in_leap_years();
    times_are_written_with_milliseconds_in_utc();
    what_is_written_is_read_back();
    zones_and_fractions_are_understood();
    what_is_no_time_is_refused();
    return 0;
}
