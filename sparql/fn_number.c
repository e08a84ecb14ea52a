// SPDX-License-Identifier: ISC

// Arithmetic: SPARQL 1.1, 17.3 and 17.4.4. Integers and decimals are exact: a
// result that needs more than DM_DECIMAL_DIGITS digits is an error.

#include "base/env.h"
#include "sparql/function_private.h"

#include <assert.h>
#include <math.h>

typedef bool (*exact_fn)(struct dm_decimal a, struct dm_decimal b,
                         struct dm_decimal *ret);

static bool
is_number(enum dm_value_kind kind)
{
    return kind >= DM_VALUE_INTEGER && kind <= DM_VALUE_DOUBLE;
}

static bool
are_numbers(const struct dm_value *a, const struct dm_value *b)
{
    return is_number(a->kind) && is_number(b->kind);
}

// The type of a result: the wider one (17.3), BIG counting as INTEGER
static enum dm_value_kind
wider(const struct dm_value *a, const struct dm_value *b)
{
    const enum dm_value_kind kind = a->kind > b->kind ? a->kind : b->kind;
    return kind == DM_VALUE_BIG ? DM_VALUE_INTEGER : kind;
}

static struct dm_value
real(enum dm_value_kind kind, double number)
{
    return kind == DM_VALUE_FLOAT ? dm_value_float(number)
                                  : dm_value_double(number);
}

