// SPDX-License-Identifier: ISC

#include "rdf/reader.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/writer.h"
#include "tests/check.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20U)

/// What a reading says, as text: quads as lines, errors behind '!', mended ones
/// behind '~'
struct transcript {
    struct dm_buf buf;
    bool positions; ///< Begin quads with the positions of their terms
    size_t n_quads;
};

/// A text in pieces
struct pieces {
    struct dm_str rest;
    size_t size;
};

static enum dm_status
take_piece(void *context, char *bytes, size_t n, size_t *ret_n)
{
    struct pieces *pieces = context;
    const struct dm_str piece =
        dm_str_slice(pieces->rest, 0, n < pieces->size ? n : pieces->size);
    if (piece.n) {
        memcpy(bytes, piece.data, piece.n);
    }
    pieces->rest = dm_str_slice(pieces->rest, piece.n, pieces->rest.n);
    *ret_n = piece.n;
    return DM_OK;
}

static enum dm_status
put_quad(void *context, const struct dm_quad *quad,
         const struct dm_quad_positions *at, struct dm_error *error)
{
    struct transcript *transcript = context;
    (void)error;
    ++transcript->n_quads;
    if (transcript->positions) {
        (void)dm_buf_printf(&transcript->buf, "%u:%u %u:%u %u:%u ", at->s.line,
                            at->s.column, at->p.line, at->p.column, at->o.line,
                            at->o.column);
        if (quad->g.kind) {
            (void)dm_buf_printf(&transcript->buf, "%u:%u ", at->g.line,
                                at->g.column);
        }
    }
    return dm_write_quad(quad, &transcript->buf);
}

static void
put_error(struct transcript *transcript, char mark,
          const struct dm_error *error)
{
    (void)dm_buf_printf(&transcript->buf, "%c%u:%u %s\n", mark, error->line,
                        error->column, error->what);
}

static void
on_mended(void *context, const struct dm_error *error)
{
    put_error(context, '~', error);
}

// Read all of it, recovering from errors
static enum dm_status
read_all(const struct dm_reader_options *options, struct dm_str text,
         size_t piece, struct transcript *transcript)
{
    struct pieces pieces = {text, piece};
    struct dm_reader_options mine = *options;
    mine.on_error = on_mended;
    mine.error_context = transcript;
    struct dm_reader *reader = NULL;
    enum dm_status status = dm_reader_new(&mine, take_piece, &pieces, put_quad,
                                          transcript, &reader);
    while (!status) {
        struct dm_error error = {0};
        status = dm_reader_step(reader, &error);
        if (status == DM_ERR_SYNTAX || status == DM_ERR_LIMIT) {
            CHECK_INT(error.status, status);
            put_error(transcript, '!', &error);
            status = dm_reader_recover(reader);
        }
    }
    dm_reader_free(reader);
    return status;
}

static void
check_with(const struct dm_reader_options *options, bool positions,
           const char *text, const char *want)
{
    static const size_t sizes[] = {1, 2, 3, 7, 64, 4096};
    for (size_t i = 0; i < DM_COUNT_OF(sizes); ++i) {
        struct transcript transcript = {.positions = positions};
        dm_buf_init(&transcript.buf, TEXT_MAX);
        CHECK_INT(read_all(options, dm_str(text), sizes[i], &transcript),
                  DM_END);
        if (!dm_str_is(dm_buf_str(&transcript.buf), want)) {
            (void)fprintf(stderr, "pieces of %zu\n--- got\n%s--- want\n%s",
                          sizes[i], dm_buf_cstr(&transcript.buf), want);
            abort();
        }
        dm_buf_done(&transcript.buf);
    }
}

static void
check(enum dm_syntax syntax, const char *text, const char *want)
{
    const struct dm_reader_options options = {
        .syntax = syntax, .base = DM_STR("http://b/"), .mend = true};
    check_with(&options, false, text, want);
}

static void
turtle(const char *text, const char *want)
{
    check(DM_SYNTAX_TURTLE, text, want);
}

