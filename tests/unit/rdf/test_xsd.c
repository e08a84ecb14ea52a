// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/xsd.h"
#include "tests/check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define TEXT_MAX 256

static void
check_text(struct dm_buf *buf, const char *want)
{
    if (!dm_str_is(dm_buf_str(buf), want)) {
        (void)fprintf(stderr, "got  %s\nwant %s\n", dm_buf_cstr(buf), want);
        abort();
    }
    dm_buf_done(buf);
}

static bool
is_same(double a, double b)
{
    return a >= b && a <= b && !signbit(a) == !signbit(b);
}

static void
check_double(double value, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_double_format(value, &buf);
    check_text(&buf, want);

    double again = 0;
    CHECK(dm_double_parse(dm_str(want), &again));
    CHECK(is_same(again, value) || isnan(value));
}

static void
check_decimal(struct dm_decimal value, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_decimal_format(value, &buf);
    check_text(&buf, want);
}

static struct dm_decimal
decimal(const char *text)
{
    struct dm_decimal value = {0};
    CHECK(dm_decimal_parse(dm_str(text), &value));
    return value;
}

static bool
is_decimal(const char *text)
{
    struct dm_decimal value = {0};
    return dm_decimal_parse(dm_str(text), &value);
}

static void
doubles_are_written_with_the_fewest_digits(void)
{
    check_double(0.0, "0.0E0");
    check_double(-0.0, "-0.0E0");
    check_double(1.0, "1.0E0");
    check_double(150.0, "1.5E2");
    check_double(0.1, "1.0E-1");
    check_double(-123.456, "-1.23456E2");
    check_double(1e100, "1.0E100");
    check_double(1.0 / 3, "3.333333333333333E-1");
    check_double(9007199254740993.0, "9.007199254740992E15");
    check_double(DBL_MAX, "1.7976931348623157E308");
    check_double(DBL_MIN, "2.2250738585072014E-308");
    check_double(5e-324, "5.0E-324");
    check_double((double)INFINITY, "INF");
    check_double((double)-INFINITY, "-INF");
    check_double((double)NAN, "NaN");
}

// 2^-44: the nearest 16 digits lie below and read back as another number, the
// next ones above do not
static void
powers_of_two_take_the_digits_above(void)
{
    check_double(ldexp(1.0, -44), "5.684341886080802E-14");
}

static void
every_power_of_two_reads_back(void)
{
    for (int e = -1074; e < 1024; ++e) {
        const double value = ldexp(1.0, e);
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        dm_double_format(value, &buf);
        double again = 0;
        CHECK(dm_double_parse(dm_buf_str(&buf), &again));
        CHECK(is_same(again, value));
        dm_buf_done(&buf);
    }
}

