// SPDX-License-Identifier: ISC

// Times: SPARQL 1.1, 17.4.5, and arithmetic of dateTime, date and
// dayTimeDuration after SEP-0002.

#include "base/time.h"
#include "sparql/exec.h"
#include "sparql/function_private.h"

#include <assert.h>

#define MINUTE_MS DM_MS_PER_MINUTE

static bool
is_time(const struct dm_value *value)
{
    return value->kind == DM_VALUE_DATETIME || value->kind == DM_VALUE_DATE;
}

// ----------------------------------------------------------- arithmetic

static int64_t
floor_to(int64_t value, int64_t unit)
{
    const int64_t rest = value % unit;
    return value - (rest < 0 ? rest + unit : rest);
}

// A time moved by a duration; a date stays a date, cut to its day
static enum dm_status
move(const struct dm_value *time, int64_t by_ms, struct dm_value *ret)
{
    struct dm_datetime moved = time->as.datetime;
    if (__builtin_add_overflow(moved.ms, by_ms, &moved.ms) ||
        moved.ms < DM_TIME_MIN_MS || moved.ms > DM_TIME_MAX_MS) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_datetime(moved);
    if (time->kind == DM_VALUE_DATE) {
        const int64_t zone_ms = moved.zone_minutes * MINUTE_MS;
        ret->kind = DM_VALUE_DATE;
        ret->as.datetime.ms =
            floor_to(moved.ms + zone_ms, DM_MS_PER_DAY) - zone_ms;
    }
    return DM_OK;
}

enum dm_status
dm_time_add(const struct dm_value *a, const struct dm_value *b,
            struct dm_value *ret)
{
    int64_t sum = 0;
    if (is_time(a) && b->kind == DM_VALUE_DURATION) {
        return move(a, b->as.integer, ret);
    }
    if (a->kind == DM_VALUE_DURATION && is_time(b)) {
        return move(b, a->as.integer, ret);
    }
    if (a->kind != DM_VALUE_DURATION || b->kind != DM_VALUE_DURATION ||
        __builtin_add_overflow(a->as.integer, b->as.integer, &sum)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_duration(sum);
    return DM_OK;
}

enum dm_status
dm_time_subtract(const struct dm_value *a, const struct dm_value *b,
                 struct dm_value *ret)
{
    int64_t difference = 0;
    if (is_time(a) && b->kind == DM_VALUE_DURATION) {
        return b->as.integer == INT64_MIN ? DM_ERR_ARGUMENT
                                          : move(a, -b->as.integer, ret);
    }
    if (is_time(a) && a->kind == b->kind) {
        // How far apart is not known where only one says its zone
        if (a->as.datetime.has_zone != b->as.datetime.has_zone) {
            return DM_ERR_ARGUMENT;
        }
        *ret = dm_value_duration(a->as.datetime.ms - b->as.datetime.ms);
        return DM_OK;
    }
    if (a->kind != DM_VALUE_DURATION || b->kind != DM_VALUE_DURATION ||
        __builtin_sub_overflow(a->as.integer, b->as.integer, &difference)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_duration(difference);
    return DM_OK;
}

// The whole ms nearest to an exact number of them
static enum dm_status
set_duration(struct dm_decimal ms, struct dm_value *ret)
{
    int64_t whole = 0;
    uint32_t scale = 0;
    if (!dm_decimal_to_int64(dm_decimal_round(ms, DM_ROUND_HALF_UP), &whole,
                             &scale)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_duration(whole);
    return DM_OK;
}

// A factor as an exact number; NaN and the infinities have none
static bool
factor_of(const struct dm_value *value, struct dm_decimal *ret)
{
    if (!dm_value_is_numeric(value)) {
        return false;
    }
    if (value->kind <= DM_VALUE_DECIMAL) {
        *ret = dm_value_exact(value);
        return true;
    }
    return dm_decimal_from_double(value->as.number, ret);
}

enum dm_status
dm_time_multiply(const struct dm_value *a, const struct dm_value *b,
                 struct dm_value *ret)
{
    const struct dm_value *duration = a->kind == DM_VALUE_DURATION ? a : b;
    const struct dm_value *number = duration == a ? b : a;
    struct dm_decimal factor = {0};
    struct dm_decimal ms = {0};
    if (duration->kind != DM_VALUE_DURATION || !factor_of(number, &factor) ||
        !dm_decimal_multiply(dm_decimal_from_int(duration->as.integer), factor,
                             &ms)) {
        return DM_ERR_ARGUMENT;
    }
    return set_duration(ms, ret);
}

enum dm_status
dm_time_divide(const struct dm_value *a, const struct dm_value *b,
               struct dm_value *ret)
{
    struct dm_decimal quotient = {0};
    struct dm_decimal divisor = {0};
    if (a->kind != DM_VALUE_DURATION) {
        return DM_ERR_ARGUMENT;
    }
    const bool is_ratio = b->kind == DM_VALUE_DURATION;
    if (is_ratio) {
        divisor = dm_decimal_from_int(b->as.integer);
    } else if (!factor_of(b, &divisor)) {
        return DM_ERR_ARGUMENT;
    }
    if (!dm_decimal_divide(dm_decimal_from_int(a->as.integer), divisor,
                           &quotient)) {
        return DM_ERR_ARGUMENT;
    }
    if (!is_ratio) {
        return set_duration(quotient, ret);
    }
    *ret = dm_value_decimal(quotient);
    return DM_OK;
}

// ----------------------------------------------------------- parts

DM_FUNCTION(now)
{
    *ret = dm_value_datetime((struct dm_datetime){
        .ms = call->eval->context->now_ms, .has_zone = true});
    return DM_OK;
}

struct fields {
    int64_t year;
    int month;
    int day;
    int64_t of_day_ms;
};

// What the calendar and the clock of the time's own zone show
static enum dm_status
read_fields(const struct dm_value *value, bool needs_clock, struct fields *ret)
{
    if (value->kind != DM_VALUE_DATETIME &&
        (needs_clock || value->kind != DM_VALUE_DATE)) {
        return DM_ERR_ARGUMENT;
    }
    const int64_t local =
        value->as.datetime.ms + value->as.datetime.zone_minutes * MINUTE_MS;
    const int64_t midnight = floor_to(local, DM_MS_PER_DAY);
    dm_civil_from_days(midnight / DM_MS_PER_DAY, &ret->year, &ret->month,
                       &ret->day);
    ret->of_day_ms = local - midnight;
    return DM_OK;
}

DM_FUNCTION(year)
{
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], false, &fields);
    *ret = dm_value_integer(fields.year);
    return status;
}

DM_FUNCTION(month)
{
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], false, &fields);
    *ret = dm_value_integer(fields.month);
    return status;
}

