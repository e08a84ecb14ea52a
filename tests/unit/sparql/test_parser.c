// SPDX-License-Identifier: ISC

#include "sparql/query.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "tests/check.h"

#include <string.h>

#define TEXT_MAX ((size_t)1 << 22U)

static const struct dm_prefix prefixes[] = {
    {DM_STR(""), DM_STR("http://e/")},
    {DM_STR("dm"), DM_STR("https://w3id.org/demonitor#")},
    {DM_STR("rdf"), DM_STR(DM_RDF_NS)},
    {DM_STR("xsd"), DM_STR(DM_XSD_NS)},
};

static enum dm_status
parse(struct dm_str text, struct dm_query **ret, struct dm_error *error)
{
    const struct dm_query_options options = {
        .base = DM_STR("http://example/base/"),
        .prefixes = prefixes,
        .n_prefixes = DM_COUNT_OF(prefixes),
        .name = DM_STR("query"),
    };
    return dm_query_parse(text, &options, ret, error);
}

// Long IRIs as names, so that what is wanted stays readable
static void
put_short(struct dm_str text, struct dm_buf *buf)
{
    static const struct {
        struct dm_str iri;
        const char *name;
    } names[] = {
        {DM_STR(DM_XSD_NS), "xsd:"},
        {DM_STR(DM_RDF_NS), "rdf:"},
        {DM_STR("https://w3id.org/demonitor#"), "dm:"},
        {DM_STR("http://e/"), "e:"},
        {DM_STR("http://example/base/"), "base:"},
    };
    size_t i = 0;
    while (i < text.n) {
        const struct dm_str rest = dm_str_slice(text, i, text.n);
        size_t k = 0;
        while (k < DM_COUNT_OF(names) && !dm_str_starts(rest, names[k].iri)) {
            ++k;
        }
        if (k < DM_COUNT_OF(names)) {
            (void)dm_buf_puts(buf, names[k].name);
            i += names[k].iri.n;
        } else {
            (void)dm_buf_putc(buf, text.data[i++]);
        }
    }
}