static void
floats_have_their_own_shortest_form(void)
{
    static const struct {
        float value;
        const char *want;
    } cases[] = {
        {0.1F, "1.0E-1"},          {16777216.0F, "1.6777216E7"},
        {FLT_MAX, "3.4028235E38"}, {FLT_TRUE_MIN, "1.0E-45"},
        {1.5F, "1.5E0"},           {-2.25F, "-2.25E0"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        dm_float_format(cases[i].value, &buf);
        check_text(&buf, cases[i].want);
    }
}

static void
doubles_are_read_in_every_lexical_form(void)
{
    static const struct {
        const char *text;
        double want;
    } good[] = {
        {" 1 ", 1},
        {"+1.5", 1.5},
        {".5", 0.5},
        {"5.", 5},
        {"1e2", 100},
        {"1E+2", 100},
        {"-1e-2", -0.01},
        {"00012", 12},
        {"1e400", (double)INFINITY},
        {"1e-400", 0},
        {"1e99999999999999999999", (double)INFINITY},
        {"0e99999999999999999999", 0},
    };
    for (size_t i = 0; i < DM_COUNT_OF(good); ++i) {
        double value = -1;
        CHECK(dm_double_parse(dm_str(good[i].text), &value));
        CHECK(is_same(value, good[i].want));
    }
    static const char *const bad[] = {
        "",    "  ",   ".",   "e1",    "1e",  "1e+", "1 2",      "inf",
        "nan", "-NaN", "0x1", "1.2.3", "--1", "1,5", "Infinity", "1e1.5"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        double value = -1;
        CHECK(!dm_double_parse(dm_str(bad[i]), &value));
    }
}

// 1 + 2^-53 lies half way between two doubles; any digit behind decides
static void
long_numbers_are_rounded_right(void)
{
    char text[2000];
    static const char half[] = "1.000000000000000111022302462515654042363166809"
                               "08203125";
    memset(text, '0', sizeof(text));
    memcpy(text, half, sizeof(half) - 1);
    double value = 0;
    CHECK(dm_double_parse(dm_str_n(text, sizeof(text)), &value));
    check_double(value, "1.0E0");
    text[sizeof(text) - 1] = '1';
    CHECK(dm_double_parse(dm_str_n(text, sizeof(text)), &value));
    check_double(value, "1.0000000000000002E0");

    memset(text, '9', sizeof(text));
    CHECK(dm_double_parse(dm_str_n(text, sizeof(text)), &value));
    CHECK(isinf(value));
    CHECK(dm_double_parse(dm_str_n(text, 300), &value));
    check_double(value, "1.0E300");
}

static void
decimals_have_one_form(void)
{
    check_decimal(decimal("1"), "1.0");
    check_decimal(decimal("+001.500"), "1.5");
    check_decimal(decimal("-.25"), "-0.25");
    check_decimal(decimal("-0.0"), "0.0");
    check_decimal(decimal(" 5. "), "5.0");
    check_decimal(decimal("0.000000000000000001"), "0.000000000000000001");
    check_decimal(decimal("1.0000000000000000000000000000000"), "1.0");
    check_decimal(decimal("999999999999999999999999999999999999"),
                  "999999999999999999999999999999999999.0");
    check_decimal(decimal("999999999999999999.999999999999999999"),
                  "999999999999999999.999999999999999999");
    check_decimal(dm_decimal_from_int(INT64_MIN), "-9223372036854775808.0");
    check_decimal(dm_decimal_from_int64(1500, 3), "1.5");

    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_decimal_format_short(decimal("7.0"), &buf);
    (void)dm_buf_putc(&buf, ' ');
    dm_decimal_format_short(decimal("0"), &buf);
    (void)dm_buf_putc(&buf, ' ');
    dm_decimal_format_short(decimal("-0.7"), &buf);
    check_text(&buf, "7 0 -0.7");
}

static void
what_is_no_decimal_is_refused(void)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "+",
                                      "1e2",
                                      "1.2.3",
                                      "- 1",
                                      "INF",
                                      "0x1",
                                      "0.0000000000000000001",
                                      "1000000000000000000000000000000000000"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        CHECK(!is_decimal(bad[i]));
    }
}

static void
decimal_arithmetic_is_exact(void)
{
    struct dm_decimal r = {0};
    CHECK(dm_decimal_add(decimal("0.1"), decimal("0.2"), &r));
    check_decimal(r, "0.3");
    CHECK(
        dm_decimal_subtract(decimal("1"), decimal("1.000000000000000001"), &r));
    check_decimal(r, "-0.000000000000000001");
    CHECK(dm_decimal_multiply(decimal("-0.5"), decimal("0.2"), &r));
    check_decimal(r, "-0.1");
    CHECK(dm_decimal_multiply(decimal("123456789012345678"),
                              decimal("123456789012345678"), &r));
    check_decimal(r, "15241578753238836527968299765279684.0");
    CHECK(dm_decimal_multiply(decimal("999999999999999999.999999999999999999"),
                              decimal("0.000000000000000001"), &r));
    check_decimal(r, "1.0");
    CHECK(dm_decimal_divide(decimal("1"), decimal("3"), &r));
    check_decimal(r, "0.333333333333333333");
    CHECK(dm_decimal_divide(decimal("-2"), decimal("3"), &r));
    check_decimal(r, "-0.666666666666666667");
    CHECK(dm_decimal_divide(decimal("999999999999999999.999999999999999999"),
                            decimal("0.3"), &r));
    check_decimal(r, "3333333333333333333.33333333333333333");
    CHECK(!dm_decimal_divide(decimal("1"), decimal("0"), &r));
    CHECK(!dm_decimal_multiply(decimal("999999999999999999999999999999999999"),
                               decimal("10"), &r));
    CHECK(!dm_decimal_add(decimal("999999999999999999999999999999999999"),
                          decimal("1"), &r));
    CHECK(!dm_decimal_add(decimal("999999999999999999999999999999999999"),
                          decimal("0.000000000000000001"), &r));
    check_decimal(dm_decimal_negate(decimal("1.5")), "-1.5");
}

static void
decimals_compare_at_any_scale(void)
{
    static const char *const ascending[] = {
        "-999999999999999999999999999999999999",
        "-1.5",
        "-1.4",
        "-0.000000000000000001",
        "0",
        "0.000000000000000001",
        "0.5",
        "1",
        "999999999999999999.999999999999999999",
        "999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < DM_COUNT_OF(ascending); ++i) {
        for (size_t j = 0; j < DM_COUNT_OF(ascending); ++j) {
            const int want = i < j ? -1 : i > j;
            CHECK_INT(dm_decimal_compare(decimal(ascending[i]),
                                         decimal(ascending[j])),
                      want);
        }
    }
}

