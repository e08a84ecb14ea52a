// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/time.h"
#include "rdf/xsd.h"
#include "rdf/xsd_private.h"

#include <assert.h>

#define ZONE_MAX_MINUTES 840
#define NS_PER_SECOND_DIGITS 9
#define YEAR_DIGITS_MAX 9 // Of a year that is compared with the maximum

static bool
take_char(struct dm_str *text, char c)
{
    if (!text->n || text->data[0] != c) {
        return false;
    }
    *text = dm_str_slice(*text, 1, text->n);
    return true;
}

// As many digits as follow, `least` to `most` of them
static bool
take_digits(struct dm_str *text, size_t least, size_t most, int64_t *ret)
{
    int64_t value = 0;
    size_t n = 0;
    while (n < text->n && n < most && dm_is_digit(text->data[n])) {
        value = value * 10 + (text->data[n] - '0');
        ++n;
    }
    if (n < least || (n < text->n && dm_is_digit(text->data[n]))) {
        return false;
    }
    *text = dm_str_slice(*text, n, text->n);
    *ret = value;
    return true;
}

// "2026-11-24", "-0044-03-15", "12026-01-01"
static bool
take_date(struct dm_str *text, int64_t *ret_days)
{
    const bool is_negative = take_char(text, '-');
    const bool is_padded = text->n && text->data[0] == '0';
    int64_t year = 0;
    int64_t month = 0;
    int64_t day = 0;
    if (!take_digits(text, 4, is_padded ? 4 : YEAR_DIGITS_MAX, &year) ||
        !take_char(text, '-') || !take_digits(text, 2, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, 2, &day)) {
        return false;
    }
    year = is_negative ? -year : year;
    if (year > DM_DATETIME_YEAR_MAX || year < -DM_DATETIME_YEAR_MAX ||
        month < 1 || month > 12 || day < 1 ||
        day > dm_days_in_month(year, (int)month)) {
        return false;
    }
    *ret_days = dm_days_from_civil(year, (int)month, (int)day);
    return true;
}

// ".123456789": ns, further digits are cut; none is 0
static bool
take_fraction(struct dm_str *text, int64_t *ret_ns)
{
    int64_t ns = 0;
    int64_t unit = DM_NS_PER_SECOND / 10;
    if (!take_char(text, '.')) {
        *ret_ns = 0;
        return true;
    }
    size_t n = 0;
    while (n < text->n && dm_is_digit(text->data[n])) {
        ns += (text->data[n] - '0') * unit;
        unit /= 10;
        ++n;
    }
    *text = dm_str_slice(*text, n, text->n);
    *ret_ns = ns;
    return n > 0;
}

// "16:00:00.123", "24:00:00"
static bool
take_clock(struct dm_str *text, int64_t *ret_ms, uint32_t *ret_rest_ns)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t ns = 0;
    if (!take_digits(text, 2, 2, &hour) || !take_char(text, ':') ||
        !take_digits(text, 2, 2, &minute) || !take_char(text, ':') ||
        !take_digits(text, 2, 2, &second) || !take_fraction(text, &ns)) {
        return false;
    }
    const bool is_midnight = hour == 24 && !minute && !second && !ns;
    if ((hour > 23 && !is_midnight) || minute > 59 || second > 59) {
        return false;
    }
    *ret_ms = hour * DM_MS_PER_HOUR + minute * DM_MS_PER_MINUTE +
              second * DM_MS_PER_SECOND + ns / DM_NS_PER_MS;
    *ret_rest_ns = (uint32_t)(ns % DM_NS_PER_MS);
    return true;
}

// Nothing, "Z", "+01:00"
static bool
take_zone(struct dm_str *text, struct dm_datetime *ret)
{
    ret->zone_minutes = 0;
    ret->has_zone = text->n > 0;
    if (!text->n || take_char(text, 'Z')) {
        return true;
    }
    const bool is_negative = take_char(text, '-');
    int64_t hours = 0;
    int64_t minutes = 0;
    if ((!is_negative && !take_char(text, '+')) ||
        !take_digits(text, 2, 2, &hours) || !take_char(text, ':') ||
        !take_digits(text, 2, 2, &minutes) || minutes > 59 ||
        hours * 60 + minutes > ZONE_MAX_MINUTES) {
        return false;
    }
    const int32_t zone = (int32_t)(hours * 60 + minutes);
    ret->zone_minutes = is_negative ? -zone : zone;
    return true;
}

bool
dm_datetime_parse(struct dm_str text, struct dm_datetime *ret)
{
    int64_t days = 0;
    int64_t clock_ms = 0;
    struct dm_datetime value = {0};
    text = dm_str_trim(text);
    if (!take_date(&text, &days) || !take_char(&text, 'T') ||
        !take_clock(&text, &clock_ms, &value.rest_ns) ||
        !take_zone(&text, &value) || text.n) {
        return false;
    }
    value.ms =
        days * DM_MS_PER_DAY + clock_ms - value.zone_minutes * DM_MS_PER_MINUTE;
    *ret = value;
    return true;
}

bool
dm_date_parse(struct dm_str text, struct dm_datetime *ret)
{
    int64_t days = 0;
    struct dm_datetime value = {0};
    text = dm_str_trim(text);
    if (!take_date(&text, &days) || !take_zone(&text, &value) || text.n) {
        return false;
    }
    value.ms = days * DM_MS_PER_DAY - value.zone_minutes * DM_MS_PER_MINUTE;
    *ret = value;
    return true;
}

