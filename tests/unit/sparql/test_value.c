// SPDX-License-Identifier: ISC

#include "sparql/value.h"

#include "base/arena.h"
#include "rdf/writer.h"
#include "tests/check.h"

#include <string.h>

#define XSD(text, type) "\"" text "\"^^" type

// The IRI of a type's name, kept for as long as the test runs
static struct dm_str
type_of(const char *name)
{
    static char types[32][96];
    char iri[96];
    size_t i = 0;
    (void)snprintf(iri, sizeof(iri), DM_XSD_NS "%s", name);
    while (types[i][0] && strcmp(types[i], iri) != 0) {
        ++i;
        CHECK(i < DM_COUNT_OF(types));
    }
    (void)snprintf(types[i], sizeof(types[i]), "%s", iri);
    return dm_str(types[i]);
}

// A term from a short spelling: "text", "text"@lang, "text"^^type, <iri>, _:b
static struct dm_term
term_of(const char *spelling)
{
    const struct dm_str text = dm_str(spelling);
    if (text.data[0] == '<') {
        return dm_term_iri(dm_str_slice(text, 1, text.n - 2));
    }
    if (text.data[0] == '_') {
        return dm_term_blank(dm_str_slice(text, 2, text.n));
    }
    const size_t end =
        1 + dm_str_find(dm_str_slice(text, 1, text.n), dm_str("\""));
    const struct dm_str lexical = dm_str_slice(text, 1, end - 1);
    const struct dm_str rest = dm_str_slice(text, end + 1, text.n);
    if (!rest.n) {
        return dm_term_string(lexical);
    }
    if (rest.data[0] == '@') {
        return dm_term_tagged(lexical, dm_str_slice(rest, 1, rest.n),
                              DM_DIRECTION_NONE);
    }
    return dm_term_literal(lexical, type_of(rest.data + 2));
}

static struct dm_value
value_of(const char *spelling)
{
    const struct dm_term term = term_of(spelling);
    struct dm_value value = {0};
    dm_value_from_term(&term, &value);
    return value;
}

enum outcome { FALSE, TRUE, ERROR };

static void
terms_are_looked_into(void)
{
    static const struct {
        const char *term;
        enum dm_value_kind kind;
    } cases[] = {
        {"<i>", DM_VALUE_IRI},
        {"_:b", DM_VALUE_BLANK},
        {"\"a\"", DM_VALUE_STRING},
        {"\"a\"@en", DM_VALUE_TAGGED},
        {XSD("1", "boolean"), DM_VALUE_BOOLEAN},
        {XSD("yes", "boolean"), DM_VALUE_OTHER},
        {XSD("007", "integer"), DM_VALUE_INTEGER},
        {XSD("1.0", "integer"), DM_VALUE_OTHER},
        {XSD("99999999999999999999", "integer"), DM_VALUE_BIG},
        {XSD("128", "byte"), DM_VALUE_OTHER},
        {XSD("-128", "byte"), DM_VALUE_INTEGER},
        {XSD("18446744073709551615", "unsignedLong"), DM_VALUE_BIG},
        {XSD("18446744073709551616", "unsignedLong"), DM_VALUE_OTHER},
        {XSD("-1", "nonNegativeInteger"), DM_VALUE_OTHER},
        {XSD(".5", "decimal"), DM_VALUE_DECIMAL},
        {XSD("1e0", "decimal"), DM_VALUE_OTHER},
        {XSD("INF", "double"), DM_VALUE_DOUBLE},
        {XSD("1", "float"), DM_VALUE_FLOAT},
        {XSD("2026-11-24T16:00:00Z", "dateTime"), DM_VALUE_DATETIME},
        {XSD("2026-11-31T16:00:00Z", "dateTime"), DM_VALUE_OTHER},
        {XSD("2026-11-24", "date"), DM_VALUE_DATE},
        {XSD("PT1M", "dayTimeDuration"), DM_VALUE_DURATION},
        {XSD("P1Y", "dayTimeDuration"), DM_VALUE_OTHER},
        {XSD("x", "anyURI"), DM_VALUE_OTHER},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        CHECK_INT(value_of(cases[i].term).kind, cases[i].kind);
    }
}

