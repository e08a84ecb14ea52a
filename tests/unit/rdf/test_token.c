// SPDX-License-Identifier: ISC

#include "rdf/token.h"
#include "tests/check.h"

#include <string.h>

typedef struct dm_scan (*scan_fn)(struct dm_str text, bool at_end);

/// `text` has a token of `n` bytes, or is wrong at byte `n`
struct token_case {
    const char *text;
    size_t n;
    bool is_wrong;
};

static void
check_cases(scan_fn scan, const struct token_case *cases, size_t n_cases)
{
    for (size_t i = 0; i < n_cases; ++i) {
        const struct dm_str text = dm_str(cases[i].text);
        const struct dm_scan whole = scan(text, true);
        if (whole.n != cases[i].n ||
            (whole.wrong != NULL) != cases[i].is_wrong || whole.is_open) {
            (void)fprintf(stderr, "%s: %zu %s\n", cases[i].text, whole.n,
                          whole.wrong ? whole.wrong : "");
            abort();
        }
        CHECK(!whole.wrong == !whole.hint);

        // A part of the text is open or says the same
        for (size_t part = 1; part <= text.n; ++part) {
            const struct dm_scan some =
                scan(dm_str_slice(text, 0, part), false);
            CHECK(some.is_open ||
                  (some.n == whole.n && some.wrong == whole.wrong &&
                   some.is_escaped == whole.is_escaped));
        }
    }
}

static void
iris_end_at_their_bracket(void)
{
    static const struct token_case cases[] = {
        {"<http://a/b> .", 12, false},
        {"<>", 2, false},
        {"<a\\u00e4\\U0001F600>x", 19, false},
        {"<\xC3\xA4>", 4, false},
        {"<a b>", 2, true},
        {"<a\nb>", 2, true},
        {"<a", 2, true},
        {"<", 1, true},
        {"<a<b>", 2, true},
        {"<a\\u0020b>", 2, true},
        {"<a\\uD800>", 2, true},
        {"<a\\U00110000>", 2, true},
        {"<a\\x>", 2, true},
        {"<a\\u00>", 2, true},
        {"<a\xC3>", 2, true},
        {"<a\xED\xA0\x80>", 2, true},
        {"<{>", 1, true},
    };
    check_cases(dm_scan_iriref, cases, DM_COUNT_OF(cases));
}

static void
strings_end_at_their_quotes(void)
{
    static const struct token_case cases[] = {
        {"\"\" .", 2, false},
        {"''", 2, false},
        {"\"a'b\"", 5, false},
        {"'a\"b' x", 5, false},
        {"\"a\\\"b\"", 6, false},
        {"\"\\u00e4\\t\\\\\"", 12, false},
        {"\"\"\"a\"\"b\nc\"\"\" .", 12, false},
        {"'''a\\'''''", 9, false},
        {"\"\"\"\"\"\"", 6, false},
        {"\"\xF0\x9F\x98\x80\"", 6, false},
        {"\"a\nb\"", 2, true},
        {"\"a\rb\"", 2, true},
        {"\"a", 2, true},
        {"\"", 1, true},
        {"\"\"\"a\"\"", 6, true},
        {"\"\\q\"", 1, true},
        {"\"\\u12\"", 1, true},
        {"\"\\uDC00\"", 1, true},
        {"\"\xC0\x80\"", 1, true},
        {"\"a\\", 2, true},
    };
    check_cases(dm_scan_string, cases, DM_COUNT_OF(cases));
    CHECK_INT(dm_scan_string(dm_str("'''x'''"), true).quotes, 3);
    CHECK_INT(dm_scan_string(dm_str("'x'"), true).quotes, 1);
    CHECK(dm_scan_string(dm_str("'\\n'"), true).is_escaped);
    CHECK(!dm_scan_string(dm_str("'n'"), true).is_escaped);
}

static void
numbers_know_their_kind(void)
{
    static const struct {
        const char *text;
        size_t n;
        enum dm_number kind;
    } cases[] = {
        {"1 ", 1, DM_NUMBER_INTEGER},    {"+12.", 3, DM_NUMBER_INTEGER},
        {"-1.5.", 4, DM_NUMBER_DECIMAL}, {".5", 2, DM_NUMBER_DECIMAL},
        {"1e2", 3, DM_NUMBER_DOUBLE},    {"1.e-2 ", 5, DM_NUMBER_DOUBLE},
        {".5E+2", 5, DM_NUMBER_DOUBLE},  {"1.5e", 3, DM_NUMBER_DECIMAL},
        {"1e", 1, DM_NUMBER_INTEGER},    {"1e+", 1, DM_NUMBER_INTEGER},
        {"1.x", 1, DM_NUMBER_INTEGER},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        const struct token_case one = {cases[i].text, cases[i].n, false};
        check_cases(dm_scan_number, &one, 1);
        CHECK_INT(dm_scan_number(dm_str(one.text), true).number, cases[i].kind);
    }
    static const struct token_case bad[] = {{"+", 1, true}, {"-x", 1, true}};
    check_cases(dm_scan_number, bad, DM_COUNT_OF(bad));
}