static const struct {
    const char *name;
    const char *query;
    const char *algebra;
} golden[] = {
    {"filters_hold_to_the_end_of_their_group",
     "SELECT * { FILTER(?v < 3) ?s :p ?v OPTIONAL { ?s :q ?w "
     "} FILTER(?w) }",
     "Select ?v ?s ?w\n"
     "Project ?v ?s ?w\n"
     "  Filter (&& (< ?v \"3\"^^<xsd:integer>) ?w)\n"
     "    LeftJoin\n"
     "      BGP\n"
     "        ?s <e:p> ?v\n"
     "      BGP\n"
     "        ?s <e:q> ?w\n"},
    {"a_filter_of_optional_sees_both_sides",
     "SELECT ?s { ?s :p ?v OPTIONAL { ?s :q ?w FILTER(?w > "
     "?v) } }",
     "Select ?s\n"
     "Project ?s\n"
     "  LeftJoin (> ?w ?v)\n"
     "    BGP\n"
     "      ?s <e:p> ?v\n"
     "    BGP\n"
     "      ?s <e:q> ?w\n"},
    {"a_filter_in_a_group_in_optional_sees_its_own",
     "SELECT ?s { ?s :p ?v OPTIONAL { { ?s :q ?w FILTER(?w > "
     "?v) } } }",
     "Select ?s\n"
     "Project ?s\n"
     "  LeftJoin\n"
     "    BGP\n"
     "      ?s <e:p> ?v\n"
     "    Filter (> ?w ?v)\n"
     "      BGP\n"
     "        ?s <e:q> ?w\n"},
    {"adjacent_basic_patterns_are_one",
     "SELECT * { ?a :p ?b . FILTER(?b) ?b :q ?c { ?c :r ?d } }",
     "Select ?a ?b ?c ?d\n"
     "Project ?a ?b ?c ?d\n"
     "  Filter ?b\n"
     "    BGP\n"
     "      ?a <e:p> ?b\n"
     "      ?b <e:q> ?c\n"
     "      ?c <e:r> ?d\n"},
    {"bind_ends_a_basic_pattern",
     "SELECT * { ?a :p ?b BIND(?b AS ?c) ?c :q ?d }",
     "Select ?a ?b ?c ?d\n"
     "Project ?a ?b ?c ?d\n"
     "  Join\n"
     "    Extend ?c = ?b\n"
     "      BGP\n"
     "        ?a <e:p> ?b\n"
     "    BGP\n"
     "      ?c <e:q> ?d\n"},
    {"minus_takes_from_what_is_before",
     "SELECT * { ?a :p ?b MINUS { ?a :q ?z } ?a :r ?c }",
     "Select ?a ?b ?c\n"
     "Project ?a ?b ?c\n"
     "  Join\n"
     "    Minus\n"
     "      BGP\n"
     "        ?a <e:p> ?b\n"
     "      BGP\n"
     "        ?a <e:q> ?z\n"
     "    BGP\n"
     "      ?a <e:r> ?c\n"},
    {"names_that_a_sub_select_hides_are_others",
     "SELECT * { ?a :p ?b { SELECT ?a { ?a :q ?b } LIMIT 2 } }",
     "Select ?a ?b\n"
     "Project ?a ?b\n"
     "  Join\n"
     "    BGP\n"
     "      ?a <e:p> ?b\n"
     "    Slice limit 2\n"
     "      Project ?a\n"
     "        BGP\n"
     "          ?a <e:q> ?b/2\n"},
    {"star_in_a_sub_select_shares_its_names",
     "SELECT * { ?a :p ?b { SELECT * { ?a :q ?b } OFFSET 1 } }",
     "Select ?a ?b\n"
     "Project ?a ?b\n"
     "  Join\n"
     "    BGP\n"
     "      ?a <e:p> ?b\n"
     "    Slice offset 1\n"
     "      Project ?a ?b\n"
     "        BGP\n"
     "          ?a <e:q> ?b\n"},
    {"values_inside_and_behind",
     "SELECT * { VALUES (?a ?b) { (1 UNDEF) (:x \"y\"@en--ltr) "
     "} } VALUES ?c { <<( :s a 1.5 )>> }",
     "Select ?a ?b ?c\n"
     "Project ?a ?b ?c\n"
     "  Join\n"
     "    Values ?a ?b\n"
     "      (\"1\"^^<xsd:integer> UNDEF)\n"
     "      (<e:x> \"y\"@en--ltr)\n"
     "    Values ?c\n"
     "      (<<( <e:s> <rdf:type> \"1.5\"^^<xsd:decimal> )>>)\n"},
    {"groups_have_keys_and_aggregates",
     "SELECT ?s (SUM(?v) / COUNT(*) AS ?m) { ?s :p ?v } GROUP "
     "BY ?s (STR(?v) AS ?k) HAVING (MAX(?v) > 1) ORDER BY "
     "DESC(?m) ?k",
     "Select ?s ?m\n"
     "Project ?s ?m\n"
     "  OrderBy DESC ?m ?k\n"
     "    Extend ?m = (/ aggregate 1 aggregate 2)\n"
     "      Filter (> aggregate 0 \"1\"^^<xsd:integer>)\n"
     "        Group (?s AS ?s) ((STR ?v) AS ?k) (MAX ?v) (SUM ?v) (COUNT *)\n"
     "          BGP\n"
     "            ?s <e:p> ?v\n"},
    {"aggregates_alone_make_one_group",
     "SELECT (GROUP_CONCAT(DISTINCT ?v ; SEPARATOR = \",\") AS "
     "?all) { ?s :p ?v }",
     "Select ?all\n"
     "Project ?all\n"
     "  Extend ?all = aggregate 0\n"
     "    Group (GROUP_CONCAT DISTINCT ?v \",\")\n"
     "      BGP\n"
     "        ?s <e:p> ?v\n"},
    {"what_having_does_not_group_is_sampled",
     "SELECT ?s { ?s :p ?v } GROUP BY ?s HAVING (?v > 1)",
     "Select ?s\n"
     "Project ?s\n"
     "  Filter (> aggregate 0 \"1\"^^<xsd:integer>)\n"
     "    Group (?s AS ?s) (SAMPLE ?v)\n"
     "      BGP\n"
     "        ?s <e:p> ?v\n"},
    {"modifiers_stand_in_their_order",
     "SELECT DISTINCT ?s { ?s :p ?v } ORDER BY ?v LIMIT 3 "
     "OFFSET 2",
     "Select ?s\n"
     "Slice offset 2 limit 3\n"
     "  Distinct\n"
     "    Project ?s\n"
     "      OrderBy ?v\n"
     "        BGP\n"
     "          ?s <e:p> ?v\n"},
    {"lists_and_blank_nodes_are_variables",
     "SELECT * { [ :p (1 ?x) ] :q _:a . _:a :r [] }",
     "Select ?x\n"
     "Project ?x\n"
     "  BGP\n"
     "    ?/0 <rdf:first> \"1\"^^<xsd:integer>\n"
     "    ?/0 <rdf:rest> ?/1\n"
     "    ?/1 <rdf:first> ?x\n"
     "    ?/1 <rdf:rest> <rdf:nil>\n"
     "    ?/3 <e:p> ?/0\n"
     "    ?/3 <e:q> ?/4\n"
     "    ?/4 <e:r> ?/5\n"},
    {"reified_triples_are_patterns",
     "SELECT * { << ?c dm:status dm:critical >> dm:at ?t . ?s "
     ":p ?o ~ ?r {| :q 1 |} {| :q 2 |} }",
     "Select ?c ?t ?s ?o ?r\n"
     "Project ?c ?t ?s ?o ?r\n"
     "  BGP\n"
     "    ?/0 <rdf:reifies> <<( ?c <dm:status> <dm:critical> )>>\n"
     "    ?/0 <dm:at> ?t\n"
     "    ?s <e:p> ?o\n"
     "    ?r <rdf:reifies> <<( ?s <e:p> ?o )>>\n"
     "    ?r <e:q> \"1\"^^<xsd:integer>\n"
     "    ?/6 <rdf:reifies> <<( ?s <e:p> ?o )>>\n"
     "    ?/6 <e:q> \"2\"^^<xsd:integer>\n"},
    {"a_triple_term_with_variables_is_a_slot",
     "SELECT * { ?r rdf:reifies <<( ?s :p <<( :a :b 2 )>> )>> "
     "}",
     "Select ?r ?s\n"
     "Project ?r ?s\n"
     "  BGP\n"
     "    ?r <rdf:reifies> <<( ?s <e:p> <<( <e:a> <e:b> \"2\"^^<xsd:integer> "
     ")>> )>>\n"},
    {"plain_paths_are_triples", "SELECT * { ?a :p/^:q ?b . ?c ^(:r/:s) ?d }",
     "Select ?a ?b ?d ?c\n"
     "Project ?a ?b ?d ?c\n"
     "  BGP\n"
     "    ?a <e:p> ?/1\n"
     "    ?b <e:q> ?/1\n"
     "    ?d <e:r> ?/4\n"
     "    ?/4 <e:s> ?c\n"},
    {"paths_keep_their_tree", "SELECT * { ?a (:p|^:q)*/!(:r|^a) ?b ; :s ?c }",
     "Select ?a ?c ?b\n"
     "Project ?a ?c ?b\n"
     "  Join\n"
     "    Join\n"
     "      BGP\n"
     "        ?a <e:s> ?c\n"
     "      Path ?a (* (| <e:p> (^ <e:q>))) ?/2\n"
     "    Path ?/2 (| (! <e:r>) (^ (! <rdf:type>))) ?b\n"},
    {"unions_graphs_and_services",
     "SELECT * { { ?a :p 1 } UNION { GRAPH ?g { ?a :q 2 } } "
     "UNION { SERVICE SILENT :e { ?a :r 3 } } }",
     "Select ?a ?g\n"
     "Project ?a ?g\n"
     "  Union\n"
     "    Union\n"
     "      BGP\n"
     "        ?a <e:p> \"1\"^^<xsd:integer>\n"
     "      Graph ?g\n"
     "        BGP\n"
     "          ?a <e:q> \"2\"^^<xsd:integer>\n"
     "    Service silent <e:e>\n"
     "      BGP\n"
     "        ?a <e:r> \"3\"^^<xsd:integer>\n"},
    {"chains_are_one_call",
     "ASK { FILTER(?a || ?b || ?c && ?d && !?e IN (1, ?f)) }",
     "Ask\n"
     "Filter (|| ?a ?b (&& ?c ?d (IN (! ?e) \"1\"^^<xsd:integer> ?f)))\n"
     "  Unit\n"},
    {"signed_numbers_are_added", "ASK { FILTER(?a-1*2 +3 = -1) }",
     "Ask\n"
     "Filter (= (+ (- ?a (* \"1\"^^<xsd:integer> \"2\"^^<xsd:integer>)) "
     "\"3\"^^<xsd:integer>) \"-1\"^^<xsd:integer>)\n"
     "  Unit\n"},
    {"exists_shares_names",
     "ASK { ?a :p ?b FILTER NOT EXISTS { ?a :q ?c FILTER(?c = "
     "?b) } }",
     "Ask\n"
     "Filter (! (EXISTS\n"
     "    Filter (= ?c ?b)\n"
     "      BGP\n"
     "        ?a <e:q> ?c\n"
     "))\n"
     "  BGP\n"
     "    ?a <e:p> ?b\n"},
    {"construct_needs_what_its_template_has",
     "CONSTRUCT { ?s :p _:b . _:b :q [] } { ?s :p ?o . ?o :r "
     "?z }",
     "Construct ?s\n"
     "  ?s <e:p> _:b1\n"
     "  _:b1 <e:q> _:b2\n"
     "BGP\n"
     "  ?s <e:p> ?o\n"
     "  ?o <e:r> ?z\n"},
    {"construct_where_is_both", "CONSTRUCT WHERE { ?s :p _:b . _:b :q ?o }",
     "Construct ?s ?o\n"
     "  ?s <e:p> _:b1\n"
     "  _:b1 <e:q> ?o\n"
     "BGP\n"
     "  ?s <e:p> ?/1\n"
     "  ?/1 <e:q> ?o\n"},
    {"describe_takes_terms_and_variables", "DESCRIBE :a ?b { ?b :p ?c }",
     "Describe <e:a> ?b\n"
     "BGP\n"
     "  ?b <e:p> ?c\n"},
    {"datasets_are_named",
     "SELECT ?a FROM :g FROM NAMED :h FROM NAMED <rel> { ?a "
     ":p ?a }",
     "Select ?a\n"
     "From <e:g>\n"
     "FromNamed <e:h>\n"
     "FromNamed <base:rel>\n"
     "Project ?a\n"
     "  BGP\n"
     "    ?a <e:p> ?a\n"},
    {"functions_by_iri_and_quantiles",
     "SELECT (dm:quantile(xsd:double(?v), 0.95) AS ?q) { ?s "
     ":p ?v }",
     "Select ?q\n"
     "Project ?q\n"
     "  Extend ?q = aggregate 0\n"
     "    Group (dm:quantile (<xsd:double> ?v) 0.95)\n"
     "      BGP\n"
     "        ?s <e:p> ?v\n"},
};