static void
truth_is_that_of_the_value(void)
{
    static const struct {
        const char *term;
        enum outcome want;
    } cases[] = {
        {"\"\"", FALSE},
        {"\"false\"", TRUE},
        {"\"a\"@en", ERROR},
        {"<i>", ERROR},
        {XSD("0", "boolean"), FALSE},
        {XSD("maybe", "boolean"), ERROR},
        {XSD("0.00", "decimal"), FALSE},
        {XSD("x", "integer"), ERROR},
        {XSD("NaN", "double"), FALSE},
        {XSD("-0", "float"), FALSE},
        {XSD("99999999999999999999", "integer"), TRUE},
        {XSD("2026-11-24", "date"), ERROR},
        {XSD("x", "unknown"), ERROR},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct dm_value value = value_of(cases[i].term);
        bool truth = false;
        const enum dm_status status = dm_value_ebv(&value, &truth);
        CHECK_INT(status ? ERROR : (int)truth, cases[i].want);
    }
}

// Trap 7: equality of values, not of terms; unknown is an error, not false
static void
equality_is_of_values(void)
{
    static const struct {
        const char *a;
        const char *b;
        enum outcome want;
    } cases[] = {
        {"<i>", "<i>", TRUE},
        {"<i>", "<j>", FALSE},
        {"<i>", "\"i\"", FALSE},
        {"_:b", "_:b", TRUE},
        {XSD("1", "integer"), XSD("01", "integer"), TRUE},
        {XSD("1", "integer"), XSD("1.0", "decimal"), TRUE},
        {XSD("1", "integer"), XSD("1.0E0", "double"), TRUE},
        {XSD("1", "byte"), XSD("1", "float"), TRUE},
        {XSD("0.1", "float"), XSD("0.1", "double"), FALSE},
        {XSD("9007199254740993", "integer"), XSD("9007199254740992", "integer"),
         FALSE},
        {XSD("99999999999999999999", "integer"),
         XSD("99999999999999999999.0", "decimal"), TRUE},
        {XSD("NaN", "double"), XSD("NaN", "double"), FALSE},
        {XSD("INF", "double"), XSD("INF", "float"), TRUE},
        {XSD("-0", "double"), XSD("0", "double"), TRUE},
        {"\"a\"@en", "\"a\"@EN", TRUE},
        {"\"a\"@en", "\"a\"@fr", FALSE},
        {"\"a\"@en", "\"a\"", FALSE},
        {"\"a\"@en", XSD("a", "unknown"), FALSE},
        {"\"1\"", XSD("1", "integer"), ERROR},
        {"\"a\"", XSD("a", "string"), TRUE},
        {XSD("a", "unknown"), XSD("a", "unknown"), TRUE},
        {XSD("a", "unknown"), XSD("b", "unknown"), ERROR},
        {XSD("a", "integer"), XSD("1", "integer"), ERROR},
        {XSD("true", "boolean"), XSD("1", "boolean"), TRUE},
        {XSD("2026-11-24T16:00:00Z", "dateTime"),
         XSD("2026-11-24T17:00:00+01:00", "dateTime"), TRUE},
        {XSD("2026-11-24T16:00:00Z", "dateTime"),
         XSD("2026-11-24T16:00:00", "dateTime"), ERROR},
        {XSD("2026-11-24T16:00:00Z", "dateTime"),
         XSD("2026-11-28T16:00:00", "dateTime"), FALSE},
        {XSD("PT60S", "dayTimeDuration"), XSD("PT1M", "dayTimeDuration"), TRUE},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct dm_value a = value_of(cases[i].a);
        const struct dm_value b = value_of(cases[i].b);
        bool ab = false;
        bool ba = false;
        const enum dm_status status = dm_value_equal(&a, &b, &ab);
        CHECK_INT(dm_value_equal(&b, &a, &ba), status);
        CHECK(status || ab == ba);
        CHECK_INT(status ? ERROR : (int)ab, cases[i].want);
    }
}

static void
comparison_needs_one_kind(void)
{
    static const struct {
        const char *a;
        const char *b;
        int want; // Or ERROR for DM_ERR_ARGUMENT, as no order is 3
    } cases[] = {
        {XSD("2", "integer"), XSD("10", "integer"), -1},
        {XSD("2.50", "decimal"), XSD("2.5", "float"), 0},
        {XSD("NaN", "double"), XSD("1", "integer"), DM_VALUE_UNORDERED},
        {"\"a\"", "\"B\"", 1},
        {"\"\xC3\xA9\"", "\"z\"", 1},
        {"\"abc\"", XSD("1", "integer"), 3},
        {"\"a\"@en", "\"b\"@en", 3},
        {"<a>", "<b>", 3},
        {XSD("false", "boolean"), XSD("true", "boolean"), -1},
        {XSD("2026-11-24", "date"), XSD("2026-11-25", "date"), -1},
        {XSD("2026-11-24", "date"), XSD("2026-11-24T00:00:00", "dateTime"), 3},
        {XSD("P1D", "dayTimeDuration"), XSD("PT25H", "dayTimeDuration"), -1},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct dm_value a = value_of(cases[i].a);
        const struct dm_value b = value_of(cases[i].b);
        int order = 0;
        const enum dm_status status = dm_value_compare(&a, &b, &order);
        CHECK_INT(status ? 3 : order, cases[i].want);
    }
}

