// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "rdf/xsd.h"
#include "rdf/xsd_private.h"

#include <assert.h>
#include <math.h>

// ISO C has no 128-bit integer; both compilers do
__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

// A product of two mantissas, or a dividend: limbs of 64 bits, lowest first
struct wide {
    uint64_t limbs[4];
};

static uint128
power_of_ten(uint32_t n)
{
    assert(n <= DM_DECIMAL_DIGITS);
    uint128 power = 1;
    for (uint32_t i = 0; i < n; ++i) {
        power *= 10;
    }
    return power;
}

static int128
mantissa_of(struct dm_decimal a)
{
    return (int128)((uint128)(uint64_t)a.high << 64U | a.low);
}

static uint128
magnitude(int128 value)
{
    return value < 0 ? (uint128)0 - (uint128)value : (uint128)value;
}

// The decimal without superfluous zeros, where it has few enough digits
static bool
make(int128 mantissa, uint32_t scale, struct dm_decimal *ret)
{
    while (scale > 0 && mantissa % 10 == 0) {
        mantissa /= 10;
        --scale;
    }
    if (scale > DM_DECIMAL_SCALE_MAX ||
        magnitude(mantissa) >= power_of_ten(DM_DECIMAL_DIGITS)) {
        return false;
    }
    *ret = (struct dm_decimal){
        .high = (int64_t)(uint64_t)((uint128)mantissa >> 64U),
        .low = (uint64_t)mantissa,
        .scale = scale,
    };
    return true;
}

// The same from a magnitude
static bool
make_signed(bool is_negative, uint128 mantissa, uint32_t scale,
            struct dm_decimal *ret)
{
    if (mantissa >> 127U) {
        return false;
    }
    const int128 value = (int128)mantissa;
    return make(is_negative ? -value : value, scale, ret);
}

struct dm_decimal
dm_decimal_from_int(int64_t value)
{
    return dm_decimal_from_int64(value, 0);
}

struct dm_decimal
dm_decimal_from_int64(int64_t mantissa, uint32_t scale)
{
    assert(scale <= DM_DECIMAL_SCALE_MAX);
    struct dm_decimal result = {0};
    const bool fits = make(mantissa, scale, &result);
    assert(fits); // 19 digits always do
    (void)fits;
    return result;
}

bool
dm_decimal_to_int64(struct dm_decimal a, int64_t *ret_mantissa,
                    uint32_t *ret_scale)
{
    const int128 mantissa = mantissa_of(a);
    if (mantissa < INT64_MIN || mantissa > INT64_MAX) {
        return false;
    }
    *ret_mantissa = (int64_t)mantissa;
    *ret_scale = a.scale;
    return true;
}

static unsigned
digit_of(char c)
{
    return (unsigned char)c - (unsigned)'0';
}

// Zeros at the end of a fraction count as digits only once something follows
static bool
take_digit(char c, bool in_fraction, uint32_t *zeros, uint32_t *scale,
           uint128 *mantissa)
{
    if (in_fraction && c == '0') {
        ++*zeros;
        return true;
    }
    const uint32_t shift = 1 + (in_fraction ? *zeros : 0);
    const uint32_t more_scale = in_fraction ? shift : 0;
    if (shift > DM_DECIMAL_DIGITS ||
        *scale + more_scale > DM_DECIMAL_SCALE_MAX) {
        return false;
    }
    const uint128 most = power_of_ten(DM_DECIMAL_DIGITS);
    if (*mantissa > most / power_of_ten(shift)) {
        return false;
    }
    *mantissa = *mantissa * power_of_ten(shift) + digit_of(c);
    *scale += more_scale;
    *zeros = 0;
    return *mantissa < most;
}

bool
dm_decimal_parse(struct dm_str text, struct dm_decimal *ret)
{
    text = dm_str_trim(text);
    const bool is_negative = text.n && text.data[0] == '-';
    if (text.n && (text.data[0] == '-' || text.data[0] == '+')) {
        text = dm_str_slice(text, 1, text.n);
    }

    uint128 mantissa = 0;
    uint32_t scale = 0;
    uint32_t zeros = 0;
    bool in_fraction = false;
    bool has_digit = false;
    for (size_t i = 0; i < text.n; ++i) {
        const char c = text.data[i];
        if (c == '.' && !in_fraction) {
            in_fraction = true;
            continue;
        }
        if (!dm_is_digit(c) ||
            !take_digit(c, in_fraction, &zeros, &scale, &mantissa)) {
            return false;
        }
        has_digit = true;
    }
    return has_digit && make_signed(is_negative, mantissa, scale, ret);
}

