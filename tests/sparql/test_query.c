// SPDX-License-Identifier: ISC

#include "tests/check.h"
#include "tests/sparql/world.h"

#define INT(n) "\"" #n "\"^^<xsd:integer>"

static const char data[] =
    "<a> <p> 1, 2 ; <q> <b> ; <name> \"Ann\" .\n"
    "<b> <p> 2 ; <q> <c> ; <name> \"Bob\"@en .\n"
    "<c> <p> 3.5 ; <q> <c> .\n"
    "GRAPH <g1> { <a> <in> <g1> . <a> <p> 10 }\n"
    "GRAPH <g2> { <a> <in> <g1> . <b> <p> 20 }\n"
    "<e1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
    "  <<( <a> <status> <ok> )>> ; <at> 1 .\n"
    "<e2> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
    "  <<( <a> <status> <bad> )>> ; <at> 2 .\n"
    "<e3> <http://www.w3.org/1999/02/22-rdf-syntax-ns#reifies> "
    "  <<( <b> <says> <<( <a> <status> <bad> )>> )>> .\n";

static void
patterns_join(struct world *world)
{
    world_expect(
        world, "SELECT * { ?s <p> ?o }",
        "?s=<a> ?o=" INT(1) "\n?s=<a> ?o=" INT(
            2) "\n"
               "?s=<b> ?o=" INT(2) "\n"
                                   "?s=<c> ?o=\"3.5\"^^<xsd:decimal>\n");
    world_expect(world, "SELECT ?x ?z { ?x <q> ?y . ?y <q> ?z }",
                 "?x=<a> ?z=<c>\n?x=<b> ?z=<c>\n?x=<c> ?z=<c>\n");
    world_expect(world, "SELECT ?x { ?x <q> ?x }", "?x=<c>\n");
    world_expect(world, "SELECT ?x { ?x <q> [ <p> 2 ] }", "?x=<a>\n");
    world_expect(world, "ASK { <a> <q> <b> }", "yes\n");
    world_expect(world, "ASK { <a> <q> <nothing> }", "no\n");
    world_expect(world, "SELECT * { }", "\n");
}

static void
triple_terms_match(struct world *world)
{
    world_expect(world, "SELECT ?x ?t { << <a> <status> ?x ~ ?e >> <at> ?t }",
                 "?x=<ok> ?t=" INT(1) "\n?x=<bad> ?t=" INT(2) "\n");
    world_expect(world,
                 "SELECT ?who ?x { ?e rdf:reifies "
                 "<<( ?who <says> <<( ?s <status> ?x )>> )>> }",
                 "?who=<b> ?x=<bad>\n");
    world_expect(world,
                 "SELECT ?p { ?e rdf:reifies <<( ?s ?p <ok> )>> "
                 "BIND(TRIPLE(?s, ?p, <ok>) AS ?t) ?e rdf:reifies ?t "
                 "FILTER(isTRIPLE(?t) && SUBJECT(?t) = <a>) }",
                 "?p=<status>\n");
}

static void
optional_keeps_the_left(struct world *world)
{
    world_expect(world, "SELECT ?s ?n { ?s <q> ?o OPTIONAL { ?s <name> ?n } }",
                 "?s=<a> ?n=\"Ann\"\n?s=<b> ?n=\"Bob\"@en\n?s=<c>\n");
    // The filter of OPTIONAL sees the left side, one in a group of its own does
    // not (trap 3)
    world_expect(world,
                 "SELECT ?s ?n { ?s <p> ?o OPTIONAL { ?s <name> ?n "
                 "FILTER(?o = 1) } }",
                 "?s=<a> ?n=\"Ann\"\n?s=<a>\n?s=<b>\n?s=<c>\n");
    world_expect(world,
                 "SELECT ?s ?n { ?s <p> ?o OPTIONAL { { ?s <name> ?n "
                 "FILTER(?o = 1) } } }",
                 "?s=<a>\n?s=<a>\n?s=<b>\n?s=<c>\n");
    // Unbound is compatible with everything (trap 1)
    world_expect(world,
                 "SELECT ?s ?n { { ?s <q> ?o OPTIONAL { ?s <name> ?n } } "
                 "{ VALUES ?n { \"Ann\" } } }",
                 "?s=<a> ?n=\"Ann\"\n?s=<c> ?n=\"Ann\"\n");
}