static enum dm_status
exact(const struct dm_value *a, const struct dm_value *b, exact_fn function,
      struct dm_value *ret)
{
    struct dm_decimal result = {0};
    if (!function(dm_value_exact(a), dm_value_exact(b), &result)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = wider(a, b) == DM_VALUE_INTEGER ? dm_value_whole(result)
                                           : dm_value_decimal(result);
    return DM_OK;
}

enum dm_status
dm_number_add(const struct dm_value *a, const struct dm_value *b,
              struct dm_value *ret)
{
    int64_t sum = 0;
    if (!are_numbers(a, b)) {
        return DM_ERR_ARGUMENT;
    }
    if (a->kind == DM_VALUE_INTEGER && b->kind == DM_VALUE_INTEGER &&
        !__builtin_add_overflow(a->as.integer, b->as.integer, &sum)) {
        *ret = dm_value_integer(sum);
        return DM_OK;
    }
    const enum dm_value_kind kind = wider(a, b);
    if (kind <= DM_VALUE_DECIMAL) {
        return exact(a, b, dm_decimal_add, ret);
    }
    *ret = real(kind, dm_value_number(a) + dm_value_number(b));
    return DM_OK;
}

static enum dm_status
subtract(const struct dm_value *a, const struct dm_value *b,
         struct dm_value *ret)
{
    const enum dm_value_kind kind = wider(a, b);
    if (kind <= DM_VALUE_DECIMAL) {
        return exact(a, b, dm_decimal_subtract, ret);
    }
    *ret = real(kind, dm_value_number(a) - dm_value_number(b));
    return DM_OK;
}

static enum dm_status
multiply(const struct dm_value *a, const struct dm_value *b,
         struct dm_value *ret)
{
    const enum dm_value_kind kind = wider(a, b);
    if (kind <= DM_VALUE_DECIMAL) {
        return exact(a, b, dm_decimal_multiply, ret);
    }
    *ret = real(kind, dm_value_number(a) * dm_value_number(b));
    return DM_OK;
}

// IEEE 754 division, written out for zero so that it is defined in C
static double
divide_doubles(double a, double b)
{
    if (b < 0 || b > 0 || isnan(b)) {
        return a / b;
    }
    if (isnan(a) || !(a < 0 || a > 0)) {
        return (double)NAN;
    }
    return (a < 0) == (signbit(b) != 0) ? (double)INFINITY : (double)-INFINITY;
}

enum dm_status
dm_number_divide(const struct dm_value *a, const struct dm_value *b,
                 struct dm_value *ret)
{
    if (!are_numbers(a, b)) {
        return DM_ERR_ARGUMENT;
    }
    const enum dm_value_kind kind = wider(a, b);
    if (kind <= DM_VALUE_DECIMAL) {
        // Integers too divide into a decimal
        struct dm_decimal result = {0};
        if (!dm_decimal_divide(dm_value_exact(a), dm_value_exact(b), &result)) {
            return DM_ERR_ARGUMENT;
        }
        *ret = dm_value_decimal(result);
        return DM_OK;
    }
    *ret = real(kind, divide_doubles(dm_value_number(a), dm_value_number(b)));
    return DM_OK;
}

DM_FUNCTION(add)
{
    const struct dm_value *a = &call->args[0];
    const struct dm_value *b = &call->args[1];
    return are_numbers(a, b) ? dm_number_add(a, b, ret)
                             : dm_time_add(a, b, ret);
}

DM_FUNCTION(subtract)
{
    const struct dm_value *a = &call->args[0];
    const struct dm_value *b = &call->args[1];
    return are_numbers(a, b) ? subtract(a, b, ret)
                             : dm_time_subtract(a, b, ret);
}

DM_FUNCTION(multiply)
{
    const struct dm_value *a = &call->args[0];
    const struct dm_value *b = &call->args[1];
    return are_numbers(a, b) ? multiply(a, b, ret)
                             : dm_time_multiply(a, b, ret);
}

DM_FUNCTION(divide)
{
    const struct dm_value *a = &call->args[0];
    const struct dm_value *b = &call->args[1];
    return are_numbers(a, b) ? dm_number_divide(a, b, ret)
                             : dm_time_divide(a, b, ret);
}

// The same number without the lexical form it came with
static struct dm_value
plain(const struct dm_value *a)
{
    if (a->kind == DM_VALUE_INTEGER) {
        return dm_value_integer(a->as.integer);
    }
    if (a->kind == DM_VALUE_BIG) {
        return dm_value_whole(a->as.decimal);
    }
    return a->kind == DM_VALUE_DECIMAL ? dm_value_decimal(a->as.decimal)
                                       : real(a->kind, a->as.number);
}

DM_FUNCTION(unary_plus)
{
    if (!is_number(call->args[0].kind)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = plain(&call->args[0]);
    return DM_OK;
}

static struct dm_value
negate(const struct dm_value *a)
{
    if (a->kind >= DM_VALUE_FLOAT) {
        return real(a->kind, -a->as.number);
    }
    const struct dm_decimal result = dm_decimal_negate(dm_value_exact(a));
    return a->kind == DM_VALUE_DECIMAL ? dm_value_decimal(result)
                                       : dm_value_whole(result);
}

DM_FUNCTION(unary_minus)
{
    const struct dm_value *a = &call->args[0];
    if (a->kind == DM_VALUE_DURATION && a->as.integer != INT64_MIN) {
        *ret = dm_value_duration(-a->as.integer);
        return DM_OK;
    }
    if (!is_number(a->kind)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = negate(a);
    return DM_OK;
}

DM_FUNCTION(is_numeric)
{
    *ret = dm_value_boolean(dm_value_is_numeric(&call->args[0]));
    return DM_OK;
}

DM_FUNCTION(abs)
{
    const struct dm_value *a = &call->args[0];
    if (!is_number(a->kind)) {
        return DM_ERR_ARGUMENT;
    }
    if (a->kind >= DM_VALUE_FLOAT) {
        *ret = real(a->kind, fabs(a->as.number));
        return DM_OK;
    }
    const bool is_negative =
        dm_decimal_compare(dm_value_exact(a), dm_decimal_from_int(0)) < 0;
    *ret = is_negative ? negate(a) : plain(a);
    return DM_OK;
}

static double
round_double(double number, enum dm_rounding how)
{
    const double below = floor(number);
    switch (how) {
    case DM_ROUND_FLOOR:
        return below;
    case DM_ROUND_CEILING:
        return ceil(number);
    case DM_ROUND_HALF_UP:
        // Not floor(number + 0.5): the sum itself may round up
        return number - below < 0.5 ? below : ceil(number);
    }
    return number;
}

static enum dm_status
round_value(const struct dm_value *a, enum dm_rounding how,
            struct dm_value *ret)
{
    if (!is_number(a->kind)) {
        return DM_ERR_ARGUMENT;
    }
    if (a->kind >= DM_VALUE_FLOAT) {
        *ret = real(a->kind, isfinite(a->as.number)
                                 ? round_double(a->as.number, how)
                                 : a->as.number);
    } else if (a->kind == DM_VALUE_DECIMAL) {
        *ret = dm_value_decimal(dm_decimal_round(a->as.decimal, how));
    } else {
        *ret = plain(a);
    }
    return DM_OK;
}

DM_FUNCTION(round)
{
    return round_value(&call->args[0], DM_ROUND_HALF_UP, ret);
}

DM_FUNCTION(ceil)
{
    return round_value(&call->args[0], DM_ROUND_CEILING, ret);
}

DM_FUNCTION(floor)
{
    return round_value(&call->args[0], DM_ROUND_FLOOR, ret);
}

DM_FUNCTION(rand)
{
    // As many bits as a double holds, so that every value below 1 is as likely
    uint64_t bits = 0;
    dm_env_random(dm_call_env(call), &bits, sizeof(bits));
    *ret = dm_value_double(ldexp((double)(bits >> 11U), -53));
    return DM_OK;
}
