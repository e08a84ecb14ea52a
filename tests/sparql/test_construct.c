// SPDX-License-Identifier: ISC

#include "sparql/construct.h"

#include "base/alloc.h"
#include "rdf/writer.h"
#include "tests/check.h"
#include "tests/sparql/world.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 20U)
#define NOW_MS INT64_C(1795536600000)

static const char data[] =
    "<a> <p> 1, 2 ; <q> <b> ; <list> ( 1 ) .\n"
    "<b> <p> 2 ; <of> [ <name> \"x\" ; <in> [ <name> \"y\" ] ] .\n"
    "GRAPH <g> { <a> <p> 10 }\n";

static enum dm_status
put_term(struct world *world, dm_id id, struct dm_buf *lines)
{
    struct dm_term term = {0};
    enum dm_status status = dm_snapshot_term(world->snapshot, id, &term);
    if (status) {
        return status;
    }
    // Which blank node it is does not matter here
    status = term.kind == DM_TERM_BLANK ? dm_buf_puts(lines, "_:")
                                        : dm_write_term(&term, lines);
    (void)dm_buf_putc(lines, ' ');
    return status;
}

static enum dm_status
write_graph(struct world *world, struct dm_construct *construct,
            struct dm_buf *lines, struct dm_error *error)
{
    for (;;) {
        struct dm_triple_ids ids;
        enum dm_status status = dm_construct_next(construct, &ids, error);
        if (status == DM_AGAIN) {
            continue;
        }
        if (!status) {
            status = put_term(world, ids.s, lines);
        }
        if (!status) {
            status = put_term(world, ids.p, lines);
        }
        if (!status) {
            status = put_term(world, ids.o, lines);
        }
        if (status) {
            return status;
        }
        (void)dm_buf_puts(lines, ".\n");
    }
}

// @return How it ended: DM_END when well.
static enum dm_status
make_graph(struct world *world, const char *text, uint32_t step_rows,
           struct dm_buf *lines)
{
    struct dm_error error = {0};
    struct dm_query *query = NULL;
    const struct dm_query_options query_options = {
        .base = dm_str(WORLD_BASE),
        .prefixes = dm_query_prefixes,
        .n_prefixes = dm_n_query_prefixes,
    };
    enum dm_status status =
        dm_query_parse(dm_str(text), &query_options, &query, &error);
    if (status) {
        return status;
    }
    const struct dm_exec_options options = {.dataset = &world->dataset,
                                            .now_ms = NOW_MS,
                                            .steps = step_rows > 0,
                                            .step_rows = step_rows};
    struct dm_construct *construct = NULL;
    status =
        dm_construct_open(query, world->snapshot, &options, &construct, &error);
    if (!status) {
        status = write_graph(world, construct, lines, &error);
        dm_construct_close(construct);
    }
    CHECK(status == DM_END || error.what[0] || lines->status ||
          status == DM_ERR_NO_MEMORY);
    dm_query_free(query);
    return status;
}

static void
put_short(struct dm_buf *from, struct dm_buf *to)
{
    static const struct dm_str base = DM_STR(WORLD_BASE);
    const struct dm_str text = dm_buf_str(from);
    for (size_t i = 0; i < text.n;) {
        const struct dm_str rest = dm_str_slice(text, i, text.n);
        if (dm_str_starts(rest, base)) {
            i += base.n;
        } else {
            (void)dm_buf_putc(to, text.data[i++]);
        }
    }
}

// The graph of a query, as sorted lines, whole and in steps
static void
expect(struct world *world, const char *query, const char *graph)
{
    static const uint32_t steps[] = {0, 1, 7};
    for (size_t i = 0; i < DM_COUNT_OF(steps); ++i) {
        struct dm_buf lines;
        struct dm_buf shortened;
        dm_buf_init(&lines, TEXT_MAX);
        dm_buf_init(&shortened, TEXT_MAX);
        CHECK_INT(make_graph(world, query, steps[i], &lines), DM_END);
        put_short(&lines, &shortened);
        world_sort(&shortened);
        if (strcmp(dm_buf_cstr(&shortened), graph) != 0) {
            (void)fprintf(stderr, "%s\n%s", query, dm_buf_cstr(&shortened));
        }
        CHECK(!strcmp(dm_buf_cstr(&shortened), graph));
        dm_buf_done(&lines);
        dm_buf_done(&shortened);
    }
}