static void
groups_do_not_see_outside(struct world *world)
{
    // Trap 4
    world_expect(world, "SELECT ?s { ?s <q> <b> { FILTER(BOUND(?s)) } }", "");
    world_expect(world, "SELECT ?x { BIND(1 AS ?y) { BIND(?y AS ?x) } }", "\n");
    world_expect(world,
                 "SELECT ?s { VALUES ?v { 1 } { ?s <q> <b> "
                 "OPTIONAL { ?s <name> ?n FILTER(?v = 1) } } "
                 "FILTER(!BOUND(?n)) }",
                 "?s=<a>\n");
}

static void
minus_needs_a_shared_variable(struct world *world)
{
    // Trap 5
    world_expect(world, "SELECT ?s { ?s <q> ?o MINUS { ?s <name> ?n } }",
                 "?s=<c>\n");
    world_expect(world, "SELECT ?s { ?s <q> ?o MINUS { ?x <name> ?n } }",
                 "?s=<a>\n?s=<b>\n?s=<c>\n");
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o MINUS { OPTIONAL { ?s <name> ?n "
                 "FILTER(false) } } }",
                 "?s=<a>\n?s=<b>\n?s=<c>\n");
    world_expect(world,
                 "SELECT ?g ?s { GRAPH ?g { ?s <p> ?o } "
                 "MINUS { VALUES ?g { <g1> } } }",
                 "?g=<g2> ?s=<b>\n");
}

static void
exists_substitutes(struct world *world)
{
    // Trap 17
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o FILTER EXISTS { ?s <name> ?n } }",
                 "?s=<a>\n?s=<b>\n");
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o FILTER NOT EXISTS { ?x <p> ?v "
                 "FILTER(?x = ?s && ?v = 2) } }",
                 "?s=<c>\n");
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o FILTER EXISTS { ?x <p> ?v "
                 "MINUS { ?x <p> ?v FILTER(?x = ?s) } } }",
                 "?s=<a>\n?s=<b>\n?s=<c>\n");
    // With ?s in its place the two sides share nothing but ?n
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o FILTER EXISTS { ?s <p> ?v "
                 "MINUS { ?s <name> ?n } } }",
                 "?s=<a>\n?s=<b>\n?s=<c>\n");
    world_expect(world,
                 "SELECT ?s { ?s <q> ?o FILTER EXISTS { SELECT ?s (COUNT(*) AS "
                 "?n) { ?s <p> ?v } GROUP BY ?s HAVING(COUNT(*) > 1) } }",
                 "?s=<a>\n");
}

static void
graphs_are_chosen(struct world *world)
{
    world_expect(world, "SELECT ?g ?o { GRAPH ?g { <a> <p> ?o } }",
                 "?g=<g1> ?o=" INT(10) "\n");
    world_expect(world, "SELECT ?g { GRAPH ?g { } }", "?g=<g1>\n?g=<g2>\n");
    world_expect(world, "SELECT ?g { GRAPH ?g { ?s <in> ?g } }", "?g=<g1>\n");
    world_expect(world,
                 "SELECT ?g ?x { GRAPH ?g { ?s <in> ?o OPTIONAL { <b> <p> ?x "
                 "} } }",
                 "?g=<g1>\n?g=<g2> ?x=" INT(20) "\n");
    world_expect(world, "ASK { GRAPH <nowhere> { } }", "no\n");
    world_expect(world, "ASK { GRAPH <g1> { } }", "yes\n");
    // FROM merges: each triple once (trap 14)
    world_expect(world, "SELECT * FROM <g1> FROM <g2> { ?s <in> ?o }",
                 "?s=<a> ?o=<g1>\n");
    world_expect(world, "SELECT ?g FROM NAMED <g2> { GRAPH ?g { ?s <in> ?o } }",
                 "?g=<g2>\n");
    world_expect(world, "SELECT * FROM NAMED <g2> { ?s <q> ?o }", "");
}

