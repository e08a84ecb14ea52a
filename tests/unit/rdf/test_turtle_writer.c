// SPDX-License-Identifier: ISC

#include "base/alloc.h"
#include "base/buf.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "tests/support/isomorphic.h"
#include "tests/support/quads.h"

#define TEXT_MAX ((size_t)1 << 20U)

static enum dm_status
take_text(void *context, struct dm_str text)
{
    return dm_buf_put_str(context, text);
}

static struct dm_term
iri(const char *text)
{
    return dm_term_iri(dm_str(text));
}

// All of `quads` as one document
static void
write_all(const struct dm_quads *quads, bool trig, struct dm_buf *buf)
{
    struct dm_turtle_writer *writer = NULL;
    CHECK(!dm_turtle_writer_new(trig, take_text, buf, &writer));
    CHECK(!dm_turtle_writer_base(writer, dm_str("http://b/")));
    CHECK(!dm_turtle_writer_prefix(writer, dm_str("e"), dm_str("http://e/")));
    CHECK(!dm_turtle_writer_prefix(writer, dm_str(""), dm_str("http://e/n#")));
    for (size_t i = 0; i < quads->n; ++i) {
        CHECK(!dm_turtle_writer_quad(writer, &quads->items[i]));
    }
    CHECK(!dm_turtle_writer_end(writer));
    dm_turtle_writer_free(writer);
}

// Read `text`, write it, and read that: it is the same
static void
check_round(const char *text)
{
    static const struct dm_reader_options options = {
        .syntax = DM_SYNTAX_TRIG, .base = DM_STR("http://b/")};
    static const struct dm_reader_options again = {.syntax = DM_SYNTAX_TRIG};
    struct dm_quads want;
    struct dm_quads got;
    struct dm_buf buf;
    struct dm_error error = {0};
    dm_quads_init(&want);
    dm_quads_init(&got);
    dm_buf_init(&buf, TEXT_MAX);
    CHECK(!dm_quads_read(&want, &options, dm_str(text), 64, &error));
    write_all(&want, true, &buf);
    if (dm_quads_read(&got, &again, dm_buf_str(&buf), 64, &error) ||
        !dm_graph_isomorphic(&want, &got)) {
        (void)fprintf(stderr, "%s\n%u:%u %s\n", dm_buf_cstr(&buf), error.line,
                      error.column, error.what);
        abort();
    }
    dm_quads_done(&want);
    dm_quads_done(&got);
    dm_buf_done(&buf);
}

static void
what_was_read_is_written_and_read_alike(void)
{
    check_round("<s> a <http://e/T> ; <p> <http://e/n#x> , <http://e/a.b> , () "
                ", <http://e/> , <http://e/n#1> , <http://e/-> , <> .");
    check_round("<s> <p> 1 , -1 , +1 , 1.5 , .5 , 1e0 , true , 'x'@en , "
                "'x'@en--rtl , 'x'^^<http://e/d> , 'x'^^<d> .");
    check_round(
        "PREFIX xsd: <" DM_XSD_NS "> <s> <p> '1'^^xsd:boolean , "
        "'x'^^xsd:integer , '1.'^^xsd:decimal , '1'^^xsd:decimal , "
        "''^^xsd:integer , ' 1'^^xsd:integer , '.'^^xsd:decimal , "
        "'1.5.'^^xsd:decimal , '-'^^xsd:integer , 'TRUE'^^xsd:boolean .");
    check_round("<s> <p> '''a\"b''' , '''a\nb\"''' , '\"\"\"' , '\\\\' , "
                "'\\\\\"' , '\\u0000' , '\\u0007\\u007F' , '\\uFFFF' , "
                "'\xC3\xA4\xF0\x9F\x98\x80' , '\\r\\n' , '\"' , \"'\" .");
    check_round("<s> <p> <<( <a> <http://e/b> <<( _:x <q> 'y'@en--ltr )>> )>> ."
                " _:x <p> _:b0 , [ <q> ( 1 2 ) ] . <s> <q> 1 ~ <r> , 2 .");
    check_round("<g> { <s> <p> 1 , 2 . <t> <p> <<( <s> <p> 'x' )>> ; <q> 3 } "
                "_:g { <s> <p> 4 } <s> <p> 5 . <g> { <s> <p> 6 }");
    check_round("<a:b> <p> <http://b/x:y> , <http://b/../c> , <http://b//d> .");
}

