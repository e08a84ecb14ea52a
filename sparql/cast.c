// SPDX-License-Identifier: ISC

// Casts: SPARQL 1.1, 17.5, with XPath's rules for values.

#include "base/buf.h"
#include "base/time.h"
#include "sparql/function_private.h"
#include "sparql/value_private.h"

#include <math.h>
#include <stdlib.h>

#define NUMBER_SIZE 64U
#define FIXED_MIN 0.000001
#define FIXED_MAX 1000000.0

// The value of a text as a literal of the type called by the cast
static enum dm_status
cast_text(const struct dm_call *call, struct dm_str text, struct dm_value *ret)
{
    const struct dm_term term =
        dm_term_literal(text, dm_str(call->code->def->name));
    dm_value_from_term(&term, ret);
    return ret->kind == DM_VALUE_OTHER ? DM_ERR_ARGUMENT : DM_OK;
}

// ------------------------------------------------------------ to a string

// XPath, 18.1.2: between a millionth and a million a double is written without
// an exponent.
static void
put_double(const struct dm_value *value, struct dm_buf *buf)
{
    const double number = value->as.number;
    const double size = fabs(number);
    struct dm_decimal exact = {0};
    struct dm_value shortest = *value;
    if (value->kind == DM_VALUE_FLOAT) {
        // The decimal that the float is written as, not that of its bits
        struct dm_buf text = {0};
        dm_buf_init(&text, NUMBER_SIZE);
        dm_float_format((float)number, &text);
        if (!dm_double_parse(dm_buf_str(&text), &shortest.as.number)) {
            buf->status = DM_ERR_NO_MEMORY;
        }
        dm_buf_done(&text);
    }
    if (!(size > 0) && !isnan(number)) {
        (void)dm_buf_puts(buf, signbit(number) ? "-0" : "0");
    } else if (size >= FIXED_MIN && size < FIXED_MAX &&
               dm_decimal_from_double(shortest.as.number, &exact)) {
        dm_decimal_format_short(exact, buf);
    } else if (value->kind == DM_VALUE_FLOAT) {
        dm_float_format((float)number, buf);
    } else {
        dm_double_format(number, buf);
    }
}

static enum dm_status
put_string(const struct dm_value *value, struct dm_arena *arena,
           struct dm_buf *buf)
{
    struct dm_term term = {0};
    if (value->kind == DM_VALUE_FLOAT || value->kind == DM_VALUE_DOUBLE) {
        put_double(value, buf);
        return DM_OK;
    }
    if (dm_value_is_numeric(value)) {
        dm_decimal_format_short(dm_value_exact(value), buf);
        return DM_OK;
    }
    if (value->kind == DM_VALUE_BOOLEAN) {
        (void)dm_buf_puts(buf, value->as.boolean ? "true" : "false");
        return DM_OK;
    }
    const enum dm_status status = dm_value_term(value, arena, &term);
    return status ? status : dm_buf_put_str(buf, term.value);
}

DM_FUNCTION(cast_string)
{
    const struct dm_value *arg = &call->args[0];
    if (arg->kind == DM_VALUE_IRI || arg->kind == DM_VALUE_STRING ||
        arg->kind == DM_VALUE_OTHER) {
        dm_value_set_string(ret, arg->term.value);
        return DM_OK;
    }
    if (!dm_value_is_literal(arg) || arg->kind == DM_VALUE_TAGGED) {
        return DM_ERR_ARGUMENT;
    }
    struct dm_buf buf = {0};
    dm_buf_init(&buf, DM_TEXT_MAX);
    enum dm_status status = put_string(arg, call->eval->arena, &buf);
    if (!status) {
        status = buf.status;
    }
    if (!status) {
        status = dm_call_string(call, dm_buf_str(&buf), ret);
    }
    dm_buf_done(&buf);
    return status;
}

// ------------------------------------------------------------ to numbers

DM_FUNCTION(cast_boolean)
{
    const struct dm_value *arg = &call->args[0];
    bool truth = false;
    if (arg->kind == DM_VALUE_STRING) {
        if (!dm_boolean_parse(arg->term.value, &truth)) {
            return DM_ERR_ARGUMENT;
        }
        *ret = dm_value_boolean(truth);
        return DM_OK;
    }
    if (arg->kind != DM_VALUE_BOOLEAN && !dm_value_is_numeric(arg)) {
        return DM_ERR_ARGUMENT;
    }
    const enum dm_status status = dm_value_ebv(arg, &truth);
    *ret = dm_value_boolean(truth);
    return status;
}

