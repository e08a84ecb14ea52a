// SPDX-License-Identifier: ISC

#include "base/time.h"
#include "quadstore/id.h"
#include "tests/check.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

static uint64_t seed = 88172645463325252U;

static uint64_t
next_random(void)
{
    seed ^= seed << 13U;
    seed ^= seed >> 7U;
    seed ^= seed << 17U;
    return seed;
}

static void
integers_keep_their_order(void)
{
    static const int64_t limit = INT64_C(1) << 58;
    int64_t back = 0;
    dm_id a = 0;
    dm_id b = 0;
    CHECK(dm_id_from_integer(-limit, &a) && dm_id_to_integer(a, &back));
    CHECK_INT(back, -limit);
    CHECK(dm_id_from_integer(limit - 1, &b) && dm_id_to_integer(b, &back));
    CHECK_INT(back, limit - 1);
    CHECK(a < b && !dm_id_from_integer(limit, &a) &&
          !dm_id_from_integer(-limit - 1, &a));
    for (int i = 0; i < 10000; ++i) {
        const int64_t x = (int64_t)(next_random() >> 6U) - limit / 2;
        const int64_t y = (int64_t)(next_random() >> 6U) - limit / 2;
        CHECK(dm_id_from_integer(x, &a) && dm_id_from_integer(y, &b));
        CHECK((a < b) == (x < y));
        CHECK(dm_id_tag(a) == DM_TAG_INTEGER && dm_id_is_inline(a));
    }
}

// Compare by long double: 64 bits of mantissa, and 15 digits at most
static void
decimals_keep_their_order(void)
{
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    for (int i = 0; i < 20000; ++i) {
        const int64_t m = (int64_t)(next_random() % 2000001) - 1000000;
        const int64_t k = (int64_t)(next_random() % 2000001) - 1000000;
        const uint32_t s = (uint32_t)(next_random() % 7);
        const uint32_t t = (uint32_t)(next_random() % 7);
        dm_id a = 0;
        dm_id b = 0;
        CHECK(dm_id_from_decimal(m, s, &a) && dm_id_from_decimal(k, t, &b));
        // m / 10^s < k / 10^t
        CHECK((a < b) == (m * powers[t] < k * powers[s]));
        CHECK((a == b) == (m * powers[t] == k * powers[s]));
        int64_t mantissa = 0;
        uint32_t scale = 0;
        CHECK(dm_id_to_decimal(a, &mantissa, &scale));
        CHECK(scale <= s && mantissa * powers[s - scale] == m);
    }
}

static void
decimals_that_do_not_fit_are_refused(void)
{
    dm_id id = 0;
    int64_t mantissa = 0;
    uint32_t scale = 0;
    CHECK(dm_id_from_decimal(999999999999999, 18, &id));
    CHECK(!dm_id_from_decimal(1000000000000001, 0, &id));
    CHECK(dm_id_from_decimal(100000000000000000, 0, &id));
    CHECK(dm_id_to_decimal(id, &mantissa, &scale));
    CHECK(mantissa == 100000000000000000 && scale == 0);
    // A text of so many digits is none that is inline
    CHECK(!dm_id_from_decimal(1000000000000000000, 0, &id));
    CHECK(!dm_id_from_decimal(1, 19, &id));
    CHECK(!dm_id_from_decimal(INT64_MIN, 0, &id));
    CHECK(dm_id_from_decimal(0, 3, &id));
    CHECK(dm_id_to_decimal(id, &mantissa, &scale));
    CHECK(mantissa == 0 && scale == 0);
}

static void
doubles_keep_their_order(void)
{
    static const double values[] = {
        -(double)INFINITY, -DBL_MAX / 4, -1.5, -1, -0.25, 0, 0.25, 1, 1.5, 1e15,
        (double)INFINITY};
    dm_id before = 0;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); ++i) {
        dm_id id = 0;
        double back = 0;
        if (!dm_id_from_double(values[i], &id)) {
            continue; // Bits that would be cut
        }
        CHECK(before < id && dm_id_to_double(id, &back));
        CHECK(back >= values[i] && back <= values[i]);
        before = id;
    }
    CHECK(!dm_id_from_double((double)NAN, &before));
    CHECK(!dm_id_from_double(-0.0, &before));
    CHECK(!dm_id_from_double(0.1, &before));
}

static void
events_are_in_the_order_of_their_keys(void)
{
    static const struct dm_event_key keys[] = {
        {.log = 1, .ms = DM_EVENT_EPOCH_MS, .n = 0},
        {.log = 1, .ms = DM_EVENT_EPOCH_MS, .n = DM_EVENT_N_MAX},
        {.log = 1, .ms = DM_EVENT_EPOCH_MS + 1, .n = 0},
        {.log = 2, .ms = DM_EVENT_EPOCH_MS, .n = 0},
        {.log = DM_LOG_NO_MAX,
         .ms = DM_EVENT_EPOCH_MS + (INT64_C(1) << 41) - 1,
         .n = DM_EVENT_N_MAX},
    };
    dm_id before = 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); ++i) {
        const dm_id id = dm_id_from_event(&keys[i]);
        struct dm_event_key back;
        CHECK(before < id && dm_id_to_event(id, &back));
        CHECK(back.log == keys[i].log && back.ms == keys[i].ms &&
              back.n == keys[i].n);
        before = id;
    }
    const struct dm_event_key early = {.log = 1, .ms = DM_EVENT_EPOCH_MS - 1};
    const struct dm_event_key late = {
        .log = 1, .ms = DM_EVENT_EPOCH_MS + (INT64_C(1) << 41)};
    CHECK(!dm_event_key_is_valid(&early) && !dm_event_key_is_valid(&late));
}

static void
what_is_no_value_is_none(void)
{
    int64_t integer = 0;
    double number = 0;
    bool boolean = false;
    struct dm_event_key key;
    CHECK(!dm_id_to_integer(DM_ID_NONE, &integer));
    CHECK(!dm_id_to_boolean(dm_id_from_boolean(true) + 1, &boolean));
    CHECK(dm_id_to_boolean(dm_id_from_boolean(true), &boolean) && boolean);
    CHECK(
        !dm_id_to_double(DM_ID_LOCAL_BIT | dm_id_from_boolean(true), &number));
    CHECK(!dm_id_to_event((dm_id)DM_TAG_EVENT << 59U, &key)); // Log 0
    dm_id id = 0;
    CHECK(!dm_id_from_datetime(DM_TIME_MAX_MS + 1, &id));
    CHECK(dm_id_from_datetime(DM_TIME_MIN_MS, &id));
    CHECK(dm_id_to_datetime(id, &integer) && integer == DM_TIME_MIN_MS);
    CHECK(!dm_id_to_datetime(id - 1, &integer));
}

int
main(void)
{
    integers_keep_their_order();
    decimals_keep_their_order();
    decimals_that_do_not_fit_are_refused();
    doubles_keep_their_order();
    events_are_in_the_order_of_their_keys();
    what_is_no_value_is_none();
    return 0;
}
