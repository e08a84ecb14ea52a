// SPDX-License-Identifier: ISC

#include "base/str.h"
#include "tests/check.h"

#include <string.h>

static void
views_are_compared_by_bytes(void)
{
    CHECK(dm_str_equal(dm_str("ab"), dm_str_n("abc", 2)));
    CHECK(dm_str_equal(dm_str(""), dm_str_n(NULL, 0)));
    CHECK(!dm_str_equal(dm_str_n("a\0b", 3), dm_str_n("a\0c", 3)));
    CHECK(dm_str_is(dm_str("abc"), "abc") && !dm_str_is(dm_str("abc"), "ab"));
    CHECK(dm_str_compare(dm_str("a"), dm_str("ab")) < 0);
    CHECK(dm_str_compare(dm_str("ab"), dm_str("a")) > 0);
    CHECK(dm_str_compare(dm_str("\x80"), dm_str("a")) > 0); // Unsigned
    CHECK(dm_str_compare(dm_str(""), dm_str_n(NULL, 0)) == 0);
    static const struct dm_str literal = DM_STR("li\0teral");
    CHECK_INT((int64_t)literal.n, 8);
}

static void
case_is_ignored_for_ascii_letters_only(void)
{
    CHECK(dm_str_equal_nocase(dm_str("Content-Type"), dm_str("cONTENT-tYPE")));
    CHECK(!dm_str_equal_nocase(dm_str("[ab"), dm_str("{AB")));
    CHECK(!dm_str_equal_nocase(dm_str("\u00c9"), dm_str("\u00e9")));
    CHECK(!dm_str_equal_nocase(dm_str("a"), dm_str("ab")));
}

static void
starts_and_ends_are_found(void)
{
    const struct dm_str a = dm_str("local.ttl");
    CHECK(dm_str_starts(a, dm_str("local")) && dm_str_starts(a, dm_str("")));
    CHECK(dm_str_ends(a, dm_str(".ttl")) && dm_str_ends(a, dm_str("")));
    CHECK(!dm_str_starts(a, dm_str("local.ttl2")));
    CHECK(!dm_str_ends(a, dm_str("xlocal.ttl")));
    CHECK(dm_str_ends(a, a) && dm_str_starts(a, a));
}

// All texts of up to 6 letters a and b, and all parts of up to 3, against the
// definition
static void
find_agrees_with_its_definition(void)
{
    for (unsigned text = 1; text < 128; ++text) {
        char a[8];
        size_t n = 0;
        for (unsigned bits = text; bits > 1; bits >>= 1U) {
            a[n++] = bits & 1U ? 'a' : 'b';
        }
        for (unsigned word = 1; word < 16; ++word) {
            char b[4];
            size_t m = 0;
            for (unsigned bits = word; bits > 1; bits >>= 1U) {
                b[m++] = bits & 1U ? 'a' : 'b';
            }
            size_t want = 0;
            while (want + m <= n && memcmp(a + want, b, m) != 0) {
                ++want;
            }
            want = want + m <= n ? want : n;
            CHECK_INT((int64_t)dm_str_find(dm_str_n(a, n), dm_str_n(b, m)),
                      (int64_t)want);
        }
    }
    CHECK_INT((int64_t)dm_str_find(dm_str_n(NULL, 0), dm_str("a")), 0);
}

static void
a_slice_never_reaches_out(void)
{
    const struct dm_str a = dm_str("hello");
    CHECK(dm_str_is(dm_str_slice(a, 1, 3), "ell"));
    CHECK(dm_str_is(dm_str_slice(a, 3, SIZE_MAX), "lo"));
    CHECK_INT((int64_t)dm_str_slice(a, 5, 1).n, 0);
    CHECK_INT((int64_t)dm_str_slice(a, SIZE_MAX, SIZE_MAX).n, 0);
    CHECK_INT((int64_t)dm_str_slice(dm_str_n(NULL, 0), 0, 4).n, 0);
}

static void
trimming_takes_white_space_at_both_ends(void)
{
    CHECK(dm_str_is(dm_str_trim(dm_str(" \t\r\n a b \n")), "a b"));
    CHECK_INT((int64_t)dm_str_trim(dm_str(" \n ")).n, 0);
    CHECK(dm_str_is(dm_str_trim(dm_str("\x0b")), "\x0b"));
}

