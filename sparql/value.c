// SPDX-License-Identifier: ISC

#include "sparql/value.h"

#include "base/buf.h"
#include "base/time.h"
#include "quadstore/store.h"
#include "sparql/value_private.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// Longest canonical form of a computed value: a decimal of 36 digits, a double,
// a time with zone, a duration of 64 bits in ms
#define LEXICAL_MAX 96U

// ---------------------------------------------------------------- computed

struct dm_value
dm_value_boolean(bool value)
{
    return (struct dm_value){.kind = DM_VALUE_BOOLEAN,
                             .is_computed = true,
                             .id = dm_id_from_boolean(value),
                             .as.boolean = value};
}

struct dm_value
dm_value_integer(int64_t value)
{
    return (struct dm_value){
        .kind = DM_VALUE_INTEGER, .is_computed = true, .as.integer = value};
}

struct dm_value
dm_value_decimal(struct dm_decimal value)
{
    return (struct dm_value){
        .kind = DM_VALUE_DECIMAL, .is_computed = true, .as.decimal = value};
}

struct dm_value
dm_value_double(double value)
{
    return (struct dm_value){
        .kind = DM_VALUE_DOUBLE, .is_computed = true, .as.number = value};
}

struct dm_value
dm_value_float(double value)
{
    return (struct dm_value){.kind = DM_VALUE_FLOAT,
                             .is_computed = true,
                             .as.number = (double)(float)value};
}

struct dm_value
dm_value_duration(int64_t ms)
{
    return (struct dm_value){
        .kind = DM_VALUE_DURATION, .is_computed = true, .as.integer = ms};
}

struct dm_value
dm_value_datetime(struct dm_datetime value)
{
    return (struct dm_value){
        .kind = DM_VALUE_DATETIME, .is_computed = true, .as.datetime = value};
}

struct dm_value
dm_value_whole(struct dm_decimal value)
{
    assert(value.scale == 0);
    int64_t small = 0;
    uint32_t scale = 0;
    if (dm_decimal_to_int64(value, &small, &scale)) {
        return dm_value_integer(small);
    }
    return (struct dm_value){
        .kind = DM_VALUE_BIG, .is_computed = true, .as.decimal = value};
}

// -------------------------------------------------------------- from a term

// Whether a number of a derived datatype is within its bounds
static bool
is_within(const struct dm_datatype *type, struct dm_decimal value)
{
    struct dm_decimal bound = {0};
    if (type->min && (!dm_decimal_parse(dm_str(type->min), &bound) ||
                      dm_decimal_compare(value, bound) < 0)) {
        return false;
    }
    return !type->max || (dm_decimal_parse(dm_str(type->max), &bound) &&
                          dm_decimal_compare(value, bound) <= 0);
}

static enum dm_value_kind
read_integer(const struct dm_datatype *type, struct dm_str text,
             struct dm_value *ret)
{
    if (dm_integer_parse(text, &ret->as.integer)) {
        const bool is_bounded = type->min || type->max;
        return !is_bounded ||
                       is_within(type, dm_decimal_from_int(ret->as.integer))
                   ? DM_VALUE_INTEGER
                   : DM_VALUE_OTHER;
    }

    // More digits than 64 bits hold, or no integer: no point, no exponent
    struct dm_decimal big = {0};
    if (memchr(text.n ? text.data : "", '.', text.n) ||
        !dm_decimal_parse(text, &big) || !is_within(type, big)) {
        return DM_VALUE_OTHER;
    }
    ret->as.decimal = big;
    return DM_VALUE_BIG;
}