static void
positions_are_lines_and_code_points(void)
{
    static const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TRIG, .base = DM_STR("http://b/")};
    check_with(&options, true,
               "# \xC3\xA4\r\n<\xC3\xA4> a\t<b> ;\r  <p> ('x'\n[<q> 1]).\n"
               "<g> { <s> <p> <o> ~ }",
               "2:1 2:5 2:7 <http://b/\xC3\xA4> <" DM_RDF_NS
               "type> <http://b/b> .\n"
               "3:7 3:7 3:8 _:b0 <" DM_RDF_NS "first> \"x\" .\n"
               "3:7 4:1 4:1 _:b0 <" DM_RDF_NS "rest> _:b1 .\n"
               "4:1 4:2 4:6 _:b2 <http://b/q> \"1\"^^<" DM_XSD_NS "integer> .\n"
               "4:1 4:1 4:1 _:b1 <" DM_RDF_NS "first> _:b2 .\n"
               "4:1 4:8 4:8 _:b1 <" DM_RDF_NS "rest> <" DM_RDF_NS "nil> .\n"
               "2:1 3:3 3:7 <http://b/\xC3\xA4> <http://b/p> _:b0 .\n"
               "5:7 5:11 5:15 5:1 <http://b/s> <http://b/p> <http://b/o> "
               "<http://b/g> .\n"
               "5:19 5:19 5:19 5:1 _:b3 <" DM_RDF_NS
               "reifies> <<( <http://b/s> <http://b/p> <http://b/o> )>> "
               "<http://b/g> .\n");
}

static void
positions_of_lines_count_code_points_too(void)
{
    static const struct dm_reader_options options = {.syntax =
                                                         DM_SYNTAX_NQUADS};
    check_with(&options, true,
               "\r\n  <a:\xC3\xA4> <a:p>\t\"\xF0\x9F\x98\x80\"@en <a:g> . # c\r"
               "\n\n_:x<a:p>_:y.\r<a:s> <a:p> <<(_:x <a:q> 'o')>> .\n"
               "<a:s> <a:p> <<( _:x <a:q> \"\\u00e4\" )>> .",
               "2:3 2:9 2:15 2:22 <a:\xC3\xA4> <a:p> \"\xF0\x9F\x98\x80\"@en "
               "<a:g> .\n"
               "4:1 4:4 4:9 _:x <a:p> _:y .\n"
               "!5:26 an object is expected, not 'o')>> .\n"
               "6:1 6:7 6:13 <a:s> <a:p> <<( _:x <a:q> \"\xC3\xA4\" )>> .\n");
}

// interface.md, 1.4
static void
a_missing_semicolon_is_reported_and_assumed(void)
{
    turtle("PREFIX : <a:>\n<shop> a :HttpCheck ; :every \"30s\"\n"
           "  :timout \"5s\" ;\n  :expect \"latency < 800\" .\n",
           "<http://b/shop> <" DM_RDF_NS "type> <a:HttpCheck> .\n"
           "<http://b/shop> <a:every> \"30s\" .\n"
           "~3:3 a ';' or '.' is missing after \"30s\"\n"
           "<http://b/shop> <a:timout> \"5s\" .\n"
           "<http://b/shop> <a:expect> \"latency < 800\" .\n");
}

static void
what_begins_the_next_line_decides_what_is_assumed(void)
{
    // A subject: three terms, or one that cannot be a property
    turtle("<s> <p> 1\n<t> <p> 2 .",
           "<http://b/s> <http://b/p> \"1\"^^<" DM_XSD_NS "integer> .\n"
           "~2:1 a ';' or '.' is missing after 1\n"
           "<http://b/t> <http://b/p> \"2\"^^<" DM_XSD_NS "integer> .\n");
    turtle("<s> <p> <o>\n<t> a <T> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:1 a ';' or '.' is missing after <o>\n"
           "<http://b/t> <" DM_RDF_NS "type> <http://b/T> .\n");
    turtle("<s> <p> <o>\n_:x <q> <r> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:1 a ';' or '.' is missing after <o>\n"
           "_:x <http://b/q> <http://b/r> .\n");
    turtle("<s> <p> <o>\n<< <a> <b> <c> ~<r> >> <q> <t> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:1 a ';' or '.' is missing after <o>\n"
           "<http://b/r> <" DM_RDF_NS
           "reifies> <<( <http://b/a> <http://b/b> <http://b/c> )>> .\n"
           "<http://b/r> <http://b/q> <http://b/t> .\n");
    turtle("<s> <p> <o>\nPREFIX e: <e:>\n<t> <p> e:x .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:1 a ';' or '.' is missing after <o>\n"
           "<http://b/t> <http://b/p> <e:x> .\n");
    turtle("<s> <p> \"o\"\n@prefix e: <e:> .\n<t> <p> e:x .",
           "<http://b/s> <http://b/p> \"o\" .\n"
           "~2:1 a ';' or '.' is missing after \"o\"\n"
           "<http://b/t> <http://b/p> <e:x> .\n");

    // A property: two terms up to the next mark or line
    turtle("<s> <p> <o>\n <q> <r> ; <u> <v> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:2 a ';' or '.' is missing after <o>\n"
           "<http://b/s> <http://b/q> <http://b/r> .\n"
           "<http://b/s> <http://b/u> <http://b/v> .\n");
    turtle("<s> <p> <o>\n <q> <r>\n <u> <v> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:2 a ';' or '.' is missing after <o>\n"
           "<http://b/s> <http://b/q> <http://b/r> .\n"
           "~3:2 a ';' or '.' is missing after <r>\n"
           "<http://b/s> <http://b/u> <http://b/v> .\n");
    turtle("<s> <p> <o>\n a <T> .",
           "<http://b/s> <http://b/p> <http://b/o> .\n"
           "~2:2 a ';' or '.' is missing after <o>\n"
           "<http://b/s> <" DM_RDF_NS "type> <http://b/T> .\n");
    turtle("<s> <p> [ <q> <r>\n <u> true ] .",
           "_:b0 <http://b/q> <http://b/r> .\n"
           "~2:2 a ';' or ']' is missing after <r>\n"
           "_:b0 <http://b/u> \"true\"^^<" DM_XSD_NS "boolean> .\n"
           "<http://b/s> <http://b/p> _:b0 .\n");
}

