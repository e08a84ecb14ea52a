// SPDX-License-Identifier: ISC

#include "quadstore/lexical_private.h"

#include "base/time.h"
#include "rdf/xsd.h"

#include <inttypes.h>

// Digits whose number always fits an int64_t
#define SAFE_DIGITS 18U

// Read `n` digits without a superfluous zero in front, at most SAFE_DIGITS.
static bool
read_digits(struct dm_str text, int64_t *ret)
{
    if (text.n == 0 || text.n > SAFE_DIGITS ||
        (text.n > 1 && text.data[0] == '0')) {
        return false;
    }
    int64_t value = 0;
    for (size_t i = 0; i < text.n; ++i) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        value = value * 10 + (text.data[i] - '0');
    }
    *ret = value;
    return true;
}

static bool
strip_sign(struct dm_str *text)
{
    const bool is_negative = text->n && text->data[0] == '-';
    if (is_negative) {
        *text = dm_str_slice(*text, 1, text->n);
    }
    return is_negative;
}

static bool
read_integer(struct dm_str text, dm_id *ret)
{
    const bool is_negative = strip_sign(&text);
    int64_t value = 0;
    if (!read_digits(text, &value) || (is_negative && value == 0)) {
        return false;
    }
    return dm_id_from_integer(is_negative ? -value : value, ret);
}

bool
dm_lexical_decimal(struct dm_str text, int64_t *ret_mantissa,
                   uint32_t *ret_scale)
{
    const bool is_negative = strip_sign(&text);
    const size_t point = dm_str_find(text, dm_str_n(".", 1));
    struct dm_str rest = dm_str_slice(text, point + 1, text.n);
    int64_t mantissa = 0;
    if (rest.n == 0 || rest.n > SAFE_DIGITS ||
        !read_digits(dm_str_slice(text, 0, point), &mantissa)) {
        return false;
    }
    if (rest.data[rest.n - 1] == '0') {
        if (rest.n > 1) {
            return false;
        }
        rest.n = 0;
    }
    for (size_t i = 0; i < rest.n; ++i) {
        const char c = rest.data[i];
        if (c < '0' || c > '9' || mantissa > (INT64_MAX - 9) / 10) {
            return false;
        }
        mantissa = mantissa * 10 + (c - '0');
    }
    if (is_negative && mantissa == 0) {
        return false;
    }
    *ret_mantissa = is_negative ? -mantissa : mantissa;
    *ret_scale = (uint32_t)rest.n;
    return true;
}

static bool
read_decimal(struct dm_str text, dm_id *ret)
{
    int64_t mantissa = 0;
    uint32_t scale = 0;
    return dm_lexical_decimal(text, &mantissa, &scale) &&
           dm_id_from_decimal(mantissa, scale, ret);
}

static bool
read_datetime(struct dm_str text, dm_id *ret)
{
    int64_t ms = 0;
    char back[DM_TIME_SIZE];
    if (text.n != DM_TIME_SIZE - 1 || !dm_time_parse(text, &ms) ||
        ms < DM_TIME_MIN_MS || ms > DM_TIME_MAX_MS) {
        return false;
    }
    dm_time_format(ms, back);
    return dm_str_is(text, back) && dm_id_from_datetime(ms, ret);
}

static bool
read_boolean(struct dm_str text, dm_id *ret)
{
    const bool is_true = dm_str_is(text, "true");
    if (!is_true && !dm_str_is(text, "false")) {
        return false;
    }
    *ret = dm_id_from_boolean(is_true);
    return true;
}

static bool
read_double(struct dm_str text, dm_id *ret)
{
    enum { LONGEST = 32 }; // "-1.7976931348623157E308" and more
    double value = 0;
    dm_id id = DM_ID_NONE;
    if (text.n > LONGEST || !dm_double_parse(text, &value) ||
        !dm_id_from_double(value, &id)) {
        return false;
    }
    struct dm_buf back;
    dm_buf_init(&back, LONGEST);
    dm_double_format(value, &back);
    const bool is_canonical =
        !back.status && dm_str_equal(text, dm_buf_str(&back));
    dm_buf_done(&back);
    if (is_canonical) {
        *ret = id;
    }
    return is_canonical;
}

bool
dm_lexical_inline(struct dm_str lexical, enum dm_word datatype, dm_id *ret)
{
    if (datatype == DM_WORD_INTEGER) {
        return read_integer(lexical, ret);
    }
    if (datatype == DM_WORD_DECIMAL) {
        return read_decimal(lexical, ret);
    }
    if (datatype == DM_WORD_DATETIME) {
        return read_datetime(lexical, ret);
    }
    if (datatype == DM_WORD_BOOLEAN) {
        return read_boolean(lexical, ret);
    }
    return datatype == DM_WORD_DOUBLE && read_double(lexical, ret);
}

static enum dm_word
format_decimal(dm_id id, struct dm_buf *buf)
{
    int64_t mantissa = 0;
    uint32_t scale = 0;
    if (!dm_id_to_decimal(id, &mantissa, &scale)) {
        return DM_WORD_NONE;
    }
    dm_decimal_format(dm_decimal_from_int64(mantissa, scale), buf);
    return DM_WORD_DECIMAL;
}

static enum dm_word
format_datetime(dm_id id, struct dm_buf *buf)
{
    int64_t ms = 0;
    char text[DM_TIME_SIZE];
    if (!dm_id_to_datetime(id, &ms)) {
        return DM_WORD_NONE;
    }
    dm_time_format(ms, text);
    dm_buf_puts(buf, text);
    return DM_WORD_DATETIME;
}

enum dm_word
dm_lexical_format(dm_id id, struct dm_buf *buf)
{
    int64_t integer = 0;
    double number = 0;
    bool boolean = false;
    if (dm_id_to_integer(id, &integer)) {
        dm_buf_printf(buf, "%" PRId64, integer);
        return DM_WORD_INTEGER;
    }
    if (dm_id_to_double(id, &number)) {
        dm_double_format(number, buf);
        return DM_WORD_DOUBLE;
    }
    if (dm_id_to_boolean(id, &boolean)) {
        dm_buf_puts(buf, boolean ? "true" : "false");
        return DM_WORD_BOOLEAN;
    }
    if (dm_id_tag(id) == DM_TAG_DATETIME) {
        return format_datetime(id, buf);
    }
    return format_decimal(id, buf);
}
