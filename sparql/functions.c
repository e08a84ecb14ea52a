// SPDX-License-Identifier: ISC

#include "sparql/functions.h"

#include "rdf/term.h"
#include "sparql/function_private.h"
#include "vocab/vocabulary.h"

#include <assert.h>

#define ANY DM_ARGS_ANY
#define LAZY DM_FUNCTION_LAZY
#define VOLATILE DM_FUNCTION_VOLATILE
#define OPERATOR DM_FUNCTION_OPERATOR

// By enum dm_function
static const struct dm_function_def functions[] = {
    {DM_FN_OR, "||", 2, ANY, LAZY | OPERATOR, dm_fn_or},
    {DM_FN_AND, "&&", 2, ANY, LAZY | OPERATOR, dm_fn_and},
    {DM_FN_NOT, "!", 1, 1, LAZY | OPERATOR, dm_fn_not},
    {DM_FN_EQUAL, "=", 2, 2, LAZY | OPERATOR, dm_fn_equal},
    {DM_FN_NOT_EQUAL, "!=", 2, 2, LAZY | OPERATOR, dm_fn_not_equal},
    {DM_FN_LESS, "<", 2, 2, OPERATOR, dm_fn_less},
    {DM_FN_GREATER, ">", 2, 2, OPERATOR, dm_fn_greater},
    {DM_FN_LESS_EQUAL, "<=", 2, 2, OPERATOR, dm_fn_less_equal},
    {DM_FN_GREATER_EQUAL, ">=", 2, 2, OPERATOR, dm_fn_greater_equal},
    {DM_FN_IN, "IN", 1, ANY, LAZY | OPERATOR, dm_fn_in},
    {DM_FN_NOT_IN, "NOT IN", 1, ANY, LAZY | OPERATOR, dm_fn_not_in},
    {DM_FN_ADD, "+", 2, 2, OPERATOR, dm_fn_add},
    {DM_FN_SUBTRACT, "-", 2, 2, OPERATOR, dm_fn_subtract},
    {DM_FN_MULTIPLY, "*", 2, 2, OPERATOR, dm_fn_multiply},
    {DM_FN_DIVIDE, "/", 2, 2, OPERATOR, dm_fn_divide},
    {DM_FN_UNARY_PLUS, "+", 1, 1, OPERATOR, dm_fn_unary_plus},
    {DM_FN_UNARY_MINUS, "-", 1, 1, OPERATOR, dm_fn_unary_minus},
    {DM_FN_BOUND, "BOUND", 1, 1, LAZY, dm_fn_bound},
    {DM_FN_IF, "IF", 3, 3, LAZY, dm_fn_if},
    {DM_FN_COALESCE, "COALESCE", 0, ANY, LAZY, dm_fn_coalesce},
    {DM_FN_SAME_TERM, "SAMETERM", 2, 2, 0, dm_fn_same_term},
    {DM_FN_IS_IRI, "ISIRI", 1, 1, 0, dm_fn_is_iri},
    {DM_FN_IS_BLANK, "ISBLANK", 1, 1, 0, dm_fn_is_blank},
    {DM_FN_IS_LITERAL, "ISLITERAL", 1, 1, 0, dm_fn_is_literal},
    {DM_FN_IS_NUMERIC, "ISNUMERIC", 1, 1, 0, dm_fn_is_numeric},
    {DM_FN_STR, "STR", 1, 1, 0, dm_fn_str},
    {DM_FN_LANG, "LANG", 1, 1, 0, dm_fn_lang},
    {DM_FN_LANGMATCHES, "LANGMATCHES", 2, 2, 0, dm_fn_langmatches},
    {DM_FN_DATATYPE, "DATATYPE", 1, 1, 0, dm_fn_datatype},
    {DM_FN_IRI_OF, "IRI", 1, 1, 0, dm_fn_iri_of},
    {DM_FN_BNODE, "BNODE", 0, 1, VOLATILE, dm_fn_bnode},
    {DM_FN_STRDT, "STRDT", 2, 2, 0, dm_fn_strdt},
    {DM_FN_STRLANG, "STRLANG", 2, 2, 0, dm_fn_strlang},
    {DM_FN_UUID, "UUID", 0, 0, VOLATILE, dm_fn_uuid},
    {DM_FN_STRUUID, "STRUUID", 0, 0, VOLATILE, dm_fn_struuid},
    {DM_FN_STRLEN, "STRLEN", 1, 1, 0, dm_fn_strlen},
    {DM_FN_SUBSTR, "SUBSTR", 2, 3, 0, dm_fn_substr},
    {DM_FN_UCASE, "UCASE", 1, 1, 0, dm_fn_ucase},
    {DM_FN_LCASE, "LCASE", 1, 1, 0, dm_fn_lcase},
    {DM_FN_STRSTARTS, "STRSTARTS", 2, 2, 0, dm_fn_strstarts},
    {DM_FN_STRENDS, "STRENDS", 2, 2, 0, dm_fn_strends},
    {DM_FN_CONTAINS, "CONTAINS", 2, 2, 0, dm_fn_contains},
    {DM_FN_STRBEFORE, "STRBEFORE", 2, 2, 0, dm_fn_strbefore},
    {DM_FN_STRAFTER, "STRAFTER", 2, 2, 0, dm_fn_strafter},
    {DM_FN_ENCODE_FOR_URI, "ENCODE_FOR_URI", 1, 1, 0, dm_fn_encode_for_uri},
    {DM_FN_CONCAT, "CONCAT", 0, ANY, 0, dm_fn_concat},
    {DM_FN_REGEX, "REGEX", 2, 3, 0, dm_fn_regex},
    {DM_FN_REPLACE, "REPLACE", 3, 4, 0, dm_fn_replace},
    {DM_FN_ABS, "ABS", 1, 1, 0, dm_fn_abs},
    {DM_FN_ROUND, "ROUND", 1, 1, 0, dm_fn_round},
    {DM_FN_CEIL, "CEIL", 1, 1, 0, dm_fn_ceil},
    {DM_FN_FLOOR, "FLOOR", 1, 1, 0, dm_fn_floor},
    {DM_FN_RAND, "RAND", 0, 0, VOLATILE, dm_fn_rand},
    {DM_FN_NOW, "NOW", 0, 0, 0, dm_fn_now},
    {DM_FN_YEAR, "YEAR", 1, 1, 0, dm_fn_year},
    {DM_FN_MONTH, "MONTH", 1, 1, 0, dm_fn_month},
    {DM_FN_DAY, "DAY", 1, 1, 0, dm_fn_day},
    {DM_FN_HOURS, "HOURS", 1, 1, 0, dm_fn_hours},
    {DM_FN_MINUTES, "MINUTES", 1, 1, 0, dm_fn_minutes},
    {DM_FN_SECONDS, "SECONDS", 1, 1, 0, dm_fn_seconds},
    {DM_FN_TIMEZONE, "TIMEZONE", 1, 1, 0, dm_fn_timezone},
    {DM_FN_TZ, "TZ", 1, 1, 0, dm_fn_tz},
    {DM_FN_MD5, "MD5", 1, 1, 0, dm_fn_md5},
    {DM_FN_SHA1, "SHA1", 1, 1, 0, dm_fn_sha1},
    {DM_FN_SHA256, "SHA256", 1, 1, 0, dm_fn_sha256},
    {DM_FN_SHA384, "SHA384", 1, 1, 0, dm_fn_sha384},
    {DM_FN_SHA512, "SHA512", 1, 1, 0, dm_fn_sha512},
    {DM_FN_TRIPLE, "TRIPLE", 3, 3, 0, dm_fn_triple},
    {DM_FN_SUBJECT, "SUBJECT", 1, 1, 0, dm_fn_subject},
    {DM_FN_PREDICATE, "PREDICATE", 1, 1, 0, dm_fn_predicate},
    {DM_FN_OBJECT, "OBJECT", 1, 1, 0, dm_fn_object},
    {DM_FN_IS_TRIPLE, "ISTRIPLE", 1, 1, 0, dm_fn_is_triple},
    {DM_FN_LANGDIR, "LANGDIR", 1, 1, 0, dm_fn_langdir},
    {DM_FN_HAS_LANG, "HASLANG", 1, 1, 0, dm_fn_has_lang},
    {DM_FN_HAS_LANGDIR, "HASLANGDIR", 1, 1, 0, dm_fn_has_langdir},
    {DM_FN_STRLANGDIR, "STRLANGDIR", 3, 3, 0, dm_fn_strlangdir},
};
static_assert(DM_COUNT_OF(functions) == DM_FN_IRI,
              "every function but those with an IRI has a row");

