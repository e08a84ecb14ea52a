// SPDX-License-Identifier: ISC

// Deadline, cancel flag, memory and rows bound a query in the midst of each
// operator that collects rows; a failed allocation ends it cleanly.

#include "base/alloc.h"
#include "tests/check.h"
#include "tests/sparql/world.h"

#include <string.h>

#define N_THINGS 300
#define LINES_MAX ((size_t)1 << 26U)

// One for each operator that blocks or multiplies
static const char *const heavy[] = {
    "SELECT (COUNT(*) AS ?n) { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z }",
    "SELECT * { { ?a <p> ?x } { ?b <p> ?y } { ?c <p> ?z } }",
    "SELECT ?x { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z } ORDER BY ?x",
    "SELECT DISTINCT ?x ?y ?z { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z }",
    "SELECT ?x (COUNT(DISTINCT ?z) AS ?n) { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z "
    "} GROUP BY ?x ?y",
    "SELECT (GROUP_CONCAT(?x) AS ?g) { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z }",
    "SELECT (dm:quantile(?x, 0.5) AS ?g) { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z "
    "}",
    "SELECT * { ?a <p> ?x MINUS { ?a <p> ?x . ?b <p> ?y . ?c <p> ?z "
    "FILTER(?y = ?z + 1000) } }",
    "ASK { ?a <p> ?x FILTER NOT EXISTS { ?b <p> ?y . ?c <p> ?z "
    "FILTER(?y = ?z + ?x + 1000) } FILTER(?x < 0 || EXISTS { ?d <p> ?v "
    "FILTER(?v = ?x + 1000) }) }",
    "SELECT * { ?a <p> ?x OPTIONAL { ?b <p> ?y . ?c <p> ?z "
    "FILTER(?y = ?z + 1000) } }",
};

static void
load_things(struct world *world)
{
    struct dm_buf text = {0};
    dm_buf_init(&text, (size_t)1 << 20U);
    for (int i = 0; i < N_THINGS; ++i) {
        (void)dm_buf_printf(&text, "<t%d> <p> %d .\n", i, i);
    }
    world_load(world, DM_SYNTAX_TURTLE, dm_buf_cstr(&text));
    dm_buf_done(&text);
}

static enum dm_status
ask(struct world *world, const char *query)
{
    struct dm_error error = {0};
    const enum dm_status status = world_ask(world, query, 0, NULL, &error);
    CHECK(status == DM_END || error.status == status);
    CHECK(status == DM_END || error.what[0]);
    return status;
}

static void
deadline_ends_each(struct world *world)
{
    for (size_t i = 0; i < DM_COUNT_OF(heavy); ++i) {
        // Each look at the clock takes 1 ms: after some 50 the time is over
        world->now_ns = 0;
        world->tick_ns = 1000000;
        world->work.deadline_ns = 50000000;
        CHECK_INT(ask(world, heavy[i]), DM_ERR_DEADLINE);
        world->work.deadline_ns = INT64_MAX;
        world->tick_ns = 0;
    }
}

static void
cancel_ends_each(struct world *world)
{
    for (size_t i = 0; i < DM_COUNT_OF(heavy); ++i) {
        dm_work_cancel(&world->work);
        CHECK_INT(ask(world, heavy[i]), DM_ERR_CANCELLED);
        atomic_store(&world->work.cancelled, false);
    }
}

static void
memory_ends_those_that_collect(struct world *world)
{
    static const size_t collecting[] = {2, 3, 4, 5, 6};
    const size_t limit = world->work.account.limit;
    for (size_t i = 0; i < DM_COUNT_OF(collecting); ++i) {
        const size_t used = world->work.account.used;
        world->work.account.limit = used + ((size_t)1 << 20U);
        const enum dm_status status = ask(world, heavy[collecting[i]]);
        // GROUP_CONCAT has a limit of its own
        CHECK(status == DM_ERR_NO_MEMORY || status == DM_ERR_LIMIT);
        world->work.account.limit = limit;
    }
}

