// SPDX-License-Identifier: ISC

#include "sparql/results.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "tests/check.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20U)
#define N_COLUMNS 3
#define N_ROWS 3
#define N_CELLS ((size_t)N_ROWS * N_COLUMNS)

static const struct dm_str columns[N_COLUMNS] = {DM_STR("x"), DM_STR("name"),
                                                 DM_STR("t")};

static void
make_rows(struct dm_term rows[N_CELLS], struct dm_triple *inner,
          struct dm_triple *outer)
{
    *inner = (struct dm_triple){dm_term_iri(dm_str("http://e/a")),
                                dm_term_iri(dm_str("http://e/b")),
                                dm_term_string(dm_str("say \"a, b\""))};
    *outer = (struct dm_triple){dm_term_blank(dm_str("n")),
                                dm_term_iri(dm_str("http://e/b")),
                                dm_term_triple(inner)};
    memset(rows, 0, N_CELLS * sizeof(*rows));
    rows[0] = dm_term_iri(dm_str("http://e/a?b&c"));
    rows[1] = dm_term_tagged(dm_str("l\xC3\xA9<\n>\t"), dm_str("fr"),
                             DM_DIRECTION_NONE);
    rows[2] = dm_term_triple(outer);
    rows[3] = dm_term_blank(dm_str("n"));
    rows[4] = dm_term_tagged(dm_str("x"), dm_str("ar"), DM_DIRECTION_RTL);
    rows[6] = dm_term_literal(dm_str("12"), dm_str(DM_XSD_NS "integer"));
    rows[7] = dm_term_literal(dm_str("1.50"), dm_str(DM_XSD_NS "decimal"));
    rows[8] = dm_term_string(dm_str("a \"b\", c\\"));
}

static void
write_rows(enum dm_results_format format, struct dm_buf *buf)
{
    struct dm_term rows[N_CELLS];
    struct dm_triple inner;
    struct dm_triple outer;
    struct dm_results_writer writer;
    make_rows(rows, &inner, &outer);
    (void)dm_results_begin(&writer, format, buf, columns, N_COLUMNS);
    for (size_t i = 0; i < N_ROWS; ++i) {
        (void)dm_results_row(&writer, &rows[i * N_COLUMNS]);
    }
    (void)dm_results_end(&writer);
}

