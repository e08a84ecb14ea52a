// SPDX-License-Identifier: ISC

// The one spelling of each value, and those that are near it.

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/term.h"
#include "sync/form_private.h"
#include "tests/check.h"

#define TEXTS_MAX 24

struct row {
    const char *type;
    const char *good[TEXTS_MAX];
    const char *bad[TEXTS_MAX];
};

static const struct row rows[] = {
    {"boolean",
     {"true", "false"},
     {"1", "0", "TRUE", "", " true", "tru", "truex"}},
    {"integer",
     {"0", "1", "-1", "10", "-100", "123456789012345678901234567890"},
     {"", "-", "-0", "00", "01", "-01", "+1", "1.0", "1 ", "1e0", "a"}},
    {"decimal",
     {"0.0", "1.0", "-1.0", "0.5", "-0.5", "10.01", "0.000000001",
      "123456789012345678901234567890.5", "0.100000001"},
     {"",     "0",    "1.",   ".5",    "-.5",   "-0.0",         "00.5",
      "01.5", "1.00", "1.50", "+1.0",  "1.0 ",  "0.0000000001", "-",
      "-.",   ".",    "1..0", "1.0.0", "1.0E0", "0.00",         "-00.5"}},
    {"dateTime",
     {"0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z",
      "2024-02-29T12:00:00.120Z", "2000-02-29T00:00:00.000Z"},
     {"0000-01-01T00:00:00.000Z",  "2023-02-29T00:00:00.000Z",
      "1900-02-29T00:00:00.000Z",  "2026-13-01T00:00:00.000Z",
      "2026-00-01T00:00:00.000Z",  "2026-01-00T00:00:00.000Z",
      "2026-04-31T00:00:00.000Z",  "2026-01-01T24:00:00.000Z",
      "2026-01-01T00:60:00.000Z",  "2026-01-01T00:00:60.000Z",
      "2026-01-01T00:00:00.00Z",   "2026-01-01T00:00:00Z",
      "2026-01-01T00:00:00.0000Z", "2026-01-01T00:00:00.000",
      "2026-01-01t00:00:00.000Z",  "2026-01-01T00:00:00.000z",
      "2026-01-01T00:00:00,000Z",  "+026-01-01T00:00:00.000Z",
      "2026-1-001T00:00:00.000Z",  "12026-01-01T00:00:00.00Z"}},
    {"double",
     {"0.0E0", "1.0E0", "-1.5E2", "1.0E-7", "5.0E-324", "1.0E23",
      "1.7976931348623157E308", "2.2250738585072014E-308",
      "9.007199254740992E15", "3.0000000000000004E-1"},
     {"",         "0",        "-0.0E0",
      "1.0",      "1E0",      "1.0e0",
      "1.0E+0",   "1.0E00",   "1.0E-0",
      "10.0E0",   "0.1E0",    "1.00E0",
      "INF",      "NaN",      "1.0E309",
      "1.0E-400", "1.10E0",   "3.00000000000000040E-1",
      "1.0E",     "4.9E-324", ".5E0",
      "1.E0",     "+1.0E0",   "9.999999999999999999E22"}},
    {"dayTimeDuration",
     {"PT0S", "P1D", "PT1H", "PT1M", "PT1S", "P1DT1H1M1.001S", "PT23H",
      "PT59M59.999S", "PT0.5S", "P99999999999999999999999D", "PT10.25S"},
     {"",       "P",      "PT",      "P0D",   "PT0H",      "PT0M",
      "PT24H",  "PT60M",  "PT60S",   "P01D",  "PT01S",     "P1DT",
      "PT1.0S", "PT.5S",  "PT1.S",   "-PT1S", "PT0.0S",    "P1M",
      "PT1S1M", "PT1.5M", "PT00.5S", "P1W",   "PT1.0001S", "PT1H0M"}},
    {"duration", {"P1D", "PT30S"}, {"P1Y", "P1M", "P1Y1D", "P1DT0S"}},
    {"string", {"", "any \n text"}, {NULL}},
    {"float", {"1", "INF", "left alone"}, {NULL}},
    {"decimals", {"1", ""}, {NULL}},
};

static void
each_value_has_one_form(void)
{
    struct dm_buf scratch;
    dm_buf_init(&scratch, DM_FORM_SCRATCH);
    for (size_t i = 0; i < DM_COUNT_OF(rows); ++i) {
        struct dm_buf type;
        int64_t ms = 0;
        dm_buf_init(&type, 128);
        CHECK_INT(dm_buf_printf(&type, "%s%s", DM_XSD_NS, rows[i].type), DM_OK);
        const enum dm_form form = dm_form_of(dm_buf_str(&type));
        for (size_t k = 0; k < TEXTS_MAX && rows[i].good[k]; ++k) {
            CHECK_INT(
                dm_form_check(form, dm_str(rows[i].good[k]), &scratch, &ms),
                DM_OK);
        }
        for (size_t k = 0; k < TEXTS_MAX && rows[i].bad[k]; ++k) {
            if (!dm_form_check(form, dm_str(rows[i].bad[k]), &scratch, &ms)) {
                (void)fprintf(stderr, "%s '%s'\n", rows[i].type,
                              rows[i].bad[k]);
                CHECK(!"that is refused");
            }
        }
        dm_buf_done(&type);
    }
    dm_buf_done(&scratch);
    CHECK_INT(dm_form_of(dm_str("http://a/decimal")), DM_FORM_ANY);
    CHECK_INT(dm_form_of(dm_str(DM_XSD_NS)), DM_FORM_ANY);
    CHECK_INT(dm_form_of(dm_str("")), DM_FORM_ANY);
}

static void
a_date_time_says_its_instant(void)
{
    struct dm_buf scratch;
    int64_t ms = 0;
    dm_buf_init(&scratch, DM_FORM_SCRATCH);
    CHECK_INT(dm_form_check(DM_FORM_DATETIME,
                            dm_str("2026-11-24T16:00:00.123Z"), &scratch, &ms),
              DM_OK);
    CHECK_INT(ms, 1795536000123);
    dm_buf_done(&scratch);
}

static void
seconds_have_six_decimals(void)
{
    int64_t micros = 0;
    CHECK(dm_form_micros(dm_str("0.0"), &micros) && micros == 0);
    CHECK(dm_form_micros(dm_str("1.0"), &micros) && micros == 1000000);
    CHECK(dm_form_micros(dm_str("0.000001"), &micros) && micros == 1);
    CHECK(dm_form_micros(dm_str("999999999.999999"), &micros));
    CHECK_INT(micros, 999999999999999);
    CHECK(!dm_form_micros(dm_str("1000000000.0"), &micros));
    CHECK(!dm_form_micros(dm_str("-1.0"), &micros));
    CHECK(!dm_form_micros(dm_str("0.0000001"), &micros));
    CHECK_INT((int64_t)dm_form_decimals(dm_str("12.0")), 0);
    CHECK_INT((int64_t)dm_form_decimals(dm_str("12.05")), 2);
}

static void
without_memory_no_double_is_judged(void)
{
    struct dm_buf scratch;
    int64_t ms = 0;
    dm_buf_init(&scratch, DM_FORM_SCRATCH);
    dm_alloc_fail_after(0);
    CHECK_INT(dm_form_check(DM_FORM_DOUBLE, dm_str("1.0E0"), &scratch, &ms),
              DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    dm_buf_done(&scratch);
}

int
main(void)
{
    each_value_has_one_form();
    a_date_time_says_its_instant();
    seconds_have_six_decimals();
    without_memory_no_double_is_judged();
    return 0;
}
