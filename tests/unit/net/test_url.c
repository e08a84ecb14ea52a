// SPDX-License-Identifier: ISC

#include "net/url.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/error.h"
#include "tests/check.h"

#include <string.h>

static struct dm_url
parsed(const char *text)
{
    struct dm_url url;
    struct dm_error error;
    CHECK_INT(dm_url_parse(dm_str(text), &url, &error), DM_OK);
    return url;
}

static void
the_parts_of_a_url_are_found(void)
{
    const struct dm_url url =
        parsed("HTTPS://user:p%40@[2001:db8::7]:3224/a/b?q=1&r#f");
    CHECK(url.is_https);
    CHECK(url.is_ip6);
    CHECK_INT(url.port, 3224);
    CHECK(dm_str_is(url.userinfo, "user:p%40"));
    CHECK(dm_str_is(url.host, "2001:db8::7"));
    CHECK(dm_str_is(url.path, "/a/b"));
    CHECK(dm_str_is(url.query, "q=1&r"));
    const struct dm_url plain = parsed("http://h");
    CHECK(!plain.is_https);
    CHECK_INT(plain.port, 80);
    CHECK(!plain.path.n && !plain.query.n && !plain.userinfo.n);
    CHECK_INT(parsed("https://h?q").port, 443);
    CHECK(dm_str_is(parsed("http://a@b@c/").host, "c"));
    CHECK_INT(parsed("http://h:/").port, 80);
}

static void
bad_urls_are_refused_for_their_reason(void)
{
    static const struct {
        const char *text;
        enum dm_status status;
    } cases[] = {
        {"", DM_ERR_UNSUPPORTED},
        {"ftp://h/", DM_ERR_UNSUPPORTED},
        {"//h/", DM_ERR_UNSUPPORTED},
        {"http:/h", DM_ERR_UNSUPPORTED},
        {"http://", DM_ERR_SYNTAX},
        {"http:///path", DM_ERR_SYNTAX},
        {"http://:80/", DM_ERR_SYNTAX},
        {"http://h:0/", DM_ERR_SYNTAX},
        {"http://h:65536/", DM_ERR_SYNTAX},
        {"http://h:8o/", DM_ERR_SYNTAX},
        {"http://h:80:81/", DM_ERR_SYNTAX},
        {"http://[::1/", DM_ERR_SYNTAX},
        {"http://[::g]/", DM_ERR_SYNTAX},
        {"http://[1.2.3.4]/", DM_ERR_SYNTAX},
        {"http://[::1]x/", DM_ERR_SYNTAX},
        {"http://a b/", DM_ERR_SYNTAX},
        {"http://h/\x01", DM_ERR_SYNTAX},
        {"http://a\"b/", DM_ERR_SYNTAX},
        {"http://b\xC3\xBC"
         "cher/",
         DM_ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct dm_url url;
        struct dm_error error;
        CHECK_INT(dm_url_parse(dm_str(cases[i].text), &url, &error),
                  cases[i].status);
        CHECK(error.what[0]);
        CHECK_INT(dm_url_parse(dm_str(cases[i].text), &url, NULL),
                  cases[i].status);
    }
}

static void
a_url_is_written_without_its_userinfo(void)
{
    static const char *const pairs[][2] = {
        {"http://u:p@h", "http://h/"},
        {"https://h:443/a?b#c", "https://h/a?b"},
        {"http://h:443/", "http://h:443/"},
        {"http://[::1]:8080?x", "http://[::1]:8080/?x"},
    };
    for (size_t i = 0; i < DM_COUNT_OF(pairs); ++i) {
        const struct dm_url url = parsed(pairs[i][0]);
        struct dm_buf buf;
        dm_buf_init(&buf, DM_URL_MAX);
        CHECK_INT(dm_url_format(&url, &buf), DM_OK);
        CHECK(!strcmp(dm_buf_cstr(&buf), pairs[i][1]));
        dm_buf_done(&buf);
    }
}

// [RFC 3986, 5.4], as far as it is about http
static void
references_are_resolved_as_the_rfc_says(void)
{
    static const char *const pairs[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x=1/../y", "http://a/b/c/y"},
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
        {".g", "http://a/b/c/.g"},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"https://h:1/x", "https://h:1/x"},
    };
    const struct dm_url base = parsed("http://user@a/b/c/d;p?q");
    for (size_t i = 0; i < DM_COUNT_OF(pairs); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, DM_URL_MAX);
        CHECK_INT(dm_url_resolve(&base, dm_str(pairs[i][0]), &buf), DM_OK);
        CHECK(!strcmp(dm_buf_cstr(&buf), pairs[i][1]));
        dm_buf_done(&buf);
    }
    struct dm_buf buf;
    dm_buf_init(&buf, DM_URL_MAX);
    CHECK_INT(dm_url_resolve(&base, dm_str("mailto:x"), &buf),
              DM_ERR_UNSUPPORTED);
    CHECK_INT(dm_url_resolve(&base, dm_str("a b"), &buf), DM_ERR_SYNTAX);
    dm_buf_done(&buf);
}