static void
a_missing_dot_is_reported_and_assumed(void)
{
    turtle("<s> <p> <o>", "<http://b/s> <http://b/p> <http://b/o> .\n"
                          "~1:12 a '.' is missing after <o>\n");
    turtle("<s> <p> <o> ;\n", "<http://b/s> <http://b/p> <http://b/o> .\n"
                              "~2:1 a '.' is missing after ;\n");
    turtle("@prefix e: <e:>\n<s> <p> e:o .",
           "~2:1 a '.' is missing after <e:>\n"
           "<http://b/s> <http://b/p> <e:o> .\n");
    check(DM_SYNTAX_TRIG, "<g> { <s> <p> 1\n<t> <p> 2 }",
          "<http://b/s> <http://b/p> \"1\"^^<" DM_XSD_NS
          "integer> <http://b/g> .\n"
          "~2:1 a ';' or '.' is missing after 1\n"
          "<http://b/t> <http://b/p> \"2\"^^<" DM_XSD_NS
          "integer> <http://b/g> .\n");
}

// A ';' where the statement should have ended
static void
a_subject_behind_a_semicolon_begins_a_statement(void)
{
    turtle("<s> <p> 'x' ;\n\n<t> a <T> .",
           "<http://b/s> <http://b/p> \"x\" .\n"
           "~3:1 a '.' is missing after ;\n"
           "<http://b/t> <" DM_RDF_NS "type> <http://b/T> .\n");
    turtle("<s> <p> 'x' ;\n_:t <p> 'y' ;\nPREFIX e: <e:>",
           "<http://b/s> <http://b/p> \"x\" .\n"
           "~2:1 a '.' is missing after ;\n"
           "_:t <http://b/p> \"y\" .\n"
           "~3:1 a '.' is missing after ;\n");
    turtle("<s> <p> 'x' ;\n <q> <r> .",
           "<http://b/s> <http://b/p> \"x\" .\n"
           "<http://b/s> <http://b/q> <http://b/r> .\n");
}

static void
nothing_is_assumed_where_it_could_be_meant_otherwise(void)
{
    turtle("<s> <p> 'a' 'b' .\n<t> <p> <o> .",
           "<http://b/s> <http://b/p> \"a\" .\n"
           "!1:13 a ';' or '.' is missing after 'a'\n"
           "<http://b/t> <http://b/p> <http://b/o> .\n");
    turtle("<s> <p> 'a' <q> 'b' .\n<t> <p> <o> .",
           "<http://b/s> <http://b/p> \"a\" .\n"
           "!1:13 a ';' or '.' is missing after 'a'\n"
           "<http://b/t> <http://b/p> <http://b/o> .\n");
    turtle("<s> <p> 'a'\n 'b' .", "<http://b/s> <http://b/p> \"a\" .\n"
                                  "!2:2 a ';' or '.' is missing after 'a'\n");

    static const struct dm_reader_options strict = {
        .syntax = DM_SYNTAX_TURTLE, .base = DM_STR("http://b/")};
    check_with(&strict, false, "<s> <p> 'a'\n <q> 'b' .\n<t> <p> <o> .",
               "<http://b/s> <http://b/p> \"a\" .\n"
               "!2:2 a ';' or '.' is missing after 'a'\n"
               "<http://b/t> <http://b/p> <http://b/o> .\n");
}