DM_FUNCTION(day)
{
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], false, &fields);
    *ret = dm_value_integer(fields.day);
    return status;
}

DM_FUNCTION(hours)
{
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], true, &fields);
    *ret = dm_value_integer(fields.of_day_ms / DM_MS_PER_HOUR);
    return status;
}

DM_FUNCTION(minutes)
{
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], true, &fields);
    *ret = dm_value_integer(fields.of_day_ms % DM_MS_PER_HOUR / MINUTE_MS);
    return status;
}

DM_FUNCTION(seconds)
{
    static const uint32_t ns_digits = 9;
    struct fields fields = {0};
    const enum dm_status status = read_fields(&call->args[0], true, &fields);
    if (status) {
        return status;
    }
    const int64_t ns = fields.of_day_ms % MINUTE_MS * DM_NS_PER_MS +
                       call->args[0].as.datetime.rest_ns;
    *ret = dm_value_decimal(dm_decimal_from_int64(ns, ns_digits));
    return DM_OK;
}

DM_FUNCTION(timezone)
{
    const struct dm_value *time = &call->args[0];
    if (!is_time(time) || !time->as.datetime.has_zone) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_duration(time->as.datetime.zone_minutes * MINUTE_MS);
    return DM_OK;
}

// As it was written: "Z", "-08:00", "+00:00", or ""
DM_FUNCTION(tz)
{
    static const size_t n_offset = sizeof("+00:00") - 1;
    const struct dm_value *time = &call->args[0];
    struct dm_term term = {0};
    if (!is_time(time)) {
        return DM_ERR_ARGUMENT;
    }
    const enum dm_status status = dm_value_term(time, call->eval->arena, &term);
    if (status) {
        return status;
    }
    const struct dm_str text = dm_str_trim(term.value);
    size_t n = 0;
    if (time->as.datetime.has_zone) {
        n = dm_str_ends(text, dm_str("Z")) ? 1 : n_offset;
    }
    assert(n <= text.n);
    dm_value_set_string(ret, dm_str_slice(text, text.n - n, n));
    return DM_OK;
}

// dm:bucket(?t, ?length): where the bucket begins in which ?t lies; buckets are
// counted from 1970 on.
DM_FUNCTION(bucket)
{
    const struct dm_value *time = &call->args[0];
    const struct dm_value *length = &call->args[1];
    if (time->kind != DM_VALUE_DATETIME || length->kind != DM_VALUE_DURATION ||
        length->as.integer <= 0) {
        return DM_ERR_ARGUMENT;
    }
    const int64_t start = floor_to(time->as.datetime.ms, length->as.integer);
    if (start < DM_TIME_MIN_MS) {
        return DM_ERR_ARGUMENT;
    }
    *ret =
        dm_value_datetime((struct dm_datetime){.ms = start, .has_zone = true});
    return DM_OK;
}
