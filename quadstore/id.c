// SPDX-License-Identifier: ISC

#include "quadstore/id.h"

#include "base/time.h"
#include "quadstore/id_private.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// A decimal is kept as a decimal float, so that ids are in the order of values:
//
//     value = 0.DDDDDDDDDDDDDDD x 10^E, the first D not 0
//     payload = ZERO +- (E + DECIMAL_BIAS) << DECIMAL_BITS | D
//
// with 15 digits D as a number. Zero is ZERO itself.
#define DECIMAL_DIGITS 15
#define DECIMAL_BITS 50U
#define DECIMAL_BIAS 128
#define DECIMAL_SCALE_MAX 18
#define DECIMAL_POINT_MAX 18 // Digits before the point, as a text may have
#define DECIMAL_LIMIT UINT64_C(1000000000000000)

// The middle of the payload: zero of integers, decimals and dateTimes
#define MIDDLE (UINT64_C(1) << (DM_ID_PAYLOAD_BITS - 1U))

// Bits of a double that an id has no room for
#define DOUBLE_CUT (64U - DM_ID_PAYLOAD_BITS)
#define SIGN (UINT64_C(1) << 63U)

static_assert(1 + 4 + DM_ID_PAYLOAD_BITS == 64, "local bit, tag, payload");
static_assert(12 + DM_EVENT_MS_BITS + 6 == DM_ID_PAYLOAD_BITS,
              "log, ms and n fill the payload");
static_assert(DECIMAL_LIMIT < UINT64_C(1) << DECIMAL_BITS,
              "the digits of a decimal fit their bits");
static_assert(((uint64_t)(2 * DECIMAL_BIAS) << DECIMAL_BITS) <= MIDDLE,
              "exponent and digits of a decimal fit one half");
static_assert(DM_TIME_MAX_MS < INT64_C(1) << 50, "dateTimes fit one half");

enum dm_id_tag
dm_id_tag(dm_id id)
{
    const unsigned tag = (unsigned)(id >> DM_ID_PAYLOAD_BITS) & 15U;
    return tag <= DM_TAG_DOUBLE ? (enum dm_id_tag)tag : DM_TAG_NONE;
}

bool
dm_id_is_local(dm_id id)
{
    return (id & DM_ID_LOCAL_BIT) != 0;
}

bool
dm_id_is_inline(dm_id id)
{
    return !dm_id_is_local(id) && dm_id_tag(id) >= DM_TAG_EVENT;
}

dm_id
dm_id_make(enum dm_id_tag tag, uint64_t payload)
{
    assert(tag != DM_TAG_NONE && payload <= DM_ID_PAYLOAD_MASK);
    return (uint64_t)tag << DM_ID_PAYLOAD_BITS | payload;
}

uint64_t
dm_id_payload(dm_id id)
{
    return id & DM_ID_PAYLOAD_MASK;
}

// Whether `id` holds an inline value of `tag`
static bool
is_inline(dm_id id, enum dm_id_tag tag)
{
    return !dm_id_is_local(id) && dm_id_tag(id) == tag;
}

bool
dm_event_key_is_valid(const struct dm_event_key *key)
{
    return key->log >= 1 && key->log <= DM_LOG_NO_MAX &&
           key->n <= DM_EVENT_N_MAX && key->ms >= DM_EVENT_EPOCH_MS &&
           key->ms - DM_EVENT_EPOCH_MS < INT64_C(1) << DM_EVENT_MS_BITS;
}

dm_id
dm_id_from_event(const struct dm_event_key *key)
{
    assert(dm_event_key_is_valid(key));
    const uint64_t ms = (uint64_t)(key->ms - DM_EVENT_EPOCH_MS);
    return dm_id_make(DM_TAG_EVENT,
                      (uint64_t)key->log << 47U | ms << 6U | key->n);
}

bool
dm_id_to_event(dm_id id, struct dm_event_key *ret)
{
    const uint64_t payload = dm_id_payload(id);
    if (!is_inline(id, DM_TAG_EVENT) || payload >> 47U == 0) {
        return false;
    }
    const uint64_t ms = payload >> 6U & ((UINT64_C(1) << DM_EVENT_MS_BITS) - 1);
    *ret = (struct dm_event_key){.log = (dm_log_no)(payload >> 47U),
                                 .ms = DM_EVENT_EPOCH_MS + (int64_t)ms,
                                 .n = (uint8_t)(payload & DM_EVENT_N_MAX)};
    return true;
}

// Numbers around zero, in the order of their ids
static bool
from_signed(enum dm_id_tag tag, int64_t value, dm_id *ret)
{
    if (value < -(int64_t)MIDDLE || value >= (int64_t)MIDDLE) {
        return false;
    }
    *ret = dm_id_make(tag, (uint64_t)(value + (int64_t)MIDDLE));
    return true;
}

static bool
to_signed(dm_id id, enum dm_id_tag tag, int64_t *ret)
{
    if (!is_inline(id, tag)) {
        return false;
    }
    *ret = (int64_t)dm_id_payload(id) - (int64_t)MIDDLE;
    return true;
}

bool
dm_id_from_integer(int64_t value, dm_id *ret)
{
    return from_signed(DM_TAG_INTEGER, value, ret);
}

bool
dm_id_to_integer(dm_id id, int64_t *ret)
{
    return to_signed(id, DM_TAG_INTEGER, ret);
}

bool
dm_id_from_datetime(int64_t ms, dm_id *ret)
{
    return ms >= DM_TIME_MIN_MS && ms <= DM_TIME_MAX_MS &&
           from_signed(DM_TAG_DATETIME, ms, ret);
}