static void
targets_are_a_place_or_a_path(void)
{
    struct dm_target target;
    CHECK_INT(dm_target_parse(dm_str("[::1]:80"), 0, &target, NULL), DM_OK);
    CHECK(target.is_ip6 && dm_str_is(target.host, "::1"));
    CHECK_INT(target.port, 80);
    CHECK_INT(dm_target_parse(dm_str("db:5432"), 0, &target, NULL), DM_OK);
    CHECK(dm_str_is(target.host, "db") && !target.is_unix);
    CHECK_INT(dm_target_parse(dm_str("db"), 53, &target, NULL), DM_OK);
    CHECK_INT(target.port, 53);
    CHECK_INT(dm_target_parse(dm_str("unix:/run/x"), 0, &target, NULL), DM_OK);
    CHECK(target.is_unix && dm_str_is(target.path, "/run/x"));
    CHECK_INT(dm_target_parse(dm_str("db"), 0, &target, NULL), DM_ERR_SYNTAX);
    CHECK_INT(dm_target_parse(dm_str("db:"), 53, &target, NULL), DM_ERR_SYNTAX);
    CHECK_INT(dm_target_parse(dm_str("unix:"), 0, &target, NULL),
              DM_ERR_SYNTAX);
    CHECK_INT(dm_target_parse(dm_str(":80"), 0, &target, NULL), DM_ERR_SYNTAX);
    CHECK_INT(dm_target_parse(dm_str("::1:80"), 0, &target, NULL),
              DM_ERR_SYNTAX);
}

static void
percent_codes_go_both_ways(void)
{
    struct dm_buf buf;
    struct dm_buf back;
    char all[256];
    for (size_t i = 0; i < sizeof(all); ++i) {
        all[i] = (char)(unsigned char)i;
    }
    dm_buf_init(&buf, 4096);
    dm_buf_init(&back, 4096);
    CHECK_INT(dm_percent_encode(dm_str_n(all, sizeof(all)), &buf), DM_OK);
    CHECK_INT(dm_percent_decode(dm_buf_str(&buf), true, &back), DM_OK);
    CHECK(dm_str_equal(dm_buf_str(&back), dm_str_n(all, sizeof(all))));
    dm_buf_clear(&back);
    CHECK_INT(dm_percent_decode(dm_str("a+%2b%2B"), true, &back), DM_OK);
    CHECK(!strcmp(dm_buf_cstr(&back), "a ++"));
    CHECK_INT(dm_percent_decode(dm_str("%"), true, &back), DM_ERR_SYNTAX);
    CHECK_INT(dm_percent_decode(dm_str("%2"), true, &back), DM_ERR_SYNTAX);
    CHECK_INT(dm_percent_decode(dm_str("%2g"), true, &back), DM_ERR_SYNTAX);
    dm_buf_done(&buf);
    dm_buf_done(&back);
}

static void
forms_are_read_pair_by_pair(void)
{
    struct dm_str rest = DM_STR("&a=1&&b&=c&d=e=f&");
    struct dm_str name;
    struct dm_str value;
    CHECK(dm_form_next(&rest, &name, &value));
    CHECK(dm_str_is(name, "a") && dm_str_is(value, "1"));
    CHECK(dm_form_next(&rest, &name, &value));
    CHECK(dm_str_is(name, "b") && !value.n);
    CHECK(dm_form_next(&rest, &name, &value));
    CHECK(!name.n && dm_str_is(value, "c"));
    CHECK(dm_form_next(&rest, &name, &value));
    CHECK(dm_str_is(name, "d") && dm_str_is(value, "e=f"));
    CHECK(!dm_form_next(&rest, &name, &value));
}

static void
a_value_is_found_by_its_decoded_name(void)
{
    const struct dm_str form = DM_STR("x=%&quer%79=a+b%3D&query=second");
    struct dm_buf buf;
    dm_buf_init(&buf, 64);
    CHECK_INT(dm_form_get(form, "query", &buf), DM_OK);
    CHECK(!strcmp(dm_buf_cstr(&buf), "a b="));
    CHECK_INT(dm_form_get(form, "quer", &buf), DM_ERR_NOT_FOUND);
    CHECK_INT(dm_form_get(form, "x", &buf), DM_ERR_SYNTAX);
    dm_buf_done(&buf);
    dm_buf_init(&buf, 2);
    CHECK_INT(dm_form_get(form, "query", &buf), DM_ERR_LIMIT);
    dm_buf_done(&buf);
}

static void
each_allocation_may_fail(void)
{
    const struct dm_url base = parsed("http://a/b");
    for (size_t n = 0; n < 16; ++n) {
        struct dm_buf buf;
        dm_buf_init(&buf, DM_URL_MAX);
        dm_alloc_fail_after(n);
        const enum dm_status status =
            dm_url_resolve(&base, dm_str(n % 2 ? "//h/x" : "../x?y"), &buf);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(status == DM_OK || status == DM_ERR_NO_MEMORY);
        CHECK(n > 0 || status == DM_ERR_NO_MEMORY);
        CHECK(n < 8 || status == DM_OK);
        dm_buf_done(&buf);
    }
}

int
main(void)
{
    the_parts_of_a_url_are_found();
    bad_urls_are_refused_for_their_reason();
    a_url_is_written_without_its_userinfo();
    references_are_resolved_as_the_rfc_says();
    targets_are_a_place_or_a_path();
    percent_codes_go_both_ways();
    forms_are_read_pair_by_pair();
    a_value_is_found_by_its_decoded_name();
    each_allocation_may_fail();
    return 0;
}
