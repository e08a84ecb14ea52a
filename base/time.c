// SPDX-License-Identifier: ISC

#include "base/time.h"

#include <assert.h>
#include <stdio.h>

#define DAYS_PER_ERA 146097 // 400 years
#define EPOCH_SHIFT 719468  // From 0000-03-01 to 1970-01-01

// Both conversions count years from March on, so that the leap day is the last
// of its year, in eras of 400 years.

int64_t
dm_days_from_civil(int64_t year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year_of_era = y - era * 400;
    const int64_t march_month = (month + 9) % 12;
    const int64_t day_of_year = (153 * march_month + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - EPOCH_SHIFT;
}

void
dm_civil_from_days(int64_t days, int64_t *ret_year, int *ret_month,
                   int *ret_day)
{
    const int64_t z = days + EPOCH_SHIFT;
    const int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    const int64_t day_of_era = z - era * DAYS_PER_ERA;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                                 day_of_era / 36524 - day_of_era / 146096) /
                                365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    const int month =
        (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    *ret_day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    *ret_month = month;
    *ret_year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
}

int
dm_days_in_month(int64_t year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30,
                                 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

void
dm_time_format(int64_t ms, char text[DM_TIME_SIZE])
{
    assert(ms >= DM_TIME_MIN_MS && ms <= DM_TIME_MAX_MS);
    int64_t days = ms / DM_MS_PER_DAY;
    int64_t rest = ms % DM_MS_PER_DAY;
    if (rest < 0) {
        rest += DM_MS_PER_DAY;
        --days;
    }
    int64_t year = 0;
    int month = 0;
    int day = 0;
    dm_civil_from_days(days, &year, &month, &day);

    // The casts and remainders only tell the compiler how long each number is
    (void)snprintf(text, DM_TIME_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)year % 10000U, (unsigned)month % 100U,
                   (unsigned)day % 100U,
                   (unsigned)(rest / DM_MS_PER_HOUR) % 100U,
                   (unsigned)(rest / DM_MS_PER_MINUTE % 60) % 100U,
                   (unsigned)(rest / DM_MS_PER_SECOND % 60) % 100U,
                   (unsigned)(rest % DM_MS_PER_SECOND) % 1000U);
}

// `n` digits at the start of `*text`, which moves on behind them
static bool
take_digits(struct dm_str *text, size_t n, int *ret)
{
    int value = 0;
    if (text->n < n) {
        return false;
    }
    for (size_t i = 0; i < n; ++i) {
        const char c = text->data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (c - '0');
    }
    *text = dm_str_slice(*text, n, text->n);
    *ret = value;
    return true;
}

static bool
take_char(struct dm_str *text, char c)
{
    if (!text->n || text->data[0] != c) {
        return false;
    }
    *text = dm_str_slice(*text, 1, text->n);
    return true;
}

static bool
take_date(struct dm_str *text, int64_t *ret_days)
{
    int year = 0;
    int month = 0;
    int day = 0;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') ||
        !take_digits(text, 2, &month) || !take_char(text, '-') ||
        !take_digits(text, 2, &day)) {
        return false;
    }
    if (year < 1 || month < 1 || month > 12 || day < 1 ||
        day > dm_days_in_month(year, month)) {
        return false;
    }
    *ret_days = dm_days_from_civil(year, month, day);
    return true;
}

// An optional fraction of a second, cut to ms
static bool
take_fraction(struct dm_str *text, int64_t *ret_ms)
{
    int64_t ms = 0;
    int64_t unit = 100;
    if (!take_char(text, '.')) {
        *ret_ms = 0;
        return true;
    }
    int digit = 0;
    if (!take_digits(text, 1, &digit)) {
        return false;
    }
    do {
        ms += digit * unit;
        unit /= 10;
    } while (take_digits(text, 1, &digit));
    *ret_ms = ms;
    return true;
}

static bool
take_zone(struct dm_str *text, int64_t *ret_ms)
{
    if (take_char(text, 'Z')) {
        *ret_ms = 0;
        return true;
    }
    int64_t sign = 1;
    if (take_char(text, '-')) {
        sign = -1;
    } else if (!take_char(text, '+')) {
        return false;
    }
    int hours = 0;
    int minutes = 0;
    if (!take_digits(text, 2, &hours) || !take_char(text, ':') ||
        !take_digits(text, 2, &minutes) || minutes > 59 ||
        hours * 60 + minutes > 14 * 60) {
        return false;
    }
    *ret_ms = sign * (hours * DM_MS_PER_HOUR + minutes * DM_MS_PER_MINUTE);
    return true;
}

bool
dm_time_parse(struct dm_str text, int64_t *ret_ms)
{
    int64_t days = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    int64_t ms = 0;
    int64_t zone = 0;
    if (!take_date(&text, &days) || !take_char(&text, 'T') ||
        !take_digits(&text, 2, &hour) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &minute) || !take_char(&text, ':') ||
        !take_digits(&text, 2, &second) || !take_fraction(&text, &ms) ||
        !take_zone(&text, &zone) || text.n) {
        return false;
    }
    if (hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    const int64_t found = days * DM_MS_PER_DAY + hour * DM_MS_PER_HOUR +
                          minute * DM_MS_PER_MINUTE +
                          second * DM_MS_PER_SECOND + ms - zone;
    if (found < DM_TIME_MIN_MS || found > DM_TIME_MAX_MS) {
        return false;
    }
    *ret_ms = found;
    return true;
}