static void
errors_say_what_is_wrong_and_where(void)
{
    static const char *const cases[][2] = {
        {"<s> <p> <o", "!1:11 the IRI is not closed\n"},
        {"<s> <p> \"o\n .", "!1:11 the string is not closed\n"},
        {"<s> <p> '''o", "!1:13 the string is not closed\n"},
        {"<s> <p> 'a\\q' .", "!1:11 there is no such escape\n"},
        {"<s> <p> <a\\u0020> .",
         "!1:11 this escape is no character that an IRI may have\n"},
        {"<s> <p> 30s .", "!1:11 this is no number\n"},
        {"<s> <p> x:y .", "!1:9 the prefix x: is not declared\n"},
        {"<s> <p> shop .", "!1:9 an object is expected, not shop\n"},
        {"shop <p> <o> .", "!1:1 a subject is expected, not shop\n"},
        {"<s> 'p' <o> .", "!1:5 a property is expected, not 'p'\n"},
        {"<s> _:p <o> .", "!1:5 a property is expected, not _:p\n"},
        {"<s> <p> .", "!1:9 an object is expected, not .\n"},
        {"<s> <p>", "!1:8 the text ends where an object is expected\n"},
        {"<s> .", "!1:5 a property is expected, not .\n"},
        {"<s> <p> 'x'^^'y' .",
         "!1:14 an IRI of a datatype is expected, not 'y'\n"},
        {"<s> <p> 'x'^^<" DM_RDF_NS "langString> .",
         "!1:14 a literal of this datatype needs a language\n"},
        {"<s> <p> 'x'@ .", "!1:13 the language tag is missing\n"},
        {"<s> <p> ( 1 .", "!1:13 an object is expected, not .\n"},
        {"<s> <p> [ <q> 1 .", "!1:17 ']' is expected, not .\n"},
        {"<s> <p> 1 ] .", "!1:11 '.' is expected, not ]\n"},
        {"<s> <p> <<( 1 <q> 2 )>> .", "!1:13 a subject is expected, not 1\n"},
        {"<s> <p> <<( <a> <q> (1) )>> .",
         "!1:21 an object is expected, not (\n"},
        {"<< <a> <q> [ <r> 1 ] >> <p> <o> .",
         "!1:14 ']' (properties may not stand here) is expected, not <r>\n"},
        {"<s> <p> <o> {| |} .", "!1:16 a property is expected, not |}\n"},
        {"@foo .", "!1:1 a directive is expected, not @foo\n"},
        {"@prefix x <x:> .", "!1:9 a prefix with ':' is expected, not x\n"},
        {"@prefix x:y <x:> .", "!1:9 a prefix with ':' is expected, not x:y\n"},
        {"PREFIX x: 'x' .",
         "!1:11 an IRI between < and > is expected, not 'x'\n"},
        {"VERSION '''1.2''' .",
         "!1:9 a version between single quotes is expected, not '''1.2'''\n"},
        {"PREFIX x: <x:> .", "!1:16 a subject is expected, not .\n"},
        {"<s> <p> = .", "!1:9 this character has no meaning here\n"},
        {"<s> <p> '\xFF' .", "!1:10 the text is not UTF-8\n"},
        {"<s> <p> { } .", "!1:9 an object is expected, not {\n"},
    };
    static const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE, .base = DM_STR("http://b/")};
    for (size_t i = 0; i < DM_COUNT_OF(cases); ++i) {
        struct transcript transcript = {.n_quads = 0};
        dm_buf_init(&transcript.buf, TEXT_MAX);
        CHECK_INT(read_all(&options, dm_str(cases[i][0]), 7, &transcript),
                  DM_END);
        const char *const error = strchr(dm_buf_cstr(&transcript.buf), '!');
        CHECK(error);
        if (strcmp(error, cases[i][1]) != 0) {
            (void)fprintf(stderr, "%s\n--- got\n%s--- want\n%s", cases[i][0],
                          error, cases[i][1]);
            abort();
        }
        dm_buf_done(&transcript.buf);
    }
}

