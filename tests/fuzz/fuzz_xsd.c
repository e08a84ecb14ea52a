// SPDX-License-Identifier: ISC

// A text is read as each datatype; what could be read, written and read again
// is the same value. Two decimals (a line each) obey their laws.

#include "base/buf.h"
#include "rdf/xsd.h"
#include "tests/check.h"

#include <math.h>

#define TEXT_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_same_decimal(struct dm_decimal a, struct dm_decimal b)
{
    return a.high == b.high && a.low == b.low && a.scale == b.scale;
}

static void
check_decimal(struct dm_str text)
{
    struct dm_decimal value = {0};
    struct dm_decimal again = {0};
    if (!dm_decimal_parse(text, &value)) {
        return;
    }
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_decimal_format(value, &buf);
    CHECK(dm_decimal_parse(dm_buf_str(&buf), &again));
    CHECK(is_same_decimal(value, again));
    dm_buf_clear(&buf);
    dm_decimal_format_short(value, &buf);
    CHECK(dm_decimal_parse(dm_buf_str(&buf), &again));
    CHECK(is_same_decimal(value, again));
    dm_buf_done(&buf);

    CHECK(dm_decimal_compare(dm_decimal_round(value, DM_ROUND_FLOOR), value) <=
          0);
    CHECK(dm_decimal_compare(dm_decimal_round(value, DM_ROUND_CEILING),
                             value) >= 0);
    CHECK(is_same_decimal(dm_decimal_negate(dm_decimal_negate(value)), value));
    CHECK(isfinite(dm_decimal_to_double(value)));
}

static void
check_two(struct dm_str left, struct dm_str right)
{
    struct dm_decimal a = {0};
    struct dm_decimal b = {0};
    struct dm_decimal r = {0};
    struct dm_decimal back = {0};
    if (!dm_decimal_parse(left, &a) || !dm_decimal_parse(right, &b)) {
        return;
    }
    CHECK(dm_decimal_compare(a, b) == -dm_decimal_compare(b, a));
    if (dm_decimal_add(a, b, &r) && dm_decimal_subtract(r, b, &back)) {
        CHECK(is_same_decimal(back, a));
    }
    struct dm_decimal other = {0};
    const bool fits = dm_decimal_multiply(a, b, &r);
    CHECK(fits == dm_decimal_multiply(b, a, &other));
    CHECK(!fits || is_same_decimal(r, other));
    (void)!dm_decimal_divide(a, b, &r);
}

static void
check_double(struct dm_str text)
{
    double value = 0;
    double again = 0;
    if (!dm_double_parse(text, &value) || isnan(value)) {
        return;
    }
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_double_format(value, &buf);
    CHECK(dm_double_parse(dm_buf_str(&buf), &again));
    CHECK(again >= value && again <= value);
    dm_buf_done(&buf);

    struct dm_decimal decimal = {0};
    if (dm_decimal_from_double(value, &decimal)) {
        again = dm_decimal_to_double(decimal);
        CHECK(again >= value && again <= value);
    }
}

static void
check_times(struct dm_str text)
{
    struct dm_datetime value = {0};
    struct dm_datetime again = {0};
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    if (dm_datetime_parse(text, &value)) {
        dm_datetime_format(value, &buf);
        CHECK(dm_datetime_parse(dm_buf_str(&buf), &again));
        CHECK(value.ms == again.ms && value.rest_ns == again.rest_ns &&
              value.has_zone == again.has_zone &&
              value.zone_minutes == again.zone_minutes);
    }
    (void)!dm_date_parse(text, &value);
    int64_t ms = 0;
    int64_t ms_again = 0;
    if (dm_duration_parse(text, &ms)) {
        dm_buf_clear(&buf);
        dm_duration_format(ms, &buf);
        CHECK(dm_duration_parse(dm_buf_str(&buf), &ms_again));
        CHECK(ms == ms_again);
    }
    dm_buf_done(&buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct dm_str text = dm_str_n((const char *)data, size);
    const size_t line = dm_str_find(text, dm_str("\n"));
    const struct dm_str first = dm_str_slice(text, 0, line);
    const struct dm_str second = dm_str_slice(text, line + 1, size);
    check_decimal(first);
    check_two(first, second);
    check_double(first);
    check_times(first);
    bool yes = false;
    (void)!dm_boolean_parse(first, &yes);
    int64_t integer = 0;
    struct dm_decimal decimal = {0};
    if (dm_integer_parse(first, &integer)) {
        CHECK(dm_decimal_parse(first, &decimal));
        CHECK(is_same_decimal(decimal, dm_decimal_from_int(integer)));
    }
    return 0;
}