static const char *const written[] = {
    [DM_RESULTS_JSON] =
        "{\"head\":{\"vars\":[\"x\",\"name\",\"t\"]},\"results\":{"
        "\"bindings\":[\n"
        "{\"x\":{\"type\":\"uri\",\"value\":\"http://e/a?b&c\"},"
        "\"name\":{\"type\":\"literal\",\"value\":\"l\xC3\xA9<\\n>\\t\","
        "\"xml:lang\":\"fr\"},"
        "\"t\":{\"type\":\"triple\",\"value\":{"
        "\"subject\":{\"type\":\"bnode\",\"value\":\"n\"},"
        "\"predicate\":{\"type\":\"uri\",\"value\":\"http://e/b\"},"
        "\"object\":{\"type\":\"triple\",\"value\":{"
        "\"subject\":{\"type\":\"uri\",\"value\":\"http://e/a\"},"
        "\"predicate\":{\"type\":\"uri\",\"value\":\"http://e/b\"},"
        "\"object\":{\"type\":\"literal\",\"value\":\"say \\\"a, b\\\"\"}}}}}},"
        "\n"
        "{\"x\":{\"type\":\"bnode\",\"value\":\"n\"},"
        "\"name\":{\"type\":\"literal\",\"value\":\"x\",\"xml:lang\":\"ar\","
        "\"its:dir\":\"rtl\"}},\n"
        "{\"x\":{\"type\":\"literal\",\"value\":\"12\",\"datatype\":"
        "\"http://www.w3.org/2001/XMLSchema#integer\"},"
        "\"name\":{\"type\":\"literal\",\"value\":\"1.50\",\"datatype\":"
        "\"http://www.w3.org/2001/XMLSchema#decimal\"},"
        "\"t\":{\"type\":\"literal\",\"value\":\"a \\\"b\\\", c\\\\\"}}\n"
        "]}}\n",
    [DM_RESULTS_XML] =
        "<?xml version=\"1.0\"?>\n"
        "<sparql xmlns=\"http://www.w3.org/2005/sparql-results#\" "
        "xmlns:its=\"http://www.w3.org/2005/11/its\" its:version=\"2.0\">\n"
        "<head>\n<variable name=\"x\"/>\n<variable name=\"name\"/>\n"
        "<variable name=\"t\"/>\n</head>\n<results>\n"
        "<result><binding name=\"x\"><uri>http://e/a?b&amp;c</uri></binding>"
        "<binding name=\"name\"><literal xml:lang=\"fr\">l\xC3\xA9&lt;&#10;"
        "&gt;&#9;</literal></binding>"
        "<binding name=\"t\"><triple><subject><bnode>n</bnode></subject>"
        "<predicate><uri>http://e/b</uri></predicate><object><triple>"
        "<subject><uri>http://e/a</uri></subject>"
        "<predicate><uri>http://e/b</uri></predicate>"
        "<object><literal>say &quot;a, b&quot;</literal></object>"
        "</triple></object></triple></binding></result>\n"
        "<result><binding name=\"x\"><bnode>n</bnode></binding>"
        "<binding name=\"name\"><literal xml:lang=\"ar\" its:dir=\"rtl\">x"
        "</literal></binding></result>\n"
        "<result><binding name=\"x\"><literal datatype="
        "\"http://www.w3.org/2001/XMLSchema#integer\">12</literal></binding>"
        "<binding name=\"name\"><literal datatype="
        "\"http://www.w3.org/2001/XMLSchema#decimal\">1.50</literal></binding>"
        "<binding name=\"t\"><literal>a &quot;b&quot;, c\\</literal></binding>"
        "</result>\n"
        "</results>\n</sparql>\n",
    [DM_RESULTS_CSV] =
        "x,name,t\r\n"
        "http://e/a?b&c,\"l\xC3\xA9<\n>\t\",\"<<( _:n http://e/b <<( "
        "http://e/a http://e/b \"\"say \"\"\"\"a, b\"\"\"\"\"\" )>> )>>\"\r\n"
        "_:n,x,\r\n"
        "12,1.50,\"a \"\"b\"\", c\\\"\r\n",
    [DM_RESULTS_TSV] =
        "?x\t?name\t?t\n"
        "<http://e/a?b&c>\t\"l\xC3\xA9<\\n>\\t\"@fr\t<<( _:n <http://e/b> <<( "
        "<http://e/a> <http://e/b> \"say \\\"a, b\\\"\" )>> )>>\n"
        "_:n\t\"x\"@ar--rtl\t\n"
        "12\t1.50\t\"a \\\"b\\\", c\\\\\"\n",
};

static void
each_format_is_written_as_its_recommendation_says(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(written); ++i) {
        struct dm_buf buf;
        dm_buf_init(&buf, TEXT_MAX);
        write_rows((enum dm_results_format)i, &buf);
        if (strcmp(dm_buf_cstr(&buf), written[i]) != 0) {
            (void)fprintf(stderr, "%s", dm_buf_cstr(&buf));
        }
        CHECK(!strcmp(dm_buf_cstr(&buf), written[i]));
        dm_buf_done(&buf);
    }
}

static void
what_is_written_is_read_back(void)
{
    static const enum dm_results_format whole[] = {
        DM_RESULTS_JSON, DM_RESULTS_XML, DM_RESULTS_TSV};
    struct dm_term rows[N_CELLS];
    struct dm_triple inner;
    struct dm_triple outer;
    make_rows(rows, &inner, &outer);
    for (size_t i = 0; i < DM_COUNT_OF(whole); ++i) {
        struct dm_arena arena;
        struct dm_results results;
        struct dm_error error = {0};
        dm_arena_init(&arena, TEXT_MAX, NULL);
        CHECK(!dm_results_read(whole[i], dm_str(written[whole[i]]), &arena,
                               &results, &error));
        CHECK(!results.is_boolean);
        CHECK_INT((int64_t)results.n_columns, N_COLUMNS);
        CHECK_INT((int64_t)results.n_rows, N_ROWS);
        for (size_t k = 0; k < DM_COUNT_OF(rows); ++k) {
            CHECK(dm_term_equal(&results.terms[k], &rows[k]));
        }
        dm_arena_done(&arena);
    }
}