static void
errors_name_the_file_and_what_would_be_right(void)
{
    static const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE, .name = DM_STR("checks/local.ttl")};
    struct dm_error error = {0};
    struct transcript transcript = {.n_quads = 0};
    dm_buf_init(&transcript.buf, TEXT_MAX);
    CHECK_INT(dm_read_text(&options, dm_str("<shop> a <x> ."), put_quad,
                           &transcript, &error),
              DM_ERR_SYNTAX);
    dm_error_print(&error, &transcript.buf);
    CHECK(dm_str_is(dm_buf_str(&transcript.buf),
                    "checks/local.ttl:1:1: error: a relative IRI needs a base. "
                    "Write a whole IRI, or declare the base with BASE <IRI>"));
    dm_buf_done(&transcript.buf);
}

static void
reading_goes_on_behind_the_next_dot(void)
{
    turtle("<s> <p> x:y , [ <q> 1 ] .\n<t> <p> '.' .\n<u> <p> \"a\n. <v> <p> 1 "
           ".",
           "!1:9 the prefix x: is not declared\n"
           "<http://b/t> <http://b/p> \".\" .\n"
           "!3:11 the string is not closed\n"
           "<http://b/v> <http://b/p> \"1\"^^<" DM_XSD_NS "integer> .\n");
    check(DM_SYNTAX_TRIG,
          "<g> { <s> <p> x:y } <t> <p> <o> .\n<h> { <s> = . <u> <p> <o> }",
          "!1:15 the prefix x: is not declared\n"
          "<http://b/t> <http://b/p> <http://b/o> .\n"
          "!2:11 this character has no meaning here\n"
          "<http://b/u> <http://b/p> <http://b/o> <http://b/h> .\n");
    check(DM_SYNTAX_NTRIPLES, "<a:s> <a:p> .\n<a:s> <a:p> <a:o> .\nx",
          "!1:13 an object is expected, not .\n"
          "<a:s> <a:p> <a:o> .\n"
          "!3:1 a subject is expected, not x\n");
}

static void
labels_stay_and_never_meet_generated_ones(void)
{
    const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE,
        .base = DM_STR("http://b/"),
        .blank_prefix = DM_STR("d7"),
    };
    check_with(&options, false,
               "[] <p> _:b0 , _:xb0 , _:x , _:b , _:b1x , _:xxb9 .",
               "_:d7b0 <http://b/p> _:d7xb0 .\n"
               "_:d7b0 <http://b/p> _:d7xxb0 .\n"
               "_:d7b0 <http://b/p> _:d7x .\n"
               "_:d7b0 <http://b/p> _:d7b .\n"
               "_:d7b0 <http://b/p> _:d7b1x .\n"
               "_:d7b0 <http://b/p> _:d7xxxb9 .\n");
    const struct dm_reader_options lines = {.syntax = DM_SYNTAX_NTRIPLES,
                                            .blank_prefix = DM_STR("d7")};
    check_with(&lines, false, "_:b0 <a:p> _:x .", "_:d7b0 <a:p> _:d7x .\n");
}

static void
prefixes_and_base_are_the_documents(void)
{
    static const char text[] = "PREFIX a: <http://a/> PREFIX : <r/>\n"
                               "BASE <sub/> PREFIX a: <http://a2/>\n"
                               "a:\\, :x <y> .";
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = DM_STR("http://b/c")};
    struct transcript transcript = {.n_quads = 0};
    dm_buf_init(&transcript.buf, TEXT_MAX);
    struct pieces pieces = {dm_str(text), 5};
    struct dm_reader *reader = NULL;
    CHECK(!dm_reader_new(&options, take_piece, &pieces, put_quad, &transcript,
                         &reader));
    enum dm_status status = DM_OK;
    while (!status) {
        status = dm_reader_step(reader, NULL);
    }
    CHECK_INT(status, DM_END);
    CHECK(dm_str_is(dm_buf_str(&transcript.buf),
                    "<http://a2/,> <http://b/r/x> <http://b/sub/y> .\n"));
    CHECK(dm_str_is(dm_reader_base(reader), "http://b/sub/"));
    CHECK(dm_str_is(dm_reader_prefix(reader, dm_str("a")), "http://a2/"));
    CHECK(dm_str_is(dm_reader_prefix(reader, dm_str("")), "http://b/r/"));
    CHECK(!dm_reader_prefix(reader, dm_str("b")).data);
    struct dm_str prefix = {0};
    struct dm_str iri = {0};
    CHECK(dm_reader_prefix_at(reader, 1, &prefix, &iri));
    CHECK(dm_str_is(prefix, "") && dm_str_is(iri, "http://b/r/"));
    CHECK(!dm_reader_prefix_at(reader, 2, &prefix, &iri));
    dm_reader_free(reader);
    dm_buf_done(&transcript.buf);
}