// Both mantissas at the greater of the two scales
static bool
align(struct dm_decimal a, struct dm_decimal b, int128 *ret_a, int128 *ret_b)
{
    const uint32_t scale = a.scale > b.scale ? a.scale : b.scale;
    return !__builtin_mul_overflow(
               mantissa_of(a), (int128)power_of_ten(scale - a.scale), ret_a) &&
           !__builtin_mul_overflow(
               mantissa_of(b), (int128)power_of_ten(scale - b.scale), ret_b);
}

static int128
whole_part(struct dm_decimal a)
{
    const int128 unit = (int128)power_of_ten(a.scale);
    const int128 mantissa = mantissa_of(a);
    const int128 whole = mantissa / unit;
    return mantissa % unit < 0 ? whole - 1 : whole;
}

int
dm_decimal_compare(struct dm_decimal a, struct dm_decimal b)
{
    const int128 whole_a = whole_part(a);
    const int128 whole_b = whole_part(b);
    if (whole_a != whole_b) {
        return whole_a < whole_b ? -1 : 1;
    }
    // The rests are below 1, so at one scale they have 18 digits
    const int128 rest_a =
        (mantissa_of(a) - whole_a * (int128)power_of_ten(a.scale)) *
        (int128)power_of_ten(DM_DECIMAL_SCALE_MAX - a.scale);
    const int128 rest_b =
        (mantissa_of(b) - whole_b * (int128)power_of_ten(b.scale)) *
        (int128)power_of_ten(DM_DECIMAL_SCALE_MAX - b.scale);
    return rest_a < rest_b ? -1 : rest_a > rest_b;
}

struct dm_decimal
dm_decimal_negate(struct dm_decimal a)
{
    struct dm_decimal result = {0};
    const bool fits = make(-mantissa_of(a), a.scale, &result);
    assert(fits);
    (void)fits;
    return result;
}

bool
dm_decimal_add(struct dm_decimal a, struct dm_decimal b, struct dm_decimal *ret)
{
    int128 left = 0;
    int128 right = 0;
    int128 sum = 0;
    return align(a, b, &left, &right) &&
           !__builtin_add_overflow(left, right, &sum) &&
           make(sum, a.scale > b.scale ? a.scale : b.scale, ret);
}

bool
dm_decimal_subtract(struct dm_decimal a, struct dm_decimal b,
                    struct dm_decimal *ret)
{
    return dm_decimal_add(a, dm_decimal_negate(b), ret);
}

static struct wide
multiply(uint128 a, uint128 b)
{
    const uint64_t x[2] = {(uint64_t)a, (uint64_t)(a >> 64U)};
    const uint64_t y[2] = {(uint64_t)b, (uint64_t)(b >> 64U)};
    struct wide product = {{0}};
    for (size_t i = 0; i < 2; ++i) {
        uint64_t carry = 0;
        for (size_t j = 0; j < 2; ++j) {
            const uint128 t =
                (uint128)x[i] * y[j] + product.limbs[i + j] + carry;
            product.limbs[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64U);
        }
        product.limbs[i + 2] = carry;
    }
    return product;
}

// dividend / divisor, rounded half up, where it fits; divisor is below 2^127
static bool
divide_rounded(struct wide dividend, uint128 divisor, uint128 *ret)
{
    uint128 quotient = 0;
    uint128 rest = 0;
    if (!dividend.limbs[2] && !dividend.limbs[3]) {
        const uint128 value =
            (uint128)dividend.limbs[1] << 64U | dividend.limbs[0];
        rest = value % divisor;
        *ret = value / divisor + (rest >= divisor - rest ? 1 : 0);
        return true;
    }
    for (unsigned bit = 256; bit-- > 0;) {
        rest = rest << 1U | (dividend.limbs[bit / 64] >> (bit % 64) & 1U);
        const bool one = rest >= divisor;
        if (one) {
            rest -= divisor;
        }
        if (quotient >> 126U) {
            return false;
        }
        quotient = quotient << 1U | (one ? 1U : 0U);
    }
    *ret = rest >= divisor - rest ? quotient + 1 : quotient;
    return true;
}

bool
dm_decimal_multiply(struct dm_decimal a, struct dm_decimal b,
                    struct dm_decimal *ret)
{
    const int128 left = mantissa_of(a);
    const int128 right = mantissa_of(b);
    const uint32_t scale = a.scale + b.scale;
    const uint32_t excess =
        scale > DM_DECIMAL_SCALE_MAX ? scale - DM_DECIMAL_SCALE_MAX : 0;
    uint128 product = 0;
    return divide_rounded(multiply(magnitude(left), magnitude(right)),
                          power_of_ten(excess), &product) &&
           make_signed((left < 0) != (right < 0), product, scale - excess, ret);
}