static void
rows_are_limited(struct world *world)
{
    const struct dm_query_options options = {.base = dm_str(WORLD_BASE)};
    const struct dm_exec_options limited = {.dataset = &world->dataset,
                                            .max_rows = N_THINGS - 1};
    struct dm_query *query = NULL;
    struct dm_exec *exec = NULL;
    struct dm_error error = {0};
    const dm_id *row = NULL;
    int n = 0;
    CHECK_INT(dm_query_parse(dm_str("SELECT * { ?s <p> ?o }"), &options, &query,
                             &error),
              DM_OK);
    CHECK_INT(dm_exec_open(query, world->snapshot, &limited, &exec, &error),
              DM_OK);
    enum dm_status status = dm_exec_next(exec, &row, &error);
    while (status == DM_OK) {
        ++n;
        status = dm_exec_next(exec, &row, &error);
    }
    CHECK_INT(status, DM_ERR_LIMIT);
    CHECK_INT(n, N_THINGS - 1);
    CHECK_INT(dm_exec_next(exec, &row, &error), DM_END);
    dm_exec_close(exec);
    dm_query_free(query);
}

static void
order_with_limit_keeps_few(struct world *world)
{
    // 90,000 rows would need more; the best ten need little
    const size_t limit = world->work.account.limit;
    world->work.account.limit = world->work.account.used + ((size_t)1 << 20U);
    CHECK_INT(ask(world, "SELECT ?x ?y { ?a <p> ?x . ?b <p> ?y } "
                         "ORDER BY DESC(?x + ?y) ?x LIMIT 10"),
              DM_END);
    world->work.account.limit = limit;
}

// ------------------------------------------------------- failed allocations

static const char *const small[] = {
    "SELECT * { ?s <p> ?o . ?s <q> ?x OPTIONAL { ?s <r> ?y FILTER(?y > ?o) } }",
    "SELECT ?s (CONCAT(STR(?o), \"a\", UCASE(\"b\")) AS ?c) { { ?s <p> ?o } "
    "UNION { ?o <q> ?s } MINUS { ?s <r> ?o } } ORDER BY DESC(STR(?o)) LIMIT 3",
    "SELECT ?g (GROUP_CONCAT(?o) AS ?c) (MAX(?o) AS ?m) (COUNT(DISTINCT ?o) AS "
    "?n) (dm:quantile(?o, 0.5) AS ?q) { GRAPH ?g { { ?s <p> ?o } { VALUES ?o { "
    "1 2 } } } } GROUP BY ?g HAVING(COUNT(*) > 0)",
    "SELECT DISTINCT ?x { ?s <p> ?o FILTER(REGEX(STR(?o), \"[0-9]+\") && "
    "EXISTS { ?s <q> ?z MINUS { ?z <q> ?s } }) BIND(REPLACE(STR(?s), \"e\", "
    "\"f\") AS ?x) }",
    "SELECT (MD5(\"a\") AS ?a) (BNODE(\"b\") AS ?b) (UUID() AS ?c) "
    "(TRIPLE(<s>, <p>, 1.5 + 2) AS ?d) (NOW() - \"PT1M\"^^xsd:dayTimeDuration "
    "AS ?e) (IRI(\"x\") AS ?f) { }",
};

static void
failed_allocations_end_cleanly(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(small); ++i) {
        for (size_t n = 0;; ++n) {
            struct world world;
            struct dm_buf lines = {0};
            struct dm_error error = {0};
            world_open(&world);
            world_load(&world, DM_SYNTAX_TRIG,
                       "<a> <p> 1, 2 ; <q> <b> ; <r> 7 . <b> <p> 3 ; <q> <a> . "
                       "GRAPH <g> { <a> <p> 1, 2, 3 }");
            world_read(&world);
            dm_buf_init(&lines, LINES_MAX);
            CHECK(dm_buf_reserve(&lines, 65536));
            dm_alloc_fail_after(n);
            const enum dm_status status =
                world_ask(&world, small[i], 0, &lines, &error);
            dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
            dm_buf_done(&lines);
            world_close(&world);
            if (status == DM_END) {
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
    load_things(&world);
    world_read(&world);
    deadline_ends_each(&world);
    cancel_ends_each(&world);
    memory_ends_those_that_collect(&world);
    rows_are_limited(&world);
    order_with_limit_keeps_few(&world);
    world_close(&world);
    failed_allocations_end_cleanly();
    return 0;
}