// Trap 10
static void
order_is_total(void)
{
    static const char *const ascending[] = {
        "_:a",
        "_:b",
        "<a>",
        "<b>",
        XSD("NaN", "double"),
        XSD("-INF", "double"),
        XSD("-99999999999999999999", "integer"),
        XSD("-1.5", "decimal"),
        XSD("0", "integer"),
        XSD("1.0E0", "double"),
        XSD("1.5", "float"),
        XSD("99999999999999999999", "integer"),
        "\"\"",
        "\"A\"",
        "\"a\"",
        "\"a\"@de",
        "\"a\"@en",
        XSD("false", "boolean"),
        XSD("true", "boolean"),
        XSD("2026-11-24T16:00:00Z", "dateTime"),
        XSD("2026-11-24T16:00:00.001Z", "dateTime"),
        XSD("2026-11-24", "date"),
        XSD("PT1S", "dayTimeDuration"),
        XSD("a", "unknown"),
        XSD("b", "unknown"),
    };
    static const struct dm_value unbound = {.kind = DM_VALUE_UNBOUND};
    CHECK(dm_value_order(&unbound, &unbound) == 0);
    for (size_t i = 0; i < DM_COUNT_OF(ascending); ++i) {
        const struct dm_value a = value_of(ascending[i]);
        CHECK(dm_value_order(&unbound, &a) < 0);
        for (size_t j = 0; j < DM_COUNT_OF(ascending); ++j) {
            const struct dm_value b = value_of(ascending[j]);
            const int order = dm_value_order(&a, &b);
            CHECK_INT((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
}

static void
computed_values_are_canonical(void)
{
    struct dm_decimal big = {0};
    struct dm_decimal part = {0};
    CHECK(dm_decimal_parse(dm_str("99999999999999999999"), &big));
    CHECK(dm_decimal_parse(dm_str("-0.250"), &part));
    const struct dm_datetime utc = {.ms = 1, .has_zone = true};
    const struct dm_datetime east = {
        .ms = 0, .has_zone = true, .zone_minutes = 90};
    const struct dm_datetime none = {.ms = 0};
    struct dm_value date = dm_value_datetime(east);
    date.kind = DM_VALUE_DATE;
    const struct {
        struct dm_value value;
        const char *want;
    } cases[] = {
        {dm_value_boolean(true), XSD("true", "boolean")},
        {dm_value_integer(INT64_MIN), XSD("-9223372036854775808", "integer")},
        {dm_value_whole(big), XSD("99999999999999999999", "integer")},
        {dm_value_whole(dm_decimal_from_int(7)), XSD("7", "integer")},
        {dm_value_decimal(dm_decimal_from_int(7)), XSD("7.0", "decimal")},
        {dm_value_decimal(part), XSD("-0.25", "decimal")},
        {dm_value_double(150), XSD("1.5E2", "double")},
        {dm_value_float(0.1), XSD("1.0E-1", "float")},
        {dm_value_duration(90000), XSD("PT1M30S", "dayTimeDuration")},
        {dm_value_datetime(utc), XSD("1970-01-01T00:00:00.001Z", "dateTime")},
        {dm_value_datetime(east), XSD("1970-01-01T01:30:00+01:30", "dateTime")},
        {dm_value_datetime(none), XSD("1970-01-01T00:00:00", "dateTime")},
        {date, XSD("1970-01-01+01:30", "date")},
    };
    struct dm_arena arena = {0};
    dm_arena_init(&arena, SIZE_MAX, NULL);
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct dm_term want = term_of(cases[i].want);
        struct dm_term got = {0};
        CHECK_INT(dm_value_term(&cases[i].value, &arena, &got), DM_OK);
        if (!dm_term_equal(&got, &want)) {
            (void)fprintf(stderr, "got %.*s, want %s\n", (int)got.value.n,
                          got.value.data, cases[i].want);
            abort();
        }
    }
    dm_arena_done(&arena);
}

int
main(void)
{
    terms_are_looked_into();
    truth_is_that_of_the_value();
    equality_is_of_values();
    comparison_needs_one_kind();
    order_is_total();
    computed_values_are_canonical();
    return 0;
}