static void
values_and_binds_have_one_id(struct world *world)
{
    // Traps 12 and 13
    world_expect(world, "SELECT * { VALUES ?s { <a> <new> } ?s <q> ?o }",
                 "?s=<a> ?o=<b>\n");
    world_expect(world,
                 "SELECT * { VALUES (?x ?y) { (<new> UNDEF) (UNDEF 1) } }",
                 "?x=<new>\n?y=" INT(1) "\n");
    world_expect(world,
                 "SELECT DISTINCT ?x { { BIND(1 + 1 AS ?x) } UNION "
                 "{ <b> <p> ?x } UNION { BIND(CONCAT(\"n\", \"ew\") AS ?x) } "
                 "UNION { VALUES ?x { \"new\" } } }",
                 "?x=" INT(2) "\n?x=\"new\"\n");
    world_expect(world,
                 "SELECT ?s { ?s <p> ?o BIND(4 - 2 AS ?o2) "
                 "FILTER(sameTerm(?o, ?o2)) }",
                 "?s=<a>\n?s=<b>\n");
    world_expect(world, "SELECT ?x { BIND(1/0 AS ?x) }", "\n");
}

static void
aggregates_group(struct world *world)
{
    // Trap 9
    world_expect(
        world,
        "SELECT ?s (COUNT(*) AS ?n) (SUM(?o) AS ?sum) { ?s <p> ?o } "
        "GROUP BY ?s",
        "?s=<a> ?n=" INT(2) " ?sum=" INT(
            3) "\n"
               "?s=<b> ?n=" INT(1) " ?sum=" INT(
                   2) "\n"
                      "?s=<c> ?n=" INT(1) " ?sum=\"3.5\"^^<xsd:decimal>\n");
    world_expect(world,
                 "SELECT (COUNT(*) AS ?n) (SUM(?x) AS ?s) (AVG(?x) AS "
                 "?a) (MIN(?x) AS ?m) (GROUP_CONCAT(?x) AS ?c) "
                 "{ <no> <no> ?x }",
                 "?n=" INT(0) " ?s=" INT(0) " ?a=" INT(0) " ?c=\"\"\n");
    world_expect(world, "SELECT (COUNT(*) AS ?n) { <no> <no> ?x } GROUP BY ?x",
                 "");
    world_expect(world,
                 "SELECT (SUM(?o) AS ?s) (COUNT(?o) AS ?c) (MAX(?o) AS ?m) "
                 "{ { ?x <p> ?o } UNION { ?x <name> ?o } }",
                 "?c=" INT(6) " ?m=\"Bob\"@en\n");
    world_expect(world,
                 "SELECT (COUNT(DISTINCT ?o) AS ?n) (COUNT(DISTINCT *) AS ?r) "
                 "(SUM(DISTINCT ?o) AS ?s) { ?x <p> ?o }",
                 "?n=" INT(3) " ?r=" INT(4) " ?s=\"6.5\"^^<xsd:decimal>\n");
    world_expect(world,
                 "SELECT (GROUP_CONCAT(?n; separator=\"|\") AS ?c) { SELECT ?n "
                 "{ ?x <name> ?n } ORDER BY ?n }",
                 "?c=\"Ann|Bob\"\n");
    world_expect(world,
                 "SELECT ?y (AVG(?o) AS ?a) { ?s <p> ?o } GROUP BY "
                 "(?s = <a> AS ?y) HAVING (COUNT(*) > 1) ORDER BY AVG(?o)",
                 "?y=\"true\"^^<xsd:boolean> ?a=\"1.5\"^^<xsd:decimal>\n"
                 "?y=\"false\"^^<xsd:boolean> ?a=\"2.75\"^^<xsd:decimal>\n");
    world_expect(world,
                 "SELECT (dm:quantile(?o, 0.5) AS ?m) "
                 "(dm:quantile(?o, 1) AS ?x) { ?s <p> ?o }",
                 "?m=" INT(2) " ?x=\"3.5\"^^<xsd:decimal>\n");
}