static void
only_canonical_numbers_in_range_are_read(void)
{
    uint64_t value = 99;
    CHECK(dm_str_to_uint(dm_str("0"), 10, &value) && value == 0);
    CHECK(dm_str_to_uint(dm_str("10"), 10, &value) && value == 10);
    CHECK(dm_str_to_uint(dm_str("18446744073709551615"), UINT64_MAX, &value));
    CHECK(value == UINT64_MAX);
    static const char *const bad[] = {"",
                                      "11",
                                      "00",
                                      "01",
                                      "+1",
                                      "-1",
                                      " 1",
                                      "1 ",
                                      "1x",
                                      "\xb2",
                                      "18446744073709551616",
                                      "99999999999999999999999"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        value = 99;
        CHECK(!dm_str_to_uint(dm_str(bad[i]), 10, &value) && value == 99);
    }
    CHECK(!dm_str_to_uint(dm_str("18446744073709551616"), UINT64_MAX, &value));
}

static void
every_scalar_value_round_trips(void)
{
    for (uint32_t point = 0; point <= 0x10FFFF; ++point) {
        if (point == 0xD800) {
            point = 0xE000;
        }
        char bytes[5] = "";
        const size_t n = dm_utf8_encode(point, bytes);
        uint32_t back = 0;
        CHECK_INT((int64_t)dm_utf8_decode(dm_str_n(bytes, n), &back),
                  (int64_t)n);
        CHECK_INT(back, point);
        if (n > 1) {
            CHECK(!dm_utf8_decode(dm_str_n(bytes, n - 1), &back));
        }
    }
}

static void
what_is_not_utf8_is_refused(void)
{
    static const char *const bad[] = {"\x80",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x80\x80",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x80\x80\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xc3(",
                                      "\xe2\x82",
                                      "\xe2\x28\xa1",
                                      "\xf0\x9f\x98"};
    for (size_t i = 0; i < DM_COUNT_OF(bad); ++i) {
        uint32_t point = 0;
        CHECK_INT((int64_t)dm_utf8_decode(dm_str(bad[i]), &point), 0);
        CHECK(!dm_str_is_utf8(dm_str(bad[i])));
    }
    CHECK(dm_str_is_utf8(dm_str("a\u00e9\u20ac\U0001F600")));
    CHECK(dm_str_is_utf8(dm_str("")));
    CHECK(!dm_str_is_utf8(dm_str("a\u00e9\xff")));
}

static void
a_cut_never_splits_a_code_point(void)
{
    const struct dm_str a = dm_str("a\u00e9\u20ac\U0001F600z");
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
    for (size_t n = 0; n < DM_COUNT_OF(want); ++n) {
        CHECK_INT((int64_t)dm_utf8_cut(a, n).n, (int64_t)want[n]);
    }
    // Bytes that are not UTF-8 are cut somewhere, but not to nothing
    CHECK_INT((int64_t)dm_utf8_cut(dm_str("\x80\x80\x80\x80\x80\x80"), 5).n, 5);
}

static void
a_code_point_cut_off_at_the_end_is_dropped(void)
{
    static const char text[] = "a\u00e9\u20ac\U0001F600";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};
    for (size_t n = 0; n < DM_COUNT_OF(want); ++n) {
        CHECK_INT((int64_t)dm_utf8_whole(dm_str_n(text, n)).n,
                  (int64_t)want[n]);
    }
    CHECK_INT((int64_t)dm_utf8_whole(dm_str("\x80\x80\x80\x80")).n, 4);
}

static void
tame_bytes_are_one_line_of_utf8(void)
{
    char bytes[] = "a\tb\u00e9\x01\x7f\xc2\x80\xc2\x9f\u00a0\xff\xe2\x82";
    dm_utf8_tame(bytes, sizeof(bytes) - 1);
    CHECK(strcmp(bytes, "a?b\u00e9??????\u00a0???") == 0);
    dm_utf8_tame(NULL, 0);
}

int
main(void)
{
    views_are_compared_by_bytes();
    case_is_ignored_for_ascii_letters_only();
    starts_and_ends_are_found();
    find_agrees_with_its_definition();
    a_slice_never_reaches_out();
    trimming_takes_white_space_at_both_ends();
    only_canonical_numbers_in_range_are_read();
    every_scalar_value_round_trips();
    what_is_not_utf8_is_refused();
    a_cut_never_splits_a_code_point();
    a_code_point_cut_off_at_the_end_is_dropped();
    tame_bytes_are_one_line_of_utf8();
    return 0;
}