static void
decimals_round_three_ways(void)
{
    static const struct {
        const char *text;
        const char *want[3]; // floor, ceiling, half up
    } cases[] = {
        {"1.5", {"1.0", "2.0", "2.0"}},   {"-1.5", {"-2.0", "-1.0", "-1.0"}},
        {"2.4", {"2.0", "3.0", "2.0"}},   {"-2.6", {"-3.0", "-2.0", "-3.0"}},
        {"3", {"3.0", "3.0", "3.0"}},     {"0.1", {"0.0", "1.0", "0.0"}},
        {"-0.5", {"-1.0", "0.0", "0.0"}},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct dm_decimal a = decimal(cases[i].text);
        check_decimal(dm_decimal_round(a, DM_ROUND_FLOOR), cases[i].want[0]);
        check_decimal(dm_decimal_round(a, DM_ROUND_CEILING), cases[i].want[1]);
        check_decimal(dm_decimal_round(a, DM_ROUND_HALF_UP), cases[i].want[2]);
    }
}

static void
decimals_and_doubles_meet(void)
{
    struct dm_decimal r = {0};
    CHECK(dm_decimal_from_double(0.1, &r));
    check_decimal(r, "0.1");
    CHECK(dm_decimal_from_double(-1.5e10, &r));
    check_decimal(r, "-15000000000.0");
    CHECK(dm_decimal_from_double(1e35, &r));
    CHECK(dm_decimal_from_double(-0.0, &r));
    check_decimal(r, "0.0");
    CHECK(!dm_decimal_from_double(1e36, &r));
    CHECK(!dm_decimal_from_double(1e-19, &r));
    CHECK(!dm_decimal_from_double((double)NAN, &r));
    CHECK(!dm_decimal_from_double((double)INFINITY, &r));

    check_double(dm_decimal_to_double(decimal("-0.1")), "-1.0E-1");
    check_double(dm_decimal_to_double(decimal("0")), "0.0E0");
    check_double(
        dm_decimal_to_double(decimal("123456789012345678.123456789012345678")),
        "1.2345678901234568E17");
}

static void
decimals_give_their_mantissa(void)
{
    int64_t mantissa = 0;
    uint32_t scale = 0;
    CHECK(dm_decimal_to_int64(decimal("-0.812"), &mantissa, &scale));
    CHECK_INT(mantissa, -812);
    CHECK_INT(scale, 3);
    CHECK(!dm_decimal_to_int64(decimal("10000000000000000000"), &mantissa,
                               &scale));
}

static void
integers_fill_64_bits(void)
{
    int64_t value = 0;
    CHECK(dm_integer_parse(dm_str(" -9223372036854775808 "), &value));
    CHECK(value == INT64_MIN);
    CHECK(dm_integer_parse(dm_str("+09223372036854775807"), &value));
    CHECK(value == INT64_MAX);
    static const char *const bad[] = {"",
                                      "-",
                                      "1.0",
                                      "9223372036854775808",
                                      "1e1",
                                      "1 2",
                                      "-9223372036854775809"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        CHECK(!dm_integer_parse(dm_str(bad[i]), &value));
    }
}

static void
booleans_have_four_forms(void)
{
    bool value = false;
    CHECK(dm_boolean_parse(dm_str("true"), &value) && value);
    CHECK(dm_boolean_parse(dm_str("0"), &value) && !value);
    CHECK(dm_boolean_parse(dm_str(" 1 "), &value) && value);
    CHECK(dm_boolean_parse(dm_str("false"), &value) && !value);
    CHECK(!dm_boolean_parse(dm_str("TRUE"), &value));
    CHECK(!dm_boolean_parse(dm_str(""), &value));
}

static void
datetimes_keep_their_zone(void)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *want;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"1970-01-01T01:00:00+01:00", 0, "1970-01-01T01:00:00+01:00"},
        {"1969-12-31T18:30:00.5-05:30", 500, "1969-12-31T18:30:00.5-05:30"},
        {" 2026-11-24T16:00:00.1230 ", 1795536000123,
         "2026-11-24T16:00:00.123"},
        {"1969-12-31T24:00:00Z", 0, "1970-01-01T00:00:00Z"},
        {"0000-01-01T00:00:00Z", -62167219200000, "0000-01-01T00:00:00Z"},
        {"-0044-03-15T12:00:00-00:00", -63549316800000,
         "-0044-03-15T12:00:00Z"},
        {"12026-01-01T00:00:00Z", 317336745600000, "12026-01-01T00:00:00Z"},
        {"1970-01-01T00:00:00.0000001234Z", 0,
         "1970-01-01T00:00:00.000000123Z"},
        {"2026-01-01T00:00:00+14:00", 1767175200000,
         "2026-01-01T00:00:00+14:00"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_datetime value = {0};
        CHECK(dm_datetime_parse(dm_str(cases[i].text), &value));
        CHECK_INT(value.ms, cases[i].ms);
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        dm_datetime_format(value, &buf);
        check_text(&buf, cases[i].want);
    }
}