static enum dm_status
cast_real(const struct dm_call *call, double *ret)
{
    const struct dm_value *arg = &call->args[0];
    if (arg->kind == DM_VALUE_STRING) {
        return dm_double_parse(arg->term.value, ret) ? DM_OK : DM_ERR_ARGUMENT;
    }
    if (arg->kind == DM_VALUE_BOOLEAN) {
        *ret = arg->as.boolean ? 1 : 0;
        return DM_OK;
    }
    if (!dm_value_is_numeric(arg)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_number(arg);
    return DM_OK;
}

DM_FUNCTION(cast_float)
{
    double number = 0;
    const enum dm_status status = cast_real(call, &number);
    *ret = dm_value_float(number);
    return status;
}

DM_FUNCTION(cast_double)
{
    double number = 0;
    const enum dm_status status = cast_real(call, &number);
    *ret = dm_value_double(number);
    return status;
}

// Any number or boolean as an exact one
static bool
exact_of(const struct dm_value *arg, struct dm_decimal *ret)
{
    if (arg->kind == DM_VALUE_BOOLEAN) {
        *ret = dm_decimal_from_int(arg->as.boolean ? 1 : 0);
        return true;
    }
    if (!dm_value_is_numeric(arg)) {
        return false;
    }
    if (arg->kind <= DM_VALUE_DECIMAL) {
        *ret = dm_value_exact(arg);
        return true;
    }
    return dm_decimal_from_double(arg->as.number, ret);
}

DM_FUNCTION(cast_decimal)
{
    struct dm_decimal exact = {0};
    if (call->args[0].kind == DM_VALUE_STRING) {
        if (!dm_decimal_parse(call->args[0].term.value, &exact)) {
            return DM_ERR_ARGUMENT;
        }
    } else if (!exact_of(&call->args[0], &exact)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_decimal(exact);
    return DM_OK;
}

// Towards zero
static struct dm_decimal
truncate(struct dm_decimal exact)
{
    const bool is_negative =
        dm_decimal_compare(exact, dm_decimal_from_int(0)) < 0;
    return dm_decimal_round(exact,
                            is_negative ? DM_ROUND_CEILING : DM_ROUND_FLOOR);
}

DM_FUNCTION(cast_integer)
{
    const struct dm_value *arg = &call->args[0];
    struct dm_value whole = {0};
    struct dm_decimal exact = {0};
    struct dm_term term = {0};
    if (arg->kind == DM_VALUE_STRING) {
        const enum dm_status status = cast_text(call, arg->term.value, &whole);
        if (status) {
            return status;
        }
        whole = dm_value_whole(dm_value_exact(&whole));
    } else if (exact_of(arg, &exact)) {
        whole = dm_value_whole(truncate(exact));
    } else {
        return DM_ERR_ARGUMENT;
    }
    if (dm_str_is(dm_str(call->code->def->name), DM_XSD_NS "integer")) {
        *ret = whole;
        return DM_OK;
    }
    // One of the types that derive from it: within its bounds
    const enum dm_status status =
        dm_value_term(&whole, call->eval->arena, &term);
    return status ? status : cast_text(call, term.value, ret);
}

// ------------------------------------------------------------ to times

DM_FUNCTION(cast_datetime)
{
    const struct dm_value *arg = &call->args[0];
    if (arg->kind == DM_VALUE_STRING) {
        return cast_text(call, arg->term.value, ret);
    }
    if (arg->kind == DM_VALUE_DATETIME) {
        *ret = *arg;
        return DM_OK;
    }
    if (arg->kind != DM_VALUE_DATE) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_datetime(arg->as.datetime);
    return DM_OK;
}

DM_FUNCTION(cast_date)
{
    const struct dm_value *arg = &call->args[0];
    if (arg->kind == DM_VALUE_STRING) {
        return cast_text(call, arg->term.value, ret);
    }
    if (arg->kind == DM_VALUE_DATE) {
        *ret = *arg;
        return DM_OK;
    }
    if (arg->kind != DM_VALUE_DATETIME) {
        return DM_ERR_ARGUMENT;
    }
    struct dm_datetime day = arg->as.datetime;
    const int64_t zone_ms = day.zone_minutes * DM_MS_PER_MINUTE;
    int64_t rest = (day.ms + zone_ms) % DM_MS_PER_DAY;
    rest += rest < 0 ? DM_MS_PER_DAY : 0;
    day.ms -= rest;
    day.rest_ns = 0;
    *ret = dm_value_datetime(day);
    ret->kind = DM_VALUE_DATE;
    return DM_OK;
}

DM_FUNCTION(cast_duration)
{
    const struct dm_value *arg = &call->args[0];
    int64_t ms = 0;
    if (arg->kind == DM_VALUE_DURATION) {
        *ret = *arg;
        return DM_OK;
    }
    // xsd:duration is no value of its own here, but its text may be one
    const bool is_duration =
        arg->kind == DM_VALUE_OTHER &&
        dm_str_is(arg->term.datatype, DM_XSD_NS "duration");
    if ((arg->kind != DM_VALUE_STRING && !is_duration) ||
        !dm_duration_parse(arg->term.value, &ms)) {
        return DM_ERR_ARGUMENT;
    }
    *ret = dm_value_duration(ms);
    return DM_OK;
}