static void
a_step_is_a_statement(void)
{
    static const char text[] = "PREFIX : <a:> :s :p 1 , 2 ; :q 3 . :t :p 4 .";
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE};
    struct transcript transcript = {.n_quads = 0};
    dm_buf_init(&transcript.buf, TEXT_MAX);
    struct pieces pieces = {dm_str(text), 4096};
    struct dm_reader *reader = NULL;
    CHECK(!dm_reader_new(&options, take_piece, &pieces, put_quad, &transcript,
                         &reader));
    static const size_t want[] = {0, 3, 4};
    for (size_t i = 0; i < DM_COUNT_OF(want); ++i) {
        CHECK_INT(dm_reader_step(reader, NULL), DM_OK);
        CHECK_INT((int64_t)transcript.n_quads, (int64_t)want[i]);
    }
    CHECK_INT(dm_reader_step(reader, NULL), DM_END);
    CHECK_INT(dm_reader_step(reader, NULL), DM_END);
    dm_reader_free(reader);
    dm_buf_done(&transcript.buf);
}

static void
rdf_1_1_refuses_what_came_later(void)
{
    static const char *const texts[] = {
        "VERSION \"1.2\"",
        "<s> <p> 'x'@en--ltr .",
        "<s> <p> <<( <a> <b> 1 )>> .",
        "<< <a> <b> 1 >> <p> 1 .",
        "<s> <p> 1 ~ .",
        "<s> <p> 1 {| <q> 2 |} .",
    };
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .strict_1_1 = true,
                                              .base = DM_STR("http://b/")};
    for (size_t i = 0; i < DM_COUNT_OF(texts); ++i) {
        struct transcript transcript = {.n_quads = 0};
        struct dm_error error = {0};
        dm_buf_init(&transcript.buf, TEXT_MAX);
        CHECK_INT(dm_read_text(&options, dm_str(texts[i]), put_quad,
                               &transcript, &error),
                  DM_ERR_SYNTAX);
        CHECK(strstr(error.what, "RDF 1.1 has no"));
        dm_buf_done(&transcript.buf);
    }
}

// `n` times `open`, a middle, and `n` times `close`
static void
check_nested(unsigned n, const char *const parts[3], enum dm_status want)
{
    static const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TURTLE, .base = DM_STR("http://b/")};
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, "<s> <p> ");
    for (unsigned i = 0; i < n; ++i) {
        (void)dm_buf_puts(&text, parts[0]);
    }
    (void)dm_buf_puts(&text, parts[1]);
    for (unsigned i = 0; i < n; ++i) {
        (void)dm_buf_puts(&text, parts[2]);
    }
    (void)dm_buf_puts(&text, " .");

    struct transcript transcript = {.n_quads = 0};
    struct dm_error error = {0};
    dm_buf_init(&transcript.buf, TEXT_MAX);
    CHECK_INT(dm_read_text(&options, dm_buf_str(&text), put_quad, &transcript,
                           &error),
              want);
    CHECK(!want || (error.line == 1 && error.column > 1));
    dm_buf_done(&transcript.buf);
    dm_buf_done(&text);
}

static void
nesting_is_bounded(void)
{
    static const char *const lists[] = {"( ", "1", ")"};
    static const char *const nodes[] = {"[ <p> ", "1", "]"};
    static const char *const terms[] = {"<<( <s> <p> ", "1", " )>>"};
    static const char *const reified[] = {"<< <s> <p> ", "1", " >>"};
    static const char *const notes[] = {"1 {| <p> ", "1", " |}"};
    check_nested(DM_READER_NESTING_MAX, lists, DM_OK);
    check_nested(DM_READER_NESTING_MAX + 1, lists, DM_ERR_LIMIT);
    check_nested(DM_READER_NESTING_MAX, nodes, DM_OK);
    check_nested(DM_READER_NESTING_MAX + 1, nodes, DM_ERR_LIMIT);
    check_nested(DM_READER_NESTING_MAX, reified, DM_OK);
    check_nested(DM_READER_NESTING_MAX + 1, reified, DM_ERR_LIMIT);
    check_nested(DM_READER_NESTING_MAX, notes, DM_OK);
    check_nested(DM_READER_NESTING_MAX + 1, notes, DM_ERR_LIMIT);
    check_nested(DM_TRIPLE_DEPTH_MAX, terms, DM_OK);
    check_nested(DM_TRIPLE_DEPTH_MAX + 1, terms, DM_ERR_LIMIT);

    // A reifier's triple term is one deeper than what it reifies
    static const char *const deep[] = {"<<( <s> <p> ", "1", " )>>"};
    check_nested(DM_TRIPLE_DEPTH_MAX, deep, DM_OK);
}