static void
csv_is_read_as_text(void)
{
    struct dm_arena arena;
    struct dm_results results;
    struct dm_error error = {0};
    dm_arena_init(&arena, TEXT_MAX, NULL);
    CHECK(!dm_results_read(DM_RESULTS_CSV, dm_str(written[DM_RESULTS_CSV]),
                           &arena, &results, &error));
    CHECK_INT((int64_t)results.n_rows, N_ROWS);
    CHECK(dm_str_is(results.terms[0].value, "http://e/a?b&c"));
    CHECK_INT(results.terms[3].kind, DM_TERM_BLANK);
    CHECK_INT(results.terms[5].kind, DM_TERM_NONE);
    CHECK(dm_str_is(results.terms[8].value, "a \"b\", c\\"));
    dm_arena_done(&arena);
}

static void
answers_of_ask_are_written_and_read(void)
{
    for (int i = 0; i < 4; ++i) {
        const enum dm_results_format format =
            i < 2 ? DM_RESULTS_JSON : DM_RESULTS_XML;
        struct dm_buf buf;
        struct dm_arena arena;
        struct dm_results results;
        struct dm_error error = {0};
        dm_buf_init(&buf, TEXT_MAX);
        dm_arena_init(&arena, TEXT_MAX, NULL);
        CHECK(!dm_results_boolean(format, &buf, i % 2 != 0));
        CHECK(!dm_results_read(format, dm_buf_str(&buf), &arena, &results,
                               &error));
        CHECK(results.is_boolean);
        CHECK_INT(results.answer, i % 2 != 0);
        dm_arena_done(&arena);
        dm_buf_done(&buf);
    }
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK_INT(dm_results_boolean(DM_RESULTS_CSV, &buf, true),
              DM_ERR_UNSUPPORTED);
    CHECK_INT(dm_results_boolean(DM_RESULTS_TSV, &buf, true),
              DM_ERR_UNSUPPORTED);
}

static void
formats_are_found_by_name_and_media_type(void)
{
    enum dm_results_format format = DM_RESULTS_CSV;
    CHECK(dm_results_format_of(dm_str("json"), &format));
    CHECK_INT(format, DM_RESULTS_JSON);
    CHECK(dm_results_format_of(dm_str("Text/CSV; header=present"), &format));
    CHECK_INT(format, DM_RESULTS_CSV);
    CHECK(dm_results_format_of(dm_str("application/sparql-results+xml"),
                               &format));
    CHECK_INT(format, DM_RESULTS_XML);
    CHECK(!dm_results_format_of(dm_str("text/html"), &format));
    CHECK(!strcmp(dm_results_media_type(DM_RESULTS_TSV),
                  "text/tab-separated-values"));
}

#define SPARQL "<sparql xmlns='http://www.w3.org/2005/sparql-results#'>"
#define HEAD SPARQL "<head><variable name='x'/></head>"