static enum dm_value_kind
read_typed(const struct dm_datatype *type, struct dm_str text,
           struct dm_value *ret)
{
    switch (type->kind) {
    case DM_DATATYPE_STRING:
        return DM_VALUE_STRING;
    case DM_DATATYPE_TAGGED:
    case DM_DATATYPE_OTHER:
        return DM_VALUE_OTHER;
    case DM_DATATYPE_BOOLEAN:
        return dm_boolean_parse(text, &ret->as.boolean) ? DM_VALUE_BOOLEAN
                                                        : DM_VALUE_OTHER;
    case DM_DATATYPE_INTEGER:
        return read_integer(type, text, ret);
    case DM_DATATYPE_DECIMAL:
        return dm_decimal_parse(text, &ret->as.decimal) ? DM_VALUE_DECIMAL
                                                        : DM_VALUE_OTHER;
    case DM_DATATYPE_FLOAT:
        if (!dm_double_parse(text, &ret->as.number)) {
            return DM_VALUE_OTHER;
        }
        ret->as.number = (double)(float)ret->as.number;
        return DM_VALUE_FLOAT;
    case DM_DATATYPE_DOUBLE:
        return dm_double_parse(text, &ret->as.number) ? DM_VALUE_DOUBLE
                                                      : DM_VALUE_OTHER;
    case DM_DATATYPE_DATETIME:
        return dm_datetime_parse(text, &ret->as.datetime) ? DM_VALUE_DATETIME
                                                          : DM_VALUE_OTHER;
    case DM_DATATYPE_DATE:
        return dm_date_parse(text, &ret->as.datetime) ? DM_VALUE_DATE
                                                      : DM_VALUE_OTHER;
    case DM_DATATYPE_DURATION:
        return dm_duration_parse(text, &ret->as.integer) ? DM_VALUE_DURATION
                                                         : DM_VALUE_OTHER;
    }
    return DM_VALUE_OTHER;
}

static enum dm_value_kind
read_literal(const struct dm_term *term, struct dm_value *ret)
{
    if (term->language.n) {
        return DM_VALUE_TAGGED;
    }
    const struct dm_datatype *type = dm_datatype_find(term->datatype);
    return type ? read_typed(type, term->value, ret) : DM_VALUE_OTHER;
}

void
dm_value_from_term(const struct dm_term *term, struct dm_value *ret)
{
    *ret = (struct dm_value){.term = *term};
    switch (term->kind) {
    case DM_TERM_NONE:
        ret->kind = DM_VALUE_UNBOUND;
        return;
    case DM_TERM_IRI:
        ret->kind = DM_VALUE_IRI;
        return;
    case DM_TERM_BLANK:
        ret->kind = DM_VALUE_BLANK;
        return;
    case DM_TERM_LITERAL:
        ret->kind = read_literal(term, ret);
        return;
    case DM_TERM_TRIPLE:
        ret->kind = DM_VALUE_TRIPLE;
        return;
    }
}

// ---------------------------------------------------------------- from an id

// The value of an inline id; false where it has to be looked up
static bool
read_inline(dm_id id, struct dm_value *ret)
{
    int64_t number = 0;
    uint32_t scale = 0;
    double real = 0;
    bool truth = false;
    if (dm_id_is_local(id)) {
        return false;
    }
    switch (dm_id_tag(id)) {
    case DM_TAG_NONE:
    case DM_TAG_IRI:
    case DM_TAG_BLANK:
    case DM_TAG_LITERAL:
    case DM_TAG_TRIPLE:
    case DM_TAG_EVENT:
        return false;
    case DM_TAG_INTEGER:
        if (!dm_id_to_integer(id, &number)) {
            return false;
        }
        *ret = dm_value_integer(number);
        break;
    case DM_TAG_DECIMAL:
        if (!dm_id_to_decimal(id, &number, &scale)) {
            return false;
        }
        *ret = dm_value_decimal(dm_decimal_from_int64(number, scale));
        break;
    case DM_TAG_DATETIME:
        if (!dm_id_to_datetime(id, &number)) {
            return false;
        }
        *ret = dm_value_datetime(
            (struct dm_datetime){.ms = number, .has_zone = true});
        break;
    case DM_TAG_BOOLEAN:
        if (!dm_id_to_boolean(id, &truth)) {
            return false;
        }
        *ret = dm_value_boolean(truth);
        break;
    case DM_TAG_DOUBLE:
        if (!dm_id_to_double(id, &real)) {
            return false;
        }
        *ret = dm_value_double(real);
        break;
    }
    ret->id = id;
    return true;
}