static void
rows_are_ordered_and_cut(struct world *world)
{
    // Trap 10: unbound, blank node, IRI, literal; numbers across types
    world_expect_ordered(
        world,
        "SELECT ?x { VALUES ?x { 3 <i> 2.5 \"10\" UNDEF 1e0 \"9\" } } "
        "ORDER BY ?x",
        "\n?x=<i>\n?x=\"1e0\"^^<xsd:double>\n?x=\"2.5\"^^<xsd:decimal>\n"
        "?x=" INT(3) "\n?x=\"10\"\n?x=\"9\"\n");
    world_expect_ordered(world,
                         "SELECT ?s ?o { ?s <p> ?o } ORDER BY DESC(?o) ?s "
                         "LIMIT 2 OFFSET 1",
                         "?s=<a> ?o=" INT(2) "\n?s=<b> ?o=" INT(2) "\n");
    world_expect(world, "SELECT DISTINCT ?o { ?s <q> ?o }", "?o=<b>\n?o=<c>\n");
    world_expect(world, "SELECT ?s { ?s <q> ?o } LIMIT 0", "");
}

static void
bnodes_are_one_a_solution(struct world *world)
{
    // Trap 16
    world_expect(world,
                 "SELECT ?s ?same ?other { ?s <q> <c> BIND(BNODE(\"l\") AS ?x) "
                 "BIND(BNODE(\"l\") AS ?y) BIND(BNODE() AS ?z) "
                 "BIND(?x = ?y AS ?same) BIND(?x = ?z AS ?other) }",
                 "?s=<b> ?same=\"true\"^^<xsd:boolean> "
                 "?other=\"false\"^^<xsd:boolean>\n"
                 "?s=<c> ?same=\"true\"^^<xsd:boolean> "
                 "?other=\"false\"^^<xsd:boolean>\n");
    world_expect(
        world,
        "SELECT (COUNT(DISTINCT ?x) AS ?n) (MIN(?t) AS ?at) { ?s <p> "
        "?o BIND(BNODE(\"l\") AS ?x) BIND(NOW() AS ?t) }",
        "?n=" INT(4) " ?at=\"2026-11-24T16:10:00.000Z\"^^<xsd:dateTime>\n");
}

static void
filters_of_many_kinds(struct world *world)
{
    world_expect(world, "SELECT ?s { ?s <p> ?o FILTER(?o IN (1, 3.5)) }",
                 "?s=<a>\n?s=<c>\n");
    world_expect(world, "SELECT ?s { ?s <p> ?o FILTER(?o > 1 && ?o < 3) }",
                 "?s=<a>\n?s=<b>\n");
    world_expect(world,
                 "SELECT ?n { ?s <name> ?n FILTER(REGEX(?n, \"^b\", \"i\") && "
                 "LANG(?n) = \"en\") }",
                 "?n=\"Bob\"@en\n");
    world_expect(world, "SELECT ?s { ?s <p> ?o FILTER(?o = \"x\" || ?o = 1) }",
                 "?s=<a>\n");
}

int
main(void)
{
    struct world world;
    world_open(&world);
    world_load(&world, DM_SYNTAX_TRIG, data);
    world_read(&world);
    patterns_join(&world);
    triple_terms_match(&world);
    optional_keeps_the_left(&world);
    groups_do_not_see_outside(&world);
    minus_needs_a_shared_variable(&world);
    exists_substitutes(&world);
    graphs_are_chosen(&world);
    values_and_binds_have_one_id(&world);
    aggregates_group(&world);
    rows_are_ordered_and_cut(&world);
    bnodes_are_one_a_solution(&world);
    filters_of_many_kinds(&world);
    world_close(&world);
    return 0;
}