static const struct {
    enum dm_results_format format;
    const char *text;
} wrong[] = {
    {DM_RESULTS_JSON, ""},
    {DM_RESULTS_JSON, "{}"},
    {DM_RESULTS_JSON, "{\"head\":{},\"boolean\":1}"},
    {DM_RESULTS_JSON, "{\"head\":{\"vars\":[\"x\",\"x\"]},\"results\":{}}"},
    {DM_RESULTS_JSON, "{\"results\":{\"bindings\":[{\"x\":{}}]}}"},
    {DM_RESULTS_JSON, "{\"head\":{\"vars\":[\"x\"]},\"results\":{\"bindings\":["
                      "{\"x\":{\"type\":\"uri\"}}]}}"},
    {DM_RESULTS_JSON, "{\"head\":{\"vars\":[\"x\"]},\"results\":{\"bindings\":["
                      "{\"x\":{\"type\":\"triple\",\"value\":{}}}]}}"},
    {DM_RESULTS_JSON, "{\"boolean\":true}x"},
    {DM_RESULTS_JSON, "{\"boolean\":true,}"},
    {DM_RESULTS_JSON, "{\"a\":\"\\uD800\",\"boolean\":true}"},
    {DM_RESULTS_JSON, "{\"a\":01,\"boolean\":true}"},
    {DM_RESULTS_XML, ""},
    {DM_RESULTS_XML, "<sparql/>"},
    {DM_RESULTS_XML, SPARQL "<boolean>maybe</boolean></sparql>"},
    {DM_RESULTS_XML, HEAD "<results><result>"},
    {DM_RESULTS_XML, HEAD "<results><row/></results></sparql>"},
    {DM_RESULTS_XML, HEAD "<results><result><binding name='y'><uri>a</uri>"
                          "</binding></result></results></sparql>"},
    {DM_RESULTS_XML, HEAD "<results><result><binding name='x'><uri>a</uri>"
                          "<uri>b</uri></binding></result></results></sparql>"},
    {DM_RESULTS_XML, HEAD "<results><result><binding name='x'/></result>"
                          "</results></sparql>"},
    {DM_RESULTS_XML, HEAD "<results>&unknown;</results></sparql>"},
    {DM_RESULTS_XML, HEAD "<results a='1' a='2'/></sparql>"},
    {DM_RESULTS_XML, HEAD "<results></head></sparql>"},
    {DM_RESULTS_XML, "<!DOCTYPE x><x/>"},
    {DM_RESULTS_CSV, "x,y\r\n1\r\n"},
    {DM_RESULTS_CSV, "x\r\n1,2\r\n"},
    {DM_RESULTS_CSV, "x\r\n\"1\r\n"},
    {DM_RESULTS_CSV, "x,x\r\n"},
    {DM_RESULTS_TSV, "?x\nnot a term\n"},
    {DM_RESULTS_TSV, "?x\n<http://e/a>, 2\n"},
};

static void
what_is_no_document_of_results_is_refused(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(wrong); ++i) {
        struct dm_arena arena;
        struct dm_results results;
        struct dm_error error = {0};
        dm_arena_init(&arena, TEXT_MAX, NULL);
        const enum dm_status status = dm_results_read(
            wrong[i].format, dm_str(wrong[i].text), &arena, &results, &error);
        if (!status || !error.what[0]) {
            (void)fprintf(stderr, "%s\n", wrong[i].text);
        }
        CHECK(status);
        CHECK(error.what[0]);
        dm_arena_done(&arena);
    }
}

static void
a_full_buffer_is_told_once_at_the_end(void)
{
    struct dm_buf buf;
    struct dm_results_writer writer;
    dm_buf_init(&buf, 20);
    CHECK(dm_results_begin(&writer, DM_RESULTS_JSON, &buf, columns, N_COLUMNS));
    CHECK_INT(dm_results_end(&writer), DM_ERR_LIMIT);
    dm_buf_done(&buf);
}

static enum dm_status
read(enum dm_results_format format)
{
    struct dm_arena arena;
    struct dm_results results;
    struct dm_error error = {0};
    dm_arena_init(&arena, TEXT_MAX, NULL);
    const enum dm_status status = dm_results_read(
        format, dm_str(written[format]), &arena, &results, &error);
    dm_arena_done(&arena);
    return status;
}

static void
memory_that_runs_out_is_a_status(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(written); ++i) {
        const enum dm_results_format format = (enum dm_results_format)i;
        const size_t before = dm_alloc_count();
        CHECK(!read(format));
        const size_t all = dm_alloc_count() - before;
        CHECK(all);
        for (size_t n = 0; n < all; ++n) {
            dm_alloc_fail_after(n);
            const enum dm_status status = read(format);
            dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
            CHECK_INT(status, DM_ERR_NO_MEMORY);
        }
    }
}

int
main(void)
{
    each_format_is_written_as_its_recommendation_says();
    what_is_written_is_read_back();
    csv_is_read_as_text();
    answers_of_ask_are_written_and_read();
    formats_are_found_by_name_and_media_type();
    what_is_no_document_of_results_is_refused();
    a_full_buffer_is_told_once_at_the_end();
    memory_that_runs_out_is_a_status();
    return 0;
}