static void
tokens_and_statements_are_bounded(void)
{
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = DM_STR("http://b/"),
                                              .max_token = 20,
                                              .max_statement = 100};
    check_with(&options, false,
               "<s> <p> \"0123456789012345678\" .\n<s> <p> 1 .",
               "!1:9 a token has over 20 bytes\n"
               "<http://b/s> <http://b/p> \"1\"^^<" DM_XSD_NS "integer> .\n");
    check_with(
        &options, false,
        "<s> <p> 1 , 1111111111, 2222222222, 3333333333, 4444444444, "
        "5555555555, 6666666666, 77777777777, 888888, 9 .\n<s> <p> 9 .",
        "<http://b/s> <http://b/p> \"1\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"1111111111\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"2222222222\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"3333333333\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"4444444444\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"5555555555\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"6666666666\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"77777777777\"^^<" DM_XSD_NS "integer> .\n"
        "<http://b/s> <http://b/p> \"888888\"^^<" DM_XSD_NS "integer> .\n"
        "!1:104 a statement has over 100 bytes\n"
        "<http://b/s> <http://b/p> \"9\"^^<" DM_XSD_NS "integer> .\n");

    const struct dm_reader_options lines = {
        .syntax = DM_SYNTAX_NTRIPLES, .max_token = 20, .max_statement = 60};
    check_with(&lines, false,
               "<a:s> <a:p> \"0123456789012345678\" .\n<a:s> <a:p> <a:o> .\n"
               "<a:s>                                                    "
               "<a:p> <a:o> .\n_:x <a:p> _:y .",
               "!1:13 a token has over 20 bytes\n<a:s> <a:p> <a:o> .\n"
               "!3:1 a line has over 60 bytes\n_:x <a:p> _:y .\n");
}

// Far longer than the memory that its statement may take
static void
a_long_list_needs_no_memory(void)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, "<a:s> <a:p> (");
    for (unsigned i = 0; i < 20000; ++i) {
        (void)dm_buf_puts(&text, " [ <a:p> 'some text' ]");
    }
    (void)dm_buf_puts(&text, ") .");
    struct transcript transcript = {.n_quads = 0};
    dm_buf_init(&transcript.buf, (size_t)16 << 20U);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .max_token = 4096};
    const size_t before = dm_alloc_count();
    CHECK(!dm_read_text(&options, dm_buf_str(&text), put_quad, &transcript,
                        NULL));
    CHECK_INT((int64_t)transcript.n_quads, 60001);
    CHECK(dm_alloc_count() - before < 100);
    dm_buf_done(&transcript.buf);
    dm_buf_done(&text);
}

static const char everything[] =
    "@prefix : <http://example/> . BASE <http://base/>\n"
    "<s> a :T ; :p 'x'@en-GB--ltr , \"\"\"y\\u00e4\"\"\"^^:dt , 1.5 ;\n"
    " :q [ :r ( 1 <<( :a :b _:c )>> ) ] ~ :i {| :z << :a :b :c >> |} .\n"
    ":g { _:x :p :o . } GRAPH _:h { [] :p true }";

static void
memory_may_run_out_anywhere(void)
{
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TRIG,
                                              .base = DM_STR("http://b/"),
                                              .name = DM_STR("name"),
                                              .blank_prefix = DM_STR("d")};
    struct transcript transcript = {.n_quads = 0};
    dm_buf_init(&transcript.buf, TEXT_MAX);
    CHECK(dm_buf_reserve(&transcript.buf, 65536));
    size_t n = 0;
    enum dm_status status = DM_ERR_NO_MEMORY;
    for (; status; ++n) {
        struct dm_error error = {0};
        dm_buf_clear(&transcript.buf);
        dm_alloc_fail_after(n);
        status = dm_read_text(&options, dm_str(everything), put_quad,
                              &transcript, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
        CHECK(!status || error.status == DM_ERR_NO_MEMORY);
    }
    CHECK(n > 10);
    dm_buf_done(&transcript.buf);
}

