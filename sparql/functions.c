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
    {"||", dm_fn_or, DM_FN_OR, 2, ANY, LAZY | OPERATOR},
    {"&&", dm_fn_and, DM_FN_AND, 2, ANY, LAZY | OPERATOR},
    {"!", dm_fn_not, DM_FN_NOT, 1, 1, LAZY | OPERATOR},
    {"=", dm_fn_equal, DM_FN_EQUAL, 2, 2, LAZY | OPERATOR},
    {"!=", dm_fn_not_equal, DM_FN_NOT_EQUAL, 2, 2, LAZY | OPERATOR},
    {"<", dm_fn_less, DM_FN_LESS, 2, 2, OPERATOR},
    {">", dm_fn_greater, DM_FN_GREATER, 2, 2, OPERATOR},
    {"<=", dm_fn_less_equal, DM_FN_LESS_EQUAL, 2, 2, OPERATOR},
    {">=", dm_fn_greater_equal, DM_FN_GREATER_EQUAL, 2, 2, OPERATOR},
    {"IN", dm_fn_in, DM_FN_IN, 1, ANY, LAZY | OPERATOR},
    {"NOT IN", dm_fn_not_in, DM_FN_NOT_IN, 1, ANY, LAZY | OPERATOR},
    {"+", dm_fn_add, DM_FN_ADD, 2, 2, OPERATOR},
    {"-", dm_fn_subtract, DM_FN_SUBTRACT, 2, 2, OPERATOR},
    {"*", dm_fn_multiply, DM_FN_MULTIPLY, 2, 2, OPERATOR},
    {"/", dm_fn_divide, DM_FN_DIVIDE, 2, 2, OPERATOR},
    {"+", dm_fn_unary_plus, DM_FN_UNARY_PLUS, 1, 1, OPERATOR},
    {"-", dm_fn_unary_minus, DM_FN_UNARY_MINUS, 1, 1, OPERATOR},
    {"BOUND", dm_fn_bound, DM_FN_BOUND, 1, 1, LAZY},
    {"IF", dm_fn_if, DM_FN_IF, 3, 3, LAZY},
    {"COALESCE", dm_fn_coalesce, DM_FN_COALESCE, 0, ANY, LAZY},
    {"SAMETERM", dm_fn_same_term, DM_FN_SAME_TERM, 2, 2, 0},
    {"ISIRI", dm_fn_is_iri, DM_FN_IS_IRI, 1, 1, 0},
    {"ISBLANK", dm_fn_is_blank, DM_FN_IS_BLANK, 1, 1, 0},
    {"ISLITERAL", dm_fn_is_literal, DM_FN_IS_LITERAL, 1, 1, 0},
    {"ISNUMERIC", dm_fn_is_numeric, DM_FN_IS_NUMERIC, 1, 1, 0},
    {"STR", dm_fn_str, DM_FN_STR, 1, 1, 0},
    {"LANG", dm_fn_lang, DM_FN_LANG, 1, 1, 0},
    {"LANGMATCHES", dm_fn_langmatches, DM_FN_LANGMATCHES, 2, 2, 0},
    {"DATATYPE", dm_fn_datatype, DM_FN_DATATYPE, 1, 1, 0},
    {"IRI", dm_fn_iri_of, DM_FN_IRI_OF, 1, 1, 0},
    {"BNODE", dm_fn_bnode, DM_FN_BNODE, 0, 1, VOLATILE},
    {"STRDT", dm_fn_strdt, DM_FN_STRDT, 2, 2, 0},
    {"STRLANG", dm_fn_strlang, DM_FN_STRLANG, 2, 2, 0},
    {"UUID", dm_fn_uuid, DM_FN_UUID, 0, 0, VOLATILE},
    {"STRUUID", dm_fn_struuid, DM_FN_STRUUID, 0, 0, VOLATILE},
    {"STRLEN", dm_fn_strlen, DM_FN_STRLEN, 1, 1, 0},
    {"SUBSTR", dm_fn_substr, DM_FN_SUBSTR, 2, 3, 0},
    {"UCASE", dm_fn_ucase, DM_FN_UCASE, 1, 1, 0},
    {"LCASE", dm_fn_lcase, DM_FN_LCASE, 1, 1, 0},
    {"STRSTARTS", dm_fn_strstarts, DM_FN_STRSTARTS, 2, 2, 0},
    {"STRENDS", dm_fn_strends, DM_FN_STRENDS, 2, 2, 0},
    {"CONTAINS", dm_fn_contains, DM_FN_CONTAINS, 2, 2, 0},
    {"STRBEFORE", dm_fn_strbefore, DM_FN_STRBEFORE, 2, 2, 0},
    {"STRAFTER", dm_fn_strafter, DM_FN_STRAFTER, 2, 2, 0},
    {"ENCODE_FOR_URI", dm_fn_encode_for_uri, DM_FN_ENCODE_FOR_URI, 1, 1, 0},
    {"CONCAT", dm_fn_concat, DM_FN_CONCAT, 0, ANY, 0},
    {"REGEX", dm_fn_regex, DM_FN_REGEX, 2, 3, 0},
    {"REPLACE", dm_fn_replace, DM_FN_REPLACE, 3, 4, 0},
    {"ABS", dm_fn_abs, DM_FN_ABS, 1, 1, 0},
    {"ROUND", dm_fn_round, DM_FN_ROUND, 1, 1, 0},
    {"CEIL", dm_fn_ceil, DM_FN_CEIL, 1, 1, 0},
    {"FLOOR", dm_fn_floor, DM_FN_FLOOR, 1, 1, 0},
    {"RAND", dm_fn_rand, DM_FN_RAND, 0, 0, VOLATILE},
    {"NOW", dm_fn_now, DM_FN_NOW, 0, 0, 0},
    {"YEAR", dm_fn_year, DM_FN_YEAR, 1, 1, 0},
    {"MONTH", dm_fn_month, DM_FN_MONTH, 1, 1, 0},
    {"DAY", dm_fn_day, DM_FN_DAY, 1, 1, 0},
    {"HOURS", dm_fn_hours, DM_FN_HOURS, 1, 1, 0},
    {"MINUTES", dm_fn_minutes, DM_FN_MINUTES, 1, 1, 0},
    {"SECONDS", dm_fn_seconds, DM_FN_SECONDS, 1, 1, 0},
    {"TIMEZONE", dm_fn_timezone, DM_FN_TIMEZONE, 1, 1, 0},
    {"TZ", dm_fn_tz, DM_FN_TZ, 1, 1, 0},
    {"MD5", dm_fn_md5, DM_FN_MD5, 1, 1, 0},
    {"SHA1", dm_fn_sha1, DM_FN_SHA1, 1, 1, 0},
    {"SHA256", dm_fn_sha256, DM_FN_SHA256, 1, 1, 0},
    {"SHA384", dm_fn_sha384, DM_FN_SHA384, 1, 1, 0},
    {"SHA512", dm_fn_sha512, DM_FN_SHA512, 1, 1, 0},
    {"TRIPLE", dm_fn_triple, DM_FN_TRIPLE, 3, 3, 0},
    {"SUBJECT", dm_fn_subject, DM_FN_SUBJECT, 1, 1, 0},
    {"PREDICATE", dm_fn_predicate, DM_FN_PREDICATE, 1, 1, 0},
    {"OBJECT", dm_fn_object, DM_FN_OBJECT, 1, 1, 0},
    {"ISTRIPLE", dm_fn_is_triple, DM_FN_IS_TRIPLE, 1, 1, 0},
    {"LANGDIR", dm_fn_langdir, DM_FN_LANGDIR, 1, 1, 0},
    {"HASLANG", dm_fn_has_lang, DM_FN_HAS_LANG, 1, 1, 0},
    {"HASLANGDIR", dm_fn_has_langdir, DM_FN_HAS_LANGDIR, 1, 1, 0},
    {"STRLANGDIR", dm_fn_strlangdir, DM_FN_STRLANGDIR, 3, 3, 0},
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
        DM_XSD_NS type, function, DM_FN_IRI, 1, 1, 0                           \
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
    {DM_VOCAB_NS "bucket", dm_fn_bucket, DM_FN_IRI, 2, 2, 0},
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
