// SPDX-License-Identifier: ISC

#include "sparql/graph_text.h"

#include "base/alloc.h"
#include "rdf/reader.h"
#include "rdf/writer.h"
#include "sparql/construct.h"
#include "tests/check.h"
#include "tests/sparql/world.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20U)

static const char data[] =
    "<a> <p> \"x\"@en , \"y\" ; <q> <b> .\n<b> a <T> .\n";

static const char build[] =
    "CONSTRUCT { ?s ?p ?o . ?s rdfs:seeAlso xsd:string , xsd:1x , dm:status } "
    "{ ?s ?p ?o }";

static const char prefixes[] =
    "PREFIX dm: <https://w3id.org/demonitor#>\n"
    "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>\n"
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n"
    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>\n";

static enum dm_status
write_graph(struct world *world, const char *text, enum dm_graph_format format,
            struct dm_buf *buf)
{
    struct dm_query *query = NULL;
    struct dm_construct *construct = NULL;
    const struct dm_query_options query_options = {
        .base = dm_str(WORLD_BASE),
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
    };
    const struct dm_exec_options options = {.dataset = &world->dataset};
    struct dm_graph_writer writer;
    struct dm_triple_ids triple;
    enum dm_status status =
        dm_query_parse(dm_str(text), &query_options, &query, NULL);
    if (!status) {
        status = dm_construct_open(query, world->snapshot, &options, &construct,
                                   NULL);
    }
    if (!status) {
        status = dm_graph_begin(&writer, format, world->snapshot, buf);
    }
    while (!status) {
        status = dm_construct_next(construct, &triple, NULL);
        if (!status) {
            status = dm_graph_triple(&writer, &triple);
        }
    }
    dm_construct_close(construct);
    dm_query_free(query);
    return status == DM_END ? dm_graph_end(&writer) : status;
}

static enum dm_status
on_quad(void *context, const struct dm_quad *quad,
        const struct dm_quad_positions *positions, struct dm_error *error)
{
    (void)positions;
    (void)error;
    return dm_write_quad(quad, context);
}

// What a reader makes of a text, as sorted lines
static void
read_back(struct dm_str text, enum dm_syntax syntax, struct dm_buf *lines)
{
    const struct dm_reader_options options = {.syntax = syntax};
    struct dm_error error = {0};
    CHECK_INT(dm_read_text(&options, text, on_quad, lines, &error), DM_OK);
    world_sort(lines);
}

static void
each_format_says_the_same(struct world *world)
{
    static const struct {
        enum dm_graph_format format;
        enum dm_syntax syntax;
    } formats[] = {{DM_GRAPH_NTRIPLES, DM_SYNTAX_NTRIPLES},
                   {DM_GRAPH_NQUADS, DM_SYNTAX_NQUADS},
                   {DM_GRAPH_TURTLE, DM_SYNTAX_TURTLE},
                   {DM_GRAPH_TRIG, DM_SYNTAX_TRIG}};
    struct dm_buf first;
    dm_buf_init(&first, TEXT_MAX);
    for (size_t i = 0; i < DM_COUNT_OF(formats); ++i) {
        struct dm_buf text;
        struct dm_buf lines;
        dm_buf_init(&text, TEXT_MAX);
        dm_buf_init(&lines, TEXT_MAX);
        CHECK_INT(write_graph(world, build, formats[i].format, &text), DM_OK);
        read_back(dm_buf_str(&text), formats[i].syntax, i ? &lines : &first);
        CHECK(!i || !strcmp(dm_buf_cstr(&lines), dm_buf_cstr(&first)));
        dm_buf_done(&text);
        dm_buf_done(&lines);
    }
    CHECK(strstr(dm_buf_cstr(&first), "\"x\"@en"));
    dm_buf_done(&first);
}

// Subjects once, predicates once, and prefixes only where they may stand
static void
turtle_is_short(struct world *world)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    CHECK_INT(write_graph(world,
                          "CONSTRUCT { <a> rdf:type xsd:string , <x> ; "
                          "<p> <http://www.w3.org/2001/XMLSchema#1x> } {}",
                          DM_GRAPH_TURTLE, &text),
              DM_OK);
    const char *body = dm_buf_cstr(&text);
    CHECK(!strncmp(body, prefixes, strlen(prefixes)));
    body += strlen(prefixes);
    CHECK(!strncmp(body, "<http://e/a> ", 13));
    CHECK(!strstr(body + 1, "<http://e/a>"));
    CHECK(strstr(body, "rdf:type"));
    CHECK(strstr(body, "xsd:string"));
    CHECK(strstr(body, "<http://www.w3.org/2001/XMLSchema#1x>"));
    CHECK(strstr(body, " , ") && strstr(body, " ;\n    "));
    CHECK(!strcmp(body + strlen(body) - 3, " .\n"));
    dm_buf_done(&text);
}

static void
nothing_is_a_graph_too(struct world *world)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    CHECK_INT(write_graph(world, "CONSTRUCT {} {}", DM_GRAPH_NQUADS, &text),
              DM_OK);
    CHECK(!text.n);
    CHECK_INT(write_graph(world, "CONSTRUCT {} {}", DM_GRAPH_TRIG, &text),
              DM_OK);
    CHECK(!strcmp(dm_buf_cstr(&text), prefixes));
    dm_buf_done(&text);
}

static void
names_and_types_lead_to_a_format(void)
{
    enum dm_graph_format format = DM_GRAPH_TURTLE;
    CHECK(dm_graph_format_of(dm_str("nquads"), &format));
    CHECK_INT(format, DM_GRAPH_NQUADS);
    CHECK(dm_graph_format_of(dm_str("Text/Turtle"), &format));
    CHECK_INT(format, DM_GRAPH_TURTLE);
    CHECK(!dm_graph_format_of(dm_str("csv"), &format));
    CHECK(!strcmp(dm_graph_media_type(DM_GRAPH_TRIG), "application/trig"));
}

static void
a_full_buffer_is_a_status(struct world *world)
{
    for (size_t max = 0; max < 400; ++max) {
        struct dm_buf text;
        dm_buf_init(&text, max);
        const enum dm_status status =
            write_graph(world, build, DM_GRAPH_TURTLE, &text);
        CHECK(status == DM_OK || status == DM_ERR_LIMIT);
        dm_buf_done(&text);
    }
    for (size_t n = 0;; ++n) {
        struct dm_buf text;
        dm_buf_init(&text, TEXT_MAX);
        dm_alloc_fail_after(n);
        const enum dm_status status =
            write_graph(world, build, DM_GRAPH_TURTLE, &text);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        dm_buf_done(&text);
        if (!status) {
            CHECK(n > 5);
            return;
        }
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
}

int
main(void)
{
    struct world world;
    world_open(&world);
    world_load(&world, DM_SYNTAX_TRIG, data);
    world_read(&world);
    each_format_says_the_same(&world);
    turtle_is_short(&world);
    nothing_is_a_graph_too(&world);
    names_and_types_lead_to_a_format();
    a_full_buffer_is_a_status(&world);
    world_close(&world);
    return 0;
}
