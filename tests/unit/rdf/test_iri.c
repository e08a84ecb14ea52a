// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/iri.h"
#include "tests/check.h"

#define TEXT_MAX 4096

static void
check_resolved(const char *base, const char *reference, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK_INT(dm_iri_resolve(dm_str(base), dm_str(reference), &buf), DM_OK);
    if (!dm_str_is(dm_buf_str(&buf), want)) {
        (void)fprintf(stderr, "<%s>: got <%s>, want <%s>\n", reference,
                      dm_buf_cstr(&buf), want);
        abort();
    }
    dm_buf_done(&buf);
}

// RFC 3986, section 5.4
static void
references_resolve_as_the_rfc_shows(void)
{
    static const char base[] = "http://a/b/c/d;p?q";
    static const char *const cases[][2] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"},
        {"g?y#s", "http://a/b/c/g?y#s"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        check_resolved(base, cases[i][0], cases[i][1]);
    }
}

// Where resolvers go wrong
static void
dots_and_empty_parts_resolve_to_the_letter(void)
{
    static const char *const cases[][3] = {
        {"http://a/bb/ccc/../d;p?q", "g", "http://a/bb/g"},
        {"http://a/bb/ccc/../d;p?q", "?y", "http://a/bb/ccc/../d;p?y"},
        {"http://a/bb/./ccc/..", "g", "http://a/bb/ccc/g"},
        {"http://a", "g", "http://a/g"},
        {"http://a?q#f", "", "http://a?q"},
        {"http://a?q", "?", "http://a?"},
        {"http://a?q", "#", "http://a?q#"},
        {"file:///a/b", "//h/c", "file://h/c"},
        {"file:///a/b", "c", "file:///a/c"},
        {"http://h/a", "///b", "http:///b"},
        {"urn:a/b", "../..", "urn:/"},
        {"urn:a", "b", "urn:b"},
        {"urn:a/b", "./c/.", "urn:a/c/"},
        {"http://h/a", "./b:c", "http://h/b:c"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        check_resolved(cases[i][0], cases[i][1], cases[i][2]);
    }
}

static void
names_of_checks_resolve_against_the_site(void)
{
    static const char site[] = "https://demonitor.internal/";
    check_resolved(site, "shop", "https://demonitor.internal/shop");
    check_resolved(site, "shop/db", "https://demonitor.internal/shop/db");
    check_resolved(site, "\xC3\xA4", "https://demonitor.internal/\xC3\xA4");
    check_resolved("", "a:b/../c", "a:b/../c");
}

static void
a_relative_iri_needs_a_base(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK_INT(dm_iri_resolve(dm_str(""), dm_str("x"), &buf), DM_ERR_ARGUMENT);
    CHECK_INT(dm_iri_resolve(dm_str("x/"), dm_str("y"), &buf), DM_ERR_ARGUMENT);
    CHECK_INT((int64_t)buf.n, 0);
    dm_buf_done(&buf);
}

static void
memory_may_run_out(void)
{
    for (size_t n = 0;; ++n) {
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        dm_alloc_fail_after(n);
        const enum dm_status status =
            dm_iri_resolve(dm_str("http://a/b"), dm_str("c"), &buf);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_buf_done(&buf);
        if (!status) {
            CHECK(n > 0);
            break;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
}

static void
absolute_iris_have_a_scheme_and_no_forbidden_character(void)
{
    static const char *const good[] = {"a:", "http://example/", "urn:x:y",
                                       "a+b-c.1:x", "http://e/\xC3\xA4"};
    static const char *const bad[] = {
        "",      "x",   "/x",    "1a:x",      ":x",     "a b:c",
        "a:b c", "a:<", "a:b\n", "a:\"",      "a:{",    "a:}",
        "a:|",   "a:^", "a:`",   "a:\\u0020", "a:\xFF", "\xC3\xA4:x"};
    for (size_t i = 0; i < DM_COUNT_OF(good); ++i) {
        CHECK(dm_iri_is_absolute(dm_str(good[i])));
        CHECK(dm_iri_is_reference(dm_str(good[i])));
    }
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        CHECK(!dm_iri_is_absolute(dm_str(bad[i])));
    }
    CHECK(dm_iri_is_reference(dm_str("")));
    CHECK(!dm_iri_is_reference(dm_str("a b")));
}

static void
names_are_what_follows_the_base(void)
{
    const struct dm_str base = DM_STR("https://demonitor.internal/");
    CHECK(dm_str_is(
        dm_iri_relative(dm_str("https://demonitor.internal/a/b"), base),
        "a/b"));
    CHECK(
        dm_str_is(dm_iri_relative(base, base), "https://demonitor.internal/"));
    CHECK(dm_str_is(dm_iri_relative(dm_str("https://else/x"), base),
                    "https://else/x"));
    CHECK(dm_str_is(dm_iri_local_name(dm_str("http://a/b#c")), "c"));
    CHECK(dm_str_is(dm_iri_local_name(dm_str("http://a/b")), "b"));
    CHECK(dm_str_is(dm_iri_local_name(dm_str("http://a/")), "http://a/"));
    CHECK(dm_str_is(dm_iri_local_name(dm_str("urn:x")), "urn:x"));
}

int
main(void)
{
    references_resolve_as_the_rfc_shows();
    dots_and_empty_parts_resolve_to_the_letter();
    names_of_checks_resolve_against_the_site();
    a_relative_iri_needs_a_base();
    memory_may_run_out();
    absolute_iris_have_a_scheme_and_no_forbidden_character();
    names_are_what_follows_the_base();
    return 0;
}
