// SPDX-License-Identifier: ISC

#include "base/buf.h"
#include "base/error.h"
#include "tests/check.h"

#include <string.h>

static void
check_printed(const struct dm_error *error, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 4096);
    CHECK(dm_buf_puts(&buf, "first\n") == DM_OK);
    dm_error_print(error, &buf);
    CHECK(dm_str_is(dm_str_slice(dm_buf_str(&buf), 6, buf.n), want));
    dm_buf_done(&buf);
}

static void
all_parts_are_printed_in_order(void)
{
    struct dm_error error;
    CHECK(dm_error_set(&error, DM_ERR_SYNTAX, "no %s :timout", "property") ==
          DM_ERR_SYNTAX);
    dm_error_detail(&error, "in a list of %d", 14);
    dm_error_hint(&error, "Did you mean %s?", ":timeout");
    dm_error_where(&error, dm_str("checks/local.ttl"), 14, 3);
    check_printed(&error, "checks/local.ttl:14:3: error: no property :timout: "
                          "in a list of 14. Did you mean :timeout?");
}

static void
what_is_not_known_is_not_printed(void)
{
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_IO, "the disk is gone");
    check_printed(&error, "error: the disk is gone");
    dm_error_where(&error, dm_str("key"), 0, 0);
    check_printed(&error, "key: error: the disk is gone");
    dm_error_where(&error, dm_str("key"), 3, 0);
    check_printed(&error, "key:3: error: the disk is gone");
    dm_error_where(&error, dm_str(""), 3, 4);
    check_printed(&error, "3:4: error: the disk is gone");
}

static void
setting_again_forgets_the_rest(void)
{
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_IO, "one");
    dm_error_hint(&error, "hint");
    (void)dm_error_set(&error, DM_ERR_FULL, "two");
    CHECK(error.status == DM_ERR_FULL);
    check_printed(&error, "error: two");
}

static void
nobody_needs_to_want_the_reason(void)
{
    CHECK(dm_error_set(NULL, DM_ERR_LIMIT, "%s", "x") == DM_ERR_LIMIT);
    dm_error_detail(NULL, "x");
    dm_error_hint(NULL, "x");
    dm_error_where(NULL, dm_str("x"), 1, 1);
}

static void
control_characters_and_bad_bytes_cannot_forge_a_line(void)
{
    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_SYNTAX, "a\nb\x1b[31m\x7f\xc2\x9b\xff");
    CHECK(strcmp(error.what, "a?b?[31m????") == 0);
    dm_error_where(&error, dm_str("a\rb"), 0, 0);
    CHECK(strcmp(error.where, "a?b") == 0);
}

// A text of `shift` bytes and then many code points of `point` fills each field
static void
check_cut(size_t shift, const char *point)
{
    char text[1024] = "";
    size_t n = 0;
    for (; n < shift; ++n) {
        text[n] = 'a';
    }
    const size_t length = strlen(point);
    while (n + length < sizeof(text)) {
        memcpy(text + n, point, length);
        n += length;
    }
    text[n] = '\0';

    struct dm_error error;
    (void)dm_error_set(&error, DM_ERR_SYNTAX, "%s", text);
    dm_error_detail(&error, "%s", text);
    dm_error_hint(&error, "%s", text);
    dm_error_where(&error, dm_str(text), 0, 0);
    const char *fields[] = {error.what, error.detail, error.hint, error.where};
    const size_t sizes[] = {sizeof(error.what), sizeof(error.detail),
                            sizeof(error.hint), sizeof(error.where)};
    for (size_t i = 0; i < DM_COUNT_OF(fields); ++i) {
        const size_t kept = strlen(fields[i]);
        CHECK(kept < sizes[i] && kept + length >= sizes[i]);
        CHECK(dm_str_is_utf8(dm_str(fields[i])));
        CHECK(!strchr(fields[i], '?'));
        CHECK(memcmp(fields[i], text, kept) == 0);
    }
}

static void
long_texts_are_cut_between_code_points(void)
{
    for (size_t shift = 0; shift < 4; ++shift) {
        check_cut(shift, "x");
        check_cut(shift, "\u00e9");
        check_cut(shift, "\u20ac");
        check_cut(shift, "\U0001F600");
    }
}

static void
every_status_has_its_own_text(void)
{
    for (int a = DM_OK; a <= DM_ERR_UNSUPPORTED; ++a) {
        const char *text = dm_status_text((enum dm_status)a);
        CHECK(text[0] && strcmp(text, "unknown status") != 0);
        for (int b = DM_OK; b < a; ++b) {
            CHECK(strcmp(text, dm_status_text((enum dm_status)b)) != 0);
        }
    }
}

int
main(void)
{
    all_parts_are_printed_in_order();
    what_is_not_known_is_not_printed();
    setting_again_forgets_the_rest();
    nobody_needs_to_want_the_reason();
    control_characters_and_bad_bytes_cannot_forge_a_line();
    long_texts_are_cut_between_code_points();
    every_status_has_its_own_text();
    return 0;
}