static void
a_graph_has_each_triple_once(struct world *world)
{
    expect(world, "CONSTRUCT { ?s <has> <p> } { ?s <p> ?o }",
           "<a> <has> <p> .\n<b> <has> <p> .\n");
    expect(world, "CONSTRUCT { ?s <r> ?o } { ?s <q> ?o }", "<a> <r> <b> .\n");
    expect(world, "CONSTRUCT { } { ?s <q> ?o }", "");
}

static void
what_is_no_triple_is_left_out(struct world *world)
{
    expect(world,
           "CONSTRUCT { ?o <of> ?s . ?s ?o <x> . ?s <u> ?nothing . "
           "?s <t> <<( ?o <of> ?s )>> . ?s <good> ?o } { ?s <p> ?o }",
           "<a> <good> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
           "<a> <good> \"2\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
           "<b> <good> \"2\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n");
}

static void
blank_nodes_are_fresh_in_each_solution(struct world *world)
{
    expect(world, "CONSTRUCT { _:x <from> <a> } { <a> <p> ?o }",
           "_: <from> <a> .\n_: <from> <a> .\n");
    expect(world, "CONSTRUCT { _:x <from> _:x . [] <is> _:x } { <a> <q> ?o }",
           "_: <from> _: .\n_: <is> _: .\n");
}

static void
triple_terms_and_reifiers_are_made(struct world *world)
{
    expect(world, "CONSTRUCT { << ?s <q> ?o >> <by> <me> } { ?s <q> ?o }",
           "_: <by> <me> .\n_: "
           "<http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
           "<<( <a> <q> <b> )>> .\n");
}

static void
a_limit_is_of_solutions(struct world *world)
{
    expect(world,
           "CONSTRUCT { ?s <r> <x>, <y> } { ?s <p> ?o } ORDER BY ?s LIMIT 1",
           "<a> <r> <x> .\n<a> <r> <y> .\n");
}

static void
descriptions_follow_blank_nodes(struct world *world)
{
    expect(world, "DESCRIBE <b>",
           "<b> <of> _: .\n"
           "<b> <p> \"2\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
           "_: <in> _: .\n_: <name> \"x\" .\n_: <name> \"y\" .\n");
    expect(world, "DESCRIBE ?x { <a> <q> ?x . ?x <p> 3 }", "");
    expect(world, "DESCRIBE * { ?s <name> \"y\" }", "_: <name> \"y\" .\n");
    expect(world, "DESCRIBE <nobody> { ?s <nothing> ?o }", "");
}

static void
a_table_is_not_made_of_them(struct world *world)
{
    struct dm_error error = {0};
    struct dm_buf lines;
    dm_buf_init(&lines, TEXT_MAX);
    CHECK_INT(
        world_ask(world, "CONSTRUCT WHERE { ?s ?p ?o }", 0, &lines, &error),
        DM_ERR_UNSUPPORTED);
    CHECK(strstr(error.what, "graph"));
    dm_buf_done(&lines);
}

static void
memory_that_runs_out_is_a_status(struct world *world)
{
    static const char query[] =
        "CONSTRUCT { _:x <of> <<( ?s <p> ?o )>> . ?s <r> ?o } { ?s <p> ?o }";
    const char *queries[] = {query, "DESCRIBE <b> ?s { ?s <q> ?o }"};
    for (size_t i = 0; i < DM_COUNT_OF(queries); ++i) {
        for (size_t n = 0;; ++n) {
            struct dm_buf lines;
            dm_buf_init(&lines, TEXT_MAX);
            dm_alloc_fail_after(n);
            const enum dm_status status =
                make_graph(world, queries[i], 0, &lines);
            dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
            dm_buf_done(&lines);
            if (status == DM_END) {
                CHECK(n > 5);
                break;
            }
            CHECK_INT(status, DM_ERR_NO_MEMORY);
        }
    }
}

int
main(void)
{
    struct world world;
    world_open(&world);
    world_load(&world, DM_SYNTAX_TRIG, data);
    world_read(&world);
    a_graph_has_each_triple_once(&world);
    what_is_no_triple_is_left_out(&world);
    blank_nodes_are_fresh_in_each_solution(&world);
    triple_terms_and_reifiers_are_made(&world);
    a_limit_is_of_solutions(&world);
    descriptions_follow_blank_nodes(&world);
    a_table_is_not_made_of_them(&world);
    memory_that_runs_out_is_a_status(&world);
    world_close(&world);
    return 0;
}