static void
put_fraction(uint32_t ns, struct dm_buf *buf)
{
    char digits[NS_PER_SECOND_DIGITS];
    size_t n = NS_PER_SECOND_DIGITS;
    for (size_t i = n; i-- > 0; ns /= 10) {
        digits[i] = (char)('0' + (int)(ns % 10));
    }
    while (n && digits[n - 1] == '0') {
        --n;
    }
    if (n) {
        (void)dm_buf_putc(buf, '.');
        (void)dm_buf_put(buf, digits, n);
    }
}

void
dm_datetime_format(struct dm_datetime value, struct dm_buf *buf)
{
    const int64_t ms = value.ms + value.zone_minutes * DM_MS_PER_MINUTE;
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

    (void)dm_buf_printf(
        buf, "%s%04lld-%02d-%02dT%02d:%02d:%02d", year < 0 ? "-" : "",
        (long long)(year < 0 ? -year : year), month, day,
        (int)(rest / DM_MS_PER_HOUR), (int)(rest / DM_MS_PER_MINUTE % 60),
        (int)(rest / DM_MS_PER_SECOND % 60));
    put_fraction((uint32_t)(rest % DM_MS_PER_SECOND * DM_NS_PER_MS) +
                     value.rest_ns,
                 buf);
    if (!value.has_zone) {
        return;
    }
    const int zone = value.zone_minutes;
    if (zone == 0) {
        (void)dm_buf_putc(buf, 'Z');
    } else {
        const int minutes = zone < 0 ? -zone : zone;
        (void)dm_buf_printf(buf, "%c%02d:%02d", zone < 0 ? '-' : '+',
                            minutes / 60, minutes % 60);
    }
}

// "12", "1.5": ms of so many `unit_ms`; the fraction only of seconds
static bool
take_amount(struct dm_str *text, int64_t *ret, int64_t *ret_ns, bool *ret_point)
{
    int64_t value = 0;
    size_t n = 0;
    for (; n < text->n && dm_is_digit(text->data[n]); ++n) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, text->data[n] - '0', &value)) {
            return false;
        }
    }
    *text = dm_str_slice(*text, n, text->n);
    *ret = value;
    *ret_point = text->n && text->data[0] == '.';
    return n > 0 && take_fraction(text, ret_ns);
}

/// A letter of a duration and what it stands for, in the order they may come
struct duration_part {
    char letter;
    bool is_time;
    int64_t ms;
};

static const struct duration_part parts[] = {
    {'D', false, DM_MS_PER_DAY},
    {'H', true, DM_MS_PER_HOUR},
    {'M', true, DM_MS_PER_MINUTE},
    {'S', true, DM_MS_PER_SECOND},
};

// Find the part that `letter` names, from `*at` on
static bool
find_part(char letter, bool in_time, size_t *at)
{
    while (*at < DM_COUNT_OF(parts)) {
        if (parts[*at].letter == letter && parts[*at].is_time == in_time) {
            return true;
        }
        ++*at;
    }
    return false;
}

// One part, like "90S"; adds it to `*ms`, counted downwards
static bool
take_part(struct dm_str *text, bool in_time, size_t *at, int64_t *ms)
{
    int64_t amount = 0;
    int64_t ns = 0;
    bool has_point = false;
    if (!take_amount(text, &amount, &ns, &has_point) || !text->n ||
        !find_part(text->data[0], in_time, at)) {
        return false;
    }
    const struct duration_part *part = &parts[(*at)++];
    if ((has_point && part->letter != 'S') || ns % DM_NS_PER_MS ||
        __builtin_mul_overflow(amount, part->ms, &amount) ||
        __builtin_sub_overflow(*ms, amount, ms) ||
        __builtin_sub_overflow(*ms, ns / DM_NS_PER_MS, ms)) {
        return false;
    }
    *text = dm_str_slice(*text, 1, text->n);
    return true;
}

bool
dm_duration_parse(struct dm_str text, int64_t *ret_ms)
{
    text = dm_str_trim(text);
    const bool is_negative = take_char(&text, '-');
    if (!take_char(&text, 'P') || !text.n) {
        return false;
    }

    bool in_time = false;
    size_t at = 0;
    int64_t ms = 0;
    while (text.n) {
        if (!in_time && take_char(&text, 'T')) {
            in_time = true;
        }
        if (!take_part(&text, in_time, &at, &ms)) {
            return false;
        }
    }
    if (!is_negative && ms == INT64_MIN) {
        return false;
    }
    *ret_ms = is_negative ? ms : -ms;
    return true;
}

void
dm_duration_format(int64_t ms, struct dm_buf *buf)
{
    // Unsigned, as the least value has no positive counterpart
    uint64_t rest = ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms;
    (void)dm_buf_puts(buf, ms < 0 ? "-P" : "P");

    bool in_time = false;
    for (size_t i = 0; i < DM_COUNT_OF(parts); ++i) {
        const uint64_t unit = (uint64_t)parts[i].ms;
        const uint64_t amount = rest / unit;
        rest %= unit;
        const uint64_t fraction = parts[i].letter == 'S' ? rest : 0;
        if (!amount && !fraction) {
            continue;
        }
        if (parts[i].is_time && !in_time) {
            in_time = true;
            (void)dm_buf_putc(buf, 'T');
        }
        (void)dm_buf_printf(buf, "%llu", (unsigned long long)amount);
        put_fraction((uint32_t)fraction * (uint32_t)DM_NS_PER_MS, buf);
        (void)dm_buf_putc(buf, parts[i].letter);
    }
    if (ms == 0) {
        (void)dm_buf_puts(buf, "T0S");
    }
}