static void
subjects_are_grouped_and_names_are_short(void)
{
    struct dm_quads quads;
    struct dm_buf buf;
    dm_quads_init(&quads);
    dm_buf_init(&buf, TEXT_MAX);
    const struct dm_reader_options options = {.syntax = DM_SYNTAX_TURTLE,
                                              .base = DM_STR("http://b/")};
    CHECK(!dm_quads_read(&quads, &options,
                         dm_str("PREFIX : <http://e/n#> <s> a :T ; :p 1 , "
                                "<<( <s> :q 'x' )>> . <t> :p 2 ."),
                         64, NULL));
    write_all(&quads, false, &buf);
    static const char want[] = "@base <http://b/> .\n"
                               "@prefix e: <http://e/> .\n"
                               "@prefix : <http://e/n#> .\n"
                               "\n"
                               "<s>\n"
                               "\ta :T ;\n"
                               "\t:p 1 ,\n"
                               "\t\t<<( <s> :q \"x\" )>> .\n"
                               "\n"
                               "<t>\n"
                               "\t:p 2 .\n\n";
    if (!dm_str_is(dm_buf_str(&buf), want)) {
        (void)fprintf(stderr, "%s", dm_buf_cstr(&buf));
        abort();
    }
    dm_quads_done(&quads);
    dm_buf_done(&buf);
}

static void
turtle_has_no_graphs(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    struct dm_turtle_writer *writer = NULL;
    CHECK(!dm_turtle_writer_new(false, take_text, &buf, &writer));
    const struct dm_quad quad = {iri("a:s"), iri("a:p"), iri("a:o"),
                                 iri("a:g")};
    CHECK_INT(dm_turtle_writer_quad(writer, &quad), DM_ERR_ARGUMENT);
    CHECK_INT(dm_turtle_writer_base(writer, dm_str("b/")), DM_ERR_ARGUMENT);
    dm_turtle_writer_free(writer);
    dm_turtle_writer_free(NULL);
    dm_buf_done(&buf);
}

static void
what_the_sink_says_comes_back(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, 8);
    struct dm_turtle_writer *writer = NULL;
    CHECK(!dm_turtle_writer_new(false, take_text, &buf, &writer));
    const struct dm_quad quad = {iri("a:s"), iri("a:p"), iri("a:o"), {0}};
    enum dm_status status = dm_turtle_writer_quad(writer, &quad);
    if (!status) {
        status = dm_turtle_writer_end(writer);
    }
    CHECK_INT(status, DM_ERR_LIMIT);
    dm_turtle_writer_free(writer);
    dm_buf_done(&buf);
}

static enum dm_status
write_one(struct dm_buf *buf)
{
    const struct dm_triple triple = {iri("a:s"), iri("a:p"), iri("http://b/o")};
    const struct dm_quad quads[] = {
        {iri("http://b/s"), iri("a:p"), dm_term_triple(&triple), {0}},
        {iri("http://b/s"),
         iri("a:p"),
         dm_term_tagged(dm_str("x"), dm_str("en"), DM_DIRECTION_LTR),
         {0}},
    };
    struct dm_turtle_writer *writer = NULL;
    enum dm_status status =
        dm_turtle_writer_new(false, take_text, buf, &writer);
    if (status) {
        return status;
    }
    status = dm_turtle_writer_base(writer, dm_str("http://b/"));
    if (!status) {
        status = dm_turtle_writer_prefix(writer, dm_str("e"), dm_str("e:"));
    }
    for (size_t i = 0; !status && i < DM_COUNT_OF(quads); ++i) {
        status = dm_turtle_writer_quad(writer, &quads[i]);
    }
    if (!status) {
        status = dm_turtle_writer_end(writer);
    }
    dm_turtle_writer_free(writer);
    return status;
}

static void
our_memory_may_run_out(void)
{
    struct dm_buf buf;
    dm_buf_init(&buf, TEXT_MAX);
    CHECK(dm_buf_reserve(&buf, 4096));
    enum dm_status status = DM_ERR_NO_MEMORY;
    size_t n = 0;
    for (; status; ++n) {
        dm_buf_clear(&buf);
        dm_alloc_fail_after(n);
        status = write_one(&buf);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK(!status || status == DM_ERR_NO_MEMORY);
    }
    CHECK(n > 5);
    dm_buf_done(&buf);
}

int
main(void)
{
    what_was_read_is_written_and_read_alike();
    subjects_are_grouped_and_names_are_short();
    turtle_has_no_graphs();
    what_the_sink_says_comes_back();
    our_memory_may_run_out();
    return 0;
}