static void
queries_become_the_algebra_of_section_18_2(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(golden); ++i) {
        struct dm_query *query = NULL;
        struct dm_error error = {0};
        struct dm_buf printed;
        struct dm_buf shortened;
        dm_buf_init(&printed, TEXT_MAX);
        dm_buf_init(&shortened, TEXT_MAX);
        const enum dm_status status =
            parse(dm_str(golden[i].query), &query, &error);
        if (status) {
            (void)fprintf(stderr, "%s: %s\n", golden[i].name, error.what);
        }
        CHECK(!status);
        dm_query_print(query, &printed);
        put_short(dm_buf_str(&printed), &shortened);
        if (strcmp(dm_buf_cstr(&shortened), golden[i].algebra) != 0) {
            (void)fprintf(stderr, "%s:\n%s", golden[i].name,
                          dm_buf_cstr(&shortened));
        }
        CHECK(!strcmp(dm_buf_cstr(&shortened), golden[i].algebra));
        dm_buf_done(&printed);
        dm_buf_done(&shortened);
        dm_query_free(query);
    }
}

static const struct {
    const char *query;
    const char *error;
} wrong[] = {
    {"SELEKT * { }", "query:1:1: error: expected PREFIX, BASE, SELECT, ASK, "
                     "CONSTRUCT or DESCRIBE: found 'SELEKT'. Did you mean "
                     "SELECT?"},
    {"SELECT * { ?s ?p }",
     "query:1:18: error: expected a variable or a term: found '}'"},
    {"SELECT *\n{ ?s :p ?o", "query:2:11: error: expected a pattern or '}': "
                             "found the end of the query"},
    {"SELECT * { ?s :p ?o ?s :q ?o }",
     "query:1:21: error: expected ';', '.' or '}': found '?s'"},
    {"SELECT * { ?s foaf:name ?o }",
     "query:1:15: error: the prefix 'foaf:' is not declared. Begin the query "
     "with PREFIX foaf: <…>"},
    {"SELECT * { ?s rfd:type ?o }", "query:1:15: error: the prefix 'rfd:' is "
                                    "not declared. Did you mean rdf:?"},
    {"SELECT * { ?s :p ?o FILTER(STRLEN(?o, 2)) }",
     "query:1:28: error: STRLEN takes 1 argument, not 2"},
    {"SELECT * { ?s :p ?o FILTER(REGEX(?o)) }",
     "query:1:28: error: REGEX takes at least 2 arguments, not 1"},
    {"SELECT * { ?s :p \"é\", \"\\q\" }",
     "query:1:24: error: there is no such escape. A backslash is written "
     "twice: \\\\"},
    {"SELECT * { ?s :p ?o } GROUP BY ?s",
     "query:1:1: error: SELECT * cannot be with GROUP BY or aggregates"},
    {"SELECT ?o { ?s :p ?o } GROUP BY ?s",
     "query:1:8: error: ?o is neither grouped by nor aggregated"},
    {"SELECT (STR(?o) AS ?x) { ?s :p ?o } GROUP BY ?s",
     "query:1:13: error: ?o is neither grouped by nor aggregated"},
    {"SELECT (1 AS ?s) { ?s :p ?o }",
     "query:1:14: error: AS cannot set ?s: it is in use already"},
    {"SELECT (1 AS ?a) (2 AS ?a) { }",
     "query:1:24: error: AS cannot set ?a: it is in use already"},
    {"SELECT * { ?s :p ?o BIND(1 AS ?o) }",
     "query:1:31: error: BIND cannot set ?o: the group has it already"},
    {"SELECT * { ?s :p ?o FILTER(COUNT(?o) > 1) }",
     "query:1:28: error: an aggregate can only be in SELECT, HAVING and ORDER "
     "BY"},
    {"SELECT (SUM(COUNT(?o)) AS ?x) { ?s :p ?o }",
     "query:1:13: error: an aggregate cannot be inside another one"},
    {"SELECT * { _:a :p ?b OPTIONAL { _:a :q ?c } }",
     "query:1:33: error: the blank node _:a is in two basic graph patterns"},
    {"SELECT * { VALUES (?a ?b) { (1) } }",
     "query:1:29: error: a row of VALUES has 1 values for 2 variables"},
    {"SELECT * { VALUES (?a ?a) { } }",
     "query:1:23: error: VALUES has ?a twice"},
    {"SELECT * { ?s :p+ ?o ~ :r }",
     "query:1:22: error: what is reified needs a plain property, not a path"},
    {"SELECT * { ?s < http://x > ?o }",
     "query:1:15: error: expected a property: a variable, an IRI or 'a': found "
     "'<'. An IRI has no spaces between < and >"},
    {"SELECT * { } LIMIT -1",
     "query:1:20: error: expected a whole number: found '-1'"},
    {"ASK { FILTER(dm:quantile(?a, 2) > 1) }",
     "query:1:14: error: an aggregate can only be in SELECT, HAVING and ORDER "
     "BY"},
    {"SELECT (dm:quantile(?a, 2) AS ?q) { }",
     "query:1:9: error: dm:quantile takes a value and a share from 0 to 1, as "
     "dm:quantile(?seconds, 0.95)"},
    {"SELECT (:mine(DISTINCT ?a) AS ?x) { }",
     "query:1:9: error: not supported yet: the aggregate <http://e/mine>"},
    {"ASK { } ASK", "query:1:9: error: expected the end of the query: found "
                    "'ASK'"},
    {"ASK { \xFF }", "query: error: the query is not UTF-8"},
};

