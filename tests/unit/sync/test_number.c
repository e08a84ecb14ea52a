// SPDX-License-Identifier: ISC

#include "sync/number.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/term.h"
#include "rdf/xsd.h"
#include "sync/form_private.h"
#include "tests/check.h"

#include <math.h>
#include <string.h>

struct row {
    const char *given;
    bool is_double;
    const char *want;
    bool want_double;
};

static void
numbers_are_decimals_where_those_have_the_digits(void)
{
    static const struct row rows[] = {
        {"0.0", false, "0.0", false},
        {"1.0", false, "1.0", false},
        {"-0.000000001", false, "-0.000000001", false},
        {"123456789.123456789", false, "123456789.123456789", false},
        {"99999999999999999.0", false, "99999999999999999.0", false},
        {"123456789012345678.0", false, "123456789012345678.0", false},
        {"1234567890.123456789", false, "1234567890.1234567", false},
        {"1234567890123456789.0", false, "1.2345678901234568E18", true},
        {"1000000000000000000.0", false, "1.0E18", true},
        {"0.0000000001", false, "1.0E-10", true},
        {"0.1234567891", false, "1.234567891E-1", true},
        // Its nearest double is one that a decimal says
        {"0.100000000000000005", false, "0.1", false},
        {"-5.000000000000000001", false, "-5.0", false},
        {"123456789012345678901234567890123456.0", false,
         "1.2345678901234568E35", true},
        {"1234567890123456789012345678901234567890.0", false,
         "1.2345678901234568E39", true},
        // Other spellings
        {"1", false, "1.0", false},
        {"+01.50", false, "1.5", false},
        {"-0.0", false, "0.0", false},
        {"0.0E0", true, "0.0", false},
        {"-0.0E0", true, "0.0", false},
        {"1.5E2", true, "150.0", false},
        {"1.25E-7", true, "0.000000125", false},
        {"1.0E-9", true, "0.000000001", false},
        {"1.0E-10", true, "1.0E-10", true},
        {"1.0E17", true, "100000000000000000.0", false},
        {"1.0E18", true, "1.0E18", true},
        {"1.234567890123456E1", true, "1.234567890123456E1", true},
        {"-1.7976931348623157E308", true, "-1.7976931348623157E308", true},
        {"5.0E-324", true, "5.0E-324", true},
        {"15e1", true, "150.0", false},
    };
    for (size_t i = 0; i < DM_COUNT_OF(rows); ++i) {
        struct dm_payload_number number;
        CHECK_INT(dm_payload_number(dm_str(rows[i].given), rows[i].is_double,
                                    &number),
                  DM_OK);
        if (strcmp(number.text, rows[i].want) != 0) {
            (void)fprintf(stderr, "%s becomes %s\n", rows[i].given,
                          number.text);
        }
        CHECK(strcmp(number.text, rows[i].want) == 0);
        CHECK(number.is_double == rows[i].want_double);
    }
}

static void
what_is_no_finite_number_is_not_sent(void)
{
    static const char *const texts[] = {"NaN", "INF", "-INF", "1.0E999",
                                        "",    "x",   "1,5"};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        struct dm_payload_number number;
        CHECK_INT(dm_payload_number(dm_str(texts[i]), true, &number),
                  DM_ERR_ARGUMENT);
    }
}

// Whatever a double is, what is sent reads back as it and is in its form
static void
every_double_survives(void)
{
    uint64_t bits = 88172645463325252;
    struct dm_buf buf;
    struct dm_buf scratch;
    dm_buf_init(&buf, 64);
    dm_buf_init(&scratch, DM_FORM_SCRATCH);
    for (size_t i = 0; i < 3000; ++i) {
        bits ^= bits << 13U;
        bits ^= bits >> 7U;
        bits ^= bits << 17U;
        double value = 0;
        memcpy(&value, &bits, sizeof(value));
        if (i % 3 == 1) {
            value = ldexp(1.0, (int)(bits % 2000) - 1050);
        } else if (i % 3 == 2) {
            value = (double)(bits >> 20U) / 1e6;
        }
        if (!isfinite(value)) {
            continue;
        }
        struct dm_payload_number number;
        double back = 0;
        int64_t ms = 0;
        dm_buf_clear(&buf);
        dm_double_format(value, &buf);
        CHECK_INT(dm_payload_number(dm_buf_str(&buf), true, &number), DM_OK);
        const struct dm_str text = dm_str(number.text);
        CHECK(dm_double_parse(text, &back));
        CHECK(!(back < value) && !(back > value));
        CHECK(dm_form_fits_decimal(text) == !number.is_double);
        CHECK_INT(
            dm_form_check(number.is_double ? DM_FORM_DOUBLE : DM_FORM_DECIMAL,
                          text, &scratch, &ms),
            DM_OK);
    }
    dm_buf_done(&buf);
    dm_buf_done(&scratch);
}

static void
each_allocation_may_fail(void)
{
    for (size_t allowed = 0;; ++allowed) {
        struct dm_payload_number number;
        dm_alloc_fail_after(allowed);
        const enum dm_status status =
            dm_payload_number(dm_str("0.00000000001"), false, &number);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        if (!status) {
            CHECK(allowed >= 1);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
}

int
main(void)
{
    numbers_are_decimals_where_those_have_the_digits();
    what_is_no_finite_number_is_not_sent();
    every_double_survives();
    each_allocation_may_fail();
    return 0;
}