// A second name of the same function
static const struct {
    const char *name;
    enum dm_function id;
} synonyms[] = {
    {"URI", DM_FN_IRI_OF},
    {"ISURI", DM_FN_IS_IRI},
};

#define CAST(type, function)                                                   \
    {                                                                          \
        DM_FN_IRI, DM_XSD_NS type, 1, 1, 0, function                           \
    }

static const struct dm_function_def functions_by_iri[] = {
    CAST("string", dm_fn_cast_string),
    CAST("boolean", dm_fn_cast_boolean),
    CAST("decimal", dm_fn_cast_decimal),
    CAST("float", dm_fn_cast_float),
    CAST("double", dm_fn_cast_double),
    CAST("dateTime", dm_fn_cast_datetime),
    CAST("date", dm_fn_cast_date),
    CAST("dayTimeDuration", dm_fn_cast_duration),
    CAST("integer", dm_fn_cast_integer),
    CAST("long", dm_fn_cast_integer),
    CAST("int", dm_fn_cast_integer),
    CAST("short", dm_fn_cast_integer),
    CAST("byte", dm_fn_cast_integer),
    CAST("nonNegativeInteger", dm_fn_cast_integer),
    CAST("positiveInteger", dm_fn_cast_integer),
    CAST("nonPositiveInteger", dm_fn_cast_integer),
    CAST("negativeInteger", dm_fn_cast_integer),
    CAST("unsignedLong", dm_fn_cast_integer),
    CAST("unsignedInt", dm_fn_cast_integer),
    CAST("unsignedShort", dm_fn_cast_integer),
    CAST("unsignedByte", dm_fn_cast_integer),
    {DM_FN_IRI, DM_VOCAB_NS "bucket", 2, 2, 0, dm_fn_bucket},
};

const struct dm_function_def *
dm_function_get(enum dm_function id)
{
    assert(id < DM_FN_IRI);
    assert(functions[id].id == id);
    return &functions[id];
}

const struct dm_function_def *
dm_function_find(struct dm_str name)
{
    for (size_t i = 0; i < DM_COUNT_OF(synonyms); ++i) {
        if (dm_str_equal_nocase(name, dm_str(synonyms[i].name))) {
            return dm_function_get(synonyms[i].id);
        }
    }
    for (size_t i = 0; i < DM_COUNT_OF(functions); ++i) {
        if (!(functions[i].flags & OPERATOR) &&
            dm_str_equal_nocase(name, dm_str(functions[i].name))) {
            return &functions[i];
        }
    }
    return NULL;
}

const struct dm_function_def *
dm_function_find_iri(struct dm_str iri)
{
    for (size_t i = 0; i < DM_COUNT_OF(functions_by_iri); ++i) {
        if (dm_str_is(iri, functions_by_iri[i].name)) {
            return &functions_by_iri[i];
        }
    }
    return NULL;
}
