// SPDX-License-Identifier: ISC

#include "base/time.h"
#include "sparql/value.h"
#include "sparql/value_private.h"

#include <assert.h>
#include <math.h>

// Times without a zone may be meant in any: up to 14 hours either way
#define ZONE_MS (14 * DM_MS_PER_HOUR)

enum value_class {
    CLASS_UNBOUND,
    CLASS_BLANK,
    CLASS_IRI,
    CLASS_NUMBER,
    CLASS_STRING,
    CLASS_TAGGED,
    CLASS_BOOLEAN,
    CLASS_DATETIME,
    CLASS_DATE,
    CLASS_DURATION,
    CLASS_OTHER,
    CLASS_TRIPLE,
};

int
dm_value_class(enum dm_value_kind kind)
{
    switch (kind) {
    case DM_VALUE_UNBOUND:
        return CLASS_UNBOUND;
    case DM_VALUE_IRI:
        return CLASS_IRI;
    case DM_VALUE_BLANK:
        return CLASS_BLANK;
    case DM_VALUE_STRING:
        return CLASS_STRING;
    case DM_VALUE_TAGGED:
        return CLASS_TAGGED;
    case DM_VALUE_BOOLEAN:
        return CLASS_BOOLEAN;
    case DM_VALUE_INTEGER:
    case DM_VALUE_BIG:
    case DM_VALUE_DECIMAL:
    case DM_VALUE_FLOAT:
    case DM_VALUE_DOUBLE:
        return CLASS_NUMBER;
    case DM_VALUE_DATETIME:
        return CLASS_DATETIME;
    case DM_VALUE_DATE:
        return CLASS_DATE;
    case DM_VALUE_DURATION:
        return CLASS_DURATION;
    case DM_VALUE_OTHER:
        return CLASS_OTHER;
    case DM_VALUE_TRIPLE:
        return CLASS_TRIPLE;
    }
    return CLASS_OTHER;
}

static int
sign_of_int64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int
compare_doubles(double a, double b)
{
    if (isnan(a) || isnan(b)) {
        return DM_VALUE_UNORDERED;
    }
    return (a > b) - (a < b);
}

static int
compare_numbers(const struct dm_value *a, const struct dm_value *b)
{
    if (a->kind == DM_VALUE_INTEGER && b->kind == DM_VALUE_INTEGER) {
        return sign_of_int64(a->as.integer, b->as.integer);
    }
    if (a->kind <= DM_VALUE_DECIMAL && b->kind <= DM_VALUE_DECIMAL) {
        return dm_decimal_compare(dm_value_exact(a), dm_value_exact(b));
    }
    // The wider of the two types; float only where neither is a double
    if (a->kind != DM_VALUE_DOUBLE && b->kind != DM_VALUE_DOUBLE) {
        return compare_doubles((double)(float)dm_value_number(a),
                               (double)(float)dm_value_number(b));
    }
    return compare_doubles(dm_value_number(a), dm_value_number(b));
}

static int
compare_instants(struct dm_datetime a, struct dm_datetime b)
{
    return a.ms != b.ms ? sign_of_int64(a.ms, b.ms)
                        : sign_of_int64(a.rest_ns, b.rest_ns);
}

// XSD 1.1, order of dateTime: with one zone missing it is known only where it
// would be the same in every zone
static enum dm_status
compare_times(struct dm_datetime a, struct dm_datetime b, int *ret)
{
    if (a.has_zone != b.has_zone) {
        const int64_t apart = a.ms > b.ms ? a.ms - b.ms : b.ms - a.ms;
        if (apart <= ZONE_MS) {
            return DM_ERR_ARGUMENT;
        }
    }
    *ret = compare_instants(a, b);
    return DM_OK;
}

enum dm_status
dm_value_compare(const struct dm_value *a, const struct dm_value *b, int *ret)
{
    const int class_a = dm_value_class(a->kind);
    if (class_a != dm_value_class(b->kind)) {
        return DM_ERR_ARGUMENT;
    }
    switch ((enum value_class)class_a) {
    case CLASS_UNBOUND:
    case CLASS_BLANK:
    case CLASS_IRI:
    case CLASS_TAGGED:
    case CLASS_OTHER:
    case CLASS_TRIPLE:
        return DM_ERR_ARGUMENT;
    case CLASS_NUMBER:
        *ret = compare_numbers(a, b);
        return DM_OK;
    case CLASS_STRING: {
        const int order = dm_str_compare(a->term.value, b->term.value);
        *ret = (order > 0) - (order < 0);
        return DM_OK;
    }
    case CLASS_BOOLEAN:
        *ret = (int)a->as.boolean - (int)b->as.boolean;
        return DM_OK;
    case CLASS_DATETIME:
    case CLASS_DATE:
        return compare_times(a->as.datetime, b->as.datetime, ret);
    case CLASS_DURATION:
        *ret = sign_of_int64(a->as.integer, b->as.integer);
        return DM_OK;
    }
    return DM_ERR_ARGUMENT;
}

// ------------------------------------------------------------------ equality

static enum dm_status
equal_triples(const struct dm_triple *a, const struct dm_triple *b, bool *ret)
{
    const struct dm_term *const terms_a[] = {&a->s, &a->p, &a->o};
    const struct dm_term *const terms_b[] = {&b->s, &b->p, &b->o};
    enum dm_status known = DM_OK;
    for (size_t i = 0; i < DM_COUNT_OF(terms_a); ++i) {
        struct dm_value value_a = {0};
        struct dm_value value_b = {0};
        bool is_equal = false;
        dm_value_from_term(terms_a[i], &value_a);
        dm_value_from_term(terms_b[i], &value_b);
        const enum dm_status status =
            dm_value_equal(&value_a, &value_b, &is_equal);
        if (status) {
            known = status;
        } else if (!is_equal) {
            *ret = false;
            return DM_OK;
        }
    }
    *ret = true;
    return known;
}