static void
what_is_no_datetime_is_refused(void)
{
    static const char *const bad[] = {
        "",
        "2026-11-24",
        "2026-11-24T16:00:00z",
        "2026-11-24 16:00:00",
        "26-11-24T16:00:00",
        "02026-11-24T16:00:00",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-11-24T24:00:01Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T23:60:00Z",
        "2026-11-24T23:00:60Z",
        "2026-11-24T23:00:00.Z",
        "2026-11-24T23:00:00+14:01",
        "2026-11-24T23:00:00+1:00",
        "2026-11-24T23:00:00Zx",
        "+2026-11-24T23:00:00Z",
        "200000001-01-01T00:00:00Z",
        "99999999999999999999-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        struct dm_datetime value = {0};
        CHECK(!dm_datetime_parse(dm_str(bad[i]), &value));
    }
}

static void
dates_begin_their_day(void)
{
    struct dm_datetime value = {0};
    CHECK(dm_date_parse(dm_str("1970-01-02"), &value));
    CHECK(!value.has_zone);
    CHECK_INT(value.ms, 86400000);
    CHECK(dm_date_parse(dm_str("1970-01-02+01:00"), &value));
    CHECK_INT(value.ms, 86400000 - 3600000);
    CHECK_INT(value.zone_minutes, 60);
    CHECK(!dm_date_parse(dm_str("1970-01-02T00:00:00"), &value));
    CHECK(!dm_date_parse(dm_str("1970-02-30"), &value));
}

static void
durations_are_normalised(void)
{
    static const struct {
        const char *text;
        int64_t ms;
        const char *want;
    } cases[] = {
        {"PT90S", 90000, "PT1M30S"}, {"P1DT26H", 180000000, "P2DT2H"},
        {"PT0S", 0, "PT0S"},         {"-PT1S", -1000, "-PT1S"},
        {"PT0.05S", 50, "PT0.05S"},  {"P7D", 604800000, "P7D"},
        {"PT60M", 3600000, "PT1H"},  {"-PT0S", 0, "PT0S"},
        {"PT1.S", 0, NULL},          {"PT1.500S", 1500, "PT1.5S"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        int64_t ms = 0;
        CHECK(dm_duration_parse(dm_str(cases[i].text), &ms) ==
              (cases[i].want != NULL));
        if (cases[i].want) {
            CHECK_INT(ms, cases[i].ms);
            struct dm_buf buf;
            dm_buf_init(&buf, TEXT_MAX);
            dm_duration_format(ms, &buf);
            check_text(&buf, cases[i].want);
        }
    }

    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_duration_format(INT64_MIN, &buf);
    int64_t ms = 0;
    CHECK(dm_duration_parse(dm_buf_str(&buf), &ms));
    CHECK(ms == INT64_MIN);
    CHECK(!dm_duration_parse(dm_str_slice(dm_buf_str(&buf), 1, TEXT_MAX), &ms));
    dm_buf_done(&buf);
}

static void
what_is_no_duration_is_refused(void)
{
    static const char *const bad[] = {
        "",      "P",         "PT",     "P1Y",     "P1M",
        "1S",    "PT1",       "PT1S1M", "PT1M1M",  "P1DT",
        "PTT1S", "P1S",       "PT0.5M", "PT1.5.S", "+PT1S",
        "PT 1S", "PT0.0001S", "--PT1S", "PT1D",    "PT99999999999999999999S",
        "30s",
    };
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        int64_t ms = 0;
        CHECK(!dm_duration_parse(dm_str(bad[i]), &ms));
    }
}

int
main(void)
{
    doubles_are_written_with_the_fewest_digits();
    powers_of_two_take_the_digits_above();
    every_power_of_two_reads_back();
    floats_have_their_own_shortest_form();
    doubles_are_read_in_every_lexical_form();
    long_numbers_are_rounded_right();
    decimals_have_one_form();
    what_is_no_decimal_is_refused();
    decimal_arithmetic_is_exact();
    decimals_compare_at_any_scale();
    decimals_round_three_ways();
    decimals_and_doubles_meet();
    decimals_give_their_mantissa();
    integers_fill_64_bits();
    booleans_have_four_forms();
    datetimes_keep_their_zone();
    what_is_no_datetime_is_refused();
    dates_begin_their_day();
    durations_are_normalised();
    what_is_no_duration_is_refused();
    return 0;
}
