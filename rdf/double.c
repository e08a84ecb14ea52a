// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/xsd.h"
#include "rdf/xsd_private.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// More significant digits than any midpoint between two doubles has; what
// follows can only say that the value lies above it
#define DIGITS_MAX 800
#define EXPONENT_MAX 100000 // Far outside of what any double reaches
#define EXPONENT_SIZE 16    // Of "e-100000" and NUL, with room

/// What is read of a number: 0.ddd * 10^exponent without the point
struct number {
    char digits[DIGITS_MAX + 1 + EXPONENT_SIZE];
    size_t n;
    bool is_more;     // Digits other than 0 were left out
    int64_t exponent; // Of the last digit
};

static void
add_digit(struct number *number, char c, bool in_fraction)
{
    if (number->n == 0 && c == '0') {
        number->exponent -= in_fraction ? 1 : 0;
    } else if (number->n < DIGITS_MAX) {
        number->digits[number->n++] = c;
        number->exponent -= in_fraction ? 1 : 0;
    } else {
        number->is_more = number->is_more || c != '0';
        number->exponent += in_fraction ? 0 : 1;
    }
}

// Spelled "DIGITSe-12": without decimal point, so strtod() does not ask the
// locale for one
static const char *
spell(struct number *number)
{
    if (number->is_more) {
        number->digits[number->n++] = '1';
        --number->exponent;
    }
    if (number->n == 0) {
        number->digits[number->n++] = '0';
    }
    int64_t exponent = number->exponent;
    exponent = exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent;
    exponent = exponent < -EXPONENT_MAX ? -EXPONENT_MAX : exponent;
    (void)snprintf(number->digits + number->n, EXPONENT_SIZE, "e%d",
                   (int)exponent);
    return number->digits;
}

double
dm_double_from_digits(struct dm_str digits, int64_t exponent)
{
    struct number number = {.exponent = exponent};
    for (size_t i = 0; i < digits.n; ++i) {
        add_digit(&number, digits.data[i], false);
    }
    return strtod(spell(&number), NULL);
}

static bool
take_sign(struct dm_str *text)
{
    const bool has_sign =
        text->n && (text->data[0] == '-' || text->data[0] == '+');
    const bool is_negative = has_sign && text->data[0] == '-';
    *text = dm_str_slice(*text, has_sign ? 1 : 0, text->n);
    return is_negative;
}

// Digits with at most one point
static bool
take_mantissa(struct dm_str *text, struct number *number)
{
    bool in_fraction = false;
    bool has_digit = false;
    size_t i = 0;
    for (; i < text->n; ++i) {
        const char c = text->data[i];
        if (c == '.' && !in_fraction) {
            in_fraction = true;
        } else if (dm_is_digit(c)) {
            add_digit(number, c, in_fraction);
            has_digit = true;
        } else {
            break;
        }
    }
    *text = dm_str_slice(*text, i, text->n);
    return has_digit;
}

static bool
take_exponent(struct dm_str text, struct number *number)
{
    if (!text.n) {
        return true;
    }
    if (text.data[0] != 'e' && text.data[0] != 'E') {
        return false;
    }
    text = dm_str_slice(text, 1, text.n);
    const bool is_negative = take_sign(&text);
    if (!text.n) {
        return false;
    }
    int64_t exponent = 0;
    for (size_t i = 0; i < text.n; ++i) {
        if (!dm_is_digit(text.data[i])) {
            return false;
        }
        // The digits of a text cannot make up for more than its length
        if (exponent < INT64_MAX / 100) {
            exponent = exponent * 10 + (text.data[i] - '0');
        }
    }
    number->exponent += is_negative ? -exponent : exponent;
    return true;
}

bool
dm_double_parse(struct dm_str text, double *ret)
{
    text = dm_str_trim(text);
    if (dm_str_is(text, "INF") || dm_str_is(text, "+INF")) {
        *ret = (double)INFINITY;
        return true;
    }
    if (dm_str_is(text, "-INF")) {
        *ret = (double)-INFINITY;
        return true;
    }
    if (dm_str_is(text, "NaN")) {
        *ret = (double)NAN;
        return true;
    }

    struct number number = {.n = 0};
    const bool is_negative = take_sign(&text);
    if (!take_mantissa(&text, &number) || !take_exponent(text, &number)) {
        return false;
    }
    const double value = strtod(spell(&number), NULL);
    *ret = is_negative ? -value : value;
    return true;
}

/// How many digits a binary format holds for sure, and how many it may need
struct format {
    bool is_float;
    int sure;
    int most;
    double least_normal;
};