// Two literals of which at least one has a value that is not known, or whose
// kinds of value have nothing in common
static enum dm_status
equal_unlike(const struct dm_value *a, const struct dm_value *b, bool *ret)
{
    if (!a->is_computed && !b->is_computed &&
        dm_term_equal(&a->term, &b->term)) {
        *ret = true;
        return DM_OK;
    }
    // Only one has a language, so they are different whatever the other is
    if (a->kind == DM_VALUE_TAGGED || b->kind == DM_VALUE_TAGGED) {
        *ret = false;
        return DM_OK;
    }
    return DM_ERR_ARGUMENT;
}

enum dm_status
dm_value_equal(const struct dm_value *a, const struct dm_value *b, bool *ret)
{
    if (a->kind == DM_VALUE_UNBOUND || b->kind == DM_VALUE_UNBOUND) {
        return DM_ERR_ARGUMENT;
    }
    if (!dm_value_is_literal(a) || !dm_value_is_literal(b)) {
        if (a->kind == DM_VALUE_TRIPLE && b->kind == DM_VALUE_TRIPLE) {
            return equal_triples(a->term.triple, b->term.triple, ret);
        }
        *ret = a->kind == b->kind && dm_term_equal(&a->term, &b->term);
        return DM_OK;
    }
    if (a->kind == DM_VALUE_TAGGED && b->kind == DM_VALUE_TAGGED) {
        *ret = dm_term_equal(&a->term, &b->term);
        return DM_OK;
    }
    int order = 0;
    const enum dm_status status = dm_value_compare(a, b, &order);
    if (status) {
        return equal_unlike(a, b, ret);
    }
    *ret = order == 0;
    return DM_OK;
}

enum dm_status
dm_value_same_term(const struct dm_value *a, const struct dm_value *b,
                   struct dm_arena *arena, bool *ret)
{
    if (a->id != DM_ID_NONE && b->id != DM_ID_NONE) {
        *ret = a->id == b->id;
        return DM_OK;
    }
    struct dm_term term_a = {0};
    struct dm_term term_b = {0};
    enum dm_status status = dm_value_term(a, arena, &term_a);
    if (!status) {
        status = dm_value_term(b, arena, &term_b);
    }
    if (!status) {
        *ret = dm_term_equal(&term_a, &term_b);
    }
    return status;
}

// --------------------------------------------------------------- total order

static int
order_terms(const struct dm_value *a, const struct dm_value *b)
{
    assert(!a->is_computed && !b->is_computed);
    return dm_term_compare(&a->term, &b->term);
}

static int
order_tagged(const struct dm_value *a, const struct dm_value *b)
{
    const int order = dm_str_compare(a->term.value, b->term.value);
    return order ? order : order_terms(a, b);
}

// NaN before every other number
static int
order_numbers(const struct dm_value *a, const struct dm_value *b)
{
    const int order = compare_numbers(a, b);
    if (order != DM_VALUE_UNORDERED) {
        return order;
    }
    const bool is_nan_a = a->kind >= DM_VALUE_FLOAT && isnan(a->as.number) != 0;
    const bool is_nan_b = b->kind >= DM_VALUE_FLOAT && isnan(b->as.number) != 0;
    return (int)is_nan_b - (int)is_nan_a;
}

static int
order_triples(const struct dm_triple *a, const struct dm_triple *b)
{
    const struct dm_term *const terms_a[] = {&a->s, &a->p, &a->o};
    const struct dm_term *const terms_b[] = {&b->s, &b->p, &b->o};
    int order = 0;
    for (size_t i = 0; !order && i < DM_COUNT_OF(terms_a); ++i) {
        struct dm_value value_a = {0};
        struct dm_value value_b = {0};
        dm_value_from_term(terms_a[i], &value_a);
        dm_value_from_term(terms_b[i], &value_b);
        order = dm_value_order(&value_a, &value_b);
    }
    return order;
}

int
dm_value_order(const struct dm_value *a, const struct dm_value *b)
{
    const int class_a = dm_value_class(a->kind);
    const int class_b = dm_value_class(b->kind);
    if (class_a != class_b) {
        return class_a < class_b ? -1 : 1;
    }
    switch ((enum value_class)class_a) {
    case CLASS_UNBOUND:
        return 0;
    case CLASS_BLANK:
    case CLASS_IRI:
    case CLASS_STRING:
        return dm_str_compare(a->term.value, b->term.value);
    case CLASS_TAGGED:
        return order_tagged(a, b);
    case CLASS_NUMBER:
        return order_numbers(a, b);
    case CLASS_BOOLEAN:
        return (int)a->as.boolean - (int)b->as.boolean;
    case CLASS_DATETIME:
    case CLASS_DATE:
        return compare_instants(a->as.datetime, b->as.datetime);
    case CLASS_DURATION:
        return sign_of_int64(a->as.integer, b->as.integer);
    case CLASS_OTHER:
        return order_terms(a, b);
    case CLASS_TRIPLE:
        return order_triples(a->term.triple, b->term.triple);
    }
    return 0;
}