enum dm_status
dm_value_from_id(struct dm_snapshot *snapshot, dm_id id, struct dm_value *ret)
{
    if (id == DM_ID_NONE) {
        *ret = (struct dm_value){.kind = DM_VALUE_UNBOUND};
        return DM_OK;
    }
    if (read_inline(id, ret)) {
        return DM_OK;
    }
    struct dm_term term = {0};
    const enum dm_status status = dm_snapshot_term(snapshot, id, &term);
    if (status) {
        // An id in a row is always of this snapshot
        return status == DM_ERR_NOT_FOUND ? DM_ERR_CORRUPT : status;
    }
    dm_value_from_term(&term, ret);
    ret->id = id;
    return DM_OK;
}

// ------------------------------------------------------------------ asking

bool
dm_value_is_literal(const struct dm_value *value)
{
    return value->kind >= DM_VALUE_STRING && value->kind <= DM_VALUE_OTHER;
}

bool
dm_value_is_numeric(const struct dm_value *value)
{
    return value->kind >= DM_VALUE_INTEGER && value->kind <= DM_VALUE_DOUBLE;
}

bool
dm_value_is_text(const struct dm_value *value)
{
    return value->kind == DM_VALUE_STRING || value->kind == DM_VALUE_TAGGED;
}

struct dm_decimal
dm_value_exact(const struct dm_value *value)
{
    assert(value->kind >= DM_VALUE_INTEGER && value->kind <= DM_VALUE_DECIMAL);
    return value->kind == DM_VALUE_INTEGER
               ? dm_decimal_from_int(value->as.integer)
               : value->as.decimal;
}

double
dm_value_number(const struct dm_value *value)
{
    assert(dm_value_is_numeric(value));
    if (value->kind == DM_VALUE_INTEGER) {
        return (double)value->as.integer;
    }
    return value->kind == DM_VALUE_FLOAT || value->kind == DM_VALUE_DOUBLE
               ? value->as.number
               : dm_decimal_to_double(value->as.decimal);
}

// ------------------------------------------------------------------ a term

// A time in UTC that ms can tell whole has the form of the wire: it is the one
// with an inline id
static bool
is_wire_time(struct dm_datetime value)
{
    return value.has_zone && !value.zone_minutes && !value.rest_ns &&
           value.ms >= DM_TIME_MIN_MS && value.ms <= DM_TIME_MAX_MS;
}

static void
format_datetime(struct dm_datetime value, struct dm_buf *buf)
{
    char text[DM_TIME_SIZE] = {0};
    if (is_wire_time(value)) {
        dm_time_format(value.ms, text);
        (void)dm_buf_puts(buf, text);
        return;
    }
    dm_datetime_format(value, buf);
}

// The date of a dateTime's text: up to 'T', then the zone
static void
format_date(struct dm_datetime value, struct dm_buf *buf)
{
    struct dm_buf text = {0};
    dm_buf_init(&text, LEXICAL_MAX);
    dm_datetime_format(value, &text);
    const struct dm_str whole = dm_buf_str(&text);
    const size_t day = dm_str_find(whole, dm_str("T"));
    static const size_t n_time = sizeof("T00:00:00") - 1;
    (void)dm_buf_put_str(buf, dm_str_slice(whole, 0, day));
    (void)dm_buf_put_str(buf, dm_str_slice(whole, day + n_time, whole.n));
    if (text.status) {
        buf->status = text.status;
    }
    dm_buf_done(&text);
}

// The canonical form of a computed value and the name of its datatype
static const char *
format_computed(const struct dm_value *value, struct dm_buf *buf)
{
    switch (value->kind) {
    case DM_VALUE_UNBOUND:
    case DM_VALUE_IRI:
    case DM_VALUE_BLANK:
    case DM_VALUE_STRING:
    case DM_VALUE_TAGGED:
    case DM_VALUE_OTHER:
    case DM_VALUE_TRIPLE:
        break;
    case DM_VALUE_BOOLEAN:
        (void)dm_buf_puts(buf, value->as.boolean ? "true" : "false");
        return DM_XSD_NS "boolean";
    case DM_VALUE_INTEGER:
        (void)dm_buf_printf(buf, "%lld", (long long)value->as.integer);
        return DM_XSD_NS "integer";
    case DM_VALUE_BIG:
        dm_decimal_format_short(value->as.decimal, buf);
        return DM_XSD_NS "integer";
    case DM_VALUE_DECIMAL:
        dm_decimal_format(value->as.decimal, buf);
        return DM_XSD_NS "decimal";
    case DM_VALUE_FLOAT:
        dm_float_format((float)value->as.number, buf);
        return DM_XSD_NS "float";
    case DM_VALUE_DOUBLE:
        dm_double_format(value->as.number, buf);
        return DM_XSD_NS "double";
    case DM_VALUE_DATETIME:
        format_datetime(value->as.datetime, buf);
        return DM_XSD_NS "dateTime";
    case DM_VALUE_DATE:
        format_date(value->as.datetime, buf);
        return DM_XSD_NS "date";
    case DM_VALUE_DURATION:
        dm_duration_format(value->as.integer, buf);
        return DM_XSD_NS "dayTimeDuration";
    }
    assert(!"a value of this kind has a term");
    return "";
}