bool
dm_decimal_divide(struct dm_decimal a, struct dm_decimal b,
                  struct dm_decimal *ret)
{
    const int128 left = mantissa_of(a);
    const int128 right = mantissa_of(b);
    if (right == 0) {
        return false;
    }
    const uint32_t shift = DM_DECIMAL_SCALE_MAX + b.scale - a.scale;
    uint128 quotient = 0;
    return divide_rounded(multiply(magnitude(left), power_of_ten(shift)),
                          magnitude(right), &quotient) &&
           make_signed((left < 0) != (right < 0), quotient,
                       DM_DECIMAL_SCALE_MAX, ret);
}

struct dm_decimal
dm_decimal_round(struct dm_decimal a, enum dm_rounding how)
{
    int128 whole = whole_part(a);
    const int128 unit = (int128)power_of_ten(a.scale);
    const int128 rest = mantissa_of(a) - whole * unit;
    const bool up = (how == DM_ROUND_CEILING && rest > 0) ||
                    (how == DM_ROUND_HALF_UP && rest > 0 && rest * 2 >= unit);
    if (up) {
        ++whole;
    }
    struct dm_decimal result = {0};
    // A whole number with a fraction had a digit to spare for the carry
    const bool fits = make(whole, 0, &result);
    assert(fits);
    (void)fits;
    return result;
}

double
dm_decimal_to_double(struct dm_decimal a)
{
    char digits[DM_DECIMAL_DIGITS + 1];
    size_t n = sizeof(digits);
    const int128 mantissa = mantissa_of(a);
    uint128 rest = magnitude(mantissa);
    do {
        digits[--n] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest);
    const double value = dm_double_from_digits(
        dm_str_n(digits + n, sizeof(digits) - n), -(int)a.scale);
    return mantissa < 0 ? -value : value;
}

bool
dm_decimal_from_double(double value, struct dm_decimal *ret)
{
    if (!isfinite(value)) {
        return false;
    }
    struct dm_digits shortest = dm_double_digits(value);
    uint128 mantissa = 0;
    for (int i = 0; i < shortest.n; ++i) {
        mantissa = mantissa * 10 + digit_of(shortest.digits[i]);
    }
    // value = mantissa * 10^exponent
    int exponent = shortest.exponent - (shortest.n - 1);
    if (exponent < -DM_DECIMAL_SCALE_MAX ||
        exponent > DM_DECIMAL_DIGITS - shortest.n) {
        return mantissa == 0 && make(0, 0, ret);
    }
    if (exponent > 0) {
        mantissa *= power_of_ten((uint32_t)exponent);
        exponent = 0;
    }
    return make_signed(signbit(value) != 0, mantissa, (uint32_t)-exponent, ret);
}

static void
format(struct dm_decimal a, bool always_point, struct dm_buf *buf)
{
    // Sign, digits, point, and zeros in front where the scale is greater
    char text[DM_DECIMAL_DIGITS + DM_DECIMAL_SCALE_MAX + 4];
    size_t at = sizeof(text);
    const int128 mantissa = mantissa_of(a);
    uint128 rest = magnitude(mantissa);
    if (a.scale == 0 && always_point) {
        text[--at] = '0';
        text[--at] = '.';
    }
    uint32_t digits = 0;
    do {
        text[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
        ++digits;
        if (digits == a.scale) {
            text[--at] = '.';
        }
    } while (rest || digits <= a.scale);
    if (mantissa < 0) {
        text[--at] = '-';
    }
    (void)dm_buf_put(buf, text + at, sizeof(text) - at);
}

void
dm_decimal_format(struct dm_decimal a, struct dm_buf *buf)
{
    format(a, true, buf);
}

void
dm_decimal_format_short(struct dm_decimal a, struct dm_buf *buf)
{
    format(a, false, buf);
}

bool
dm_integer_parse(struct dm_str text, int64_t *ret)
{
    text = dm_str_trim(text);
    const bool is_negative = text.n && text.data[0] == '-';
    if (text.n && (text.data[0] == '-' || text.data[0] == '+')) {
        text = dm_str_slice(text, 1, text.n);
    }
    if (!text.n) {
        return false;
    }

    // Counted downwards: the least value has no positive counterpart
    int64_t value = 0;
    for (size_t i = 0; i < text.n; ++i) {
        if (!dm_is_digit(text.data[i]) ||
            __builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, text.data[i] - '0', &value)) {
            return false;
        }
    }
    if (!is_negative && value == INT64_MIN) {
        return false;
    }
    *ret = is_negative ? value : -value;
    return true;
}