static void
errors_say_where_and_what_would_be_right(void)
{
    for (size_t i = 0; i < DM_COUNT_OF(wrong); ++i) {
        struct dm_query *query = NULL;
        struct dm_error error = {0};
        struct dm_buf printed;
        dm_buf_init(&printed, TEXT_MAX);
        CHECK(parse(dm_str(wrong[i].query), &query, &error));
        dm_error_print(&error, &printed);
        if (strcmp(dm_buf_cstr(&printed), wrong[i].error) != 0) {
            (void)fprintf(stderr, "%s\n%s\n", wrong[i].query,
                          dm_buf_cstr(&printed));
        }
        CHECK(!strcmp(dm_buf_cstr(&printed), wrong[i].error));
        dm_buf_done(&printed);
    }
}

// `head`, then `n` times `part`, then `middle`, then `n` times `tail`
static enum dm_status
parse_repeated(const char *head, const char *part, const char *middle,
               const char *tail, size_t n)
{
    struct dm_buf text;
    dm_buf_init(&text, TEXT_MAX);
    (void)dm_buf_puts(&text, head);
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_puts(&text, part);
    }
    (void)dm_buf_puts(&text, middle);
    for (size_t i = 0; i < n; ++i) {
        (void)dm_buf_puts(&text, tail);
    }
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const enum dm_status status = parse(dm_buf_str(&text), &query, &error);
    CHECK(!status || error.what[0]);
    if (!status) {
        dm_query_free(query);
    }
    dm_buf_done(&text);
    return status;
}