enum dm_status
dm_value_term(const struct dm_value *value, struct dm_arena *arena,
              struct dm_term *ret)
{
    if (!value->is_computed) {
        *ret = value->term;
        return DM_OK;
    }
    struct dm_buf buf = {0};
    dm_buf_init(&buf, LEXICAL_MAX);
    const char *datatype = format_computed(value, &buf);
    enum dm_status status = buf.status;
    if (!status) {
        const struct dm_str text = dm_arena_copy(arena, dm_buf_str(&buf));
        if (text.data) {
            *ret = dm_term_literal(text, dm_str(datatype));
        } else {
            status = DM_ERR_NO_MEMORY;
        }
    }
    dm_buf_done(&buf);
    return status;
}

// The inline id of a computed value, where it has one
static bool
inline_id(const struct dm_value *value, dm_id *ret)
{
    int64_t mantissa = 0;
    uint32_t scale = 0;
    if (value->kind == DM_VALUE_INTEGER) {
        return dm_id_from_integer(value->as.integer, ret);
    }
    if (value->kind == DM_VALUE_DECIMAL) {
        return dm_decimal_to_int64(value->as.decimal, &mantissa, &scale) &&
               dm_id_from_decimal(mantissa, scale, ret);
    }
    if (value->kind == DM_VALUE_DATETIME) {
        return is_wire_time(value->as.datetime) &&
               dm_id_from_datetime(value->as.datetime.ms, ret);
    }
    return false;
}

enum dm_status
dm_value_id(struct dm_snapshot *snapshot, struct dm_arena *arena,
            const struct dm_value *value, dm_id *ret)
{
    if (value->id != DM_ID_NONE || value->kind == DM_VALUE_UNBOUND) {
        *ret = value->id;
        return DM_OK;
    }
    if (value->is_computed && inline_id(value, ret)) {
        return DM_OK;
    }
    struct dm_term term = {0};
    const enum dm_status status = dm_value_term(value, arena, &term);
    return status ? status : dm_snapshot_intern(snapshot, &term, ret);
}

// ------------------------------------------------------------------ truth

enum dm_status
dm_value_ebv(const struct dm_value *value, bool *ret)
{
    switch (value->kind) {
    case DM_VALUE_UNBOUND:
    case DM_VALUE_IRI:
    case DM_VALUE_BLANK:
    case DM_VALUE_TAGGED:
    case DM_VALUE_DATETIME:
    case DM_VALUE_DATE:
    case DM_VALUE_DURATION:
    case DM_VALUE_TRIPLE:
    case DM_VALUE_OTHER: // Ill-typed booleans and numbers too, since 1.2
        return DM_ERR_ARGUMENT;
    case DM_VALUE_STRING:
        *ret = value->term.value.n > 0;
        return DM_OK;
    case DM_VALUE_BOOLEAN:
        *ret = value->as.boolean;
        return DM_OK;
    case DM_VALUE_INTEGER:
        *ret = value->as.integer != 0;
        return DM_OK;
    case DM_VALUE_BIG:
    case DM_VALUE_DECIMAL:
        *ret = value->as.decimal.high || value->as.decimal.low;
        return DM_OK;
    case DM_VALUE_FLOAT:
    case DM_VALUE_DOUBLE:
        *ret = value->as.number < 0 || value->as.number > 0;
        return DM_OK;
    }
    return DM_ERR_ARGUMENT;
}
