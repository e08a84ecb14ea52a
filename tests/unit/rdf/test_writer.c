// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/writer.h"
#include "tests/check.h"

#define TEXT_MAX 4096

static struct dm_term
iri(const char *text)
{
    return dm_term_iri(dm_str(text));
}

static void
check_term(const struct dm_term *term, const char *want)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK_INT(dm_write_term(term, &buf), DM_OK);
    if (!dm_str_is(dm_buf_str(&buf), want)) {
        (void)fprintf(stderr, "got  %s\nwant %s\n", dm_buf_cstr(&buf), want);
        abort();
    }
    dm_buf_done(&buf);
}

static void
terms_are_written_in_canonical_form(void)
{
    const struct dm_term name = iri("http://example/\xC3\xA4");
    check_term(&name, "<http://example/\xC3\xA4>");
    const struct dm_term blank = dm_term_blank(dm_str("b0"));
    check_term(&blank, "_:b0");
    const struct dm_term plain = dm_term_string(dm_str("x"));
    check_term(&plain, "\"x\"");
    const struct dm_term number =
        dm_term_literal(dm_str("1"), dm_str(DM_XSD_NS "integer"));
    check_term(&number, "\"1\"^^<" DM_XSD_NS "integer>");
    const struct dm_term tagged =
        dm_term_tagged(dm_str("x"), dm_str("en-GB"), DM_DIRECTION_NONE);
    check_term(&tagged, "\"x\"@en-gb");
    const struct dm_term directed =
        dm_term_tagged(dm_str("x"), dm_str("AR"), DM_DIRECTION_RTL);
    check_term(&directed, "\"x\"@ar--rtl");
    const struct dm_term none = {0};
    check_term(&none, "");
}

static void
only_what_must_be_is_escaped(void)
{
    static const char controls[] = "\0\b\t\n\v\f\r\x1F\x7F\"\\'";
    const struct dm_term term =
        dm_term_string(dm_str_n(controls, sizeof(controls) - 1));
    check_term(&term,
               "\"\\u0000\\b\\t\\n\\u000B\\f\\r\\u001F\\u007F\\\"\\\\'\"");

    const struct dm_term high = dm_term_string(
        dm_str("\xC2\x80\xEF\xBF\xBD\xEF\xBF\xBE\xEF\xBF\xBF\xEF\xBC\x81"
               "\xF0\x9F\x98\x80"));
    check_term(&high, "\"\xC2\x80\xEF\xBF\xBD\\uFFFE\\uFFFF\xEF\xBC\x81"
                      "\xF0\x9F\x98\x80\"");
}

static void
quads_are_lines(void)
{
    const struct dm_triple triple = {iri("a:s"), iri("a:p"),
                                     dm_term_string(dm_str("o"))};
    struct dm_quad quad = {iri("a:e"), iri("a:q"), dm_term_triple(&triple),
                           iri("a:g")};
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK_INT(dm_write_quad(&quad, &buf), DM_OK);
    quad.g = (struct dm_term){0};
    quad.o = iri("a:o");
    CHECK_INT(dm_write_quad(&quad, &buf), DM_OK);
    CHECK(dm_str_is(dm_buf_str(&buf),
                    "<a:e> <a:q> <<( <a:s> <a:p> \"o\" )>> <a:g> .\n"
                    "<a:e> <a:q> <a:o> .\n"));
    dm_buf_done(&buf);
}

static void
a_full_buffer_is_a_status(void)
{
    const struct dm_quad quad = {iri("a:e"), iri("a:q"), iri("a:o"), {0}};
    for (size_t max = 0; max < 20; ++max) {
        struct dm_buf buf;
        dm_buf_init(&buf, max);
        CHECK_INT(dm_write_quad(&quad, &buf), DM_ERR_LIMIT);
        dm_buf_done(&buf);
    }

    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    dm_alloc_fail_after(0);
    CHECK_INT(dm_write_quad(&quad, &buf), DM_ERR_NO_MEMORY);
    dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
    dm_buf_done(&buf);
}

int
main(void)
{
    terms_are_written_in_canonical_form();
    only_what_must_be_is_escaped();
    quads_are_lines();
    a_full_buffer_is_a_status();
    return 0;
}