static void
nesting_is_bounded(void)
{
    CHECK(!parse_repeated("ASK ", "{", "", "}", 100));
    CHECK_INT(parse_repeated("ASK ", "{", "", "}", 101), DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { FILTER", "(", "1", ")", 3000),
              DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { ?s :p ", "[ :p ", "1", " ]", 3000),
              DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { ?s ", "(", ":p", ")", 3000), DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { FILTER(", "!", "1", "", 3000),
              DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { ?s :p ", "<<( :s :p ", ":o", " )>>", 17),
              DM_ERR_LIMIT);
}

static void
chains_are_bounded_like_nesting(void)
{
    CHECK(!parse_repeated("ASK { FILTER(1", "+1", ")}", "", 900));
    CHECK_INT(parse_repeated("ASK { FILTER(1", "+1", ")}", "", 3000),
              DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK { ?s :p", "/:p", " ?o }", "", 3000),
              DM_ERR_LIMIT);
    CHECK_INT(parse_repeated("ASK {", "OPTIONAL{}", "}", "", 3000),
              DM_ERR_LIMIT);
    CHECK(!parse_repeated("ASK ", "{OPTIONAL{FILTER(EXISTS", "{}", ")}}", 33));
    CHECK_INT(
        parse_repeated("ASK ", "{OPTIONAL{FILTER(EXISTS", "{}", ")}}", 34),
        DM_ERR_LIMIT);
    // What is one call or one pattern is not deep
    CHECK(!parse_repeated("ASK { FILTER(?a", "||?a", ")}", "", 3000));
    CHECK(!parse_repeated("ASK {", "{?s :p 1}", "}", "", 3000));
}

static void
size_is_bounded(void)
{
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const struct dm_query_options options = {.max_text = 10};
    CHECK_INT(dm_query_parse(dm_str("SELECT * { }"), &options, &query, &error),
              DM_ERR_LIMIT);
    const struct dm_query_options little = {.max_memory = 2048};
    CHECK_INT(dm_query_parse(dm_str("SELECT * { ?a ?b ?c . ?d ?e ?f }"),
                             &little, &query, &error),
              DM_ERR_NO_MEMORY);
    CHECK_INT(parse_repeated("ASK { ?s ?p ", "[],", "[] }", "", 5000),
              DM_ERR_LIMIT);
}

static void
a_relative_iri_needs_a_base(void)
{
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const struct dm_query_options options = {.name = DM_STR("query")};
    CHECK_INT(
        dm_query_parse(dm_str("ASK { <a> ?p ?o }"), &options, &query, &error),
        DM_ERR_SYNTAX);
    CHECK_INT(error.column, 7);
    CHECK(!dm_query_parse(dm_str("BASE <http://x/> ASK { <a> ?p ?o }"),
                          &options, &query, &error));
    CHECK(dm_str_is(query->base, "http://x/"));
    CHECK(dm_str_is(query->pattern->patterns[0].s.term.value, "http://x/a"));
    dm_query_free(query);
}

static void
our_prefixes_may_be_declared_anew(void)
{
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const struct dm_query_options options = {.prefixes = dm_query_prefixes,
                                             .n_prefixes = dm_n_query_prefixes};
    CHECK(!dm_query_parse(dm_str("ASK { :s dm:p rdfs:o }"), &options, &query,
                          &error));
    CHECK(dm_str_is(query->pattern->patterns[0].s.term.value,
                    "https://w3id.org/demonitor#s"));
    dm_query_free(query);
    CHECK(!dm_query_parse(dm_str("PREFIX : <http://y/> ASK { :s dm:p 1 }"),
                          &options, &query, &error));
    CHECK(dm_str_is(query->pattern->patterns[0].s.term.value, "http://y/s"));
    dm_query_free(query);
}

// Whichever allocation fails, the query is refused and nothing is left.
static void
memory_that_runs_out_is_a_status(void)
{
    static const char text[] =
        "PREFIX x: <y#> SELECT ?s (SUM(?v) AS ?sum) FROM <g> { "
        "?s x:p ?v ; x:q (1 [ x:r \"a\\n\"@en ]) . ?s x:a+/x:b ?w . "
        "{ SELECT ?s { ?s ?p ?o FILTER(?o IN (1, 2) && EXISTS { ?o :p ?q }) } }"
        " UNION { VALUES (?s ?z) { (1 2) (UNDEF <<( :s :p :o )>>) } } "
        "OPTIONAL { << ?s :p ?w ~ ?r >> :q ?t FILTER(?t > 3) } "
        "BIND(STRLEN(?w) AS ?n) } GROUP BY ?s HAVING(?v > 1) ORDER BY ?sum";
    struct dm_query *query = NULL;
    struct dm_error error = {0};
    const size_t before = dm_alloc_count();
    CHECK(!parse(dm_str(text), &query, &error));
    dm_query_free(query);
    const size_t all = dm_alloc_count() - before;
    CHECK(all > 3);
    for (size_t n = 0; n < all; ++n) {
        dm_alloc_fail_after(n);
        const enum dm_status status = parse(dm_str(text), &query, &error);
        dm_alloc_fail_after(DM_ALLOC_NEVER_FAIL);
        CHECK_INT(status, DM_ERR_NO_MEMORY);
    }
    dm_query_free(NULL);
}

int
main(void)
{
    queries_become_the_algebra_of_section_18_2();
    errors_say_where_and_what_would_be_right();
    nesting_is_bounded();
    chains_are_bounded_like_nesting();
    size_is_bounded();
    a_relative_iri_needs_a_base();
    our_prefixes_may_be_declared_anew();
    memory_that_runs_out_is_a_status();
    return 0;
}