/// A source or sink that fails after some calls
struct failing {
    struct pieces pieces;
    size_t left;
};

static enum dm_status
failing_source(void *context, char *bytes, size_t n, size_t *ret_n)
{
    struct failing *failing = context;
    if (failing->left-- == 0) {
        return DM_ERR_IO;
    }
    return take_piece(&failing->pieces, bytes, n, ret_n);
}

static enum dm_status
failing_sink(void *context, const struct dm_quad *quad,
             const struct dm_quad_positions *at, struct dm_error *error)
{
    size_t *left = context;
    (void)quad;
    (void)at;
    if ((*left)-- == 0) {
        return dm_error_set(error, DM_ERR_FULL, "enough");
    }
    return DM_OK;
}

static void
what_source_or_sink_say_comes_back(void)
{
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TRIG,
                                              .base = DM_STR("http://b/")};
    for (size_t n = 0; n < 20; ++n) {
        struct failing failing = {{dm_str(everything), 10}, n};
        size_t left = 100;
        struct dm_reader *reader = NULL;
        struct dm_error error = {0};
        CHECK(!dm_reader_new(&options, failing_source, &failing, failing_sink,
                             &left, &reader));
        enum dm_status status = DM_OK;
        while (!status) {
            status = dm_reader_step(reader, &error);
        }
        CHECK_INT(status, DM_ERR_IO);
        dm_reader_free(reader);
    }
    for (size_t n = 0; n < 10; ++n) {
        size_t left = n;
        struct dm_error error = {0};
        CHECK_INT(dm_read_text(&options, dm_str(everything), failing_sink,
                               &left, &error),
                  DM_ERR_FULL);
        CHECK(strcmp(error.what, "enough") == 0);
    }
}

static void
a_base_is_absolute(void)
{
    struct dm_reader *reader = NULL;
    struct pieces pieces = {{NULL, 0}, 1};
    const struct dm_reader_options options = {.base = DM_STR("b/")};
    CHECK_INT(
        dm_reader_new(&options, take_piece, &pieces, put_quad, NULL, &reader),
        DM_ERR_ARGUMENT);
    dm_reader_free(NULL);
}

static void
syntaxes_are_known_by_their_ending(void)
{
    enum dm_syntax syntax = DM_SYNTAX_NTRIPLES;
    CHECK(dm_syntax_of_name(dm_str("a.ttl"), &syntax));
    CHECK_INT(syntax, DM_SYNTAX_TURTLE);
    CHECK(dm_syntax_of_name(dm_str("a.b.trig"), &syntax));
    CHECK_INT(syntax, DM_SYNTAX_TRIG);
    CHECK(dm_syntax_of_name(dm_str("x/a.nq"), &syntax));
    CHECK_INT(syntax, DM_SYNTAX_NQUADS);
    CHECK(dm_syntax_of_name(dm_str("a.nt"), &syntax));
    CHECK_INT(syntax, DM_SYNTAX_NTRIPLES);
    CHECK(!dm_syntax_of_name(dm_str("a.rdf"), &syntax));
}

int
main(void)
{
    positions_are_lines_and_code_points();
    positions_of_lines_count_code_points_too();
    a_missing_semicolon_is_reported_and_assumed();
    what_begins_the_next_line_decides_what_is_assumed();
    a_missing_dot_is_reported_and_assumed();
    a_subject_behind_a_semicolon_begins_a_statement();
    nothing_is_assumed_where_it_could_be_meant_otherwise();
    errors_say_what_is_wrong_and_where();
    errors_name_the_file_and_what_would_be_right();
    reading_goes_on_behind_the_next_dot();
    labels_stay_and_never_meet_generated_ones();
    prefixes_and_base_are_the_documents();
    a_step_is_a_statement();
    rdf_1_1_refuses_what_came_later();
    nesting_is_bounded();
    tokens_and_statements_are_bounded();
    a_long_list_needs_no_memory();
    memory_may_run_out_anywhere();
    what_source_or_sink_say_comes_back();
    a_base_is_absolute();
    syntaxes_are_known_by_their_ending();
    return 0;
}