bool
dm_id_to_datetime(dm_id id, int64_t *ret_ms)
{
    int64_t ms = 0;
    if (!to_signed(id, DM_TAG_DATETIME, &ms) || ms < DM_TIME_MIN_MS ||
        ms > DM_TIME_MAX_MS) {
        return false;
    }
    *ret_ms = ms;
    return true;
}

bool
dm_id_from_decimal(int64_t mantissa, uint32_t scale, dm_id *ret)
{
    if (mantissa == 0) {
        *ret = dm_id_make(DM_TAG_DECIMAL, MIDDLE);
        return true;
    }

    uint64_t digits =
        mantissa < 0 ? UINT64_C(0) - (uint64_t)mantissa : (uint64_t)mantissa;
    int exponent = DECIMAL_DIGITS - (int)scale;
    while (digits >= DECIMAL_LIMIT && digits % 10 == 0) {
        digits /= 10;
        ++exponent;
    }
    if (digits >= DECIMAL_LIMIT || scale > DECIMAL_SCALE_MAX) {
        return false;
    }
    while (digits < DECIMAL_LIMIT / 10) {
        digits *= 10;
        --exponent;
    }

    if (exponent > DECIMAL_POINT_MAX) {
        return false;
    }

    const uint64_t size =
        (uint64_t)(exponent + DECIMAL_BIAS) << DECIMAL_BITS | digits;
    *ret = dm_id_make(DM_TAG_DECIMAL,
                      mantissa < 0 ? MIDDLE - size : MIDDLE + size);
    return true;
}

bool
dm_id_to_decimal(dm_id id, int64_t *ret_mantissa, uint32_t *ret_scale)
{
    if (!is_inline(id, DM_TAG_DECIMAL)) {
        return false;
    }
    const uint64_t payload = dm_id_payload(id);
    if (payload == MIDDLE) {
        *ret_mantissa = 0;
        *ret_scale = 0;
        return true;
    }

    const uint64_t size =
        payload > MIDDLE ? payload - MIDDLE : MIDDLE - payload;
    uint64_t digits = size & ((UINT64_C(1) << DECIMAL_BITS) - 1);
    int exponent = (int)(size >> DECIMAL_BITS) - DECIMAL_BIAS - DECIMAL_DIGITS;
    if (digits >= DECIMAL_LIMIT || digits < DECIMAL_LIMIT / 10 ||
        exponent + DECIMAL_DIGITS > DECIMAL_POINT_MAX) {
        return false;
    }
    while (digits % 10 == 0) {
        digits /= 10;
        ++exponent;
    }
    while (exponent > 0) { // To 18 digits at most, which fit
        digits *= 10;
        --exponent;
    }
    if (-exponent > DECIMAL_SCALE_MAX) {
        return false;
    }
    *ret_mantissa = payload > MIDDLE ? (int64_t)digits : -(int64_t)digits;
    *ret_scale = (uint32_t)-exponent;
    return true;
}

dm_id
dm_id_from_boolean(bool value)
{
    return dm_id_make(DM_TAG_BOOLEAN, value ? 1 : 0);
}

bool
dm_id_to_boolean(dm_id id, bool *ret)
{
    if (!is_inline(id, DM_TAG_BOOLEAN) || dm_id_payload(id) > 1) {
        return false;
    }
    *ret = dm_id_payload(id) == 1;
    return true;
}

// The bits of a double become ascending by flipping all of a negative one, and
// the sign alone of another. NaN has no place in an order, and -0 would not
// equal 0: both have rows of the dictionary.
bool
dm_id_from_double(double value, dm_id *ret)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    if (isnan(value) || bits == SIGN || bits << DM_ID_PAYLOAD_BITS != 0) {
        return false;
    }
    bits = bits & SIGN ? ~bits : bits | SIGN;
    *ret = dm_id_make(DM_TAG_DOUBLE, bits >> DOUBLE_CUT);
    return true;
}

bool
dm_id_to_double(dm_id id, double *ret)
{
    if (!is_inline(id, DM_TAG_DOUBLE)) {
        return false;
    }
    uint64_t bits = dm_id_payload(id) << DOUBLE_CUT;
    bits = bits & SIGN ? bits & ~SIGN
                       : ~(bits | ((UINT64_C(1) << DOUBLE_CUT) - 1));
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    if (isnan(value) || bits == SIGN) {
        return false;
    }
    *ret = value;
    return true;
}

int64_t
dm_event_key_store(const struct dm_event_key *key)
{
    return (int64_t)dm_id_payload(dm_id_from_event(key)) - DM_KEY_LOG;
}

dm_id
dm_event_key_id(int64_t stored)
{
    assert(stored >= 0);
    return dm_id_make(DM_TAG_EVENT, (uint64_t)(stored + DM_KEY_LOG));
}

struct dm_event_key
dm_event_key_load(int64_t stored)
{
    struct dm_event_key key = {0};
    const bool is_event = dm_id_to_event(dm_event_key_id(stored), &key);
    assert(is_event);
    (void)is_event;
    return key;
}

bool
dm_event_key_range(dm_log_no log, int64_t from_ms, int64_t until_ms,
                   int64_t *ret_first, int64_t *ret_last)
{
    const int64_t end = DM_EVENT_EPOCH_MS + (INT64_C(1) << DM_EVENT_MS_BITS);
    const int64_t from =
        from_ms < DM_EVENT_EPOCH_MS ? DM_EVENT_EPOCH_MS : from_ms;
    const int64_t until = until_ms > end ? end : until_ms;
    if (from >= until) {
        return false;
    }
    const int64_t base = (int64_t)(log - 1) * DM_KEY_LOG;
    *ret_first = base + (from - DM_EVENT_EPOCH_MS) * DM_KEY_MS;
    *ret_last = base + (until - DM_EVENT_EPOCH_MS) * DM_KEY_MS - 1;
    return true;
}