static const struct format format_double = {
    .sure = DBL_DIG, .most = DM_DOUBLE_DIGITS, .least_normal = DBL_MIN};
static const struct format format_float = {.is_float = true,
                                           .sure = FLT_DIG,
                                           .most = 9,
                                           .least_normal = (double)FLT_MIN};

// The `n` digits nearest to `value`
static struct dm_digits
nearest(double value, int n)
{
    char text[DM_DOUBLE_DIGITS + EXPONENT_SIZE];
    (void)snprintf(text, sizeof(text), "%.*e", n - 1, value);

    struct dm_digits result = {.n = 0};
    const char *at = text;
    for (; *at != 'e'; ++at) {
        if (dm_is_digit(*at)) { // Else it is the locale's decimal point
            result.digits[result.n++] = *at;
        }
    }
    assert(result.n == n);
    const bool is_negative = at[1] == '-';
    for (at += 2; *at; ++at) {
        result.exponent = result.exponent * 10 + (*at - '0');
    }
    result.exponent = is_negative ? -result.exponent : result.exponent;
    return result;
}

// One more in the last digit
static struct dm_digits
next_up(struct dm_digits digits)
{
    for (int i = digits.n - 1; i >= 0; --i) {
        if (digits.digits[i] != '9') {
            ++digits.digits[i];
            return digits;
        }
        digits.digits[i] = '0';
    }
    digits.digits[0] = '1';
    ++digits.exponent;
    return digits;
}

static bool
reads_back(const struct dm_digits *digits, double value,
           const struct format *format)
{
    char text[DM_DOUBLE_DIGITS + EXPONENT_SIZE];
    memcpy(text, digits->digits, (size_t)digits->n);
    (void)snprintf(text + digits->n, EXPONENT_SIZE, "e%d",
                   digits->exponent - (digits->n - 1));
    const double again =
        format->is_float ? (double)strtof(text, NULL) : strtod(text, NULL);
    return again >= value && again <= value;
}

static struct dm_digits
without_zeros(struct dm_digits digits)
{
    while (digits.n > 1 && digits.digits[digits.n - 1] == '0') {
        --digits.n;
    }
    return digits;
}

// A decimal of `sure` digits survives the way through a normal number and back,
// so those need not be tried with less. Subnormal numbers hold less.
static struct dm_digits
shortest(double value, const struct format *format)
{
    value = fabs(value);
    int exponent = 0;
    // Below a power of two numbers lie closer than above it, so the nearest
    // digits may miss where the next ones, further off and above, do not
    const bool is_power = frexp(value, &exponent) <= 0.5;

    int n = value >= format->least_normal ? format->sure : 1;
    struct dm_digits digits = nearest(value, n);
    while (!reads_back(&digits, value, format) && n < format->most) {
        const struct dm_digits above = next_up(digits);
        if (is_power && reads_back(&above, value, format)) {
            return without_zeros(above);
        }
        digits = nearest(value, ++n);
    }
    return without_zeros(digits);
}

struct dm_digits
dm_double_digits(double value)
{
    assert(isfinite(value));
    return shortest(value, &format_double);
}

static void
write_value(double value, const struct format *format, struct dm_buf *buf)
{
    if (isnan(value)) {
        (void)dm_buf_puts(buf, "NaN");
        return;
    }
    if (signbit(value)) {
        (void)dm_buf_putc(buf, '-');
    }
    if (isinf(value)) {
        (void)dm_buf_puts(buf, "INF");
        return;
    }

    const struct dm_digits digits = shortest(value, format);
    (void)dm_buf_putc(buf, digits.digits[0]);
    (void)dm_buf_putc(buf, '.');
    if (digits.n > 1) {
        (void)dm_buf_put(buf, digits.digits + 1, (size_t)digits.n - 1);
    } else {
        (void)dm_buf_putc(buf, '0');
    }
    (void)dm_buf_printf(buf, "E%d", digits.exponent);
}

void
dm_double_format(double value, struct dm_buf *buf)
{
    write_value(value, &format_double, buf);
}

void
dm_float_format(float value, struct dm_buf *buf)
{
    write_value((double)value, &format_float, buf);
}

bool
dm_boolean_parse(struct dm_str text, bool *ret)
{
    text = dm_str_trim(text);
    if (dm_str_is(text, "true") || dm_str_is(text, "1")) {
        *ret = true;
        return true;
    }
    if (dm_str_is(text, "false") || dm_str_is(text, "0")) {
        *ret = false;
        return true;
    }
    return false;
}