static void
names_have_a_prefix_or_are_words(void)
{
    static const struct token_case cases[] = {
        {"a:b .", 3, false},
        {":b.", 2, false},
        {":", 1, false},
        {"a: b", 2, false},
        {"a.b:c.d.", 7, false},
        {"a:b:c", 5, false},
        {"a:1", 3, false},
        {"a:%41x", 6, false},
        {"a:\\.x\\-", 7, false},
        {"a:b\\..", 5, false},
        {"a:-b", 2, false},
        {"a:.b", 2, false},
        {"true.", 4, false},
        {"a", 1, false},
        {"a<b>", 1, false},
        {"\xC3\xA4:\xC3\xB6", 5, false},
        {"a:b..............c", 18, false},
        {"a:b...............", 3, false},
        {"a:%4", 2, true},
        {"a:b%zz", 3, true},
        {"a:\\x", 2, true},
        {"\xC2\xB7:b", 0, true},
        {"\xE2\x86\x92", 0, true},
        {"\xFF", 0, true},
    };
    check_cases(dm_scan_name, cases, DM_COUNT_OF(cases));
    CHECK(dm_scan_name(dm_str("prefix x"), true).mark == SIZE_MAX);
    CHECK_INT((int64_t)dm_scan_name(dm_str("ex:y"), true).mark, 2);
    CHECK(dm_scan_name(dm_str("e:\\y"), true).wrong != NULL);
    CHECK(dm_scan_name(dm_str("e:\\-y"), true).is_escaped);
}

static void
blank_nodes_have_labels(void)
{
    static const struct token_case cases[] = {
        {"_:a .", 3, false}, {"_:a.b.", 5, false}, {"_:1-", 4, false},
        {"_:a:b", 3, false}, {"_:_", 3, false},    {"_a", 1, true},
        {"_:", 2, true},     {"_:-a", 2, true},    {"_:.a", 2, true},
        {"_", 1, true},      {"_::a", 2, true},
    };
    check_cases(dm_scan_blank, cases, DM_COUNT_OF(cases));
}

static void
language_tags_may_have_a_direction(void)
{
    static const struct token_case cases[] = {
        {"@en .", 3, false},
        {"@en-GB-1996", 11, false},
        {"@en--ltr", 8, false},
        {"@ar-EG--rtl.", 11, false},
        {"@prefix", 7, false},
        {"@", 1, true},
        {"@1", 1, true},
        {"@en-", 4, true},
        {"@en--", 5, true},
        {"@en--LTR", 5, true},
        {"@en--ltrx", 5, true},
        {"@abcdefghi", 1, true},
        {"@en-abcdefghi", 4, true},
    };
    check_cases(dm_scan_language, cases, DM_COUNT_OF(cases));
    CHECK_INT((int64_t)dm_scan_language(dm_str("@en--ltr"), true).mark, 3);
    CHECK(dm_scan_language(dm_str("@en"), true).mark == SIZE_MAX);
}

static void
escapes_become_what_they_stand_for(void)
{
    char bytes[64];
    static const char raw[] = "a\\t\\\"\\u00e4\\U0001F600\\\\z";
    size_t n = dm_unescape(dm_str(raw), bytes);
    CHECK(dm_str_is(dm_str_n(bytes, n), "a\t\"\xC3\xA4\xF0\x9F\x98\x80\\z"));

    n = dm_unescape_local(dm_str("a\\.b%41\\-"), bytes);
    CHECK(dm_str_is(dm_str_n(bytes, n), "a.b%41-"));

    // In place
    memcpy(bytes, raw, sizeof(raw));
    n = dm_unescape(dm_str_n(bytes, sizeof(raw) - 1), bytes);
    CHECK(dm_str_is(dm_str_n(bytes, n), "a\t\"\xC3\xA4\xF0\x9F\x98\x80\\z"));
}

static void
name_characters_follow_the_grammar(void)
{
    CHECK(dm_is_pn_chars_base('a') && !dm_is_pn_chars_base('_'));
    CHECK(dm_is_pn_chars_u('_') && !dm_is_pn_chars_u('-'));
    CHECK(dm_is_pn_chars('-') && dm_is_pn_chars('7') && !dm_is_pn_chars('.'));
    CHECK(dm_is_pn_chars(0xB7) && !dm_is_pn_chars_u(0xB7));
    CHECK(dm_is_pn_chars_base(0xC0) && !dm_is_pn_chars_base(0xD7));
    CHECK(dm_is_pn_chars_base(0xEFFFF) && !dm_is_pn_chars_base(0xF0000));
    CHECK(dm_is_pn_chars(0x203F) && !dm_is_pn_chars(0x2041));
}

int
main(void)
{
    iris_end_at_their_bracket();
    strings_end_at_their_quotes();
    numbers_know_their_kind();
    names_have_a_prefix_or_are_words();
    blank_nodes_have_labels();
    language_tags_may_have_a_direction();
    escapes_become_what_they_stand_for();
    name_characters_follow_the_grammar();
    return 0;
}
